"""Windows between which something is made: that they fit the autoencoder's groups, whatever was given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minisora.errors import UserError
from minisora.windows import even, head, held, joined, known_frames, numbers, settled, tail, whole


def numbered(total: int) -> np.ndarray:
    """Frames (total, 8, 8, 3) that carry their number."""
    return np.broadcast_to(np.arange(total, dtype=np.uint8)[:, None, None, None], (total, 8, 8, 3)).copy()


def seen(frames: np.ndarray) -> list[int]:
    return frames[:, 0, 0, 0].tolist()


@given(st.integers(2, 40), st.integers(1, 4), st.integers(1, 6))
def test_windows_are_whole_groups(total, groups, gap):
    before, after = tail(numbered(total), groups), head(numbered(total), groups)
    assert (len(before) - 1) % 4 == 0 and len(after) % 4 == 0 and 1 < len(before) <= 1 + 4 * groups and 0 < len(after) <= 4 * groups
    assert seen(before)[-1] == total - 1 and seen(after)[0] == 0
    frames, missing = joined(before, 4 * gap, after)
    assert (len(frames) - 1) % 4 == 0 and missing.sum() == 4 * gap and missing[len(before) : -len(after)].all()


def test_the_nearest_frames_are_seen_and_short_videos_hold_still():
    assert seen(tail(numbered(17), 2)) == list(range(8, 17)) and seen(head(numbered(17), 2)) == list(range(8))
    assert seen(tail(numbered(3), 2)) == [0, 0, 0, 1, 2] and seen(head(numbered(3), 2)) == [0, 1, 2, 2]
    assert seen(tail(numbered(1), 2)) == [0] and seen(head(numbered(1), 1)) == [0, 0, 0, 0]


def test_with_nothing_before_one_more_frame_is_missing():
    frames, missing = joined(None, 8, numbered(4))
    assert len(frames) == 13 and missing.tolist() == [True] * 9 + [False] * 4
    frames, missing = joined(numbered(5), 4)
    assert len(frames) == 9 and missing.tolist() == [False] * 5 + [True] * 4


def test_gaps_are_held_as_what_follows():
    missing = np.array([True, False, True, True, False, True])
    assert seen(held(numbered(6), missing)) == [1, 1, 4, 4, 4, 4]


def test_what_is_added_at_the_end_is_known_only_with_all_of_its_group():
    missing = np.zeros(7, bool)
    assert even(numbered(7), missing)[1].tolist() == [False] * 9 and seen(even(numbered(7), missing)[0]) == [0, 1, 2, 3, 4, 5, 6, 6, 6]
    missing[5] = True
    assert even(numbered(7), missing)[1].tolist() == [False] * 5 + [True, False, True, True]
    assert even(numbered(1), np.ones(1, bool))[1].tolist() == [True] and len(even(numbered(9), np.zeros(9, bool))[0]) == 9


@pytest.mark.parametrize("frames, whole_frames", [(0, 4), (1, 4), (4, 4), (5, 8)])
def test_whole_groups(frames, whole_frames):
    assert whole(frames) == whole_frames


@pytest.mark.parametrize(
    "known", ["0-4, 12-16", [0, 1, 2, 3, 4, 12, 13, 14, 15, 16], [k < 5 or k > 11 for k in range(17)], np.arange(17) % 12 < 5]
)
def test_known_frames_by_spans_numbers_and_masks(known):
    assert known_frames(known, 17).tolist() == [k < 5 or k > 11 for k in range(17)]


@pytest.mark.parametrize(
    "known, said",
    [
        ("", "0-4,12-16"), ("4-", "0-4,12-16"), ("-3", "0-4,12-16"), ("5-2", "0-4,12-16"), ("first", "0-4,12-16"),
        ("0-17", "no frame 17; the video has frames 0 to 16"),
        ("0-99999999999", "0-4,12-16"), ([-1], "no frame -1"), ([0.5], "numbers of frames"),
        ([[0, 1]], "numbers of frames"), ([True] * 16, "a mask of 16 frames for a video of 17"), ("0-16", "all 17 frames are"),
        ([True] * 17, "all 17 frames are"), ("2-3", "no whole group"), ([False] * 17, "no whole group"), ([], "no whole group"),
    ],
)  # fmt: skip
def test_masks_that_make_no_sense(known, said):
    with pytest.raises(UserError) as told:
        known_frames(known, 17)
    assert said in str(told.value) and "\n" not in str(told.value)


def test_numbers():
    assert numbers("0-2, 7") == [0, 1, 2, 7]


def test_settled_takes_grain_from_the_known_frame_and_leaves_what_moves_alone():
    before = np.full((3, 32, 32, 3), 100, np.uint8)
    before[::2, ::2] += 6  # grain, which the autoencoder loses
    made = np.full((3, 32, 32, 3), 100, np.uint8)
    made[1, 8:20, 8:20] = (220, 30, 30)  # somebody came
    out = settled(made, before, np.array([True, False, False]))
    assert (out[0] == before[0]).all() and (out[1, 10:18, 10:18] == made[1, 10:18, 10:18]).all()
    rest = np.abs(out[1].astype(int) - before[0])
    assert rest[:4].max() <= 3 and np.abs(made[1].astype(int) - before[0])[:4].max() == 6
    assert (settled(made, before, np.zeros(3, bool)) == made).all()


def test_settled_is_drawn_to_the_nearer_side_more():
    before = np.stack([np.full((8, 8, 3), level, np.uint8) for level in (96, 0, 0, 0, 104)])
    made = np.full((5, 8, 8, 3), 100, np.uint8)
    out = settled(made, before, np.array([True, False, False, False, True]))
    levels = out[:, 4, 4, 0].tolist()
    assert levels == sorted(levels) and levels[0] == 96 and levels[2] == 100 and levels[4] == 104
    assert levels[1] < 99 and levels[3] > 101


@pytest.mark.parametrize("away", range(0, 120, 10))
def test_settled_never_oversteps(away):
    before, made = np.full((2, 8, 8, 3), 60, np.uint8), np.full((2, 8, 8, 3), 60 + away, np.uint8)
    out = settled(made, before, np.array([True, False]))[1]
    assert (out >= 60).all() and (out <= 60 + away).all() and (away < 70 or (out == made[1]).all())
