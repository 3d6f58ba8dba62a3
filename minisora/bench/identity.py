"""Is somebody still the same? What no caption mentions — exact hue, eyes, pattern — and the shape, at two times. Built in chapter 8.

Sora's report calls it a strength of the model that "the same character" stays itself in long shots (OpenAI 2024, "Video generation
models as world simulators"); here every character has an identity that no sentence asks for, so that staying the same can be measured.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .eye import MESS
from .parse import Person
from .track import Track

SIDE = 12  # cells along a side of a portrait
REACH = 1.15  # half a portrait's side over the radius of a disc of the body's area
COVERED, PART = 0.12, 0.8  # of its outline beside somebody, of its usual area: who shows less of itself is not seen wholly
UPRIGHT = 0.3  # radians: who is turned further shows no comparable portrait
# What the same character may seem to change by; rendered truth stays within half of it in nineteen cases of twenty.
HUE = 3.5  # degrees
EYES, SPECK = 0.25, 0.05  # of the larger, and at least so much
DARK = 0.03  # how much darker than its brightest parts a body is on average
FACE = 0.026  # mean difference of two portraits
SHAPE = 0.6  # of the probabilities of all kinds that may move to other kinds
LEAST = 1  # frames that are asked for on either side
MIDDLE = np.hypot(*np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE)))  # (12, 12): how far a cell is from the middle
PARTS = ("hue", "eyes", "pattern", "shape")


@dataclass(frozen=True)
class Portrait:
    """A character's looks in the frames in which it is wholly seen; not a number in the others. The first axis is time."""

    hue: np.ndarray  # (T,) degrees
    eyes: np.ndarray  # (T,) how pale the middle of the body is: whites and pupils have no colour; 0 for rings, which are open
    dark: np.ndarray  # (T,) how much darker than its brightest parts the body is on average
    face: np.ndarray  # (T, 12, 12) brightness over the body's brightest; only of upright bodies
    size: np.ndarray  # (T,) root of the area on the screen
    shapes: np.ndarray  # (T, 9) probabilities of the kinds and of no clean shape

    @property
    def seen(self) -> np.ndarray:
        return np.isfinite(self.hue)  # (T,)


def portrait(person: Person, labels: np.ndarray, colour: np.ndarray) -> Portrait:
    """The portrait of a person from the video's labels (T, H, W) and HSV (T, H, W, 3), as `colours.label` gives them."""
    T = len(person.track)
    hue, eyes, dark, size = np.full((4, T), np.nan)
    face, shapes = np.full((T, SIDE, SIDE), np.nan), np.full((T, MESS + 1), np.nan)
    for t in np.flatnonzero(clear(person.track)):
        blob = person.track.blobs[t]
        row, column = blob.corner
        box = np.s_[row : row + blob.mask.shape[0], column : column + blob.mask.shape[1]]
        own, (saturation, value) = blob.mask & (labels[t][box] == blob.colour), np.moveaxis(colour[t][box][..., 1:], -1, 0)
        if not own.any():
            continue
        bright, rich = max(float(np.quantile(value[own], 0.9)), 0.05), max(float(np.median(saturation[own])), 0.05)
        hue[t], shapes[t], size[t] = blob.hue, person.shapes[t], np.sqrt(blob.area)
        pale = np.clip(1 - _patch(colour[t][..., 1] / rich, blob), 0, 1)
        eyes[t] = 0.0 if person.kind == "ring" else float(pale[MIDDLE < 0.65].mean())
        dark[t] = 1 - value[own].mean() / bright
        if abs(person.angle[t]) < UPRIGHT:
            face[t] = np.where(MIDDLE < 0.8, _patch(colour[t][..., 2] / bright, blob), 0.0)  # the corners show the place
    return Portrait(hue, eyes, dark, face, size, shapes)


def clear(track: Track) -> np.ndarray:
    """Frames (T,) bool in which nothing of a character is hidden."""
    area = np.nan_to_num(track.values("area"))
    free = (np.nan_to_num(track.values("covered"), nan=1.0) < COVERED) & (np.nan_to_num(track.values("cut"), nan=1.0) == 0)
    return free & (area > PART * np.median(area[free])) if free.any() else free


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


def exchanged(one: Portrait, other: Portrait) -> Portrait:
    """The first half of one portrait and the second of another, as long as the first: what chance would be."""
    middle = len(one.hue) // 2
    pairs = zip(vars(one).values(), vars(other).values(), strict=True)
    return Portrait(*(np.concatenate([a[:middle], b[middle : len(a)]]) for a, b in pairs))


def _hue(one, before, after):
    turn = [np.exp(1j * np.radians(one.hue[some])).mean() for some in (before, after)]
    return abs(np.degrees(np.angle(turn[1] / turn[0]))), HUE


def _eyes(one, before, after):
    a, b = (float(np.median(one.eyes[some])) for some in (before, after))
    return abs(a - b), max(EYES * max(a, b), SPECK)


def _pattern(one, before, after):
    """As a share of what is allowed, which is more when it is seen at another size: the darkness, and portraits where there are any."""
    slack = 1 + 2 * abs(np.log(np.median(one.size[before]) / np.median(one.size[after])))
    away = abs(np.median(one.dark[before]) - np.median(one.dark[after])) / DARK
    faces = [one.face[some & np.isfinite(one.face[:, 0, 0])] for some in (before, after)]
    if min(len(some) for some in faces) >= LEAST:
        away = max(away, np.abs(faces[0].mean(0) - faces[1].mean(0)).mean() / FACE)
    return away, slack


def _shape(one, before, after):
    a, b = (one.shapes[some].mean(0) for some in (before, after))
    return float(np.abs(a - b).sum()) / 2, SHAPE


_PARTS = {"hue": _hue, "eyes": _eyes, "pattern": _pattern, "shape": _shape}


def filled(own: np.ndarray) -> np.ndarray:
    """The outline with all that lies inside, (h, w) bool."""
    closed = cv2.morphologyEx(own.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    edges = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    return cv2.drawContours(np.zeros_like(closed), edges, -1, 1, cv2.FILLED).astype(bool)


def _patch(values: np.ndarray, blob) -> np.ndarray:
    """(12, 12) of what is in a frame (H, W) around a body, centred on it and as large as its area says."""
    H, W = values.shape
    unit = min(H, W)
    zoom = 2 * REACH * np.sqrt(blob.area / np.pi) * unit / SIDE  # pixels a cell
    centre = blob.x * unit + W / 2 - 0.5, H / 2 - blob.y * unit - 0.5
    matrix = np.array([[zoom, 0, centre[0] - zoom * (SIDE - 1) / 2], [0, zoom, centre[1] - zoom * (SIDE - 1) / 2]], np.float32)
    soft = cv2.GaussianBlur(values, (0, 0), max(0.4 * zoom, 0.3))
    return cv2.warpAffine(soft, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
