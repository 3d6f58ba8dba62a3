"""Every exercise of every chapter: its own answer is right, its stub is not done yet, and nothing is asked without a judge."""

import chapters
import pytest

from minisora.check.core import CHAPTERS, exercises

SOURCES = {int(path.name[:2]): path for path in chapters.sources()}
JUDGED = [one.number for number in CHAPTERS for one in exercises(number)]

each = pytest.mark.parametrize("number", JUDGED)


@each
def test_the_chapters_own_answer_is_right(number, solution, told):
    assert told(number, solution(number)).startswith(f"✓ {number}")


@each
def test_the_stub_is_not_done_yet(number, stub, told):
    assert told(number, stub(number)).startswith(f"○ {number}")


@pytest.mark.parametrize("number", CHAPTERS)
def test_what_is_asked_is_judged_and_what_is_judged_is_asked(number):
    asked = list(chapters.read(SOURCES[number]).exercises)
    assert asked == [one.number for one in exercises(number)] and 4 <= len(asked) <= 6


def test_the_course_has_at_least_thirty():
    assert len(JUDGED) >= 30
