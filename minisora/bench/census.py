"""Is anybody born, lost, or moved by magic? In the toy world nobody is: who goes behind something or out of the frame comes back.

Asked of every video, whatever its sentence said. OpenAI names "spontaneous appearance of objects" among Sora's weaknesses (2024).
Who is seen for less than three frames is not counted: two colours that mix at an edge look like that. Built in chapter 8.
"""

from dataclasses import dataclass

import numpy as np

from .colours import apart
from .identity import clear
from .parse import Person, Seen
from .track import BLEND

EDGE = 0.07  # units from the frame's edge at which one may go out of it or come in
TOUCH = 0.05  # units from somebody at which one may go behind them
PART = 0.8  # of its usual area: who goes out of sight, or comes back, is seen in part before or after
LEAP, RUN = 0.30, 0.14  # units that a body may move at once, and for each frame in which it is not seen


@dataclass(frozen=True)
class Change:
    """Something that cannot be: `what` is "born", "lost" or "jumped"."""

    what: str
    colour: str
    frame: int


def steady(seen: Seen) -> bool:
    """Whether somebody is there and nobody is born, lost or moved by magic."""
    return bool(seen.people) and not changes(seen)


def changes(seen: Seen) -> list[Change]:
    """All that cannot be in a video, in order of time."""
    found = []
    for person in seen.people:
        there = np.flatnonzero(person.track.seen)
        first, last = int(there[0]), int(there[-1])
        if first > 0 and not _way_out(seen, person, first):
            found.append(Change("born", person.colour, first))
        if last < seen.frames - 1 and not (last == seen.frames - 2 and _way_out(seen, person, last)):
            found.append(Change("lost", person.colour, last + 1))  # gone for good, even if for a reason
        for a, b in zip(there[:-1].tolist(), there[1:].tolist(), strict=True):
            found += _between(seen, person, a, b)
    return sorted(found, key=lambda change: change.frame)


def _between(seen: Seen, person: Person, a: int, b: int) -> list[Change]:
    """What is wrong with a person that is seen in frame a and next in frame b."""
    turning = person.track.blobs[a].colour != person.track.blobs[b].colour  # between two colours it has neither for a moment
    if b > a + 1 and not (turning and b - a - 1 <= BLEND):
        wrong = [] if _way_out(seen, person, a) else [Change("lost", person.colour, a + 1)]
        wrong += [] if _way_out(seen, person, b) else [Change("born", person.colour, b)]
        if wrong:
            return wrong
    way = np.hypot(person.x[b] - person.x[a], person.y[b] - person.y[a])
    return [Change("jumped", person.colour, b)] if way > LEAP + RUN * (b - a - 1) else []


def _way_out(seen: Seen, person: Person, t: int) -> bool:
    """Whether a person who is seen in frame t can have gone from there, or come there, unseen: past the edge, or behind somebody."""
    blob, free = person.track.blobs[t], clear(person.track)
    usual = np.median(person.area[free]) if free.any() else np.nanmax(person.area)
    if person.area[t] > PART * usual:
        return False  # nobody goes or comes all at once
    width, height = seen.span
    beside, above = max(abs(blob.left), abs(blob.right)), max(abs(blob.bottom), abs(blob.top))
    if blob.cut or beside > width / 2 - EDGE or above > height / 2 - EDGE:
        return True
    for other in (*seen.people, *seen.cookies):
        screen = other.track.blobs[t]
        if other is not person and screen is not None and apart(blob, screen) < TOUCH:
            return True
    return False
