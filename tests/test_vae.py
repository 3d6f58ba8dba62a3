"""The autoencoder: its shapes, its causality, and what it says of frames that it cannot take."""

import dataclasses
import json

import pytest
import torch

from minisora.errors import UserError
from minisora.train.vae import load_vae
from minisora.vae import SIZES, VAEConfig, VideoVAE, attention, fold, loss, unfold
from minisora.weights import save_part


@pytest.fixture(scope="module")
def vae() -> VideoVAE:
    torch.manual_seed(0)
    network = VideoVAE(SIZES["tiny"])
    for value in network.parameters():  # blocks are born as the identity; these are to do something
        if not value.any():
            value.data.normal_(std=0.05)
    network.latent_mean.normal_()
    network.latent_std.uniform_(0.5, 2)
    return network.eval().requires_grad_(False)


def clip(frames: int = 17, height: int = 32, width: int = 32) -> torch.Tensor:
    return torch.rand(2, 3, frames, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


def close(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("frames, height, width", [(1, 8, 8), (5, 64, 96), (17, 32, 24), (33, 40, 8)])
def test_latents_are_a_quarter_of_the_time_and_an_eighth_of_the_sides(vae, frames, height, width):
    latents = vae.encode(clip(frames, height, width))
    assert latents.shape == (2, vae.config.channels, 1 + (frames - 1) // 4, height // 8, width // 8)
    assert vae.decode(latents).shape == (2, 3, frames, height, width)


def test_encoding_a_prefix_is_the_prefix_of_the_encoding(vae):
    video = clip()
    whole = vae.encode(video)
    for t in range(1, 5):
        close(vae.encode(video[:, :, : 1 + 4 * (t - 1)]), whole[:, :, :t])


def test_decoding_a_prefix_is_the_prefix_of_the_decoding(vae):
    latents = vae.encode(clip())
    whole = vae.decode(latents)
    for t in range(1, 5):
        close(vae.decode(latents[:, :, :t]), whole[:, :, : 1 + 4 * (t - 1)])


def test_nothing_leaks_back_through_gradients(vae):
    video = clip().requires_grad_()
    vae.encode(video)[:, :, 2].sum().backward()
    moved = video.grad.abs().amax((0, 1, 3, 4)) > 0
    assert moved[:9].all() and not moved[9:].any()  # latent 2 is frames 5 to 8, and sees all before them


def test_an_image_is_the_first_frame_of_any_video(vae):
    video = clip()
    close(vae.encode(video[:, :, :1]), vae.encode(video)[:, :, :1])


@pytest.mark.parametrize("chunk", [1, 2, 3, 9])
def test_chunked_coding_equals_whole_coding(vae, chunk):
    video = clip(33, 16, 24)
    latents = vae.encode(video)
    close(vae.encode(video, chunk=chunk), latents)
    close(vae.decode(latents, chunk=chunk), vae.decode(latents))


def test_a_clip_is_coded_alike_whatever_lies_beside_it_in_the_batch(vae):
    video = clip()
    close(vae.encode(video[1:]), vae.encode(video)[1:])


def test_latents_are_normalised_by_the_stored_statistics(vae):
    video = clip(5)
    mean, _ = vae.moments(video)
    close(vae.encode(video) * vae.latent_std.view(1, -1, 1, 1, 1) + vae.latent_mean.view(1, -1, 1, 1, 1), mean)
    close(vae.decode(vae.encode(video)), vae.decode_raw(mean))


def test_sampling_differs_from_the_mean_and_follows_the_seed(vae):
    video = clip(1)
    torch.manual_seed(3)
    a = vae.encode(video, sample=True)
    torch.manual_seed(3)
    assert torch.equal(a, vae.encode(video, sample=True))
    assert not torch.allclose(a, vae.encode(video))


def test_unfold_undoes_fold():
    x = torch.randn(2, 8, 16, 24, 3)
    assert torch.equal(unfold(fold(x, 4, 4), 4, 4), x)


@pytest.mark.parametrize("shape, given, advice", [
    ((16, 32, 32), "frames=16", "Try frames=17"),
    ((2, 32, 32), "frames=2", "Try frames=1"),
    ((17, 30, 32), "height=30", "Try height=32"),
    ((17, 32, 4), "width=4", "Try width=8"),
])  # fmt: skip
def test_what_cannot_be_coded_is_said_in_one_line(vae, shape, given, advice):
    with pytest.raises(UserError) as error:
        vae.encode(clip(*shape))
    assert given in str(error.value) and advice in str(error.value) and "\n" not in str(error.value)


def test_unknown_preset_and_chunk_are_user_errors(vae):
    with pytest.raises(UserError, match="tiny, small, base"):
        VAEConfig.named("huge")
    with pytest.raises(UserError, match="chunk=0"):
        vae.decode(vae.encode(clip()), chunk=0)


def test_the_config_is_frozen_and_survives_json(vae):
    assert VAEConfig(**json.loads(json.dumps(dataclasses.asdict(vae.config)))) == vae.config
    with pytest.raises(dataclasses.FrozenInstanceError):
        vae.config.fine = 1


def test_release_sizes_fit_a_file_or_two_of_16_mb():
    for name, files in (("small", 1), ("base", 2)):
        with torch.device("meta"):
            size = sum(value.numel() for value in VideoVAE(SIZES[name]).parameters())
        assert size * 2 < files * 16e6, (name, size)


def test_weights_and_statistics_survive_the_disk(vae, tmp_path):
    save_part(tmp_path, "vae", vae, dataclasses.asdict(vae.config))
    again = load_vae(tmp_path)
    assert again.config == vae.config
    close(again.latent_std, vae.latent_std)
    torch.testing.assert_close(again.encode(clip(5)), vae.encode(clip(5)), rtol=0.05, atol=0.02)  # matrices in half precision


def test_the_loss_is_smallest_at_the_truth_and_counts_characters_more():
    video = torch.full((1, 3, 5, 16, 16), 0.2)
    video[:, :, :, 4:8, 4:8] = torch.tensor([0.9, -0.9, -0.9]).view(1, 3, 1, 1, 1)
    unit = torch.zeros(1, 4, 2, 2, 2)
    assert loss(video, video, unit, unit) == 0
    background, character = video.clone(), video.clone()
    background[:, :, :, 12, 12] += 0.3
    character[:, :, :, 5, 5] += 0.3
    assert loss(character, video, unit, unit) > 2 * loss(background, video, unit, unit) > 0
    assert loss(video, video, unit + 1, unit) > 0


def test_attention_marks_colour_and_motion_and_a_margin():
    video = torch.zeros(1, 3, 5, 32, 32)
    video[:, 0, :, 4, 4], video[:, 1:, :, 4, 4] = 0.9, -0.9
    video[:, :, 2, 20, 20] = 0.8
    marks = attention(video)
    assert marks[0, 0, 4, 4] == 1 and marks[0, 0, 6, 6] == 1 and marks[0, 0, 7, 7] == 0
    assert marks[0, 1, 20, 20] == 0 and marks[0, 2, 20, 20] == 1 and marks[0, 3, 20, 20] == 1
