"""Windows: the pieces of given videos between which something is made, and which of their frames are known. Built in chapter 7.

The autoencoder codes frame 0 alone and then four at a time. So a piece that comes first has 1 + 4k frames, one that follows has 4k.
"""

from collections.abc import Sequence

import numpy as np
import torch

from minisora.errors import UserError
from minisora.frames import known_latents
from minisora.patches import FRAMES_A_LATENT
from minisora.world.scene import FPS

Known = str | Sequence | np.ndarray  # "0-4,12-16", numbers of frames, or a bool for each frame
NEAR = 24.0  # levels of 255 by which pixels may differ that show the same thing


def whole(frames: int) -> int:
    """So many frames, rounded up to whole groups, at least one."""
    return max(1, -(-frames // FRAMES_A_LATENT)) * FRAMES_A_LATENT


def joined(before: np.ndarray | None, more: int, after: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Known frames on one side or both and `more` missing ones between them: all frames, and which are missing.

    Without anything before there is one more, as the autoencoder codes the first frame of all alone.
    """
    sides = [part for part in (before, after) if part is not None]
    gap = np.zeros((more + (before is None), *sides[0].shape[1:]), np.uint8)
    parts = [part for part in (before, gap, after) if part is not None]
    missing = np.concatenate([np.full(len(part), part is gap) for part in parts])
    return np.concatenate(parts), missing


def tail(frames: np.ndarray, groups: int) -> np.ndarray:
    """The last 1 + 4·groups frames; of a shorter video as many groups as it fills, its first frame held for what is lacking."""
    groups = min(groups, -(-(len(frames) - 1) // FRAMES_A_LATENT))
    lack = max(0, 1 + FRAMES_A_LATENT * groups - len(frames))
    return np.concatenate([frames[:1].repeat(lack, 0), frames[-(1 + FRAMES_A_LATENT * groups) :]])


def head(frames: np.ndarray, groups: int) -> np.ndarray:
    """The first 4·groups frames; of a shorter video as many groups as it fills, its last frame held for what is lacking."""
    groups = min(groups, -(-len(frames) // FRAMES_A_LATENT))
    lack = max(0, FRAMES_A_LATENT * groups - len(frames))
    return np.concatenate([frames[: FRAMES_A_LATENT * groups], frames[-1:].repeat(lack, 0)])


def even(frames: np.ndarray, missing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with the last frame held until there are 1 + 4k. What is added is missing when anything in its group is."""
    spare = -(len(frames) - 1) % FRAMES_A_LATENT
    last = missing[len(missing) + spare - FRAMES_A_LATENT :].any()
    return np.concatenate([frames, frames[-1:].repeat(spare, 0)]), np.concatenate([missing, np.full(spare, last)])


def held(frames: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """The frames with each missing one replaced by the next that is not (modes.py says why); after the last, by the last."""
    there = np.flatnonzero(~missing)
    follows = np.searchsorted(there, np.arange(len(frames)))
    return frames[there[np.minimum(follows, len(there) - 1)]]


def settled(made: np.ndarray, given: np.ndarray, known: np.ndarray, near: float = NEAR) -> np.ndarray:
    """The frames `made` (T, H, W, 3) uint8, nearer to those of `given` that are `known` (T,) bool wherever both show the same.

    The autoencoder loses a little of every frame, so a wall would change its grain where given frames end and made ones begin. A made
    pixel is drawn towards the last known frame before it and the next one after it, towards the nearer more; wholly where they are alike
    and not at all where they differ by much more than `near` levels, as where somebody moves. Known frames are returned as given.
    """
    there = np.flatnonzero(known)
    if not len(there):
        return made
    from torchvision.transforms.functional import gaussian_blur  # here, as who has only a sentence need not wait for it

    out = np.where(known[:, None, None, None], given, made)
    for frame in np.flatnonzero(~known):
        place = np.searchsorted(there, frame)
        sides = [there[index] for index in (place - 1, place) if 0 <= index < len(there)]
        away = np.array([abs(frame - side) for side in sides])
        pixels = torch.from_numpy(made[frame]).permute(2, 0, 1).float()                     # (3, H, W)
        drawn = torch.zeros_like(pixels)
        for side, share in zip(sides, 1 - away / away.sum() if len(sides) > 1 else [1.0], strict=True):
            gap = torch.from_numpy(given[side]).permute(2, 0, 1).float() - pixels           # (3, H, W)
            unlike = gaussian_blur(gap.abs().amax(0, keepdim=True), [5, 5], [1.0, 1.0])     # (1, H, W)
            drawn += float(share) * torch.exp(-((unlike / near) ** 2)) * gap
        out[frame] = (pixels + drawn).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    return out


def known_frames(known: Known, total: int) -> np.ndarray:
    """Which of `total` frames are known, (total,) bool, from spans, numbers or a mask. Raises UserError when that makes no sense."""
    if isinstance(known, str):
        known = numbers(known)
    given = np.asarray(known)
    if given.dtype == bool:
        if given.shape != (total,):
            raise UserError(f"known: a mask of {given.size} frames for a video of {total} (at {FPS} a second). Give one for each frame.")
        marks = given
    else:
        marks = np.zeros(total, bool)
        if given.size and (given.dtype.kind not in "iu" or given.ndim != 1):
            raise UserError('known: numbers of frames, a bool for each frame, or text such as "0-4,12-16".')
        if given.size and not (0 <= given.min() and given.max() < total):
            outside = int(given.max()) if given.max() >= total else int(given.min())
            raise UserError(f"known: there is no frame {outside}; the video has frames 0 to {total - 1}, at {FPS} a second.")
        marks[given.astype(int)] = True
    if marks.all():
        raise UserError(f"known: all {total} frames are, so there is nothing to fill. Leave some out: known='0-{total // 3}'.")
    if not known_latents(torch.from_numpy(even(marks, ~marks)[1]))[0].any():
        raise UserError("known: no whole group of frames is (0, 1-4, 5-8, …), so there is nothing to hold on to. Use generate(prompt).")
    return marks


def numbers(text: str) -> list[int]:
    """'0-2,7' → [0, 1, 2, 7]."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not first.isdecimal() or dash and not last.isdecimal() or dash and int(last) < int(first) or int(last or 0) > 10**6:
            raise UserError(f"known={text!r}: frames are named by numbers and spans, such as 0-4,12-16.")
        found += range(int(first), int(last or first) + 1)
    return found
