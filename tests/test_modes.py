"""The modes on random weights: what is known comes back as it was given, lengths are as asked, and bad input gets one line."""

import numpy as np
import pytest
import torch

from minisora import UserError, Video
from minisora.modes import jump

PROMPT = "a red ball hops over a blue box"
FAST = dict(steps=2, height=32, width=48)


@pytest.fixture(scope="module")
def video(clip):
    return Video(clip, alt="a square")


def test_an_image_is_one_frame(tiny):
    one = tiny.image(PROMPT, steps=2)
    assert one.frames.shape == (1, 64, 64, 3) and one.alt == PROMPT and one.note == ""
    assert (one.frames != tiny.image("a blue box", steps=2).frames).any()


@pytest.mark.parametrize("seconds, frames", [(2, 17), (0.1, 5), (4, 33)])
def test_animate_begins_with_the_image(tiny, clip, seconds, frames):
    made = tiny.animate(clip[3], PROMPT, seconds, **FAST)
    assert made.frames.shape == (frames, 32, 48, 3) and (made.frames[0] == clip[3]).all()


def test_what_is_known_matters_for_what_is_made(tiny, clip):
    one, other = (tiny.animate(clip[k], PROMPT, 1, **FAST) for k in (0, 8))
    assert (one.frames[1:] != other.frames[1:]).any()


@pytest.mark.parametrize("seconds, more", [(1, 8), (0.1, 1), (1.2, 10), (7, 56)])
def test_extensions_have_the_length_that_was_asked(tiny, video, seconds, more):
    forward = tiny.extend(video, PROMPT, seconds, **FAST)
    backward = tiny.extend(video, PROMPT, seconds, "backward", **FAST)
    assert len(forward) == len(backward) == 9 + more
    assert (forward.frames[:9] == video.frames).all() and (backward.frames[-9:] == video.frames).all()


@pytest.mark.parametrize("frames", [2, 3, 4, 5, 6])
def test_short_videos_are_extended_too(tiny, clip, frames):
    for direction in ("forward", "backward"):
        assert len(tiny.extend(clip[:frames], PROMPT, 0.5, direction, **FAST)) == frames + 4


def test_an_extension_sees_how_things_move(tiny, clip):
    still = clip[[8] * 9]
    assert (tiny.extend(clip, PROMPT, 1, **FAST).frames[9:] != tiny.extend(still, PROMPT, 1, **FAST).frames[9:]).any()


def test_noise_in_the_window_changes_what_is_made_and_not_what_is_known(tiny, video):
    plain, noisy = (tiny.extend(video, PROMPT, 1, window_noise=noise, **FAST) for noise in (0, 0.3))
    assert (plain.frames[:9] == noisy.frames[:9]).all() and (plain.frames[9:] != noisy.frames[9:]).any()


def test_noise_in_the_window_is_told_and_is_gone_before_decoding(tiny, video, monkeypatch):
    levels, decoded = [], []
    forward, decode = type(tiny.dit).forward, tiny.decoded
    monkeypatch.setattr(type(tiny.dit), "forward", lambda self, x, sigma, *rest: levels.append(sigma) or forward(self, x, sigma, *rest))
    monkeypatch.setattr(tiny, "decoded", lambda x, *rest: decoded.append(x) or decode(x, *rest))
    tiny.extend(video, PROMPT, 1, window_noise=0.25, **FAST)
    assert all((sigma[:, :3] == 0.25).all() for sigma in levels) and any((sigma[:, 3:] > 0.5).all() for sigma in levels)
    clean = tiny.encoded(video.frames[:9])                                              # (1, c, 3, h, w)
    torch.testing.assert_close(decoded[0][:, :, :3], clean)


def test_fill_keeps_what_is_known_and_tells_what_was_rounded(tiny, video):
    made = tiny.fill(video, PROMPT, known="0-4", **FAST)
    assert (made.frames[:5] == video.frames[:5]).all() and (made.frames[5:] != video.frames[5:]).any() and made.note == ""
    made = tiny.fill(video, known="0-3, 5-8", **FAST)
    assert (made.frames[[0, 5, 6, 7, 8]] == video.frames[[0, 5, 6, 7, 8]]).all() and (made.frames[1:5] != video.frames[1:5]).any()
    assert made.note.startswith("3 more frame(s) are made anew (1-3)") and made.alt == "a square"


