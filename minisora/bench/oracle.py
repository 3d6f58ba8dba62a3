"""`judge(video, claims)`: which of a caption's claims are right, from pixels alone. Built in chapter 8."""

import numpy as np

from minisora.world.caption import Claim
from minisora.world.scene import FPS

from .judge import bitten, came_out, camera_does, does, in_order, is_kind, is_size, of_colour, related
from .parse import Oracle, Person, Seen, parse

Verdicts = list[tuple[str, bool]]


def judge(video: np.ndarray | Seen, claims: tuple[Claim, ...], fps: float = FPS, oracle: Oracle | None = None) -> Verdicts:
    """(dimension, right) for every claim, in order.

    video: (T, H, W, 3) uint8, or what `parse` saw in one. A claim names cast members by number; the claims of the same caption
    say which colour they have, and by their colour they are found. Claims about later shots are not judged here.
    """
    seen = video if isinstance(video, Seen) else parse(video, fps, oracle)
    cast = Cast(seen, claims)
    return [(claim.dimension, cast.holds(claim)) for claim in claims if claim.shot == 0]


class Cast:
    """Who in the video is whom in the caption."""

    def __init__(self, seen: Seen, claims: tuple[Claim, ...]):
        self.seen = seen
        self.colours = {claim.members: claim.value for claim in claims if claim.dimension == "colour"}
        self.said = {(claim.members, claim.event): claim for claim in claims if claim.dimension == "motion"}

    def people(self, members: tuple[int, ...]) -> list[Person]:
        """Whoever has the colour that the caption gives to these members."""
        for named, colour in self.colours.items():
            if set(members) <= set(named):
                return of_colour(self.seen, colour)
        return []

    def holds(self, claim: Claim) -> bool:
        people, other = self.people(claim.members), self.people(claim.other)
        if claim.dimension in ("kind", "size", "count", "colour"):
            return {
                "colour": lambda: bool(people),
                "kind": lambda: is_kind(people, claim.value),
                "size": lambda: is_size(people, claim.value),
                "count": lambda: len(people) == int(claim.value),
            }[claim.dimension]()
        if claim.dimension == "place":
            return self.seen.place == claim.value
        if claim.dimension == "look":
            return self.seen.look == claim.value
        if claim.dimension == "camera":
            return camera_does(self.seen, claim.value, other if claim.other else None)
        if claim.dimension == "relation":
            return bool(people) and bool(other) and all(related(a, b, claim.value) for a in people for b in other)
        if claim.dimension == "motion":
            return bool(people) and all(self.moves(person, claim, other) for person in people)
        if claim.dimension == "order":
            return bool(people) and all(self.follows(person, claim) for person in people)
        raise ValueError(f"dimension={claim.dimension!r}: the oracle does not know it.")

    def moves(self, person: Person, claim: Claim, other: list[Person]) -> bool:
        detail, action = claim.detail, claim.value
        whom = other if claim.other else self.seen.cookies if action == "eat" else None
        if not does(self.seen, person, action, *self.manner(claim), whom):
            return False
        if action == "eat" and detail.isdigit():
            return bitten(self.seen.cookies, int(detail))
        if action == "hide" and detail in ("across", "back"):
            return any(came_out(person, screen) == detail for screen in other)
        return True

    def manner(self, claim: Claim) -> tuple[str, str]:
        """Direction and new colour that a motion claim names, "" where it names none."""
        side = claim.detail if claim.detail in ("left", "right", "in place") else ""
        return side, claim.detail if claim.value == "change colour" else ""

    def follows(self, person: Person, claim: Claim) -> bool:
        actions, manners = claim.value.split(">"), []
        sides = claim.detail.split(">") if claim.detail else ("", "")
        for k, (action, side) in enumerate(zip(actions, sides, strict=True)):
            told = self.said.get((claim.members, claim.event + k))
            manners.append(self.manner(told) if told is not None and told.value == action else (side, ""))
        first, then = ((action, side) for action, (side, _) in zip(actions, manners, strict=True))
        return in_order(person, first, then, tuple(turns for _, turns in manners))
