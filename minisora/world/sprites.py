"""Characters and the cookie painted once, as small pictures with transparency, to be placed in every frame."""

import colorsys
from functools import lru_cache

import cv2
import numpy as np

from .looks import INK, Look
from .scene import SIZES, Character
from .shapes import FACES, SHAPES

DETAIL = 1.5  # pixels of a sprite for one pixel on the screen

# hue in degrees, saturation, value
HUES = {
    "red": (2, 0.84, 0.88),
    "orange": (28, 0.90, 0.95),
    "yellow": (54, 0.82, 0.95),
    "green": (125, 0.70, 0.72),
    "cyan": (182, 0.74, 0.82),
    "blue": (222, 0.78, 0.88),
    "purple": (274, 0.70, 0.72),
    "pink": (322, 0.60, 0.95),
}
BROWN = (30, 0.60, 0.62)


def rgb(hue: float, saturation: float, value: float) -> np.ndarray:
    """Red, green and blue, 0..1, of a hue in degrees. (3,)"""
    return np.array(colorsys.hsv_to_rgb(hue % 360 / 360, saturation, value), np.float32)


def margin(radius: float) -> float:
    """Half a sprite's side in half-heights of a body of `radius` screen pixels: room for every outline and its soft edge."""
    return 1.12 + 1.2 / radius


@lru_cache(maxsize=64)
def _grid(radius: float) -> tuple[np.ndarray, np.ndarray]:
    half = margin(radius)
    pixels = int(np.ceil(2 * half * radius * DETAIL))
    side = ((np.arange(pixels) + 0.5) / pixels * 2 - 1).astype(np.float32) * np.float32(half)
    return np.meshgrid(side, -side)  # x right, y up: (P, P) each


def _soft(distance, radius):
    """Share of a pixel inside an edge, which is one screen pixel wide. `radius`: half-height in screen pixels."""
    return np.clip(0.5 - distance * radius, 0, 1)


def _over(colour, alpha, paint):
    """Paint one tone over a picture, in place. colour (3, P, P), alpha (P, P), paint (3,)"""
    colour += alpha * (paint[:, None, None] - colour)


def _sprite(colour, alpha):
    """What is added to a frame, the colour 0..255 times alpha, and what the frame is multiplied by before, 1 - alpha. Both (P, P, 3)"""
    clear = np.float32(1) - alpha.astype(np.float32)
    return cv2.merge(list((255 * alpha * colour).astype(np.float32))), cv2.merge([clear, clear, clear])


def paint_character(who: Character, look: Look, radius: float, colour: str = "") -> tuple[np.ndarray, np.ndarray]:
    """The body, its pattern and its face, upright. (colour, clear) as in `_sprite`

    radius: half-height on the screen in pixels. colour: instead of the character's own, for "change colour".
    """
    me = who.identity
    x, y = _grid(radius)
    distance = SHAPES[who.kind](x, y)
    if look.wobble:
        distance = distance + look.wobble * np.sin(5 * x + 7 * y + 6.3 * me.phase) * np.sin(6 * y - 4 * x + 2)
    hue, saturation, value = HUES[colour or who.colour]
    body = rgb(hue + me.hue, saturation, value)
    dark = rgb(hue + me.hue, saturation, value * 0.78)
    paint = np.repeat(body, x.size).reshape(3, *x.shape)  # (3, P, P)
    if me.pattern == "stripes":
        wave = np.cos(2 * np.pi * (0.8 * x + 0.55 * y + me.phase) / 0.62)
        _over(paint, np.clip(wave * radius * 0.2 + 0.5, 0, 1), dark)
    elif me.pattern == "spots":
        u, v = 0.9 * x + 0.3 * y + me.phase, 0.9 * y - 0.3 * x
        u = u + 0.35 * (np.floor(v / 0.62) % 2)
        near = np.hypot((u / 0.7 % 1 - 0.5) * 0.7, (v / 0.62 % 1 - 0.5) * 0.62)
        _over(paint, _soft(near - 0.19, radius), dark)
    if look.rim:
        _over(paint, np.clip(1 + distance / 0.35, 0, 1) * look.rim * 2, rgb(hue + me.hue, saturation, value * 0.55))
    if look.outline:
        _outline(paint, distance, look, radius, SIZES[who.size])
    _face(paint, x, y, who, look, radius, dark)
    return _sprite(paint, _soft(distance - _overhang(look) / radius, radius))


def _overhang(look: Look) -> float:
    """Screen pixels that an outline stands outside the edge, so that small bodies keep their colour."""
    return 0.4 if look.outline else 0.0


def _outline(paint, distance, look, radius, size):
    """Dark along the inside of the edge; `size`: half-height in units."""
    wide = max(look.outline / size, 0.8 / radius)
    _over(paint, _soft(-distance - wide + _overhang(look) / radius, radius), np.array(INK, np.float32))


def _face(paint, x, y, who, look, radius, dark):
    gap, height, eye, mouth = FACES[who.kind]
    eye *= who.identity.eye
    ink = np.array(INK, np.float32)
    if mouth is not None and radius > 8:
        smile = np.abs(np.hypot(x, y - mouth - 0.08) - 0.20) - 0.05
        _over(paint, _soft(np.maximum(smile, y - mouth - 0.02), radius), ink if look.outline else dark * 0.55)
    near = np.hypot(np.abs(x) - gap, y - height)  # both eyes at once
    if look.outline and radius > 8:
        _over(paint, _soft(near - eye - 0.6 / radius, radius), ink)
    _over(paint, _soft(near - eye, radius), np.array((0.98, 0.98, 0.98), np.float32))
    look_x = 0.42 * eye * who.identity.gaze
    pupil = np.minimum(np.hypot(x - gap - look_x, y - height), np.hypot(x + gap - look_x, y - height))
    _over(paint, _soft(pupil - 0.55 * eye, radius), np.array((0.08, 0.07, 0.10), np.float32))


def paint_cookie(look: Look, radius: float, size: float, bites: int = 0, side: str = "left") -> tuple[np.ndarray, np.ndarray]:
    """The cookie after some bites out of one side. (colour, clear) as in `_sprite`"""
    x, y = _grid(radius)
    rim = np.hypot(x, y) - 1
    paint = np.repeat(rgb(*BROWN), x.size).reshape(3, *x.shape)  # (3, P, P)
    for cx, cy in ((0.1, 0.55), (0.52, 0.1), (0.3, -0.5), (-0.3, -0.05), (-0.5, 0.5), (-0.4, -0.6)):
        _over(paint, _soft(np.hypot(x - cx, y - cy) - 0.16, radius), rgb(24, 0.65, 0.27))
    away = -1 if side == "left" else 1
    for cx, cy in ((1.0, 0.1), (0.62, 0.8), (0.55, -0.72))[:bites]:
        bite = 0.55 - np.hypot(x - away * cx, y - cy)  # above 0 where it is gone
        _over(paint, _soft(-bite - 0.16, radius), rgb(34, 0.60, 0.80))
        rim = np.maximum(rim, bite)
    if look.rim:
        _over(paint, np.clip(1 + rim / 0.35, 0, 1) * look.rim * 2, rgb(30, 0.62, 0.40))
    if look.outline:
        _outline(paint, rim, look, radius, size)
    return _sprite(paint, _soft(rim - _overhang(look) / radius, radius))
