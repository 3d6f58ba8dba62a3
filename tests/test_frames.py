import pytest
import torch

from minisora.errors import UserError
from minisora.frames import KINDS, Mix, draw_masks, frames_of, known_latents, latent_of, mask


def test_frames_and_latents_are_each_others_inverse():
    for latent in range(12):
        assert [latent_of(frame) for frame in frames_of(latent)] == [latent] * len(frames_of(latent))
    assert [latent_of(frame) for frame in (0, 1, 4, 5, 8, 9)] == [0, 1, 1, 2, 2, 3]


def test_gaps_are_rounded_outward_and_it_is_said():
    missing = torch.zeros(17, dtype=torch.bool)
    missing[6:11] = True
    known, told = known_latents(missing)
    assert known.tolist() == [True, True, False, False, True]
    assert told.startswith("3 more frame(s) are made anew (5, 11-12)")
    whole = torch.zeros(17, dtype=torch.bool)
    whole[5:13] = True
    assert known_latents(whole)[0].equal(known) and known_latents(whole)[1] == ""


def test_a_mask_of_a_wrong_length_is_told():
    with pytest.raises(UserError, match="a mask of 16 frames.*Give 13 or 17"):
        known_latents(torch.zeros(16, dtype=torch.bool))


@pytest.mark.parametrize(
    "kind, row", [("none", "00000"), ("first", "10000"), ("last", "00001"), ("ends", "10001"), ("prefix", "11000"), ("suffix", "00011")]
)
def test_each_kind_of_mask(kind, row):
    assert mask(kind, 5, window=2).tolist() == [letter == "1" for letter in row]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("t", [1, 2, 5, 9])
def test_something_is_always_left_to_be_made(kind, t):
    for window in range(1, 12):
        assert not mask(kind, t, window=window).all()


def test_an_unknown_kind_is_told():
    with pytest.raises(UserError, match="mask 'middle' is not one of none, first"):
        mask("middle", 5)


def test_the_training_mix_has_its_shares_and_repeats_with_its_seed():
    rows = draw_masks(4000, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(rows, draw_masks(4000, 5, generator=torch.Generator().manual_seed(0)))
    unmasked = (~rows.any(1)).float().mean().item()
    assert abs(unmasked - (Mix().none + Mix().random / 32)) < 0.03 and unmasked > 0.5
    assert not rows.all(1).any()
    only = draw_masks(200, 5, Mix(none=0, first=1, last=0, ends=0, prefix=0, suffix=0, random=0))
    assert only[:, 0].all() and not only[:, 1:].any()


def test_shares_must_add_up():
    with pytest.raises(UserError, match="add up to 1"):
        Mix(none=0.9)
