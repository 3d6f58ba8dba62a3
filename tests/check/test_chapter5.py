"""The checkers of chapter 5 name the mistake of known wrong answers."""

import re

import pytest
import torch

from minisora.dit import NEVER
from minisora.text import NULL, UNK


def nothing_left(text, numbers):
    return [numbers[word] for word in re.findall(r"\w+|[^\w\s]+", text.lower()) if word in numbers]


def keeps_unknown(text, numbers):
    return [numbers.get(word, UNK) for word in re.findall(r"\w+|[^\w\s]+", text.lower())] or [NULL]


def splits(text, numbers):
    return [numbers[word] for word in text.lower().split() if word in numbers] or [NULL]


def minds_case(text, numbers):
    return [numbers[word] for word in re.findall(r"\w+|[^\w\s]+", text) if word in numbers] or [NULL]


@pytest.mark.parametrize(
    "answer, says",
    [(nothing_left, "came out empty"), (keeps_unknown, "became [UNK]"), (splits, "glued to the word"), (minds_case, "capital letters")],
)
def test_tokens(answer, says, told):
    assert says in told("5.1", answer)


def biased(allowed):
    return lambda mask, shot: torch.where(allowed(mask, shot[:, :, None], shot[:, None]), 0.0, NEVER)


@pytest.mark.parametrize(
    "answer, says",
    [
        (biased(lambda mask, mine, theirs: (theirs == 0) | (theirs == mine)), "padding can be seen"),
        (biased(lambda mask, mine, theirs: ((theirs == 0) | (theirs == mine)) & mask[:, :, None]), "not its columns"),
        (biased(lambda mask, mine, theirs: ((mine == 0) | (theirs == mine)) & mask[:, :, None]), "here they are swapped"),
        (biased(lambda mask, mine, theirs: ((mine == 0) | (theirs == mine)) & mask[:, None]), "of `shot` alone the axes are swapped"),
        (
            biased(lambda mask, mine, theirs: ((theirs == 0) | (theirs == mine)) & mask[:, None] & mask[:, :, None]),
            "the rows of padding are closed too",
        ),
        (biased(lambda mask, mine, theirs: (mine >= theirs) & mask[:, None]), "at B=0, row=4, column=2 stands"),
        (biased(lambda mask, mine, theirs: (mine >= theirs) & mask[:, None]), "(row: who looks, column: who is looked at)"),
        (biased(lambda mask, mine, theirs: (theirs == mine) & mask[:, None]), "everybody may see them"),
        (biased(lambda mask, mine, theirs: ((mine == 0) | (theirs == 0) | (theirs == mine)) & mask[:, None]), "see all shots"),
        (lambda mask, shot: mask[:, None].expand(-1, mask.shape[1], -1), "float32 is asked"),
    ],
)
def test_who_may_look_at_whom(answer, says, told):
    assert says in told("5.2", answer)


def looking(dim=-1, scale=1.0, bias=NEVER, values=True):
    def cross_attention(q, k, v, mask):
        score = scale * q @ k.transpose(-1, -2) + torch.where(mask, 0.0, bias)[:, None, None]
        return score.softmax(dim) @ (v if values else k)

    return cross_attention


@pytest.mark.parametrize(
    "answer, says",
    [
        (looking(dim=-2), "runs over the patches"),
        (looking(bias=0.0), "padding is looked at"),
        (looking(bias=-torch.inf), "gives nan"),
        (looking(values=False), "keys"),
        (lambda q, k, v, mask: looking(scale=q.shape[-1] ** -0.5)(q, k, v, mask), "divides by √d once more"),
        (lambda q, k, v, mask: ((q @ k.transpose(-1, -2)).softmax(-1) * mask[:, None, None]) @ v, "after the softmax"),
        (lambda q, k, v, mask: ((q @ k.transpose(-1, -2)) * mask[:, None, None]).softmax(-1) @ v, "e⁰ is 1"),
    ],
)
def test_cross_attention(answer, says, told):
    assert says in told("5.3", answer)


