"""What a learner's answer is compared with, and the likely cause of the first difference in a sentence. Built in chapter 1."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np
import torch
from torch import Tensor

FACTORS = {2.0: "twice", 0.5: "half of", 4.0: "four times", 0.25: "a quarter of"}


class Wrong(Exception):  # noqa: N818 (an answer is wrong; nothing failed)
    """An answer is not right, and why, in a sentence. `yours` and `target`: two things that `show` takes, where a picture tells more."""

    def __init__(self, sentence: str, yours: Any = None, target: Any = None):
        super().__init__(sentence)
        self.pictures = () if yours is None or target is None else (yours, target)


def called(function: Any, *given: Any, **named: Any) -> Any:
    """What the learner's function returns. Raises Wrong when it is no function, returns nothing, or changes a tensor that it was given."""
    if not callable(function):
        raise Wrong(f"it is {_kind(function)}; a function is asked: give its name alone, without brackets behind it")
    kept = {key: value.clone() for key, value in [*enumerate(given), *named.items()] if isinstance(value, Tensor)}
    result = function(*given, **named)
    for key, before in kept.items():
        now = given[key] if isinstance(key, int) else named[key]
        if now.shape != before.shape or not torch.equal(now.nan_to_num(), before.nan_to_num()):
            which = f"argument {key + 1}" if isinstance(key, int) else key
            raise Wrong(f"it changes the tensor that it is given ({which}): make a new one instead of writing into the old")
    if result is None:
        raise Wrong("it returns nothing: is there a `return` at its end?")
    return result


def same(
    yours: Any,
    target: Any,
    causes: Mapping[str, Any] | None = None,
    name: str = "the result",
    axes: str = "",
    rtol: float = 1e-4,
    atol: float = 1e-5,
    picture: Callable[[Tensor], Any] | None = None,
) -> None:
    """Raises Wrong, with the likely cause, when `yours` is not `target`: a tensor, number, text, tuple, list, dict or any value with ==.

    causes: {sentence: what a known mistake would give}; the sentence is told when `yours` equals it. name: what is compared, in the
    sentence. axes: names of the target's axes ("B N D"), used in sentences. picture: makes of a tensor what `show` takes, for
    a look at both side by side.
    """
    for sentence, mistake in (causes or {}).items():
        if _equal(yours, mistake, rtol, atol) and not _equal(yours, target, rtol, atol):
            raise Wrong(sentence, *_pictures(yours, target, picture))
    if isinstance(target, np.ndarray):
        target, yours = torch.from_numpy(target), torch.from_numpy(yours) if isinstance(yours, np.ndarray) else yours
    if isinstance(target, Tensor):
        return _tensors(yours, target, name, axes.split(), rtol, atol, picture)
    if isinstance(target, Mapping) and isinstance(yours, Mapping):
        if missing := [key for key in target if key not in yours]:
            raise Wrong(f"{name} has no {missing[0]!r}")
        for key in target:
            same(yours[key], target[key], name=f"{key!r} of {name}", rtol=rtol, atol=atol)
    elif isinstance(target, (tuple, list)):
        if not isinstance(yours, (tuple, list)):
            raise Wrong(f"{name} is {_kind(yours)}; {len(target)} things are asked, as {_kind(target)}")
        if len(yours) != len(target):
            raise Wrong(f"{name} holds {len(yours)} things; {len(target)} are asked")
        for index, (one, other) in enumerate(zip(yours, target, strict=True)):
            same(one, other, name=f"number {index} of {name} (counted from 0)", rtol=rtol, atol=atol)
    elif not _equal(yours, target, rtol, atol):
        if not isinstance(target, Number) or isinstance(target, bool):
            raise Wrong(f"{name} is {_short(yours)}; {_short(target)} is asked")
        if not isinstance(_number(yours), Number):
            raise Wrong(f"{name} is {_kind(yours)}; a number is asked")
        raise Wrong(f"{name} is {_number(yours):.6g}; {target:.6g} is asked{_ratio(_number(yours), target)}")


