"""Chapter 6's assignment: known frames in another code, with another noise. The seed draws the groups, the masks and the power of the level."""

import random

from minisora.classroom.problem import Part, Problem, hidden, visible


def problem(draw: random.Random) -> Problem:
    every, head = draw.choice((2, 3, 5, 8)), draw.choice((2, 3))
    power, every_nth = draw.choice((2, 3)), draw.choice((2, 3, 4))
    known = Part(
        "known_of",
        f"""A code whose first latent frame holds **the first {head} frames**, and each later one {every} frames. `missing` `(T,)` says which frames are to be
made, T = {head} + {every}k. A latent frame is known only if none of its frames is missing. **Which ones are known?** `(1 + k,)`, bool.""",
        "def known_of(missing: Tensor) -> Tensor:",
        f"""
        later = missing[{head}:].reshape(-1, {every}).any(1)                        # (k,)
        return ~torch.cat((missing[:{head}].any()[None], later))
        """,
        (
            visible("all known", 1, "nothing missing, all known", f"import torch\nassert known_of(torch.zeros({head + 3 * every}).bool()).tolist() == [True] * 4"),
            hidden("any gap", 3, "right for many gaps", f"""\
                import torch
                generator = torch.Generator().manual_seed(0)
                for k in (0, 1, 4, 7):
                    for _ in range(6):
                        missing = torch.rand({head} + {every} * k, generator=generator) < 0.2
                        groups = [range({head})] + [range({head} + {every} * i, {head} + {every} * (i + 1)) for i in range(k)]
                        assert known_of(missing).tolist() == [not any(bool(missing[i]) for i in group) for group in groups]
                """),
        ),
        {
            "the first frame alone, then the groups": f"""
                rest = missing[1:]
                rest = rest[: len(rest) // {every} * {every}].reshape(-1, {every}).any(1)
                return ~torch.cat((missing[:1], rest))""",
            "known as soon as one frame of the group is known": f"""
                later = missing[{head}:].reshape(-1, {every}).all(1)
                return ~torch.cat((missing[:{head}].all()[None], later))""",
        },
    )  # fmt: skip
    mask = Part(
        "keyframes",
        f"""A new kind of mask: **every {every_nth}th latent frame is known, counted from the last one backwards** (the last, the {every_nth}th before it, …).
At least one frame is left to be made: with t = 1 nothing is known. `(t,)`, bool.""",
        "def keyframes(t: int) -> Tensor:",
        f"""
        return ((t - 1 - torch.arange(t)) % {every_nth} == 0) & torch.tensor(t > 1)
        """,
        (
            visible("one frame", 1, "a picture is made whole", "assert keyframes(1).tolist() == [False]"),
            hidden("the mask", 2, "right for all lengths", f"""\
                for t in range(2, 12):
                    assert keyframes(t).tolist() == [(t - 1 - j) % {every_nth} == 0 for j in range(t)], t
                """),
        ),
        {"counted from the first one": f"return (torch.arange(t) % {every_nth} == 0) & torch.tensor(t > 1)"},
    )
    noisy = Part(
        "noisy",
        f"""What the network sees in training, for a model that mixes **(1 - σ^{power}) of the clean and σ^{power} of the noise**: `x` `(B, c, t, h, w)`, with no
noise at all on known frames, and the levels that it is told, `sigma` `(B, t)`. `level` `(B,)` is each video's own σ.""",
        "def noisy(clean: Tensor, noise: Tensor, level: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:",
        f"""
        sigma = torch.where(known, 0.0, level[:, None])                             # (B, t)
        share = (sigma**{power})[:, None, :, None, None]                            # (B, 1, t, 1, 1)
        return (1 - share) * clean + share * noise, sigma
        """,
        (
            hidden("known frames", 2, "known frames come out bit for bit, at level 0", """\
                import torch
                clean, noise = torch.randn(2, 2, 3, 4, 2, 2, generator=torch.Generator().manual_seed(0))
                known = torch.tensor([[True, False, False, True], [False, False, True, False]])
                x, sigma = noisy(clean, noise, torch.tensor([0.8, 0.3]), known)
                assert torch.equal(x.movedim(2, 1)[known], clean.movedim(2, 1)[known]) and not sigma[known].any() and sigma.shape == (2, 4)
                """),
            hidden("the others", 2, "the others are mixed at their video's level, and it is told", f"""\
                import torch
                clean, noise = torch.randn(2, 2, 3, 4, 2, 2, generator=torch.Generator().manual_seed(0))
                known = torch.tensor([[True, False, False, True], [False, False, True, False]])
                level = torch.tensor([0.8, 0.3])
                x, sigma = noisy(clean, noise, level, known)
                for b in range(2):
                    for j in range(4):
                        if not known[b, j]:
                            s = level[b] ** {power}
                            torch.testing.assert_close(x[b, :, j], (1 - s) * clean[b, :, j] + s * noise[b, :, j])
                            torch.testing.assert_close(sigma[b, j], level[b])
                """),
        ),
        {
            "the straight line of the course": """
                sigma = torch.where(known, 0.0, level[:, None])
                s = sigma[:, None, :, None, None]
                return (1 - s) * clean + s * noise, sigma""",
            "the share is told, not the level": f"""
                sigma = torch.where(known, 0.0, level[:, None]) ** {power}
                s = sigma[:, None, :, None, None]
                return (1 - s) * clean + s * noise, sigma""",
            "known frames get noise too": f"""
                s = (level**{power})[:, None, None, None, None]
                return (1 - s) * clean + s * noise, torch.where(known, 0.0, level[:, None])""",
        },
    )  # fmt: skip
    intro = "Another code, another mask, another mixture; the idea of chapter 6 is to hold: what is known has no noise, and the network is told so."
    drawn = {"frames in the first group": head, "in the others": every, "every nth is known": every_nth, "power of the level": power}
    return Problem(6, "Other frames are known", 45, intro, (known, mask, noisy), drawn)
