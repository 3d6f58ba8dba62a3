"""What the oracle sees in a clip, in words, beside what the sentence asked for. Built in chapter 0; the oracle in chapter 8."""

import re

from minisora.video import Video
from minisora.world.words import COLOUR_WORDS, KIND_WORDS, PLACE_PHRASES, SIZE_WORDS, plural

UNCLEAR = "blurred shape"
SHORTEST = 5  # frames, below which nobody's action can be told
DOING = {
    "stay": "stays", "jump over": "jumps over", "change colour": "changes colour", "push": "pushes", "chase": "chases", "hide": "hides",
}  # fmt: skip
_WORDS = {word: (colour, "") for colour, words in COLOUR_WORDS.items() for word in words}
_WORDS |= {form: ("", kind) for kind, words in KIND_WORDS.items() for word in words for form in (word, plural(word))}
_SKIPPED = {word for words in SIZE_WORDS.values() for word in words}


def opinion(sentence: str, video: Video) -> str:
    """One line: who does what where, as the oracle sees it from the pixels; then each character and place that the sentence names,
    with ✓ where it is to be seen and ✗ where not. "" for a video of less than five frames."""
    from minisora.bench.parse import parse

    if len(video) < SHORTEST:
        return ""
    seen = parse(video.frames, video.fps)
    people = [f"{_an(person.colour)} {person.kind or UNCLEAR} that {_does(person)}" for person in seen.people]
    told = "; ".join([*people, *["a cookie"] * len(seen.cookies)]) or "nobody"
    there, who = asked(sentence)
    marks = {f"{colour} {kind}".strip(): any(_is(person, colour, kind) for person in seen.people) for colour, kind in who}
    marks |= {place: place == seen.place for place in there}
    wanted = ", ".join(f"{'✓' if true else '✗'} {name}" for name, true in marks.items())
    return f"The oracle sees: {told}; place: {seen.place}." + (f" Asked for: {wanted}." if wanted else "")


def asked(sentence: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The places that a sentence names, and its characters as (colour, kind), either "" where it is left open."""
    text, there = sentence.lower(), []
    for place, phrases in PLACE_PHRASES.items():
        said = re.compile("|".join(rf"\b{phrase}\b" for phrase in sorted({place, *phrases}, key=len, reverse=True)))
        if said.search(text):
            there, text = [*there, place], said.sub(" ; ", text)
    who: list[tuple[str, str]] = []
    colour = ""
    for word in [word for word in re.findall(r"\w+|[^\w\s]", text) if word not in _SKIPPED]:
        new, kind = _WORDS.get(word, ("", ""))
        if colour and not kind:
            who.append((colour, ""))  # "turns blue"
        if kind:
            who.append((colour, kind))
        colour = new
    return there, list(dict.fromkeys([*who, (colour, "")] if colour else who))


def _is(person, colour: str, kind: str) -> bool:
    return colour in ("", person.colour, person.turns) and kind in ("", person.kind)


def _does(person) -> str:
    """What somebody does most, apart from standing still."""
    moving = [action for action in person.doing() if action != "stay"] if person.actions is not None else []
    action = max(sorted(set(moving)), key=moving.count) if len(moving) >= 3 else "stay"
    return DOING.get(action, f"{action}s")


def _an(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
