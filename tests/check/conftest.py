"""Answers to exercises, taken from the chapters' sources."""

from collections.abc import Callable
from functools import cache

import pytest


@cache
def chapter(number: int):
    """The chapter's source, read once."""
    import chapters

    found = [path for path in chapters.sources() if int(path.name[:2]) == number]
    if not found:
        pytest.skip(f"chapter {number} is not written yet")
    return chapters.read(found[0])


@pytest.fixture
def solution() -> Callable:
    """`solution("2.1")`: what the chapter's own answer defines, as the check is given it (a tuple, where it is given several)."""
    import chapters

    return lambda number: chapters.answer(chapter(int(number[0])), number)


@pytest.fixture
def stub() -> Callable:
    """`stub("2.1")`: the same of the learner's unfinished cell."""
    import chapters

    return lambda number: chapters.answer(chapter(int(number[0])), number, "stub")


@pytest.fixture
def told(capsys) -> Callable:
    """`told("2.1", answer)`: the line that `check` prints."""
    from minisora.check import check

    def line(number: str, *answers) -> str:
        capsys.readouterr()
        assert check(number, *answers) is None
        printed = capsys.readouterr().out.strip()
        assert "\n" not in printed, "more than one line"
        return printed

    return line
