"""Is somebody still the same? What no caption mentions — exact hue, eyes, pattern — and the shape, at two times. Built in chapter 8.

Sora's report calls it a strength of the model that "the same character" stays itself in long shots (OpenAI 2024, "Video generation
models as world simulators"); here every character has an identity that no sentence asks for, so that staying the same can be measured.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .eye import MESS
from .features import HIDDEN
from .parse import Person
from .track import Track

SIDE = 12  # cells along a side of a portrait
REACH = 1.15  # half a portrait's side over the radius of a disc of the body's area
UPRIGHT = 0.3  # radians: who is turned further shows no comparable portrait
HUE = 4.0  # degrees
EYES = 0.5  # of the larger share: eyes that shrink or grow by more are others
DARK = 0.045  # how much darker than its brightest parts a body may become on average
FACE = 0.075  # mean difference of two portraits
LEAST = 1  # frames that are asked for on either side
PARTS = ("hue", "eyes", "pattern", "shape")


@dataclass(frozen=True)
class Portrait:
    """A character's looks in the frames in which it is wholly seen; not a number in the others. The first axis is time."""

    hue: np.ndarray  # (T,) degrees
    eyes: np.ndarray  # (T,) share of the outline that is eyes: what is in it and has not the body's colour; not of rings, which are open
    dark: np.ndarray  # (T,) how much darker than its brightest parts the body is on average
    face: np.ndarray  # (T, 12, 12) brightness over the body's brightest; only of upright bodies
    shapes: np.ndarray  # (T, 9) probabilities of the kinds and of no clean shape

    @property
    def seen(self) -> np.ndarray:
        return np.isfinite(self.hue)  # (T,)


def portrait(person: Person, labels: np.ndarray, colour: np.ndarray) -> Portrait:
    """The portrait of a person from the video's labels (T, H, W) and HSV (T, H, W, 3), as `colours.label` gives them."""
    T = len(person.track)
    hue, eyes, dark = np.full((3, T), np.nan)
    face, shapes = np.full((T, SIDE, SIDE), np.nan), np.full((T, MESS + 1), np.nan)
    for t in np.flatnonzero(clear(person.track)):
        blob = person.track.blobs[t]
        row, column = blob.corner
        box = np.s_[row : row + blob.mask.shape[0], column : column + blob.mask.shape[1]]
        own, value = blob.mask & (labels[t][box] == blob.colour), colour[t][box][..., 2]
        if not own.any():
            continue
        bright = max(float(np.quantile(value[own], 0.9)), 0.05)
        hue[t], shapes[t] = blob.hue, person.shapes[t]
        eyes[t] = 0.0 if person.kind == "ring" else 1 - own.sum() / filled(own).sum()
        dark[t] = 1 - value[own].mean() / bright
        if abs(person.angle[t]) < UPRIGHT:
            face[t] = _face(colour[t][..., 2] / bright, blob)
    return Portrait(hue, eyes, dark, face, shapes)


def clear(track: Track) -> np.ndarray:
    """Frames (T,) bool in which nothing of a character is hidden."""
    area = np.nan_to_num(track.values("area"))
    free = (np.nan_to_num(track.values("covered"), nan=1.0) < HIDDEN) & (np.nan_to_num(track.values("cut"), nan=1.0) == 0)
    return free & (area > 0.6 * np.median(area[free])) if free.any() else free


def same(one: Portrait, before: np.ndarray, after: np.ndarray, ask: tuple[str, ...] = PARTS) -> dict[str, bool]:
    """Which parts of somebody are in the frames `after` (T,) bool what they were in `before`; empty where too little is seen.

    ask: some of "hue", "eyes", "pattern", "shape".
    """
    before, after = before & one.seen, after & one.seen
    if min(before.sum(), after.sum()) < LEAST:
        return {}
    found = {part: _PARTS[part](one, before, after) for part in ask}
    return {part: bool(away <= most) for part, (away, most) in found.items()}


def over_time(one: Portrait, ask: tuple[str, ...] = PARTS) -> dict[str, bool]:
    """The same of the first and the last third of the frames in which somebody is wholly seen."""
    when = np.flatnonzero(one.seen)
    third = max(len(when) // 3, LEAST)
    if len(when) < 2 * third:
        return {}
    frames = np.arange(len(one.seen))
    return same(one, frames <= when[third - 1], frames >= when[-third], ask)


def _hue(one, before, after):
    turn = [np.exp(1j * np.radians(one.hue[some])).mean() for some in (before, after)]
    return abs(np.degrees(np.angle(turn[1] / turn[0]))), HUE


def _eyes(one, before, after):
    a, b = (float(np.median(one.eyes[some])) for some in (before, after))
    return abs(a - b), max(EYES * max(a, b), 0.02)


def _pattern(one, before, after):
    """As a share of what is allowed: the darkness, and the portraits where there are any."""
    away = abs(np.median(one.dark[before]) - np.median(one.dark[after])) / DARK
    faces = [one.face[some & np.isfinite(one.face[:, 0, 0])] for some in (before, after)]
    if min(len(some) for some in faces) >= LEAST:
        away = max(away, np.abs(faces[0].mean(0) - faces[1].mean(0)).mean() / FACE)
    return away, 1.0


def _shape(one, before, after):
    a, b = (int(one.shapes[some].mean(0).argmax()) for some in (before, after))
    return float(a != b), 0.5


_PARTS = {"hue": _hue, "eyes": _eyes, "pattern": _pattern, "shape": _shape}


def filled(own: np.ndarray) -> np.ndarray:
    """The outline with all that lies inside, (h, w) bool."""
    closed = cv2.morphologyEx(own.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    edges = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    return cv2.drawContours(np.zeros_like(closed), edges, -1, 1, cv2.FILLED).astype(bool)


def _face(value: np.ndarray, blob) -> np.ndarray:
    """(12, 12) of a body's brightness (H, W), centred on it and as large as its area says."""
    H, W = value.shape
    unit = min(H, W)
    zoom = 2 * REACH * np.sqrt(blob.area / np.pi) * unit / SIDE  # pixels a cell
    centre = blob.x * unit + W / 2 - 0.5, H / 2 - blob.y * unit - 0.5
    matrix = np.array([[zoom, 0, centre[0] - zoom * (SIDE - 1) / 2], [0, zoom, centre[1] - zoom * (SIDE - 1) / 2]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    soft = cv2.GaussianBlur(value, (0, 0), max(0.4 * zoom, 0.3))
    out = cv2.warpAffine(soft, matrix, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    lines = np.linspace(-1, 1, SIDE)
    inside = np.hypot(*np.meshgrid(lines, lines)) < 0.8  # the corners show the place
    return np.where(inside, out, 0.0)
