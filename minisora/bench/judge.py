"""Is what a sentence claims to be seen in the video? One small question after another to what the oracle saw. Built in chapter 8."""

import numpy as np

from minisora.world.scene import ACTIONS

from .features import others
from .parse import Person, Seen
from .verbs import DIRECTIONS

MOST = 0.8  # of the frames in which two are seen, a relation must hold in this share
SOME = 0.18  # of the frames (at least 3), an action must be seen in this share
LEFT = (1.0, 0.86, 0.76, 0.61)  # of a cookie's area after 0 to 3 bites
DEEPER = 0.06  # units: whoever stands behind stands this much higher in the picture


def of_colour(seen: Seen, colour: str) -> list[Person]:
    """Everybody who has this colour at first."""
    return [person for person in seen.people if person.colour == colour]


def is_kind(people: list[Person], kind: str) -> bool:
    return bool(people) and all(person.kind == kind for person in people)


def is_size(people: list[Person], size: str) -> bool:
    return bool(people) and all(person.size == size for person in people)


def related(a: Person, b: Person, relation: str) -> bool:
    """Whether `a` stands in `relation` (one of RELATIONS) to `b` while both are seen."""
    both = a.track.seen & b.track.seen
    if not both.any():
        return False
    dx = (a.x - b.x)[both]
    if relation in ("left of", "right of"):
        return bool((dx < 0 if relation == "left of" else dx > 0).mean() >= MOST)
    if relation in ("above", "below"):
        high, low = (a, b) if relation == "above" else (b, a)
        over = (high.bottom > low.y)[both] & (np.abs(dx) < 1.2 * (_half(high) + _half(low)))
        return bool(over.mean() >= MOST)
    back, front = (a, b) if relation == "behind" else (b, a)
    lower = np.nanmin(back.bottom) > np.nanmin(front.bottom) + DEEPER
    return bool(lower and (np.abs(dx) < 1.1 * (_half(back) + _half(front))).mean() >= 0.5)


def _half(person: Person) -> float:
    return float(np.nanmedian(person.scale)) * 1.05


def done(person: Person, action: str, direction: str = "", turns: str = "") -> np.ndarray:
    """The frames (T,) bool in which a person does `action`; none where direction or new colour are not as claimed.

    direction: "left", "right", "in place", or "" when nothing is said of it. turns: the colour it must end with, or "".
    """
    on = person.actions.argmax(0) == ACTIONS.index(action)
    nothing = np.zeros_like(on)
    if direction and on.any():
        wanted = DIRECTIONS.index("" if direction == "in place" else direction)
        if person.directions[:, on].mean(1).argmax() != wanted:
            on = on & (person.directions.argmax(0) == wanted)  # the same may be done first one way, then another
    if turns and person.turns != turns:
        return nothing
    return on if on.sum() >= max(3, SOME * min(len(on), 17)) else nothing


def does(seen: Seen, person: Person, action: str, direction: str = "", turns: str = "", whom: list[Person] | None = None) -> bool:
    """Whether a person does `action` (in `direction`, turning into the colour `turns`, to one of `whom`) for a part of the video."""
    on = done(person, action, direction, turns)
    if action == "stay":
        return bool(on.mean() >= 0.6)
    if not on.any():
        return False
    if whom is None:
        return True
    everybody = [*seen.people, *seen.cookies]
    columns = [1 + k for k, j in enumerate(others(len(everybody), _index(everybody, person))) if any(everybody[j] is one for one in whom)]
    return bool(columns) and bool(person.targets[:, on].mean(1).argmax() in columns)


def _index(everybody: list[Person], person: Person) -> int:
    return next(k for k, one in enumerate(everybody) if one is person)


def in_order(person: Person, first: tuple[str, str], then: tuple[str, str], turns: tuple[str, str] = ("", "")) -> bool:
    """Whether a person does one (action, direction) and later the other."""
    a, b = done(person, *first, turns[0]), done(person, *then, turns[1])
    if not a.any() or not b.any():
        return False
    if first == then:
        return True  # twice the same: it is seen to be done, and nobody can say which comes first
    frames = np.arange(len(a))
    return bool(frames[a].mean() < frames[b].mean())


def bitten(cookies: list[Person], bites: int) -> bool:
    """Whether so many bites were taken off a cookie, by the area that is left."""
    for cookie in cookies:
        area = cookie.area[cookie.track.seen]
        left = float(np.median(area[-3:]) / np.median(area[:3]))
        if int(np.abs(np.array(LEFT) - left).argmin()) == bites:
            return True
    return False


def came_out(person: Person, screen: Person) -> str:
    """On which side of `screen` somebody ends who hid behind it: "across" on the other side, "back" where it came from."""
    side = np.sign((person.x - np.nanmedian(screen.x))[person.track.seen])
    return "" if not len(side) else "back" if side[0] == side[-1] else "across"


def followed(seen: Seen, person: Person) -> bool:
    """Whether the camera travels and keeps a person in the middle of the frame."""
    travels = np.ptp(seen.camera.x) > 0.12
    on_screen = person.x - seen.camera.x
    return bool(travels and np.nanmax(np.abs(on_screen)) < 0.09)


def camera_does(seen: Seen, move: str, whom: list[Person] | None = None) -> bool:
    """Whether the camera makes `move`, one of CAMERAS; `whom`: of whom one is followed."""
    if move == "follow":
        return any(followed(seen, person) for person in (seen.people if whom is None else whom))
    return seen.camera.move == move
