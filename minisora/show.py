"""Pictures and clips in a notebook, none without words for whoever cannot see it. Built in chapter 0.

What is shown goes into the notebook as HTML with its alt text, because JupyterLab drops the alt text of plain PNG outputs.
"""

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from minisora.errors import UserError
from minisora.video import Video, png

# The axes of tensors have the same colours in every figure of the course (Okabe and Ito's, which colour-blind readers tell apart).
AXES = {"t": "#D55E00", "h": "#009E73", "w": "#0072B2", "c": "#CC79A7", "N": "#E69F00", "D": "#56B4E9", "L": "#8C6D1F", "sigma": "#6B6B6B"}
AXES |= {"T": AXES["t"], "H": AXES["h"], "W": AXES["w"], "C": AXES["c"]}
DPI = 144  # of figures; shown at two thirds of it, so that they stay sharp
LARGEST = 90_000  # characters of one output


class Shown:
    """A piece of HTML and the words for it; `display(Shown(…), display_id=True)` gives a place that can be updated."""

    def __init__(self, page: str, alt: str):
        self.page, self.alt = page, alt

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        return {"text/html": self.page, "text/plain": self.alt}, {"text/html": {"alt": self.alt}, "image/png": {"alt": self.alt}}


def show(thing: Any, alt: str, width: int | None = None) -> None:
    """Show a Video, a matplotlib figure, a PIL image, an array (H, W, 3) of uint8 or the path of a picture.

    alt: what is to be seen, in words, for readers who cannot see it. width: pixels on the page; None: what suits the thing.
    Raises UserError when `alt` is empty or the thing is none of these.
    """
    from IPython.display import display

    display(picture(thing, alt, width))


def picture(thing: Any, alt: str, width: int | None = None) -> Shown:
    """What `show` shows, as an object, to be put or updated somewhere by hand."""
    alt = _words(alt)
    if isinstance(thing, Video) and len(thing) > 1:
        return Shown(thing.player(alt, scale=round((width or 0) / thing.width), largest=LARGEST), alt)
    return Shown(_img(thing, alt, width), alt)


def gallery(things: Sequence[Any], titles: Sequence[str], alt: str, width: int | None = None) -> None:
    """Show pictures one beside (or, when they are wide, below) the other, each over its title. Videos appear as strips of frames.

    alt: what they are together; each picture's own alt text is this and its title. Raises UserError like `show`, and when there
    are not as many titles as things.
    """
    from IPython.display import display

    alt = _words(alt)
    if len(things) != len(titles):
        raise UserError(f"{len(things)} pictures and {len(titles)} titles: give one title for each.")
    rows, size = [], 0
    for thing, title in zip(things, titles, strict=True):
        image = _img(thing.strip() if isinstance(thing, Video) else thing, f"{alt}: {title}", width)
        figure = f'<figure style="margin:4px">{image}<figcaption>{html.escape(title)}</figcaption></figure>'
        if rows and size + len(figure) > LARGEST:
            display(_row(rows, alt))
            rows, size = [], 0
        rows, size = [*rows, figure], size + len(figure)
    if rows:
        display(_row(rows, alt))


def grid(videos: Sequence[Video], columns: int = 3, gap: int = 4) -> Video:
    """One video in which several of the same size play side by side, `gap` white pixels apart, row by row.

    A shorter one rests on its last frame. Raises UserError when there are none or their sizes differ.
    """
    if len({(v.height, v.width, v.fps) for v in videos}) != 1:
        raise UserError("a grid takes at least one video, all of the same height, width and fps.")
    first, rows = videos[0], -(-len(videos) // columns)
    high, wide, length = first.height + gap, first.width + gap, max(len(v) for v in videos)
    sheet = np.full((length, rows * high - gap, columns * wide - gap, 3), 255, np.uint8)
    for place, video in enumerate(videos):
        top, left = place // columns * high, place % columns * wide
        sheet[: len(video), top : top + first.height, left : left + first.width] = video.frames
        sheet[len(video) :, top : top + first.height, left : left + first.width] = video.frames[-1]
    return Video(sheet, first.fps)


def _row(figures: list[str], alt: str) -> Shown:
    return Shown(f'<div style="display:flex;flex-wrap:wrap;gap:8px">{"".join(figures)}</div>', alt)


def _words(alt: str) -> str:
    if not isinstance(alt, str) or not alt.strip():
        raise UserError("alt is empty. Say in words what is to be seen: alt='a red ball hops over a blue box'.")
    return " ".join(alt.split())


def _img(thing: Any, alt: str, width: int | None) -> str:
    """An <img> tag: small pictures are enlarged by whole pixels, figures keep their size in inches."""
    figure = hasattr(thing, "savefig")
    image = _drawn(thing) if figure else _image(thing)
    shown = width or (round(image.width * 96 / DPI) if figure else image.width * max(1, round(128 / min(image.size))))
    pixels = "" if figure or shown < image.width else "image-rendering:pixelated;"
    source = base64.b64encode(png(image)).decode()
    style = f"{pixels}width:{shown}px;max-width:100%;height:auto"
    return f'<img src="data:image/png;base64,{source}" alt="{html.escape(alt, quote=True)}" style="{style}">'


def _drawn(figure) -> Image.Image:
    """A matplotlib figure as an image. The figure is closed, so that the notebook does not show it a second time without words."""
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, facecolor="white", bbox_inches="tight")
    plt.close(figure)
    return Image.open(buffer).convert("RGB")


def _image(thing: Any) -> Image.Image:
    if isinstance(thing, Video):
        thing = thing.frames[0]
    if isinstance(thing, Image.Image):
        return thing
    if isinstance(thing, (str, Path)):
        if not Path(thing).is_file():
            raise UserError(f"{thing}: there is no such file. Give the path of a picture.")
        return Image.open(thing).convert("RGB")
    array = np.asarray(thing)
    if array.dtype == np.uint8 and array.ndim == 3 and array.shape[-1] == 3:
        return Image.fromarray(array)
    raise UserError(f"{type(thing).__name__} cannot be shown: give a Video, a figure, an image, or an array (H, W, 3) of uint8.")
