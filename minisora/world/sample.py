"""Scenes from seeds: who is there, what they do, how the camera moves. What is drawn is checked before it is given out.

Each shot is put together from pieces that need a stretch of ground each (stage.py, pairs.py), by a plot of who does
what (plot.py), packed side by side here, and checked through its motion (check.py). What does not fit is drawn again.
"""

from dataclasses import replace
from itertools import pairwise

from .check import TURNED, relations_if_in_view
from .pairs import PairStage
from .plot import TOGETHER, draw_lead, plan, still_life
from .scene import COLOURS, GROUND, LOOKS, MAX_SECONDS, PATTERNS, PLACES, Actor, Camera, Character, Cookie, Identity, Scene, Shot
from .splits import HELD_OUT, SPLITS, stream
from .stage import EDGE, GAP, OUTSIDE, Entity, NoRoom

TRIES = 90
HOW_MANY = {1: 0.35, 2: 0.35, 3: 0.20, 4: 0.10}
COPIES = {2: ((2,),), 3: ((2, 1), (2, 1), (3,)), 4: ((2, 1, 1), (2, 2), (3, 1), (4,))}  # groups of copies among so many
SIZE_WEIGHTS = {1: (0.18, 0.32, 0.50), 2: (0.24, 0.38, 0.38), 3: (0.62, 0.38, 0.0), 4: (0.85, 0.15, 0.0)}  # small, medium, large
STILL = 0.50  # drawn this often; more in the end, as moves that leave no room give way
MOVES = {"pan left": 1.5, "pan right": 1.5, "zoom in": 1.1, "zoom out": 1.1, "follow": 1.2}
FORCED = sorted(HELD_OUT)


def sample_scene(seed, seconds=2.0, aspect=1.0, split="train", characters=None, shots=None) -> Scene:
    """A scene from a seed; the same one on every machine.

    seconds: 0 (a picture) to 60. aspect: width / height of the frame, 0.5 to 2. split: one of splits.SPLITS.
    characters: 1 to 4, or None: drawn. shots: how many, or None: one up to 4 s, sometimes more beyond.
    Raises ValueError for anything else."""
    _refuse(seconds, aspect, split, characters, shots)
    rng = stream(split, seed)
    stage = PairStage(rng, seconds, 1.0, 1.0, SIZE_WEIGHTS[1], split)
    count = characters or stage.weighted(HOW_MANY)
    groups = list(stage.pick(COPIES[count])) if count > 1 and stage.odds(0.2) else [1] * count
    lengths = _shot_lengths(stage, seconds, shots)
    move = _draw_move(stage, groups, lengths[0], first=True)
    forced = None
    if split == "combinations":
        usable = [h for h in FORCED if seconds or h[2] == "stay"]
        forced = stage.pick([h for h in usable if h[2] not in TOGETHER] if count == 1 else usable)
        if forced[2] in (*TOGETHER, "leave", "eat"):
            groups = [1] * count
    lead = forced[2] if forced else draw_lead(stage, groups, move, len(lengths) == 1)
    look = stage.pick(LOOKS)
    for attempt in range(TRIES):  # what is hard to fit is given several chances, so that it is not rare
        if attempt == 20:
            move = "still"
        if attempt in (36, 48):
            lead = forced[2] if forced else draw_lead(stage, groups, move, len(lengths) == 1, easy=True)
        if attempt == 70 and characters is None and len(groups) > 2:
            groups = [1, 1]
        if attempt == 80 and characters is None:
            groups = [1]
        try:
            return _draw_scene(rng, seed, lengths, aspect, split, groups, look, forced, lead, move, quiet=attempt > 56)
        except NoRoom:
            if forced and attempt in (40, 50, 60):
                forced = stage.pick([h for h in FORCED if h[2] in (("stay",) if not seconds else ("stay", "spin", "change colour"))])
                lead = forced[2]
    raise RuntimeError(f"seed={seed}, split={split!r}: no scene of {sum(groups)} fits in {seconds} s at {aspect}. Try another seed.")


def _refuse(seconds, aspect, split, characters, shots):
    if not 0 <= seconds <= MAX_SECONDS:
        raise ValueError(f"seconds={seconds}: a scene lasts 0 (a picture) to {MAX_SECONDS:.0f} s. Try seconds=2.")
    if not 0.5 <= aspect <= 2:
        raise ValueError(f"aspect={aspect}: width / height lies between 0.5 and 2. Try aspect=1.5.")
    if split not in SPLITS:
        raise ValueError(f"split={split!r}: there are {', '.join(SPLITS)}. Try split='train'.")
    if split == "outside" and not seconds:
        raise ValueError("seconds=0: nothing moves in a picture, so none is outside the range of motion. Try seconds=2.")
    if characters not in (None, 1, 2, 3, 4):
        raise ValueError(f"characters={characters}: a scene has 1 to 4. Try characters=2.")
    if shots is not None and not 1 <= shots <= max(1, seconds):
        raise ValueError(f"shots={shots}: a shot lasts at least a second, and the scene {seconds} s. Try shots=1.")


