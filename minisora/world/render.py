"""Scene to pixels: the toy world's camera.

Each character is painted once a shot as a sprite (`sprites.py`), each place once a shot as three layers (`places.py`);
every frame then only places them, to a fraction of a pixel. numpy paints, cv2 moves. Same scene, same pixels.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..errors import UserError
from .canvas import Canvas
from .looks import STYLES, Look, grain
from .motion import bite_side, bites, camera_path, states
from .places import PARALLAX, PLACES
from .scene import DEPTHS, FPS, GROUND, SIZES, Scene, Shot, frame_count
from .shapes import REACH
from .sprites import margin, paint_character, paint_cookie

SIDES = range(32, 257, 8)  # pixels on a side that can be rendered
BACKGROUND_DETAIL = 1.5  # pixels of a layer's canvas for one pixel on the screen
LINEAR = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


def render(scene: Scene, height: int = 64, width: int = 64, fps: int = FPS, times=None) -> np.ndarray:
    """The video of a scene. (T, H, W, 3) uint8, red green blue; T = frame_count(scene.seconds, fps) unless `times` are given

    height, width: pixels, multiples of 8 from 32 to 256, in the proportion of `scene.aspect`.
    times: seconds on the whole video's clock, instead of every 1 / fps. A frame's pixels depend on its time alone.
    Raises UserError when the sides, a place or a look cannot be drawn. Built in the chapter on the toy world.
    """
    screen = _Screen.of(scene, height, width)
    look = _known(scene.look, STYLES, "look")
    times = np.arange(frame_count(scene.seconds, fps)) / fps if times is None else np.asarray(times, np.float64)
    number, clock = shot_of(scene, times)
    video = np.empty((len(times), height, width, 3), np.float32)
    for n in np.unique(number):
        here = np.flatnonzero(number == n)
        video[here[0] : here[-1] + 1] = _shot(scene, scene.shots[n], clock[here], screen, look)
    if look.grain:
        video *= grain(height, width, look.grain)
    return cv2.convertScaleAbs(video.reshape(-1, width * 3)).reshape(video.shape)  # rounds


def shot_of(scene: Scene, times) -> tuple[np.ndarray, np.ndarray]:
    """For each time (T,) on the whole video's clock: the index of its shot, and the seconds on that shot's clock. (T,) each

    The frame exactly at a cut still belongs to the shot before it. So frames 1 + 4k of the first shot and 4k of each later
    one come to whole steps of the autoencoder, when shots last multiples of half a second.
    """
    times = np.asarray(times, np.float64)
    ends = np.cumsum([shot.seconds for shot in scene.shots])
    number = np.minimum(np.searchsorted(ends + 1e-6, times), len(ends) - 1)
    return number, times - (ends - [shot.seconds for shot in scene.shots])[number]


def visible_fraction(scene: Scene, height: int = 64, width: int = 64, fps: int = FPS) -> list[np.ndarray]:
    """How much of each actor's outline can be seen: neither outside the frame nor behind somebody. One (A, T) in 0..1 a shot"""
    screen = _Screen.of(scene, height, width)
    number, clock = shot_of(scene, np.arange(frame_count(scene.seconds, fps)) / fps)
    look, shares = STYLES["flat"], []
    for n, shot in enumerate(scene.shots):
        times = clock[number == n]
        bodies = _bodies(scene, shot, times, screen, look)
        seen = np.zeros((len(shot.actors), len(times)))
        for t in range(len(times)):
            free = np.ones((height, width), np.float32)  # what nobody further in front covers
            for body in reversed(bodies):
                window, _, clear = body.window(t, height, width)
                if window is None:
                    continue
                if body.actor >= 0:
                    seen[body.actor, t] = min(1.0, float(((1 - clear[..., 0]) * free[window]).sum()) / body.area(t))
                free[window] *= clear[..., 0]
        shares.append(seen)
    return shares


