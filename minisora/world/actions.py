"""What each action does to a body, in closed form: a function of the seconds since the action began.

Every action is a function (start, event, tau) -> Pose. `tau` (T,) are the seconds since the event's start, already
held inside [0, event's length]. A Pose says how far the body has come from where the event found it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .scene import GRAVITY, RESTITUTION, SIZES, Character, Cookie, Event

WIDTHS = {  # half-width as a share of the half-height
    "ball": 1.0, "box": 0.93, "triangle": 1.03, "star": 1.06, "heart": 1.05, "cross": 1.0, "ring": 1.02, "drop": 0.78,
}  # fmt: skip
ROUND = ("ball", "ring")  # these roll: whoever moves them along the ground turns them
SPEED = 0.30  # units / s where an event names none
HOP_HEIGHT = 0.14
TOUCHDOWN = 0.14  # seconds that a landing is felt
DENT = 0.16  # how much flatter a landing makes the body
SMALLEST_BOUNCE = 0.004  # units: lower bounces are left out


@dataclass(frozen=True)
class Start:
    """Where an event finds its actor, and what it needs to know of the others. x, h: units; h is the feet's height."""

    who: Character
    x: float
    h: float
    scale: float
    last: bool  # nothing follows this event
    edge: tuple[float, float]  # x of the frame's left and right edge
    target_x: float = 0.0
    target_r: float = 0.0  # half-height of the target, units
    target_w: float = 0.0  # its half-width
    cookie: Cookie | None = None

    @property
    def r(self) -> float:
        return SIZES[self.who.size] * self.scale

    @property
    def w(self) -> float:
        return self.r * WIDTHS[self.who.kind]


@dataclass
class Pose:
    """What an action has done so far: arrays (T,) or plain numbers. `v...` are exact derivatives by time."""

    dx: Any = 0.0
    vx: Any = 0.0
    dh: Any = 0.0  # feet's height, added
    vh: Any = 0.0
    turn: Any = 0.0  # radians, added to the angle, besides what rolling adds
    grow: Any = 1.0  # multiplies the scale
    vgrow: Any = 0.0
    squash: Any = 1.0
    vsquash: Any = 0.0
    mix: Any = 0.0
    contact: Any = False
    rolls: Any = True  # whether moving along turns a round body


def sign(event: Event, start: Start) -> float:
    """+1 to the right, -1 to the left; towards the target (or the cookie) when the event names no direction."""
    if event.direction:
        return 1.0 if event.direction == "right" else -1.0
    goal = start.cookie.x if event.action == "eat" and start.cookie else start.target_x
    return 1.0 if event.target < 0 and event.action != "eat" or goal >= start.x else -1.0


def smooth(u):
    """0 to 1 with flat ends, and its derivative; u (T,) is held inside [0, 1]."""
    u = np.clip(u, 0.0, 1.0)
    return u * u * (3 - 2 * u), 6 * u * (1 - u)


def dent(since, length=TOUCHDOWN):
    """Squash `since` seconds after (before: negative, no effect) a landing that is felt for `length`, and its derivative."""
    u = since / length
    on = (u > 0) & (u < 1)
    phase = np.pi * np.where(on, u, 0.0)
    return 1 - DENT * np.sin(phase) ** 2, -DENT * np.sin(2 * phase) * np.pi / length


def flight(height: float) -> float:
    """Seconds that a body thrown up to `height` stays in the air."""
    return 2 * np.sqrt(2 * max(height, 1e-9) / GRAVITY)


def stay(start, event, tau):
    return Pose()


def slide(start, event, tau):
    v = sign(event, start) * (event.speed or SPEED)
    return Pose(dx=v * tau, vx=v)


def hop_plan(event: Event) -> tuple[int, float, float, float]:
    """(number of hops, seconds from one to the next, seconds in the air, pull): as many whole hops as fit.

    Only an event shorter than one hop is hurried (pull > GRAVITY)."""
    length, height = event.end - event.start, event.amount or HOP_HEIGHT
    air = flight(height)
    count = max(1, int(length / (air + 0.5 * TOUCHDOWN) + 1e-6))
    period = length / count
    air = min(air, 0.9 * period)
    return count, period, air, 8 * height / air**2


