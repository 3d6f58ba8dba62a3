"""What the tests of the denoiser's training share: a tiny autoencoder, latents of three small sizes, a scene of one character."""

from dataclasses import asdict

import pytest
import torch

from minisora.train import latents
from minisora.train.clips import Bucket
from minisora.vae import SIZES, VideoVAE
from minisora.weights import save_part
from minisora.world.scene import Actor, Character, Scene, Shot

SMALL = (Bucket(5, 32, 32, 0.5), Bucket(9, 32, 48, 0.25), Bucket(1, 32, 32, 0.25))


@pytest.fixture(scope="session")
def small():
    return SMALL


@pytest.fixture(scope="session")
def vae(tmp_path_factory):
    torch.manual_seed(0)
    folder, network = tmp_path_factory.mktemp("vae"), VideoVAE(SIZES["tiny"])
    save_part(folder, "vae", network, asdict(network.config))
    return folder


@pytest.fixture(scope="session")
def folder(vae, tmp_path_factory):
    made = tmp_path_factory.mktemp("latents") / "train"
    latents.build(made, vae, 24, buckets=SMALL, workers=1)
    return made


@pytest.fixture(scope="module")
def clips(folder):
    return latents.load(folder)


@pytest.fixture(scope="session")
def scene():
    def made(*events, x=0.1, seconds=2.0):
        cast = (Character("heart", "pink", "large"),)
        return Scene(cast, (Shot("snow", seconds, (Actor(0, x, events=events),)),))

    return made