def test_what_stands_in_the_gap_does_not_matter(tiny, clip):
    black = clip.copy()
    black[1:5] = 0
    assert (tiny.fill(clip, known="0,5-8", **FAST).frames == tiny.fill(black, known="0,5-8", **FAST).frames).all()


@pytest.mark.parametrize("frames", [6, 7, 8])
def test_videos_of_any_length_are_filled_and_edited(tiny, clip, frames):
    made = tiny.fill(clip[:frames], known=[0, *range(5, frames)], **FAST)
    assert len(made) == frames and (made.frames[5:] == clip[5:frames]).all()
    assert len(tiny.edit(clip[:frames], PROMPT, **FAST)) == frames


def test_connect_keeps_both(tiny, clip):
    other = 255 - clip
    made = tiny.connect(clip, other, PROMPT, 1, **FAST)
    assert made.frames.shape == (26, 32, 48, 3) and (made.frames[:9] == clip).all() and (made.frames[-9:] == other).all()
    assert len(tiny.connect(clip, other, PROMPT, 3, **FAST)) == 42
    made = tiny.connect(clip[0], other[0], PROMPT, 0.6, **FAST)
    assert len(made) == 6 and made.note == "0.5 s lead over instead of 0.6: frames are coded in groups of 4."


def test_connect_fits_the_second_to_the_first(tiny, clip):
    made = tiny.connect(clip, np.zeros((5, 64, 64, 3), np.uint8), PROMPT, 0.5, steps=1)
    assert made.frames.shape == (18, 64, 96, 3)
    assert made.note == "a: 48x32 enlarged to 96x64. b: 64x64 enlarged and cut to 96x64."


def test_loop_goes_on_after_the_end(tiny, video):
    made = tiny.loop(video, **FAST)
    assert len(made) == 17 and (made.frames[:9] == video.frames).all() and made.alt == "a square"


def test_of_several_ways_back_the_smoothest_is_kept(tiny, video, monkeypatch):
    singles = []
    for take in range(3):  # each take is the one that another seed makes alone
        made = tiny.loop(video, PROMPT, takes=1, seed=take, **FAST).frames
        singles.append((max(jump(made[8], made[9]), jump(made[-1], made[0])), made))
    assert len({gap for gap, _ in singles}) == 3
    assert (tiny.loop(video, PROMPT, seed=0, **FAST).frames == min(singles, key=lambda one: one[0])[1]).all()


def test_strength_goes_from_the_video_to_nothing_of_it(tiny, clip):
    off = [np.abs(tiny.edit(clip, PROMPT, k, **FAST).frames.astype(int) - clip).mean() for k in (0, 0.1, 0.5, 1)]
    assert off[0] == 0 and off[1] < off[3]
    other = tiny.edit(255 - clip, PROMPT, 1, **FAST)
    assert (other.frames == tiny.edit(clip, PROMPT, 1, **FAST).frames).all()


def test_progress_counts_all_pieces(tiny, video):
    told = []
    tiny.extend(video, PROMPT, 7, **FAST, progress=lambda done, steps: told.append((done, steps)))
    assert told == [(k, 6) for k in range(1, 7)]
    told.clear()
    tiny.edit(video, PROMPT, 0.5, **{**FAST, "steps": 4}, progress=lambda done, steps: told.append((done, steps)))
    assert told == [(1, 2), (2, 2)]


def test_sides_that_are_no_whole_patches(tiny, clip):
    made = tiny.animate(clip[0], PROMPT, 0.5, steps=2, height=40, width=72)
    assert made.frames.shape == (5, 40, 72, 3)


