"""The checkers of chapter 2: cells, lines, causality, the bottleneck, the statistics, chunks. Built in chapter 2."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from minisora.check.core import Wrong, called, exercise, same
from minisora.vae import Block, fold


def _random(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@exercise("2.1", "a video cut into cells")
def cells(answer) -> None:
    for seed, (shape, frames, side) in enumerate((((1, 4, 8, 8, 3), 4, 4), ((2, 8, 12, 6, 3), 2, 3), ((2, 2, 4, 6, 5), 1, 2))):
        x = torch.randn(shape, generator=_random(seed))

        def cut(pattern: str, x=x, frames=frames, side=side) -> Tensor:
            return rearrange(x, pattern, f=frames, a=side, b=side)

        target = fold(x, frames, side)
        causes = {
            "that is `reshape` alone: it cuts the numbers as they lie in memory, so a cell's rows come from all over the frame. "
            "Give each of T, H and W two axes first, then bring the small ones together": x.reshape(target.shape),
            "the cells are the right ones, but inside each the channel comes before the voxel; frame, row, column, channel is asked":
                cut("B (t f) (h a) (w b) C -> B t h w (C f a b)"),
            "the cells are the right ones, but inside each, frame and row are swapped: all of one frame comes before the next":
                cut("B (t f) (h a) (w b) C -> B t h w (a f b C)"),
            "the cells are the right ones, but inside each, row and column are swapped":
                cut("B (t f) (h a) (w b) C -> B t h w (f b a C)"),
            "the cells are the right ones, but inside each the frame comes after row and column; frame, row, column, channel is asked":
                cut("B (t f) (h a) (w b) C -> B t h w (a b f C)"),
            "each cell is a comb: it takes every so-many-th voxel where neighbours are asked. The small axis comes last when an axis is "
            "split: (t f), not (f t)": cut("B (f t) (a h) (b w) C -> B t h w (f a b C)"),
        }  # fmt: skip
        same(called(answer, x, frames, side), target, causes, name="the grid of cells", axes="B t h w C")


@exercise("2.2", "the best straight line")
def best_line(answer) -> None:
    for seed, (n, size, k) in enumerate(((400, 12, 3), (300, 20, 5), (500, 8, 1))):
        strength = 2.0 ** -torch.arange(size).double()
        turn = torch.linalg.qr(torch.randn(size, size, generator=_random(seed)).double())[0]
        rows = (torch.randn(n, size, generator=_random(seed + 10)).double() * strength) @ turn + 3 * turn[-1]
        rows = rows.float()
        given = called(answer, rows, k)
        if not isinstance(given, (tuple, list)) or len(given) != 2:
            raise Wrong("two things are asked: the middle of the rows (n,), and the directions (n, k), one a column")
        middle, axes = given
        same(middle, rows.mean(0), {"the middle is that of each row; asked is the row in the middle: the mean over all rows": rows.mean(1)},
             name="the middle", axes="n", rtol=1e-3, atol=1e-3)  # fmt: skip
        if isinstance(axes, Tensor) and axes.shape == (k, size) and k != size:
            raise Wrong("the directions stand in the rows; one in each column is asked, shape (n, k): transpose them")
        if not isinstance(axes, Tensor) or axes.shape != (size, k):
            same(axes, torch.zeros(size, k), name="the matrix of directions", axes="n k")
        axes = axes.double()
        if not torch.allclose(axes.T @ axes, torch.eye(k).double(), atol=1e-3):
            raise Wrong("the directions must be of length 1 and at right angles to each other: `eigh` gives them so")
        causes = {
            "these are the directions in which the rows differ least: `eigh` sorts from small to large, so the last columns are wanted":
                _span(rows - rows.mean(0), k, least=True),
            "the middle was not taken off before the directions were found: one of them now points at the mean": _span(rows, k),
        }  # fmt: skip
        same(axes @ axes.T, _span(rows - rows.mean(0), k), causes, "the projection on your directions", axes="n n", rtol=1e-2, atol=1e-2)


def _span(rows: Tensor, k: int, least: bool = False) -> Tensor:
    """The projection on the k directions in which the rows differ most: it does not hang on their order or sign."""
    _, axes = torch.linalg.eigh(rows.double().T @ rows.double())
    axes = axes[:, :k] if least else axes[:, -k:]
    return axes @ axes.T


@exercise("2.3", "a layer that cannot see the future")
def causal(answer) -> None:
    for seed, (steps, taps) in enumerate(((6, 2), (9, 3), (4, 4))):
        x = torch.randn(2, steps, 3, generator=_random(seed))
        kernel = torch.randn(taps, generator=_random(seed + 10))
        target = _mixed(x, kernel)
        first = F.pad(x.transpose(1, 2), (taps - 1, 0), mode="replicate").transpose(1, 2)
        causes = {
            "it looks ahead: step j takes what comes after it, but kernel[1] belongs to the step before": _mixed(x.flip(1), kernel).flip(1),
            "the kernel runs the wrong way: kernel[0] belongs to the step itself, the last one to the step furthest back":
                _mixed(x, kernel.flip(0)),
            "it looks to both sides: with padding at both ends, half of the kernel lies in the future": _centred(x, kernel.flip(0)),
            "it looks to both sides: with padding at both ends, half of the kernel lies in the future, and it runs the wrong way":
                _centred(x, kernel),
            "the end of the clip comes round to its beginning, as `roll` does it: the first step then sees the last one":
                sum(weight * x.roll(shift, 1) for shift, weight in enumerate(kernel)),
            "before the first step it repeats the first; nothing (zeros) is asked there":
                sum(weight * first[:, taps - 1 - shift : taps - 1 - shift + steps] for shift, weight in enumerate(kernel)),
        }  # fmt: skip
        same(called(answer, x, kernel), target, causes, name="the result", axes="B t C")
        if steps > taps:
            same(called(answer, x[:, :-1], kernel), target[:, :-1], name="the result for the same clip without its last step", axes="B t C")


def _mixed(x: Tensor, kernel: Tensor) -> Tensor:
    """The sum of kernel[i] · x[j - i] over i, with zeros before the first step."""
    return sum(weight * F.pad(x, (0, 0, shift, 0))[:, : x.shape[1]] for shift, weight in enumerate(kernel))


def _centred(x: Tensor, kernel: Tensor) -> Tensor:
    """A convolution along t with as much padding before as after it."""
    taps = len(kernel)
    padded = F.pad(x.transpose(1, 2), ((taps - 1) // 2, taps // 2))
    return F.conv1d(padded, kernel.expand(x.shape[2], 1, -1), groups=x.shape[2]).transpose(1, 2)


@exercise("2.4", "the price of a latent")
def kl(answer) -> None:
    for seed, shape in enumerate(((3, 3, 2, 4, 4), (1, 5, 1, 2, 2), (4, 2, 3, 2, 6))):
        mean = torch.randn(shape, generator=_random(seed))
        logvar = torch.randn(shape, generator=_random(seed + 10)) - 1
        var, parts = logvar.exp(), mean**2 + logvar.exp() - 1 - logvar
        target = 0.5 * parts.sum() / len(mean)
        causes = {
            "it is twice too much: the half before the bracket is missing": 2 * target,
            "it is the mean over all numbers; asked is the sum over one clip's numbers, and the mean over clips": 0.5 * parts.mean(),
            "it sums over the clips of the batch as well: a bigger batch would cost more. Take the mean over clips": 0.5 * parts.sum(),
            "that is the distance the other way round, from the unit Gaussian to the latent's":
                0.5 * ((1 + mean**2) / var - 1 + logvar).sum() / len(mean),
            "logvar was used as if it were the variance: exp() turns it into one":
                0.5 * (mean**2 + logvar - 1 - logvar.abs().log()).sum() / len(mean),
            "the deviation stands where the variance should: exp(logvar), without the half":
                0.5 * (parts - var + (logvar / 2).exp()).sum() / len(mean),
            "logvar was taken for the logarithm of the deviation; it is that of the variance, so exp(logvar) is not squared any more":
                0.5 * (mean**2 + var**2 - 1 - 2 * logvar).sum() / len(mean),
            "the variance is squared: exp(logvar) is the variance itself already, not the deviation":
                0.5 * (parts - var + var**2).sum() / len(mean),
            "the 1 is missing: a latent that is a unit Gaussian already should cost nothing": 0.5 * (parts + 1).sum() / len(mean),
            "the mean is not squared": 0.5 * (parts - mean**2 + mean).sum() / len(mean),
        }  # fmt: skip
        same(called(answer, mean, logvar), target, causes, name="the distance")
    unit = torch.zeros(1, 2, 1, 2, 2)
    same(called(answer, unit, unit), torch.tensor(0.0), name="the distance of a unit Gaussian from itself")


@exercise("2.5", "the latents' statistics")
def statistics(answer) -> None:
    for seed, sizes in enumerate((((4, 3), (1, 5), (3, 2)), ((3, 2), (2, 4)))):
        scale = torch.rand(6, generator=_random(seed)) * 3 + 0.2
        batches = [
            (torch.randn(B, 6, t, 4, 6, generator=_random(10 * seed + i)) + i) * scale.view(-1, 1, 1, 1) + 2
            for i, (B, t) in enumerate(sizes)
        ]  # fmt: skip
        rows = torch.cat([z.movedim(1, -1).flatten(0, -2) for z in batches])        # (positions, c)
        mean, std = rows.mean(0), rows.std(0, unbiased=False)
        means = torch.stack([z.mean((0, 2, 3, 4)) for z in batches])                # (batches, c)
        stds = torch.stack([z.std((0, 2, 3, 4), unbiased=False) for z in batches])
        given = called(answer, iter(batches))
        if isinstance(given, (tuple, list)) and len(given) == 2 and isinstance(given[0], Tensor) and given[0].numel() == 1:
            raise Wrong("it is one number for all channels; each channel has its own mean and its own deviation, shape (c,)")
        if not isinstance(given, (tuple, list)) or len(given) != 2:
            raise Wrong("two things are asked: the means (c,) and the deviations (c,)")
        values = [one.float() if isinstance(one, Tensor) and one.is_floating_point() else one for one in given]
        same(values[0], mean, {
            "each batch counts as much as any other, although some hold more latents: add up sums and counts, divide once": means.mean(0),
        }, name="the mean", axes="c", rtol=1e-3, atol=1e-3)  # fmt: skip
        same(values[1], std, {
            "that is the variance: its square root is asked": std**2,
            "the mean of the batches' deviations is not the deviation of all: it forgets that the batches' means differ": stds.mean(0),
            "it is the root of the mean square: the mean was not taken off": rows.square().mean(0).sqrt(),
        }, name="the deviation", axes="c", rtol=1e-2, atol=1e-3)  # fmt: skip
        same(given[0], mean, name="the mean", axes="c", rtol=1e-3, atol=1e-3)  # the numbers are right; are they of the right type too?
        same(given[1], std, name="the deviation", axes="c", rtol=1e-2, atol=1e-3)


@exercise("2.6", "a long video in chunks")
def chunks(answer) -> None:
    for seed, (steps, chunk) in enumerate(((6, 2), (7, 3), (5, 1), (3, 4))):
        torch.manual_seed(seed)
        block = Block(8, 2).requires_grad_(False)
        for value in block.parameters():
            value.normal_(std=0.3)
        x, sizes = torch.randn(2, steps, 3, 4, 8), []

        def watched(part: Tensor, past: Tensor | None, block=block, sizes=sizes):
            sizes.append(part.shape[1])
            return block(part, past)

        parts, first = x.split(chunk, 1), block(x[:, :chunk], None)[1]
        causes = {
            "the chunks know nothing of each other: hand what the block returns as its memory to the next call":
                torch.cat([block(part, None)[0] for part in parts], 1),
            "every chunk gets the memory of the first one: keep the newest": torch.cat(
                [block(part, first if index else None)[0] for index, part in enumerate(parts)], 1),
            "the last step of the input is handed on; the memory is what the block saw last, which it returns beside the coded part":
                _handed_on(block, parts, lambda part, coded: part),
            "the last step of the coded part is handed on; the memory is what the block saw last, which it returns beside the coded part":
                _handed_on(block, parts, lambda part, coded: coded),
        }  # fmt: skip
        if steps % chunk:
            causes["the end is lost: the last chunk may be shorter than the others"] = block(x, None)[0][:, : steps // chunk * chunk]
        given = called(answer, watched, x, chunk)
        if isinstance(given, (tuple, list)):
            raise Wrong("it returns several things; the coded video alone is asked, all chunks put together again along time")
        same(given, block(x, None)[0], causes, name="the coded video", axes="B t h w C", rtol=1e-3, atol=1e-4)
        if max(sizes) > chunk:
            raise Wrong(f"the numbers are right, but the block was given {max(sizes)} steps at once, not chunk={chunk}: nothing is saved")


def _handed_on(block: Block, parts: tuple[Tensor, ...], choose: Callable) -> Tensor:
    """The parts coded one after the other, each with the last step of `choose(part, coded)` of the one before as its memory."""
    done, past = [], None
    for part in parts:
        done.append(block(part, past)[0])
        past = choose(part, done[-1])[:, -1:]
    return torch.cat(done, 1)
