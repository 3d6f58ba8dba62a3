"""Chapter 5's assignment: who hears which words, and two pulls at once. The seed draws the rule of the shots, the ramp, the ways to forget."""

import random

from minisora.classroom.problem import Part, Problem, hidden, visible

RULES = {
    "earlier": ("of **all earlier shots** and of their own", "(theirs <= mine)"),
    "before": ("of **the shot just before** and of their own", "((theirs == mine) | (theirs == mine - 1))"),
    "around": ("of **the shots just before and just after** and of their own", "((theirs - mine).abs() <= 1)"),
}


def problem(draw: random.Random) -> Problem:
    rule = draw.choice(tuple(RULES))
    words, may = RULES[rule]
    most, low, high = draw.choice((2.5, 4.0, 6.0)), draw.choice((0.1, 0.2)), draw.choice((0.7, 0.8, 0.9))
    push = draw.choice((0.5, 1.5, 2.0))
    bias = Part(
        "may_see",
        f"""A storyboard again, with another rule. Words carry the number of their shot, 0 for the whole video. **Everybody sees the words of shot 0;
words of a shot see besides those {words}; words of shot 0 see nobody else's.** Padding (`mask` False) is seen by nobody. Give a table of
True and False `(B, L, L)`: row `i` may see column `j`.""",
        "def may_see(mask: Tensor, shot: Tensor) -> Tensor:",
        f"""
        mine, theirs = shot[:, :, None], shot[:, None, :]                           # (B, L, 1), (B, 1, L)
        seen = (theirs == 0) | (mine > 0) & {may}                                   # (B, L, L)
        return seen & mask[:, None, :]
        """,
        (
            visible("one shot", 1, "with a single shot all words see all words", """\
                import torch
                mask = torch.tensor([[True, True, True, False]])
                got = may_see(mask, torch.tensor([[0, 1, 1, 0]]))
                assert got.dtype == torch.bool and got.shape == (1, 4, 4) and got[0, 1].tolist() == [True, True, True, False]
                """),
            hidden("padding", 1, "padding is seen by nobody", """\
                import torch
                mask = torch.tensor([[True, True, False, False], [True, True, True, True]])
                assert not may_see(mask, torch.tensor([[0, 1, 0, 1], [0, 1, 2, 3]]))[0, :, 2:].any()
                """),
            hidden("the rule", 3, "the rule holds for every pair of shots, in every order", f"""\
                import torch
                shot = torch.tensor([[0, 1, 2, 3, 4, 2, 0, 1], [3, 3, 1, 0, 2, 4, 4, 0]])
                got = may_see(torch.ones_like(shot).bool(), shot)
                for b in range(2):
                    for i in range(8):
                        for j in range(8):
                            mine, theirs = shot[b, i], shot[b, j]
                            want = bool((theirs == 0) | (mine > 0) & {may})
                            assert bool(got[b, i, j]) == want, (int(mine), int(theirs))
                """),
        ),
        {
            "own shot alone, as in the course": "m, s = shot[:, :, None], shot[:, None]\nreturn ((s == 0) | (s == m)) & mask[:, None]",
            "rows and columns are swapped": f"""
                mine, theirs = shot[:, None, :], shot[:, :, None]
                return ((theirs == 0) | (mine > 0) & {may}) & mask[:, None, :]""",
        },
    )  # fmt: skip
    ramp = Part(
        "strength",
        f"""Guidance that does not switch but **swells**: 1 at σ ≤ {low:g} and at σ = 1, {most:g} at σ = {high:g}, and straight lines between these points.
`sigma` is `(B,)`; give the guidance of each video, `(B,)`.""",
        "def strength(sigma: Tensor) -> Tensor:",
        f"""
        up = 1 + ({most!r} - 1) * (sigma - {low!r}) / ({high!r} - {low!r})
        down = 1 + ({most!r} - 1) * (1 - sigma) / (1 - {high!r})
        return torch.minimum(up, down).clamp(min=1)
        """,
        (
            visible("ends", 1, "1 at both ends", "import torch\ntorch.testing.assert_close(strength(torch.tensor([0.0, 1.0])), torch.ones(2))"),
            hidden("the ramp", 2, "the whole ramp", f"""\
                import numpy as np
                import torch
                sigma = torch.linspace(0, 1, 41)
                want = torch.from_numpy(np.interp(sigma.numpy(), [0, {low!r}, {high!r}, 1], [1, 1, {most!r}, 1])).float()
                torch.testing.assert_close(strength(sigma).float(), want, rtol=1e-4, atol=1e-4)
                """),
        ),
        {"a switch, as in the course": f"return torch.where((sigma >= {low!r}) & (sigma <= {high!r}), {most!r}, 1.0)"},
    )
    two = Part(
        "two_pulls",
        f"""Now a wish *and* something that is not wanted. The network answers three times: `told` (the wish), `untold`, and `unwanted`. Start at `untold`;
go `guidance` `(B,)` times its way towards `told`, and **{push:g} times** its way towards `unwanted`, *away* from it. All velocities are
`(B, c, t, h, w)`.""",
        "def two_pulls(told: Tensor, untold: Tensor, unwanted: Tensor, guidance: Tensor) -> Tensor:",
        f"""
        pull = guidance[:, None, None, None, None]                                  # (B, 1, 1, 1, 1)
        return untold + pull * (told - untold) - {push!r} * (unwanted - untold)
        """,
        (
            visible("no pull", 1, "with guidance 0, and nothing unwanted, it is `untold`", """\
                import torch
                a, b = torch.randn(2, 2, 3, 2, 2, 2)
                torch.testing.assert_close(two_pulls(a, b, b, torch.zeros(2)), b)
                """),
            hidden("numbers", 3, "right for videos with guidance of their own", f"""\
                import torch
                a, b, n = torch.randn(3, 4, 2, 3, 2, 2, generator=torch.Generator().manual_seed(0))
                g = torch.tensor([0.0, 1.0, 3.0, 7.5])
                want = torch.stack([b[k] + g[k] * (a[k] - b[k]) - {push!r} * (n[k] - b[k]) for k in range(4)])
                torch.testing.assert_close(two_pulls(a, b, n, g), want)
                """),
        ),
        {
            "towards what is not wanted": f"g = guidance[:, None, None, None, None]\nreturn untold + g * (told - untold) + {push!r} * (unwanted - untold)",
            "it begins at `told`": f"g = guidance[:, None, None, None, None]\nreturn told + g * (told - untold) - {push!r} * (unwanted - untold)",
        },
    )  # fmt: skip
    intro = "A storyboard whose shots hear more, and a listener who is pulled in two directions."
    drawn = {"who is heard": words.replace("*", ""), "guidance": f"1 to {most:g} at σ = {high:g}, from σ = {low:g}", "push away": push}
    return Problem(5, "Other ears", 45, intro, (bias, ramp, two), drawn)
