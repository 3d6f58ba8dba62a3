"""The gallery's list, fixed beforehand: what each clip is asked, the claims that this makes, and the commands that make it.

data/gallery/prompts.json holds an entry a line. `cast` names characters ("two small red balls"); the others speak of them by their
numbers: `does` is [who, action, detail, to whom], `stands` [who, relation, to whom]; whoever does two things does them in that order.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minisora.errors import UserError, one_line
from minisora.video import Video
from minisora.world.caption import Claim
from minisora.world.scene import COLOURS, KINDS, SIZES
from minisora.world.words import NUMBERS, plural

ROOT = Path(__file__).resolve().parents[2]
PROMPTS = ROOT / "data" / "gallery" / "prompts.json"
SAMPLE = ROOT / "data" / "sample" / "data" / "heldout-00000-of-00001.parquet"
MEDIA = "book/media/gallery"  # from the repository's folder, or from another one that is written into
SCALE = 2  # a pixel of a clip is 2 x 2 pixels of its file: H.264 stores one colour for so many
KIND_OF = {form: kind for kind in KINDS for form in (kind, plural(kind))}
NUMBER_OF = {word: number for number, word in NUMBERS.items()}


@dataclass(frozen=True)
class Entry:
    """One clip to be made. told: its line of the list."""

    number: int
    told: dict

    @property
    def group(self) -> str:
        return self.told["group"]

    @property
    def mode(self) -> str:
        return self.told["mode"]

    @property
    def prompt(self) -> str:
        return self.told["prompt"]

    @property
    def given(self) -> list[int]:
        """The held-out clips that it is given."""
        return self.told.get("given", [])

    @property
    def shots(self) -> list[dict]:
        return self.told.get("shots", [])

    def option(self, name: str, usual: str) -> str:
        """What follows an option's name in the commands."""
        options = self.told.get("options", [])
        return options[options.index(name) + 1] if name in options else usual

    def file(self, ending: str) -> str:
        return f"{MEDIA}/{self.number:02d}{ending}"

    def inputs(self) -> list[str]:
        """The files of what it is given, as the commands name them."""
        if "picture" in self.told:
            return [self.file("-picture.png")]
        first, end = self.told.get("frames", (0, 0))
        ending = ".png" if end - first == 1 else f"-frames-{first}-{end - 1}.mp4"
        return [f"{MEDIA}/given-{clip:02d}{ending}" for clip in self.given]

    def commands(self) -> list[list[str]]:
        """What to type after `minisora`, word by word, one command after the other; the last one writes the clip."""
        seed = ["--seed", str(self.number)]
        before = [["image", self.told["picture"], *seed, "--out", self.inputs()[0]]] if "picture" in self.told else []
        shots = [word for shot in self.shots for word in ("--shot", shot["prompt"])]
        last = [self.mode, *self.inputs(), self.prompt, *shots, *self.told.get("options", [])]
        return [*before, [*last, *seed, "--scale", str(SCALE), "--out", self.file(".mp4")]]

    def claims(self, shot: dict | None = None) -> tuple[Claim, ...]:
        """What the sentence claims, and of a storyboard what that of one `shot` claims besides."""
        told = {**self.told, **(shot or {})}
        cast = [_character(words) for words in told.get("cast", ())]
        found = [claim for number, one in enumerate(cast) for claim in _named(number, one)]
        found += [Claim(name, told[name]) for name in ("place", "look") if name in told]
        found += [Claim("relation", kind, (who,), (whom,)) for who, kind, whom in told.get("stands", ())]
        found += _deeds(told.get("does", []))
        if camera := told.get("camera"):
            move, followed = (camera, ()) if isinstance(camera, str) else (camera[0], (camera[1],))
            found.append(Claim("camera", move, other=followed))
        return tuple(found)


def _character(words: str) -> dict:
    """ "two small red balls" as number, size, colour and kind."""
    *more, colour, kind = words.split()
    found = {"count": 1, "size": "", "colour": colour, "kind": KIND_OF.get(kind, "")}
    for word in more:
        found |= {"size": word} if word in SIZES else {"count": NUMBER_OF.get(word, 0)}
    if colour not in COLOURS or not found["kind"] or not found["count"]:
        raise UserError(f"{PROMPTS.name}: {words!r} is no character. Write it as 'two small red balls'.")
    return found


def _named(number: int, one: dict) -> list[Claim]:
    """The colour comes first: by it the oracle finds who is meant."""
    told = [(name, str(one[name])) for name in ("colour", "kind", "count", "size") if one[name]]
    return [Claim(name, value, (number,)) for name, value in told]


def _deeds(does: list[list]) -> list[Claim]:
    """Who does what; and whoever does a second thing does it after the first."""
    found: list[Claim] = []
    before: dict[int, Claim] = {}
    for who, action, detail, whom in ((*one, *("", None)[len(one) - 2 :]) for one in does):
        first = before.get(who)
        event = 0 if first is None else first.event + 1
        before[who] = Claim("motion", action, (who,), () if whom is None else (whom,), detail, event)
        found.append(before[who])
        if first is not None:
            found.append(Claim("order", f"{first.value}>{action}", (who,), event=first.event))
    return found


def entries(path: Path = PROMPTS) -> tuple[list[Entry], list[Entry]]:
    """The gallery's entries, and those beyond it: sentences outside the world, and a video that goes on for long.

    Raises UserError when the list cannot be read.
    """
    try:
        told = json.loads(path.read_text())
        listed = [Entry(number, one) for number, one in enumerate([*told["entries"], *told["beyond"]])]
        for one in listed:
            one.commands(), one.claims()
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path}: the gallery's list cannot be read ({one_line(error)}). Get it again: git restore {path}") from error
    count = len(told["entries"])
    return listed[:count], listed[count:]


def given_clip(number: int, path: Path = SAMPLE) -> np.ndarray:
    """The frames (T, H, W, 3) uint8 of a held-out clip of data/sample, exactly as the world draws it."""
    from pyarrow import parquet

    from minisora.world.dataset import row_frames

    return row_frames(parquet.read_table(path).slice(number, 1).to_pylist()[0])


def write_inputs(entry: Entry, folder: Path) -> None:
    """Writes what an entry is given and does not make itself."""
    first, end = entry.told.get("frames", (0, 0))
    for clip, name in zip(entry.given, entry.inputs(), strict=False):
        Video(given_clip(clip)[first:end]).save(folder / name, scale=SCALE)
