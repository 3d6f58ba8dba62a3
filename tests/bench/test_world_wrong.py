"""The suite "world" sees what is wrong: each video here is a right one with one thing spoiled, and the verdict meant for it must fall."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from minisora.bench.census import changes
from minisora.bench.physics import GIVEN
from minisora.bench.world_cases import world
from minisora.bench.world_lines import Watched, asked, unasked
from minisora.world.render import render
from minisora.world.scene import FPS, KINDS, Event

TURNS = 6


@pytest.fixture(scope="module")
def cases():
    """test → its cases."""
    found: dict[str, list] = {}
    for case in world(10 * TURNS, seed=1):
        found.setdefault(case.test, []).append(case)
    return found


def wrong(case, *videos) -> set[str]:
    """The dimensions in which videos fail a case."""
    watched = [Watched(video) for video in videos]
    found = [*asked(case, watched), *unasked(case, watched[0])]
    return {name for name, right in found if right is False}


def share(dimension, spoiled) -> float:
    """The share of spoiled videos (pairs of a case and its videos) that fail in a dimension."""
    return float(np.mean([dimension in wrong(case, *videos) for case, *videos in spoiled]))


def joined(case, scene, at=None) -> np.ndarray:
    """The case's own video, going on as another scene from frame `at` (default: half-way)."""
    video = case.ask.truth()
    at = len(video) // 2 if at is None else at
    return np.concatenate([video[:at], render(scene)[at:]])


def with_shot(scene, **changed):
    return replace(scene, shots=(replace(scene.shots[0], **changed),))


def with_actor(scene, member, **changed):
    return with_shot(scene, actors=tuple(replace(a, **changed) if a.member == member else a for a in scene.shots[0].actors))


def without(scene, member):
    return with_shot(scene, actors=tuple(actor for actor in scene.shots[0].actors if actor.member != member))


def with_identity(scene, **changed):
    """Everybody with another identity."""
    return replace(scene, cast=tuple(replace(one, identity=replace(one.identity, **changed)) for one in scene.cast))


# Births, losses, identity ---------------------------------------------------------------------------------------------


def test_who_is_taken_away_is_missed(cases):
    gone = [(case, joined(case, without(case.ask.scene, case.who[0]))) for case in cases["push"] + cases["eat"]]
    assert share("no births or losses", gone) >= 0.9
    assert [change.what for change in changes(Watched(gone[0][1]).seen)] == ["lost"]


def test_who_comes_from_nowhere_is_seen(cases):
    born = [(case, joined(case, without(case.ask.scene, case.who[0]))[::-1].copy()) for case in cases["push"]]
    assert share("no births or losses", born) >= 0.8


def test_who_is_moved_by_magic_is_seen(cases):
    jumps = []
    for case in cases["leave"]:
        scene = with_actor(case.ask.scene, case.who[0], events=(Event("stay", 0.0, case.ask.seconds),), x=-0.25)
        away = with_actor(scene, case.who[0], x=0.3)
        half = len(case.ask.truth()) // 2
        jumps.append((case, np.concatenate([render(scene)[:half], render(away)[half:]])))
    assert share("no births or losses", jumps) >= 0.8


def test_a_drift_of_hue_is_seen(cases):
    drifted = [(case, shifted(case.ask.truth(), 9.0)) for case in cases["eat"] + cases["push"]]
    assert share("identity hue", drifted) >= 0.9
    little = [(case, shifted(case.ask.truth(), 1.0)) for case in cases["push"]]
    assert share("identity hue", little) == 0


def shifted(video, degrees):
    """The hue of everything turned more and more, to `degrees` at the end."""
    out = []
    for t, frame in enumerate(video):
        hsv = cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0] + degrees * t / (len(video) - 1)) % 360
        out.append((cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255).round().astype(np.uint8))
    return np.stack(out)


def test_another_pattern_is_seen(cases):
    spoiled = []
    for case in cases["push"] + cases["eat"]:
        plain, striped = (with_identity(case.ask.scene, pattern=pattern, hue=0.0) for pattern in ("plain", "stripes"))
        half = len(case.ask.truth()) // 2
        spoiled.append((case, np.concatenate([render(plain)[:half], render(striped)[half:]])))
    assert share("identity pattern", spoiled) >= 0.7


def test_another_shape_is_seen(cases):
    spoiled = []
    for case in cases["push"]:
        scene = case.ask.scene
        turned = replace(scene, cast=tuple(replace(one, kind=KINDS[(KINDS.index(one.kind) + 3) % 8]) for one in scene.cast))
        spoiled.append((case, joined(case, turned)))
    assert share("identity shape", spoiled) >= 0.8


# Permanence -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", ["hide", "leave"])
def test_who_does_not_come_back_is_missed(cases, test):
    gone = [(case, joined(case, without(case.ask.scene, case.who[0]))) for case in cases[test]]
    assert share("permanence comes back", gone) >= 0.9 and share("permanence", gone) >= 0.9
    assert share("permanence hidden", gone) <= 0.1


