"""Recognises the place and the look. Built in chapter 8.

The place from a small picture with the characters painted out; the look from the marks that it leaves on pixels: dark lines
around the characters, the paper's grain that repeats, how strong the background's colours are.
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minisora.world.scene import LOOKS, PLACES

from .colours import NOTHING

VIEWS = 4  # frames that are looked at
SIDE = 16  # of the small picture
TILE = 8  # pixels after which a grain would repeat
DARKNESS = np.linspace(0, 1, 9)
MARKS = TILE * TILE + 2 * (len(DARKNESS) - 1) + 8


class Backdrop(nn.Module):
    """Small pictures (N, 3, 16, 16) and marks (N, MARKS) → place logits (N, 8), look logits (N, 3)."""

    def __init__(self, width: int = 64):
        super().__init__()
        self.place1, self.place2 = nn.Linear(3 * SIDE * SIDE, width), nn.Linear(width, len(PLACES))
        self.look1, self.look2 = nn.Linear(MARKS, width), nn.Linear(width, len(LOOKS))

    def forward(self, small: Tensor, marks: Tensor) -> tuple[Tensor, Tensor]:
        return self.place2(F.gelu(self.place1(small.flatten(1)))), self.look2(F.gelu(self.look1(marks)))


def describe(video: np.ndarray, labels: np.ndarray, colour: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A video (T, H, W, 3) uint8, its labels (T, H, W) and HSV (T, H, W, 3) → a small picture (3, 16, 16) and marks (MARKS,)."""
    when = np.unique(np.linspace(0, len(video) - 1, VIEWS).round().astype(int))
    body = [cv2.dilate((labels[t] != NOTHING).astype(np.uint8), np.ones((3, 3), np.uint8)) for t in when]
    small = np.mean([_small(video[t], mask) for t, mask in zip(when, body, strict=True)], 0)
    marks = np.mean([_marks(colour[t], mask, labels[t]) for t, mask in zip(when, body, strict=True)], 0)
    return small.astype(np.float32), marks.astype(np.float32)


def _small(frame: np.ndarray, body: np.ndarray) -> np.ndarray:
    """(3, 16, 16): mean colours of what is not covered by a body; a covered cell takes the mean of its row."""
    free = 1 - body.astype(np.float32)
    share = cv2.resize(free, (SIDE, SIDE), interpolation=cv2.INTER_AREA)[..., None]
    paint = cv2.resize(frame.astype(np.float32) / 255 * free[..., None], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    rows = paint.sum(1, keepdims=True) / np.maximum(share.sum(1, keepdims=True), 1e-3)
    return (np.where(share > 0.3, paint / np.maximum(share, 1e-3), rows) - 0.5).transpose(2, 0, 1)


def _marks(colour: np.ndarray, body: np.ndarray, labels: np.ndarray) -> np.ndarray:
    saturation, value = colour[..., 1], colour[..., 2]
    free = body == 0
    rough = value / np.maximum(cv2.GaussianBlur(value, (0, 0), 2), 0.03) - 1  # small changes of brightness
    rough = np.clip(rough, -0.3, 0.3) * free
    H, W = (side // TILE * TILE for side in value.shape)
    weight = free[:H, :W].reshape(H // TILE, TILE, W // TILE, TILE).sum((0, 2))
    tile = rough[:H, :W].reshape(H // TILE, TILE, W // TILE, TILE).sum((0, 2)) / np.maximum(weight, 1)  # (8, 8)
    inside = (labels != NOTHING).astype(np.uint8)
    rim = (cv2.dilate(inside, np.ones((5, 5), np.uint8)) > 0) & (inside == 0)
    dark = [_histogram(value[rim]), _histogram(value[free])]
    flat = [saturation[free].mean(), saturation[free].std(), value[free].mean(), value[free].std()] if free.any() else [0.0] * 4
    fine = [np.abs(rough).mean(), tile.std() * 10, (rough < -0.15).mean() * 5, (rough > 0.15).mean() * 5]
    return np.concatenate([tile.ravel() * 20, *dark, flat, fine])


def _histogram(values: np.ndarray) -> np.ndarray:
    return np.histogram(values, DARKNESS)[0] / max(len(values), 1)


@torch.inference_mode()
def recognise(backdrop: Backdrop, video: np.ndarray, labels: np.ndarray, colour: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of PLACES (8,) and LOOKS (3,)."""
    small, marks = describe(video, labels, colour)
    place, look = backdrop(torch.from_numpy(small)[None], torch.from_numpy(marks)[None])
    return place.softmax(1)[0].numpy(), look.softmax(1)[0].numpy()
