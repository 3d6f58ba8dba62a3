"""The oracle's verdicts on the gallery's clips: every claim of a sentence in words, seen or not seen; and what a mode promises beside it.

Where something was given, the sentence's claims are judged in the frames that were made, not in those that were given.
"""

from dataclasses import dataclass

import numpy as np

from minisora.bench.judge import of_colour
from minisora.bench.oracle import judge
from minisora.bench.parse import Seen, parse
from minisora.bench.seams import away, change, colours, drift
from minisora.frames import latent_of
from minisora.storyboard import board
from minisora.video import Video
from minisora.widgets.opinion import DOING, opinion
from minisora.windows import known_frames
from minisora.world.caption import Claim
from minisora.world.words import LOOK_PHRASES, NUMBERS, PLACE_PHRASES, conjugate, plural

from .gallery_prompts import Entry

NEAR = 3  # frames beyond a seam in which whoever crosses it must be seen
ON_ITS_WAY = 0.1  # units (of the frame's shorter side) that an edit may move somebody, on average


@dataclass(frozen=True)
class Verdict:
    """about: what should be seen, in words. dimension: as the bench calls it; "seam" and "way" are the modes' own."""

    about: str
    dimension: str
    seen: bool


def verdicts(entry: Entry, frames: np.ndarray, given: list[np.ndarray]) -> list[Verdict]:
    """What the oracle says of an entry's clip, (T, H, W, 3) uint8. given: the pictures and clips that it was made from."""
    if entry.shots:
        return [one for shot, part in _shots(entry, frames) for one in _judged(entry, part, shot)]
    promised = _MODES.get(entry.mode, _nothing)(entry, frames, given)
    unasked = entry.told.get("unasked", ())  # what the true clip, too, doesn't show
    return _judged(entry, frames[_made(entry, len(frames), given)]) + [one for one in promised if one.dimension not in unasked]


def sees(frames: np.ndarray) -> str:
    """What the oracle sees in a clip, in a sentence."""
    return opinion("", Video(frames))


def _judged(entry: Entry, frames: np.ndarray, shot: dict | None = None) -> list[Verdict]:
    claims = entry.claims(shot)
    called = {claim.members[0]: (claim.value, "", "1") for claim in claims if claim.dimension == "colour"}
    for claim in claims:
        if claim.dimension in ("kind", "count"):
            colour, kind, count = called[claim.members[0]]
            called[claim.members[0]] = (colour, claim.value, count) if claim.dimension == "kind" else (colour, kind, claim.value)
    names = {who: f"the {colour} {plural(kind) if count != '1' else kind}" for who, (colour, kind, count) in called.items()}
    where = f"shot {entry.shots.index(shot) + 1}: " if shot else ""
    found = judge(frames, claims)
    return [Verdict(where + in_words(claim, names), name, bool(right)) for claim, (name, right) in zip(claims, found, strict=True)]


def in_words(claim: Claim, names: dict[int, str]) -> str:
    """A claim as a reader would say it. names: "the red ball" by the number in the cast."""
    who, whom = (" and ".join(names[one] for one in members) for members in (claim.members, claim.other))
    return {
        "colour": lambda: f"somebody is {claim.value}",
        "kind": lambda: f"who is {who.split()[1]} is a {claim.value}",
        "count": lambda: f"exactly {NUMBERS[int(claim.value)]} {'is' if claim.value == '1' else 'are'} {who.split()[1]}",
        "size": lambda: f"{who}: {claim.value}",
        "place": lambda: f"place: {PLACE_PHRASES[claim.value][0]}",
        "look": lambda: f"look: {LOOK_PHRASES[claim.value][0]}",
        "relation": lambda: f"{who}: {claim.value} {whom}",
        "motion": lambda: f"{who}: {_deed(claim.value, claim.detail, whom)}",
        "order": lambda: f"{who}: first {', then '.join(_deed(action) for action in claim.value.split('>'))}",
        "camera": lambda: f"camera: {'stays' if claim.value == 'still' else _deed(claim.value, '', whom)}",
    }[claim.dimension]()


def _deed(action: str, detail: str = "", whom: str = "") -> str:
    if action == "change colour" and detail:
        return f"turns {detail}"
    if action == "eat":
        return "eats of a cookie" + (f", {detail} bites" if detail else "")
    if action == "hide":
        after = {"across": "and comes out on the other side", "back": "and comes back"}.get(detail, "")
        return " ".join(word for word in ("hides behind", whom, after) if word)
    first, *rest = action.split()
    words = [DOING.get(action) or " ".join([conjugate(first, "s"), *rest]), whom]
    return " ".join(word for word in (*words, detail if detail in ("", "in place") else f"to the {detail}") if word)


# Which frames were made ----------------------------------------------------------------------------------------------------


