"""What coding does to a video: the simplest code there is, block by block, for the lessons of the oracle. Built in chapter 8.

Whoever judges what an autoencoder has written must have seen such writing. This one is no network: 8×8 pixels of 4 frames are one vector,
and of it the first principal components are kept (Pearson 1901; the axes are those of some clips of the world). Few of them leave what
every code of too few numbers leaves: soft outlines, seams between blocks, ghosts of what moves through the four frames.
"""

from functools import lru_cache

import numpy as np
from einops import rearrange

from minisora.world.render import render
from minisora.world.sample import sample_scene

FRAMES, SIDE = 4, 8  # of a block
CLIPS = 100  # whose axes are taken
MOST = 192  # components


@lru_cache(maxsize=1)
def axes() -> tuple[np.ndarray, np.ndarray]:
    """The mean block (768,) and the principal axes, strongest first (768, MOST), of some clips of the split "train"."""
    clips = [render(sample_scene(5_000_000 + seed, 2.0)) for seed in range(CLIPS)]
    blocks = np.concatenate([_fold(_whole(clip)).reshape(-1, FRAMES * SIDE * SIDE * 3) for clip in clips]).astype(np.float64)
    middle = blocks.mean(0)
    away = blocks - middle
    found = np.linalg.eigh(away.T @ away)[1][:, ::-1][:, :MOST]
    return middle.astype(np.float32), np.ascontiguousarray(found, np.float32)


def coded(video: np.ndarray, components: int) -> np.ndarray:
    """A video (T, H, W, 3) uint8 through a code of so many numbers for each block; the same shape. Sides are multiples of 8.

    T is a multiple of 4, or 1 + 4k: then the first frame is a block of its own, as the autoencoder has it.
    """
    middle, along = axes()
    along = along[:, :components]
    blocks = _fold(_whole(video))                                         # (t, h, w, 768)
    blocks = middle + ((blocks - middle) @ along) @ along.T
    frames = rearrange(blocks, "t h w (f a b c) -> (t f) (h a) (w b) c", f=FRAMES, a=SIDE, b=SIDE)
    return np.clip(frames[len(frames) - len(video) :].round(), 0, 255).astype(np.uint8)


def group(t: int) -> np.ndarray:
    """The frames (4,) that share a block with frame t of a video; the first frame's is four times that frame."""
    last = -(-t // FRAMES) * FRAMES
    return np.maximum(np.arange(last - FRAMES + 1, last + 1), 0 if t == 0 else 1)


def _whole(video: np.ndarray) -> np.ndarray:
    """Whole groups of four frames: before 1 + 4k frames, the first one three times more."""
    return video if len(video) % FRAMES == 0 else np.concatenate([video[:1].repeat(FRAMES - 1, 0), video])


def _fold(video: np.ndarray) -> np.ndarray:
    return rearrange(video.astype(np.float32), "(t f) (h a) (w b) c -> t h w (f a b c)", f=FRAMES, a=SIDE, b=SIDE)
