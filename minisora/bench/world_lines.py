"""The suite "world" judged: what each test finds in its videos, and the lines of its report. Built in chapter 8.

Chance: for what a sentence asks, the right video of another case; for identity, somebody of another case in the second half; for births and
losses, a cut to the video of another case half-way; for physics, somebody who moves by the law of another case.
"""

from collections.abc import Iterator

import numpy as np

from .causes import eaten, pushed
from .census import steady
from .colours import label
from .hidden import PARTS as HIDING
from .hidden import came_back
from .identity import PARTS, Portrait, exchanged, over_time, portrait
from .judge import of_colour
from .lines import Makers
from .oracle import Cast, judge
from .parse import Person, parse, working_size
from .paths import keeps_its_way
from .physics import KNOWN, errors, law
from .report import LINES, Tally
from .world_cases import PHYSICS, WorldCase

CAUSES = ("bite taken", "bite stays", "bite by contact", "pushed moves", "moves after contact", "pushed not through")
ERRORS = tuple(f"{what} {where}" for what in ("velocity", "acceleration") for where in PHYSICS)  # units / s, units / s²; 0 is right
DIMENSIONS = (
    "permanence", *(f"permanence {part}" for part in ("hidden", *HIDING)), "permanence when hidden",
    "identity", *(f"identity {part}" for part in PARTS), "no births or losses",
    "cause and effect", *CAUSES, "sides under swap", "order under swap", "camera path", *ERRORS,
)  # fmt: skip
Found = list[tuple[str, bool | float]]


class Watched:
    """A video, (T, H, W, 3) uint8, and what the oracle sees in it."""

    def __init__(self, video: np.ndarray):
        self.video = working_size(video)
        self.labels, self.colour = label(self.video)
        self.seen = parse(video)

    def portrait(self, person: Person) -> Portrait:
        return portrait(person, self.labels, self.colour)

    def of(self, colour: str) -> Person | None:
        """Who has this colour at first: the largest, when there are several."""
        found = of_colour(self.seen, colour)
        return max(found, key=lambda person: np.nanmedian(person.area)) if found else None


def asked(case: WorldCase, videos: list[Watched], other: WorldCase | None = None) -> Found:
    """What a case's sentences ask for: (dimension, right), for physics (dimension, error). `other`: whose videos they are, if not its."""
    return _TESTS.get(case.test, _physics)(case, videos, other or case)


def unasked(case: WorldCase, watched: Watched) -> Found:
    """What is true of every video: everybody stays the same, nobody is born or lost."""
    turned = {case.ask.scene.cast[claim.members[0]].colour for claim in case.ask.claims if claim.value == "change colour"}
    found: Found = []
    for person in watched.seen.people:
        found += _identity(watched.portrait(person), ("eyes", "shape") if person.colour in turned else PARTS)
    return [*found, ("no births or losses", steady(watched.seen))]


def _identity(one: Portrait, ask: tuple[str, ...] = PARTS) -> Found:
    parts = over_time(one, ask)
    return [("identity", all(parts.values())), *((f"identity {part}", right) for part, right in parts.items())] if parts else []


def _colours(case: WorldCase) -> list[str]:
    return [case.ask.scene.cast[member].colour for member in case.who]


def _permanence(case, videos, other) -> Found:
    watched = videos[0]
    people = [watched.of(colour) for colour in _colours(case)]
    event, screen = case.event, people[1] if case.test == "hide" else None
    if people[0] is None or case.test == "hide" and screen is None:
        return [("permanence", False), *((f"permanence {part}", False) for part in ("hidden", *HIDING))]
    way = event.direction if case.test == "leave" else "across" if event.amount >= 0 else "back"
    parts = came_back(watched.seen, people[0], watched.portrait(people[0]), screen=screen, way=way, seconds=case.ask.seconds)
    found = [("permanence", all(parts.values())), *((f"permanence {part}", right) for part, right in parts.items())]
    return [*found, ("permanence when hidden", all(parts.values()))] if parts["hidden"] else found


def _cause(case, videos, other) -> Found:
    watched = videos[0]
    people = [watched.of(colour) for colour in _colours(case)]
    parts = eaten(watched.seen, people[0]) if case.test == "eat" else pushed(watched.seen, *people, case.event.direction)
    return [("cause and effect", all(parts.values())), *parts.items()]


