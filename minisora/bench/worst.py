"""Examples of what goes wrong: the sentence, frames of the video that was made, and the oracle's verdict. Built in chapter 8."""

import io
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from minisora.world.caption import Claim
from minisora.world.scene import Scene

from .lines import Makers
from .oracle import judge
from .parse import parse
from .report import write_whole
from .suites import core
from .world_cases import PHYSICS, TESTS, world_case

EXAMPLES = 3  # of each dimension
TRIED = 48  # cases that are looked through for them
FRAMES, SIDE = 6, 112  # of an example, and the height in pixels that they are shown at
LARGEST = 100_000  # bytes of a picture
SHOWN_BY = {  # the tests of the suite world that show a dimension; identity and births are looked for in all but physics
    "permanence": ("hide", "leave"), "cause and effect": ("eat", "push"), "sides under swap": ("sides",),
    "order under swap": ("order",), "camera path": ("camera",),
}  # fmt: skip


@dataclass(frozen=True)
class Example:
    """The sentences that were asked (two for a pair), the videos (T, H, W, 3) uint8 that were made, and what was found wrong."""

    sentences: tuple[str, ...]
    videos: tuple[np.ndarray, ...]
    verdict: str


def examples(suite: str, dimension: str, n: int, seed: int, makers: Makers) -> list[Example]:
    """The first cases of a suite ("core" or "world") of `n` in which the model is wrong in a dimension; fewer where it seldom is."""
    found = []
    for example in (_core if suite == "core" else _world)(dimension, n, seed, makers):
        found.append(example)
        if len(found) == EXAMPLES:
            break
    return found


def _core(dimension: str, n: int, seed: int, makers: Makers) -> Iterator[Example]:
    asked = [case for case in core(n, seed) if any(claim.dimension == dimension and claim.shot == 0 for claim in case.claims)]
    for case in asked[:TRIED]:
        video = makers.model(case)
        told = [claim for claim in case.claims if claim.shot == 0]
        verdicts = zip(told, judge(video, case.claims), strict=True)
        wrong = [said(claim, case.scene) for claim, (name, right) in verdicts if name == dimension and not right]
        if wrong:
            seen = ", ".join(f"{person.colour} {person.kind or 'something'}" for person in parse(video).people) or "nobody"
            yield Example((case.prompt,), (video,), f"Not to be seen: {'; '.join(wrong)}. Seen: {seen}.")


def _world(dimension: str, n: int, seed: int, makers: Makers) -> Iterator[Example]:
    from .world_lines import Watched, asked, unasked

    tests = SHOWN_BY.get(dimension, tuple(test for test in TESTS if test not in PHYSICS))
    for index in [index for index in range(n) if TESTS[index % len(TESTS)] in tests][:TRIED]:
        case = world_case(index, seed)
        videos = tuple(makers.model(ask) for ask in case.asks)
        watched = [Watched(video) for video in videos]
        verdicts = asked(case, watched) + unasked(case, watched[0])
        if (dimension, False) in verdicts:
            parts = dict.fromkeys(name.removeprefix(f"{dimension} ") for name, right in verdicts if right is False and name != dimension)
            among = [name for name in parts if dimension not in ("sides under swap", "order under swap") and _part_of(name, dimension)]
            verdict = f"Not right: {dimension}" + (f" ({', '.join(among)})." if among else ".")
            shown = slice(None) if "swap" in dimension else slice(1)
            yield Example(tuple(ask.prompt for ask in case.asks)[shown], videos[shown], verdict)


def _part_of(name: str, dimension: str) -> bool:
    from .world_lines import CAUSES, HIDING, PARTS

    parts = {"permanence": ("hidden", *HIDING), "identity": PARTS, "cause and effect": CAUSES}
    return name in parts.get(dimension, ())


