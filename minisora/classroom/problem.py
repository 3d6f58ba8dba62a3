"""What an assignment is made of: parts that ask for one function each, and tests that give points for it.

A chapter's module (`chapter1.py` …) has one function, `problem(draw)`, that makes a Problem of a seeded random.Random: the same question
with other numbers for every seed. One source, three ways out: for nbgrader, for Otter, and as a rubric to read (`export.py`).
"""

import random
from dataclasses import dataclass
from importlib import import_module
from textwrap import dedent, indent

from minisora.errors import UserError

CHAPTERS = range(1, 8)


@dataclass(frozen=True)
class Test:
    """Lines of Python that raise AssertionError when the answer is wrong, what they are worth, whether students see them, what earns it."""

    __test__ = False  # for pytest: this is none of its own

    name: str
    points: int
    hidden: bool
    code: str
    earns: str


@dataclass(frozen=True)
class Part:
    """One function that is asked for: the text above it, its head, the answer's body, tests, and mistakes {what it is: the body}."""

    name: str
    text: str
    head: str
    body: str
    tests: tuple[Test, ...]
    mistakes: dict[str, str]

    @property
    def points(self) -> int:
        return sum(test.points for test in self.tests)

    def function(self, body: str | None = None, begin: str = "", end: str = "") -> str:
        """The head with a body (the answer's, unless another is given), between markers if there are any."""
        lines = [begin, dedent(self.body if body is None else body).strip("\n"), end]
        return dedent(self.head).strip("\n") + "\n" + indent("\n".join(line for line in lines if line), "    ")


@dataclass(frozen=True)
class Problem:
    """An assignment of a chapter, with the numbers that the seed drew."""

    chapter: int
    title: str
    minutes: int
    intro: str
    parts: tuple[Part, ...]
    drawn: dict[str, object]
    imports: str = "import math\n\nimport torch\nfrom torch import Tensor"

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)


def problem(chapter: int, seed: int) -> Problem:
    """The assignment of a chapter under a seed. Raises UserError for a chapter without one."""
    if chapter not in CHAPTERS:
        raise UserError(f"--chapter {chapter}: there are assignments for chapters {CHAPTERS[0]} to {CHAPTERS[-1]}. Try --chapter 1.")
    draw = random.Random(f"minisora {chapter} {seed}")
    return import_module(f"minisora.classroom.chapter{chapter}").problem(draw)


def visible(name: str, points: int, earns: str, code: str) -> Test:
    """A test that students see and can run."""
    return Test(name, points, False, dedent(code).strip("\n"), earns)


def hidden(name: str, points: int, earns: str, code: str) -> Test:
    """A test that only the grader runs."""
    return Test(name, points, True, dedent(code).strip("\n"), earns)
