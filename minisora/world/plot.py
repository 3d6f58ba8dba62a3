"""Who does what in a shot: one leads, alone or with a partner; the others stand by or do something small."""

from .pairs import COVERS, PairStage
from .splits import possible
from .stage import GAP, OUTSIDE, Entity, NoRoom, Unit

ALONE = {  # how often each action is tried first, set so that all come out about alike
    "stay": 0.5, "slide": 0.9, "roll": 1.3, "hop": 0.9, "fall": 1.1, "float": 1.0, "spin": 0.9, "grow": 1.2, "shrink": 0.7,
    "circle": 1.7, "leave": 3.2, "eat": 2.4, "change colour": 0.6,
}  # fmt: skip
TOGETHER = {"jump over": 1.5, "hide": 1.4, "chase": 0.9, "push": 1.5, "above": 0.55, "behind": 0.55}
RELATED = ("above", "behind")  # in TOGETHER, but no actions
SHARE_TOGETHER = {2: 0.76, 3: 0.62, 4: 0.45}
BUSY = {1: 0.45, 2: 0.35}  # how often somebody beside the lead does something: singles, groups
ASIDE = {
    "hop": 1.0, "spin": 1.0, "change colour": 0.3, "float": 1.0, "fall": 0.6, "slide": 1.0, "roll": 1.6, "shrink": 0.25, "grow": 0.4,
    "circle": 0.8,
}  # fmt: skip
PARTS = {"slide": 1.0, "roll": 1.0, "hop": 1.1, "spin": 1.0, "grow": 1.0, "shrink": 0.8, "change colour": 0.8, "float": 0.8, "fall": 0.6}
HOW_MANY_PARTS = ((3, {1: 0.45, 2: 0.55}), (5, {1: 0.2, 2: 0.6, 3: 0.2}), (99, {1: 0.1, 2: 0.4, 3: 0.35, 4: 0.15}))  # below so many seconds
LONGEST = {"stay": 99.0, "circle": 4.0, "leave": 4.0, "eat": 3.0, "grow": 3.0, "shrink": 3.0}  # seconds; others 6
ONCE = ("change colour", "grow", "shrink", "fall")  # at most once in a shot
LASTING = ("grow", "shrink", "change colour", "eat")  # leave a trace that the next shot would forget


def draw_lead(stage: PairStage, groups: list[int], move: str, last=True, easy=False) -> str:
    """What the first actor does, under this camera. groups: how many of each there are."""
    alone = {a: w for a, w in ALONE.items() if (a != "leave" or move == "still") and (last or a not in LASTING)}
    singles = groups.count(1)
    if not singles:
        alone = {a: w for a, w in alone.items() if a not in ("leave", "eat")}
    together = TOGETHER if singles > 1 and not easy else {}
    if move == "follow":
        alone, together = ({"slide": 1.0, "roll": 1.0, "hop": 0.7}, {}) if len(groups) == 1 else ({}, {"chase": 1.0})
    if stage.split == "outside":
        alone, together = {a: w for a, w in alone.items() if a in OUTSIDE}, {a: 0.3 for a in together if a in ("chase", "push")}
    share = SHARE_TOGETHER[sum(groups)] if together and alone else float(bool(together))
    return stage.weighted(together if stage.odds(share) else alone)


def plan(stage: PairStage, entities: list[Entity], move: str, last: bool, action: str, forced=None, quiet=False) -> tuple[list[Unit], int]:
    """The units of the shot, and the cast member that a following camera follows (-1: nobody).

    forced: (kind, colour, action) for the lead. quiet: nobody but the lead does anything. Raises NoRoom."""
    singles = [e for e in entities if len(e.members) == 1]
    crowd = singles if action in TOGETHER or action in ("leave", "eat") else entities
    if len(crowd) < 1 + (action in TOGETHER) or not last and action in LASTING:
        raise NoRoom
    lead = stage.pick(crowd)
    if forced:
        lead = entities[0]
        lead.kind, lead.colour = forced[0], forced[1]
    rest = [e for e in entities if e is not lead]
    partner = stage.pick([e for e in rest if len(e.members) == 1]) if action in TOGETHER else None
    _bodies(stage, lead, partner, [e for e in rest if e is not partner], action)
    stage.slack = stage.room - sum((2 * e.w + GAP) * len(e.members) for e in entities) + GAP
    if move == "follow":
        stage.room = stage.slack = 10.0
    if partner:
        rest.remove(partner)
        units = [stage.together(action, lead, partner)]
    elif move == "follow" and action not in ("slide", "roll", "hop"):
        raise NoRoom
    else:
        units = stage.solo(lead, script(stage, action, last, move))
    free = [e for e in rest if len(e.members) == 1]
    if len(free) > 1 and not quiet and stage.odds(0.4):
        units.append(stage.together(stage.pick(RELATED), free[0], free[1]))
        rest = [e for e in rest if e not in free[:2]]
    for who in rest:
        units += stage.solo(who, [("stay", 0.0, stage.seconds)]) if quiet else _beside(stage, who, last)
    if move != "follow":
        return units, -1
    followed = units[0].places[action == "chase" and stage.odds(0.7)]
    if not followed.events[0].direction:
        raise NoRoom  # hops on the spot
    return units, followed.member


