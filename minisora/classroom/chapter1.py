"""Chapter 1's assignment: the same cut with another knife. The seed draws the compression, the patch, and both orders."""

import random

from minisora.classroom.problem import Part, Problem, hidden, visible

SAID = {"t": "frames", "h": "rows", "w": "columns"}
INSIDE = {"c": "channel", "pt": "step in time", "ph": "row", "pw": "column"}
ROWS = ("t w h", "h t w", "h w t", "w t h", "w h t")  # not the course's t h w
CELLS = ("pt ph pw c", "ph pw pt c", "pw ph c pt", "c pw ph pt", "pt c pw ph")  # not the course's c pt ph pw


def problem(draw: random.Random) -> Problem:
    every, side = draw.choice((2, 3, 5, 8)), draw.choice((4, 6, 16))
    patch = draw.choice(((1, 2, 3), (1, 3, 2), (1, 1, 4), (2, 1, 3), (2, 3, 1), (1, 4, 2)))
    row, cell = draw.choice(ROWS), draw.choice(CELLS)
    pt, ph, pw = patch
    sizes = f"pt={pt}, ph={ph}, pw={pw}"
    slow = f"""\
        outer = {[axis for axis in row.split()]!r}
        inner = {[axis for axis in cell.split()]!r}
        many = dict(t=t, h=h, w=w)
        tokens = []
        for places in itertools.product(*(range(many[axis]) for axis in outer)):
            at = dict(zip(outer, places))
            block = x[:, :, at["t"] * {pt} : at["t"] * {pt} + {pt}, at["h"] * {ph} : at["h"] * {ph} + {ph}, at["w"] * {pw} : at["w"] * {pw} + {pw}]
            tokens.append(block.permute(0, *(1 + ["c", "pt", "ph", "pw"].index(axis) for axis in inner)).reshape(2, -1))
        tokens = torch.stack(tokens, 1)
    """
    videos = f"""\
    import itertools
    import torch
    for t, h, w, c in ((2, 3, 4, 5), (1, 4, 2, 3), (3, 2, 5, 1)):
        x = torch.randn(2, c, t * {pt}, h * {ph}, w * {pw}, generator=torch.Generator().manual_seed(t))
{slow}"""
    count = Part(
        "count_tokens",
        f"""A film of `frames` = 1 + {every}k frames is compressed {every} times in time, its first frame alone, and {side} times in height and in
width. A token covers {pt}×{ph}×{pw} latents. The film comes in sizes that fit. **How many tokens has it?**""",
        "def count_tokens(frames: int, height: int, width: int) -> int:",
        f"""
        t = 1 + (frames - 1) // {every}
        return (t // {pt}) * (height // {side * ph}) * (width // {side * pw})
        """,
        (
            hidden("count", 2, "right on three films of different sides", "".join(
                f"assert count_tokens({1 + every * (k * pt - 1)}, {side * ph * a}, {side * pw * b}) == {k * a * b}\n"
                for k, a, b in ((5, 4, 3), (1 if pt == 1 else 2, 2, 5), (9, 3, 7)))),
            visible("a number", 1, "a whole number comes out", f"assert isinstance(count_tokens({1 + every * (3 * pt - 1)}, {side * ph}, {side * pw}), int)"),
        ),
        {
            "the first frame is not counted as a latent frame of its own": f"return (frames // {every} // {pt}) * (height // {side * ph}) * (width // {side * pw})",
            "latents are counted, not tokens": f"return (1 + (frames - 1) // {every}) * (height // {side}) * (width // {side})",
        },
    )  # fmt: skip
    cut = Part(
        "cut",
        f"""Cut latents `(B, c, t, h, w)` into patches of {pt}×{ph}×{pw} and lay them in a row. The row runs through **{SAID[row.split()[2]]} fastest,
then {SAID[row.split()[1]]}, then {SAID[row.split()[0]]}**. Inside a token the numbers stand in the order **{", ".join(INSIDE[axis] for axis in cell.split())}**,
the last of these fastest. (Both differ from the course's. Use `reshape` and `permute`, or one `rearrange`.)""",
        "def cut(x: Tensor) -> Tensor:",
        f"""
        from einops import rearrange

        return rearrange(x, "B c (t pt) (h ph) (w pw) -> B ({row}) ({cell})", {sizes})
        """,
        (
            visible("shape", 1, "the shape is right", f"""\
                import torch
                assert cut(torch.zeros(2, 5, {2 * pt}, {3 * ph}, {4 * pw})).shape == (2, 24, {5 * pt * ph * pw})
                """),
            hidden("numbers", 3, "every number is in its place, on three formats with different sides",
                   videos + "\n        torch.testing.assert_close(cut(x), tokens)"),
        ),
        {
            "the course's own cut": f'from einops import rearrange\nreturn rearrange(x, "B c (t pt) (h ph) (w pw) -> B (t h w) (c pt ph pw)", {sizes})',
            "only reshaped: nothing was moved": f"return x.reshape(x.shape[0], -1, x.shape[1] * {pt * ph * pw})",
            "the row is right, the order inside a token is the course's":
                f'from einops import rearrange\nreturn rearrange(x, "B c (t pt) (h ph) (w pw) -> B ({row}) (c pt ph pw)", {sizes})',
        },
    )  # fmt: skip
    paste = Part(
        "paste",
        "And the way back: tokens of a grid of `t`×`h`×`w` patches (counted in patches, not latents) as latents again.",
        "def paste(tokens: Tensor, t: int, h: int, w: int) -> Tensor:",
        f"""
        from einops import rearrange

        return rearrange(tokens, "B ({row}) ({cell}) -> B c (t pt) (h ph) (w pw)", t=t, h=h, w=w, {sizes})
        """,
        (hidden("there and back", 3, "gives back the latents that the tokens were cut from", videos + "\n        torch.testing.assert_close(paste(tokens, t, h, w), x)"),),
        {
            "only reshaped": f"return tokens.reshape(tokens.shape[0], -1, t * {pt}, h * {ph}, w * {pw})",
            "the inverse of the course's cut": f"""
                from einops import rearrange
                return rearrange(tokens, "B (t h w) (c pt ph pw) -> B c (t pt) (h ph) (w pw)", t=t, h=h, w=w, {sizes})""",
        },
    )  # fmt: skip
    intro = "Another house has built its video model with another knife. Cut as they do. Nothing here needs training, only care with the order of axes."
    drawn = {"times in time": every, "times in space": side, "patch": f"{pt}×{ph}×{pw}", "order of the row": row, "order in a token": cell}
    return Problem(1, "Another knife", 40, intro, (count, cut, paste), drawn)
