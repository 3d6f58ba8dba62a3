"""Where everybody is at any time: the events of a shot solved in closed form. A pure function of time.

Who is where follows from the scene alone, so positions and velocities are known at every frame, and frames can be
made in any order. Built in the chapter on the toy world.
"""

from dataclasses import dataclass

import numpy as np

from .actions import ROUND, RUN, SPEED, WIDTHS, Pose, Start, eat_plan, push_gap, sign
from .scene import DEPTHS, GROUND, SIZES, Scene, Shot


@dataclass(frozen=True)
class States:
    """Arrays (A, T): actors in the order of shot.actors, times as asked. Units, units / s, radians."""

    x: np.ndarray  # middle of the body
    y: np.ndarray
    vx: np.ndarray  # exact derivatives; at a bounce, the speed after it
    vy: np.ndarray
    angle: np.ndarray  # counter-clockwise
    scale: np.ndarray  # multiplies SIZES[size]
    squash: np.ndarray  # vertical stretch; half-width r * scale / squash, half-height r * scale * squash
    colour_mix: np.ndarray  # 0..1: how far "change colour" has gone
    contact: np.ndarray  # bool: touching what it pushes, is pushed by, or eats
    to_colour: list[str]  # per actor; "" where it never changes. Only the first change in a shot counts


def half_width(kind: str, size: str) -> float:
    """Half-width in units of an upright body at scale 1."""
    return SIZES[size] * WIDTHS[kind]


def states(scene: Scene, shot: Shot, times) -> States:
    """Where the actors of `shot` are at `times` (T,), seconds of the shot's own clock."""
    times = np.asarray(times, dtype=np.float64)
    solver = _Solver(scene, shot)
    tracks = [solver.whole(i, times) for i in range(len(shot.actors))]
    if not tracks:
        empty = np.zeros((0, len(times)))
        return States(*[empty] * 8, empty.astype(bool), [])
    fields = [np.stack([track[f] for track in tracks]) for f in range(8)]  # (A, T) each
    contact = np.stack([track[8] for track in tracks]) > 0.5
    changes = [next((e.colour for e in actor.events if e.action == "change colour"), "") for actor in shot.actors]
    return States(*fields, contact, changes)


def bites(scene: Scene, shot: Shot, times) -> np.ndarray:
    """Bites taken off the shot's cookie so far: integers (T,) in 0..3 that never go down."""
    times = np.asarray(times, dtype=np.float64)
    taken = np.zeros(len(times), dtype=int)
    for i, k in _eaters(shot):
        event = shot.actors[i].events[k]
        moments = eat_plan(_Solver(scene, shot).start(i, k), event)[2]
        taken += (times[:, None] >= event.start + moments).sum(axis=1)
    return np.minimum(taken, 3)


def bite_side(scene: Scene, shot: Shot) -> str:
    """The side of the cookie that the (first) eater comes from: "left" or "right"."""
    for i, k in _eaters(shot):
        return "left" if sign(shot.actors[i].events[k], _Solver(scene, shot).start(i, k)) > 0 else "right"
    return "left"


def camera_path(scene: Scene, shot: Shot, times) -> tuple[np.ndarray, np.ndarray]:
    """(world x of the frame's middle, zoom factor), each (T,).

    A pan passes the world's middle halfway through the shot. A zoom in starts at 1, a zoom out ends at 1.
    "follow" keeps its target in the middle of the frame."""
    times = np.asarray(times, dtype=np.float64)
    cx, zoom, camera = np.zeros(len(times)), np.ones(len(times)), shot.camera
    share = np.clip(times / shot.seconds, 0.0, 1.0) if shot.seconds else np.zeros(len(times))
    if camera.move.startswith("pan"):
        cx = (times - shot.seconds / 2) * (camera.speed or 0.25) * (1 if camera.move == "pan right" else -1)
    elif camera.move == "zoom in":
        zoom = (camera.speed or 1.4) ** share
    elif camera.move == "zoom out":
        zoom = (camera.speed or 1.4) ** (1 - share)
    elif camera.move == "follow":
        cx = _Solver(scene, shot).whole(_actor(shot, camera.target), times)[0]
    return cx, zoom


