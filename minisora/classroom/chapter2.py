"""Chapter 2's assignment: causal layers that look further back. The seed draws the compression, the stride of the look, the padding."""

import random

from minisora.classroom.problem import Part, Problem, hidden, visible

PADDINGS = {
    "zeros": ("zeros", "x.new_zeros(x.shape[0], 1, x.shape[2])"),
    "first": ("copies of the first step", "x[:, :1]"),
    "mirror": ("copies of the *second* step", "x[:, 1:2]"),
}


def problem(draw: random.Random) -> Problem:
    every, side, channels = draw.choice((2, 3, 5, 8)), draw.choice((4, 16)), draw.choice((4, 6, 12, 24))
    step, kind = draw.choice((2, 3, 4)), draw.choice(tuple(PADDINGS))
    words, past = PADDINGS[kind]
    place = Part(
        "latent_of",
        f"""A causal code takes frame 0 alone and then {every} frames at a time. **In which latent frame is frame `i`**, and is `i` the last of its group?
Give both: `(number, last)`.""",
        "def latent_of(i: int) -> tuple[int, bool]:",
        f"""
        return -(-i // {every}), i % {every} == 0
        """,
        (
            visible("the first frame", 1, "frame 0 is alone", "assert tuple(latent_of(0)) == (0, True)"),
            hidden("all others", 2, "right for the first sixty frames", f"""\
                for i in range(1, 60):
                    assert tuple(latent_of(i)) == ((i - 1) // {every} + 1, (i - 1) % {every} == {every - 1}), i
                """),
        ),
        {
            f"plain groups of {every}, as if the first frame were not alone": f"return i // {every}, i % {every} == {every - 1}",
            "one too few after the first frame": f"return (i - 1) // {every}, i % {every} == 0",
        },
    )  # fmt: skip
    causal = Part(
        "causal",
        f"""A layer that looks back further: step `j` of the result is the sum of `kernel[i]` times step `j - {step}·i` of `x` `(B, t, C)`, for all
`i` of the kernel `(k,)`. Before the first step stand **{words}**.""",
        "def causal(x: Tensor, kernel: Tensor) -> Tensor:",
        f"""
        back = {step} * (len(kernel) - 1)
        past = {past}.expand(-1, back, -1)
        whole, t = torch.cat((past, x), 1), x.shape[1]                          # (B, back + t, C)
        return sum(weight * whole[:, back - {step} * i : back - {step} * i + t] for i, weight in enumerate(kernel))
        """,
        (
            visible("shape", 1, "the shape is right", "import torch\nassert causal(torch.randn(2, 9, 3), torch.ones(2)).shape == (2, 9, 3)"),
            hidden("no future", 2, "no step knows a later one", """\
                import torch
                x = torch.randn(1, 12, 2, generator=torch.Generator().manual_seed(0))
                kernel = torch.tensor([0.5, -1.0, 2.0])
                for j in range(2, 11):
                    later = x.clone()
                    later[:, j + 1 :] += 1
                    torch.testing.assert_close(causal(later, kernel)[:, : j + 1], causal(x, kernel)[:, : j + 1])
                assert causal(x, kernel).abs().sum() > 0
                """),
            hidden("numbers", 3, "every number is right, the first steps too", f"""\
                import torch
                for t, k in ((9, 2), (12, 3), (5, 1)):
                    x = torch.randn(2, t, 3, generator=torch.Generator().manual_seed(t))
                    kernel = torch.randn(k, generator=torch.Generator().manual_seed(k))
                    past = {past}
                    want = torch.zeros_like(x)
                    for j in range(t):
                        for i in range(k):
                            at = j - {step} * i
                            want[:, j] += kernel[i] * (x[:, at] if at >= 0 else past[:, 0])
                    torch.testing.assert_close(causal(x, kernel), want)
                """),
        ),
        {
            "looks one step back each time, as in the course": f"""
                back = len(kernel) - 1
                whole, t = torch.cat(({past}.expand(-1, back, -1), x), 1), x.shape[1]
                return sum(weight * whole[:, back - i : back - i + t] for i, weight in enumerate(kernel))""",
            "the kernel runs forward in time: it sees the future": f"""
                ahead = {step} * (len(kernel) - 1)
                whole, t = torch.cat((x, x[:, -1:].expand(-1, ahead, -1)), 1), x.shape[1]
                return sum(weight * whole[:, {step} * i : {step} * i + t] for i, weight in enumerate(kernel))""",
        },
    )  # fmt: skip
    budget = Part(
        "times_fewer",
        f"""The code has {channels} channels, and is {side} times smaller in height and in width, {every} times in time (the first frame alone). **How many
times fewer numbers** are the latents of a film of `frames` frames, `height`×`width` pixels and three colours?""",
        "def times_fewer(frames: int, height: int, width: int) -> float:",
        f"""
        t = 1 + (frames - 1) // {every}
        return frames * height * width * 3 / (t * (height // {side}) * (width // {side}) * {channels})
        """,
        (hidden("three films", 2, "right for a picture, a short and a long film", "".join(
            f"assert abs(times_fewer({1 + every * k}, {side * a}, {side * b}) - {(1 + every * k) * side * side * 3 / ((1 + k) * channels)!r}) < 1e-9\n"
            for k, a, b in ((0, 4, 4), (4, 6, 3), (60, 8, 8)))),),
        {f"the limit of a long film, {every}·{side}²·3 / {channels}, for every film": f"return {every * side * side * 3 / channels}"},
    )  # fmt: skip
    intro = "A code that may not look ahead, with other steps than ours. Pictures, beginnings and chunks depend on every one of its layers."
    drawn = {"times in time": every, "times in space": side, "channels": channels, "steps back": step, "before the first step": words}
    return Problem(2, "A longer look back", 45, intro, (place, causal, budget), drawn)
