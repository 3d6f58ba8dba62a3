"""Noun and verb phrases of captions. Whatever a phrase says about the scene is written down as a Claim at the same moment."""

import random
from dataclasses import dataclass

from .scene import Event, Scene, Shot
from .words import (
    ACTION_PHRASES,
    BITES,
    CAMERA_PHRASES,
    COLOUR_WORDS,
    DIRECTION_PHRASES,
    KIND_WORDS,
    LOOK_PHRASES,
    NUMBERS,
    PASSIVE,
    PLACE_PHRASES,
    PLAIN,
    RELATION_PHRASES,
    SIZE_WORDS,
    conjugated,
    plural,
)  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """One thing that the words of a caption say.

    dimension   value                                        members            other         detail
    kind        one of scene.KINDS                           who
    colour      one of scene.COLOURS (at the shot's start)   who
    size        a key of scene.SIZES (at the shot's start)   who
    count       "1".."4": so many are named together         who
    place       one of scene.PLACES
    look        one of scene.LOOKS
    relation    one of scene.RELATIONS                       who                to whom
    motion      one of scene.ACTIONS                         who                target or ()  more that is said, "" nothing
    order       "first action>second action"                 who                              "left>right" where said
    camera      one of scene.CAMERAS                                            followed

    The detail of a motion: "left", "right"; hop also "in place"; change colour: the new colour; eat: the number of bites;
    hide: "across" (comes out on the other side) or "back".
    """

    dimension: str
    value: str
    members: tuple[int, ...] = ()  # indices in Scene.cast
    other: tuple[int, ...] = ()
    detail: str = ""
    event: int = -1  # index in Actor.events; for order, of the first of the two
    shot: int = 0  # index in Scene.shots


