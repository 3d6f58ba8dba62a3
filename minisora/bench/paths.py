"""The camera's path: does it make the move that was asked for, at one speed from beginning to end? Built in chapter 8."""

import numpy as np

from .camera import MOVING, Path, camera
from .colours import NOTHING
from .judge import camera_does
from .parse import Person, Seen

UNEVEN = 0.4  # share of the mean speed by which the two halves may differ from it
SLACK = 0.05  # units / s, or log of the zoom factor per second, besides


def keeps_its_way(seen: Seen, video: np.ndarray, labels: np.ndarray, move: str, whom: list[Person] | None = None) -> bool:
    """Whether the camera makes `move` (one of CAMERAS, `whom` is followed) in the whole video, and in both halves at one speed.

    video (T, H, W, 3) uint8 and its labels (T, H, W), see `colours.label`.
    """
    if not camera_does(seen, move, whom):
        return False
    middle = len(video) // 2
    halves = [camera(video[some], labels[some] != NOTHING, seen.fps) for some in (np.s_[: middle + 1], np.s_[middle:])]
    if move == "still":
        return all(half.move == "still" for half in halves)
    if move == "follow":  # who is followed may stop, and the camera with it
        return True
    speeds = [speed(half, seen.fps, move) for half in halves]
    mean = float(np.mean(speeds))
    return bool(min(speeds) > MOVING / 2 and max(abs(one - mean) for one in speeds) <= UNEVEN * mean + SLACK)


def speed(path: Path, fps: float, move: str) -> float:
    """How fast the camera makes `move`: units / s, or log of the zoom factor per second; below 0 when it goes the other way."""
    line = np.log(path.zoom) if "zoom" in move else path.x
    slope = float(np.polyfit(np.arange(len(line)) / fps, line, 1)[0])
    return slope if move in ("pan right", "zoom in") else -slope