def _shot_lengths(stage: PairStage, seconds: float, shots: int | None) -> list[float]:
    """Seconds of each shot: whole halves, so that cuts fall between the autoencoder's groups of four frames."""
    if shots is None:
        several = seconds > 4 and (seconds > 12 or stage.odds(0.6))
        shots = max(1, round(seconds / stage.between(2.6, 5.0))) if several else 1
    if shots == 1:
        return [float(seconds)]
    halves = int(seconds * 2)
    parts = [max(2, min(4, halves // shots))] * shots
    for _ in range(halves - sum(parts)):
        short = [i for i, p in enumerate(parts) if p < 12] or range(shots)
        parts[stage.pick(short)] += 1
    cuts = [0.0, *(sum(parts[: i + 1]) / 2 for i in range(shots - 1)), float(seconds)]
    return [b - a for a, b in pairwise(cuts)]


def _draw_move(stage: PairStage, groups: list[int], seconds: float, first: bool) -> str:
    if not seconds or stage.odds(STILL if first else 0.6):
        return "still"
    follow = first and (len(groups) == 1 or groups == [1, 1])
    pan = seconds < 5
    return stage.weighted({m: w for m, w in MOVES.items() if (m != "follow" or follow) and ("pan" not in m or pan)})


def _draw_scene(rng, seed, lengths, aspect, split, groups, look, forced, lead, move, quiet) -> Scene:
    entities, count = [], 0
    for size in groups:
        entities.append(Entity(list(range(count, count + size))))
        count += size
    place, drafts = "", []
    for n, seconds in enumerate(lengths):
        place = place if place and rng.random() < 0.5 else PLACES[int(rng.random() * len(PLACES))]
        last = n == len(lengths) - 1
        if n == 0:
            draft = _draw_shot(rng, entities, seconds, aspect, split, groups, move, last, lead, forced, quiet)
            _colour(rng, entities, split)
        else:
            draft = _draw_next(rng, entities, seconds, aspect, split, groups, last)
        drafts.append(replace(draft, place=place))
    cast = _cast(rng, entities)
    shots = [_paint(rng, shot, entities) for shot in drafts]
    for n, shot in enumerate(shots):
        falls_in = split == "outside"
        found = relations_if_in_view(Scene(cast, (shot,), look, aspect), shot, [e.members for e in entities], falls_in)
        if found is None:
            raise NoRoom
        turn = {frozenset((e.members[0], f.members[0])): rng.random() < 0.5 for e in entities for f in entities}
        owner = {m: e.members[0] for e in entities for m in e.members}
        found = tuple(
            replace(f, kind=TURNED[f.kind], a=f.b, b=f.a) if turn[frozenset((owner[f.a], owner[f.b]))] else f for f in found
        )
        shots[n] = replace(shot, relations=found)
    return Scene(cast, tuple(shots), look, aspect, int(seed))


def _draw_next(rng, entities, seconds, aspect, split, groups, last) -> Shot:
    """A later shot, with the cast as it is by now."""
    for attempt in range(24):
        quiet = attempt > 14
        stage = PairStage(rng, seconds, 1.0, 1.0, SIZE_WEIGHTS[1], "train" if split == "outside" else split)
        actions = [list(e.actions) for e in entities]
        try:
            move = "still" if quiet else _draw_move(stage, groups, seconds, first=False)
            lead = "stay" if quiet else draw_lead(stage, groups, move, last)
            shot = _draw_shot(rng, entities, seconds, aspect, stage.split, groups, move, last, lead, None, quiet)
            blank = tuple(Character(e.kind, e.colour, e.size) for e in entities for _ in e.members)
            if relations_if_in_view(Scene(blank, (shot,), aspect=aspect), shot, []) is not None:
                return shot
        except NoRoom:
            pass
        for e, was in zip(entities, actions, strict=True):
            e.actions = was
    raise NoRoom


def _draw_shot(rng, entities, seconds, aspect, split, groups, move, last, lead, forced, quiet) -> Shot:
    width, height = max(aspect, 1.0), max(1 / aspect, 1.0)
    count, speed = sum(groups), 0.0
    room, top = width - 2 * EDGE, height - GROUND - EDGE
    if move.startswith("pan"):  # short shots pan at 0.15 to 0.35 units / s, longer ones over the same way
        way = 0.30 + (0.4 if count == 1 else 0.15 * width) * rng.random()
        speed = round(min(0.35, way / seconds), 3)
        room -= speed * seconds
    elif move.startswith("zoom"):
        limit = min(1.6, (height / 2) / (height / 2 - GROUND + 0.1))
        speed = round(1.25 + (limit - 1.25) * rng.random(), 3)
        room, top = width / speed - 2 * EDGE, height / 2 - GROUND + height / 2 / speed - EDGE
    weights = SIZE_WEIGHTS[2 if count > 2 and width > 1.3 else count]
    if quiet:
        weights = (1.0, 0.1, 0.03)
        if split == "outside" and lead not in OUTSIDE:
            lead = "spin"
        elif split != "outside" and not forced:
            lead = "stay"
    stage = PairStage(rng, seconds, room, top, weights, split)
    target = -1
    if seconds:
        units, target = plan(stage, entities, move, last, lead, forced, quiet)
    else:
        units = still_life(stage, entities, forced)
    if split == "outside" and not any(a in (*OUTSIDE, "chase", "push") for e in entities for a in e.actions):
        raise NoRoom
    actors, cookie = _pack(stage, units, centred=move == "follow")
    return Shot("", seconds, actors, Camera(move, speed, target), cookie, (), int(rng.random() * 2**31))


def _pack(stage: PairStage, units, centred: bool) -> tuple[tuple[Actor, ...], Cookie | None]:
    """Put the units side by side in random order with random room between them."""
    units = sorted(units, key=lambda u: ({"left": 0, "": 1, "right": 2}[u.edge], stage.rng.random()))
    needed = sum(u.width for u in units) + GAP * (len(units) - 1)
    spare = 0.5 if centred else stage.room - needed
    if spare < 0 or sum(u.cookie is not None for u in units) > 1:
        raise NoRoom
    cuts = sorted(stage.rng.random() for _ in units)
    at, actors, cookie = -(needed + spare) / 2, [], None
    for i, unit in enumerate(units):
        before = spare * (cuts[i] - (cuts[i - 1] if i else 0.0))
        if unit.edge == "left":
            before = min(before, unit.reach)
        elif unit.edge == "right":
            at = max(at, stage.room / 2 - unit.width - unit.reach * stage.rng.random())
            before = 0.0
        if unit.edge and (unit.reach < 0 or i != (0 if unit.edge == "left" else len(units) - 1)):
            raise NoRoom
        at += before
        x = at - unit.low
        actors += [Actor(p.member, round(x + p.x, 3), p.y, p.depth, p.events) for p in unit.places]
        if unit.cookie:
            cookie = replace(unit.cookie, x=round(x + unit.cookie.x, 3))
        at += unit.width + GAP
    return tuple(sorted(actors, key=lambda a: a.member)), cookie


def _colour(rng, entities, split):
    """Different colours for all, such that no held-out combination arises (but in the split that is made of them)."""
    for who in entities:
        if not who.colour:
            taken = [e.colour for e in entities]
            free = [c for c in COLOURS if c not in taken and not any((who.kind, c, a) in HELD_OUT for a in who.actions)]
            if not free:
                raise NoRoom
            who.colour = free[int(rng.random() * len(free))]


def _paint(rng, shot: Shot, entities) -> Shot:
    """Choose what "change colour" turns into: a colour that nobody else has, the same one for copies."""
    taken, chosen, actors = [e.colour for e in entities], {}, []
    owner = {m: e.members[0] for e in entities for m in e.members}
    for actor in shot.actors:
        events = []
        for event in actor.events:
            if event.action == "change colour":
                who = owner[actor.member]
                if who not in chosen:
                    free = [c for c in COLOURS if c not in taken and c not in chosen.values()]
                    chosen[who] = free[int(rng.random() * len(free))]
                event = replace(event, colour=chosen[who])
            events.append(event)
        actors.append(replace(actor, events=tuple(events)))
    return replace(shot, actors=tuple(actors))


def _cast(rng, entities) -> tuple[Character, ...]:
    cast = []
    for who in entities:
        for _ in who.members:
            identity = Identity(
                hue=round(14 * rng.random() - 7, 2), eye=round(0.8 + 0.4 * rng.random(), 3), gaze=round(2 * rng.random() - 1, 3),
                pattern=PATTERNS[int(rng.random() * 3)], phase=round(0.999 * rng.random(), 3),
            )  # fmt: skip
            cast.append(Character(who.kind, who.colour, who.size, identity))
    return tuple(cast)
