"""Which sentences are asked: held-out scenes, their captions, and what these claim. Built in chapter 8."""

import random
from dataclasses import dataclass

import numpy as np

from minisora.errors import UserError
from minisora.world.caption import caption, claims
from minisora.world.render import render
from minisora.world.sample import sample_scene
from minisora.world.scene import Scene

SHAPES = (((2.0, 64, 64), 14), ((2.0, 64, 96), 2), ((2.0, 96, 64), 2), ((4.0, 64, 64), 2))  # seconds, height, width; how often of 20
STYLES = (("detailed", 14), ("short", 3), ("paraphrase", 3))
VERSION = 1  # counts up when the same seed asks something else


@dataclass(frozen=True)
class Case:
    """One sentence, the scene that it was written for, and what it claims."""

    seed: int
    scene: Scene
    prompt: str
    claims: tuple
    seconds: float
    height: int
    width: int

    @property
    def characters(self) -> int:
        return len(self.scene.cast)

    def truth(self) -> np.ndarray:
        """The scene as the world draws it, (T, H, W, 3) uint8."""
        return render(self.scene, self.height, self.width)


def core(n: int, seed: int = 0, split: str = "heldout") -> list[Case]:
    """One, two or three characters in turn; mostly 2 seconds at 64×64 and captions that say all there is. split: one of `world.splits`."""
    cases = []
    for index in range(n):
        rng = random.Random(f"minisora bench core {seed} {index}")
        (seconds, height, width), style = (rng.choices(*zip(*table, strict=True))[0] for table in (SHAPES, STYLES))
        number = rng.randrange(2**31)
        scene = sample_scene(number, seconds, width / height, split, characters=1 + index % 3)
        text = caption(scene, style, number)
        cases.append(Case(number, scene, text.text, tuple(claims(scene, text)), seconds, height, width))
    return cases


SUITES = ("core", "world", "modes", "splits")
RUNNERS = {"world": "world_lines", "modes": "modes"}  # where a suite's own `run` and `dimensions` are; else in lines
SPLITS = ("heldout", "combinations", "outside")  # what the suite "splits" compares: the same questions of other scenes


def suite(name: str, n: int, seed: int = 0) -> dict[str, list]:
    """The cases of a suite, `n` in all, under the name of the split that they are from. Raises UserError for a name that is none."""
    if name not in SUITES:
        raise UserError(f"--suite {name}: there are {', '.join(SUITES)}. Type: minisora bench --suite core")
    if name == "world":
        from .world_cases import world

        return {"heldout": world(n, seed)}
    if name == "modes":
        from .mode_cases import modes

        return {"heldout": modes(n, seed)}
    if name == "splits":
        return {split: core(-(-n // len(SPLITS)), seed, split) for split in SPLITS}
    return {"heldout": core(n, seed)}
