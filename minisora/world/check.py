"""What a drawn shot must obey, seen through its motion: everybody in view all the time, relations true in every frame."""

import numpy as np

from .actions import WIDTHS
from .motion import camera_path, states, view
from .scene import FPS, SIZES, Relation, Scene, Shot

TURNED = {"left of": "right of", "above": "below", "behind": "in front of"}
TURNED |= {b: a for a, b in TURNED.items()}


def frame_times(shot: Shot) -> np.ndarray:
    """Seconds of the shot's own clock, as often as there are frames."""
    return np.linspace(0.0, shot.seconds, round(shot.seconds * FPS) + 1) if shot.seconds else np.zeros(1)


def relations_if_in_view(scene: Scene, shot: Shot, groups: list[list[int]], falls_in=False) -> tuple[Relation, ...] | None:
    """The relations between groups (lists of cast members) that hold all the time; None when somebody is cut off by the frame.

    Who leaves the frame may; with `falls_in`, who falls may start above it."""
    times = frame_times(shot)
    s = states(scene, shot, times)
    left, right, bottom, top = view(scene, *camera_path(scene, shot, times))
    cast = [scene.cast[a.member] for a in shot.actors]
    r = np.array([SIZES[c.size] for c in cast])[:, None] * s.scale  # (A, T)
    w = r * np.array([WIDTHS[c.kind] for c in cast])[:, None] / s.squash
    does = [{e.action for e in a.events} for a in shot.actors]
    away = np.array(["leave" in d for d in does])
    high = np.array([falls_in and "fall" in d for d in does])
    cut = ((s.x - w < left) | (s.x + w > right)).any(axis=1) & ~away
    cut |= (s.y + r * s.squash > top).any(axis=1) & ~high
    cut |= (s.y - r * s.squash < bottom).any(axis=1)
    if cut.any():
        return None
    if shot.cookie and ((shot.cookie.x - shot.cookie.radius < left) | (shot.cookie.x + shot.cookie.radius > right)).any():
        return None
    index = {actor.member: i for i, actor in enumerate(shot.actors)}
    rows = sorted(([index[m] for m in g] for g in groups if not away[[index[m] for m in g]].any()), key=lambda g: s.x[g[0], 0])
    found: list[Relation] = []
    for n, a in enumerate(rows):
        for b in rows[n + 1 :]:
            kind = _relation(shot, s, w, r, a, b)
            if kind:
                found += [Relation(kind, shot.actors[i].member, shot.actors[j].member) for i in a for j in b]
    return tuple(found)


def _relation(shot, s, w, r, a, b) -> str:
    """How the actors a stand to the actors b (further right at the start) in every frame; "" when no word holds all the time."""
    if all((s.x[j] - w[j] > s.x[i] + w[i]).all() for i in a for j in b):
        return "left of"
    if len(a) > 1 or len(b) > 1:
        return ""
    i, j = a[0], b[0]
    if (np.abs(s.x[i] - s.x[j]) < 0.6 * (w[i] + w[j])).all():
        between = s.y[i] - s.y[j]
        if (np.abs(between) > r[i] + r[j] + 0.01).all() and (np.sign(between) == np.sign(between[0])).all():
            return "above" if between[0] > 0 else "below"
    depths = shot.actors[i].depth, shot.actors[j].depth
    return {("back", "front"): "behind", ("front", "back"): "in front of"}.get(depths, "")