def _shots(entry: Entry, frames: np.ndarray):
    """(shot, its frames) of a storyboard."""
    _, of = board([shot["prompt"] for shot in entry.shots], float(entry.option("--seconds", "2")))
    numbers = np.array([int(of[0, latent_of(index)]) for index in range(len(frames))])
    return [(shot, frames[numbers == number]) for number, shot in enumerate(entry.shots, start=1)]


def _made(entry: Entry, count: int, given: list[np.ndarray]) -> np.ndarray:
    """The frames (T,) bool of a clip that were made."""
    made = np.ones(count, bool)
    first = len(given[0]) if given else 0
    if entry.mode == "extend":
        made[slice(count - first, None) if entry.option("--direction", "") == "backward" else slice(first)] = False
    if entry.mode == "loop":
        made[:first] = False
    if entry.mode == "connect":
        made[:first] = made[count - len(given[1]) :] = False
    if entry.mode == "fill":
        made = ~known_frames(entry.option("--known", ""), count)
    return made


# What a mode promises ------------------------------------------------------------------------------------------------------


def _stays(seen: Seen, at: int, forward: bool = True) -> list[bool]:
    """Of everybody in the given frame beside a seam (`at` is the first frame after it): is he in one of the made frames beyond?"""
    given, beyond = (at - 1, slice(at, at + NEAR)) if forward else (at, slice(max(0, at - NEAR), at))
    return [bool(person.track.seen[beyond].any()) for person in seen.people if person.track.seen[given]]


def _seam(words: str, stay: list[bool]) -> list[Verdict]:
    """Nothing is asked where nobody is there to cross it."""
    return [Verdict(words, "seam", all(stay))] if stay else []


def _nothing(entry: Entry, frames: np.ndarray, given: list[np.ndarray]) -> list[Verdict]:
    return []


def _extended(entry, frames, given) -> list[Verdict]:
    backward = entry.option("--direction", "") == "backward"
    at = len(frames) - len(given[0]) if backward else len(given[0])
    words = "whoever the given frames begin with was there before" if backward else "whoever the given frames end with is still there after"
    return _seam(words, _stays(parse(frames), at, not backward))


def _filled(entry, frames, given) -> list[Verdict]:
    made, seen = np.flatnonzero(_made(entry, len(frames), given)), parse(frames)
    stay = _stays(seen, int(made[0])) + _stays(seen, int(made[-1]) + 1, forward=False)
    return _seam("whoever is there on either side of the gap is there in it", stay)


def _looped(entry, frames, given) -> list[Verdict]:
    first = len(given[0])
    largest = max(change(a, b) for a, b in zip(frames[: first - 1], frames[1:first], strict=True))
    closes = change(frames[-1], frames[0]) <= max(0.1, largest)
    found = _seam("whoever the given clip ends with is still there after", _stays(parse(frames), first))
    turned = parse(np.roll(frames, -first, axis=0))
    found += _seam("whoever it begins with is there just before", _stays(turned, len(frames) - first, forward=False))
    return [*found, Verdict("the step from last to first frame is no larger than steps in the given clip", "loop", bool(closes))]


def _connected(entry, frames, given) -> list[Verdict]:
    first, second = len(given[0]), len(frames) - len(given[1])
    seen = parse(frames)
    found = _seam("whoever the first clip ends with is still there after", _stays(seen, first))
    found += _seam("whoever the second clip begins with is there just before", _stays(seen, second, forward=False))
    before, way, after = (colours(seen, part) for part in (slice(first), slice(first, second), slice(second, None)))
    return [*found, Verdict("nobody else appears on the way", "seam", way <= before | after)]


def _edited(entry, frames, given) -> list[Verdict]:
    """Whether everybody keeps to the way of the given clip, by the colour that he has now."""
    seen, source = parse(frames), parse(given[0])
    now = {claim.value for claim in entry.claims() if claim.dimension == "colour"}
    renamed = {person.colour: next(iter(now)) for person in source.people if person.colour not in now and len(now) == 1}
    gaps = list(away(seen, source, np.ones(len(frames), bool), renamed))
    there = len(gaps) == len(source.people) and bool(now) and all(of_colour(seen, colour) for colour in now)
    return [Verdict("everybody keeps to the way of the given clip", "way", there and float(np.mean(gaps)) <= ON_ITS_WAY)]


_MODES = {"extend": _extended, "fill": _filled, "loop": _looped, "connect": _connected, "edit": _edited}


def tones(frames: np.ndarray, given: int, fps: int = 8) -> list[dict]:
    """How far each made second of a long clip has gone from what was given: levels of 255 in colour, shares of contrast and saturation."""
    parts = [drift(frames[:given], frames[start : start + fps]) for start in range(given, len(frames) - fps + 1, fps)]
    names = ("colour", "contrast", "saturation")
    return [{name: round(value, 4) for name, value in zip(names, part, strict=True)} for part in parts]
