"""The checkers of the exercises: `check("2.1", your_function)` says in one line whether it is right, and if not, what is likely the cause.

    from minisora.check import check

Every chapter has its own file (`chapter1.py` …), loaded when an exercise of the chapter is first checked. Built in chapter 1.
"""

from minisora.check.core import Wrong, check, exercise, grade, same

__all__ = ["Wrong", "check", "exercise", "grade", "same"]
