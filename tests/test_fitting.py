"""Pictures and videos of every kind, as the model takes them."""

import numpy as np
import pytest
from PIL import Image

from minisora.errors import UserError
from minisora.fitting import fitted, near_size
from minisora.video import Video


@pytest.mark.parametrize(
    "given, taken",
    [
        ((64, 64), (64, 64)), ((64, 72), (64, 72)), ((96, 64), (96, 64)), ((256, 256), (64, 64)), ((480, 640), (64, 80)),
        ((1080, 1920), (64, 112)), ((64, 130), (64, 128)), ((1000, 10), (128, 64)), ((9, 7), (80, 64)), ((32, 48), (64, 96)),
    ],
)  # fmt: skip
def test_the_size_that_suits(given, taken):
    assert near_size(*given) == taken


def test_what_fits_comes_back_as_it_is():
    frames = np.random.randint(0, 256, (5, 64, 96, 3), np.uint8)
    video, told = fitted(Video(frames))
    assert (video.frames == frames).all() and told == "" and video.note == ""


@pytest.mark.parametrize("scale", [2, 4, 5])
def test_a_video_saved_at_a_scale_comes_back_exactly(scale):
    video = Video(np.random.randint(0, 256, (5, 64, 64, 3), np.uint8))
    back, told = fitted(video.enlarged(scale))
    assert (back.frames == video.frames).all() and told == f"video: {64 * scale}x{64 * scale} shrunk to 64x64."


def test_the_middle_is_kept():
    frame = np.zeros((60, 200, 3), np.uint8)
    frame[:, 80:120] = 255
    video, told = fitted(frame, 64, 64, "image")
    assert video.frames.shape == (1, 64, 64, 3) and told == "image: 200x60 enlarged and cut to 64x64."
    assert video.frames[0, :, 30:34].min() == 255 and video.frames[0, :, :5].max() == 0


@pytest.mark.parametrize("fps, kept", [(24, list(range(1, 24, 3))), (4, [0, 0, 1, 1, 2, 2]), (16, [1, 3, 5, 7])])
def test_other_rates(fps, kept):
    total = max(kept) + 1
    frames = np.zeros((total, 64, 64, 3), np.uint8) + np.arange(total, dtype=np.uint8)[:, None, None, None]
    video, told = fitted(Video(frames, fps))
    assert video.fps == 8 and abs(len(video) - len(kept)) <= 1 and "8 frames a second" in told
    assert video.frames[: len(kept), 0, 0, 0].tolist() == kept[: len(video)]


def test_files_pictures_and_arrays(tmp_path):
    rgba = Image.new("RGBA", (100, 80), (255, 0, 0, 0))
    rgba.save(tmp_path / "clear.webp")
    for thing in (rgba, tmp_path / "clear.webp", str(tmp_path / "clear.webp"), np.full((80, 100, 3), 255, np.uint8)):
        video, _ = fitted(thing)
        assert video.frames.shape == (1, 64, 80, 3) and (video.frames == 255).all()
    assert fitted(tmp_path / "clear.webp")[1].startswith("clear.webp: 100x80 shrunk")


@pytest.mark.parametrize(
    "thing", [None, 3, [1, 2], np.zeros((64, 64)), np.zeros((64, 64, 3)), np.zeros((0, 64, 64, 3), np.uint8), "gone.png"]
)
def test_what_is_no_picture(thing):
    with pytest.raises(UserError) as told:
        fitted(thing)
    assert "\n" not in str(told.value)
