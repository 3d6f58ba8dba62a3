"""The words that captions are made of: synonyms, verb forms, phrases for places, looks and cameras, and the whole vocabulary."""

import re

KIND_WORDS = {  # the first is the plain word; the others appear in paraphrases
    "ball": ("ball", "sphere"), "box": ("box", "square", "cube"), "triangle": ("triangle",), "star": ("star",),
    "heart": ("heart",), "cross": ("cross", "plus"), "ring": ("ring", "hoop", "donut"), "drop": ("drop", "droplet", "teardrop"),
}  # fmt: skip
PLURALS = {"box": "boxes", "cross": "crosses", "plus": "pluses"}
COLOUR_WORDS = {
    "red": ("red", "scarlet", "crimson"), "orange": ("orange", "tangerine"), "yellow": ("yellow", "lemon"),
    "green": ("green", "emerald"), "cyan": ("cyan", "turquoise"), "blue": ("blue", "azure"),
    "purple": ("purple", "violet"), "pink": ("pink", "rosy"),
}  # fmt: skip
SIZE_WORDS = {"small": ("small", "little", "tiny"), "medium": ("medium", "middle sized"), "large": ("large", "big", "huge")}
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four"}
PLACE_PHRASES = {  # the first two are plain; all appear in paraphrases
    "meadow": ("in a meadow", "in the meadow", "in a green field", "on the grass"),
    "snow": ("in the snow", "in the snow", "on a snowy day", "in a snowy land"),
    "beach": ("on the beach", "at the beach", "by the sea", "on the sand by the sea"),
    "desert": ("in the desert", "in a desert", "in a dry desert", "among cactuses"),
    "forest": ("in the forest", "in a forest", "in the woods", "among the trees"),
    "city": ("in the city", "in a city", "on a street", "in town"),
    "night": ("at night", "at night", "on a dark night", "under the night sky"),
    "moon": ("on the moon", "on the moon", "on the surface of the moon", "among the craters of the moon"),
}
LOOK_PHRASES = {  # as nouns
    "flat": ("a flat cartoon", "a cartoon", "a flat picture", "a simple cartoon"),
    "ink": ("an ink drawing", "an ink drawing", "a drawing in ink", "a pen and ink drawing"),
    "crayon": ("a crayon drawing", "a crayon drawing", "a drawing in crayon", "a child's crayon drawing"),
}
STYLE_PHRASES = {"flat": "in flat cartoon style", "ink": "drawn in ink", "crayon": "drawn with crayons"}  # at the end of a sentence
CAMERA_PHRASES = {  # {t} is who is followed
    "still": ("the camera stays still", "the camera does not move", "the view is still"),
    "pan left": ("the camera pans left", "the camera pans to the left", "the view moves to the left"),
    "pan right": ("the camera pans right", "the camera pans to the right", "the view moves to the right"),
    "zoom in": ("the camera zooms in", "the camera zooms in", "the camera moves closer", "the view comes nearer"),
    "zoom out": ("the camera zooms out", "the camera zooms out", "the camera moves away", "the view gets wider"),
    "follow": ("the camera follows {t}", "the camera follows {t}", "the camera moves along with {t}", "the view stays with {t}"),
}
RELATION_PHRASES = {
    "left of": ("to the left of", "to the left of", "left of", "on the left of"),
    "right of": ("to the right of", "to the right of", "right of", "on the right of"),
    "above": ("above", "above", "over", "in the air above"),
    "below": ("below", "below", "under", "beneath"),
    "behind": ("behind", "behind", "partly behind"),
    "in front of": ("in front of", "in front of", "partly in front of"),
}
DIRECTION_PHRASES = ("to the {d}", "to the {d}", "{d}", "towards the {d}")

