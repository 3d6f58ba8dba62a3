"""Judges of chapter 4's exercises: attention, turned pairs, RMSNorm, SwiGLU, adaLN-zero, what a block costs."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from minisora import dit
from minisora.check.core import Wrong, called, exercise, same
from minisora.patches import rotate

TIGHT = {"rtol": 1e-4, "atol": 1e-5}


def _random(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


@exercise("4.1", "everybody looks at everybody")
def attention(answer: Callable) -> None:
    for seed, (shape, M) in enumerate((((2, 3, 4, 8), 6), ((1, 2, 5, 4), 5), ((3, 1, 2, 6), 1))):
        q, k, v = _random(seed, shape, (*shape[:2], M, shape[3]), (*shape[:2], M, shape[3]))
        score = q @ k.transpose(-1, -2)                                                 # (B, H, N, M)
        causes = {
            "the softmax runs over the tokens that look; each of them spreads 1 over those that it looks at, the last axis": torch.softmax(
                score, dim=-2
            )
            @ v,
            "the queries carry their scale already: do not divide by √d once more": torch.softmax(score / shape[3] ** 0.5, dim=-1) @ v,
            "there is no softmax: the scores themselves are taken as weights": score @ v,
            "the weights must add up to 1 in each row: exp alone does not do that, softmax does": score.exp() @ v,
            "the keys are mixed, not the values": torch.softmax(score, dim=-1) @ k,
            "every token gets the mean of all values: the scores are not used": v.mean(-2, keepdim=True).expand(shape),
            "each head looks at the other heads of its own token, not at other tokens": _across_heads(q, k, v),
            "all heads look alike: the scores are added up over the heads": torch.softmax(score.sum(1, keepdim=True), dim=-1) @ v,
        }
        with torch.no_grad():
            target = dit.attention(q, k, v)
        if M == 1:  # one key: every rule whose weights add up to 1 is right
            causes = {}
        same(called(answer, q, k, v), target, causes, name="what the tokens bring home", axes="B H N d", **TIGHT)


def _across_heads(q: Tensor, k: Tensor, v: Tensor) -> Tensor | None:
    """Attention of a token's heads to one another; None where queries and keys are not equally many."""
    if q.shape != k.shape:
        return None
    turned = [part.transpose(1, 2) for part in (q, k, v)]
    return (torch.softmax(turned[0] @ turned[1].transpose(-1, -2), dim=-1) @ turned[2]).transpose(1, 2)


