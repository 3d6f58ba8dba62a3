"""What the suite "world" asks: scenes in which somebody hides, leaves, eats, is pushed or goes on by the law. Built in chapter 8.

All are drawn as training draws them, from held-out seeds, until one has what is to be tested; so none is easier than the world itself.
"""

import random
from dataclasses import dataclass, replace

from minisora.world.caption import caption, claims
from minisora.world.check import relations_if_in_view
from minisora.world.sample import sample_scene
from minisora.world.scene import Camera, Event, Relation, Scene
from minisora.world.splits import HELD_OUT

from .physics import MOTIONS, movers
from .suites import Case

TESTS = ("hide", "leave", "eat", "push", "sides", "order", "camera", "inside", "combinations", "outside")  # asked in turn
CAST = {"hide": (2, 3), "leave": (1, 2), "eat": (1, 2), "push": (2, 3), "sides": (2,), "order": (1,), "camera": (1, 2)}  # others: 1, 2
MOVES = ("pan left", "pan right", "zoom in", "zoom out", "follow")
SWAPPED = ("slide", "roll", "hop", "spin", "grow", "shrink", "change colour")  # can be done in either order
PHYSICS = {"inside": "heldout", "combinations": "combinations", "outside": "outside"}  # which split shows it
SIDE = 0.25  # units from the middle at which two stand who change places
TRIES = 4000


@dataclass(frozen=True)
class WorldCase:
    """One test: the sentences that it asks with one seed, one or a pair, and whom it watches (indices in Scene.cast)."""

    test: str
    asks: tuple[Case, ...]
    who: tuple[int, ...] = ()

    @property
    def ask(self) -> Case:
        return self.asks[0]

    @property
    def event(self) -> Event:
        """What the first of `who` does."""
        return next(actor.events[0] for actor in self.ask.scene.shots[0].actors if actor.member == self.who[0])


def world(n: int, seed: int = 0) -> list[WorldCase]:
    """The tests in turn, all at 64×64; hiding and leaving last 2 and 4 seconds in turn, all others 2."""
    return [world_case(index, seed) for index in range(n)]


def world_case(index: int, seed: int = 0) -> WorldCase:
    """Case number `index` of `world`, for whoever does not want to wait for all."""
    return _case(TESTS[index % len(TESTS)], index // len(TESTS), seed)


def _case(test: str, turn: int, seed: int) -> WorldCase:
    rng = random.Random(f"minisora bench world {test} {seed} {turn}")
    seconds = 4.0 if test in ("hide", "leave") and turn % 2 else 2.0
    cast = CAST.get(test, (1, 2))
    for _ in range(TRIES):
        number = rng.randrange(2**31)
        scene = sample_scene(number, seconds, 1.0, PHYSICS.get(test, "heldout"), characters=cast[turn % len(cast)])
        made = _DRAW.get(test, _alone)(scene, test, turn)
        if made is None:
            continue
        scenes, who = made
        asks = tuple(_ask(number, one) for one in scenes)
        if all(_says(one, test) for one in asks):
            return WorldCase(test, asks, who)
    raise RuntimeError(f"{test}, seed={seed}: no scene shows it. Try another seed.")


def _ask(number: int, scene: Scene) -> Case:
    text = caption(scene, "detailed", number)
    return Case(number, scene, text.text, tuple(claims(scene, text)), scene.seconds, 64, 64)


def _says(ask: Case, test: str) -> bool:
    """Whether the caption tells what is tested."""
    dimension = {"sides": "relation", "order": "order", "camera": "camera"}.get(test)
    if dimension:
        return any(claim.dimension == dimension for claim in ask.claims)
    return test in PHYSICS or any(claim.dimension == "motion" and claim.value == test for claim in ask.claims)


def _alone(scene: Scene, test: str, turn: int):
    """Scenes in which somebody does what the test is about, and nothing else; the camera stands still."""
    shot = scene.shots[0]
    colours = [one.colour for one in scene.cast]
    for actor in shot.actors:
        event = actor.events[0]
        alone = len(actor.events) == 1 or test == "eat" and event.action == "eat"
        known = all(colours.count(scene.cast[m].colour) == 1 for m in (actor.member, event.target) if m >= 0)
        if event.action == test and alone and known and shot.camera.move == "still":
            if test in ("hide", "leave") and event.end < scene.seconds:
                return None
            return (scene,), (actor.member, event.target) if event.target >= 0 else (actor.member,)
    return None


def _sides(scene: Scene, test: str, turn: int):
    """Two who stand still, and the same two the other way round."""
    a, b = scene.cast
    if a.colour == b.colour or any((one.kind, one.colour, "stay") in HELD_OUT for one in scene.cast):
        return None
    made = []
    for left, right in ((0, 1), (1, 0)):
        actors = tuple(
            replace(actor, x=-SIDE if actor.member == left else SIDE, y=0.0, depth="middle", events=(Event("stay", 0.0, scene.seconds),))
            for actor in scene.shots[0].actors
        )
        shot = replace(scene.shots[0], actors=actors, camera=Camera(), cookie=None, relations=(Relation("left of", left, right),))
        made.append(replace(scene, shots=(shot,)))
        if relations_if_in_view(made[-1], shot, [[0], [1]]) is None:
            return None
    return tuple(made), (0, 1)


def _order(scene: Scene, test: str, turn: int):
    """One who does two things, and the same two the other way round."""
    shot, actor = scene.shots[0], scene.shots[0].actors[0]
    if len(actor.events) != 2 or shot.camera.move != "still":
        return None
    a, b = actor.events
    if a.action == b.action or a.action not in SWAPPED or b.action not in SWAPPED:
        return None
    late, early = scene.seconds - a.end, b.start - a.end
    first = replace(b, start=round(early, 3), end=round(early + b.end - b.start, 3))
    then = replace(a, start=round(a.start + late, 3), end=round(scene.seconds, 3))
    turned = replace(shot, actors=(replace(actor, events=(first, then)),))
    if relations_if_in_view(scene, turned, [[0]]) is None:
        return None
    return (scene, replace(scene, shots=(turned,))), (0,)


def _camera(scene: Scene, test: str, turn: int):
    move = scene.shots[0].camera.move
    return ((scene,), ()) if move == MOVES[turn % len(MOVES)] else None


def _physics(scene: Scene, test: str, turn: int):
    """Somebody goes on by the law in front of a camera that stands still."""
    shot = scene.shots[0]
    if shot.camera.move != "still":
        return None
    found = []
    for index in movers(scene):
        actor, who = shot.actors[index], scene.cast[shot.actors[index].member]
        if actor.events[0].action not in MOTIONS[turn % len(MOTIONS)]:
            continue
        if test != "combinations" or (who.kind, who.colour, actor.events[0].action) in HELD_OUT:
            found.append(actor.member)
    return ((scene,), tuple(found)) if found else None


_DRAW = {"sides": _sides, "order": _order, "camera": _camera, **dict.fromkeys(PHYSICS, _physics)}
