import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minisora.errors import UserError
from minisora.patches import Grid, frequencies, patchify, positions, rotary, rotate, unpatchify

side = st.integers(1, 4)


@settings(max_examples=30, deadline=None)
@given(t=side, h=side, w=side, patch=st.sampled_from([(1, 2, 2), (1, 1, 1), (2, 2, 1), (1, 3, 2)]))
def test_patchify_then_unpatchify_is_the_identity(t, h, w, patch):
    x = torch.randn(2, 3, t * patch[0], h * patch[1], w * patch[2])
    tokens = patchify(x, patch)
    assert tokens.shape == (2, t * h * w, 3 * patch[0] * patch[1] * patch[2])
    assert torch.equal(unpatchify(tokens, Grid(t, h, w), patch), x)


def test_tokens_are_ordered_by_time_then_row_then_column():
    t, h, w = torch.meshgrid(torch.arange(3.0), torch.arange(4.0), torch.arange(6.0), indexing="ij")
    tokens = patchify((100 * t + 10 * (h // 2) + w // 2)[None, None])
    assert tokens[0, :, 0].tolist() == [100 * a + 10 * b + c for a in range(3) for b in range(2) for c in range(3)]


def test_a_side_that_cannot_be_cut_is_named():
    with pytest.raises(UserError, match="w=5 latents"):
        patchify(torch.zeros(1, 16, 1, 4, 5))
    with pytest.raises(UserError, match=r"frames=18 is not 1 \+ 4k. Try frames=17"):
        Grid.of_video(18, 64, 64)


@pytest.mark.parametrize("frames, height, width, tokens", [(1, 64, 64, 16), (17, 64, 64, 80), (33, 64, 96, 216), (481, 64, 64, 1936)])
def test_any_duration_and_size_is_a_grid(frames, height, width, tokens):
    assert Grid.of_video(frames, height, width).tokens == tokens


def test_positions_are_in_seconds_and_units_of_the_frame():
    where = positions(Grid(5, 4, 6), fps=8).view(5, 4, 6, 3)
    assert where[:, 0, 0, 0].tolist() == [0, 0.5, 1, 1.5, 2]
    assert where[0, 0, :, 2].tolist() == [-0.625, -0.375, -0.125, 0.125, 0.375, 0.625], "wide: the shorter side, 4 tokens, is 1 unit"
    assert where[0, :, 0, 1].tolist() == [0.875, 0.625, 0.375, 0.125], "rows go down, `up` goes up from the lower edge"


def test_a_finer_grid_covers_the_same_places():
    coarse, fine = positions(Grid(1, 4, 4)), positions(Grid(1, 8, 8))
    torch.testing.assert_close(fine.view(4, 2, 4, 2, 3).mean((1, 3)).view(-1, 3), coarse)


def test_rotary_is_relative_shifting_all_positions_changes_nothing():
    where = positions(Grid(5, 4, 4))
    q, k = torch.randn(2, 1, 2, 80, 64).double()
    here, there = (rotary(where + torch.tensor(move), 64) for move in ((0.0, 0.0, 0.0), (1.5, -2.25, 0.75)))
    scores = [rotate(q, *turn) @ rotate(k, *turn).transpose(-1, -2) for turn in (here, there)]
    torch.testing.assert_close(*scores, atol=2e-3, rtol=0)
    mixed = rotate(q, *here) @ rotate(k, *there).transpose(-1, -2)
    assert (mixed - scores[0]).abs().max() > 1, "shifting only the keys must change the scores"


def test_rotary_keeps_lengths():
    x = torch.randn(1, 2, 80, 32)
    torch.testing.assert_close(rotate(x, *rotary(positions(Grid(5, 4, 4)), 32)).norm(dim=-1), x.norm(dim=-1))


def test_frequencies_run_from_the_shortest_to_the_longest_wave():
    waves = 2 * torch.pi / frequencies(5, 0.5, 8.0)
    torch.testing.assert_close(waves, torch.tensor([0.5, 1, 2, 4, 8]))