def _bodies(stage, lead, partner, rest, action):
    """Kinds and sizes for all, so that the room left over is known."""
    small = ("small", "medium")
    if action == "hide":
        stage.cast(partner, "stay", kinds=COVERS, sizes=("medium", "large"))
        stage.cast(lead, action, sizes=small if partner.size == "large" else ("small",))
    elif action == "chase":
        stage.cast(partner, stage.pick(("slide", "roll")) if not partner.kind else "roll" if possible(partner.kind, "roll") else "slide")
        stage.cast(lead, action)
    elif partner:
        sizes = ("small", "medium", "large") if action in ("push", "behind") else small
        stage.cast(partner, "stay", sizes=sizes)
        stage.cast(lead, "stay" if action in RELATED else action, sizes=sizes)
    else:
        stage.cast(lead, action)
    for who in rest:
        stage.cast(who, "stay")
    for who in (lead, partner, *rest):
        if who:
            who.actions.pop()


def _beside(stage: PairStage, who: Entity, last: bool) -> list[Unit]:
    """The part of somebody who is not the first: often just standing there."""
    if stage.odds(BUSY[min(2, len(who.members))]):
        slack, actions = stage.slack, list(who.actions)
        try:
            action = stage.weighted({a: w for a, w in ASIDE.items() if (last or a not in LASTING) and possible(who.kind, a)})
            return stage.solo(who, [(action, 0.0, stage.seconds)])
        except NoRoom:
            stage.slack, who.actions = slack, actions
    return stage.solo(who, [("stay", 0.0, stage.seconds)])


def script(stage: PairStage, action: str, last: bool, move: str) -> list[tuple[str, float, float]]:
    """`action` for the whole shot, or as one of several things in order: (action, start, end)."""
    total, parts = stage.seconds, 1
    if total >= 1.9:
        parts = stage.weighted(next(weights for below, weights in HOW_MANY_PARTS if total < below))
    if parts == 1 or action in ("stay", "circle", "leave") and total < 3 or move == "follow":
        return [(action, 0.0, min(total, LONGEST.get(action, 6.0)))]
    pool = {a: w for a, w in PARTS.items() if last or a not in LASTING}
    names = [action]
    while len(names) < parts:
        name = stage.weighted(pool)
        if not (name == names[-1] and name not in ("slide", "roll", "hop") or name in ONCE and name in names):
            names.append(name)
    if action == "eat" and stage.odds(0.6):
        names = [*names[1:], action]
    elif action not in ("fall", "eat", "leave") and stage.odds(0.5):
        names.reverse()
    if "fall" in names:  # from the air: first of all, or after floating up
        names.remove("fall")
        names.insert(names.index("float") + 1 if "float" in names else 0, "fall")
    shares = [(1.3 if n in ("eat", "fall", "circle", "leave") else 1.0) * (0.92 + 0.16 * stage.rng.random()) for n in names]
    ends = [round(total * sum(shares[: k + 1]) / sum(shares), 2) for k in range(parts)]
    ends[-1] = total
    return [(name, start, end) for name, start, end in zip(names, [0.0, *ends[:-1]], ends, strict=True)]


def still_life(stage: PairStage, entities: list[Entity], forced=None) -> list[Unit]:
    """The units of a picture: nobody moves."""
    if forced:
        entities[0].kind, entities[0].colour = forced[0], forced[1]
    for who in entities:
        stage.cast(who, "stay")
        who.actions.pop()
    stage.slack = stage.room - sum((2 * e.w + GAP) * len(e.members) for e in entities) + GAP
    free, units = [e for e in entities if len(e.members) == 1], []
    if len(free) > 1 and stage.odds(0.5):
        units.append(stage.together(stage.pick(RELATED), free[0], free[1]))
        entities = [e for e in entities if e not in free[:2]]
    for who in entities:
        units += stage.solo(who, [("stay", 0.0, 0.0)])
    for unit in units:
        for place in unit.places:
            place.events = ()
    for e in free:
        e.actions = ["stay"]
    return units
