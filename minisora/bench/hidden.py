"""Permanence: who goes behind something, or out of the frame, still is, and comes back on time, in place, the same. Built in chapter 8.

The law of the toy world: one goes there at one speed, waits for a known share of the time, and goes on (or back) at one speed. What is
seen before and after the gap tells when the middle of the hiding place must have been reached and left.
"""

from dataclasses import dataclass

import numpy as np

from .identity import Portrait, clear, same
from .parse import Person, Seen

HIDDEN = 0.45  # of its usual area: who shows less is hidden
LATE = 0.3  # seconds that one may come back before or after its time
BESIDE = 0.08  # units that one may come back beside its place
MARGIN = 0.03  # units that who leaves goes beyond the frame's edge
PARTS = ("comes back", "on time", "in place", "same")


@dataclass(frozen=True)
class Gap:
    """The longest time for which somebody is hidden: the frames from `start` up to, but without, `end`."""

    start: int
    end: int


def gap(person: Person) -> Gap | None:
    """When a person is hidden, wholly or nearly; None when it is never, or not seen both before and after."""
    free = clear(person.track)
    if not free.any():
        return None
    hidden = np.nan_to_num(person.area) < HIDDEN * np.median(person.area[free])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hidden.astype(int), [0]])))
    runs = [(int(b - a), int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    if not runs:
        return None
    _, start, end = max(runs)
    return Gap(start, end) if start > 0 else None


def came_back(seen: Seen, person: Person | None, portrait: Portrait | None, *, screen: Person | None, way: str, seconds: float) -> dict:
    """Part of PARTS → right; "hidden" says whether the person was hidden at all. All wrong when it was not.

    screen: whom the person hides behind; None: it leaves the frame. way: "across" or "back", or the side of the frame, "left" or "right".
    """
    verdicts = dict.fromkeys(("hidden", *PARTS), False)
    away = None if person is None else gap(person)
    if away is None:
        return verdicts
    verdicts["hidden"] = True
    free, frames = clear(person.track), np.arange(seen.frames)
    before, after = free & (frames < away.start), free & (frames >= away.end)
    if away.end >= seen.frames - 1 or not after.any() or not before.any():
        return verdicts
    verdicts["comes back"] = True
    verdicts["on time"] = _on_time(seen, person, away, before, after, screen, way, seconds)
    verdicts["in place"] = _in_place(person, before, after, screen, way)
    parts = same(portrait, frames < away.start, frames >= away.end)
    verdicts["same"] = bool(parts) and all(parts.values())
    return verdicts


def _in_place(person, before, after, screen, way) -> bool:
    start, end = (float(np.nanmedian(person.x[some][pick])) for some, pick in ((before, np.s_[:2]), (after, np.s_[-2:])))
    low, high = (float(np.nanmedian(person.bottom[some])) for some in (before, after))
    if abs(high - low) > BESIDE:
        return False
    if way != "across":
        return abs(end - start) < BESIDE
    middle = float(np.nanmedian(screen.x))
    return (end - middle) * (start - middle) < 0


def _on_time(seen, person, away, before, after, screen, way, seconds) -> bool:
    """Whether the middle of the hiding place is reached and left when the law says."""
    goal = _goal(seen, person, before, screen, way)
    toward = np.sign(goal - np.nanmedian(person.x[before][:2]))
    onward = toward if way == "across" else -toward
    frames = np.arange(seen.frames)
    reached = _passes(seen, person, before, frames < away.start, toward, goal, behind=True)
    left = _passes(seen, person, after, frames >= away.end, onward, goal, behind=False)
    if reached is None or left is None:
        return False
    wait = (min(0.3, 0.8 / seconds + 0.1) if screen is not None else 0.22) * seconds
    return bool(abs((reached + left) / 2 - seconds / 2) <= LATE and abs(left - reached - wait) <= 2 * LATE)


def _goal(seen, person, before, screen, way) -> float:
    """Where the middle of the person goes: the screen's middle, or a little beyond the frame."""
    if screen is not None:
        return float(np.nanmedian(screen.x))
    half = float(np.nanmedian(_sides(seen, person, before)))
    return (seen.span[0] / 2 + half + MARGIN) * (1 if way == "right" else -1)


def _sides(seen: Seen, person: Person, some: np.ndarray) -> np.ndarray:
    """Half-widths in units in some frames."""
    return ((person.track.values("right") - person.track.values("left")) / 2 / seen.camera.zoom)[some]


def _passes(seen, person, free, some, direction, goal, behind) -> float | None:
    """Seconds at which the person's middle passes `goal`, going `direction` (1: right), by a line through where it is seen moving.

    Only the side of it that is not yet hidden (`behind`: its back, else its front) tells where a half-hidden body is.
    """
    half = float(np.nanmedian(_sides(seen, person, free)))
    back = (direction > 0) == behind
    edge = person.track.values("left" if back else "right") / seen.camera.zoom + seen.camera.x
    middle = edge + (half if back else -half)
    when = np.flatnonzero(some & np.isfinite(middle))
    moving = [t for t in when if _moves(middle, when, t)]
    if len(moving) < 2:
        return None
    speed, start = np.polyfit(np.array(moving) / seen.fps, middle[moving], 1)
    if direction * speed < 0.02:
        return None
    return float((goal - start) / speed)


def _moves(middle, when, t) -> bool:
    near = when[np.abs(when - t) <= 1]
    return bool(np.ptp(middle[near]) > 0.01)
