"""Assignments under many seeds: the answer gets all points, every known mistake loses some, a stub gets none."""

import pytest

from minisora.classroom.problem import CHAPTERS, problem
from minisora.errors import UserError

SEEDS = range(6)
each = pytest.mark.parametrize("chapter", CHAPTERS)


def points(made, part, body=None) -> int:
    """What an answer to a part gets: the tests run like a grader runs them, one after the other."""
    space: dict = {}
    exec(made.imports, space)
    exec(part.function(body), space)
    got = 0
    for test in part.tests:
        try:
            exec(test.code, dict(space))
            got += test.points
        except (AssertionError, NotImplementedError, RuntimeError, IndexError):
            pass
    return got


@each
def test_the_answer_gets_all_points_and_a_stub_none(chapter):
    for seed in SEEDS:
        made = problem(chapter, seed)
        for part in made.parts:
            assert points(made, part) == part.points, (seed, part.name)
            assert points(made, part, "raise NotImplementedError") == 0, (seed, part.name)


@each
def test_a_known_mistake_loses_points(chapter):
    for seed in SEEDS:
        made = problem(chapter, seed)
        for part in made.parts:
            for what, body in part.mistakes.items():
                assert points(made, part, body) < part.points, (seed, part.name, what)


@each
def test_the_same_seed_gives_the_same_assignment_and_others_differ(chapter):
    assert problem(chapter, 3) == problem(chapter, 3)
    assert len({str(problem(chapter, seed).drawn) for seed in range(12)}) >= 6


@each
def test_it_is_worth_working_on(chapter):
    made = problem(chapter, 0)
    assert 10 <= made.points <= 20 and len(made.parts) >= 3 and 30 <= made.minutes <= 60
    for part in made.parts:
        assert part.mistakes and any(test.hidden for test in part.tests)


def test_there_is_no_other_chapter():
    with pytest.raises(UserError, match="Try --chapter 1"):
        problem(0, 1)