def _tensors(yours: Any, target: Tensor, name: str, axes: list[str], rtol: float, atol: float, picture: Callable | None) -> None:
    if not isinstance(yours, Tensor):
        raise Wrong(f"{name} is {_kind(yours)}; a tensor of shape {_shape(target, axes)} is asked")
    if yours.shape != target.shape:
        raise Wrong(f"{name} has shape {tuple(yours.shape)}; {_shape(target, axes)} is asked{_reshaped(yours, target, axes)}")
    kinds = [dtype.is_floating_point or dtype.is_complex for dtype in (yours.dtype, target.dtype)]
    if yours.dtype != target.dtype and (kinds[0] != kinds[1] or torch.bool in (yours.dtype, target.dtype)):
        raise Wrong(f"the shape is right, but {name} is of type {_dtype(yours)}; {_dtype(target)} is asked")
    if _equal(yours, target, rtol, atol):
        if yours.dtype != target.dtype:
            raise Wrong(f"the numbers are right, but {name} is of type {_dtype(yours)}; {_dtype(target)} is asked")
        return
    if not yours.isfinite().all() and target.isfinite().all():
        raise Wrong(f"{name} has numbers that are not finite (inf or nan): is something divided by 0, or a logarithm taken of it?")
    cause = next(_causes(yours.detach(), target, axes, rtol, atol))
    raise Wrong(f"the shape of {name} is right, {cause}", *_pictures(yours, target, picture))


def _causes(yours: Tensor, target: Tensor, axes: list[str], rtol: float, atol: float) -> Iterator[str]:
    """Likely causes, the most telling first; the last one always holds."""
    yours, target = yours.double(), target.double()
    close = lambda other: _equal(other, target, rtol, atol)  # noqa: E731
    label = lambda axis: axes[axis] if axis < len(axes) else f"axis {axis}"  # noqa: E731
    several = target.numel() > 1
    if close(-yours):
        yield "the sign is not: it is the negative of what is asked"
    for order in itertools.permutations(range(target.dim())) if target.dim() <= 5 else ():
        moved = [axis for axis, place in enumerate(order) if axis != place]
        if moved and target.permute(order).shape == target.shape and close(yours.permute(order)):
            yield f"the order is not: {_and(label(axis) for axis in moved)} are swapped"
    for count in (1, 2):
        for some in itertools.combinations([axis for axis, side in enumerate(target.shape) if side > 1], count):
            if close(yours.flip(some)):
                yield f"the order is not: {_and(label(axis) for axis in some)} {'runs' if count == 1 else 'run'} backwards"
    for axis in range(target.dim()):
        if target.shape[axis] > 2 and any(close(yours.roll(step, axis)) for step in (1, -1)):
            yield f"but everything sits one step off along {label(axis)}"
    if target.any() and (factor := ((yours * target).sum() / (target * target).sum()).item()) and close(yours / factor):
        near = next((word for value, word in FACTORS.items() if abs(factor / value - 1) < 1e-3), None)
        if near or several:  # of a single number it could always be said
            yield f"the scale is not: every number is {near or f'{factor:.4g} times'} what is asked"
    if several and close(yours - (yours - target).mean()):
        yield f"but every number is {(yours - target).mean().item():+.4g} off"
    if target.numel() > 2 and _equal(yours.flatten().sort().values, target.flatten().sort().values, rtol, atol):
        yield f"and so are the numbers, but not their order: {_first(yours, target, axes, rtol, atol)}"
    bad = ~torch.isclose(yours, target, rtol=rtol, atol=atol)
    for axis, side in enumerate(target.shape):
        hit = bad.movedim(axis, 0).unsqueeze(-1).flatten(1).any(1)
        for index, word in ((0, "first"), (side - 1, "last")):
            if side > 1 and hit[index] and hit.sum() == 1:
                yield f"and so is all of it but the {word} step along {label(axis)}: {_first(yours, target, axes, rtol, atol)}"
    yield f"but {bad.float().mean().item():.0%} of the numbers are not: {_first(yours, target, axes, rtol, atol)}"


def _first(yours: Tensor, target: Tensor, axes: list[str], rtol: float, atol: float) -> str:
    place = (~torch.isclose(yours, target, rtol=rtol, atol=atol)).nonzero()[0].tolist()
    where = ", ".join(f"{axes[axis]}={index}" if axis < len(axes) else str(index) for axis, index in enumerate(place))
    one, other = yours[tuple(place)].item(), target[tuple(place)].item()
    return f"at {where} stands {one:.4g}, and {other:.4g} is asked" if place else f"it is {one:.4g}, and {other:.4g} is asked"