def _known(name: str, table: dict, what: str):
    if name not in table:
        raise UserError(f"{what} {name!r}: minisora draws {', '.join(table)}.")
    return table[name]


@dataclass(frozen=True)
class _Screen:
    height: int
    width: int
    unit: float  # pixels a unit, without zoom

    @classmethod
    def of(cls, scene: Scene, height: int, width: int) -> "_Screen":
        for name, side in (("height", height), ("width", width)):
            if side not in SIDES:
                near = min(max(8 * round(side / 8), 32), 256)
                raise UserError(f"{name}={side}: minisora renders sides of 32 to 256 pixels in steps of 8. Try {name}={near}.")
        if abs(width / height / scene.aspect - 1) > 0.15:
            short = min(height, width)
            tall, wide = (round(short * k / 8) * 8 for k in (max(1 / scene.aspect, 1), max(scene.aspect, 1)))
            raise UserError(
                f"height={height}, width={width}: this scene is {scene.aspect:.3g} times as wide as high. Try height={tall}, width={wide}."
            )
        return cls(height, width, float(min(height, width)))

    @property
    def middle(self) -> float:
        """Height of the frame's middle in the world, in units."""
        return self.height / (2 * self.unit) - GROUND


def _shot(scene: Scene, shot: Shot, times, screen: _Screen, look: Look) -> np.ndarray:
    """The frames of one shot at `times` (T,) on its own clock. (T, H, W, 3) float32, 0..255"""
    video = _background(scene, shot, times, screen, look)
    bodies = _bodies(scene, shot, times, screen, look)
    for body in bodies:
        body.shadow(video)
    for body in bodies:
        for t in range(len(times)):
            window, colour, clear = body.window(t, screen.height, screen.width)
            if window is not None:
                if look.shade:
                    colour *= body.light(t, window, look.shade)
                frame = video[t][window]
                frame *= clear
                frame += colour
    return video


def _background(scene: Scene, shot: Shot, times, screen: _Screen, look: Look) -> np.ndarray:
    """The place without anybody in it. (T, H, W, 3) float32, 0..255"""
    paint = _known(shot.place, PLACES, "place")
    whole = np.linspace(0, shot.seconds, 2 + int(FPS * shot.seconds))
    all_cx, all_zoom = camera_path(scene, shot, whole)
    cx, zoom = camera_path(scene, shot, times)
    half_w, half_h = screen.width / (2 * screen.unit * all_zoom.min()), screen.height / (2 * screen.unit * all_zoom.min())
    detail = BACKGROUND_DETAIL * screen.unit * np.sqrt(all_zoom.max())
    pad = 2 / screen.unit
    layers = [
        Canvas(
            k * all_cx.min() - half_w - pad,
            k * all_cx.max() + half_w + pad,
            screen.middle - half_h - pad,
            screen.middle + half_h + pad,
            detail,
            look,
            screen.height / screen.unit - GROUND,
        )
        for k in PARALLAX
    ]
    paint(*layers, shot.layout)
    still = np.ptp(all_cx) == 0 and np.ptp(all_zoom) == 0
    frames = []
    for c, z in zip(cx[:1] if still else cx, zoom[:1] if still else zoom, strict=True):
        frame = np.zeros((screen.height, screen.width, 3), np.uint8)
        for k, layer in zip(PARALLAX, layers, strict=True):
            step = detail / (screen.unit * z)  # canvas pixels for one screen pixel
            left = (k * c - layer.x0) * detail - step * (screen.width - 1) / 2 - 0.5
            top = (layer.y1 - screen.middle) * detail - step * (screen.height - 1) / 2 - 0.5
            matrix = np.array([[step, 0, left], [0, step, top]])
            size = (screen.width, screen.height)
            picture = cv2.warpAffine(layer.pixels, matrix, size, flags=LINEAR, borderMode=cv2.BORDER_REPLICATE)
            clear = 255 - picture[..., 3]
            frame = cv2.multiply(frame, cv2.merge([clear, clear, clear]), scale=1 / 255)
            frame = cv2.add(frame, cv2.cvtColor(picture, cv2.COLOR_RGBA2RGB))
        frames.append(frame)
    video = np.empty((len(times), screen.height, screen.width, 3), np.float32)
    video[:] = frames if len(frames) > 1 else frames[0]
    return video