def view(scene: Scene, cx, zoom) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(left, right, bottom, top) of what the camera sees, in world units; each (T,)."""
    width, height = scene.span
    middle = height / 2 - GROUND
    return cx - width / 2 / zoom, cx + width / 2 / zoom, middle - height / 2 / zoom, middle + height / 2 / zoom


def _eaters(shot: Shot) -> list[tuple[int, int]]:
    if shot.cookie is None:
        return []
    return [(i, k) for i, actor in enumerate(shot.actors) for k, e in enumerate(actor.events) if e.action == "eat"]


def _actor(shot: Shot, member: int) -> int:
    for i, actor in enumerate(shot.actors):
        if actor.member == member:
            return i
    raise ValueError(f"cast member {member} is a target but not in the shot, which has {[a.member for a in shot.actors]}. Add an Actor.")


class _Solver:
    """Solves one shot. An event asks only for what happened before it began, so no two actors wait for one another."""

    def __init__(self, scene: Scene, shot: Shot):
        self.scene, self.shot = scene, shot
        half = scene.span[0] / 2
        self.edge = (-half, half)

    def whole(self, i: int, times):
        """Own motion and that from being pushed: x, y, vx, vy, angle, scale, squash, mix, contact; each (T,)."""
        track = self.own(i, times)
        me = self.shot.actors[i].member
        for j, other in enumerate(self.shot.actors):
            for k, event in enumerate(other.events):
                if event.action == "push" and event.target == me and j != i:
                    self._pushed(track, i, j, k, times)
        return track

    def _pushed(self, track, i, j, k, times):
        event, start = self.shot.actors[j].events[k], self.start(j, k)
        d, v, gap = sign(event, start), event.speed or SPEED, push_gap(start)
        tau = np.clip(times - event.start, 0.0, event.end - event.start)
        moved = np.maximum(0.0, v * tau - gap)
        touching = (v * tau >= gap - 1e-9) & (times >= event.start) & self._goes_on(event, times)
        track[0] += d * moved
        track[2] += np.where(touching, d * v, 0.0)
        who = self.scene.cast[self.shot.actors[i].member]
        if who.kind in ROUND:
            track[4] -= d * moved / (SIZES[who.size] * track[5])
        track[8] = np.maximum(track[8], touching)

    def _goes_on(self, event, times):
        return (times < event.end) | (event.end >= self.shot.seconds - 1e-9)

    def start(self, i: int, k: int) -> Start:
        """Where event k of actor i finds it."""
        found: list[Start] = []
        self.own(i, np.zeros(0), found=found, upto=k)
        return found[k]

    def own(self, i: int, times, before: float = np.inf, found: list | None = None, upto: int = 99):
        """Motion by its own events that begin earlier than `before`; `found` collects where each event finds it."""
        actor = self.shot.actors[i]
        who = self.scene.cast[actor.member]
        r = SIZES[who.size]
        x0, h0, angle0, scale0, mix0 = actor.x, actor.y, 0.0, 1.0, 0.0
        if actor.events and actor.events[0].action == "fall" and not h0:
            h0 = actor.events[0].amount or 0.5
        n = len(times)
        out = np.zeros((9, n))  # x, h (then y), vx, vh (then vy), angle, scale, squash, mix, contact
        out[0], out[1], out[4], out[5], out[6] = x0, h0, angle0, scale0, 1.0
        vscale, vsquash = np.zeros(n), np.zeros(n)
        for k, event in enumerate(actor.events):
            if event.start >= before:
                break
            start = self._start_of(event, who, x0, h0, scale0, k == len(actor.events) - 1)
            if found is not None:
                found.append(start)
                if k == upto:
                    break
            tau = np.empty(n + 1)
            tau[:n], tau[n] = times, event.end
            tau = np.clip(tau - event.start, 0.0, event.end - event.start)
            pose: Pose = RUN[event.action](start, event, tau)
            turn = pose.turn - (pose.dx / start.r if pose.rolls and who.kind in ROUND else 0.0)
            values = np.empty((9, n + 1))
            values[0], values[1], values[2], values[3] = x0 + pose.dx, h0 + pose.dh, pose.vx, pose.vh
            values[4], values[5], values[6] = angle0 + turn, scale0 * pose.grow, pose.squash
            values[7], values[8] = np.maximum(pose.mix, mix0), pose.contact
            began, live = times >= event.start, self._goes_on(event, times)
            out = np.where(began, values[:, :n], out)
            for row in (2, 3, 8):
                out[row] *= np.where(began, live, 1.0)
            moving = began & live
            vscale = np.where(began, np.where(moving, (scale0 * pose.vgrow + np.zeros(n + 1))[:n], 0.0), vscale)
            vsquash = np.where(began, np.where(moving, (pose.vsquash + np.zeros(n + 1))[:n], 0.0), vsquash)
            x0, h0, angle0, scale0, mix0 = (float(values[row, n]) for row in (0, 1, 4, 5, 7))
        out[3] += r * (vscale * out[6] + out[5] * vsquash)
        out[1] += DEPTHS[actor.depth] + r * out[5] * out[6]  # feet stay where they are when the body grows or is squashed
        return out

    def _start_of(self, event, who, x, h, scale, last) -> Start:
        tx = tr = tw = 0.0
        if event.target >= 0:
            j = _actor(self.shot, event.target)
            target = self.scene.cast[event.target]
            there = self.own(j, np.array([event.start]), before=event.start)
            tx, tr = float(there[0, 0]), SIZES[target.size] * float(there[5, 0])
            tw = tr * WIDTHS[target.kind]
        return Start(who, x, h, scale, last, self.edge, tx, tr, tw, self.shot.cookie)
