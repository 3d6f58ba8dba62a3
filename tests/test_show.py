"""Nothing is shown without words, and what is shown stays small."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from minisora.errors import UserError
from minisora.show import AXES, LARGEST, gallery, grid, picture, show
from minisora.video import Video, png


@pytest.fixture
def displayed(monkeypatch):
    """What was handed to the notebook."""
    import IPython.display

    seen = []
    monkeypatch.setattr(IPython.display, "display", lambda thing, **_: seen.append(thing))
    return seen


@pytest.fixture
def figure():
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawn, axis = pyplot.subplots(figsize=(3, 2))
    axis.plot([0, 1], [1, 0])
    return drawn


def decoded(page: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(re.search(r"data:image/png;base64,([^\"]+)", page)[1])))


@pytest.mark.parametrize("alt", ["", "  ", None])
def test_nothing_is_shown_without_words(clip, displayed, alt):
    for call in (lambda: show(Video(clip), alt=alt), lambda: gallery([Video(clip)], ["one"], alt=alt)):
        with pytest.raises((UserError, TypeError)) if alt is not None else pytest.raises(Exception):  # beartype refuses None first
            call()
    assert not displayed


def test_words_are_in_the_page_and_in_its_metadata(clip, figure):
    for thing in (Video(clip), Video(clip[:1]), clip[0], Image.fromarray(clip[0]), figure):
        shown = picture(thing, alt='a "red" square slides')
        data, metadata = shown._repr_mimebundle_()
        tag = re.search(r"<(?:img|video)\b[^>]*>", data["text/html"])[0]
        assert re.search(r'\b(?:alt|aria-label)="a &quot;red&quot; square slides"', tag)
        assert data["text/plain"] == metadata["image/png"]["alt"] == 'a "red" square slides'


def test_pixels_arrive_as_they_were(clip):
    assert (np.asarray(decoded(picture(clip[0], alt="a square").page).convert("RGB")) == clip[0]).all()


def test_a_figure_is_shown_once(figure):
    from matplotlib import pyplot

    page = picture(figure, alt="a line that falls").page
    assert decoded(page).width > 100 and figure.number not in pyplot.get_fignums()


def test_a_gallery_has_a_title_and_words_for_each(clip, displayed):
    gallery([clip[0], clip[1], Video(clip)], ["first", "<second>", "all"], alt="a square")
    (shown,) = displayed
    assert re.findall(r'alt="([^"]+)"', shown.page) == ["a square: first", "a square: &lt;second&gt;", "a square: all"]
    assert "<figcaption>&lt;second&gt;</figcaption>" in shown.page
    with pytest.raises(UserError, match="one title for each"):
        gallery([clip[0]], [], alt="a square")


def test_what_is_large_is_split_or_shrunk(displayed):
    noise = np.random.default_rng(0).integers(0, 256, (17, 64, 64, 3), dtype=np.uint8)
    assert len(png(Image.fromarray(noise[0]).resize((256, 256), 0))) < 60_000
    gallery([noise[i] for i in range(12)], [str(i) for i in range(12)], alt="noise")
    assert len(displayed) > 1 and all(len(shown.page) <= LARGEST for shown in displayed)
    small, large = (Video(noise).player("noise", largest=n) for n in (1, 10**9))
    assert len(small) < len(large) / 4
    assert re.findall(r'width="\d+"', small) == re.findall(r'width="\d+"', large)


def test_a_grid_plays_all_at_once(clip):
    one, other = Video(clip), Video(clip[:5])
    sheet = grid([one, other, one], columns=2, gap=4)
    assert sheet.frames.shape == (9, 2 * 32 + 4, 2 * 48 + 4, 3)
    assert (sheet.frames[:, :32, :48] == clip).all() and (sheet.frames[8, :32, 52:] == clip[4]).all()
    assert (sheet.frames[:, 36:, 52:] == 255).all()
    for wrong in ([], [one, Video(clip[:, :24])]):
        with pytest.raises(UserError, match="same height, width and fps"):
            grid(wrong)


def test_what_cannot_be_shown_is_refused(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        picture(str(tmp_path / "gone.png"), alt="nothing")
    with pytest.raises(UserError, match="cannot be shown"):
        picture(np.zeros((4, 4)), alt="nothing")


def test_axes_of_tensors_have_colours_of_their_own():
    assert len({AXES[axis] for axis in "thwcNDL"}) == 7 and all(AXES[a] == AXES[a.upper()] for a in "thwc")
