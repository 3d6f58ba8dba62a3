"""Captions that are true by construction: short, detailed (as DALL-E 3's "descriptive" ones), paraphrased, odd.

A caption carries the claims that it makes, so that nobody is asked for what was not said; and for every part of its
text the shot that it speaks of, so that the words of a shot can be given to the frames of that shot alone.
"""

import random
from dataclasses import dataclass

from .check import TURNED
from .phrases import Claim, Writer, listed, sentence
from .scene import Scene
from .words import OPENINGS, STYLE_PHRASES, TYPOS, conjugated, words_of

STYLES = ("short", "detailed", "paraphrase", "odd")
STYLE_WEIGHTS = {"short": 0.30, "detailed": 0.40, "paraphrase": 0.25, "odd": 0.05}
LIMITS = {1: 64, 2: 64, 3: 64, 4: 80}  # word tokens of a detailed caption of one shot, by characters
UNSAID = ("chase", "push")  # what happens to their targets is said by them


@dataclass(frozen=True)
class Caption:
    """parts: (0, text about the whole video) and, with several shots, (1.., text about that shot)."""

    parts: tuple[tuple[int, str], ...]
    claims: tuple[Claim, ...]

    @property
    def text(self) -> str:
        return " ".join(text for _, text in self.parts)


def caption(scene: Scene, style: str = "detailed", seed: int = 0) -> Caption:
    """A true description of `scene`; the same one for the same seed. Raises ValueError for an unknown style."""
    if style not in STYLES:
        raise ValueError(f"style={style!r}: there are {', '.join(STYLES)}. Try style='detailed'.")
    rng = random.Random(f"caption {style} {seed} {scene.seed}")
    if style == "odd":
        return _odd(scene, rng)
    for room in range(4):
        writer = Writer(scene, rng, plain=style != "paraphrase")
        parts = _whole(writer, style, room)
        text = " ".join(t for _, t in parts)
        if len(scene.shots) > 1 or len(words_of(text)) <= LIMITS[len(scene.cast)]:
            break
    return Caption(tuple(parts), tuple(writer.claims))


def draw_style(rng: random.Random) -> str:
    """A style as often as training sees it."""
    return rng.choices(list(STYLE_WEIGHTS), list(STYLE_WEIGHTS.values()))[0]


def claims(scene: Scene, caption: Caption) -> tuple[Claim, ...]:
    """What `caption` says about `scene`, and nothing else."""
    return caption.claims


def _whole(w: Writer, style: str, terse: int) -> list[tuple[int, str]]:
    """The parts of a caption; a higher `terse` leaves out more."""
    if len(w.scene.shots) == 1:
        return [(0, {"short": _short, "detailed": _detailed, "paraphrase": _paraphrase}[style](w, terse))]
    cast = listed([w.who(n, size=style == "detailed" or w.odds(0.3)) for n in range(len(w.groups))])
    parts = [(0, sentence(f"{w.look()} of {cast}" if style != "short" or w.odds(0.5) else cast))]
    for n in range(len(w.scene.shots)):
        w.shot_index = n
        where = w.place()
        tells = _tells(w, [g for g in range(len(w.groups)) if style != "short" or g == _main(w) or w.odds(0.6)], terse)
        opening = w.pick(("then the picture cuts: ", "cut: ", "next, ")) if n else ""
        text = " ".join(sentence(t) for t in (f"{opening}{', '.join([where, *tells[:1]])}", *tells[1:]))
        if w.shot.camera.move != "still" and (style != "short" or w.odds(0.4)):
            text += " " + sentence(w.camera())
        parts.append((n + 1, text))
    return parts


# Styles ---------------------------------------------------------------------------------------------------------------


def _short(w: Writer, terse: int) -> str:
    """Who and what, perhaps where; most is left out."""
    said = w.place() if w.odds(0.6) else ""
    look = w.look() if w.odds(0.3) else ""
    main = _clause(w, _main(w), look)
    if said:
        main = f"{said}, {main}" if not look and w.odds(0.15) else f"{main} {said}"
    others = [n for n in range(len(w.groups)) if n not in w.known]
    if others and not look and w.odds(0.55):
        n = w.pick(others)
        if w.events(n):
            main = f"{main} while {w.who(n)} {w.story(n)}"
    if w.shot.camera.move != "still" and w.odds(0.45):
        main += f", {w.camera()}"
    return f"{look} of {main}" if look else main


