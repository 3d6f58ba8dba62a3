"""What the oracle learns from: rendered scenes, a little spoiled, with the truth beside what was seen in them. Built in chapter 8."""

import random
from dataclasses import replace

import cv2
import numpy as np

from minisora.world.motion import camera_path, states
from minisora.world.render import render
from minisora.world.sample import sample_scene
from minisora.world.scene import ACTIONS, COLOURS, FPS, GROUND, KINDS, LOOKS, PLACES, SIZES, Event, Scene, frame_count

from .backdrop import describe
from .camera import Path
from .coding import FRAMES, coded, group
from .colours import COOKIE, blobs, label
from .eye import Eye, picture
from .features import features, others
from .parse import examine
from .track import tracks
from .verbs import DIRECTIONS

SHAPES = (((64, 64), 0.7), ((64, 96), 0.12), ((96, 64), 0.12), ((96, 96), 0.06))  # height and width, and how often
CLEAN, CODED = 0.25, 0.5  # shares of the lessons that are left as they are, and that a code of few numbers has gone over
COMPONENTS = (40, 192)  # of that code: from a video of which hardly a shape is left to one that looks well
SECONDS = ((2.0, 0.75), (4.0, 0.15), (0.0, 0.1))


def lesson_scene(seed: int, moving: bool = False) -> tuple[Scene, np.ndarray]:
    """A scene and its video, spoiled. `moving`: no pictures of one frame."""
    rng = random.Random(seed)
    height, width = rng.choices(*zip(*SHAPES, strict=True))[0]
    seconds = rng.choices(*zip(*SECONDS[: 2 if moving else 3], strict=True))[0]
    scene = sample_scene(1_000_000 + seed, seconds, width / height)
    return scene, spoil(render(scene, height, width), seed)


def spoil(video: np.ndarray, seed: int) -> np.ndarray:
    """A video as an imperfect model might have painted it: written in few numbers, or blurred, noisy, blocky, each a little; not always."""
    rng = np.random.default_rng(seed)
    how = rng.random()
    if how < CLEAN:
        return video
    if how < CLEAN + CODED:
        return coded(video, round(np.exp(rng.uniform(*np.log(COMPONENTS)))))
    sigma, noise, quality = rng.uniform(0.2, 0.75), rng.uniform(0, 7), int(rng.uniform(45, 95))
    blocky = rng.random() < 0.4
    out = []
    for frame in video:
        frame = cv2.GaussianBlur(frame, (0, 0), sigma).astype(np.float32)
        frame = np.clip(frame + noise * cv2.resize(rng.standard_normal((16, 16, 3)).astype(np.float32), frame.shape[1::-1]), 0, 255)
        frame = frame.astype(np.uint8)
        out.append(cv2.imdecode(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1) if blocky else frame)
    return np.stack(out)


def truth(scene: Scene) -> dict:
    """Where everybody is on the screen, in units from its middle: x, y, radius, angle, each (A, T); and who. One shot."""
    shot = scene.shots[0]
    times = np.minimum(np.arange(frame_count(scene.seconds)) / FPS, scene.seconds)
    now, (cx, zoom) = states(scene, shot, times), camera_path(scene, shot, times)
    middle = scene.span[1] / 2 - GROUND
    sizes = np.array([SIZES[scene.cast[actor.member].size] for actor in shot.actors])
    return {
        "x": (now.x - cx) * zoom,
        "y": (now.y - middle) * zoom,
        "radius": sizes[:, None] * now.scale * zoom,
        "angle": now.angle,
        "who": [scene.cast[actor.member] for actor in shot.actors],
        "colours": [
            {COLOURS.index(colour) for colour in (scene.cast[actor.member].colour, turned) if colour}
            for actor, turned in zip(shot.actors, now.to_colour, strict=True)
        ],
        "times": times,
        "cx": cx,
        "zoom": zoom,
    }  # fmt: skip


def whose(blob, t: int, real: dict) -> int:
    """The actor whose blob this is in frame t, or -1."""
    best, near = -1, 0.8
    for a, colours in enumerate(real["colours"]):
        gap = np.hypot(blob.x - real["x"][a, t], blob.y - real["y"][a, t]) / real["radius"][a, t]
        if blob.colour in colours and gap < near:
            best, near = a, gap
    return best


