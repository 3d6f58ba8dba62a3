"""Chapter 3's assignment: another way between noise and data. The seed draws the schedule and the rule for the sampler's steps."""

import random

from minisora.classroom.problem import Part, Problem, hidden, visible

# keep(sigma) of the clean data and share(sigma) of the noise, with their slopes: words, keep, share, slope of keep, slope of share
SCHEDULES = {
    "cosine": ("`cos(πσ/2)` of the clean data and `sin(πσ/2)` of the noise",
               "torch.cos(math.pi / 2 * s)", "torch.sin(math.pi / 2 * s)",
               "-math.pi / 2 * torch.sin(math.pi / 2 * s)", "math.pi / 2 * torch.cos(math.pi / 2 * s)"),
    "square": ("`1 - σ²` of the clean data and `σ²` of the noise", "1 - s**2", "s**2", "-2 * s", "2 * s"),
    "early": ("`(1 - σ)²` of the clean data and `1 - (1 - σ)²` of the noise", "(1 - s) ** 2", "1 - (1 - s) ** 2", "-2 * (1 - s)", "2 * (1 - s)"),
    "uneven": ("`1 - σ` of the clean data and `σ²` of the noise", "1 - s", "s**2", "-torch.ones_like(s)", "2 * s"),
    "cubic": ("`1 - σ³` of the clean data and `σ` of the noise", "1 - s**3", "s", "-3 * s**2", "torch.ones_like(s)"),
}  # fmt: skip


def problem(draw: random.Random) -> Problem:
    name = draw.choice(tuple(SCHEDULES))
    words, keep, share, fall, rise = SCHEDULES[name]
    power = draw.choice((2, 3, 4))
    wide = "s = sigma[:, None, :, None, None]                                       # (B, 1, t, 1, 1)"
    given = """\
        import math
        import torch
        generator = torch.Generator().manual_seed(1)
        clean, noise = torch.randn(2, 3, 2, 4, 2, 2, generator=generator)
        sigma = 0.1 + 0.8 * torch.rand(3, 4, generator=generator)
        s = sigma[:, None, :, None, None]
"""
    mix = Part(
        "add_noise",
        f"""At noise level σ their mixture holds {words}. Every latent frame has a σ of its own: `sigma` is `(B, t)`, the videos `(B, c, t, h, w)`.""",
        "def add_noise(clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:",
        f"""
        {wide}
        return ({keep}) * clean + ({share}) * noise
        """,
        (
            visible("ends", 1, "clean at 0, noise at 1", """\
                import torch
                clean, noise = torch.randn(2, 2, 2, 3, 4, 4)
                torch.testing.assert_close(add_noise(clean, noise, torch.zeros(2, 3)), clean, atol=1e-5, rtol=0)
                torch.testing.assert_close(add_noise(clean, noise, torch.ones(2, 3)), noise, atol=1e-5, rtol=0)
                """),
            hidden("between", 2, "right in between, each frame at its own level", given + f"""\
        torch.testing.assert_close(add_noise(clean, noise, sigma), ({keep}) * clean + ({share}) * noise)
        """),
        ),
        {
            "the straight line of the course": "s = sigma[:, None, :, None, None]\nreturn (1 - s) * clean + s * noise",
            "the level is laid along the channels or the batch": f"s = sigma[:, :1, None, None, None]\nreturn ({keep}) * clean + ({share}) * noise",
        },
    )  # fmt: skip
    speed = Part(
        "velocity",
        """How fast, and in which direction, does the mixture move as σ grows? Give **d x / d σ**, in closed form. (It does depend on σ here.)""",
        "def velocity(clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:",
        f"""
        {wide}
        return ({fall}) * clean + ({rise}) * noise
        """,
        (hidden("slope", 3, "equals the slope that torch's derivative finds", given + f"""\
        mixed = lambda s: ({keep}) * clean + ({share}) * noise
        want = torch.autograd.functional.jvp(mixed, s, torch.ones_like(s))[1]
        torch.testing.assert_close(velocity(clean, noise, sigma), want)
        """),),
        {"noise - clean, which holds for the straight line alone": "return noise - clean"},
    )  # fmt: skip
    back = Part(
        "clean_from",
        """A network has said the velocity `v` at the point `x`. Two equations hold, `x = …` and `v = …`, with two unknowns. **Solve them for the clean
data.** (Wherever it is asked, 0.1 ≤ σ ≤ 0.9.)""",
        "def clean_from(x: Tensor, v: Tensor, sigma: Tensor) -> Tensor:",
        f"""
        {wide}
        keep, share, fall, rise = {keep}, {share}, {fall}, {rise}
        return (rise * x - share * v) / (keep * rise - share * fall)
        """,
        (hidden("there and back", 3, "finds the clean data again", given + f"""\
        x, v = ({keep}) * clean + ({share}) * noise, ({fall}) * clean + ({rise}) * noise
        torch.testing.assert_close(clean_from(x, v, sigma), clean, rtol=1e-3, atol=1e-3)
        """),),
        {"x - sigma · v, which holds for the straight line alone": "return x - sigma[:, None, :, None, None] * v"},
    )  # fmt: skip
    steps = Part(
        "levels",
        f"""Their sampler's steps are not even: level number `n` of `steps` is **(1 - n / steps)^{power}**, from 1 to 0. Give all `steps + 1` levels.
(Where do they lie densest, and what is decided there?)""",
        "def levels(steps: int) -> Tensor:",
        f"""
        return (1 - torch.arange(steps + 1) / steps) ** {power}
        """,
        (
            visible("ends", 1, "from 1 to 0, one more than steps", """\
                got = levels(5)
                assert len(got) == 6 and float(got[0]) == 1 and float(got[-1]) == 0
                """),
            hidden("levels", 1, "the levels between", f"""\
                import torch
                for steps in (1, 4, 25):
                    want = [(1 - n / steps) ** {power} for n in range(steps + 1)]
                    torch.testing.assert_close(torch.as_tensor(levels(steps)).float(), torch.tensor(want))
                """),
        ),
        {"even steps, as in the course": "return torch.linspace(1, 0, steps + 1)"},
    )  # fmt: skip
    intro = "A model of another school mixes noise and data along another curve. What of chapter 3 holds, and what was true of the straight line alone?"
    drawn = {"schedule": words.replace("`", ""), "power of the steps": power}
    return Problem(3, "Another way down", 50, intro, (mix, speed, back, steps), drawn)
