"""Chapter 7's assignment: a long video in pieces that overlap. The seed draws window, piece, group, ramp and the weights of the seam."""

import random

from minisora.classroom.problem import Part, Problem, hidden, visible


def problem(draw: random.Random) -> Problem:
    every = draw.choice((2, 3, 6))
    window, piece = 1 + every * draw.choice((2, 3)), every * draw.choice((3, 4, 5))
    kind, fps = draw.choice(("linear", "cosine")), draw.choice((10, 12, 24))
    ramp = {"linear": "(k + 1) / (K + 1)", "cosine": "(1 - cos(π (k + 1) / (K + 1))) / 2"}[kind]
    weight = {"linear": "where", "cosine": "(1 - torch.cos(math.pi * where)) / 2"}[kind]
    plan = Part(
        "plan",
        f"""A model of another house codes 1 + {every}k frames. It goes on from the last **{window} frames** and makes **{piece}** at a time; of the last piece,
what sticks out is cut off. A video has `given` frames (at least {window}) and shall get `wanted` more. **Which frames are shown and which are
made in each call?** A list of `(first_shown, first_made, end)`; frames `first_shown` to `first_made - 1` are the window, and those from
`first_made` to `end - 1` are made *and kept*.""",
        "def plan(given: int, wanted: int) -> list[tuple[int, int, int]]:",
        f"""
        total, calls = given + wanted, []
        while given < total:
            end = min(given + {piece}, total)
            calls.append((given - {window}, given, end))
            given = end
        return calls
        """,
        (
            visible("nothing wanted", 1, "nothing wanted, nothing called", f"assert plan({window}, 0) == []"),
            hidden("one piece", 1, "a single piece", f"assert [tuple(call) for call in plan({window + 4}, {piece})] == [(4, {window + 4}, {window + 4 + piece})]"),
            hidden("many pieces", 2, "many pieces, the last one cut off", f"""\
                for given, wanted in (({window}, {3 * piece + 1}), ({window + 9}, {2 * piece}), ({window + 2}, 1)):
                    made, want = given, []
                    while made < given + wanted:
                        want.append((made - {window}, made, min(made + {piece}, given + wanted)))
                        made += {piece}
                    assert [tuple(call) for call in plan(given, wanted)] == want
                """),
        ),
        {
            "every call looks at the video that was given, not at what was made since":
                f"return [(given - {window}, at, min(at + {piece}, given + wanted)) for at in range(given, given + wanted, {piece})]",
            "the last piece sticks out": f"return [(at - {window}, at, at + {piece}) for at in range(given, given + wanted, {piece})]",
        },
    )  # fmt: skip
    blend = Part(
        "blend",
        f"""Two clips overlap: the last `K` frames of `a` and the first `K` of `b` are the same moments. Fade: of the overlap's frame `k` (from 0) take
**{ramp}** of `b` and the rest of `a`. Clips are `(T, H, W, 3)`; give the whole.""",
        "def blend(a: Tensor, b: Tensor, K: int) -> Tensor:",
        f"""
        where = (torch.arange(K) + 1) / (K + 1)                                     # (K,)
        new = ({weight})[:, None, None, None]                                       # (K, 1, 1, 1): b's share
        return torch.cat((a[: len(a) - K], (1 - new) * a[len(a) - K :] + new * b[:K], b[K:]))
        """,
        (
            visible("length", 1, "the overlap counts once", "import torch\nassert blend(torch.zeros(9, 2, 2, 3), torch.zeros(7, 2, 2, 3), 4).shape == (12, 2, 2, 3)"),
            hidden("frames", 3, "every frame is right", f"""\
                import math
                import torch
                for K in (1, 3, 4):
                    a, b = torch.rand(2, 8, 2, 2, 3, generator=torch.Generator().manual_seed(K))
                    got = blend(a, b, K)
                    assert torch.equal(got[: 8 - K], a[: 8 - K]) and torch.equal(got[8:], b[K:])
                    for k in range(K):
                        where = torch.tensor((k + 1) / (K + 1))
                        new = {weight}
                        torch.testing.assert_close(got[8 - K + k], (1 - new) * a[8 - K + k] + new * b[k])
                """),
        ),
        {
            "faded the wrong way round": f"""
                where = 1 - (torch.arange(K) + 1) / (K + 1)
                new = ({weight})[:, None, None, None]
                return torch.cat((a[: len(a) - K], (1 - new) * a[len(a) - K :] + new * b[:K], b[K:]))""",
            "the ramp goes from 0 to 1 inside the overlap: its ends are not mixed": f"""
                where = torch.linspace(0, 1, K) if K > 1 else torch.ones(1) / 2
                new = ({weight})[:, None, None, None]
                return torch.cat((a[: len(a) - K], (1 - new) * a[len(a) - K :] + new * b[:K], b[K:]))""",
        },
    )  # fmt: skip
    seam = Part(
        "jerk",
        f"""How rough is a seam? At **{fps} frames a second** `x` `(T, 2)` are places, and `at` is the first made frame. The velocity of a step is its length
and direction times {fps}. Give **the norm of the acceleration over the seam less that just before it**: accelerations are differences of
velocities times {fps}. Steps `at-3 → at-2`, `at-2 → at-1` and `at-1 → at` are all that is needed.""",
        "def jerk(x: Tensor, at: int) -> float:",
        f"""
        v = (x[at - 2 : at + 1] - x[at - 3 : at]) * {fps}                           # (3, 2): before, before, over the seam
        return float(((v[2] - v[1]) * {fps}).norm() - ((v[1] - v[0]) * {fps}).norm())
        """,
        (
            visible("an even path", 1, "an even path has none", "import torch\nassert abs(jerk(torch.arange(10.0)[:, None].expand(10, 2) / 64, 5)) < 1e-3"),
            hidden("numbers", 2, "right on crooked paths", f"""\
                import torch
                x = torch.randn(12, 2, generator=torch.Generator().manual_seed(3)) / 50
                for at in (3, 6, 11):
                    steps = [(x[at + k] - x[at + k - 1]) * {fps} for k in (-2, -1, 0)]
                    want = float((steps[2] - steps[1]).norm() * {fps} - (steps[1] - steps[0]).norm() * {fps})
                    assert abs(jerk(x, at) - want) < 1e-3 * (1 + abs(want))
                """),
        ),
        {
            "fps is used once; an acceleration needs it twice":
                f"v = (x[at - 2 : at + 1] - x[at - 3 : at]) * {fps}\nreturn float((v[2] - v[1]).norm() - (v[1] - v[0]).norm())",
            "it looks one step late":
                f"v = (x[at - 1 : at + 2] - x[at - 2 : at + 1]) * {fps}\nreturn float(((v[2:] - v[1:2]) * {fps}).norm() - ((v[1] - v[0]) * {fps}).norm())",
        },
    )  # fmt: skip
    intro = "Another house makes long videos in pieces that overlap. Plan them, blend them, and measure what the seam shows."
    drawn = {"group": every, "window": window, "piece": piece, "ramp": kind, "frames a second": fps}
    return Problem(7, "Piece by piece, with a fade", 45, intro, (plan, blend, seam), drawn)
