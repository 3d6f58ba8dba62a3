"""Outlines of the eight kinds of characters, as signed distances.

A shape lives in its own square: x to the right, y up, the body fills about [-1, 1] both ways. A signed distance is
negative inside and positive outside; its unit is the half-height of the body. All eight fill a similar share of the
square, so that "small" and "large" read the same whoever wears them.
"""

import numpy as np


def segment(x, y, ax, ay, bx, by):
    """Distance from each point (x, y) to the straight piece from (ax, ay) to (bx, by)."""
    dx, dy = bx - ax, by - ay
    along = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1)
    return np.hypot(x - ax - along * dx, y - ay - along * dy)


def capsule(x, y, ax, ay, ra, bx, by, rb):
    """Signed distance to the hull of two discs, (ax, ay) with radius ra and (bx, by) with radius rb < ra."""
    length = np.hypot(bx - ax, by - ay)
    ux, uy = (bx - ax) / length, (by - ay) / length
    side = np.abs((x - ax) * uy - (y - ay) * ux)
    along = (x - ax) * ux + (y - ay) * uy
    slope = (ra - rb) / length
    rise = np.sqrt(1 - slope * slope)
    k = along * rise - side * slope
    flank = side * rise + along * slope - ra
    near_b = np.hypot(side, along - length) - rb
    return np.where(k < 0, np.hypot(side, along) - ra, np.where(k > length * rise, near_b, flank))


def ball(x, y):
    return np.hypot(x, y) - 1


def _block(x, y, half_width, half_height, corner):
    """A rectangle with rounded corners, for x, y >= 0."""
    dx, dy = x - (half_width - corner), y - (half_height - corner)
    return np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0) - corner


def box(x, y):
    return _block(np.abs(x), np.abs(y), 0.93, 0.93, 0.2)


def triangle(x, y):
    x = np.abs(x)
    corner = 0.12
    top, base, foot = 1.04 - 2 * corner, -0.98 + corner, 1.1 - 1.6 * corner
    edge = np.minimum(segment(x, y, 0, top, foot, base), segment(x, y, 0, base, foot, base))
    inside = (y > base) & ((x - foot) * (top - base) + (y - base) * foot < 0)
    return np.where(inside, -edge, edge) - corner


def star(x, y, points=5, outer=1.03, inner=0.60, corner=0.06):
    half = np.pi / points
    turn = np.abs((np.arctan2(x, y) + half) % (2 * half) - half)
    far = np.hypot(x, y)
    u, v = far * np.sin(turn), far * np.cos(turn)
    iu, iv = inner * np.sin(half), inner * np.cos(half)
    side = u * (iv - outer) - (v - outer) * iu
    return np.where(side > 0, -1, 1) * segment(u, v, 0, outer, iu, iv) - corner


def heart(x, y):
    """Two discs and the straight flanks from a tip that touch them, so that distances are right inside too."""
    x = np.abs(x)
    (cx, cy, radius), tip = (0.5, 0.38, 0.55), -1.0
    reach = np.hypot(cx, cy - tip)
    flank = np.sqrt(reach**2 - radius**2)  # from the tip to where the flank touches the disc
    turn = np.arctan2(cx, cy - tip) + np.arcsin(radius / reach)  # the flank's angle from straight up
    fx, fy = flank * np.sin(turn), tip + flank * np.cos(turn)
    crease = cy + np.sqrt(radius**2 - cx**2)
    far = np.hypot(x - cx, y - cy)
    start, end = np.arctan2(crease - cy, -cx), np.arctan2(fy - cy, fx - cx)  # the disc's part of the outline
    middle, half = (start + end) / 2, (start - end) / 2
    on_arc = (x - cx) * np.cos(middle) + (y - cy) * np.sin(middle) >= np.cos(half) * far
    edge = np.minimum(segment(x, y, fx, fy, 0, tip), np.hypot(x, y - crease))
    edge = np.where(on_arc, np.minimum(edge, np.abs(far - radius)), edge)
    along = x * np.sin(turn) + (y - tip) * np.cos(turn)
    below = (y < cy - 0.08) & (along < flank) & ((x - fx) * (fy - tip) < (y - fy) * fx)
    inside = (far < radius) | below
    return np.where(inside, -edge, edge)


def cross(x, y):
    x, y = np.abs(x), np.abs(y)
    return np.minimum(_block(x, y, 1.0, 0.42, 0.12), _block(x, y, 0.42, 1.0, 0.12))


def ring(x, y):
    return np.abs(np.hypot(x, y) - 0.74) - 0.28


def drop(x, y):
    return capsule(x, y, 0.0, -0.22, 0.78, 0.0, 1.03, 0.05)


SHAPES = {
    "ball": ball,
    "box": box,
    "triangle": triangle,
    "star": star,
    "heart": heart,
    "cross": cross,
    "ring": ring,
    "drop": drop,
}

# How far from the middle each outline reaches, so that a turned body stays inside its window.
REACH = {"ball": 1.0, "box": 1.24, "triangle": 1.42, "star": 1.14, "heart": 1.15, "cross": 1.1, "ring": 1.03, "drop": 1.1}

# Eyes: half the gap between them, their height, their radius; then where the mouth is (None: no room for one).
FACES = {
    "ball": (0.34, 0.26, 0.27, -0.22),
    "box": (0.38, 0.28, 0.27, -0.22),
    "triangle": (0.27, -0.10, 0.23, -0.52),
    "star": (0.26, 0.16, 0.24, -0.22),
    "heart": (0.38, 0.30, 0.26, -0.16),
    "cross": (0.23, 0.28, 0.22, -0.20),
    "ring": (0.34, 0.66, 0.24, None),
    "drop": (0.29, -0.02, 0.25, -0.46),
}