class _Body:
    """A sprite and where it goes: for each frame, the affine map from screen pixels to sprite pixels."""

    def __init__(self, actor, depth, place, ground, angle, rx, ry, pictures, choice, reach, span):
        """depth: 0 far .. 2 near. place (T, 2): column and row of its middle in pixels. rx, ry (T,): half-sides in pixels.
        ground (T,): row of the ground under it. pictures: sprites, `span` half-heights from the middle to a side; choice (T,): which
        one, a fraction mixes two. reach: half-heights from its middle to its farthest point."""
        self.actor, self.depth, self.place, self.ground = actor, depth, place, ground
        self.rx, self.ry, self.pictures, self.choice = rx, ry, pictures, choice
        side = pictures[0][0].shape[0]
        scale = side / (2 * span)
        cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
        self.maps = np.stack([cos / rx, -sin / ry, sin / rx, cos / ry], -1).reshape(-1, 2, 2)  # (T, 2, 2)
        self.half = side / 2 - 0.5
        self.reach = np.where(np.abs(np.sin(angle)) < 1e-6, min(1.13, reach), reach)
        self.scale = scale

    def sprite(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        low = int(self.choice[t])
        share = self.choice[t] - low
        if share == 0:
            return self.pictures[low]
        one, two = self.pictures[low], self.pictures[low + 1]
        return tuple(cv2.addWeighted(a, 1 - share, b, share, 0) for a, b in zip(one, two, strict=True))

    def area(self, t: int) -> float:
        """Screen pixels that the body covers when nothing hides it."""
        return float((1 - self.sprite(t)[1][..., 0]).sum()) * self.rx[t] * self.ry[t] / self.scale**2

    def window(self, t: int, height: int, width: int):
        """The part of the frame that the body can touch, as slices, and its colour and clear there (h, w, 3); None when outside."""
        column, row = self.place[t]
        wide, high = self.reach[t] * max(self.rx[t], self.ry[t]) + 1, self.reach[t] * max(self.rx[t], self.ry[t]) + 1
        x0, x1 = max(int(column - wide), 0), min(int(column + wide) + 1, width)
        y0, y1 = max(int(row - high), 0), min(int(row + high) + 1, height)
        if x0 >= x1 or y0 >= y1:
            return None, None, None
        offset = self.maps[t] @ (x0 + 0.5 - column, y0 + 0.5 - row) + self.half
        matrix = np.column_stack([self.maps[t], offset])
        size, (colour, clear) = (x1 - x0, y1 - y0), self.sprite(t)
        colour = cv2.warpAffine(colour, matrix, size, flags=LINEAR)
        clear = cv2.warpAffine(clear, matrix, size, flags=LINEAR, borderValue=(1, 1, 1))
        return (slice(y0, y1), slice(x0, x1)), colour, clear

    def light(self, t: int, window, shade: float) -> np.ndarray:
        """Brighter at the upper left, whichever way the body is turned. (h, w, 3)"""
        rows, columns = window
        u = np.arange(columns.start, columns.stop).repeat(3) * (shade / self.rx[t])
        v = np.arange(rows.start, rows.stop) * (shade / self.ry[t])
        middle = 0.94 + shade * ((self.place[t, 0] - 0.5) / self.rx[t] + (self.place[t, 1] - 0.5) / self.ry[t])
        return np.subtract.outer((middle - v).astype(np.float32), u.astype(np.float32)).reshape(len(v), -1, 3)

    def shadow(self, video: np.ndarray):
        """A soft dark spot on the ground, smaller and paler the higher the body. In place on (T, H, W, 3)"""
        lift = np.clip((self.ground - self.place[:, 1] - self.ry) / (3 * self.ry.mean()), 0, 1)  # 0 on the ground
        wide, flat = self.rx * (0.85 - 0.45 * lift), 0.16 * self.rx * (1 - 0.4 * lift) + 0.5
        low, high = int((self.ground - 3 * flat).min()), int((self.ground + 3 * flat).max()) + 1
        left, right = int((self.place[:, 0] - 1.6 * wide).min()), int((self.place[:, 0] + 1.6 * wide).max()) + 1
        low, high, left, right = max(low, 0), min(high, video.shape[1]), max(left, 0), min(right, video.shape[2])
        if low >= high or left >= right:
            return
        u = (np.arange(left, right) + 0.5 - self.place[:, :1]) / wide[:, None]  # (T, w)
        v = (np.arange(low, high) + 0.5 - self.ground[:, None]) / flat[:, None]  # (T, h)
        dark = (0.34 * (1 - 0.7 * lift))[:, None] * np.exp(-v * v)
        across = np.exp(-(u**4)).repeat(3, axis=1)
        spot = 1 - dark.astype(np.float32)[:, :, None] * across.astype(np.float32)[:, None]  # (T, h, 3w)
        video[:, low:high, left:right] *= spot.reshape(*spot.shape[:2], -1, 3)


def _bodies(scene: Scene, shot: Shot, times, screen: _Screen, look: Look) -> list[_Body]:
    """Everybody in the shot and the cookie, from back to front."""
    now = states(scene, shot, times)
    cx, zoom = camera_path(scene, shot, times)
    unit = screen.unit * zoom  # (T,) pixels a unit
    largest = screen.unit * camera_path(scene, shot, np.linspace(0, shot.seconds, 9))[1].max()
    depths = list(DEPTHS)

    def on_screen(x, y):
        return np.stack([screen.width / 2 + (x - cx) * unit, screen.height / 2 - (y - screen.middle) * unit], -1)  # (T, 2)

    bodies = []
    for a, actor in enumerate(shot.actors):
        who = scene.cast[actor.member]
        radius = SIZES[who.size]
        grown = max([1.0, *(e.amount or 1.5 for e in actor.events if e.action == "grow")])
        pixels = radius * largest * grown
        pictures = [paint_character(who, look, pixels)]
        choice = np.zeros(len(times))
        if now.to_colour[a]:
            pictures.append(paint_character(who, look, pixels, now.to_colour[a]))
            choice = np.clip(now.colour_mix[a], 0, 1)
        size = radius * now.scale[a] * unit
        place, ground = on_screen(now.x[a], now.y[a]), on_screen(now.x[a], DEPTHS[actor.depth])[:, 1]
        rx, ry = size / now.squash[a], size * now.squash[a]
        depth = depths.index(actor.depth)
        bodies.append(_Body(a, depth, place, ground, now.angle[a], rx, ry, pictures, choice, REACH[who.kind], margin(pixels)))
    if shot.cookie:
        cookie, taken = shot.cookie, bites(scene, shot, times)
        side = bite_side(scene, shot)
        pixels = cookie.radius * largest
        pictures = [paint_cookie(look, pixels, cookie.radius, n, side) for n in range(4)]
        foot = DEPTHS[cookie.depth]
        x, size = np.full(len(times), cookie.x), cookie.radius * unit
        place, ground = on_screen(x, foot + cookie.radius), on_screen(x, foot)[:, 1]
        depth, upright, choice = depths.index(cookie.depth), np.zeros(len(times)), taken.astype(float)
        bodies.insert(0, _Body(-1, depth, place, ground, upright, size, size, pictures, choice, 1.0, margin(pixels)))
    return sorted(bodies, key=lambda body: body.depth)
