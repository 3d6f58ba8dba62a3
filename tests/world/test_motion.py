"""Motion against what it must obey: exact velocities, gravity, contact, and events that join without a jump."""

import numpy as np
import pytest

from minisora.world.motion import bite_side, bites, camera_path, half_width, states, view
from minisora.world.scene import ACTIONS, GRAVITY, RESTITUTION, SIZES, Actor, Camera, Character, Cookie, Event, Scene, Shot

BOX, BALL, BIG = Character("box", "blue", "small"), Character("ball", "red", "small"), Character("box", "green", "large")


def one(*events, who=BALL, others=(), x=-0.2, y=0.0, cookie=None, seconds=2.0, camera=Camera()):
    """A shot with `who` doing `events`; others: pairs of (Character, Actor keywords)."""
    actors = (Actor(0, x, y, events=tuple(events)), *(Actor(i + 1, **more) for i, (_, more) in enumerate(others)))
    shot = Shot("snow", seconds, actors, camera, cookie)
    return Scene((who, *(c for c, _ in others)), (shot,)), shot


CASES = {
    "stay": one(Event("stay", 0, 2)),
    "slide": one(Event("slide", 0, 2, "right", speed=0.3), who=BOX),
    "roll": one(Event("roll", 0, 2, "left", speed=0.3)),
    "hop": one(Event("hop", 0, 2, amount=0.14)),
    "hop along": one(Event("hop", 0, 2, "right", speed=0.25)),
    "jump over": one(Event("jump over", 0, 2, "right", target=1), others=[(BOX, {"x": 0.1})]),
    "fall": one(Event("fall", 0, 2, amount=0.5)),
    "float": one(Event("float", 0, 2)),
    "spin": one(Event("spin", 0, 2, "left"), who=BOX),
    "grow": one(Event("grow", 0, 2)),
    "shrink": one(Event("shrink", 0.5, 2)),
    "circle": one(Event("circle", 0, 2, "right", amount=0.15)),
    "hide": one(Event("hide", 0, 2, "right", target=1), others=[(BIG, {"x": 0.1, "depth": "front"})]),
    "leave": one(Event("leave", 0, 2, "left")),
    "chase": one(Event("chase", 0, 2, "right", target=1), others=[(BOX, {"x": 0.1, "events": (Event("slide", 0, 2, "right"),)})]),
    "push": one(Event("push", 0, 2, "right", target=1), others=[(BOX, {"x": 0.15})]),
    "push a ball": one(Event("push", 0, 2, "right", target=1), who=BOX, others=[(BALL, {"x": 0.15})]),
    "eat": one(Event("eat", 0, 2, "right", amount=3), cookie=Cookie(0.25)),
    "change colour": one(Event("change colour", 0, 2, colour="green")),
    "two in order": one(Event("hop", 0, 1, "right", speed=0.2), Event("roll", 1, 2, "left")),
    "fall then spin": one(Event("fall", 0, 1.25, amount=0.4), Event("spin", 1.25, 2)),
}


def test_every_action_has_a_case():
    done = {e.action for _, shot in CASES.values() for a in shot.actors for e in a.events}
    assert done == set(ACTIONS)


@pytest.mark.parametrize("name", CASES)
def test_velocities_are_the_derivatives(name):
    scene, shot = CASES[name]
    dt = 1e-5
    t = np.linspace(0.003, 1.997, 400)
    now, before, after = states(scene, shot, t), states(scene, shot, t - dt), states(scene, shot, t + dt)
    for position, velocity in (("x", "vx"), ("y", "vy")):
        rate = (getattr(after, position) - getattr(before, position)) / (2 * dt)
        error = np.abs(rate - getattr(now, velocity))
        assert (error < 1e-3).mean() > 0.97, name  # all but the few instants around contacts
        steady = np.abs(getattr(after, velocity) - getattr(before, velocity)) < 1e-3
        assert error[steady].max() < 1e-3, name


@pytest.mark.parametrize("name", CASES)
def test_nobody_teleports(name):
    scene, shot = CASES[name]
    s = states(scene, shot, np.linspace(0, 2, 2001))
    for row in (s.x, s.y, s.angle, s.scale, s.squash, s.colour_mix):
        assert np.abs(np.diff(row, axis=1)).max() < 0.02, name


@pytest.mark.parametrize("name", CASES)
def test_nobody_sinks(name):
    scene, shot = CASES[name]
    s = states(scene, shot, np.linspace(0, 2, 401))
    r = np.array([SIZES[scene.cast[a.member].size] for a in shot.actors])[:, None]
    feet = s.y - r * s.scale * s.squash
    assert feet.min() > -0.0901


@pytest.mark.parametrize("name", CASES)
def test_one_frame_at_a_time_is_the_same(name):
    scene, shot = CASES[name]
    t = np.linspace(0, 2, 17)
    whole = states(scene, shot, t)
    for k in (0, 5, 16):
        single = states(scene, shot, t[k : k + 1])
        assert np.array_equal(single.x[:, 0], whole.x[:, k]) and np.array_equal(single.y[:, 0], whole.y[:, k])


