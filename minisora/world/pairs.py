"""Two characters that have to do with each other, as one unit of a shot: who is how big, who stands where, who moves when."""

from .actions import ROUND
from .scene import Event
from .stage import RANGES, REACH, Entity, NoRoom, Place, Stage, Unit

COVERS = ("ball", "box", "heart")  # outlines that hide somebody wholly


class PairStage(Stage):
    """A stage that also knows what two do together. Each piece takes what it needs from `slack` or raises NoRoom."""

    def together(self, action: str, a: Entity, b: Entity) -> Unit:
        """`a` does `action` to `b`, or stands in that relation to `b`. Who is acted on stands still unless chased or pushed."""
        for who in (a, b):
            if len(who.members) > 1:
                raise NoRoom
        pieces = {
            "jump over": self._jump, "hide": self._hide, "chase": self._chase, "push": self._push,
            "above": self._above, "behind": self._behind,
        }  # fmt: skip
        return pieces[action](a, b)

    def _jump(self, a, b):
        self.cast(a, "jump over", sizes=("small", "medium"))
        self.cast(b, "stay", sizes=("small", "medium"))
        d = self.pick((-1, 1))
        half = a.w + b.w + 0.05
        spare = self.slack - (2 * half - 2 * b.w)
        if spare < 0 or self.seconds < 1.7:
            raise NoRoom
        run = self.between(0, min(0.25, spare))
        self._under((2 * b.r + 0.03) / (1 - ((b.w + 0.2 * a.w) / half) ** 2) + 2 * a.r)
        self.slack = spare - run
        event = Event("jump over", 0.0, min(self.seconds, 2.6), _side(d), b.members[0])
        x = -d * (half + run)
        return _unit([Place(a.members[0], x, events=(event,)), self._still(b)], [x - d * a.w, d * (half + a.w)], [a, b])

    def _hide(self, a, b):
        self.cast(b, "stay", kinds=COVERS, sizes=("medium", "large"))
        self.cast(a, "hide", sizes=("small", "medium") if b.size == "large" and b.kind != "heart" else ("small",))
        if b.kind == "heart" and b.size != "large":
            raise NoRoom
        d, least = self.pick((-1, 1)), a.w + b.w + 0.03
        most = min(least + 0.15, 0.24 * self.seconds)
        across = self.odds(0.6)
        spare = self.slack - (2 if across else 1) * (least + a.w - b.w) + 2 * a.w
        if spare < 0 or most < least - 0.05:
            raise NoRoom
        way = self.between(least, max(least, min(most, least + spare / 2)))
        out = self.between(least, max(least, min(most, least + spare / 2))) if across else -way
        self.slack -= way + (out if across else 0) + (2 if across else 1) * (a.w - b.w) - 2 * a.w
        event = Event("hide", 0.0, min(self.seconds, 5.0), _side(d), b.members[0], amount=round(out, 3))
        ends = [-d * (way + a.w), d * (out + a.w) if across else d * b.w]
        return _unit([Place(a.members[0], -d * way, events=(event,)), self._still(b, "front")], ends, [a, b])

    def _chase(self, a, b):
        self.cast(a, "chase")
        going = self.pick(("slide", "roll")) if not b.kind else "roll" if b.kind in ROUND else "slide"
        self.cast(b, going)
        d = self.pick((-1, 1))
        gap = self.between(0.05, 0.14)
        speed, length = self._travel(*self.span("travel"), min(self.seconds, 4.0), self.slack - gap)
        apart = a.w + b.w + gap
        self.slack -= gap + speed * length
        run = Event("chase", 0.0, length, _side(d), b.members[0], speed)
        away = Event(going, 0.0, length, _side(d), speed=speed)
        places = [Place(a.members[0], -d * apart, events=(run,)), Place(b.members[0], 0.0, events=(away,))]
        return _unit(places, [-d * (apart + a.w), d * (speed * length + b.w)], [a, b])

    def _push(self, a, b):
        self.cast(a, "push")
        self.cast(b, "stay")
        d = self.pick((-1, 1))
        gap = self.between(0.05, 0.12)
        speed, length = self._travel(*self.span("travel"), min(self.seconds, 3.0), self.slack)
        moved = round(speed * length - gap, 3)
        if moved < 0.12:
            raise NoRoom
        self.slack -= gap + moved
        event = Event("push", 0.0, length, _side(d), b.members[0], speed)
        x = -d * (a.w + b.w + gap)
        return _unit([Place(a.members[0], x, events=(event,)), self._still(b)], [x - d * a.w, d * (moved + b.w)], [a, b])

    def _above(self, a: Entity, b: Entity) -> Unit:
        """`a` hovers over `b`."""
        high, low = self.pick(("stay", "stay", "spin", "change colour")), self.pick(("stay", "stay", "stay", "change colour"))
        self.cast(a, high, sizes=("small", "medium"))
        self.cast(b, low, sizes=("small", "medium"))
        y = round(2 * b.r + self.between(0.05, 0.12), 3)
        self._under(y + 2 * a.r * (REACH if high == "spin" else 1))
        x, wide = self.between(-0.06, 0.06), a.w * (REACH if high == "spin" else 1)
        places = [Place(a.members[0], x, y, events=(self._event(high),)), Place(b.members[0], 0.0, events=(self._event(low),))]
        unit = _unit(places, [min(-b.w, x - wide), max(b.w, x + wide)], [a, b])
        self.slack -= unit.width - 2 * (a.w + b.w)
        return unit

    def _behind(self, a: Entity, b: Entity) -> Unit:
        """`a` stands behind `b` and is seen in part."""
        doing = self.pick(("stay", "stay", "hop", "change colour"))
        self.cast(a, doing)
        self.cast(b, "stay")
        if b.r > a.r + 0.06:
            raise NoRoom
        x = self.pick((-1, 1)) * round(self.between(0.55, 0.85) * (a.w + b.w), 3)
        event = self._event(doing, amount=self.between(*RANGES["hop"][0]) if doing == "hop" else 0.0)
        self._under(2 * a.r + event.amount + 0.08)
        unit = _unit([Place(a.members[0], x, 0.0, "back", (event,)), self._still(b, "front")], [x - a.w, x + a.w, -b.w, b.w], [a, b])
        self.slack -= unit.width - 2 * (a.w + b.w)
        return unit

    def _still(self, who: Entity, depth: str = "middle") -> Place:
        return Place(who.members[0], 0.0, 0.0, depth, (self._event("stay"),))

    def _event(self, action: str, **more) -> Event:
        extra = {"direction": self.pick(("left", "right")), "speed": self.between(*RANGES["spin"][0])} if action == "spin" else {}
        return Event(action, 0.0, self.seconds, **extra, **more)


def _side(d: float) -> str:
    return "right" if d > 0 else "left"


def _unit(places, ends, entities) -> Unit:
    return Unit(places, min(ends), max(ends), entities)