@pytest.mark.parametrize("test", ["hide", "leave"])
def test_who_comes_back_as_another_is_seen(cases, test):
    other = [(case, joined(case, with_identity(case.ask.scene, hue=-8.0 * np.sign(hue(case) or 1)))) for case in cases[test]]
    assert share("permanence same", other) >= 0.9
    assert share("permanence comes back", other) <= 0.1


def hue(case) -> float:
    return case.ask.scene.cast[case.who[0]].identity.hue


@pytest.mark.parametrize("test", ["hide", "leave"])
def test_who_comes_back_late_is_seen(cases, test):
    late = []
    for case in cases[test]:
        seconds, waits = case.ask.seconds, 0.75
        times = np.arange(len(case.ask.truth())) / FPS
        behind = np.where(times < seconds / 2, times, np.maximum(times - waits, seconds / 2))  # hidden for longer, and then as before
        late.append((case, render(case.ask.scene, times=behind)))
    assert share("permanence on time", late) >= 0.8


def test_who_comes_back_elsewhere_is_seen(cases):
    elsewhere = [(case, np.concatenate(np.split(case.ask.truth(), [9])[:1] + [case.ask.truth()[9:, :, ::-1]])) for case in cases["leave"]]
    assert share("permanence in place", elsewhere) >= 0.8


# Cause and effect -----------------------------------------------------------------------------------------------------


def cookie_box(case):
    """Rows and columns of the cookie, a pixel more on each side."""
    scene = case.ask.scene
    cookie, unit = scene.shots[0].cookie, 64
    middle = np.array([cookie.x + 0.5, 1 - 0.24 - cookie.radius]) * unit
    reach = cookie.radius * unit + 1
    (left, top), (right, bottom) = (middle - reach).round().astype(int), (middle + reach).round().astype(int)
    return np.s_[max(top, 0) : bottom, max(left, 0) : right]


def test_a_bite_that_heals_is_seen(cases):
    healed = []
    for case in cases["eat"]:
        video = case.ask.truth().copy()
        box = cookie_box(case)
        for frame in video[-3:]:
            frame[box] = video[0][box]
        healed.append((case, video))
    assert share("bite stays", healed) >= 0.8 and share("cause and effect", healed) >= 0.8


def test_a_bite_that_nobody_takes_is_seen(cases):
    early = []
    for case in cases["eat"]:
        video = case.ask.truth().copy()
        scene = with_actor(case.ask.scene, case.who[0], x=-0.3 * np.sign(case.ask.scene.shots[0].cookie.x or 1.0), events=())
        box = cookie_box(case)
        away = np.repeat(render(scene, times=[0.0]), len(video), 0)
        for frame, bitten in zip(away[6:], video[6:], strict=True):
            frame[box] = video[-1][box]
        early.append((case, away))
    assert share("cause and effect", early) >= 0.8


def test_who_is_pushed_must_move(cases):
    stuck = []
    for case in cases["push"]:
        calm = replace(case.event, action="slide", target=-1)
        stuck.append((case, render(with_actor(case.ask.scene, case.who[0], events=(calm,)))))
    assert share("pushed moves", stuck) == 1


def test_who_is_pushed_must_not_move_before(cases):
    early = []
    for case in cases["push"]:
        slides = Event("slide", 0.0, 2.0, case.event.direction, speed=0.2)
        scene = with_actor(case.ask.scene, case.who[0], events=(Event("stay", 0.0, 2.0),))
        early.append((case, render(with_actor(scene, case.who[1], events=(slides,)))))
    assert share("moves after contact", early) >= 0.8


# Swaps, camera, physics -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("test", "dimension"), [("sides", "sides under swap"), ("order", "order under swap")])
def test_the_same_video_for_both_sentences_is_wrong(cases, test, dimension):
    same = [(case, case.ask.truth(), case.ask.truth()) for case in cases[test]]
    turned = [(case, *[ask.truth() for ask in case.asks][::-1]) for case in cases[test]]
    assert share(dimension, same) == 1 and share(dimension, turned) == 1


def test_a_camera_that_stops_is_seen(cases):
    moves = [case for case in cases["camera"] if case.ask.scene.shots[0].camera.move != "follow"]
    stopped = []
    for case in moves:
        times = np.arange(17) / FPS
        stopped.append((case, render(case.ask.scene, times=np.minimum(times, 0.9))))
    assert share("camera path", stopped) >= 0.7
    backwards = [(case, case.ask.truth()[::-1].copy()) for case in moves]
    assert share("camera path", backwards) == 1


@pytest.mark.parametrize("test", ["inside", "outside"])
def test_errors_grow_with_the_error(cases, test):
    """A world that goes on at half its speed, or stops: the error is what is missing of the velocity."""
    found: dict[float, list[float]] = {1.0: [], 0.5: [], 0.0: []}
    for case in cases[test]:
        times = np.arange(17) / FPS
        since = times[GIVEN - 1]
        for pace in found:
            video = render(case.ask.scene, times=np.where(times > since, since + pace * (times - since), times))
            found[pace] += [away for name, away in asked(case, [Watched(video)]) if name.startswith("velocity")]
    right, slow, stopped = (np.median(found[pace]) for pace in (1.0, 0.5, 0.0))
    assert right < 0.05 and slow > 4 * right and stopped > slow
