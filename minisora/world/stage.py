"""The pieces that a shot is put together from: who takes part, what they do, and how much room that needs.

A Unit is one character, or several that have to do with one another, with their places relative to the unit and the
stretch of ground that it needs for the whole shot. Units side by side never touch. A piece that does not fit raises
NoRoom, and the sampler draws again.
"""

from dataclasses import dataclass, field
from dataclasses import replace as _replace

from .actions import WIDTHS
from .scene import KINDS, SIZES, Cookie, Event
from .splits import HELD_OUT, possible

GAP = 0.035  # units between neighbours
EDGE = 0.015  # units between anybody and the frame's edge
REACH = 1.25  # a turning body needs this times its half-width
RANGES = {  # in the range / outside it
    "travel": ((0.20, 0.42), (0.55, 0.80)),  # units / s
    "hop along": ((0.12, 0.35), (0.40, 0.60)),
    "hop": ((0.10, 0.18), (0.24, 0.34)),  # units
    "fall": ((0.35, 0.60), (0.75, 1.00)),
    "float": ((0.12, 0.25), (0.32, 0.45)),  # units / s
    "spin": ((0.4, 0.9), (1.2, 1.6)),  # turns / s
    "circle": ((0.4, 0.625), (0.8, 1.0)),  # turns / s
    "grow": ((1.35, 1.60), (1.8, 2.0)),  # factors
    "shrink": ((0.60, 0.72), (0.42, 0.50)),
}
OUTSIDE = ("slide", "roll", "hop", "fall", "float", "spin", "circle", "grow", "shrink")  # actions that leave the range
GROUNDED = ("slide", "roll", "hop", "eat")  # nobody does these in the air
KIND_WEIGHTS = {  # wide outlines fit less often, so they are tried more often
    "ball": 0.9, "box": 0.9, "triangle": 1.3, "star": 1.25, "heart": 1.15, "cross": 1.2, "ring": 1.1, "drop": 0.8,
}  # fmt: skip


class NoRoom(Exception):
    """This draw does not fit; draw another."""


@dataclass
class Entity:
    """One character, or `count` copies of one. Empty strings are not chosen yet."""

    members: list[int]  # indices in Scene.cast
    kind: str = ""
    size: str = ""
    colour: str = ""
    actions: list[str] = field(default_factory=list)

    @property
    def r(self) -> float:
        return SIZES[self.size]

    @property
    def w(self) -> float:
        return self.r * WIDTHS[self.kind]


@dataclass
class Place:
    """Where one member of a unit stands, relative to the unit."""

    member: int
    x: float
    y: float = 0.0
    depth: str = "middle"
    events: tuple[Event, ...] = ()


@dataclass
class Unit:
    places: list[Place]
    low: float  # the stretch of ground needed, relative to the unit's x = 0
    high: float
    entities: list[Entity]
    edge: str = ""  # "left" or "right": must be the outermost there
    reach: float = 1.0  # with an edge: how far its stretch may be from it
    cookie: Cookie | None = None

    @property
    def width(self) -> float:
        return self.high - self.low