def said(claim: Claim, scene: Scene) -> str:
    """A claim in a few words."""

    def called(members: tuple[int, ...]) -> str:
        named = [f"{scene.cast[member].colour} {scene.cast[member].kind}" for member in members]
        return " and ".join(f"the {name}{'s' * (named.count(name) > 1)}" for name in dict.fromkeys(named))

    value = claim.value.replace(">", ", then ")
    detail = claim.detail.replace(">", ", then ")
    words = [claim.dimension, value, *([f"({detail})"] if detail else []), *([called(claim.other)] if claim.other else [])]
    return (f"{called(claim.members)}: " if claim.members else "") + " ".join(words)


def strip(title: str, found: list[Example]) -> Image.Image:
    """One picture of several examples, one below the other, under a title."""
    blocks = [_line(title, 15)]
    for example in found:
        for sentence, video in zip(example.sentences, example.videos, strict=True):
            blocks += [_line(f"“{sentence}”"), _frames(video)]
        blocks.append(_line(example.verdict, colour=(170, 30, 30)))
    width = max(block.width for block in blocks)
    page = Image.new("RGB", (width, sum(block.height for block in blocks)), "white")
    top = 0
    for block in blocks:
        page.paste(block, (0, top))
        top += block.height
    return page


def _frames(video: np.ndarray) -> Image.Image:
    """Frames spread evenly over a video, side by side."""
    height, width = video.shape[1:3]
    size = (round(SIDE * width / height), SIDE)
    room = FRAMES * (SIDE + 4)
    shown = [video[round(k)] for k in np.linspace(0, len(video) - 1, min(FRAMES, room // (size[0] + 4), len(video)))]
    row = Image.new("RGB", (room, SIDE + 6), "white")
    for number, frame in enumerate(shown):
        row.paste(Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC), (number * (size[0] + 4), 2))
    return row


def _line(text: str, size: int = 12, colour: tuple[int, int, int] = (20, 20, 20)) -> Image.Image:
    """Text in as many lines as it takes."""
    font, width = ImageFont.load_default(size), FRAMES * (SIDE + 4)
    lines = textwrap.wrap(text, int(width / font.getlength("n") * 1.05))
    block = Image.new("RGB", (width, (size + 4) * len(lines) + 6), "white")
    ImageDraw.Draw(block).multiline_text((2, 2), "\n".join(lines), fill=colour, font=font, spacing=4)
    return block


def save(picture: Image.Image, path: Path) -> None:
    """Writes a PNG of at most 100 kB, whole or not at all: with fewer colours, and then smaller, where it must be."""
    for colours, share in ((256, 1.0), (128, 1.0), (64, 1.0), (64, 0.75), (32, 0.5), (16, 0.25)):
        small = picture.resize((max(1, round(picture.width * share)), max(1, round(picture.height * share))))
        buffer = io.BytesIO()
        small.quantize(colours, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
        if buffer.tell() <= LARGEST:
            break
    write_whole(path, buffer.getvalue())


def pictures(found: list[dict], sizes: dict[str, int], seed: int, makers: Makers, folder: Path) -> list[dict]:
    """Draws `worst-….png` of each dimension that `floors.worst` named; the same list with `picture`, `alt` and the sentences added.

    sizes: the number of cases of each suite. A dimension in which nothing wrong is found gets no picture.
    """
    drawn = []
    for one in found:
        suite, dimension = one["suite"], one["dimension"]
        seen = examples(suite, dimension, sizes[suite], seed, makers)
        told = [{"sentences": list(example.sentences), "verdict": example.verdict} for example in seen]
        one = {**one, "examples": told, "picture": None, "alt": ""}
        if seen:
            one["picture"] = f"worst-{dimension.replace(' ', '-')}.png"
            how_many = f"{len(seen)} example{'s' * (len(seen) > 1)}"
            one["alt"] = f"{how_many} of made videos in which {dimension} is wrong: sentence, frames, verdict"
            save(strip(f"{dimension} (suite {suite})", seen), folder / one["picture"])
        drawn.append(one)
    return drawn
