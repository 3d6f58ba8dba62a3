"""Where the coloured things are in a frame: pixels → blobs of one colour each. Built in chapter 8.

The world keeps its backgrounds dull and its characters bright, so a saturated pixel belongs to a character (or to the
brown cookie) and its hue says to whom. A blob is a connected patch of pixels of one colour.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from minisora.world.scene import COLOURS

HUES = {"red": 2, "orange": 28, "yellow": 54, "green": 125, "cyan": 182, "blue": 222, "purple": 274, "pink": 322}
COOKIE = len(COLOURS)  # label of the brown cookie
NOTHING = -1
ORANGE = COLOURS.index("orange")
BROWN = (0.75, 0.88)  # an orange hue below both this saturation and this value is brown
REACH = 20.0  # degrees of hue around a colour that still carry its name
SATURATED, LIT = 0.45, 0.30
INKY = 0.42  # brightness below which a pixel may be part of an ink line
BRIDGE = 0.09  # units: the widest gap that a pair of eyes can leave in a body
LONG = 1.5  # no body is this many times as long as it is wide
NECK, WIDE = 0.5, 0.11  # where two bodies touch, they are at most so much of their width; units: what is narrower is a part of one body
SPECK = 0.0012  # blobs below this area (units²) are noise


@dataclass(frozen=True)
class Blob:
    """A patch of one colour in one frame; lengths in units, x from the frame's middle to the right, y from its middle upwards."""

    colour: int  # index in COLOURS, or COOKIE
    x: float
    y: float
    left: float
    right: float
    bottom: float
    top: float
    area: float
    hue: float  # degrees, mean over the blob
    value: float
    covered: float  # share of its outline that touches another character
    cut: bool  # touches the frame's edge
    mask: np.ndarray  # (h, w) bool, the blob inside its box
    corner: tuple[int, int]  # row and column of the mask's first pixel

    @property
    def size(self) -> float:
        return max(self.right - self.left, self.top - self.bottom)


def hsv(frames: np.ndarray) -> np.ndarray:
    """Frames (T, H, W, 3) uint8 → hue in degrees, saturation and value in [0, 1], as (T, H, W, 3) float32."""
    T, H, W, _ = frames.shape
    return cv2.cvtColor(frames.reshape(T * H, W, 3).astype(np.float32) / 255, cv2.COLOR_RGB2HSV).reshape(T, H, W, 3)


def label(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each pixel's colour: index in COLOURS, COOKIE or NOTHING, (T, H, W) int8; and the frames as HSV (T, H, W, 3)."""
    colour = hsv(frames)
    hue, saturation, value = colour[..., 0], colour[..., 1], colour[..., 2]
    centres = np.array(list(HUES.values()), np.float32)
    bright = (saturation > SATURATED) & (value > LIT)
    away = np.abs((hue[bright][:, None] - centres + 180) % 360 - 180)  # (n, 8): few pixels are bright
    labels = np.full(hue.shape, NOTHING, np.int8)  # (T, H, W)
    labels[bright] = np.where(away.min(-1) < REACH, away.argmin(-1), NOTHING)
    brown = (labels == ORANGE) & (saturation < BROWN[0]) & (value < BROWN[1])
    solid = np.stack([cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) for mask in brown])
    labels[brown] = np.where(solid[brown] > 0, COOKIE, NOTHING)  # a thin brown line is the edge of something orange
    return labels, colour


def blobs(labels: np.ndarray, colour: np.ndarray) -> list[Blob]:
    """The blobs of one frame, from its labels (H, W) and its HSV (H, W, 3); largest first."""
    H, W = labels.shape
    unit = min(H, W)
    found = []
    for name in np.unique(labels[labels != NOTHING]):
        own = _parted((labels == name).astype(np.uint8))
        others = somebody_else(labels, colour, int(name))
        count, marks, stats, centres = cv2.connectedComponentsWithStats(own, connectivity=8)
        for index in range(1, count):
            left, top, width, height, pixels = stats[index]
            if pixels < SPECK * unit**2 or min(width, height) < 2:
                continue
            box = np.s_[max(top - 2, 0) : top + height + 2, max(left - 2, 0) : left + width + 2]
            mask = marks[box] == index
            if not cv2.erode(mask.astype(np.uint8), np.ones((2, 2), np.uint8)).any():
                continue  # a rim one pixel wide between two others is a mixture, not a thing
            ring = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool) & ~mask
            inside = colour[top : top + height, left : left + width][marks[top : top + height, left : left + width] == index]
            turn = np.exp(1j * np.radians(inside[:, 0])).mean()
            found.append(
                Blob(
                    colour=int(name),
                    x=(centres[index][0] + 0.5 - W / 2) / unit,
                    y=(H / 2 - centres[index][1] - 0.5) / unit,
                    left=(left - W / 2) / unit,
                    right=(left + width - W / 2) / unit,
                    bottom=(H / 2 - top - height) / unit,
                    top=(H / 2 - top) / unit,
                    area=pixels / unit**2,
                    hue=float(np.degrees(np.angle(turn)) % 360),
                    value=float(np.median(inside[:, 2])),
                    covered=float((others[box] & ring).sum() / max(ring.sum(), 1)),
                    cut=bool(left == 0 or top == 0 or left + width == W or top + height == H),
                    mask=mask,
                    corner=(int(max(top - 2, 0)), int(max(left - 2, 0))),
                )
            )
    return sorted(_bridged(found), key=lambda blob: -blob.area)