def eye_lesson(seed: int) -> list:
    """Pictures with (kind, log size, angle) of a few frames of one scene, half of the time with everybody spinning."""
    rng = np.random.default_rng(seed)
    height, width = random.Random(seed).choices(*zip(*SHAPES, strict=True))[0]
    scene = sample_scene(1_000_000 + seed, 2.0, width / height)
    if rng.random() < 0.5:
        shot, way = scene.shots[0], Event("spin", 0.0, 2.0, "left", speed=float(rng.uniform(0.4, 0.9)))
        upright = tuple(replace(a, events=(way,) if rng.random() < 0.8 else a.events) for a in shot.actors)
        scene = replace(scene, shots=(replace(shot, actors=upright, cookie=None),))
    when = np.sort(rng.choice(frame_count(2.0), 3, replace=False))
    around = np.concatenate([group(t) for t in when])  # (12,): what is coded together with each
    places = np.arange(len(when)) * FRAMES + (when - 1) % FRAMES
    video = spoil(render(scene, height, width, times=around / FPS), seed)[places]
    real, found = truth(scene), []
    labels, colour = label(video)
    for k, t in enumerate(when):
        for blob in blobs(labels[k], colour[k]):
            actor = whose(blob, t, real)
            radius = real["radius"][actor, t]
            if actor < 0 or blob.area < 0.5 * radius**2 or blob.size > 3.2 * radius:  # a piece of it, or more than it
                continue
            view, side = picture(colour[k], labels[k], blob)
            kind = KINDS.index(real["who"][actor].kind)
            found.append((np.round(view * 255).astype(np.uint8), kind, np.log(radius / side), real["angle"][actor, t]))
    return found


def backdrop_lesson(seed: int) -> tuple[np.ndarray, np.ndarray, int, int]:
    """A small picture, the marks, the place and the look of one scene."""
    scene, video = lesson_scene(2_000_000 + seed)
    small, marks = describe(video, *label(video))
    return small, marks, PLACES.index(scene.shots[0].place), LOOKS.index(scene.look)


def verb_lesson(seed: int, eye: Eye):
    """own, pair, and per person and frame the action, direction and target (-1: not known), of one scene; None when nobody is seen."""
    scene, video = lesson_scene(3_000_000 + seed, moving=True)
    real, shot, rng = truth(scene), scene.shots[0], np.random.default_rng(seed)
    path = Path(real["cx"] - real["cx"][0] + rng.normal(0, 0.002, len(video)), real["zoom"], shot.camera.move)  # as `camera` finds it
    labels, colour = label(video)
    people = examine(eye, tracks(video, labels, colour), labels, colour, path)
    if not people:
        return None
    people.sort(key=lambda person: person.track.colour == COOKIE)
    found = [person.track for person in people]
    actor = [_actor(track, real) for track in found]
    own, pair = features(people, path, FPS)
    index = {a.member: i for i, a in enumerate(shot.actors)}
    action, direction, target = (np.full((len(people), len(real["times"])), -1, np.int64) for _ in range(3))
    for p, a in enumerate(actor):
        if a < 0:
            continue
        action[p], direction[p], target[p] = ACTIONS.index("stay"), 0, 0
        for event in shot.actors[a].events:
            on = (real["times"] >= event.start - 1e-6) & (real["times"] < event.end - 1e-6)
            on |= (event.end >= shot.seconds - 1e-6) & (real["times"] >= event.start)
            action[p, on] = ACTIONS.index(event.action)
            direction[p, on] = DIRECTIONS.index(event.direction)
            whom = index[event.target] if event.target >= 0 else None
            aims = [q for q in others(len(people), p) if (actor[q] == whom if whom is not None else found[q].colour == COOKIE)]
            if whom is not None or event.action == "eat":
                target[p, on] = 1 + others(len(people), p).index(aims[0]) if aims else -1
    return own, pair, action, direction, target


def _actor(track, real: dict) -> int:
    """The actor that a track is: the one that most of its blobs belong to."""
    if track.colour == COOKIE:
        return -1
    votes = [whose(track.blobs[t], t, real) for t in np.flatnonzero(track.seen)]
    votes = [vote for vote in votes if vote >= 0]
    return max(set(votes), key=votes.count) if votes else -1
