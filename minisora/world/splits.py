"""The four splits: train, held-out seeds, held-out combinations, outside the range.

Seeds of different splits are separate streams: seed 5 of "train" and seed 5 of "heldout" have nothing in common.
"""

import random

from .actions import ROUND
from .scene import ACTIONS, COLOURS, KINDS

SPLITS = ("train", "heldout", "combinations", "outside")


def possible(kind: str, action: str) -> bool:
    """Balls and rings roll; the others slide."""
    return (action != "roll" or kind in ROUND) and (action != "slide" or kind not in ROUND)


def _held_out():
    # Of any two of the three, at most one third is missing: each kind still meets each action, each colour each action, and so on.
    return frozenset(
        (kind, colour, action)
        for k, kind in enumerate(KINDS)
        for c, colour in enumerate(COLOURS)
        for a, action in enumerate(ACTIONS)
        if (k + 3 * c + 5 * a) % 19 == 0 and possible(kind, action)
    )


HELD_OUT = _held_out()  # (kind, colour, action) that only the split "combinations" shows


def stream(split: str, seed: int) -> random.Random:
    """The random numbers of one seed of one split; the same on every machine."""
    if split not in SPLITS:
        raise ValueError(f"split={split!r}: there are {', '.join(SPLITS)}. Try split='train'.")
    return random.Random(f"minisora {split} {int(seed)}")
