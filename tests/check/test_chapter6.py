"""The checkers of chapter 6 name the mistake of known wrong answers."""

import pytest
import torch

from minisora.frames import mask


def wide(known):
    return known[:, None, :, None, None]


def mixing(noise_on=None, says=None, swap=False):
    """`noisy` with noise where `noise_on(known)`, telling the network of noise where `says(known)`."""

    def noisy(clean, noise, level, known):
        there, said = ((choose or torch.logical_not)(known) for choose in (noise_on, says))
        sigma = wide(there * level[:, None])
        clean, noise = (noise, clean) if swap else (clean, noise)
        return (1 - sigma) * clean + sigma * noise, said * level[:, None]

    return noisy


def stepping(keep=True, tell=True, way=lambda now, then: then - now, wrap=lambda moved, x, known: moved, level=lambda now, then: now):
    def one_step(denoise, x, known, now, then):
        sigma = torch.where(known & tell, 0.0, level(now, then))
        moved = x + way(now, then) * denoise(x, sigma)
        return wrap(torch.where(wide(known), x, moved) if keep else moved, x, known)

    return one_step


def twice(denoise, x, known, now, then):
    denoise(x, torch.where(known, 0.0, now))
    return stepping()(denoise, x, known, now, then)


def nearly(denoise, x, known, now, then):
    return stepping()(denoise, x, known, now, then) + 1e-6


def masked(change):
    return lambda kind, t, window=1: change(mask(kind, t, window=window), kind, t, window)


def too_long(known, kind, t, window):
    return torch.arange(t) < window if kind == "prefix" else known


def grouped(whole):
    return lambda missing: torch.cat((~missing[:1], whole(missing[1:].reshape(-1, 4))))


def in_fours(missing, before=0, filled=False):
    return ~torch.nn.functional.pad(missing, (before, 3 - before), value=filled).reshape(-1, 4).any(1)


def covering(choose=max, cut=lambda much: much // 2, turn=False):
    def cover(tall, wide, height, width):
        scale = choose(height / tall, width / wide)
        rows, columns = round(tall * scale), round(wide * scale)
        found = rows, columns, cut(rows - height), cut(columns - width)
        return (found[1], found[0], found[3], found[2]) if turn else found

    return cover


def leaking(first="video", part=0, size=lambda gap: gap.square().mean().sqrt().item()):
    def leak(encode, video, other):
        one, rest = (video, other) if first == "video" else (other, other) if first == "other" else (other, video)
        gap = encode(torch.cat((one[:, :, :1], rest[:, :, 1:]), dim=2)) - encode(video)
        return size(gap if part is None else gap[:, :, part])

    return leak


WRONG = [
    ("6.1", mixing(torch.ones_like, torch.ones_like), "the known frames are noisy too"),
    ("6.1", mixing(says=torch.ones_like), "sigma tells the network that the known frames are noisy"),
    ("6.1", mixing(noise_on=torch.ones_like), "sigma is right, but in x"),
    ("6.1", mixing(lambda known: known, lambda known: known), "the wrong way round"),
    ("6.1", mixing(swap=True), "clean and noise are swapped"),
    ("6.1", lambda clean, noise, level, known: mixing()(clean, noise, level, known)[0], "two things are asked"),
    ("6.2", stepping(keep=False), "the known frames move: after the step"),
    ("6.2", stepping(tell=False), "told that they are as noisy as the rest"),
    ("6.2", stepping(keep=False, tell=False), "and the network was not told"),
    ("6.2", stepping(way=lambda now, then: now - then), "towards more noise"),
    ("6.2", stepping(way=lambda now, then: -now), "all the way to the clean guess"),
    ("6.2", stepping(level=lambda now, then: then), "told the level `then`"),
    ("6.2", lambda denoise, x, known, now, then: stepping()(denoise, x, known, now, then)[:, :, 1:], "x after the step has shape"),
    ("6.2", nearly, "bit for bit"),
    ("6.2", twice, "called 2 times"),
    ("6.3", masked(lambda known, *rest: ~known), "True and False are swapped"),
    ("6.3", masked(lambda known, kind, t, window: known | (t == 1)), "with a single frame nothing can be known"),
    ("6.3", masked(lambda known, kind, t, window: mask("first", t) if kind == "ends" else known), "only the first: both ends"),
    ("6.3", masked(too_long), "nothing is left to be made"),
    ("6.3", masked(lambda known, kind, t, window: known.flip(0) if kind == "suffix" else known), "at the wrong end"),
    ("6.3", masked(lambda known, kind, t, window: mask("first", t) if kind == "prefix" else known), "the window is forgotten"),
    ("6.3", masked(lambda known, kind, t, window: known.int()), "bool is asked"),
    ("6.4", grouped(lambda groups: ~groups.all(1)), "as soon as one of its frames is"),
    ("6.4", in_fours, "plain fours"),
    ("6.4", lambda missing: in_fours(missing, filled=True), "the last four filled up with frames that are not known"),
    ("6.4", lambda missing: in_fours(missing, before=3, filled=True), "nothing has to be put before it"),
    ("6.4", lambda missing: ~torch.cat((missing[:1], missing[:-1].reshape(-1, 4).any(1))), "yours begin at frame 0"),
    ("6.4", lambda missing: in_fours(missing, before=3) & False, "what is known with 7, 8, 9 missing of 13 frames is right, but 50%"),
    ("6.4", lambda missing: torch.cat((missing[:1], missing[1:].reshape(-1, 4).any(1))), "those that are known are asked"),
    ("6.4", lambda missing: ~missing[1:].reshape(-1, 4).any(1), "frame 0 was left out"),
    ("6.5", lambda tall, wide, height, width: (height, width, 0, 0), "squeezes the picture"),
    ("6.5", covering(choose=min), "leaves bars"),
    ("6.5", covering(cut=lambda much: 0), "the upper left corner is kept"),
    ("6.5", covering(cut=lambda much: much), "half of it above"),
    ("6.5", covering(turn=True), "rows and columns are swapped"),
    ("6.6", leaking(first="other"), "the first frame is the other video's too"),
    ("6.6", leaking(first="swapped"), "it is the past that was changed"),
    ("6.6", leaking(part=None), "all latent frames are compared"),
    ("6.6", leaking(part=-1), "the last latent frame is compared"),
    ("6.6", leaking(size=lambda gap: gap.square().mean().item()), "take its root"),
    ("6.6", leaking(size=lambda gap: gap.abs().mean().item()), "mean absolute difference"),
    ("6.6", leaking(size=lambda gap: gap.mean().item()), "ups and downs cancel"),
]


@pytest.mark.parametrize("number, answer, says", WRONG, ids=lambda part: part if isinstance(part, str) else "")
def test_a_mistake_gets_its_sentence(number, answer, says, told):
    line = told(number, answer)
    assert line.startswith(f"✗ {number}") and says in line