class Stage:
    """The room and the random numbers of one shot in the making."""

    def __init__(self, rng, seconds, room, height, sizes, split="train"):
        self.rng, self.seconds, self.split = rng, seconds, split
        self.room = room  # width that may be filled, units
        self.height = height  # from the ground to the upper edge, units
        self.sizes = sizes  # weights of small, medium, large
        self.slack = room

    # Chance -----------------------------------------------------------------------------------------------------------

    def pick(self, options):
        return options[int(self.rng.random() * len(options))]

    def odds(self, share: float) -> bool:
        return self.rng.random() < share

    def between(self, low: float, high: float) -> float:
        return round(low + (high - low) * self.rng.random(), 3)

    def weighted(self, weights: dict):
        point = self.rng.random() * sum(weights.values())
        for option, weight in weights.items():
            point -= weight
            if point < 0:
                return option
        return option

    def span(self, name: str) -> tuple[float, float]:
        return RANGES[name][self.split == "outside" and name in RANGES]

    # Casting ----------------------------------------------------------------------------------------------------------

    def cast(self, who: Entity, action: str, kinds=KINDS, sizes=("small", "medium", "large")):
        """Give `who` a kind and size that can do `action`, or raise NoRoom when it has others already."""
        kinds = [k for k in kinds if possible(k, action)]
        if not who.kind:
            if not kinds:
                raise NoRoom
            who.kind = self.weighted({k: KIND_WEIGHTS[k] for k in kinds})
        if not who.size:
            weights = {s: w for s, w in zip(SIZES, self.sizes, strict=True) if s in sizes and w}
            if not weights:
                raise NoRoom
            who.size = self.weighted(weights)
        taboo = self.split != "combinations" and (who.kind, who.colour, action) in HELD_OUT
        if who.kind not in kinds or who.size not in sizes or taboo:
            raise NoRoom
        who.actions.append(action)

    # Alone ------------------------------------------------------------------------------------------------------------

    def solo(self, who: Entity, plan: list[tuple[str, float, float]]) -> list[Unit]:
        """`who` does one thing after another; plan: (action, start, end). One unit for each copy, all alike."""
        for action, _, _ in plan:
            self.cast(who, action)
        at = _Cursor(who)
        events, edge, cookie = [], "", None
        for action, start, end in plan:
            events.append(self._do(at, action, start, end, first=not events))
            if action == "leave":
                edge = events[-1].direction
            if action == "eat":
                cookie = at.cookie
        count = len(who.members)
        if count > 1 and (edge or cookie):
            raise NoRoom
        path = tuple(events)
        if count == 1 or path[0].action == "stay":
            self.slack -= (at.high - at.low - 2 * who.w) * count
            units = [Unit([Place(m, 0.0, at.y0, "middle", path)], at.low, at.high, [who], edge, at.reach, cookie) for m in who.members]
        else:  # copies move in step, side by side
            apart = round(2 * at.half + GAP, 3)
            places = [Place(m, n * apart, at.y0, "middle", path) for n, m in enumerate(who.members)]
            units = [Unit(places, at.low, at.high + (count - 1) * apart, [who])]
            self.slack -= units[0].width - 2 * who.w * count - GAP * (count - 1)
        if self.slack < -1e-6:
            raise NoRoom
        return units

    def _do(self, at: "_Cursor", action: str, start: float, end: float, first: bool) -> Event:
        who, length = at.who, end - start
        r, w = who.r * at.scale, who.w * at.scale
        free = self.slack
        side = self.pick(("left", "right"))
        sign = 1 if side == "right" else -1
        event = Event(action, round(start, 3), round(end, 3))
        if at.h and action in GROUNDED:
            raise NoRoom
        if action in ("slide", "roll") or action == "hop" and self.odds(0.7):
            low, high = self.span("hop along" if action == "hop" else "travel")
            speed, length = self._travel(low, high, length, free)
            late = self.between(0, end - start - length) if end - start > length and self.odds(0.4) else 0.0
            start = round(start + late, 3)
            at.move(sign * speed * length, w)
            event = _replace(event, start=start, end=round(start + length, 3), direction=side, speed=speed)
        if action == "hop":
            event = _replace(event, amount=self.between(*self.span("hop")))
            self._under(event.amount + 2 * r + at.h)
        elif action == "fall":
            if first:
                low, high = self.span("fall")
                top = high if self.split == "outside" else min(high, self.height - 2 * r)
                if top < 0.9 * low:
                    raise NoRoom
                at.y0 = self.between(min(low, 0.95 * top), top)
                event = _replace(event, amount=at.y0)
            elif at.h < 0.15:
                raise NoRoom
            at.h = 0.0
        elif action == "float":
            low, high = self.span("float")
            limit = self.height - 2 * r - at.h
            speed = self.between(low, min(high, max(low, limit / min(length, 1.3))))
            length = round(min(length, limit / speed), 3)
            if length < (0.5 if self.split == "outside" else 0.7):
                raise NoRoom
            at.h += speed * length
            at.stretch(w + 0.02)
            event = _replace(event, end=round(start + length, 3), speed=speed)
        elif action == "spin":
            at.stretch(w * REACH)
            event = _replace(event, direction=side, speed=self.between(*self.span("spin")))
        elif action in ("grow", "shrink"):
            factor = self.between(*self.span(action))
            self._under(2 * r * factor + at.h)
            at.scale *= factor
            at.stretch(who.w * at.scale)
            event = _replace(event, amount=factor)
        elif action == "circle":
            low, high = self.span("circle")
            turns = max(1, round(length * self.between(low, high)))
            if length < 0.99 * turns / high:
                raise NoRoom
            rho = self.between(0.10, min(0.20, max(0.10, (self.height - 2 * r - at.h) / 2), max(0.10, free / 2)))
            self._under(2 * rho + 2 * r + at.h)
            at.low, at.high = min(at.low, at.x - w - rho), max(at.high, at.x + w + rho)
            event = _replace(event, direction=side, amount=rho, speed=round(turns / length, 4))
        elif action == "leave":
            if not first or length < 1.4:
                raise NoRoom
            at.reach = min(0.62, 0.75 * length * 0.39) - 2 * w - 0.03  # nobody runs out faster than that
            event = _replace(event, direction=side)
        elif action == "eat":
            count, radius = self.pick((1, 2, 3)), 0.11
            way = self.between(0.06, min(0.35, max(0.06, free - 2 * radius)))
            speed = max(0.28, round(way / (0.5 * length), 3))
            if at.cookie or length < 0.95 or way / speed > 0.56 * length:
                raise NoRoom
            at.cookie = Cookie(round(at.x + sign * (w + way - 0.03 + radius), 3), radius)
            at.move(sign * way, w)
            at.low, at.high = min(at.low, at.cookie.x - radius), max(at.high, at.cookie.x + radius)
            event = _replace(event, direction=side, speed=speed, amount=float(count))
        return event

    def _travel(self, low, high, length, free) -> tuple[float, float]:
        """A speed in the range and seconds, so that the way fits into `free`."""
        shortest = min(length, (0.6 if self.split == "outside" else 1.2)) * 0.85
        speed = self.between(low, high)
        if speed * length > free:
            speed = max(low, min(speed, round(free / shortest - 0.001, 3)))
            length = round(min(length, free / speed), 3)
        if length < shortest - 0.02:
            raise NoRoom
        return speed, length

    def _under(self, top: float):
        if top > self.height:
            raise NoRoom


class _Cursor:
    """Where a lone actor has got to while its events are being drawn, relative to where it starts."""

    def __init__(self, who: Entity):
        self.who, self.x, self.h, self.y0, self.scale, self.reach = who, 0.0, 0.0, 0.0, 1.0, 1.0
        self.low, self.high, self.half = -who.w, who.w, who.w
        self.cookie: Cookie | None = None

    def stretch(self, half: float):
        self.half = max(self.half, half)
        self.low, self.high = min(self.low, self.x - half), max(self.high, self.x + half)

    def move(self, way: float, half: float):
        self.x += way
        self.stretch(half)
