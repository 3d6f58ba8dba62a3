"""What the camera does, from the background alone: characters are masked out and the ground is registered. Built in chapter 8."""

from dataclasses import dataclass

import cv2
import numpy as np

BLUR = 1.2  # pixels; the paper's grain stands still on the screen and must not be followed
GROUND_STRIP = 0.28  # units above the frame's lower edge that are ground at every zoom; only the ground moves as the camera does
FASTEST = 0.75  # units / s
ZOOMS = np.linspace(-0.36, 0.36, 37)  # log of the zoom factor, per second
MOVING = 0.06  # units / s: below this the camera stands still
GAIN = 0.82  # a moving camera must leave at most this share of the error that a still one leaves


@dataclass(frozen=True)
class Path:
    """`x` (T,): units that the frame's middle has moved to the right since the first frame; `zoom` (T,): factor, its smallest is 1."""

    x: np.ndarray
    zoom: np.ndarray
    move: str  # "still", "pan left", "pan right", "zoom in" or "zoom out"; who is followed shows in the tracks


def camera(frames: np.ndarray, covered: np.ndarray, fps: float) -> Path:
    """The camera's path in a video (T, H, W, 3) uint8 whose characters lie inside `covered` (T, H, W) bool."""
    T, H, W, _ = frames.shape
    if T < 3:
        return Path(np.zeros(T), np.ones(T), "still")
    smooth = np.stack([cv2.GaussianBlur(frame, (0, 0), BLUR) for frame in frames]).astype(np.float32)
    kernel = np.ones((7, 7), np.uint8)
    free = np.stack([1 - cv2.dilate(mask.astype(np.uint8), kernel) for mask in covered]).astype(np.float32)
    step = 2 if T < 9 else 4
    rate, zoomed, still = _zoom(smooth, free, step, fps)
    shifts, panned, stood = _pan(smooth, free, fps)
    x = np.concatenate([[0.0], np.cumsum(shifts)])
    speed = (x[-1] - x[0]) * fps / (T - 1)
    gain_zoom, gain_pan = zoomed / max(still, 1e-9), panned / max(stood, 1e-9)
    none = np.zeros(T)
    if abs(rate) > 0.025 and gain_zoom < GAIN and gain_zoom < gain_pan * 1.15:
        log = rate * np.arange(T) / fps
        return Path(none, np.exp(log - log.min()), "zoom in" if rate > 0 else "zoom out")
    if gain_pan < GAIN and np.abs(shifts).mean() * fps > MOVING:
        return Path(x, np.ones(T), "pan right" if speed > 0 else "pan left")
    return Path(none, np.ones(T), "still")


def _zoom(smooth, free, step, fps) -> tuple[float, float, float]:
    """The best rate of zooming (log factor per second), the error it leaves and the error of standing still."""
    T, H, W, _ = smooth.shape
    errors = np.zeros(len(ZOOMS))
    for t in range(0, T - step, step):
        for index, rate in enumerate(ZOOMS):
            z = np.exp(rate * step / fps)
            matrix = np.array([[z, 0, (1 - z) * (W - 1) / 2], [0, z, (1 - z) * (H - 1) / 2]], np.float32)
            seen = cv2.warpAffine(np.dstack([smooth[t], free[t]]), matrix, (W, H), flags=cv2.INTER_LINEAR)
            errors[index] += _error(seen[..., :3], smooth[t + step], (seen[..., 3] > 0.99) * free[t + step])
    best = int(errors.argmin())
    rate = ZOOMS[best] + _vertex(errors, best) * (ZOOMS[1] - ZOOMS[0])
    return float(rate), float(errors[best]), float(errors[len(ZOOMS) // 2])


def _pan(smooth, free, fps) -> tuple[np.ndarray, float, float]:
    """How far the camera goes to the right from each frame to the next (T - 1,) in units, the error left, and that of standing still."""
    T, H, W, _ = smooth.shape
    unit = min(H, W)
    strip = np.s_[H - round(GROUND_STRIP * unit) :]
    reach = int(np.ceil(FASTEST * unit / fps * 2))
    shifts, best_sum, still_sum = np.zeros(T - 1), 0.0, 0.0
    for t in range(T - 1):
        a, b = max(t - 1, 0), min(t + 1, T - 1) if t else min(2, T - 1)  # two frames apart: sub-pixel shifts add up
        first, second, free_a, free_b = smooth[a][strip], smooth[b][strip], free[a][strip], free[b][strip]
        errors = np.full(2 * reach + 1, np.inf)
        for shift in range(-reach, reach + 1):  # content moves left by `shift` when the camera goes right
            left, right = max(shift, 0), min(W + shift, W)
            here, there = np.s_[:, left:right], np.s_[:, left - shift : right - shift]
            errors[shift + reach] = _error(first[here], second[there], free_a[here] * free_b[there])
        best = int(errors.argmin())
        best_sum += errors[best]
        still_sum += errors[reach]
        shifts[t] = (best - reach + _vertex(errors, best)) / unit / (b - a)
    return shifts, best_sum, still_sum


def _error(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> float:
    """Mean absolute difference where both can be seen; little to see counts as not better than nothing."""
    total = float(weight.sum())
    if total < 0.05 * weight.size:
        return 1e3
    return float((np.abs(a - b).mean(-1) * weight).sum()) / total + 0.25


def _vertex(errors: np.ndarray, best: int) -> float:
    """Where between its neighbours the smallest error lies, in [-0.5, 0.5]: the vertex of the parabola through three points."""
    if best in (0, len(errors) - 1) or errors[best - 1] > 900 or errors[best + 1] > 900:
        return 0.0
    low, mid, high = errors[best - 1 : best + 2]
    return float(np.clip((low - high) / max(2 * (low - 2 * mid + high), 1e-9), -0.5, 0.5))
