"""What the reader of actions gets to know: numbers per frame about each character, and about each other one seen from it."""

import numpy as np

from .colours import COOKIE
from .verbs import OWN, PAIR

HIDDEN = 0.06  # share of its outline that is covered from which on a character's size and angle are not trusted


def features(people: list, path, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """own (A, OWN, T) and pair (A, A - 1, PAIR, T), float32, of A people (cookies last); see `Person`, `camera.Path`."""
    A, T = len(people), len(people[0].track)
    state = [_state(person, path) for person in people]
    own = np.zeros((A, OWN, T), np.float32)
    pair = np.zeros((A, max(A - 1, 0), PAIR, T), np.float32)
    for i, (person, me) in enumerate(zip(people, state, strict=True)):
        own[i] = _own(person, me, path, fps)
        for k, j in enumerate(others(A, i)):
            pair[i, k] = _pair(me, state[j], _bond(person.track, people[j].track), fps)
    return own, pair


def others(count: int, i: int) -> list[int]:
    """Everybody but i, in order: what the columns of `pair` and of the reader's targets are."""
    return [j for j in range(count) if j != i]


def _fill(values: np.ndarray) -> np.ndarray:
    """Bridges the frames in which somebody was not seen."""
    known = np.flatnonzero(np.isfinite(values))
    return np.interp(np.arange(len(values)), known, values[known]) if len(known) else np.zeros(len(values))


def _state(person, path) -> dict:
    track = person.track
    state = {name: _fill(getattr(person, name)) for name in ("x", "y", "bottom")}
    state["wide"] = _fill((track.values("right") - track.values("left")) / 2 / path.zoom)
    state["high"] = _fill((track.values("top") - track.values("bottom")) / 2 / path.zoom)
    state["area"] = _fill(track.values("area") / path.zoom**2)
    state["scale"] = _fill(np.where(_whole(track), np.log(np.maximum(person.scale, 0.02)), np.nan))
    state["seen"] = track.seen.astype(float)
    return state


def _whole(track) -> np.ndarray:
    """Frames (T,) in which nothing of a character is hidden; all, when that is hardly ever so. Only these tell its size and angle."""
    whole = (np.nan_to_num(track.values("covered"), nan=1.0) < HIDDEN) & (np.nan_to_num(track.values("cut"), nan=1.0) == 0)
    return whole if whole.sum() >= 3 or not track.seen.any() else track.seen


def _own(person, me: dict, path, fps: float) -> np.ndarray:
    track = person.track
    T = len(track)
    angle = _turning(np.where(_whole(track), person.angle, np.nan))
    step = _step(angle)
    changed = np.array([float(blob is not None and blob.colour != track.colour) for blob in track.blobs])
    rows = [
        2 * (me["x"] - me["x"][0]),
        2 * (me["bottom"] - me["bottom"].min()),
        me["x"] - path.x,
        me["y"],
        _step(me["x"]) * fps * 2,
        _step(me["y"]) * fps,
        2 * (me["scale"] - me["scale"][: min(3, T)].mean()),
        _step(me["scale"]) * fps,
        me["scale"] + 2,
        np.sin(angle),
        np.cos(angle),
        np.sin(step),
        np.cos(step) - 1,
        2 * np.log(me["wide"] / np.maximum(me["high"], 1e-3) + 1e-3),
        me["seen"],
        np.nan_to_num(track.values("covered")) * 3,
        np.nan_to_num(track.values("cut")),
        changed,
        np.log(me["area"] / max(np.median(me["area"]), 1e-4) + 0.05),
        np.full(T, float(person.kinds[0] + person.kinds[6])),  # a ball or a ring: these roll
    ]
    return np.stack(rows)


def _bond(me, you) -> float:
    """1: a cookie; -1: a copy of oneself, with whom nobody has to do; 0: somebody else."""
    return 1.0 if you.colour == COOKIE else -1.0 if you.colour == me.colour else 0.0


def _pair(me: dict, you: dict, bond: float, fps: float) -> np.ndarray:
    dx, dy = you["x"] - me["x"], you["y"] - me["y"]
    T = len(dx)
    rows = [
        2 * dx,
        2 * dy,
        2 * (you["bottom"] - me["bottom"]),
        _step(you["x"] - me["x"]) * fps * 2,
        _step(you["x"]) * fps * 2,
        5 * (np.abs(dx) - me["wide"] - you["wide"]),
        5 * (np.abs(dy) - me["high"] - you["high"]),
        np.full(T, bond),
        4 * (you["area"] / max(you["area"][:3].mean(), 1e-4) - 1),
        you["seen"],
    ]
    return np.clip(np.stack(rows), -4, 4)


def _step(values: np.ndarray) -> np.ndarray:
    """Difference to the next frame, (T,); the last frame repeats the one before."""
    if len(values) < 2:
        return np.zeros_like(values)
    return np.diff(values, append=2 * values[-1] - values[-2])


def _turning(angle: np.ndarray) -> np.ndarray:
    """Angles without gaps or jumps of a whole turn, (T,)."""
    known = np.flatnonzero(np.isfinite(angle))
    if not len(known):
        return np.zeros(len(angle))
    return np.interp(np.arange(len(angle)), known, np.unwrap(angle[known]))