def forgetting(kind):
    def forget(ids, mask, shot, gone):
        first = torch.zeros_like(mask)
        first[:, 0] = True
        out = gone[:, None]
        kept_mask = {"length": mask, "nothing": torch.where(out, False, mask), "wrong": torch.where(out, mask, first)}
        kept_ids = ids if kind == "ids" else torch.where(out, NULL, ids)
        kept_shot = shot if kind == "shot" else torch.where(out, 0, shot)
        return kept_ids, kept_mask.get(kind, torch.where(out, first, mask)), kept_shot

    return forget


@pytest.mark.parametrize(
    "answer, says",
    [
        (forgetting("length"), "how many words there were"),
        (forgetting("nothing"), "no word left"),
        (forgetting("wrong"), "the wrong rows"),
        (forgetting("ids"), "still there"),
        (forgetting("shot"), "its shot is 0"),
        (lambda ids, mask, shot, gone: (ids, mask, shot), "nothing is forgotten"),
        (lambda ids, mask, shot, gone: ids, "three things"),
    ],
)
def test_forgotten_captions(answer, says, told):
    assert says in told("5.4", answer)


def guiding(formula, swap=False, always=False, first=False):
    def guide(told, untold, sigma, guidance, low, high):
        sigma = sigma[:1].expand(len(sigma)) if first else sigma
        inside = ((sigma >= low) & (sigma <= high) | always)[:, None, None, None, None]
        return torch.where(inside ^ swap, formula(told, untold, guidance), told)

    return guide


def ending(above, below):
    """`guide` with an interval that is told by two comparisons."""

    def guide(told, untold, sigma, guidance, low, high):
        inside = (above(sigma, low) & below(sigma, high))[:, None, None, None, None]
        return torch.where(inside, right(told, untold, guidance), told)

    return guide


def right(told, untold, guidance):
    return untold + guidance * (told - untold)


@pytest.mark.parametrize(
    "answer, says",
    [
        (guiding(right, always=True), "the interval is forgotten"),
        (guiding(right, swap=True), "the wrong way round"),
        (guiding(lambda told, untold, g: told + g * (told - untold)), "starts from `told`"),
        (guiding(lambda told, untold, g: told + g * (untold - told)), "swapped"),
        (lambda told, untold, sigma, g, low, high: guiding(right)(untold, told, sigma, g, low, high), "of the numbers are not"),
        (guiding(right, first=True), "guidance is never on"),
        (ending(torch.gt, torch.lt), "exactly `low` or `high` is guided too"),
        (ending(torch.gt, torch.le), "the lower end belongs to the interval"),
        (ending(torch.ge, torch.lt), "the upper end belongs to the interval"),
    ],
)
def test_guidance(answer, says, told):
    assert says in told("5.5", answer)


def asking(kind):
    def two_in_one(dit, states, mask, shot, null):
        first = torch.zeros_like(mask)
        first[:, 0] = True
        zero = torch.zeros_like(states)
        empty = {"zeros": zero, "words": torch.cat((null.expand_as(states[:, :1]), zero[:, 1:]), 1)}.get(kind, null.expand_as(states))
        there = mask if kind == "words" else first

        def both(x, sigma):
            if kind == "twice":
                return dit(x, sigma, states, mask, shot), dit(x, sigma, empty, there, shot)
            words, masks = torch.cat((states, empty)), torch.cat((mask, there))
            told, untold = dit(torch.cat((x, x)), torch.cat((sigma, sigma)), words, masks, torch.cat((shot, shot))).chunk(2)
            return (untold, told) if kind == "order" else (told, told) if kind == "told" else (told, untold)

        return both

    return two_in_one


@pytest.mark.parametrize(
    "kind, says",
    [
        ("order", "first the velocity with the text"),
        ("told", "both are with the text"),
        ("zeros", "hears zeros"),
        ("words", "zeros are looked at"),
        ("twice", "called 2 times"),
    ],
)
def test_two_answers_in_one_call(kind, says, told):
    assert says in told("5.6", asking(kind))
