"""Judges of chapter 1's exercises: patches, grids, positions."""

import torch
from einops import rearrange
from torch import Tensor

from minisora.check.compare import Wrong, called, same, squares
from minisora.check.core import exercise
from minisora.patches import Grid, patchify, positions, unpatchify

VIDEOS = ((17, 64, 96), (1, 64, 64), (33, 96, 32), (481, 64, 64))  # frames, height, width


@exercise("1.1", "How many tokens?")
def count_tokens(answer):
    for frames, height, width in VIDEOS:
        t, h, w = 1 + (frames - 1) // 4, height // 8, width // 8
        causes = {
            "these are latents, not tokens: a token covers 2 rows and 2 columns of them": t * h * w,
            "the first frame is missing: it makes a latent frame of its own, before the groups of 4": (t - 1) * h * w // 4,
            "every frame is counted: four of them (and the first alone) share a latent frame": frames * h * w // 4,
            "only one of height and width is cut into patches of 2": t * h * w // 2,
            "these are pixels: 8 by 8 of them make one latent": t * height * width // 4,
        }
        given = f"count_tokens({frames}, {height}, {width})"
        same(called(answer, frames, height, width), t * h * w // 4, causes, name=given)


@exercise("1.2", "The way back")
def way_back(answer):
    for index, (grid, patch, c) in enumerate((((3, 2, 4), (1, 2, 2), 5), ((2, 3, 1), (2, 1, 3), 2), ((1, 4, 2), (1, 4, 2), 3))):
        grid = Grid(*grid)
        (pt, ph, pw), size = patch, dict(t=grid.t, h=grid.h, w=grid.w, pt=patch[0], ph=patch[1], pw=patch[2])
        shape = (2, c, grid.t * pt, grid.h * ph, grid.w * pw)
        x = torch.randn(shape, generator=torch.Generator().manual_seed(index))
        tokens = patchify(x, patch)

        def mistake(pattern: str, tokens: Tensor = tokens, size: dict = size, c: int = c) -> Tensor:
            return rearrange(tokens, pattern, c=c, **size)

        split = tokens.reshape(2, grid.t, grid.h, grid.w, c, pt, ph, pw)

        def moved(*order: int, split: Tensor = split, shape: tuple = shape) -> Tensor:
            return split.permute(order).reshape(shape)

        causes = {
            "the shape is right, but nothing was moved: between the two `reshape`s the axes must change places": tokens.reshape(shape),
            "the row was read column by column: in it, columns run fastest, then rows, then frames": mistake(
                "B (t w h) (c pt ph pw) -> B c (t pt) (h ph) (w pw)"
            ),
            "the row was read with frames running fastest: it goes through a whole frame before the next begins": mistake(
                "B (h w t) (c pt ph pw) -> B c (t pt) (h ph) (w pw)"
            ),
            "inside a patch the channels come first, then time, rows and columns; you took them last": mistake(
                "B (t h w) (pt ph pw c) -> B c (t pt) (h ph) (w pw)"
            ),
            "inside the patches rows and columns are swapped": mistake("B (t h w) (c pt pw ph) -> B c (t pt) (h ph) (w pw)"),
            "`patch` is not used: not every patch is 1×2×2": _default(tokens, grid),
            "in an axis, the place in the patch stands before the number of the patch: it must be (patch, place in it)": mistake(
                "B (t h w) (c pt ph pw) -> B c (pt t) (ph h) (pw w)"
            ),
            "the axes are moved in the order of `patchify` once more; the way back needs its inverse, which brings c behind B and each "
            "number of a patch right before the place in it": moved(0, 2, 4, 6, 1, 3, 5, 7),
            "c is where it should be, but the last `reshape` merges neighbours, and they are no pairs: t', pt, h', ph, w', pw is asked, "
            "not t', h', w', pt, ph, pw": moved(0, 4, 1, 2, 3, 5, 6, 7),
            "c is where it should be, but the last `reshape` merges neighbours, and they are no pairs: t', pt, h', ph, w', pw is asked, "
            "not pt, ph, pw, t', h', w'": moved(0, 4, 5, 6, 7, 1, 2, 3),
            "the pairs are right, but `permute` leaves c behind them: it belongs right behind B": moved(0, 1, 5, 2, 6, 3, 7, 4),
        }
        where = f"what comes back from {tokens.shape[1]} tokens in a grid of {grid.t}×{grid.h}×{grid.w}"
        same(called(answer, tokens, grid, patch), unpatchify(tokens, grid, patch), causes, name=where, axes="B c t h w")


def _default(tokens: Tensor, grid: Grid) -> Tensor | None:
    """What an answer makes that takes every patch for the usual one; None where that is not possible."""
    return unpatchify(tokens, grid) if tokens.shape[-1] % 4 == 0 else None


@exercise("1.3", "Where does token n come from?")
def place_of(answer):
    grid = Grid(5, 4, 6)
    for n in (37, 0, 5, 6, 24, 119):
        a, i, j = n // 24, n // 6 % 4, n % 6
        causes = {
            "row and column are swapped: the row of tokens runs along the columns first": (a, j, i),
            "you took the height for the length of a line: a line holds grid.w tokens": (a, n % 24 // 4, n % 4),
            "this counts from 1: the first frame, row and column are 0": (a + 1, i + 1, j + 1),
            "the row is counted through all frames: take the whole frames off first": (a, n // 6, j),
            "the order is not frame, row, column but the other way round": (j, i, a),
        }
        same(called(answer, n, grid), (a, i, j), causes, name=f"the place of token {n} in a grid of 5×4×6")


@exercise("1.4", "How long may it be?")
def longest(answer):
    for budget, height, width in ((100, 64, 64), (96, 64, 64), (10, 64, 64), (2000, 64, 96), (16, 64, 64)):
        t = budget // ((height // 16) * (width // 16))
        target = max(4 * t - 3, 0)
        causes = {
            "the first latent frame holds 1 frame, not 4": 4 * t,
            "these are latent frames: each but the first holds 4 frames": t,
            "that needs one latent frame more than fits: round down": 4 * t + 1,
            "when not even a picture fits, the answer is 0": -3,
            "a token covers 16×16 pixels, not 8×8": max(4 * (budget // ((height // 8) * (width // 8))) - 3, 0),
        }
        same(called(answer, budget, height, width), target, causes, name=f"longest({budget}, {height}, {width})")


@exercise("1.5", "The square in the middle")
def middle_square(answer):
    for grid, side in ((Grid(2, 4, 6), 4), (Grid(3, 4, 8), 4), (Grid(1, 4, 4), 4), (Grid(2, 6, 8), 6)):
        x = torch.randn((1, 3, grid.t, 2 * grid.h, 2 * grid.w), generator=torch.Generator().manual_seed(grid.w))
        tokens, where = patchify(x), positions(grid)
        edge, right = grid.w - side, where[:, 2]
        inside = right.abs() < 0.5
        target = patchify(x[..., edge : edge + 2 * side])
        causes = {
            "this is the left part: `right` is 0 in the middle, and the square goes from -0.5 to 0.5": patchify(x[..., : 2 * side]),
            "this is the right half only: take the absolute value of `right`": tokens[:, (where[:, 2] > 0) & (where[:, 2] < 0.5)],
            "this chooses by `up`, the second number; the square is cut out of the width: the third": tokens[:, where[:, 1].abs() < 0.5],
            "this chooses by seconds, the first number; the square is cut out of the width: the third": tokens[:, where[:, 0].abs() < 0.5],
            "these are the tokens outside the square": tokens[:, where[:, 2].abs() > 0.5],
            "this is the right half of each frame: `right` is 0 in the middle, and the square goes from -0.5 to 0.5": tokens[:, right > 0],
            "this is the left half of each frame: `right` is 0 in the middle, and the square goes from -0.5 to 0.5": tokens[:, right < 0],
            "only the right edge is cut off: `right` must lie above -0.5 too; take its absolute value": tokens[:, right < 0.5],
            "only the left edge is cut off: `right` must lie below 0.5 too; take its absolute value": tokens[:, right > -0.5],
            f"this is the square of the first frame only; of all {grid.t} frames it is asked": tokens[:, inside & (where[:, 0] == 0)],
        }
        for columns in range(2, side, 2):
            said = f"these are the {columns} columns in the middle; asked are {side}, as many as there are rows: `right` from -0.5 to 0.5"
            causes[said] = patchify(x[..., grid.w - columns : grid.w + columns])
        same(called(answer, tokens, where), target, causes, name=f"of a grid of {grid.t}×{grid.h}×{grid.w}, what you keep", axes="B N p")


@exercise("1.6", "Several videos in one row")
def pack(answer):
    for lengths in ((2, 3, 1), (80, 16, 120), (4,)):
        rows = [torch.randn((n, 5), generator=torch.Generator().manual_seed(n)) for n in lengths]
        video = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
        may = (video[:, None] == video[None])[None]
        told = f"for rows of {', '.join(map(str, lengths))}" if len(lengths) > 1 else f"for a single row of {lengths[0]}"
        made = called(answer, rows)
        if not isinstance(made, tuple) or len(made) != 2:
            raise Wrong("two things are asked: the packed row, and who may look at whom")
        same(made[0], torch.cat(rows)[None], name=f"the packed row {told}", axes="B N p")
        causes = {
            "the mask is the other way round: True is for tokens that may look at one another": ~may,
            "here all tokens look at all, also at other videos': True only within a video": torch.ones_like(may),
            "each token looks at itself alone: it may look at all tokens of its own video": torch.eye(len(video), dtype=torch.bool)[None],
            "no token may look at a later one in this mask: videos are looked at in both directions": may.tril(),
        }
        same(made[1], may, causes if len(lengths) > 1 else None, name=f"the mask {told}", axes="B N N", picture=squares)
