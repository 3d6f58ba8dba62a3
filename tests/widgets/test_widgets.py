"""The widgets without a browser: what they show untouched, what their knobs do, and their twins."""

import re
import threading

import numpy as np
import pytest
import torch

from minisora.errors import UserError
from minisora.video import Video
from minisora.widgets import MaskPainter, NoiseScrubber, Playground
from minisora.widgets.job import Job


@pytest.fixture
def sora(tiny, monkeypatch):
    """The tiny model, whose clips are made of large squares: noise takes long to write as a video file."""
    decoded = tiny.decoded

    def squares(*request):
        video = decoded(*request)
        return Video(video.frames[:, ::16, ::16].repeat(16, axis=1).repeat(16, axis=2), video.fps, video.alt, video.unknown)

    monkeypatch.setattr(tiny, "decoded", squares, raising=False)
    return tiny


@pytest.fixture
def playground(sora):
    return Playground(sora, "a red ball hops", judge=lambda sentence, video: f"{sentence}: {len(video)} frames")


def test_a_playground_has_made_its_clip_before_it_is_touched(playground):
    assert len(playground.video) == 17 and 'aria-label="A generated clip of 2 seconds: a red ball hops"' in playground.place.value
    assert "a red ball hops: 17 frames" in playground.job.told.value and 'role="status"' in playground.job.told.value


def test_enter_makes_the_clip_that_the_knobs_ask_for(playground):
    playground.seconds.value, playground.size.value = 1.0, "wide, 96×64"
    playground.sentence.value = "a blue box in the snow"
    assert playground.job.wait(60)
    assert playground.video.frames.shape == (9, 64, 96, 3) and "a blue box in the snow" in playground.place.value
    made = playground.video
    playground.job.start.click()  # the same again
    assert playground.job.wait(60) and playground.video is made
    playground.seed.value = 5
    playground.job.start.click()
    assert playground.job.wait(60) and (playground.video.frames != made.frames).any()


@pytest.fixture
def held(playground, monkeypatch):
    """Work on "slowly" goes on until it is stopped; the events say that it runs, and let it take a step."""
    reached, go_on = threading.Event(), threading.Event()
    generate = playground.sora.generate

    def slow(sentence, *request, progress, **options):
        for step in range(100 if sentence == "slowly" else 0):
            progress(step, 100)
            reached.set()
            go_on.wait(60)
        return generate(sentence, *request, progress=progress, **options)

    monkeypatch.setattr(playground.sora, "generate", slow, raising=False)
    playground.sentence.value = "slowly"
    assert reached.wait(60) and playground.job.busy and not playground.job.halt.disabled
    assert playground.job.bar.description == "0 of 100" and playground.job.bar.layout.visibility == "visible"
    return go_on


def test_stop_ends_the_work_and_it_can_be_asked_again(playground, held, monkeypatch):
    before = playground.video
    playground.job.halt.click()
    held.set()
    assert playground.job.wait(60) and playground.job.halt.disabled and playground.job.bar.layout.visibility == "hidden"
    assert "stopped" in playground.job.told.value and playground.video is before
    monkeypatch.undo()
    playground.job.start.click()
    assert playground.job.wait(60) and playground.video is not before and "slowly" in playground.place.value


def test_who_asks_anew_need_not_wait_for_what_is_being_made(playground, held):
    playground.sentence.value = "another"
    held.set()
    assert playground.job.wait(60)
    assert "A generated clip of 2 seconds: another" in playground.place.value and "another: 17 frames" in playground.job.told.value


def test_stop_forgets_what_was_asked_meanwhile():
    job, running, go_on, seen = Job(), threading.Event(), threading.Event(), []

    def work(progress):
        running.set()
        go_on.wait(60)
        progress(1, 2)

    job.run(work, seen.append)
    assert running.wait(60)
    job.run(lambda progress: "next", seen.append)
    job.halt.click()
    go_on.set()
    assert job.wait(60) and not seen and "stopped" in job.told.value
    job.run(lambda progress: "next", seen.append)
    assert job.wait(60) and seen == ["next"]