def _main(w: Writer) -> int:
    """The group that matters most: who does something to somebody, or does anything at all."""
    def weight(n):
        return max((2 if e.target >= 0 else e.action != "stay" for e in w.events(n)), default=0) + 0.5 * w.rng.random()

    return max(range(len(w.groups)), key=weight)


def _clause(w: Writer, n: int, look: str = "") -> str:
    """One clause about group n: what it does, or where it stands. After a look, as in "a drawing of a ball hopping"."""
    size = w.odds(0.25)
    events = w.events(n)
    still = w.still(n)
    found = [(k, a, b) for k, a, b in w.relations() if n in (a, b)]
    if still and found and w.odds(0.8 if len(w.groups) > 1 else 0):
        kind, a, b = found[0]
        if w.odds(0.5):
            kind, a, b = TURNED[kind], b, a
        first = w.who(a, size)
        return f"{first} {w.relation(kind, a, b)} {w.who(b, size)}"
    if not events:
        return listed([w.who(m, size) for m in range(len(w.groups))])
    if look and (len(events) == 1 or still):
        return f"{w.who(n, size)} {w.does(n, 0, 'ing')}"
    if look:
        return f"{w.who(n, size)} that {w.story(n)}"
    return f"{w.who(n, size)} {w.story(n)}"


def _detailed(w: Writer, terse: int) -> str:
    """Look, cast, place, who stands where, who does what in order, camera."""
    cast = listed([w.who(n, size=True) for n in range(len(w.groups))])
    text = [sentence(f"{w.look()} of {cast} {w.place()}")]
    text += [sentence(t) for t in _places(w, most=2 if terse == 0 else 1 if terse == 1 else 0)]
    if w.shot.seconds:
        text += [sentence(t) for t in _tells(w, list(range(len(w.groups))), terse)]
        if w.shot.camera.move != "still" or terse == 0 and w.odds(0.5):
            text.append(sentence(w.camera()))
    return " ".join(text)


def _paraphrase(w: Writer, terse: int) -> str:
    """Other words and another order; sometimes somebody or something is left out."""
    chosen = [n for n in range(len(w.groups)) if len(w.groups) < 3 or w.odds(0.85)] or [0]
    text, place_first, size, lead = [], w.odds(0.4), w.odds(0.6), _main(w)
    chosen = [lead] + [n for n in chosen if n != lead]
    opening = w.place() + ", " if place_first else ""
    if not w.shot.seconds or w.odds(0.35):
        start = w.pick(("there is ", "we see ") if place_first else (*(o + " " for o in OPENINGS), "", ""))
        if w.many(lead):
            start = start.replace(" is ", " are ")
        text.append(opening + start + listed([w.who(n, size) for n in chosen]))
        text += _places(w, most=1)
    else:
        relations = [(k, a, b) for k, a, b in w.relations() if a in chosen and b in chosen]
        text.append(opening + _told(w, lead, size))
        if relations and w.odds(0.6 - 0.15 * terse):
            text += _places(w, most=1, among=chosen)
        chosen = chosen[1:]
    if w.shot.seconds:
        text += _tells(w, [n for n in chosen if w.events(n) and not w_said(w, n)], terse, size)
    if not place_first and w.odds(0.85):
        text[0] += f" {w.place()}"
    if w.odds(0.5):
        w.claim("look", w.scene.look)
        text[0] += f", {STYLE_PHRASES[w.scene.look]}"
    if w.shot.seconds and w.shot.camera.move != "still" and w.odds(0.8):
        text.append(w.camera())
    return " ".join(sentence(t) for t in text)


def w_said(w: Writer, n: int) -> bool:
    return any(c.dimension == "motion" and c.members == w.groups[n] and c.shot == w.shot_index for c in w.claims)


def _told(w: Writer, n: int, size: bool) -> str:
    """One clause about group n, at times turned round: "a red ball is chased by a blue box"."""
    events = w.events(n)
    if len(events) == 1 and events[0].action in ("chase", "push", "jump over") and w.odds(0.45):
        target = w.group_of[events[0].target]
        return f"{w.who(target, size)} {w.undergoes(n, 0)}"
    who = w.who(n, size)
    if len(events) == 1 and w.odds(0.4):
        return f"{who} {'are' if w.many(n) else 'is'} {w.does(n, 0, 'ing')}"
    turned = w.turned_story(n) if w.odds(0.35) else None
    return f"{who} {turned or w.story(n)}"