class Writer:
    """Writes about one scene. `plain`: only everyday words. Remembers who was introduced and what was claimed."""

    def __init__(self, scene: Scene, rng: random.Random, plain: bool):
        self.scene, self.rng, self.plain = scene, rng, plain
        self.claims: list[Claim] = []
        self.known: set[int] = set()  # groups introduced so far
        self.shot_index = 0
        groups: dict[str, list[int]] = {}
        for m, who in enumerate(scene.cast):
            groups.setdefault(who.colour, []).append(m)
        self.groups = [tuple(g) for g in groups.values()]
        self.group_of = {m: n for n, g in enumerate(self.groups) for m in g}
        self.nouns = [self.word(KIND_WORDS[scene.cast[g[0]].kind]) for g in self.groups]
        self.colours = [self.word(COLOUR_WORDS[scene.cast[g[0]].colour]) for g in self.groups]
        self.sizes = [self.word(SIZE_WORDS[scene.cast[g[0]].size]) for g in self.groups]

    # Choices ----------------------------------------------------------------------------------------------------------

    def pick(self, options):
        return options[int(self.rng.random() * len(options))]

    def odds(self, share: float) -> bool:
        return self.rng.random() < share

    def word(self, options):
        """The plain word, or in paraphrases any of them."""
        return options[0] if self.plain else self.pick(options)

    def phrase(self, options):
        return self.pick(options[:PLAIN] if self.plain else options)

    def claim(self, dimension: str, value: str, members=(), **more):
        claim = Claim(dimension, value, tuple(members), shot=self.shot_index, **more)
        if claim not in self.claims:
            self.claims.append(claim)

    @property
    def shot(self) -> Shot:
        return self.scene.shots[self.shot_index]

    def events(self, n: int) -> tuple[Event, ...]:
        """What group n does in the current shot."""
        return next(actor.events for actor in self.shot.actors if actor.member == self.groups[n][0])

    def still(self, n: int) -> bool:
        return all(e.action == "stay" for e in self.events(n))

    def many(self, n: int) -> bool:
        return len(self.groups[n]) > 1

    # Nouns ------------------------------------------------------------------------------------------------------------

    def who(self, n: int, size=False, pronoun=True) -> str:
        """Group n: "a small red ball", "two red balls" the first time; then "the ball", "the red balls", "it"."""
        members, noun = self.groups[n], self.nouns[n]
        noun = plural(noun) if self.many(n) else noun
        who = self.scene.cast[members[0]]
        if n in self.known:
            if pronoun and len(self.groups) == 1 and self.odds(0.7):
                return "they" if self.many(n) else "it"
            alike = [m for m, g in enumerate(self.groups) if self.scene.cast[g[0]].kind == who.kind]
            if len(alike) > 1 or self.odds(0.35):
                noun = f"{self.colours[n]} {noun}"
            return f"the {noun}"
        self.known.add(n)
        self.claim("kind", who.kind, members)
        self.claim("colour", who.colour, members)
        self.claim("count", str(len(members)), members)
        words = f"{self.colours[n]} {noun}"
        if size:
            self.claim("size", who.size, members)
            words = f"{self.sizes[n]} {words}"
        return f"{NUMBERS[len(members)]} {words}" if self.many(n) else article(words)

    # Verbs ------------------------------------------------------------------------------------------------------------

    def does(self, n: int, k: int, form: str = "", force=False) -> str:
        """What group n does as its event k. form: "" (as its number asks), "ing". force: name the direction."""
        event = self.events(n)[k]
        phrase = self.phrase(ACTION_PHRASES[self._manner(event)])
        if event.action == "stay" and "stand" in phrase and any(a.y > 0 for a in self.shot.actors if a.member in self.groups[n]):
            phrase = ACTION_PHRASES["stay"][0]  # in the air nobody stands
        if force and event.direction and "{dir}" not in phrase:
            phrase = ACTION_PHRASES[self._manner(event)][0]
        return self._fill(n, k, phrase, form, force)

    def undergoes(self, n: int, k: int) -> str:
        """The same with the target as the subject: "is chased by a blue box"."""
        return self._fill(n, k, PASSIVE[self.events(n)[k].action], "s", passive=True)

    def _manner(self, event: Event) -> str:
        if event.action == "hop" and event.direction:
            return "hop along"
        if event.action == "hide":
            return "hide across" if event.amount >= 0 else "hide back"
        return event.action

    def _fill(self, n, k, phrase, form, force=False, passive=False) -> str:
        event = self.events(n)[k]
        said, target = "", ()
        if event.action == "hop" and not event.direction:
            said = "in place"
        if "{d}" in phrase:
            phrase, said = phrase.replace("{d}", event.direction), event.direction
        if "{dir}" in phrase:
            if not force and self.odds(0.35 if event.action in ("chase", "push") else 0.08):
                way = ""
            else:
                way, said = self.phrase(DIRECTION_PHRASES).replace("{d}", event.direction), event.direction
            phrase = phrase.replace("{dir}", way).rstrip()
        if event.target >= 0:
            target = self.groups[self.group_of[event.target]]
            other = n if passive else self.group_of[event.target]
            phrase = phrase.replace("{t}", self.who(other, pronoun=False))
        if "{n}" in phrase:
            count = int(event.amount) or 2
            phrase, said = phrase.replace("{n}", BITES[count]), str(count)
        if "a cookie" in phrase and self.odds(0.4):
            phrase = phrase.replace("a cookie", "the cookie")
        if "{c}" in phrase:
            phrase, said = phrase.replace("{c}", self.word(COLOUR_WORDS[event.colour])), event.colour
            phrase = phrase.replace("{b}", self.colours[n])
        if event.action == "hide" and ("side" in phrase or "pass" in phrase or "come back" in phrase):
            said = "across" if event.amount >= 0 else "back"
        self.claim("motion", event.action, self.groups[n], other=target, detail=said, event=k)
        return " ".join(conjugated(phrase, form or ("p" if self.many(n) and not passive else "s")).split())

    def story(self, n: int) -> str:
        """All that group n does, in order."""
        events = self.events(n)
        doing = [k for k, e in enumerate(events) if e.action != "stay"] or list(range(len(events)))[:1]
        if len(doing) == 1:
            return self.does(n, doing[0])
        twice = [e.action for e in events]
        parts = [self.does(n, k, force=twice.count(events[k].action) > 1) for k in doing]
        self._order(n, doing)
        if len(parts) == 2:
            ways = ("first {}, then {}", "first {}, then {}", "{}, then {}", "{} and then {}", "{}, and after that {}")
            return self.pick(ways).format(*parts)
        *middle, last = parts
        return "first " + ", then ".join(middle) + f", and finally {last}"

    def turned_story(self, n: int) -> str | None:
        """Two things in order, told with the second first: "before it spins" has no place in plain captions."""
        events = self.events(n)
        if len(events) != 2 or events[0].action == events[1].action:
            return None
        if self.odds(0.5):
            first, second = self.does(n, 0, "ing"), self.does(n, 1)
            told = f"{second} after {first}"
        else:
            second, first = self.does(n, 1, "ing"), self.does(n, 0)
            told = f"{first} before {second}"
        self._order(n, [0, 1])
        return told

    def _order(self, n: int, doing: list[int]):
        events, said = self.events(n), {c.event: c.detail for c in self.claims if c.dimension == "motion" and c.members == self.groups[n]}
        for a, b in zip(doing, doing[1:], strict=False):
            sides = [said.get(k, "") if events[k].direction else "" for k in (a, b)]
            detail = ">".join(sides) if all(sides) else ""
            self.claim("order", f"{events[a].action}>{events[b].action}", self.groups[n], detail=detail, event=a)

    # The rest ---------------------------------------------------------------------------------------------------------

    def place(self) -> str:
        self.claim("place", self.shot.place)
        return self.phrase(PLACE_PHRASES[self.shot.place])

    def look(self) -> str:
        self.claim("look", self.scene.look)
        return self.phrase(LOOK_PHRASES[self.scene.look])

    def camera(self) -> str:
        camera = self.shot.camera
        phrase, followed = self.phrase(CAMERA_PHRASES[camera.move]), ()
        if "{t}" in phrase:
            followed = (camera.target,)
            phrase = phrase.replace("{t}", self.who(self.group_of[camera.target], pronoun=False))
        self.claim("camera", camera.move, other=followed)
        return phrase

    def relations(self) -> list[tuple[str, int, int]]:
        """(kind, group, group) of the current shot, the telling ones first, neighbours before far ones."""
        found = dict.fromkeys((r.kind, self.group_of[r.a], self.group_of[r.b]) for r in self.shot.relations)
        x = {self.group_of[a.member]: a.x for a in self.shot.actors}
        return sorted(found, key=lambda f: (f[0] in ("left of", "right of"), abs(x[f[1]] - x[f[2]])))

    def relation(self, kind: str, a: int, b: int) -> str:
        """ "to the left of"; the two are named by who calls."""
        self.claim("relation", kind, self.groups[a], other=self.groups[b])
        return self.phrase(RELATION_PHRASES[kind])


def article(words: str) -> str:
    return ("an " if words[0] in "aeiou" else "a ") + words


def sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def listed(items: list[str]) -> str:
    """ "a, b and c" """
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