def test_what_cannot_be_made_is_told(playground, monkeypatch):
    playground.sentence.value = "  "
    assert playground.job.wait(60) and "the prompt is empty" in playground.job.told.value
    monkeypatch.setattr(playground.sora, "generate", lambda *_, **__: 1 / 0, raising=False)
    playground.sentence.value = "a box"
    assert playground.job.wait(60) and "ZeroDivisionError" in playground.job.told.value


def test_unknown_words_are_named_and_html_is_only_text(sora):
    shown = Playground(sora, "a <b>giraffe</b> hops", judge=None)
    assert "giraffe (near: nothing)" in shown.job.told.value
    for page in (shown.twin(), shown.place.value):
        assert "<b>" not in page and "&lt;b&gt;" in page


def levels(clip):
    noisy = [Video(np.clip(clip + np.random.default_rng(n).normal(0, 40 * n, clip.shape), 0, 255).astype(np.uint8)) for n in (3, 2, 1, 0)]
    return [1.0, 0.7, 0.4, 0.0], noisy, [Video(clip)] * 4


def test_the_scrubber_shows_the_picture_of_its_two_sliders(clip):
    scrubber = NoiseScrubber(*levels(clip), alt="a square")
    assert "noise level 0.40, frame 4" in scrubber.place.value and scrubber.place.value.count("<img") == 2
    scrubber.level.value, scrubber.frame.value = 3, 8
    assert "noise level 0.00, frame 8" in scrubber.place.value
    same, other = re.findall(r'src="([^"]+)"', scrubber.place.value)
    assert same == other, "without noise, both are the clip"
    with pytest.raises(UserError, match="two or more of each"):
        NoiseScrubber([1.0], *levels(clip)[1:], alt="a square")


def test_the_scrubber_of_a_sampling(tiny):
    steps = tiny.sample_steps("a red ball hops", 9, 64, 64, steps=7)
    scrubber = NoiseScrubber.of_steps(tiny, steps, 64, 64, alt="a red ball", count=4)
    assert len(scrubber.levels) == 4 and scrubber.levels == sorted(scrubber.levels, reverse=True) and scrubber.levels[-1] < 1e-6
    assert scrubber.held[-1].frames.shape == (9, 64, 64, 3)


@pytest.fixture
def long(clip):
    """17 frames of 64x64."""
    return Video(clip.repeat(2, axis=0)[:17].repeat(2, axis=1).repeat(2, axis=2)[:, :64, :64])


def test_the_painter_marks_groups_of_frames(long):
    painter = MaskPainter(long, known="ends", alt="a square")
    assert [button.description for button in painter.buttons] == ["0", "1-4", "5-8", "9-12", "13-16"]
    assert painter.known == "0,13-16" and "known are the frames 0,13-16" in painter.strip.value
    painter.buttons[1].value = True
    assert painter.known == "0-4,13-16" and torch.equal(painter.mask, torch.tensor([True, True, False, False, True]))
    painter.preset.value = "last"
    assert painter.known == "13-16" and "Known: 13-16" in painter.job.told.value
    painter.buttons[0].value = True
    assert painter.preset.value == "by hand" and painter.known == "0,13-16"
    painter.preset.value = "last"
    assert painter.known == "13-16"


def test_the_painter_says_what_it_cannot_paint(long):
    with pytest.raises(UserError, match="Give its first 13"):
        MaskPainter(Video(long.frames[:16]))
    with pytest.raises(UserError, match="3 groups are marked, the video has 5"):
        MaskPainter(long, known=[True] * 3)
    with pytest.raises(UserError, match="mask 'middle'"):
        MaskPainter(long, known="middle")


def test_the_painter_makes_what_is_not_known(long, sora):
    painter = MaskPainter(long, known="first", make=lambda known, progress: sora.fill(long, known=known, steps=2, progress=progress))
    painter.job.start.click()
    assert painter.job.wait(60) and "made anew" in painter.job.told.value
    (made,) = painter.made.values()
    assert (made.frames[0] == long.frames[0]).all() and "all frames but 0 made anew" in painter.place.value
    painter.preset.value = "last"
    assert painter.place.value == ""
    painter.preset.value = "first"
    assert "all frames but 0 made anew" in painter.place.value, "what was made once need not be made again"


def test_a_painter_shows_what_was_made_before(long):
    painter = MaskPainter(long, known="ends", made={"ends": long, "last": long})
    assert "all frames but 0,13-16 made anew" in painter.place.value
