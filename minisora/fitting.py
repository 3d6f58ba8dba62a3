"""Anything that is a picture or a video, as the model takes it: 8 frames a second, sides that can be coded. Built in chapter 6.

Shrunk by averaging areas (so that a video saved at a whole scale comes back exactly) or enlarged by cubic splines until both sides
are covered, then cut in the middle: torchvision's transforms. What was done is told in one line.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from minisora.errors import UserError
from minisora.limits import SIDE_STEP
from minisora.reading import WHITE
from minisora.video import Video
from minisora.world.scene import FPS

SHORT, LONG = 64, 128  # sides of what is fitted when no size is asked for
LARGEST_READ = 512  # pixels of a side while a file is read


def fitted(thing: Any, height: int | None = None, width: int | None = None, name: str = "video") -> tuple[Video, str]:
    """`thing` as a Video at 8 frames per second, and a line that says how it was fitted ("" when nothing was to be done).

    thing: a Video, a file's name, a PIL image, or an array of uint8, (H, W, 3) or (T, H, W, 3). Without height and width it gets
    64 pixels on its shorter side and up to 128 on the other. Raises UserError for anything else, and when a file cannot be read.
    """
    whole = taken(thing, name)
    if height is None or width is None:
        near = near_size(whole.height, whole.width)
        height, width = height or near[0], width or near[1]
    picks = [int((index + 0.5) * whole.fps / FPS) for index in range(max(1, round(len(whole) * FPS / whole.fps)))]
    frames = whole.frames[np.minimum(picks, len(whole) - 1)]
    said = [] if whole.fps == FPS or len(whole) == 1 else [f"taken at {FPS} frames a second instead of {whole.fps:g}"]
    if (whole.height, whole.width) != (height, width):
        frames, how = resized(frames, height, width)
        said.append(f"{whole.width}x{whole.height} {how} to {width}x{height}")
    told = f"{_called(thing, name)}: {', '.join(said)}." if said else ""
    return Video(frames, FPS, whole.alt, note=told), told


def taken(thing: Any, name: str = "video") -> Video:
    """`thing` as a Video of the rate and size that it has. A file is read at 8 frames per second."""
    if isinstance(thing, Video):
        return thing
    if isinstance(thing, str | os.PathLike):
        return Video.load(thing, fps=FPS, max_side=LARGEST_READ)
    if isinstance(thing, Image.Image):
        image = ImageOps.exif_transpose(thing).convert("RGBA")
        flat = Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image)
        return Video(np.asarray(flat.convert("RGB"))[None])
    if isinstance(thing, np.ndarray):
        return Video(thing[None] if thing.ndim == 3 else thing)
    raise UserError(f"{name}: {type(thing).__name__} is neither a Video, a file's name, an image nor an array (T, H, W, 3) of uint8.")


def near_size(height: int, width: int) -> tuple[int, int]:
    """The size that suits a picture best: 64 pixels on the shorter side, up to 128 on the longer one."""
    short, long = sorted((height, width))
    if short != SHORT or long % SIDE_STEP or long > LONG:
        step = 2 * SIDE_STEP  # what the denoiser's patches hold
        long = min(max(step * round(SHORT * long / short / step), SHORT), LONG)
    return (SHORT, long) if height <= width else (long, SHORT)


def resized(frames: np.ndarray, height: int, width: int) -> tuple[np.ndarray, str]:
    """(T, H, W, 3) uint8 → (T, height, width, 3), and a word on how."""
    from torchvision.transforms.v2 import InterpolationMode, functional

    _, tall, wide, _ = frames.shape
    scale = max(height / tall, width / wide)
    sides = [max(height, round(tall * scale)), max(width, round(wide * scale))]
    way = InterpolationMode.BOX if scale < 1 else InterpolationMode.BICUBIC
    images = (functional.resize(Image.fromarray(frame), sides, interpolation=way) for frame in frames)
    fit = np.stack([np.asarray(functional.center_crop(image, [height, width])) for image in images])
    how = "shrunk" if scale < 1 else "enlarged" if scale > 1 else ""
    cut = "cut" if sides != [height, width] else ""
    return fit, " and ".join(word for word in (how, cut) if word)


def _called(thing: Any, name: str) -> str:
    return Path(thing).name if isinstance(thing, str | os.PathLike) else name
