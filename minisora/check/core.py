"""What all checkers share: the list of exercises, and the one line that a learner reads. Built in chapter 1.

    @exercise("2.1", "a causal convolution")
    def causal(answer):
        same(called(answer, x), target, causes={"it sees one frame of the future": target_of_a_known_mistake})

The function takes what the learner made and raises `Wrong("a sentence")` when it is not right.
"""

import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from minisora.check.compare import Wrong, called, same
from minisora.errors import UserError, one_line

__all__ = ["Exercise", "Wrong", "called", "check", "exercise", "exercises", "grade", "same"]
OURS = Path(__file__).resolve().parent.parent  # the package: errors raised below it are told by the learner's line that led there
CHAPTERS = range(1, 8)


@dataclass(frozen=True)
class Exercise:
    """One exercise: its number ("2.1"), its title, and the function that judges answers to it."""

    number: str
    title: str
    judge: Callable[..., object]


_KNOWN: dict[str, Exercise] = {}


def exercise(number: str, title: str) -> Callable[[Callable], Callable]:
    """Registers the decorated function as the judge of exercise `number`: it takes the learner's answer or answers, and raises `Wrong`."""

    def register(judge: Callable) -> Callable:
        _KNOWN[number] = Exercise(number, title, judge)
        return judge

    return register


def exercises(chapter: int) -> list[Exercise]:
    """The exercises of a chapter, in order. Raises UserError for a chapter without any."""
    try:
        import_module(f"minisora.check.chapter{chapter}")
    except ModuleNotFoundError as error:
        if error.name != f"minisora.check.chapter{chapter}":
            raise
        raise UserError(f"chapter {chapter} has no exercises. Chapters with exercises: {CHAPTERS[0]} to {CHAPTERS[-1]}.") from None
    mine = [one for one in _KNOWN.values() if one.number.split(".")[0] == str(chapter)]
    return sorted(mine, key=lambda one: int(one.number.split(".")[1]))


def check(number: Any, *answers: Any) -> None:
    """Judges an answer to exercise `number` and prints one line.

    "✓ 2.1 …" it is right; "✗ 2.1 …" it is not, and what is likely the cause; "○ 2.1 …" it is not done yet (the answer raises
    NotImplementedError, or is None or `...`). Where a picture tells more, target and answer are shown below the line.
    Raises UserError when there is no such exercise, or its number is not in quotes; whatever the answer does wrong is told, not raised.
    """
    found = _find(number)
    head = f"{found.number} {found.title}"
    if not answers or any(answer is None or answer is ... for answer in answers):
        return print(f"○ {head}: not done yet")
    try:
        found.judge(*answers)
    except Wrong as wrong:
        print(f"✗ {head}: {wrong}")
        _side_by_side(wrong)
    except NotImplementedError as error:
        print(f"✗ {head}: {_stopped(error)}" if "aten::" in str(error) else f"○ {head}: not done yet")
    except Exception as error:  # whatever a learner's code may raise
        print(f"✗ {head}: {_stopped(error)}")
    else:
        print(f"✓ {head}")


def grade(number: Any, *answers: Any) -> None:
    """Like `check`, for autograders: silent when the answer is right, and an AssertionError with the cause when it is not."""
    found = _find(number)
    try:
        found.judge(*answers)
    except NotImplementedError as error:
        raise AssertionError(f"{number}: not done yet") from error
    except Wrong as wrong:
        raise AssertionError(f"{number}: {wrong}") from None
    except Exception as error:
        raise AssertionError(f"{number}: {_stopped(error)}") from error


def _find(number: Any) -> Exercise:
    if not isinstance(number, str):
        meant = number if re.fullmatch(r"\d\.\d+", str(number)) else "1.1"
        raise UserError(f'write check("{meant}", …): the number of the exercise in quotes.')
    if not re.fullmatch(r"\d\.\d+", number):
        raise UserError(f'{number!r} is not the number of an exercise. Try check("1.1", your_function).')
    known = {one.number: one for one in exercises(int(number[0]))}
    if number not in known:
        raise UserError(f"there is no exercise {number}. Chapter {number[0]} has {', '.join(known)}.")
    return known[number]


def _stopped(error: Exception) -> str:
    """An exception in a line: what it says, and the learner's line that led to it."""
    frames = traceback.extract_tb(error.__traceback__)
    away = [Path(one.filename).is_relative_to(OURS) or "site-packages" in one.filename or one.filename[0] == "<" for one in frames]
    theirs = [frame for frame, not_theirs in zip(frames, away, strict=True) if not not_theirs]
    said = f"{type(error).__name__}: {one_line(error, 160)}"
    if not theirs:
        return f"what you gave does not fit here ({said})"
    line = f" `{theirs[-1].line}`" if theirs[-1].line else ""
    return f"your code stopped in line {theirs[-1].lineno}{line} with {said}"


def _side_by_side(wrong: Wrong) -> None:
    """The pictures that a `Wrong` carries, in a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if wrong.pictures and shell is not None:
        from minisora.show import gallery

        yours, target = wrong.pictures
        gallery([target, yours], ["the target", "yours"], alt=f"The target, and beside it what your code makes: {wrong}")
