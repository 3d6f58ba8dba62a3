"""The cases of the suite "modes": held-out scenes, each for one mode. Built in chapter 8."""

import random
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from minisora.world.caption import caption, claims
from minisora.world.sample import sample_scene
from minisora.world.scene import COLOURS, LOOKS, PLACES, Scene

from .suites import Case

MODES = ("animate", "extend", "drift", "backward", "fill", "connect", "loop", "edit", "image", "sizes")
SECONDS = {"drift": 5.0, "connect": 3.0, "image": 0.0}  # of the scene; 2 for the others
SHAPES = (  # seconds, height, width of what `sizes` asks for
    ("size 64x64", 2.0, 64, 64), ("size 96x64", 2.0, 64, 96), ("size 64x96", 2.0, 96, 64), ("size 80x64", 2.0, 64, 80),
    ("length 1 s", 1.0, 64, 64), ("length 4 s", 4.0, 64, 64),
)  # fmt: skip
EDITS = ("place", "look", "colour")


@dataclass(frozen=True)
class ModeCase:
    """asks: the scene; for `connect` perhaps a second one; for `sizes` one of each shape."""

    mode: str
    asks: tuple[Case, ...]
    target: Case | None = None  # what an edit asks for
    changed: tuple[str, str, str] = ("", "", "")  # the claim that it changes: dimension, new value, old value

    @property
    def ask(self) -> Case:
        return self.asks[0]

    @cached_property
    def truth(self) -> np.ndarray:
        return self.ask.truth()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, *_ in SHAPES[: len(self.asks)])


def modes(n: int, seed: int = 0) -> list[ModeCase]:
    """`n` cases, the modes in turn, with one, two and three characters in turn."""
    cases = []
    for number in range(n):
        mode, index = MODES[number % len(MODES)], number // len(MODES)
        rng = random.Random(f"minisora bench modes {mode} {seed} {index}")
        people = 1 + index % 3
        if mode == "sizes":
            cases.append(ModeCase(mode, tuple(_case(rng, people, *shape[1:]) for shape in SHAPES)))
            continue
        first = _case(rng, people, SECONDS.get(mode, 2.0), style="short" if mode == "backward" else "detailed")
        if mode == "edit":
            cases.append(_edited(first, EDITS[index // 3 % 3], rng))
            continue
        second = [_case(rng, people, 3.0)] if mode == "connect" and index % 2 else []
        cases.append(ModeCase(mode, (first, *second)))
    return cases


def _case(rng: random.Random, people: int, seconds: float, height: int = 64, width: int = 64, style: str = "detailed") -> Case:
    number = rng.randrange(2**31)
    scene = sample_scene(number, seconds, width / height, "heldout", characters=people, shots=1)
    return _told(number, scene, seconds, height, width, style)


def _told(number: int, scene: Scene, seconds: float, height: int, width: int, style: str) -> Case:
    text = caption(scene, style, number)
    return Case(number, scene, text.text, tuple(claims(scene, text)), seconds, height, width)


def _edited(first: Case, dimension: str, rng: random.Random) -> ModeCase:
    """The case and its twin in which one thing is another."""
    scene, shot = first.scene, first.scene.shots[0]
    if dimension == "place":
        old, new = shot.place, rng.choice([place for place in PLACES if place != shot.place])
        scene = replace(scene, shots=(replace(shot, place=new),))
    elif dimension == "look":
        old, new = scene.look, rng.choice([look for look in LOOKS if look != scene.look])
        scene = replace(scene, look=new)
    else:
        taken = {who.colour for who in scene.cast} | {event.colour for actor in shot.actors for event in actor.events}
        old, new = scene.cast[0].colour, rng.choice([colour for colour in COLOURS if colour not in taken])
        scene = replace(scene, cast=tuple(replace(who, colour=new) if who.colour == old else who for who in scene.cast))
    target = _told(first.seed, scene, first.seconds, first.height, first.width, "detailed")
    return ModeCase("edit", (first,), target, (dimension, new, old))