def _reshaped(yours: Tensor, target: Tensor, axes: list[str]) -> str:
    """What a wrong shape may come from: axes in another order, one of size 1 too many or too few, an off-by-one."""
    have, want = list(yours.shape), list(target.shape)
    if sorted(have) == sorted(want):
        for order in itertools.permutations(range(len(want))) if len(want) <= 5 else ():
            if _equal(yours.permute(order), target, 1e-4, 1e-5) and axes:
                names = [axes[order.index(axis)] for axis in range(len(want))]
                return f": the numbers are right, but the axes stand in the order ({', '.join(names)})"
        return ": the axes are in another order"
    if [side for side in have if side != 1] == [side for side in want if side != 1]:
        return f": an axis of size 1 too {'many' if len(have) > len(want) else 'few'}"
    if len(have) == len(want):
        off = [(axis, a - b) for axis, (a, b) in enumerate(zip(have, want, strict=True)) if a != b]
        if len(off) == 1 and abs(off[0][1]) == 1:
            label = axes[off[0][0]] if off[0][0] < len(axes) else f"axis {off[0][0]}"
            return f": {label} is one too {'long' if off[0][1] > 0 else 'short'}"
    if yours.numel() == target.numel():
        return ": the numbers are as many as they should be, only grouped in another way"
    return ""


def _equal(one: Any, other: Any, rtol: float, atol: float) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.shape == other.shape and torch.allclose(one.detach().double(), other.detach().double(), rtol, atol, equal_nan=True)
    if isinstance(one, Tensor) != isinstance(other, Tensor) and not isinstance(other, Number):
        return False
    one = _number(one)
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    if isinstance(other, Number) and isinstance(one, Number):
        return bool(np.isclose(one, other, rtol, atol, equal_nan=True))
    if isinstance(one, Sequence) and isinstance(other, Sequence) and not isinstance(other, str):
        return len(one) == len(other) and all(_equal(a, b, rtol, atol) for a, b in zip(one, other, strict=True))
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and one.shape != other.shape:
        return False
    return bool(np.all(one == other))


def _number(thing: Any) -> Any:
    """A tensor or array of one number as that number."""
    if isinstance(thing, Tensor):
        return thing.item() if thing.numel() == 1 else thing
    return thing.item() if isinstance(thing, (np.ndarray, np.generic)) and thing.size == 1 else thing


def _ratio(yours: Any, target: Any) -> str:
    for value, word in FACTORS.items():
        if target and np.isclose(yours / target, value, rtol=1e-3):
            return f": yours is {word} it"
    if isinstance(target, int) and isinstance(yours, int) and abs(yours - target) == 1:
        return ": one too many" if yours > target else ": one too few"
    return ": the sign is wrong" if target and np.isclose(yours, -target) else ""


def squares(x: Tensor) -> np.ndarray:
    """The first matrix of `x` (…, rows, columns), or a row (columns,), as squares for a look: light is high. (H, W, 3) uint8."""
    rows = x.double().reshape(-1, *x.shape[-2:])[0] if x.ndim > 1 else x.double()[None]
    rows = torch.nan_to_num(rows, neginf=rows[rows.isfinite()].min().item() if rows.isfinite().any() else 0.0)
    side = min(24, max(3, 240 // max(rows.shape)))  # pixels
    light = 40 + 200 * (rows - rows.min()) / (rows.max() - rows.min()).clamp(min=1e-9)
    light = light.repeat_interleave(side, 0).repeat_interleave(side, 1)
    light[::side], light[:, ::side] = 0, 0  # lines between them
    return light.byte()[..., None].expand(-1, -1, 3).numpy()


def _pictures(yours: Any, target: Any, picture: Callable | None) -> tuple:
    usable = picture and isinstance(yours, Tensor) and isinstance(target, Tensor) and yours.shape == target.shape
    return (picture(yours.detach()), picture(target.detach())) if usable else ()


def _shape(target: Tensor, axes: list[str]) -> str:
    return f"{tuple(target.shape)}" + (f" = ({', '.join(axes)})" if axes else "")


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _kind(thing: Any) -> str:
    word = {"ndarray": "numpy array"}.get(type(thing).__name__, type(thing).__name__)
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _short(thing: Any) -> str:
    text = repr(thing)
    return text if len(text) <= 60 else text[:59] + "…"


def _and(words) -> str:
    words = list(words)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
