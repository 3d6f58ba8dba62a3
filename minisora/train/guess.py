"""One guess at held-out clips in noise: the finest measure of a denoiser, for trainings that are too short for the oracle."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from minisora import flow
from minisora.sora import MiniSora
from minisora.text import pad
from minisora.train import latents
from minisora.train.batches import Told

LEVELS = 0.5, 0.75, 0.9  # of noise
STYLES = "detailed", "short"  # of the captions


@torch.no_grad()
def guess_errors(sora: MiniSora, folder: Path, styles: Sequence[str] = STYLES, levels: Sequence[float] = LEVELS) -> dict[str, list[float]]:
    """Mean square error of the guess of each clip's clean latents, whose own is about 1; by style and percent of noise: "short at 90".

    folder: finished latents (`minisora.train.latents`), of which the first size is looked at. The same clips are always shown in the same
    noise under the same captions, so that two denoisers can be compared clip by clip.
    """
    clips, found = latents.load(folder)[0], {}
    told = Told(clips.captions, sora.tokenizer)
    clean, shots = torch.from_numpy(clips.latents).float(), torch.from_numpy(clips.shots).long()
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    for style in styles:
        random = np.random.default_rng(0)
        words = pad([told.draw(clip, style, random) for clip in range(len(clean))], to=8)
        states = sora.text(*words)  # (B, L, D)
        for level in levels:
            sigma = torch.full((len(clean), clean.shape[2]), level)  # (B, t)
            x = flow.add_noise(clean, noise, sigma)
            out, _ = sora.dit.features(x, sigma, states, words.mask, words.shot, shots, 8.0)
            guess = flow.clean_from(x, flow.velocity_from(out, x, sigma, sora.dit.config.prediction), sigma)
            found[f"{style} at {100 * level:.0f}"] = (guess - clean).square().flatten(1).mean(1).tolist()
    return found
