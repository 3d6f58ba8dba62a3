"""Which frames are known: the one mechanism under animate, extend, fill, connect and loop. A known latent frame has noise level 0.

Built in chapters 6 and 7. The autoencoder codes frame 0 alone (latent 0) and then four frames at a time (latent k: frames 4k-3 to 4k).
A latent frame is known as a whole or not at all.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor

from minisora.errors import UserError
from minisora.patches import FRAMES_A_LATENT

KINDS = ("none", "first", "last", "ends", "prefix", "suffix", "random")


@dataclass(frozen=True)
class Mix:
    """Shares of the kinds of masks in training. At least half of the videos have no known frame."""

    none: float = 0.6
    first: float = 0.12
    last: float = 0.04
    ends: float = 0.06
    prefix: float = 0.08
    suffix: float = 0.04
    random: float = 0.06

    def __post_init__(self):
        shares = [getattr(self, kind) for kind in KINDS]
        if min(shares) < 0 or not 0.999 < sum(shares) < 1.001:
            raise UserError(f"the shares {dict(zip(KINDS, shares, strict=True))} must be 0 or more and add up to 1.")


def latent_of(frame: int) -> int:
    """The latent frame that holds pixel frame `frame`: 0 → 0, 1-4 → 1, 5-8 → 2, …"""
    return -(-frame // FRAMES_A_LATENT)


def frames_of(latent: int) -> range:
    """The pixel frames that latent frame `latent` holds."""
    return range(1) if latent == 0 else range(FRAMES_A_LATENT * (latent - 1) + 1, FRAMES_A_LATENT * latent + 1)


def known_latents(missing: Bool[Tensor, " T"]) -> tuple[Bool[Tensor, " t"], str]:
    """The latent frames that are known when the pixel frames `missing` are to be made, and a line that says what was rounded.

    Gaps are rounded outward: a latent frame of which any frame is missing is made anew as a whole. The line is empty when nothing was.
    Raises UserError when the number of frames is not 1 + 4k.
    """
    total = missing.shape[0]
    if (total - 1) % FRAMES_A_LATENT:
        near = total - (total - 1) % FRAMES_A_LATENT
        raise UserError(f"a mask of {total} frames: videos have 1 + 4k frames. Give {near} or {near + FRAMES_A_LATENT}.")
    groups = [frames_of(latent) for latent in range(latent_of(total - 1) + 1)]
    known = torch.tensor([not bool(missing[list(group)].any()) for group in groups])
    lost = [frame for group, whole in zip(groups, known.tolist(), strict=True) if not whole for frame in group if not missing[frame]]
    if not lost:
        return known, ""
    return known, f"{len(lost)} more frame(s) are made anew ({spans(lost)}): the autoencoder codes frames in groups of {FRAMES_A_LATENT}."


def spans(frames: list[int]) -> str:
    """Frame numbers as people write them: [0, 1, 2, 7] → "0-2, 7"."""
    runs: list[list[int]] = []
    for frame in sorted(frames):
        if runs and frame == runs[-1][-1] + 1:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def mask(kind: str, t: int, *, window: int = 1, generator: torch.Generator | None = None) -> Bool[Tensor, " t"]:
    """Which of `t` latent frames are known. "prefix" and "suffix" know `window` frames, at most t - 1; "random" tosses a coin for each.

    At least one frame is always left to be made; for t = 1 that is all of them. Raises UserError for an unknown `kind`.
    """
    if kind not in KINDS:
        raise UserError(f"mask {kind!r} is not one of {', '.join(KINDS)}.")
    known = torch.zeros(t, dtype=torch.bool)
    if kind in ("first", "ends"):
        known[0] = True
    if kind in ("last", "ends"):
        known[-1] = True
    if kind == "prefix":
        known[: min(window, t - 1)] = True
    if kind == "suffix":
        known[max(t - window, 1) :] = True
    if kind == "random":
        known = torch.rand(t, generator=generator) < 0.5
    if known.all():
        known[int(torch.randint(t, (1,), generator=generator))] = False
    return known


def draw_masks(count: int, t: int, mix: Mix = Mix(), generator: torch.Generator | None = None) -> Bool[Tensor, "B t"]:  # noqa: B008 (frozen)
    """Masks for a training batch: `count` kinds drawn by their shares in `mix`, windows of two to t - 1 frames."""
    shares = torch.tensor([float(getattr(mix, kind)) for kind in KINDS])
    kinds = torch.multinomial(shares, count, replacement=True, generator=generator)
    rows = []
    for kind in kinds.tolist():
        window = int(torch.randint(2, max(t, 3), (1,), generator=generator))
        rows.append(mask(KINDS[kind], t, window=window, generator=generator))
    return torch.stack(rows)
