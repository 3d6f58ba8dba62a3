"""Physics: how far a continuation strays from the law, in velocity and acceleration. Built in chapter 8.

The first frames are given, so that the law says what comes next; who paints on by the law makes no error, whatever the sentence says
(as in Kang et al. 2024, "How far is video generation from world model: a physical law perspective"). Inside the range of training, for
held-out combinations, and outside the range. The truth's line is the parser's own error: its floor.
"""

import numpy as np

from minisora.world.motion import states
from minisora.world.scene import FPS, GROUND, Actor, Scene, frame_count

from .identity import filled
from .parse import Person

KNOWN = 2  # latent frames that are given: half a second of video
GIVEN = 5  # frames that they hold
MOVING = 0.08  # units / s: who is slower does not count as moving
SHOWN = 0.01  # units from the last but one of the given frames to the last
PEEPS = 0.05  # units that its middle may be beyond the frame's edge meanwhile
LEAST = 3  # frames that are judged at least
LAWFUL = ("slide", "roll", "hop", "fall", "float", "circle", "chase", "push")  # what comes next follows from what was
MOTIONS = (("slide", "roll", "chase", "push"), ("fall",), ("hop",), ("float",), ("circle",))  # asked in turn


def law(scene: Scene, actor: int) -> tuple[np.ndarray, np.ndarray]:
    """Where an actor of a one-shot scene is by the law: x and y in units from the frame's middle (T, 2); and the frames that it is
    judged in (T,) bool: not given, moving, and in the event that was going on when the last given frame was shown.
    """
    shot = scene.shots[0]
    times = np.arange(frame_count(scene.seconds)) / FPS
    now = states(scene, shot, np.minimum(times, scene.seconds))
    path = np.stack([now.x[actor], now.y[actor] - (scene.span[1] / 2 - GROUND)], 1)  # (T, 2)
    ends = _ends(shot.actors[actor], shot.actors, times[GIVEN - 1])
    judged = (np.arange(len(times)) >= GIVEN) & (times < ends - 1.5 / FPS)
    fast = np.hypot(now.vx[actor], now.vy[actor]) > MOVING
    return path, judged if (fast & judged).sum() >= LEAST else np.zeros_like(judged)


def _ends(actor: Actor, everybody: tuple[Actor, ...], since: float) -> float:
    """When the event ends that moves an actor at the time `since`: its own, or that of who pushes it; 0 when there is none."""
    pushes = [event for other in everybody for event in other.events if event.action == "push" and event.target == actor.member]
    going = [event for event in (*actor.events, *pushes) if event.start <= since < event.end and event.action != "stay"]
    return min((event.end for event in going), default=0.0) if all(event.action in LAWFUL for event in going) else 0.0


def movers(scene: Scene) -> list[int]:
    """The actors whose way can be judged: alone in their colour, seen to move in the given frames, and moving on by the law."""
    found = []
    for index, actor in enumerate(scene.shots[0].actors):
        colours = [one.colour for one in scene.cast]
        path, judged = law(scene, index)
        last = path[GIVEN - 2 : GIVEN]
        shown = (np.abs(last) < np.array(scene.span) / 2 + PEEPS).all() and np.abs(np.diff(last, axis=0)).max() > SHOWN
        if judged.any() and shown and colours.count(scene.cast[actor.member].colour) == 1:
            found.append(index)
    return found


def errors(person: Person | None, path: np.ndarray, judged: np.ndarray, fps: float = FPS) -> tuple[float, float]:
    """How far a person strays from the law: mean distance in units / s of the velocities, in units / s² of the accelerations.

    Who is hardly seen, or not at all, counts as somebody who stands still."""
    seen = seen_path(person) if person is not None else np.full_like(path, np.nan)
    return _away(velocity, seen, path, judged, fps), _away(acceleration, seen, path, judged & np.roll(judged, -1), fps)


def _away(of, seen, path, judged, fps) -> float:
    law, found = of(path, fps), of(seen, fps)
    known = judged & np.isfinite(found[:, 0])
    if known.sum() < 0.5 * judged.sum():
        known, found = judged, np.zeros_like(law)
    return float(np.hypot(*(found - law)[known].T).mean())


def seen_path(person: Person) -> np.ndarray:
    """Where a person is seen on the screen, units from its middle, (T, 2): the centre of its outline, eyes and all."""
    out = np.full((len(person.track), 2), np.nan)
    for t in np.flatnonzero(person.track.seen):
        blob = person.track.blobs[t]
        rows, columns = np.nonzero(filled(blob.mask))
        own = np.argwhere(blob.mask).mean(0)
        pixel = np.sqrt(blob.area / max(blob.mask.sum(), 1))  # units
        out[t] = blob.x + (columns.mean() - own[1]) * pixel, blob.y - (rows.mean() - own[0]) * pixel
    return out


def velocity(path: np.ndarray, fps: float) -> np.ndarray:
    """Units per second, (T, 2), from the frames before and after; not a number at both ends."""
    out = np.full(path.shape, np.nan)
    out[1:-1] = (path[2:] - path[:-2]) * fps / 2
    return out


def acceleration(path: np.ndarray, fps: float) -> np.ndarray:
    """Units per second², (T, 2), of the parabola that fits five frames best; not a number in the first and last two."""
    out = np.full(path.shape, np.nan)
    out[2:-2] = (2 * path[:-4] - path[1:-3] - 2 * path[2:-2] - path[3:-1] + 2 * path[4:]) * fps**2 / 7
    return out
