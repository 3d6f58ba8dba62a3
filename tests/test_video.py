"""Video: files there and back, whole or not at all, and a player for notebooks."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from minisora.errors import UserError
from minisora.video import Video, write_whole


@pytest.fixture
def video(clip):
    return Video(clip, fps=8, alt='a "red" box & more')


@pytest.mark.parametrize("scale", [1, 4])
def test_an_mp4_comes_back(video, tmp_path, scale):
    back = Video.load(video.save(tmp_path / "a.mp4", scale=scale))
    assert back.frames.shape == (9, 32 * scale, 48 * scale, 3) and back.fps == 8
    ground = back.frames[:5, 12 * scale : 20 * scale, 40 * scale :].astype(int)  # away from edges, which are blurred
    square = back.frames[0, 12 * scale : 20 * scale, 6 * scale : 14 * scale].astype(int)
    assert abs(ground - (60, 90, 200)).max() <= 6 and abs(square - (220, 40, 40)).max() <= 6  # colours come back, not only shapes


def test_a_gif_comes_back_exactly(video, tmp_path):
    back = Video.load(video.save(tmp_path / "a.gif"))
    assert back.fps == 8 and (back.frames == video.frames).all()


def test_a_gif_with_a_long_still_frame_keeps_its_time(clip, tmp_path):
    frames = np.concatenate([clip[:3], clip[2:3], clip[2:3], clip[3:]])  # Pillow stores three equal frames as a long one
    back = Video.load(Video(frames).save(tmp_path / "a.gif"))
    assert len(back) == len(frames) and (back.frames == frames).all()


def test_an_image_is_a_video_of_one_frame(video, tmp_path):
    path = Video(video.frames[:1]).save(tmp_path / "a.png")
    back = Video.load(path)
    assert back.seconds == 0 and (back.frames == video.frames[:1]).all()


def test_a_png_of_a_video_is_its_strip(video, tmp_path):
    strip = np.asarray(Image.open(video.save(tmp_path / "a.png")))
    assert strip.shape == (32, 9 * 50 - 2, 3) and (strip[:, -48:] == video.frames[-1]).all()
    assert np.asarray(video.strip(2, gap=0)).shape == (32, 96, 3)


def test_odd_sides_can_be_written(tmp_path):
    back = Video.load(Video(np.zeros((2, 33, 35, 3), np.uint8)).save(tmp_path / "a.mp4"))
    assert (back.height, back.width) == (34, 36)


def test_photos_are_turned_and_transparency_is_white(tmp_path):
    image = Image.new("RGBA", (6, 4), (0, 0, 0, 0))
    image.save(tmp_path / "clear.png")
    assert (Video.load(tmp_path / "clear.png").frames == 255).all()
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera on its side
    Image.new("RGB", (6, 4)).save(tmp_path / "side.jpg", exif=exif)
    assert Video.load(tmp_path / "side.jpg").frames.shape == (1, 6, 4, 3)


def test_reading_takes_other_rates_sizes_and_lengths(video, tmp_path):
    path = video.save(tmp_path / "a.mp4")
    assert Video.load(path, fps=16).frames.shape[0] == 18
    assert Video.load(path, fps=4).frames.shape[0] in (4, 5)
    assert Video.load(path, max_side=24).frames.shape == (9, 16, 24, 3)
    assert len(Video.load(path, max_seconds=0.5)) == 4


def test_the_same_frames_give_the_same_bytes(video):
    assert video.to_bytes() == video.to_bytes() and len(video.to_bytes()) < 20_000


def test_the_player_has_controls_and_words_and_does_not_start_by_itself(video):
    page = video._repr_html_()
    assert " controls " in page and "autoplay" not in page and " loop" not in page
    assert 'aria-label="a &quot;red&quot; box &amp; more"' in page
    assert re.search(r'src="data:video/mp4;base64,[A-Za-z0-9+/=]+"', page) and len(page) < 60_000
    assert Video(video.frames[:1])._repr_html_().startswith("<img ")


@pytest.mark.parametrize(
    "frames", [np.zeros((4, 8, 8, 3)), np.zeros((8, 8, 3), np.uint8), np.zeros((0, 8, 8, 3), np.uint8), np.zeros((1, 8, 8, 4), np.uint8)]
)
def test_what_is_no_video_is_refused(frames):
    with pytest.raises(UserError, match=r"\(T, H, W, 3\)"):
        Video(frames)


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf")])
def test_impossible_rates_are_refused(clip, fps):
    with pytest.raises(UserError, match="fps"):
        Video(clip, fps)


@pytest.mark.parametrize(
    "name, said", [("gone/a.mp4", "no folder"), ("a.avi", "must end in"), ("a", "must end in"), ("b.mp4", "is a folder")]
)
def test_where_nothing_can_be_written(video, tmp_path, name, said):
    (tmp_path / "b.mp4").mkdir()
    with pytest.raises(UserError, match=said) as told:
        video.save(tmp_path / name)
    assert "\n" not in str(told.value)
    assert [path.name for path in tmp_path.iterdir()] == ["b.mp4"]


@pytest.mark.parametrize("name", ["cut.mp4", "text.mp4", "empty.mp4", "cut.png", "empty.png", "sound.wav", "gone.mp4", ""])
def test_what_cannot_be_read(video, tmp_path, name):
    whole = {"cut.mp4": video.save(tmp_path / "v.mp4"), "cut.png": video.save(tmp_path / "v.png")}
    if name in whole:
        data = whole[name].read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 3])
    elif name == "sound.wav":
        (tmp_path / name).write_bytes(_wav())
    elif name.startswith(("text", "empty")):
        (tmp_path / name).write_text("no video" * 50 if name == "text.mp4" else "")
    with pytest.raises(UserError) as told:
        Video.load(tmp_path / name)
    assert "\n" not in str(told.value) and str(tmp_path) in str(told.value)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"before")

    def fails(part):
        part.write_bytes(b"half")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        write_whole(path, fails)
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]


def _wav() -> bytes:
    import wave

    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 800)
    return buffer.getvalue()
