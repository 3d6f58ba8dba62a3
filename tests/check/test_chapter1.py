"""Chapter 1's judges: known mistakes get the sentence meant for them."""

import pytest
import torch
from einops import rearrange

from minisora.patches import unpatchify


def sizes(grid, patch):
    return dict(zip(("t", "h", "w", "pt", "ph", "pw"), (grid.t, grid.h, grid.w, *patch), strict=True))


def rows_and_columns_swapped(tokens, grid, patch=(1, 2, 2)):
    return rearrange(tokens, "B (t w h) (c pt ph pw) -> B c (t pt) (h ph) (w pw)", **sizes(grid, patch))


def channels_last(tokens, grid, patch=(1, 2, 2)):
    return rearrange(tokens, "B (t h w) (pt ph pw c) -> B c (t pt) (h ph) (w pw)", **sizes(grid, patch))


def only_reshaped(tokens, grid, patch=(1, 2, 2)):
    return tokens.reshape(unpatchify(tokens, grid, patch).shape)


def permuted(*order):
    """An answer to 1.2 that splits and merges as it should, and in between brings the axes into this order."""

    def answer(tokens, grid, patch=(1, 2, 2)):
        x = tokens.reshape(len(tokens), grid.t, grid.h, grid.w, -1, *patch).permute(order)
        return x.reshape(unpatchify(tokens, grid, patch).shape)

    return answer


def kept(which):
    """An answer to 1.5 that keeps the tokens of which `which(seconds, right)` is true."""
    return lambda tokens, where: tokens[:, which(where[:, 0], where[:, 2])]


def mask_of(change):
    def pack(rows):
        video = torch.arange(len(rows)).repeat_interleave(torch.tensor([len(row) for row in rows]))
        return torch.cat(rows)[None], change(video[:, None] == video[None])[None]

    return pack


WRONG = [
    ("1.1", lambda T, H, W: (1 + (T - 1) // 4) * (H // 8) * (W // 8), "these are latents, not tokens"),
    ("1.1", lambda T, H, W: (T // 4) * (H // 16) * (W // 16), "the first frame is missing"),
    ("1.1", lambda T, H, W: T * (H // 16) * (W // 16), "every frame is counted"),
    ("1.1", lambda T, H, W: 120, "count_tokens(1, 64, 64) is 120; 16 is asked"),
    ("1.2", only_reshaped, "nothing was moved"),
    ("1.2", rows_and_columns_swapped, "read column by column"),
    ("1.2", channels_last, "channels come first"),
    ("1.2", lambda tokens, grid, patch=(1, 2, 2): -unpatchify(tokens, grid, patch), "the sign is not"),
    ("1.2", lambda tokens, grid, patch=(1, 2, 2): unpatchify(tokens, grid), "`patch` is not used"),
    ("1.2", permuted(0, 2, 4, 6, 1, 3, 5, 7), "in the order of `patchify` once more"),
    ("1.2", permuted(0, 4, 1, 2, 3, 5, 6, 7), "not t', h', w', pt, ph, pw"),
    ("1.2", permuted(0, 4, 5, 6, 7, 1, 2, 3), "not pt, ph, pw, t', h', w'"),
    ("1.2", permuted(0, 1, 5, 2, 6, 3, 7, 4), "it belongs right behind B"),
    ("1.3", lambda n, grid: (n // (grid.h * grid.w), n % grid.w, n // grid.w % grid.h), "row and column are swapped"),
    ("1.3", lambda n, grid: (n // (grid.h * grid.w), n % (grid.h * grid.w) // grid.h, n % grid.h), "took the height for the length"),
    ("1.3", lambda n, grid: (n // (grid.h * grid.w), n // grid.w, n % grid.w), "take the whole frames off first"),
    ("1.4", lambda budget, H, W: 4 * (budget // (H * W // 256)), "the first latent frame holds 1 frame"),
    ("1.4", lambda budget, H, W: 4 * (budget // (H * W // 256)) - 3, "the answer is 0"),
    ("1.4", lambda budget, H, W: budget // (H * W // 256), "these are latent frames"),
    ("1.5", lambda tokens, where: tokens[:, (where[:, 2] > 0) & (where[:, 2] < 0.5)], "right half only"),
    ("1.5", lambda tokens, where: tokens[:, where[:, 1].abs() < 0.5], "chooses by `up`"),
    ("1.5", lambda tokens, where: tokens, "what you keep has shape"),
    ("1.5", kept(lambda seconds, right: (0 < right) & (right < 1)), "this is the right half of each frame"),
    ("1.5", kept(lambda seconds, right: right < 0), "this is the left half of each frame"),
    ("1.5", kept(lambda seconds, right: right < 0.5), "only the right edge is cut off"),
    ("1.5", kept(lambda seconds, right: right > -0.5), "only the left edge is cut off"),
    ("1.5", kept(lambda seconds, right: right.abs() < 0.4), "these are the 4 columns in the middle; asked are 6"),
    ("1.5", kept(lambda seconds, right: right.abs() < 0.25), "these are the 2 columns in the middle; asked are 4"),
    ("1.5", kept(lambda seconds, right: (right.abs() < 0.5) & (seconds == 0)), "of the first frame only; of all 2 frames"),
    ("1.6", mask_of(torch.logical_not), "the other way round"),
    ("1.6", mask_of(torch.ones_like), "also at other videos'"),
    ("1.6", mask_of(torch.tril), "both directions"),
    ("1.6", lambda rows: torch.cat(rows)[None], "two things are asked"),
    ("1.6", lambda rows: (torch.cat(rows), mask_of(lambda mask: mask)(rows)[1]), "an axis of size 1 too few"),
    ("1.6", mask_of(torch.triu), "the shape of the mask for rows of 2, 3, 1 is right, but"),
    ("1.6", lambda rows: (torch.cat(rows[::-1])[None], None), "the shape of the packed row for rows of 2, 3, 1 is right, "),
    ("1.6", lambda rows: mask_of(torch.triu if len(rows) == 1 else torch.clone)(rows), "of the mask for a single row of 4 is right, but"),
]


@pytest.mark.parametrize("number, answer, says", WRONG, ids=lambda part: part if isinstance(part, str) else "")
def test_a_mistake_gets_its_sentence(number, answer, says, told):
    line = told(number, answer)
    assert line.startswith(f"✗ {number}") and says in line