def test_a_storyboard(tiny):
    shots = ["a red ball hops", "a blue box rolls"]
    one, swapped, plain = (
        tiny.generate("in the snow", 2, steps=2, **more) for more in (dict(shots=shots), dict(shots=shots[::-1]), {})
    )  # fmt: skip
    assert len(one) == 17 and (one.frames != swapped.frames).any() and (one.frames != plain.frames).any()
    assert one.alt == "in the snow a red ball hops a blue box rolls"
    assert len(tiny.generate("", shots=[(1, "a ball"), (2, "a box")], steps=1)) == 25


@pytest.mark.parametrize(
    "mode, request_, said",
    [
        ("image", dict(prompt=""), "empty"), ("image", dict(prompt=PROMPT, height=65), "height=65"),
        ("animate", dict(image="gone.png"), "no such file"),
        ("animate", dict(seconds=9), "up to 8 s"), ("animate", dict(prompt=" "), "empty"),
        ("animate", dict(image=None), "neither a Video"), ("animate", dict(width=33), "width=33"),
        ("extend", dict(seconds=0), "seconds=0"), ("extend", dict(seconds=61), "up to 60 s"), ("extend", dict(direction="up"), "'forward'"),
        ("extend", dict(frames=1), "animate(image, prompt)"), ("extend", dict(window=9), "window=9"), ("extend", dict(prompt=""), "empty"),
        ("extend", dict(window_noise=2), "window_noise=2"),
        ("fill", dict(known="0-9"), "no frame 9"), ("fill", dict(known=[True] * 3), "a mask of 3"),
        ("fill", dict(frames=70, known="0-3"), "at most 8 s"),
        ("connect", dict(seconds=3.5), "up to 3 s"), ("connect", dict(prompt=""), "empty"),
        ("connect", dict(b="gone.mp4"), "no such file"), ("loop", dict(frames=1), "its own loop"), ("loop", dict(seconds=4), "up to 3 s"),
        ("loop", dict(takes=0), "takes=0"), ("loop", dict(takes=21), "takes=21"),
        ("edit", dict(strength=1.1), "strength=1.1"), ("edit", dict(strength=-1), "strength=-1"),
        ("edit", dict(strength=float("nan")), "strength=nan"),
        ("edit", dict(frames=70), "at most 8 s"), ("edit", dict(prompt=""), "empty"), ("edit", dict(steps=0), "steps=0"),
    ],
)  # fmt: skip
def test_impossible_requests_get_one_line(tiny, clip, mode, request_, said):
    request = dict(request_)
    given = clip[np.arange(request.pop("frames", 9)) % 9]
    usual = {
        "image": {}, "animate": dict(image=clip[0], prompt=PROMPT), "extend": dict(video=given, prompt=PROMPT),
        "fill": dict(video=given, known="0"), "connect": dict(a=given, b=given, prompt=PROMPT), "loop": dict(video=given),
        "edit": dict(video=given, prompt=PROMPT),
    }  # fmt: skip
    with pytest.raises(UserError) as told:
        getattr(tiny, mode)(**{**usual[mode], "steps": 1, **request})
    assert said in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    "shots, said",
    [(["", "a ball"], "shot 1 is empty"), (["a"] * 9, "shorter|lasts"), ([(5, "a"), (4, "b")], "9 s in all"), ([(0.1, "a")], "0.5 s")],
)
def test_impossible_storyboards(tiny, shots, said):
    with pytest.raises(UserError, match=said):
        tiny.generate("", shots=shots, steps=1)


def test_between_two_ends_the_sentence_is_not_exaggerated_unless_it_is_asked(tiny, clip, monkeypatch):
    asked = []
    real = tiny.sample_steps
    monkeypatch.setattr(tiny, "sample_steps", lambda *args, **more: asked.append(more["guidance"]) or real(*args, **more))
    tiny.loop(clip, PROMPT, **FAST)
    tiny.connect(clip, clip, PROMPT, guidance=4.0, **FAST)
    tiny.animate(clip[0], PROMPT, **FAST)
    tiny.fill(clip, "", known="0-4", **FAST)
    assert asked == [1.0, 1.0, 1.0, 4.0, 3.0, 1.0]
