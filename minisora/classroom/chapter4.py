"""Chapter 4's assignment: positions, dials and their price. The seed draws the pairs, the periods, the dials and who shares them."""

import random

from minisora.classroom.problem import Part, Problem, hidden, visible


def problem(draw: random.Random) -> Problem:
    fast, slow = draw.choice((0.25, 0.5, 2.0)), draw.choice((20.0, 45.0, 90.0))
    sign = draw.choice((1, -1))
    turn = "anticlockwise" if sign > 0 else "clockwise"
    dials, shared = draw.choice((4, 9, 12)), draw.choice((2, 4))
    size = draw.choice(("max", "sum"))
    measure = {"max": "its largest absolute number is 1", "sum": "its absolute numbers have mean 1"}[size]
    norm = {"max": "x.abs().amax(-1, keepdim=True)", "sum": "x.abs().mean(-1, keepdim=True)"}[size]
    angles = Part(
        "angles",
        f"""Rotary positions in time, for vectors of `d` numbers. There are `d / 2` pairs. The first makes a whole turn in **{fast:g} seconds**, the last in
**{slow:g} seconds**, and each pair's period is the same factor longer than that of the pair before. Give the angle of every token and pair:
`seconds` `(N,)` to `(N, d / 2)`, in radians.""",
        "def angles(seconds: Tensor, d: int) -> Tensor:",
        f"""
        place = torch.arange(d // 2) / (d // 2 - 1)                                 # (d / 2,): 0 for the first pair, 1 for the last
        period = {fast!r} * ({slow!r} / {fast!r}) ** place                          # (d / 2,) in seconds
        return 2 * math.pi * seconds[:, None] / period                              # (N, d / 2)
        """,
        (
            visible("shape", 1, "the shape is right", "import torch\nassert angles(torch.zeros(7), 8).shape == (7, 4)"),
            hidden("both ends", 1, "the first and the last pair are right", f"""\
                import math
                import torch
                got = angles(torch.tensor([1.0, 3.0]), 12).double()
                want = torch.tensor([[2 * math.pi * s / p for p in ({fast!r}, {slow!r})] for s in (1.0, 3.0)]).double()
                torch.testing.assert_close(got[:, [0, -1]], want, rtol=1e-4, atol=1e-4)
                """),
            hidden("between", 2, "the pairs between too", f"""\
                import math
                import torch
                for d in (8, 16):
                    periods = [{fast!r} * ({slow!r} / {fast!r}) ** (k / (d // 2 - 1)) for k in range(d // 2)]
                    want = torch.tensor([[2 * math.pi * s / p for p in periods] for s in (0.5, 2.0, 7.0)]).double()
                    torch.testing.assert_close(angles(torch.tensor([0.5, 2.0, 7.0]), d).double(), want, rtol=1e-4, atol=1e-4)
                """),
        ),
        {
            "periods are evenly spaced instead of by a factor":
                f"return 2 * math.pi * seconds[:, None] / torch.linspace({fast!r}, {slow!r}, d // 2)",
            "2π is forgotten: these are turns, not radians":
                f"return seconds[:, None] / ({fast!r} * ({slow!r} / {fast!r}) ** (torch.arange(d // 2) / (d // 2 - 1)))",
        },
    )  # fmt: skip
    turned = Part(
        "turned",
        f"""Turn the pairs of `x` `(B, H, N, d)` **{turn}** by `angle` `(N, d / 2)`. In this house **neighbours** are pairs: numbers 0 and 1, numbers 2
and 3, and so on (the course pairs `i` with `i + d / 2`).""",
        "def turned(x: Tensor, angle: Tensor) -> Tensor:",
        f"""
        a, b = x[..., 0::2], x[..., 1::2]                                           # (B, H, N, d / 2) each
        cos, sin = angle.cos(), {"" if sign > 0 else "-"}angle.sin()
        return torch.stack((a * cos - b * sin, b * cos + a * sin), -1).flatten(-2)  # (B, H, N, d)
        """,
        (
            visible("lengths stay", 1, "nothing becomes longer or shorter", """\
                import torch
                x, angle = torch.randn(2, 3, 5, 8), torch.randn(5, 4)
                torch.testing.assert_close(turned(x, angle).norm(dim=-1), x.norm(dim=-1))
                """),
            hidden("numbers", 2, "every pair is turned the right way", f"""\
                import torch
                x = torch.randn(2, 3, 5, 8, generator=torch.Generator().manual_seed(0))
                angle = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
                want = torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (4, 2)).contiguous()) * torch.polar(torch.ones(5, 4), {sign} * angle))
                torch.testing.assert_close(turned(x, angle), want.flatten(-2))
                """),
        ),
        {
            "pairs i and i + d / 2, as in the course": f"""
                a, b = x.chunk(2, -1)
                cos, sin = angle.cos(), {"" if sign > 0 else "-"}angle.sin()
                return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)""",
            "turned the other way round": f"""
                a, b = x[..., 0::2], x[..., 1::2]
                cos, sin = angle.cos(), {"-" if sign > 0 else ""}angle.sin()
                return torch.stack((a * cos - b * sin, b * cos + a * sin), -1).flatten(-2)""",
        },
    )  # fmt: skip
    to_size = Part(
        "to_size",
        f"""Their norm brings every vector along the last axis to a size at which **{measure}**. A vector of zeros stays zeros, without `nan`.""",
        "def to_size(x: Tensor) -> Tensor:",
        f"""
        size = {norm}
        return x / size.clamp(min=1e-12)
        """,
        (
            hidden("numbers", 2, "right for vectors of every size", f"""\
                import torch
                x = torch.randn(2, 3, 6, generator=torch.Generator().manual_seed(2)) * torch.tensor([1e-3, 1.0, 1e3])[:, None]
                torch.testing.assert_close(to_size(x), x / ({norm}))
                """),
            hidden("zeros", 1, "zeros stay zeros", "import torch\nassert torch.equal(to_size(torch.zeros(2, 5)), torch.zeros(2, 5))"),
        ),
        {"RMSNorm, as in the course": "return torch.nn.functional.rms_norm(x, x.shape[-1:])"},
    )
    cost = Part(
        "dials",
        f"""A block of theirs needs **{dials} dials** (vectors of `D` numbers) for each frame. One linear layer (with bias) from the frame's moment of `D`
numbers makes them for every **{shared} neighbouring blocks** together; each block adds an offset of its own to every dial. `depth` is a
multiple of {shared}. **How many numbers are learned for the dials in all?**""",
        "def dials(D: int, depth: int) -> int:",
        f"""
        return depth // {shared} * {dials} * D * (D + 1) + depth * {dials} * D
        """,
        (hidden("counts", 2, "right at two sizes", "".join(
            f"assert dials({D}, {depth}) == {depth // shared * dials * D * (D + 1) + depth * dials * D}\n" for D, depth in ((64, 4), (384, 24)))),),
        {"a layer for each block, as in DiT": f"return depth * {dials} * D * (D + 1)", "offsets forgotten": f"return depth // {shared} * {dials} * D * (D + 1)"},
    )  # fmt: skip
    intro = "A transformer with other clocks, another norm and other dials. The laws are the same: lengths stay, zeros stay, distances are all that counts."
    drawn = {"periods": f"{fast:g} s to {slow:g} s", "turned": turn, "norm": measure, "dials": dials, "blocks that share": shared}
    return Problem(4, "Other clocks, other dials", 55, intro, (angles, turned, to_size, cost), drawn)