@pytest.mark.parametrize("name", ["hop", "hop along", "jump over", "fall"])
def test_flight_obeys_gravity(name):
    scene, shot = CASES[name]
    dt = 0.004
    t = np.arange(0, 2, dt)
    s = states(scene, shot, t)
    r = SIZES[scene.cast[0].size]
    feet = (s.y - r * s.scale * s.squash)[0]
    flying = feet > 0.005
    inside = flying[2:] & flying[1:-1] & flying[:-2] & (np.abs(np.diff(s.vy[0], 2)) < 1e-9)
    pull = np.diff(feet, 2)[inside] / dt**2
    assert inside.sum() > 100
    assert np.allclose(pull, -GRAVITY, atol=1e-6 * GRAVITY / dt)


def test_a_bounce_keeps_the_restitution():
    scene, shot = CASES["fall"]
    t = np.arange(0, 2, 1e-4)
    s = states(scene, shot, t)
    feet = (s.y - 0.1 * s.squash)[0]
    vh = np.gradient(feet, t)
    first = np.argmax(vh > 0.05)
    assert vh[first + 3] / -vh[first - 3] == pytest.approx(RESTITUTION, abs=0.01)


def test_jump_clears_its_target_and_lands_beyond():
    scene, shot = CASES["jump over"]
    s = states(scene, shot, np.linspace(0, 2, 401))
    over = np.abs(s.x[0] - s.x[1]) < half_width("box", "small")
    assert over.any() and (s.y[0] - 0.1)[over].min() > s.y[1, 0] + 0.1
    assert s.x[0, 0] < s.x[1, 0] < s.x[0, -1] and s.y[0, -1] == pytest.approx(0.1)


def test_the_pushed_moves_only_after_contact_and_stays_in_touch():
    for name in ("push", "push a ball"):
        scene, shot = CASES[name]
        s = states(scene, shot, np.linspace(0, 2, 401))
        gap = s.x[1] - s.x[0] - sum(half_width(c.kind, c.size) for c in scene.cast)
        assert gap.min() > -1e-9
        touching = s.contact[1]
        assert not touching[0] and touching[-1] and np.array_equal(s.contact[0], touching)
        assert np.all(s.vx[1][~touching] == 0) and np.allclose(gap[touching], 0, atol=1e-9)
        assert np.allclose(s.vx[1][touching], s.vx[0][touching])


def test_the_bite_stays_and_comes_with_contact():
    scene, shot = CASES["eat"]
    t = np.linspace(0, 2, 81)
    taken = bites(scene, shot, t)
    assert taken[0] == 0 and taken[-1] == 3 and np.all(np.diff(taken) >= 0)
    assert states(scene, shot, t).contact[0][np.diff(taken, prepend=0) > 0].all()
    assert bite_side(scene, shot) == "left"


def test_who_leaves_is_gone_and_comes_back_to_its_place():
    scene, shot = CASES["leave"]
    s = states(scene, shot, np.linspace(0, 2, 201))
    assert s.x[0].min() + 0.1 < -0.5 and s.x[0, -1] == pytest.approx(s.x[0, 0])


def test_who_hides_comes_out_on_the_other_side_or_on_its_own():
    scene, shot = CASES["hide"]
    s = states(scene, shot, np.linspace(0, 2, 201))
    assert (np.abs(s.x[0] - s.x[1]) < 0.01).sum() > 30 and s.x[0, -1] == pytest.approx(0.4)
    scene, shot = one(Event("hide", 0, 2, "right", target=1, amount=-0.3), others=[(BIG, {"x": 0.1, "depth": "front"})])
    assert states(scene, shot, [2.0]).x[0, 0] == pytest.approx(-0.2)


def test_a_ball_rolls_without_slipping():
    scene, shot = CASES["roll"]
    s = states(scene, shot, np.array([0.0, 1.0]))
    assert s.angle[0, 1] == pytest.approx(-(s.x[0, 1] - s.x[0, 0]) / 0.1)


def test_cameras():
    for move, speed in (("pan left", 0.2), ("pan right", 0.2), ("zoom in", 1.5), ("zoom out", 1.5)):
        scene, shot = one(camera=Camera(move, speed))
        cx, zoom = camera_path(scene, shot, np.array([0.0, 1.0, 2.0]))
        if "pan" in move:
            assert np.allclose(np.diff(cx), 0.2 * (1 if "right" in move else -1)) and cx[1] == 0
        else:
            assert sorted(zoom) == (zoom.tolist() if "in" in move else zoom[::-1].tolist()) and zoom.min() == 1 and zoom.max() == 1.5
    scene, shot = one(Event("roll", 0, 2, "right"), camera=Camera("follow", target=0))
    t = np.linspace(0, 2, 5)
    assert np.array_equal(camera_path(scene, shot, t)[0], states(scene, shot, t).x[0])
    assert np.allclose([v for v in view(scene, np.zeros(1), np.ones(1))], [[-0.5], [0.5], [-0.24], [0.76]])


def test_a_missing_target_is_named():
    scene, shot = one(Event("push", 0, 2, "right", target=3))
    with pytest.raises(ValueError, match="cast member 3"):
        states(scene, shot, [0.0])


def test_two_that_jump_over_each_other_at_once_do_not_hang():
    other = (BOX, {"x": 0.2, "events": (Event("jump over", 0, 2, "left", target=0),)})
    scene, shot = one(Event("jump over", 0, 2, "right", target=1), others=[other])
    assert np.isfinite(states(scene, shot, np.linspace(0, 2, 17)).x).all()
