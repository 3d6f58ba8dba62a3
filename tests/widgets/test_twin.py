"""The twins as pages: what is in them. What a browser makes of them is test_browser.py's part."""

import base64
import html
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from minisora.errors import UserError
from minisora.show import LARGEST
from minisora.video import Video
from minisora.widgets import MaskPainter, NoiseScrubber, Playground
from minisora.widgets.twin import twin


def sheet(page: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(re.search(r"data:image/webp;base64,([^\")]+)", page)[1]))).convert("RGB"))


def flat(*places: int) -> np.ndarray:
    """A picture of one grey for each place: (*places, 8, 16, 3)."""
    greys = np.arange(np.prod(places), dtype=np.uint8) * 10
    return np.broadcast_to(greys.reshape(*places, 1, 1, 1), (*places, 8, 16, 3))


def test_the_sheet_has_a_row_for_the_first_knob_and_a_column_for_the_second():
    page = twin({"one": flat(2, 3), "other": 255 - flat(2, 3)}, {"level": ["a", "b"], "frame": ["0", "4", "8"]}, (1, 2), "greys")
    expected = np.concatenate([flat(2, 3), 255 - flat(2, 3)], axis=1)[:, :, 4, 8, 0]
    assert np.abs(sheet(page)[4::8, 8::16, 0].astype(int) - expected).max() <= 3
    assert re.findall(r"background-position:(-?\d+)px (-?\d+)px", page) == [("-96", "-24"), ("-240", "-24")]
    assert 'aria-label="greys: other, level b, frame 8"' in page and 'aria-valuetext="8"' in page


def test_a_knob_of_one_place_is_only_said():
    for knobs, at in ({"clip": ["the one"], "time": ["0", "1", "2"]}, (0, 1)), ({"time": ["0", "1", "2"], "clip": ["the one"]}, (1, 0)):
        page = twin({"": flat(*(len(names) for names in knobs.values()))}, knobs, at, "greys")
        assert page.count("<input") == 1 and "clip: the one" in page and "background-position:-48px 0px" in page.replace("-0px", "0px")
        assert sheet(page).shape == (8, 48, 3)


def test_words_stay_words():
    evil = '"><script>alert(1)</script>'
    page = twin({evil: flat(2)}, {evil: [evil, "b"]}, (0,), evil)
    assert "<script" not in page
    assert json.loads(html.unescape(re.search(r'data-names="([^"]*)"', page)[1])) == [evil, "b"]


def test_pictures_and_places_must_agree():
    for windows, knobs in (
        ({"one": flat(2)}, {"frame": ["0", "1", "2"]}),
        ({"one": flat(2), "other": flat(3)}, {"frame": ["0", "1"]}),
        ({"one": flat(2, 2)}, {"frame": ["0", "1"]}),
        ({"one": flat(1, 1, 1)}, {"a": ["0"], "b": ["0"], "c": ["0"]}),
    ):
        with pytest.raises(UserError, match="a picture for each place"):
            twin(windows, knobs, (0,) * len(knobs), "greys")


def test_it_is_small_whatever_it_shows():
    noise = np.random.default_rng(0).integers(0, 256, (9, 5, 64, 64, 3), dtype=np.uint8)
    page = twin({"one": noise, "other": noise}, {"level": list("123456789"), "frame": list("01234")}, (0, 0), "noise")
    assert len(page) <= LARGEST


@pytest.mark.parametrize("which", ["playground", "scrubber", "painter", "painter with clips"])
def test_each_widget_brings_its_own(which, tiny, clip, tmp_path):
    video, square = Video(clip, alt="a square"), "a square slides"
    widget = {
        "playground": lambda: Playground(tiny, square, video, judge=None, examples=[video, Video(clip[:5])]),
        "scrubber": lambda: NoiseScrubber([0.5, 0.0], [video, video], [video, video], alt=square),
        "painter": lambda: MaskPainter(video, alt=square),
        "painter with clips": lambda: MaskPainter(video, alt=square, made={"ends": video, "first": video}),
    }[which]()
    data, metadata = widget._repr_mimebundle_()
    page = data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data and data["text/plain"] and metadata["text/html"]["alt"]
    assert square in page and len(page) <= LARGEST and "http" not in page
    assert page.count('<input type="range"') == 2 and page.count("<label>") == 2
    windows = re.findall(r'<div role="img"[^>]*>', page)
    assert len(windows) == {"playground": 1, "painter": 1}.get(which, 2) and all("aria-label=" in window for window in windows)
    assert widget.save_twin(tmp_path / "twin.html").read_text(encoding="utf-8") == page
