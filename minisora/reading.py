"""From any video or image file to frames: what `Video.load` does. PyAV brings its own FFmpeg, Pillow its own formats."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from minisora.errors import UserError, one_line
from minisora.world.scene import FPS

WHITE = (255, 255, 255, 255)  # what lies behind transparent pixels


def read_frames(path: Path, fps: float | None, max_side: int | None, max_seconds: float) -> tuple[np.ndarray, float]:
    """Frames (T, H, W, 3) uint8 and frames per second of the file at `path`. See Video.load."""
    path = path.expanduser()
    if path.is_dir():
        raise UserError(f"{path} is a folder. Give the name of a video or image file in it.")
    if not path.exists():
        raise UserError(f"{path}: there is no such file. Check the name, or look with: ls {path.parent}")
    try:
        shown, ends = _image_frames(path, max_side, max_seconds)
    except UnidentifiedImageError:
        shown, ends = _video_frames(path, fps, max_side, max_seconds)
    except (OSError, ValueError, SyntaxError) as error:
        raise UserError(f"{path}: this image cannot be read ({one_line(error)}). The file may be cut off: get it again.") from error
    if not shown:
        raise UserError(f"{path}: there is no frame in it. The file may be cut off: get it again, or give another.")
    rate = fps or (len(ends) / ends[-1] if len(ends) > 1 else float(FPS))
    starts = np.concatenate([[0.0], ends[:-1]])
    count = 1 if len(ends) == 1 else max(1, round(ends[-1] * rate))
    picks = np.searchsorted(starts, np.arange(count) / rate + 0.5 / rate, side="right") - 1  # who is on screen in the middle of each step
    if fps is None and len(picks) == len(shown):
        picks = np.arange(len(shown))
    return np.stack([shown[i] for i in picks]), float(round(rate, 3 if fps else 2))


def _image_frames(path: Path, max_side: int | None, max_seconds: float) -> tuple[list[np.ndarray], np.ndarray]:
    """Frames of an image or an animated GIF, and when each ends, in seconds."""
    shown, ends, now = [], [], 0.0
    with Image.open(path) as file:
        for image in ImageSequence.Iterator(file):
            image = ImageOps.exif_transpose(image).convert("RGBA")
            flat = Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image).convert("RGB")
            shown.append(np.asarray(_shrunk(flat, max_side)))
            now += (file.info.get("duration") or 1000 / FPS) / 1000
            ends.append(now)
            if now >= max_seconds:
                break
    ends = np.array(ends)
    if len(ends) > 1:  # a GIF keeps equal frames as one long one: count in its shortest step
        step = np.diff(np.concatenate([[0.0], ends])).min()
        copies = np.maximum(1, np.round(np.diff(np.concatenate([[0.0], ends])) / (step * 1.02))).astype(int)
        shown = [frame for frame, n in zip(shown, copies, strict=True) for _ in range(n)]
        ends = np.arange(1, len(shown) + 1) / round(len(shown) / ends[-1], 1)  # hundredths of a second blur the rate: 8.02 was 8
    return shown, ends


def _video_frames(path: Path, fps: float | None, max_side: int | None, max_seconds: float) -> tuple[list[np.ndarray], np.ndarray]:
    import av

    shown, starts = [], []
    rate = float(FPS)
    try:
        with av.open(str(path)) as file:
            if not file.streams.video:
                raise UserError(f"{path}: there is no picture in it, only {', '.join(s.type for s in file.streams) or 'nothing'}.")
            stream = file.streams.video[0]
            rate = float(stream.average_rate or stream.guessed_rate or FPS)
            for index, frame in enumerate(file.decode(stream)):
                start = frame.time if frame.time is not None else index / rate
                if starts and start - starts[0] >= max_seconds:
                    break
                if fps and starts and round((start - starts[0]) * fps * 4) == round((starts[-1] - starts[0]) * fps * 4):
                    continue  # far more frames than asked for: keep four for each
                image = Image.fromarray(np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90)))
                shown.append(np.asarray(_shrunk(image, max_side)))
                starts.append(start)
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        if not shown:
            reason = one_line(getattr(error, "strerror", None) or error)
            raise UserError(f"{path}: neither a video nor an image that can be read ({reason}). Try an mp4, gif or png file.") from error
    ends = np.append(np.array(starts[1:]), starts[-1] + 1 / rate) - starts[0] if starts else np.array([])
    return shown, ends


def _shrunk(image: Image.Image, max_side: int | None) -> Image.Image:
    if not max_side or max(image.size) <= max_side:
        return image
    factor = max_side / max(image.size)
    return image.resize([max(1, round(side * factor)) for side in image.size], Image.Resampling.LANCZOS)