# Pieces ---------------------------------------------------------------------------------------------------------------


def _places(w: Writer, most: int, among=None) -> list[str]:
    """Where who stands: at most so many relations, each group placed once."""
    said, placed = [], set()
    for kind, a, b in w.relations():
        if len(said) >= most or a in placed and b in placed or among is not None and not (a in among and b in among):
            continue
        if b not in placed and (a in placed or w.odds(0.5)):
            kind, a, b = TURNED[kind], b, a
        placed |= {a, b}
        verb = "*hover" if kind == "above" else "*stand" if w.still(a) and w.odds(0.7) else "*be"
        verb = conjugated(verb, "p" if w.many(a) else "s")
        first = w.who(a, pronoun=False)
        said.append(f"{first} {verb} {w.relation(kind, a, b)} {w.who(b, pronoun=False)}")
    return said


def _tells(w: Writer, groups: list[int], terse: int, size: bool = False) -> list[str]:
    """Sentences on what the groups do, in short ones; who only stands there comes last, together."""
    targets = {w.group_of[e.target] for n in range(len(w.groups)) for e in w.events(n) if e.action in UNSAID}
    busy = [n for n in groups if any(e.action != "stay" for e in w.events(n))]
    busy.sort(key=lambda n: (n not in targets, any(e.target >= 0 for e in w.events(n))))  # the chased before the chaser
    idle = [n for n in groups if n not in busy and n not in targets]
    told = [f"{w.who(n, size)} {w.story(n)}" for n in busy]
    short = [len(t.split()) <= 7 and "then" not in t and "after" not in t for t in told]
    if len(told) > 1 and short[0] and short[1] and w.odds(0.5):
        told[:2] = [f"{told[0]} while {told[1]}"]
    if idle and (terse < 2 or not told):
        rest = len(idle) > 1 and set(idle) | set(busy) == set(range(len(w.groups))) and not targets
        if rest and all(n in w.known for n in idle) and (busy or w.plain):
            for n in idle:
                w.claim("motion", "stay", w.groups[n], event=0)
            told.append("the others stay still" if busy else f"they {'both' if len(idle) == 2 else 'all'} stay still")
        elif len(idle) > 1:
            names = listed([w.who(n, size, pronoun=False) for n in idle])
            for n in idle:
                w.claim("motion", "stay", w.groups[n], event=0)
            told.append(f"{names} stay still")
        else:
            told.append(f"{w.who(idle[0], size)} {w.does(idle[0], 0)}")
    return told


def _odd(scene: Scene, rng: random.Random) -> Caption:
    """As people type: lists, capitals, missing articles, slips of the finger in words that don't matter."""
    w = Writer(scene, rng, plain=True)
    if rng.random() < 0.35:
        parts = [(0, _tags(w))]
    else:
        parts = _whole(w, w.pick(("short", "short", "detailed", "paraphrase")), 1)
    way = rng.random()
    return Caption(tuple((n, _worn(text, rng, way)) for n, text in parts), tuple(w.claims))


def _tags(w: Writer) -> str:
    """A list with commas: "red ball, blue box, snow, hopping"."""
    tags = [w.who(n, w.odds(0.3)) for n in range(len(w.groups))]
    tags = [t.split(" ", 1)[1] if t.startswith(("a ", "an ")) else t for t in tags]
    if len(w.groups) == 1 and w.shot.seconds:
        tags.append(w.does(0, 0, "ing"))
    for more in (w.place, w.look):
        if w.odds(0.6):
            tags.append(more())
    return ", ".join(tags)


def _worn(text: str, rng: random.Random, way: float) -> str:
    if way < 0.25:
        return text.upper()
    if way < 0.5:
        return " ".join(word for word in text.split() if word.lower() not in ("a", "an", "the"))
    words = text.split()
    for i, word in enumerate(words):
        if word.lower() in TYPOS and rng.random() < 0.4:
            slips = TYPOS[word.lower()]
            words[i] = slips[int(rng.random() * len(slips))]
    text = " ".join(words)
    return text.replace(".", "").lower() if way > 0.75 else text