def hop(start, event, tau):
    count, period, air, pull = hop_plan(event)
    number = np.minimum(np.floor(tau / period + 1e-9), count - 1)
    lead = (period - air) / 2  # crouch, fly, land
    local = tau - number * period - lead
    flying = (local > 0) & (local < air)
    u = np.clip(local, 0.0, air)
    v = sign(event, start) * event.speed * period / air if event.direction else 0.0  # mean speed is event.speed
    felt = max(min(lead, TOUCHDOWN), 1e-3)
    down, vdown = dent(local - air, felt)
    crouch, vcrouch = dent(local + felt, felt)
    return Pose(
        dx=v * (u + number * air), vx=np.where(flying, v, 0.0),
        dh=pull / 2 * u * (air - u), vh=np.where(flying, pull * (air / 2 - u), 0.0),
        squash=down + crouch - 1, vsquash=vdown + vcrouch, rolls=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Jump:
    """How a jump over somebody goes: run up, fly, stand. Seconds and units."""

    run: float  # distance of the run-up, along the direction (may be negative: a step back)
    run_time: float
    reach: float  # distance covered in the air
    height: float
    air: float


def jump_plan(start: Start, event: Event) -> Jump:
    """The lowest parabola under GRAVITY that clears the target by a little (or `event.amount` high)."""
    d = sign(event, start)
    half = start.w + start.target_w + 0.05  # take-off to the target's middle
    clear = 1 - ((start.target_w + 0.2 * start.w) / half) ** 2
    height = event.amount or (2 * start.target_r + 0.03) / clear
    run = d * (start.target_x - start.x) - half
    air, length = flight(height), event.end - event.start
    air = min(air, 0.9 * length)  # too short an event hurries the jump
    run_time = min(abs(run) / (event.speed or 0.42), 0.94 * length - air)
    return Jump(run, max(run_time, 1e-3), 2 * half, height, air)


def jump_over(start, event, tau):
    plan, d = jump_plan(start, event), sign(event, start)
    ready = plan.run_time + min(0.06, (event.end - event.start - plan.run_time - plan.air) / 2)
    local = tau - ready
    flying, running = (local > 0) & (local < plan.air), tau < plan.run_time
    u, pull = np.clip(local, 0.0, plan.air), 8 * plan.height / plan.air**2
    down, vdown = dent(local - plan.air)
    ran = np.minimum(tau / plan.run_time, 1.0)
    v_run, v_air = d * plan.run / plan.run_time, d * plan.reach / plan.air
    return Pose(
        dx=d * plan.run * ran + v_air * u, vx=np.where(running, v_run, np.where(flying, v_air, 0.0)),
        dh=pull / 2 * u * (plan.air - u), vh=np.where(flying, pull * (plan.air / 2 - u), 0.0),
        squash=down, vsquash=vdown,
    )  # fmt: skip


def fall(start, event, tau):
    """Down from where it is, with bounces. Bounces that would not end within the event are left out if another follows."""
    height = start.h
    t = np.sqrt(2 * max(height, 0.0) / GRAVITY)  # the next landing
    speed = GRAVITY * t
    dh, vh = -GRAVITY / 2 * np.minimum(tau, t) ** 2, np.where(tau < t, -GRAVITY * tau, 0.0)
    squash, vsquash = dent(tau - t)
    while True:
        speed *= RESTITUTION
        air = 2 * speed / GRAVITY
        if speed**2 / (2 * GRAVITY) < SMALLEST_BOUNCE or (start.last and t > tau[-1]) or (not start.last and t + air > tau[-1]):
            break
        u = np.clip(tau - t, 0.0, air)
        dh = dh + GRAVITY / 2 * u * (air - u)
        vh = np.where((tau >= t) & (tau < t + air), speed - GRAVITY * u, vh)
        t += air
    return Pose(dh=dh, vh=vh, squash=squash, vsquash=vsquash)


def float_up(start, event, tau):
    v, sway, w = event.speed or 0.18, 0.02, 2 * np.pi / 1.6
    return Pose(dx=sway * np.sin(w * tau), vx=sway * w * np.cos(w * tau), dh=v * tau, vh=v, rolls=False)


def spin(start, event, tau):
    d = -1.0 if event.direction == "right" else 1.0  # speed: turns / s
    return Pose(turn=d * 2 * np.pi * (event.speed or 0.6) * tau)


def grow(start, event, tau):
    factor = event.amount or (1.5 if event.action == "grow" else 0.65)
    length = event.end - event.start
    u, vu = smooth(tau / length)
    return Pose(grow=1 + (factor - 1) * u, vgrow=(factor - 1) * vu / length)


def circle(start, event, tau):
    length = event.end - event.start
    turns = max(1, round(length * (event.speed or 0.5)))  # speed: turns / s
    rho, d, w = event.amount or 0.14, sign(event, start), 2 * np.pi * turns / length
    phase = w * tau
    return Pose(
        dx=d * rho * np.sin(phase), vx=d * rho * w * np.cos(phase),
        dh=rho * (1 - np.cos(phase)), vh=rho * w * np.sin(phase), rolls=False,
    )  # fmt: skip


def there_and_on(tau, length, way, back, share):
    """Go `way`, wait, go `back` (signed units along x); `share` of the length is spent waiting."""
    leg = length * (1 - share) / 2
    after = tau - (length - leg)
    dx = way * np.minimum(tau / leg, 1.0) + back * np.clip(after / leg, 0.0, 1.0)
    return dx, np.where(tau < leg, way / leg, np.where(after > 0, back / leg, 0.0))


def hide(start, event, tau):
    """Goes behind the target, waits, comes out. amount: how far past the target it ends; negative: on its own side again."""
    way = start.target_x - start.x
    d = 1.0 if way >= 0 else -1.0
    out = d * (event.amount or abs(way))
    length = event.end - event.start
    dx, vx = there_and_on(tau, length, way, out, min(0.3, 0.8 / length + 0.1))
    return Pose(dx=dx, vx=vx)


def leave(start, event, tau):
    """Out of the frame on one side, and back to its place."""
    d = sign(event, start)
    way = start.edge[1] + start.w + 0.03 - start.x if d > 0 else start.edge[0] - start.w - 0.03 - start.x
    dx, vx = there_and_on(tau, event.end - event.start, way, -way, 0.22)
    return Pose(dx=dx, vx=vx)


def push(start, event, tau):
    v, gap = event.speed or SPEED, push_gap(start)
    d = sign(event, start)
    return Pose(dx=d * v * tau, vx=d * v, contact=v * tau >= gap - 1e-9)


def push_gap(start: Start) -> float:
    """Distance between pusher and pushed when the pushing event begins."""
    return max(0.0, abs(start.target_x - start.x) - start.w - start.target_w)


def eat_plan(start: Start, event: Event) -> tuple[float, float, np.ndarray]:
    """(distance to the cookie, seconds to get there, seconds of the bites)."""
    length = event.end - event.start
    goal = start.cookie.x if start.cookie else start.x
    way = max(0.0, abs(goal - start.x) - start.w - (start.cookie.radius if start.cookie else 0.0) + 0.03)
    arrive = max(1e-3, min(way / (event.speed or 0.35), 0.55 * length))
    count = int(event.amount) or 2
    each = min(0.5, (length - arrive) / count)
    return way, arrive, arrive + each * (np.arange(count) + 0.5)


def eat(start, event, tau):
    way, arrive, bites = eat_plan(start, event)
    d, moving = sign(event, start), tau < arrive
    nod = np.zeros_like(tau)
    each = 2 * (bites[0] - arrive)
    for bite in bites:
        u = np.clip((tau - bite) / each + 0.5, 0.0, 1.0)
        nod = nod + np.sin(np.pi * u) ** 2
    return Pose(
        dx=d * way * np.minimum(tau / arrive, 1.0), vx=np.where(moving, d * way / arrive, 0.0),
        turn=-d * 0.3 * nod, contact=~moving,
    )  # fmt: skip


def change_colour(start, event, tau):
    length = event.end - event.start
    blend = min(0.4, 0.8 * length)
    return Pose(mix=smooth((tau - length / 2) / blend + 0.5)[0])


RUN = {
    "stay": stay, "slide": slide, "roll": slide, "hop": hop, "jump over": jump_over, "fall": fall, "float": float_up,
    "spin": spin, "grow": grow, "shrink": grow, "circle": circle, "hide": hide, "leave": leave, "chase": slide,
    "push": push, "eat": eat, "change colour": change_colour,
}  # fmt: skip