# What each action is called. *verb is conjugated; {dir} {t} {n} {c} are filled in. The first `PLAIN` are plain, the rest paraphrases.
PLAIN = 2
ACTION_PHRASES = {
    "stay": ("*stay still", "*stand still", "*stay in place", "*wait", "*rest"),
    "slide": ("*slide {dir}", "*slide {dir}", "*glide {dir}", "*move {dir}", "*slip {dir}"),
    "roll": ("*roll {dir}", "*roll {dir}", "*roll along {dir}", "*move {dir} by rolling"),
    "hop": ("*hop in place", "*hop up and down", "*hop on the spot", "*jump up and down"),
    "hop along": ("*hop {dir}", "*hop {dir}", "*jump along {dir}", "*hop along {dir}"),
    "jump over": ("*jump over {t}", "*hop over {t}", "*leap over {t}", "*spring over {t}"),
    "fall": ("*fall down and *bounce", "*fall down", "*fall to the ground", "*fall from the air and *bounce"),
    "float": ("*float up", "*float up into the air", "*rise into the air", "*drift upwards"),
    "spin": ("*spin around", "*spin", "*turn round and round", "*whirl around", "*rotate"),
    "grow": ("*grow bigger", "*grow", "*get bigger", "*become larger"),
    "shrink": ("*shrink", "*get smaller", "*become smaller", "*grow smaller"),
    "circle": ("*fly in a circle", "*circle in the air", "*fly a loop", "*go round in a circle in the air"),
    "hide across": (
        "*hide behind {t} and *come out on the other side", "*go behind {t} and *come out on the other side", "*pass behind {t}",
    ),
    "hide back": (
        "*hide behind {t} and *come back", "*go behind {t} and *come out on the same side", "*hide behind {t} for a moment",
    ),
    "leave": (
        "*leave the picture on the {d} and *come back", "*go out of the picture on the {d} and *come back",
        "*disappear on the {d} and *return", "*go away to the {d} and *return",
    ),
    "chase": ("*chase {t} {dir}", "*chase {t}", "*run after {t}", "*follow {t} {dir}"),
    "push": ("*push {t} {dir}", "*push {t} {dir}", "*shove {t} {dir}", "*bump into {t} and *push it {dir}"),
    "eat": ("*take {n} of a cookie", "*eat a cookie", "*nibble at a cookie", "*go to a cookie and *take {n}"),
    "change colour": ("*turn {c}", "*change colour to {c}", "*become {c}", "*change color to {c}", "*turn from {b} to {c}"),
}  # fmt: skip
PASSIVE = {  # the target as the subject; {t} is then who does it
    "jump over": "*be jumped over by {t}", "chase": "*be chased by {t}", "push": "*be pushed {dir} by {t}",
}  # fmt: skip
BITES = {1: "a bite", 2: "two bites", 3: "three bites"}
OPENINGS = ("a video of", "a clip of", "we see", "there is", "here is", "look at")
TYPOS = {  # in "odd" captions; never words that say what is in the scene
    "the": ("teh", "th"), "and": ("adn", "nad"), "then": ("thn", "tehn"), "of": ("fo",), "camera": ("camra", "camara"), "with": ("wiht",),
    "while": ("whlie",), "first": ("frist",), "picture": ("pitcure",), "after": ("aftr",), "is": ("iz",), "to": ("tot", "ot"),
}  # fmt: skip

_IRREGULAR = {"be": ("is", "are", "being"), "do": ("does", "do", "doing"), "have": ("has", "have", "having")}
_DOUBLED = ("hop", "spin", "get", "drop", "run", "slip")


def conjugate(verb: str, form: str) -> str:
    """form: "s" (it hops), "p" (they hop), "ing" (hopping)."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb][("s", "p", "ing").index(form)]
    if form == "p":
        return verb
    if form == "s":
        if verb.endswith(("sh", "ch", "ss", "x", "go", "do")):
            return verb + "es"
        return verb[:-1] + "ies" if verb.endswith("y") and verb[-2] not in "aeiou" else verb + "s"
    if verb in _DOUBLED:
        return verb + verb[-1] + "ing"
    return (verb[:-1] if verb.endswith("e") and not verb.endswith("ee") else verb) + "ing"


def conjugated(phrase: str, form: str) -> str:
    """Every *verb of the phrase in that form."""
    return re.sub(r"\*(\w+)", lambda m: conjugate(m[1], form), phrase)


def plural(noun: str) -> str:
    return PLURALS.get(noun, noun + "s")


def words_of(text: str) -> list[str]:
    """The words of a text as the vocabulary has them: lower case, punctuation apart."""
    return re.findall(r"[a-z]+(?:'[a-z]+)?|[.,:;!]", text.lower())


_GLUE = """
a an the and it they them its is are of by with while then first after that before finally next in on at to from all still
others other both two three four one picture video clip drawn shows where stands stand hovers hover
cuts cut shot scene there here we see look style camera view stays , . : ; ! image this that
""".split()  # fmt: skip


def _vocabulary() -> tuple[str, ...]:
    texts = list(_GLUE) + list(OPENINGS) + list(BITES.values()) + list(NUMBERS.values()) + ["left", "right"]
    for table in (KIND_WORDS, COLOUR_WORDS, SIZE_WORDS, PLACE_PHRASES, LOOK_PHRASES, CAMERA_PHRASES, RELATION_PHRASES):
        texts += [phrase for phrases in table.values() for phrase in phrases]
    texts += [plural(noun) for nouns in KIND_WORDS.values() for noun in nouns]
    texts += [*STYLE_PHRASES.values(), *DIRECTION_PHRASES]
    for phrase in [p for phrases in ACTION_PHRASES.values() for p in phrases] + list(PASSIVE.values()):
        texts += [conjugated(phrase, form) for form in ("s", "p", "ing")]
    return tuple(sorted({word for text in texts for word in words_of(re.sub(r"\{\w\w*\}", " ", text))}))


VOCABULARY = _vocabulary()  # every word that a caption can hold, but for the typos of "odd" ones