def _swap(case, videos, other) -> Found:
    """Both videos of the pair must be right in what was swapped; that everybody is there is part of it."""
    name, dimension = {"sides": ("sides under swap", "relation"), "order": ("order under swap", "order")}[case.test]
    rights = []
    for ask, watched in zip(case.asks, videos, strict=True):
        verdicts = zip((claim for claim in ask.claims if claim.shot == 0), judge(watched.seen, ask.claims), strict=True)
        rights += [right for claim, (_, right) in verdicts if claim.dimension == dimension]
    return [(name, all(rights))]


def _camera(case, videos, other) -> Found:
    claim = next(claim for claim in case.ask.claims if claim.dimension == "camera")
    whom = Cast(videos[0].seen, case.ask.claims).people(claim.other) if claim.other else None
    return [("camera path", keeps_its_way(videos[0].seen, videos[0].video, videos[0].labels, claim.value, whom))]


def _physics(case, videos, other) -> Found:
    """Errors of everybody who is judged."""
    found: Found = []
    scene = case.ask.scene
    index = {actor.member: number for number, actor in enumerate(scene.shots[0].actors)}
    colours = _colours(other)
    for number, member in enumerate(case.who):
        person = videos[0].of(colours[number % len(colours)])
        path, judged = law(scene, index[member])
        found += zip((f"velocity {case.test}", f"acceleration {case.test}"), errors(person, path, judged), strict=True)
    return found


_TESTS = {"hide": _permanence, "leave": _permanence, "eat": _cause, "push": _cause, "sides": _swap, "order": _swap, "camera": _camera}


def videos_of(line: str, case: WorldCase, truths: list[np.ndarray], makers: Makers) -> list[np.ndarray]:
    """The case's videos as a line of the report makes them: "truth", "autoencoder" or "model"."""
    if line == "truth":
        return truths
    if line == "autoencoder":
        return [makers.autoencoder(video) for video in truths]
    if case.test in PHYSICS:
        return [makers.continuation(case.ask, truths[0], KNOWN)]
    return [makers.model(ask) for ask in case.asks]


def run(
    cases: list[WorldCase], lines: tuple[str, ...], makers: Makers, start: int = 0, tallies: dict[str, Tally] | None = None
) -> Iterator[tuple[int, dict[str, Tally]]]:
    """Judges case after case; yields how many are done, and the tallies, which grow.

    start, tallies: where an earlier run was cut off, and what it had found.
    """
    tallies = tallies or {line: Tally() for line in LINES if line in lines}
    for index, case in list(enumerate(cases))[start:]:
        truths = [ask.truth() for ask in case.asks]
        for line in tallies:
            if line == "chance":
                _by_chance(tallies[line], cases, index, truths)
                continue
            videos = [Watched(video) for video in videos_of(line, case, truths, makers)]
            tallies[line].put(asked(case, videos))
            if case.test not in PHYSICS:
                tallies[line].put(unasked(case, videos[0]))
        yield index + 1, tallies


def dimensions(tallies: dict[str, Tally]) -> tuple[str, ...]:
    """The rows of the report, in order."""
    return DIMENSIONS


def _by_chance(tally: Tally, cases: list[WorldCase], index: int, truths: list[np.ndarray]) -> None:
    case = cases[index]
    alike = [k for k, one in enumerate(cases) if (one.test, one.ask.seconds) == (case.test, case.ask.seconds)]
    other = cases[alike[(alike.index(index) + 1) % len(alike)]]
    if other is case:
        return
    strange = [Watched(ask.truth()) for ask in other.asks]
    tally.put(asked(case, strange, other))
    if case.test in PHYSICS:
        return
    middle, own = len(truths[0]) // 2, Watched(truths[0])
    for one, two in zip(own.seen.people, strange[0].seen.people, strict=False):
        tally.put(_identity(exchanged(own.portrait(one), strange[0].portrait(two))))
    cut = Watched(np.concatenate([truths[0][:middle], strange[0].video[middle:]]))
    tally.put([("no births or losses", steady(cut.seen))])
