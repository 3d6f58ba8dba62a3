"""What a seam in a video does to whoever crosses it, and what becomes of a video's tone. Built in chapter 8.

A seam is where given frames end and made ones begin. Lengths are world units (1 is the frame's shorter side), tones levels of 0 to 255.
"""

from collections.abc import Iterator

import numpy as np

from .parse import Person, Seen

LUMA = np.array([0.299, 0.587, 0.114])


def seam(seen: Seen, at: int) -> Iterator[tuple[float, float]]:
    """(jump of position in units, jump of velocity in units / s) of everybody who is seen two frames before and two frames after the seam.

    at: the first frame after it. The jump of position is how far the step over the seam is from the mean of the steps on either side:
    whoever moves steadily, or speeds up steadily, makes none.
    """
    for person in seen.people:
        steps = np.diff(_places(person)[at - 2 : at + 2], axis=0)                       # (3, 2)
        if len(steps) == 3 and np.isfinite(steps).all():
            before, over, after = steps
            yield float(np.linalg.norm(over - (before + after) / 2)), float(np.linalg.norm(after - before) * seen.fps)


def crossed(seen: Seen, at: int, within: int = 3) -> Iterator[bool]:
    """Of everybody who is seen in the last frame before the seam: is he still there in one of the frames after it?"""
    for person in seen.people:
        if person.track.seen[at - 1]:
            yield bool(person.track.seen[at : at + within].any())


def away(seen: Seen, truth: Seen, frames: np.ndarray, renamed: dict[str, str] | None = None) -> Iterator[float]:
    """Units between where everybody is and where the truth has somebody of that colour, mean over `frames`. Who is not found is not told.

    renamed: the colour that somebody of the truth now has.
    """
    for person in truth.people:
        colour = (renamed or {}).get(person.colour, person.colour)
        gaps = [np.linalg.norm(_places(other) - _places(person), axis=1)[frames] for other in seen.people if other.colour == colour]
        gaps = [np.nanmean(gap) for gap in gaps if np.isfinite(gap).any()]
        if gaps:
            yield float(min(gaps))


def colours(seen: Seen, frames: slice, least: int = 2) -> set[str]:
    """The colours of everybody who is seen in at least so many of these frames."""
    return {person.colour for person in seen.people if person.track.seen[frames].sum() >= least}


def tone(frames: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Mean colour (3,), contrast (deviation of the brightness within a frame) and saturation of frames (T, H, W, 3) uint8."""
    light = frames.astype(np.float64)
    saturation = (light.max(-1) - light.min(-1)).mean()
    return light.mean((0, 1, 2)), float((light @ LUMA).std((1, 2)).mean()), float(saturation)


def drift(start: np.ndarray, end: np.ndarray) -> tuple[float, float, float]:
    """How far the mean colour has gone (levels), and by which share contrast and saturation have changed (0: not at all)."""
    (colour, contrast, saturation), (colour_then, contrast_then, saturation_then) = tone(start), tone(end)
    shares = ((then - now) / max(now, 1.0) for now, then in ((contrast, contrast_then), (saturation, saturation_then)))
    return float(np.abs(colour_then - colour).mean()), *(abs(share) for share in shares)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Decibels between two arrays of uint8; 60 where they are (nearly) equal."""
    error = np.square(one.astype(np.float64) - other).mean()
    return float(min(60.0, 10 * np.log10(255**2 / max(error, 1e-9))))


def change(frames: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference in levels."""
    return float(np.abs(frames.astype(np.float64) - other).mean())


def _places(person: Person) -> np.ndarray:
    return np.stack([person.x, person.y], axis=1)                                       # (T, 2)
