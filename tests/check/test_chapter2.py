"""Chapter 2's checkers: known mistakes are told what they are."""

import pytest
import torch
import torch.nn.functional as F
from einops import rearrange


def cut(pattern):
    return lambda x, frames, side: rearrange(x, pattern, f=frames, a=side, b=side)


def line(rows, k, columns=slice(None), centred=True):
    middle = rows.mean(0)
    off = rows - middle if centred else rows
    axes = torch.linalg.eigh(off.T @ off)[1]
    return middle, axes[:, :k] if columns == "first" else axes[:, -k:]


def mixed(x, kernel, ahead=False):
    if ahead:
        return mixed(x.flip(1), kernel).flip(1)
    return sum(weight * F.pad(x, (0, 0, ago, 0))[:, : x.shape[1]] for ago, weight in enumerate(kernel))


def centred(x, kernel):
    return F.conv1d(x.transpose(1, 2), kernel.flip(0).expand(3, 1, -1), padding=1, groups=3).transpose(1, 2)


def price(mean, logvar):
    return mean**2 + logvar.exp() - 1 - logvar


def averaged(batches, of=None):
    batches = list(batches)
    rows = torch.cat([z.movedim(1, -1).flatten(0, -2) for z in batches])
    means, stds = (torch.stack([f(z) for z in batches]).mean(0) for f in (lambda z: z.mean((0, 2, 3, 4)), lambda z: z.std((0, 2, 3, 4))))
    answers = {"means": (means, rows.std(0)), "stds": (rows.mean(0), stds), "variance": (rows.mean(0), rows.var(0))}
    answers["right"] = rows.mean(0), rows.std(0)
    return answers.get(of, (rows.mean(), rows.std()))


def in_double(of):
    return lambda batches: tuple(part.double() for part in averaged(batches, of))


def in_chunks(block, x, chunk, keep="none"):
    done, past = [], None
    for part in x.split(chunk, 1):
        coded, now = block(part, past)
        past = {"input": part[:, -1:], "coded": coded[:, -1:]}.get(keep, past)
        past = now if keep == "newest" or keep == "first" and past is None else past
        done.append(coded)
    return torch.cat(done, 1)


MISTAKES = [
    ("2.1", lambda x, f, s: x.reshape(x.shape[0], x.shape[1] // f, x.shape[2] // s, x.shape[3] // s, -1), "`reshape` alone"),
    ("2.1", cut("B (t f) (h a) (w b) C -> B t h w (C f a b)"), "the channel comes before the voxel"),
    ("2.1", cut("B (t f) (h a) (w b) C -> B t h w (a f b C)"), "frame and row are swapped"),
    ("2.1", cut("B (t f) (h a) (w b) C -> B t h w (f b a C)"), "row and column are swapped"),
    ("2.1", cut("B (t f) (h a) (w b) C -> B t h w (a b f C)"), "the frame comes after row and column"),
    ("2.1", cut("B (f t) (a h) (b w) C -> B t h w (f a b C)"), "a comb"),
    ("2.2", lambda rows, k: line(rows, k, "first"), "differ least"),
    ("2.2", lambda rows, k: line(rows, k, centred=False), "the middle was not taken off"),
    ("2.2", lambda rows, k: (rows.mean(1), line(rows, k)[1]), "the middle is that of each row"),
    ("2.2", lambda rows, k: (rows.mean(0), line(rows, k)[1].T), "stand in the rows"),
    ("2.2", lambda rows, k: (rows.mean(0), 2 * line(rows, k)[1]), "of length 1 and at right angles"),
    ("2.2", lambda rows, k: line(rows, k)[1], "two things are asked"),
    ("2.3", lambda x, kernel: mixed(x, kernel, ahead=True), "it looks ahead"),
    ("2.3", lambda x, kernel: mixed(x, kernel.flip(0)), "the kernel runs the wrong way"),
    ("2.3", lambda x, kernel: sum(w * x.roll(i, 1) for i, w in enumerate(kernel)), "comes round to its beginning"),
    ("2.4", lambda mean, logvar: price(mean, logvar).sum() / len(mean), "the half before the bracket"),
    ("2.4", lambda mean, logvar: 0.5 * price(mean, logvar).mean(), "it is the mean over all numbers"),
    ("2.4", lambda mean, logvar: 0.5 * price(mean, logvar).sum(), "it sums over the clips"),
    ("2.4", lambda mean, logvar: -0.5 * price(mean, logvar).sum() / len(mean), "the sign is not"),
    ("2.4", lambda mean, logvar: 0.5 * ((1 + mean**2) / logvar.exp() - 1 + logvar).sum() / len(mean), "the other way round"),
    ("2.4", lambda mean, logvar: 0.5 * price(mean, 2 * logvar).sum() / len(mean), "taken for the logarithm of the deviation"),
    ("2.4", lambda mean, logvar: 0.5 * (price(mean, 2 * logvar) + logvar).sum() / len(mean), "the variance is squared"),
    ("2.5", lambda batches: averaged(batches, "means"), "each batch counts as much"),
    ("2.5", lambda batches: averaged(batches, "stds"), "the mean of the batches' deviations"),
    ("2.5", lambda batches: averaged(batches, "variance"), "its square root is asked"),
    ("2.5", averaged, "one number for all channels"),
    ("2.5", in_double("means"), "each batch counts as much"),
    ("2.5", in_double("stds"), "the mean of the batches' deviations"),
    ("2.5", in_double("variance"), "its square root is asked"),
    ("2.5", in_double("right"), "the numbers are right, but the mean is of type float64"),
    ("2.6", in_chunks, "know nothing of each other"),
    ("2.6", lambda block, x, chunk: in_chunks(block, x, chunk, "first"), "the memory of the first one"),
    ("2.6", lambda block, x, chunk: in_chunks(block, x, chunk, "input"), "the last step of the input is handed on"),
    ("2.6", lambda block, x, chunk: in_chunks(block, x, chunk, "coded"), "the last step of the coded part is handed on"),
    ("2.6", lambda block, x, chunk: block(x, None)[0], "steps at once, not chunk="),
    ("2.6", lambda block, x, chunk: in_chunks(block, x[:, : x.shape[1] // chunk * chunk], chunk, "newest"), "the end is lost"),
]


@pytest.mark.parametrize("number, answer, says", MISTAKES, ids=[f"{number} {says[:30]}" for number, _, says in MISTAKES])
def test_a_known_mistake_is_told_what_it_is(number, answer, says, told):
    said = told(number, answer)
    assert said.startswith(f"✗ {number}") and says in said, said


def test_a_centred_kernel_is_told_that_it_sees_the_future(told):
    """With two weights it is the wrong way round at the same time; with three it looks to both sides."""
    said = told("2.3", lambda x, kernel: centred(x, kernel) if len(kernel) == 3 else mixed(x, kernel))
    assert "it looks to both sides" in said
