"""What a learner is told: one line, with the cause, and never a traceback."""

import re
import sys
import types

import numpy as np
import pytest
import torch

from minisora.check import Wrong, check, core, exercise, same
from minisora.check.compare import squares
from minisora.check.core import called
from minisora.errors import UserError

X = torch.arange(24.0).reshape(2, 3, 4)


@pytest.fixture
def nine(monkeypatch):
    """A chapter 9 with one exercise: double a tensor."""
    module = types.ModuleType("minisora.check.chapter9")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(core, "_KNOWN", {})

    @exercise("9.1", "twice as much")
    def twice(answer):
        x = torch.ones(3)
        same(called(answer, x), 2 * x, {"that is its square": x**2}, name="twice x")


def cause(yours, target, **options) -> str:
    with pytest.raises(Wrong) as wrong:
        same(yours, target, **options)
    return str(wrong.value)


def test_an_array_of_another_shape_than_a_known_mistake_is_told_its_shape():
    told = cause(np.zeros((2, 3)), np.zeros((2, 4)), causes={"that is the mistake": np.zeros((3, 4))})
    assert "shape" in told and "mistake" not in told


def test_right_wrong_and_not_done_yet(nine, told):
    def stub(x):
        raise NotImplementedError

    assert told("9.1", lambda x: 2 * x) == "✓ 9.1 twice as much"
    assert told("9.1", lambda x: x**2) == "✗ 9.1 twice as much: that is its square"
    for nothing in (stub, None, ...):
        assert told("9.1", nothing) == "○ 9.1 twice as much: not done yet"


def test_an_error_in_the_answer_is_told_with_its_line(nine, told):
    def broken(x):
        return 2 * x + torch.ones(7)

    line = told("9.1", broken)
    assert line.startswith("✗ 9.1") and "`return 2 * x + torch.ones(7)`" in line and "RuntimeError" in line
    assert "takes 0 positional arguments" in told("9.1", lambda: 3)
    assert "it is an int; a function is asked" in told("9.1", 3)


def test_an_answer_that_returns_nothing_or_writes_into_its_argument(nine, told):
    assert "returns nothing" in told("9.1", lambda x: print(end=""))
    assert "changes the tensor that it is given (argument 1)" in told("9.1", lambda x: x.mul_(2))


def test_an_exercise_that_is_not_there(nine):
    for number, says in (("9.2", "Chapter 9 has 9.1"), ("8.1", "chapter 8 has no exercises"), ("two", "not the number")):
        with pytest.raises(UserError, match=says):
            core.check(number, print)


def test_a_number_without_quotes(nine):
    for judge in (core.check, core.grade):
        for number, meant in ((9.1, "9.1"), (9, "1.1"), (print, "1.1")):
            with pytest.raises(UserError, match=re.escape(f'write check("{meant}", …): the number of the exercise in quotes')):
                judge(number, print)


def test_equal_things_pass():
    for yours, target in ((X + 1e-7, X), (3, 3), (torch.tensor(3.0), 3), (np.float64(0.5), 0.5), ((X, 2), (X, 2)), ({"a": X}, {"a": X})):
        same(yours, target)
    same(X.requires_grad_(), X.detach())


@pytest.mark.parametrize(
    "yours, target, says",
    [
        (X.numpy(), X, "is a numpy array; a tensor of shape (2, 3, 4)"),
        (X.transpose(1, 2), X, "but the axes stand in the order (B, D, N)"),
        (X[:, :2], X, "N is one too short"),
        (X[None], X, "an axis of size 1 too many"),
        (X.flatten(), X, "only grouped in another way"),
        (X.int(), X, "of type int32; float32 is asked"),
        (X.double(), X, "of type float64; float32 is asked"),
        (-X, X, "the sign is not"),
        (X / 2, X, "every number is half of what is asked"),
        (X * 0.3, X, "every number is 0.3 times what is asked"),
        (X + 0.5, X, "every number is +0.5 off"),
        (X.flip(1), X, "the order is not: N runs backwards"),
        (X.roll(1, 2), X, "one step off along D"),
        (X[..., :2].transpose(0, 2), X[..., :2], "the order is not: B and D are swapped"),
        (X.reshape(3, 2, 4).transpose(0, 1), X, "but not their order: at B=0, N=1, D=0 stands 8, and 4 is asked"),
        (X / 0, X, "numbers that are not finite"),
        (torch.cat((X[:, :2], X[:, :1]), 1), X, "all of it but the last step along N"),
        (X + X.sin(), X, "of the numbers are not"),
        (X[0, 0] + X[0, 0].sin(), X[0, 0], "of the numbers are not"),
        (torch.tensor(1.0), torch.tensor(4.0), "a quarter of"),
        (torch.tensor(1.3), torch.tensor(4.0), "but 100% of the numbers are not"),
    ],
)
def test_the_cause_is_named(yours, target, says):
    assert says in cause(yours, target, axes="B N D")


@pytest.mark.parametrize(
    "yours, target, says",
    [
        (4, 5, "one too few"),
        (10.0, 5.0, "yours is twice it"),
        ("a", 5, "a number is asked"),
        (True, False, "is True; False is asked"),
        ("ab", "ac", "is 'ab'; 'ac' is asked"),
        (X, (X, X), "2 things are asked"),
        ((X,), (X, X), "holds 1 things; 2 are asked"),
        ((X, -X), (X, X), "number 1 of it (counted from 0) is right, the sign is not"),
        ({"a": 1}, {"a": 1, "b": 2}, "has no 'b'"),
    ],
)
def test_the_cause_is_named_for_plain_values(yours, target, says):
    assert says in cause(yours, target, name="it")


def test_a_known_mistake_comes_first_and_shows_both():
    said = {"time and height are swapped": X.flip(0)}
    assert cause(X.flip(0), X, causes=said) == "time and height are swapped"
    with pytest.raises(Wrong) as wrong:
        same(X.flip(0), X, causes=said, picture=lambda x: x.byte().numpy())
    assert [picture.shape for picture in wrong.value.pictures] == [(2, 3, 4)] * 2
    same(X, X, causes={"a mistake that happens to be right here": X})


def test_squares_show_who_is_seen():
    picture = squares(torch.eye(3, dtype=torch.bool)[None])
    assert picture.shape == (72, 72, 3) and picture.dtype == np.uint8
    middles = picture[12::24, 12::24, 0]
    assert (middles == np.where(np.eye(3), 240, 40)).all() and (picture[::24] == 0).all()
    assert squares(torch.tensor([0.0, -torch.inf, 1.0])).shape == (24, 72, 3)


@pytest.mark.parametrize(
    "number, answer",
    [
        ("1.6", lambda rows: (torch.cat(rows)[None], torch.ones(1, sum(map(len, rows)), sum(map(len, rows)), dtype=torch.bool))),
        ("5.2", lambda mask, shot: torch.zeros(*mask.shape, mask.shape[1])),
        ("6.3", lambda kind, t, window: torch.ones(t, dtype=torch.bool)),
    ],
)
def test_a_wrong_mask_is_shown_beside_the_right_one(number, answer, monkeypatch):
    shown = []
    monkeypatch.setattr(core, "_side_by_side", lambda wrong: shown.append(wrong.pictures))
    check(number, answer)
    ((yours, target),) = shown
    assert yours.shape == target.shape and yours.dtype == np.uint8 and (yours != target).any()