@exercise("4.2", "turned pairs")
def turning(answer: Callable) -> None:
    for seed, shape in enumerate(((2, 3, 5, 8), (1, 2, 4, 6), (3, 1, 1, 4))):
        x, angle = _random(seed, shape, (shape[2], shape[3] // 2))
        cos, sin = angle.cos(), angle.sin()
        (a, b), (even, odd) = x.chunk(2, dim=-1), (x[..., ::2], x[..., 1::2])
        causes = {
            "it turns the other way round: a · cos - b · sin comes first, and b · cos + a · sin second": rotate(x, cos, -sin),
            "cosine and sine are swapped: an angle of 0 must leave x as it is": rotate(x, sin, cos),
            "neighbours are paired; here number i belongs to number i + d/2": torch.stack(
                (even * cos - odd * sin, odd * cos + even * sin), dim=-1
            ).flatten(-2),
            "the second half is not turned: both numbers of a pair change": torch.cat((a * cos - b * sin, b), dim=-1),
            "both halves have a minus: that is no turn, for it changes lengths": torch.cat((a * cos - b * sin, b * cos - a * sin), dim=-1),
            "the second half is computed from the first one, which is turned already": _one_after_the_other(a, b, cos, sin),
            "the two halves have changed places": rotate(x, cos, sin).roll(shape[3] // 2, -1),
        }
        same(called(answer, x, cos, sin), rotate(x, cos, sin), causes, name="the turned vectors", axes="B H N d", **TIGHT)


def _one_after_the_other(a: Tensor, b: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a = a * cos - b * sin
    return torch.cat((a, b * cos + a * sin), dim=-1)


@exercise("4.3", "RMSNorm")
def rms_norm(answer: Callable) -> None:
    for seed, shape in enumerate(((2, 3, 8), (4, 5), (1, 2, 3, 16))):
        x = 0.7 + 3 * _random(seed, shape)[0]
        square = x.square().mean(-1, keepdim=True)
        causes = {
            "that is LayerNorm: nothing is subtracted here": F.layer_norm(x, shape[-1:]),
            "each vector has length 1; its mean square should be 1, so its length √D": F.normalize(x, dim=-1),
            "it is divided by the mean square; take its root": x / square,
            "it is divided by the root of the sum; take the mean of the squares": x / x.square().sum(-1, keepdim=True).sqrt(),
            "the mean of the absolute values is not the root of the mean square": x / x.abs().mean(-1, keepdim=True),
            "one number for the whole tensor; every vector along the last axis has its own": x / x.square().mean().sqrt(),
            "it runs over the first axis; each vector along the last one has its own size": x / x.square().mean(0, keepdim=True).sqrt(),
            "it is multiplied by the root of the mean square; divide": x * square.sqrt(),
        }
        same(called(answer, x), F.rms_norm(x, shape[-1:]), causes, name="the normed vectors", axes="B N D" if len(shape) == 3 else "")
    empty = called(answer, torch.zeros(2, 4))
    if isinstance(empty, Tensor) and not empty.isfinite().all():
        raise Wrong("a vector of zeros becomes 0/0: add a tiny number to the mean square before you take the root")
    same(empty, torch.zeros(2, 4), name="what becomes of zeros")


@exercise("4.4", "SwiGLU")
def swiglu(answer: Callable) -> None:
    for seed, (shape, hidden) in enumerate((((2, 5, 8), 6), ((1, 3, 4), 12), ((3, 1, 6), 6))):
        x, up, down = _random(seed, shape, (2 * hidden, shape[-1]), (shape[-1], hidden))
        gate, value = F.linear(x, up).chunk(2, dim=-1)                                  # (B, N, hidden)
        even, odd = F.linear(x, up)[..., ::2], F.linear(x, up)[..., 1::2]
        causes = {
            "the halves are swapped: the first one is the gate, and goes through silu": F.linear(gate * F.silu(value), down),
            "that is a GLU with a sigmoid: silu(g) is g · sigmoid(g)": F.linear(torch.sigmoid(gate) * value, down),
            "that is a GLU with gelu; here the gate goes through silu": F.linear(F.gelu(gate) * value, down),
            "the value goes through silu too; it comes straight": F.linear(F.silu(gate) * F.silu(value), down),
            "gate and value are added; the gate multiplies": F.linear(F.silu(gate) + value, down),
            "silu goes over the product; it belongs to the gate alone": F.linear(F.silu(gate * value), down),
            "the gate goes straight: without silu this is only a product": F.linear(gate * value, down),
            "every second number is taken for the gate; it is the first half": F.linear(F.silu(even) * odd, down),
            "x is added already; the block does that, after the gate of adaLN": x + F.linear(F.silu(gate) * value, down),
        }
        target = F.linear(F.silu(gate) * value, down)
        same(called(answer, x, up, down), target, causes, name="what comes out", axes="B N D", rtol=1e-4, atol=1e-4)


@exercise("4.5", "adaLN-zero")
def modulation(answer: Callable) -> None:
    for seed, shape in enumerate(((2, 3, 4, 8), (1, 5, 5, 6), (2, 2, 1, 4))):
        B, t, n, D = shape
        x, shift, scale, gate, weight = _random(seed, shape, (B, t, D), (B, t, D), (B, t, D), (D, D))

        def part(h: Tensor, weight: Tensor = weight) -> Tensor:
            if h.shape[-1] != len(weight):
                raise Wrong(f"`part` was given a tensor of shape {tuple(h.shape)}; its last axis should be D = {len(weight)}")
            return torch.tanh(h @ weight)

        normed, s, m, g = F.rms_norm(x, (D,)), shift[:, :, None], scale[:, :, None], gate[:, :, None]
        target = x + g * part(normed * (1 + m) + s)
        causes = {
            "x itself is missing: what the part says is added to x": g * part(normed * (1 + m) + s),
            "scale multiplies alone; it is 1 + scale, so that a scale of 0 changes nothing": x + g * part(normed * m + s),
            "shift and scale are swapped": x + g * part(normed * (1 + s) + m),
            "shift is added before the scaling; scale first": x + g * part((normed + s) * (1 + m)),
            "the gate is missing": x + part(normed * (1 + m) + s),
            "the gate is 1 + gate: the part is open at birth, which is adaLN without the zero": x + (1 + g) * part(normed * (1 + m) + s),
            "the gate multiplies x too; only what the part says passes it": g * (x + part(normed * (1 + m) + s)),
            "x is not normed before it is scaled": x + g * part(x * (1 + m) + s),
            "the normed x is added; add x as it came": normed + g * part(normed * (1 + m) + s),
            "the norm comes after scale and shift, and undoes them: norm first": x + g * part(F.rms_norm(normed * (1 + m) + s, (D,))),
        }
        if t == n:
            s, m, g = (one[:, None] for one in (shift, scale, gate))
            causes["the modulation is laid along the places; it belongs to the frames"] = x + g * part(normed * (1 + m) + s)
        same(called(lambda x, *told: answer(part, x, *told), x, shift, scale, gate), target, causes, "the tokens", "B t n D", **TIGHT)  # noqa: B023


@exercise("4.6", "what a block costs")
def cost(answer: Callable) -> None:
    for N, D, hidden in ((80, 256, 704), (10, 8, 16), (976, 384, 1024), (5, 6, 7)):
        matrices, pairs = N * (4 * D * D + 3 * D * hidden), 2 * N * N * D
        yours = called(answer, N, D, hidden)
        causes = {
            "a multiplication and the addition after it count as one here": (2 * matrices, 2 * pairs),
            "attention multiplies twice: queries with keys, and weights with values": (matrices, pairs // 2),
            "the three matrices of SwiGLU are D × hidden each: `up` has two of them": (N * (4 * D * D + 2 * D * hidden), pairs),
            "the matrix behind attention, `answer`, is missing: query, key, value and answer make 4 D²": (
                N * (3 * D * D + 3 * D * hidden),
                pairs,
            ),
            "these are the weights; every one of them is used once for each of N tokens": (matrices // N, pairs),
            "a token looks at N tokens, and there are N of them: N², not N": (matrices, 2 * N * D),
            "the two numbers are swapped: first the matrices, then the attention": (pairs, matrices),
            "a pair of tokens costs D multiplications in each of the two products": (matrices, 2 * N * N),
        }
        same(yours, (matrices, pairs), causes, name=f"work({N}, {D}, {hidden})")
