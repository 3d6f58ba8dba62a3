"""Three ways to draw the same scene: flat, ink and crayon."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

INK = (0.13, 0.12, 0.17)
SKETCH = (0.29, 0.28, 0.33)  # the background's lines, paler than the characters'
PAPER = (0.98, 0.965, 0.93)


@dataclass(frozen=True)
class Look:
    """What a look does to every colour, edge and pixel.

    wash: share of paper mixed into the background's colours, less where they are dark. outline: width of dark lines in units.
    shade: how much the light from the upper left models a body. rim: how much darker a body gets at its edge.
    wobble: how uneven a body's edge is, in half-heights. grain: amplitude of the paper's grain.
    """

    wash: float = 0.0
    outline: float = 0.0
    shade: float = 0.0
    rim: float = 0.0
    wobble: float = 0.0
    grain: float = 0.0

    def tint(self, colour: tuple[float, ...]) -> tuple[float, ...]:
        """A background colour, 0..1, as this look paints it."""
        wash = self.wash * (0.55 + 0.45 * max(colour))
        return tuple(c + wash * (p - c) for c, p in zip(colour, PAPER, strict=True))


STYLES = {
    "flat": Look(shade=0.09),
    "ink": Look(wash=0.6, outline=1 / 64),
    "crayon": Look(wash=0.2, rim=0.16, wobble=0.022, grain=0.075),
}


@lru_cache(maxsize=16)
def grain(height: int, width: int, amplitude: float) -> np.ndarray:
    """The paper's grain, fixed to the screen and the same in every video: what to multiply pixels by. (H, W, 3) float32

    It repeats every 8 pixels, like a woven paper, so that an autoencoder that folds 8 × 8 pixels sees it the same everywhere.
    """
    u, v = np.meshgrid(np.arange(8), np.arange(8))
    strokes = np.cos(2 * np.pi * (u + v) / 4) + 0.6 * np.cos(2 * np.pi * (u - v) / 8 + 1) * np.cos(2 * np.pi * (u + v) / 8)
    specks = np.random.default_rng(8).standard_normal((8, 8))
    tile = strokes / strokes.std() + 0.35 * specks / specks.std()
    tile = 1 - amplitude * 0.5 + amplitude * np.clip(tile / tile.std(), -1.6, 1.6) / 1.6  # (8, 8)
    tiles = np.tile(tile, (-(-height // 8), -(-width // 8)))[:height, :width, None]
    return np.repeat(tiles, 3, axis=2).astype(np.float32)