def _parted(own: np.ndarray) -> np.ndarray:
    """Pixels (H, W) of one colour, copies that touch cut apart where they are thinnest: together they are too long for one body."""
    _, marks, stats, _ = cv2.connectedComponentsWithStats(own, connectivity=8)
    for index, (left, top, width, height, _) in enumerate(stats[1:], 1):
        if min(width, height) < WIDE * min(own.shape) or max(width, height) < LONG * min(width, height):
            continue
        part = marks[top : top + height, left : left + width] == index
        profile = part.sum(0 if width > height else 1)
        quarter = len(profile) // 4
        neck = quarter + int(profile[quarter : len(profile) - quarter].argmin())
        if profile[neck] <= NECK * min(profile[:neck].max(), profile[neck + 1 :].max()):
            line = np.s_[:, neck] if width > height else np.s_[neck]
            own[top : top + height, left : left + width][line] &= ~part[line]
            return _parted(own)
    return own


def somebody_else(labels: np.ndarray, colour: np.ndarray, name: int) -> np.ndarray:
    """Pixels (H, W) bool of everybody who is not of colour `name`, with the dark line that ink draws around them."""
    others = ((labels != NOTHING) & (labels != name)).astype(np.uint8)
    others = cv2.morphologyEx(others, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))  # a line one pixel wide is a mixture of two colours
    if not others.any():
        return others.astype(bool)
    dark = ((labels == NOTHING) & (colour[..., 2] < INKY)).astype(np.uint8)
    for _ in range(2):  # pixels: as wide as the line gets
        others |= cv2.dilate(others, np.ones((3, 3), np.uint8)) & dark
    return others.astype(bool)


def _bridged(found: list[Blob]) -> list[Blob]:
    """Joins the pieces that its own eyes, or somebody in front, cut a body into. Copies stand side by side: they would be too long."""
    for i, a in enumerate(found):
        for b in found[:i]:
            wide = max(a.right, b.right) - min(a.left, b.left)
            high = max(a.top, b.top) - min(a.bottom, b.bottom)
            if a.colour == b.colour and apart(a, b) < BRIDGE and max(wide, high) < LONG * min(wide, high):
                rest = [blob for blob in found if blob is not a and blob is not b]
                return _bridged([*rest, join(a, b)])
    return found


def apart(a: Blob, b: Blob) -> float:
    """Units between two blobs' boxes; below 0 where they overlap."""
    return max(a.left - b.right, b.left - a.right, a.bottom - b.top, b.bottom - a.top)


def join(a: Blob, b: Blob) -> Blob:
    """One blob out of two pieces of the same colour."""
    top, left = min(a.corner[0], b.corner[0]), min(a.corner[1], b.corner[1])
    bottom = max(a.corner[0] + a.mask.shape[0], b.corner[0] + b.mask.shape[0])
    right = max(a.corner[1] + a.mask.shape[1], b.corner[1] + b.mask.shape[1])
    mask = np.zeros((bottom - top, right - left), bool)
    for blob in (a, b):
        row, column = blob.corner[0] - top, blob.corner[1] - left
        mask[row : row + blob.mask.shape[0], column : column + blob.mask.shape[1]] |= blob.mask
    area = a.area + b.area
    share = a.area / area
    return Blob(
        colour=a.colour,
        x=a.x * share + b.x * (1 - share),
        y=a.y * share + b.y * (1 - share),
        left=min(a.left, b.left),
        right=max(a.right, b.right),
        bottom=min(a.bottom, b.bottom),
        top=max(a.top, b.top),
        area=area,
        hue=a.hue,
        value=a.value,
        covered=max(a.covered, b.covered),
        cut=a.cut or b.cut,
        mask=mask,
        corner=(top, left),
    )
