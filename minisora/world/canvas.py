"""A sheet that a place's layers are painted on, in the world's units, with a look's pen."""

from functools import lru_cache

import cv2
import numpy as np

from .looks import SKETCH, Look

SHIFT = 4  # cv2 takes coordinates in sixteenths of a pixel
BIAS = 1 << 20  # keeps int() rounding the same way on both sides of 0


def chance(seed: int, *numbers) -> np.ndarray | float:
    """Uniform numbers in [0, 1) that depend on `seed` and on integers (scalars or arrays) alone: the same at every size of canvas."""
    with np.errstate(over="ignore"):
        bits = np.uint64(seed & 0xFFFFFFFF) * np.uint64(0x9E3779B97F4A7C15)
        for number in numbers:
            number = np.asarray(number).astype(np.int64).astype(np.uint64)
            bits = bits + number * np.uint64(0xD1B54A32D192ED03) + np.uint64(0x8CB92BA72F3D8DD7)
            bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            bits = bits ^ (bits >> np.uint64(31))
    return (bits >> np.uint64(11)).astype(np.float64) / 2.0**53


@lru_cache(maxsize=1024)
def _tone(look: Look, colour: tuple[float, ...]) -> tuple[float, ...]:
    return (*(255 * c for c in look.tint(colour)), 255.0)


class Canvas:
    """Units (x0, x1) × (y0, y1) at `detail` pixels a unit; `pixels` (rows, columns, 4) uint8, colours multiplied by alpha.

    top: height of the frame's upper edge without zoom, where a sky's things hang."""

    def __init__(self, x0: float, x1: float, y0: float, y1: float, detail: float, look: Look, top: float):
        self.x0, self.x1, self.y0, self.y1, self.detail, self.look, self.top = x0, x1, y0, y1, detail, look, top
        self.rows, self.columns = int(np.ceil((y1 - y0) * detail)), int(np.ceil((x1 - x0) * detail))
        self.pixels = np.zeros((self.rows, self.columns, 4), np.uint8)
        self.pen = max(1, int(0.8 * look.outline * detail)) if look.outline else 0

    def tone(self, colour) -> tuple[float, ...]:
        return _tone(self.look, colour)

    def points(self, xy) -> np.ndarray:
        """World units to cv2's coordinates. (n, 2) int32"""
        k = self.detail * 2**SHIFT
        left, top = BIAS + 0.5 - 2 ** (SHIFT - 1) - self.x0 * k, BIAS + 0.5 - 2 ** (SHIFT - 1) + self.y1 * k
        return np.array([(int(left + x * k), int(top - y * k)) for x, y in xy], np.int32) - BIAS

    def polygon(self, xy, colour, outline=True):
        """A filled polygon; `xy` (n, 2) in units."""
        points = self.points(xy)
        cv2.fillPoly(self.pixels, [points], self.tone(colour), cv2.LINE_AA, SHIFT)
        if self.pen and outline:
            cv2.polylines(self.pixels, [points], True, self._ink, self.pen, cv2.LINE_AA, SHIFT)

    def line(self, xy, width, colour):
        """A stroke along `xy` (n, 2), `width` units wide (never less than a canvas pixel)."""
        thick = max(1, round(width * self.detail))
        cv2.polylines(self.pixels, [self.points(xy)], False, self.tone(colour), thick, cv2.LINE_AA, SHIFT)

    def ellipse(self, x, y, rx, ry, colour, outline=True):
        centre = self.points([(x, y)])[0].tolist()
        axes = (max(1, int(rx * self.detail * 2**SHIFT)), max(1, int(ry * self.detail * 2**SHIFT)))
        cv2.ellipse(self.pixels, centre, axes, 0, 0, 360, self.tone(colour), -1, cv2.LINE_AA, SHIFT)
        if self.pen and outline:
            cv2.ellipse(self.pixels, centre, axes, 0, 0, 360, self._ink, self.pen, cv2.LINE_AA, SHIFT)

    def box(self, x0, y0, x1, y1, colour, outline=True):
        self.polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), colour, outline)

    def fill(self, low, high):
        """The whole sheet, from colour `low` at the bottom to `high` at the top."""
        share = np.linspace(1, 0, self.rows)[:, None]
        tones = share * np.array(self.tone(high)) + (1 - share) * np.array(self.tone(low))  # (rows, 4)
        self.pixels[:] = np.round(tones)[:, None]

    def below(self, height, top, bottom=None):
        """Everything under a line of hills, shaded from `top` to `bottom`. `height` takes x (n,) to y (n,), both in units."""
        x = self.x0 + (np.arange(self.columns) + 0.5) / self.detail
        y = self.y1 - (np.arange(self.rows) + 0.5) / self.detail
        crest = height(x)
        edges = ((self.y1 - crest.max()) * self.detail - 1, (self.y1 - crest.min()) * self.detail + 2)  # rows that the crest crosses
        first, last = (int(np.clip(k, 0, self.rows)) for k in edges)
        top, bottom = np.array(self.tone(top)), np.array(self.tone(top if bottom is None else bottom))
        share = np.clip((y - self.y0) / max(crest.max() - self.y0, 1e-6), 0, 1)[:, None, None]
        paint = np.round(bottom + share * (top - bottom)).astype(np.float32)  # (rows, 1, 4)
        self.pixels[last:] = paint[last:]
        over = (crest[None] - y[first:last, None]) * self.detail  # canvas pixels under the crest
        alpha = np.clip(over + 0.5, 0, 1).astype(np.float32)[..., None]
        edge = self.pixels[first:last].astype(np.float32)
        self.pixels[first:last] = edge + alpha * (paint[first:last] - edge) + 0.5
        if self.pen:
            line = np.stack([x, crest], 1).tolist()
            cv2.polylines(self.pixels, [self.points(line)], False, self._ink, self.pen, cv2.LINE_AA, SHIFT)

    @property
    def _ink(self):
        return (*(255 * v for v in SKETCH), 255.0)

    def cells(self, width: float, seed: int, row: int = 0, spare: float = 0.3):
        """What stands along the ground: one (x, u, v) for each cell of `width` units; x jittered, u and v uniform in [0, 1)."""
        index = np.arange(np.floor((self.x0 - spare) / width), np.ceil((self.x1 + spare) / width) + 1)
        jitter, u, v = chance(seed, index, row * 8 + np.arange(3)[:, None])
        return zip(((index + 0.37 * row % 1 + 0.1 + 0.8 * jitter) * width).tolist(), u.tolist(), v.tolist(), strict=True)


def hills(seed: int, base: float, swing: float, length: float, sharp: float = 0.0):
    """A line of hills as a function of x: two waves around `base`, `swing` high and about `length` long; sharp=1 makes peaks."""
    a, b, c = 2 * np.pi * chance(seed, np.arange(3), 77)

    def height(x):
        wave = 0.6 * np.sin(2 * np.pi * x / length + a) + 0.4 * np.sin(2 * np.pi * x / (0.47 * length) + b)
        peak = 1.6 * np.abs(2 * ((x / (0.8 * length) + c) % 1) - 1) - 0.8
        return base + swing * ((1 - sharp) * wave + sharp * (peak + 0.25 * wave))

    return height
