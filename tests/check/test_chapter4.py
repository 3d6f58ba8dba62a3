"""Chapter 4's judges: known mistakes are told by their names."""

import pytest
import torch
import torch.nn.functional as F

from minisora.patches import rotate


def soft(q, k, dim=-1):
    return torch.softmax(q @ k.transpose(-1, -2), dim=dim)


def one_for_all_heads(q, k, v):
    return torch.softmax((q @ k.transpose(-1, -2)).sum(1, keepdim=True), dim=-1) @ v


def heads_look_at_heads(q, k, v):
    if q.shape != k.shape:
        return soft(q, k) @ v
    return (soft(q.transpose(1, 2), k.transpose(1, 2)) @ v.transpose(1, 2)).transpose(1, 2)


def turned(x, cos, sin, second=lambda a, b, cos, sin: b * cos + a * sin):
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, second(a, b, cos, sin)), dim=-1)


def neighbours_turned(x, cos, sin):
    a, b = x[..., ::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, b * cos + a * sin), dim=-1).flatten(-2)


def mean_square(x, **over):
    return x.square().mean(**(over or {"dim": -1, "keepdim": True}))


def glu(x, up, down, mix=lambda gate, value: F.silu(gate) * value):
    return F.linear(mix(*F.linear(x, up).chunk(2, -1)), down)


def lines(x, *modulation):
    """The normed x, and shift, scale and gate, laid along the frames."""
    return F.rms_norm(x, x.shape[-1:]), *(one[:, :, None] for one in modulation)


def without_norm(part, x, *modulation):
    _, s, m, g = lines(x, *modulation)
    return x + g * part(x * (1 + m) + s)


def modulated(rule):
    def answer(part, x, *modulation):
        normed, s, m, g = lines(x, *modulation)
        return rule(part, x, normed, s, m, g)

    return answer


def along_places(part, x, shift, scale, gate):
    if x.shape[1] != x.shape[2]:
        _, s, m, g = lines(x, shift, scale, gate)
    else:
        s, m, g = (one[:, None] for one in (shift, scale, gate))
    return x + g * part(F.rms_norm(x, x.shape[-1:]) * (1 + m) + s)


def counted(matrices=lambda D, h: 4 * D * D + 3 * D * h, pairs=lambda N, D: 2 * N * N * D):
    return lambda N, D, h: (N * matrices(D, h), pairs(N, D))


MISTAKES = [
    ("4.1", lambda q, k, v: soft(q, k, -2) @ v, "spreads 1 over those that it looks at"),
    ("4.1", lambda q, k, v: soft(q / q.shape[-1] ** 0.5, k) @ v, "carry their scale already"),
    ("4.1", lambda q, k, v: q @ k.transpose(-1, -2) @ v, "there is no softmax"),
    ("4.1", lambda q, k, v: (q @ k.transpose(-1, -2)).exp() @ v, "must add up to 1"),
    ("4.1", lambda q, k, v: soft(q, k) @ k, "the keys are mixed"),
    ("4.1", lambda q, k, v: v.mean(-2, keepdim=True).expand_as(q), "the scores are not used"),
    ("4.1", one_for_all_heads, "all heads look alike"),
    ("4.2", lambda x, cos, sin: rotate(x, cos, -sin), "the other way round"),
    ("4.2", lambda x, cos, sin: rotate(x, sin, cos), "cosine and sine are swapped"),
    ("4.2", neighbours_turned, "neighbours are paired"),
    ("4.2", lambda x, cos, sin: turned(x, cos, sin, lambda a, b, cos, sin: b), "the second half is not turned"),
    ("4.2", lambda x, cos, sin: turned(x, cos, sin, lambda a, b, cos, sin: b * cos - a * sin), "both halves have a minus"),
    ("4.2", lambda x, cos, sin: turned(x, cos, sin, lambda a, b, cos, sin: b * cos + (a * cos - b * sin) * sin), "turned already"),
    ("4.3", lambda x: F.layer_norm(x, x.shape[-1:]), "that is LayerNorm"),
    ("4.3", lambda x: F.normalize(x, dim=-1), "so its length √D"),
    ("4.3", lambda x: x / (mean_square(x) + 1e-6), "take its root"),
    ("4.3", lambda x: x / (mean_square(x, dim=0, keepdim=True) + 1e-6).sqrt(), "it runs over the first axis"),
    ("4.3", lambda x: x / (x.square().mean() + 1e-6).sqrt(), "one number for the whole tensor"),
    ("4.3", lambda x: x / mean_square(x).sqrt(), "becomes 0/0"),
    ("4.4", lambda x, up, down: glu(x, up, down, lambda g, v: g * F.silu(v)), "the halves are swapped"),
    ("4.4", lambda x, up, down: glu(x, up, down, lambda g, v: torch.sigmoid(g) * v), "with a sigmoid"),
    ("4.4", lambda x, up, down: glu(x, up, down, lambda g, v: F.silu(g) * F.silu(v)), "the value goes through silu too"),
    ("4.4", lambda x, up, down: glu(x, up, down, lambda g, v: g * v), "only a product"),
    ("4.4", lambda x, up, down: x + glu(x, up, down), "x is added already"),
    ("4.4", lambda x, up, down: F.linear(F.linear(x, up), down), "your code stopped"),
    ("4.5", modulated(lambda part, x, h, s, m, g: g * part(h * (1 + m) + s)), "x itself is missing"),
    ("4.5", modulated(lambda part, x, h, s, m, g: x + g * part(h * m + s)), "it is 1 + scale"),
    ("4.5", modulated(lambda part, x, h, s, m, g: x + g * part(h * (1 + s) + m)), "shift and scale are swapped"),
    ("4.5", modulated(lambda part, x, h, s, m, g: x + part(h * (1 + m) + s)), "the gate is missing"),
    ("4.5", modulated(lambda part, x, h, s, m, g: x + (1 + g) * part(h * (1 + m) + s)), "without the zero"),
    ("4.5", without_norm, "x is not normed"),
    ("4.5", along_places, "it belongs to the frames"),
    ("4.6", lambda N, D, h: tuple(2 * one for one in counted()(N, D, h)), "count as one here"),
    ("4.6", counted(pairs=lambda N, D: N * N * D), "attention multiplies twice"),
    ("4.6", counted(matrices=lambda D, h: 4 * D * D + 2 * D * h), "`up` has two of them"),
    ("4.6", counted(matrices=lambda D, h: 3 * D * D + 3 * D * h), "`answer`, is missing"),
    ("4.6", counted(pairs=lambda N, D: 2 * N * D), "N², not N"),
    ("4.6", lambda N, D, h: counted()(N, D, h)[::-1], "the two numbers are swapped"),
]


@pytest.mark.parametrize("number, answer, says", MISTAKES, ids=[f"{number} {says[:30]}" for number, _, says in MISTAKES])
def test_a_known_mistake_is_told_what_it_is(number, answer, says, told):
    said = told(number, answer)
    assert said.startswith(f"✗ {number}") and says in said, said


def test_heads_that_look_at_heads_are_told_so(told):
    """It can only be tried where queries and keys are equally many; elsewhere the answer is right."""
    assert "not at other tokens" in told("4.1", heads_look_at_heads)
