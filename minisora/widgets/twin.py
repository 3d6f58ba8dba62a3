"""What stands in a widget's place where there is no kernel: pictures made before, and range inputs that choose one. Built in chapter 0.

Plain HTML with a few words of JavaScript in its attributes: it works in a web page, in a notebook that is only read, and by keyboard.
"""

import base64
import hashlib
import html
import io
import json
from collections.abc import Sequence

import numpy as np
from PIL import Image

from minisora.errors import UserError
from minisora.show import LARGEST

QUALITIES = (100, 90, 80, 65, 50, 35, 20, 10, 5, 1)  # WebP's, tried one after the other until the page is small enough; 100: without loss
# Where the sliders stand says what the windows show, and is said in words beside each slider and to screen readers.
MOVE = (
    "const r=this.closest('.twin'),k=[...r.querySelectorAll('input')],s=k.map(e=>JSON.parse(e.dataset.names)[e.value]),c=k.at(-1);"
    "k.forEach((e,i)=>{e.setAttribute('aria-valuetext',s[i]);e.parentElement.nextElementSibling.value=s[i]});"
    "r.querySelectorAll('[role=img]').forEach((e,i)=>{const w=e.clientWidth,h=e.clientHeight,n=k.length>1?+k[0].value:0;"
    "e.style.backgroundPosition=`${-w*(i*(+c.max+1)+ +c.value)}px ${-h*n}px`;"
    "e.setAttribute('aria-label',[e.dataset.alt,...k.map((e,i)=>e.name+' '+s[i])].join(', '))})"
)


def twin(windows: dict[str, np.ndarray], knobs: dict[str, Sequence[str]], at: Sequence[int], alt: str, scale: int = 3) -> str:
    """A piece of HTML in which one or two range inputs choose what one or more windows show.

    windows: by title, the pictures (*places of each knob, H, W, 3) uint8, all of one shape. knobs: by name, what each place is called;
    of a knob with a single place only the words are shown. at: where the knobs stand at first. alt: what is to be seen, in words.
    scale: pixels of the page for each of the picture. Stays below `show.LARGEST` characters by coding the pictures more coarsely.
    Raises UserError when the pictures are not as many as the knobs have places.
    """
    places, shapes = tuple(len(names) for names in knobs.values()), {pictures.shape for pictures in windows.values()}
    if not 1 <= len(places) <= 2 or len(shapes) != 1 or [shape[:-3] for shape in shapes] != [places]:
        raise UserError(f"knobs of {places} places, pictures of shape {shapes}: give one or two knobs, and a picture for each place.")
    *_, H, W, _ = next(iter(shapes))
    rows, columns = (1, 1, *(count for count in places if count > 1))[-2:]  # the sheet has a row for each place of the first of two knobs
    sheet = np.concatenate([pictures.reshape(rows, columns, H, W, 3) for pictures in windows.values()], axis=1)
    sheet = sheet.transpose(0, 2, 1, 3, 4).reshape(rows * H, -1, 3)
    name = f"twin-{hashlib.sha256(sheet.tobytes()).hexdigest()[:8]}"
    look = f"width:{scale * W}px;height:{scale * H}px;background-size:{scale * sheet.shape[1]}px {scale * rows * H}px"
    style = f'<style>.{name} [role=img]{{{look};image-rendering:pixelated;background-image:url("SHEET")}}</style>'

    row, column = (0, 0, *(place for place, count in zip(at, places, strict=True) if count > 1))[-2:]
    said = "".join(f", {name} {names[place]}" for (name, names), place in zip(knobs.items(), at, strict=True) if len(names) > 1)
    shown = ""
    for index, title in enumerate(windows):
        words = html.escape(f"{alt}: {title}" if title else alt, quote=True)
        seen = f"background-position:{-scale * W * (index * columns + column)}px {-scale * H * row}px"
        window = f'<div role="img" data-alt="{words}" aria-label="{words}{html.escape(said, quote=True)}" style="{seen}"></div>'
        shown += f'<figure style="margin:4px">{window}<figcaption>{html.escape(title)}</figcaption></figure>'
    sliders = "".join(_slider(name, names, place) for (name, names), place in zip(knobs.items(), at, strict=True))
    body = f'<div style="display:flex;flex-wrap:wrap">{shown}</div>{sliders}'
    page = f'<div class="twin {name}" style="overflow-x:auto">{style}{body}</div>'
    return page.replace("SHEET", _webp(sheet, LARGEST - len(page)), 1)


def _slider(name: str, names: Sequence[str], at: int) -> str:
    name, said, kept = (html.escape(text, quote=True) for text in (name, names[at], json.dumps(list(names), ensure_ascii=False)))
    if len(names) < 2:
        return f"<div>{name}: {said}</div>"
    return (
        f'<div><label>{name} <input type="range" name="{name}" min="0" max="{len(names) - 1}" value="{at}" style="width:14em" '
        f'data-names="{kept}" aria-valuetext="{said}" oninput="{MOVE}"></label> <output>{said}</output></div>'
    )


def _webp(sheet: np.ndarray, room: int) -> str:
    """A data URI of at most about `room` characters."""
    for quality in QUALITIES:
        buffer = io.BytesIO()
        Image.fromarray(sheet).save(buffer, "WEBP", quality=quality, lossless=quality == 100)
        source = f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
        if len(source) <= room:
            break
    return source
