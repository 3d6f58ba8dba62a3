"""Sampled scenes keep the world's rules: in view, apart, related as written, balanced, and each split its own."""

import functools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minisora.world.actions import ROUND, WIDTHS
from minisora.world.motion import bites, camera_path, states, view
from minisora.world.sample import sample_scene
from minisora.world.scene import ACTIONS, CAMERAS, COLOURS, DEPTHS, KINDS, LOOKS, PLACES, RELATIONS, SIZES, Scene
from minisora.world.shapes import SHAPES
from minisora.world.splits import HELD_OUT, SPLITS, possible
from minisora.world.stage import RANGES

ASPECTS = (1.0, 1.5, 2 / 3)


@functools.cache
def many(split="train", n=400):
    return [sample_scene(seed, 2.0, ASPECTS[seed % 3] if seed % 2 else 1.0, split) for seed in range(n)]


def triples(scene):
    return {(scene.cast[a.member].kind, scene.cast[a.member].colour, e.action) for s in scene.shots for a in s.actors for e in a.events}


def bodies(scene, shot, per_second=8):
    t = np.linspace(0, shot.seconds, int(shot.seconds * per_second) + 1)
    s = states(scene, shot, t)
    cast = [scene.cast[a.member] for a in shot.actors]
    r = np.array([SIZES[c.size] for c in cast])[:, None] * s.scale
    return t, s, r, r * np.array([WIDTHS[c.kind] for c in cast])[:, None]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**40), halves=st.integers(0, 20), aspect=st.sampled_from(ASPECTS),
    split=st.sampled_from(("train", "heldout", "combinations")), count=st.sampled_from((None, 1, 2, 3, 4)),
)  # fmt: skip
def test_json_round_trip_and_same_seed_same_scene(seed, halves, aspect, split, count):
    scene = sample_scene(seed, halves / 2, aspect, split, count)
    assert Scene.from_json(scene.to_json()) == scene == sample_scene(seed, halves / 2, aspect, split, count)
    assert count in (None, len(scene.cast)) and scene.seconds == halves / 2


def test_a_seed_is_the_same_scene_on_every_machine_and_other_splits_have_other_ones():
    scene = sample_scene(0)
    assert [(c.size, c.colour, c.kind) for c in scene.cast] == [("small", "cyan", "triangle")]
    assert (scene.shots[0].place, scene.shots[0].camera.move, scene.shots[0].actors[0].events[0].action) == ("meadow", "pan right", "grow")
    assert len({sample_scene(0, split=split).to_json() for split in SPLITS}) == len(SPLITS)


@pytest.mark.parametrize("split", ("train", "combinations"))
def test_everybody_is_in_view(split):
    for scene in many(split, 200):
        for shot in scene.shots:
            t, s, r, w = bodies(scene, shot, 16)
            left, right, bottom, top = view(scene, *camera_path(scene, shot, t))
            for i, actor in enumerate(shot.actors):
                assert (s.y[i] + r[i] * s.squash[i] <= top + 1e-3).all() and (s.y[i] - r[i] >= bottom - 1e-3).all()
                if not any(e.action == "leave" for e in actor.events):
                    assert (s.x[i] - 0.95 * w[i] >= left).all() and (s.x[i] + 0.95 * w[i] <= right).all(), scene.to_json()


def test_nobody_walks_through_anybody():
    for scene in many():
        for shot in scene.shots:
            _, s, r, w = bodies(scene, shot, 16)
            for i, a in enumerate(shot.actors):
                for j, b in enumerate(shot.actors[:i]):
                    if a.depth == b.depth:
                        apart = (np.abs(s.x[i] - s.x[j]) / (w[i] + w[j])) ** 2 + (np.abs(s.y[i] - s.y[j]) / (r[i] + r[j])) ** 2
                        assert apart.min() > 0.72, (apart.min(), scene.to_json())


def test_relations_hold_in_every_frame():
    seen = Counter()
    for scene in many():
        for shot in scene.shots:
            _, s, r, w = bodies(scene, shot, 16)
            index = {a.member: i for i, a in enumerate(shot.actors)}
            for relation in shot.relations:
                i, j = index[relation.a], index[relation.b]
                kind = relation.kind
                seen[kind] += 1
                if kind in ("right of", "below", "in front of"):
                    kind, i, j = {"right of": "left of", "below": "above", "in front of": "behind"}[kind], j, i
                if kind == "left of":
                    assert (s.x[i] + w[i] < s.x[j] - w[j] + 1e-3).all()
                elif kind == "above":
                    assert (s.y[i] - r[i] > s.y[j] + r[j]).all() and (np.abs(s.x[i] - s.x[j]) < w[i] + w[j]).all()
                else:
                    assert shot.actors[i].depth == "back" and shot.actors[j].depth == "front"
                    assert (np.abs(s.x[i] - s.x[j]) < w[i] + w[j]).all()
    assert set(seen) == set(RELATIONS) and min(seen.values()) >= 4


def test_the_hidden_are_hidden_and_come_out():
    found = 0
    for scene in many():
        shot = scene.shots[0]
        _, s, r, w = bodies(scene, shot, 16)
        for i, actor in enumerate(shot.actors):
            for event in actor.events:
                if event.action == "hide":
                    j = next(k for k, a in enumerate(shot.actors) if a.member == event.target)
                    gap = np.abs(s.x[i] - s.x[j])
                    behind = gap < 0.005
                    assert behind.sum() >= 4 and shot.actors[j].depth == "front" and (r[j] > r[i]).all()
                    assert gap[0] > w[i, 0] + w[j, 0] and gap[-1] > w[i, -1] + w[j, -1]
                    found += 1
    assert found > 8


def test_nobody_rolls_hops_or_eats_in_the_air():
    for scene in many():
        for shot in scene.shots:
            for i, actor in enumerate(shot.actors):
                for event in actor.events:
                    if event.action in ("slide", "roll", "hop", "eat", "jump over", "push", "chase"):
                        s = states(scene, shot, [event.start])
                        r = SIZES[scene.cast[actor.member].size]
                        assert s.y[i, 0] - r * s.scale[i, 0] * s.squash[i, 0] < DEPTHS[actor.depth] + 1e-6


def test_pushes_move_bites_are_taken_colours_change():
    for scene in many():
        for shot in scene.shots:
            s = states(scene, shot, [0.0, shot.seconds])
            for actor in shot.actors:
                for event in actor.events:
                    if event.action == "push":
                        j = next(k for k, a in enumerate(shot.actors) if a.member == event.target)
                        assert abs(s.x[j, 1] - s.x[j, 0]) > 0.1
                    if event.action == "eat":
                        assert bites(scene, shot, [0.0, shot.seconds]).tolist() == [0, event.amount]
                    if event.action == "change colour":
                        assert event.colour not in {c.colour for c in scene.cast}


def test_copies_are_alike_and_all_others_differ():
    groups = 0
    for scene in many():
        looks = {c.colour: (c.kind, c.size) for c in scene.cast}
        assert all(looks[c.colour] == (c.kind, c.size) for c in scene.cast)
        for shot in scene.shots:
            does = {}
            for actor in shot.actors:
                assert does.setdefault(scene.cast[actor.member].colour, actor.events) == actor.events
        groups += len(looks) < len(scene.cast)
    assert 0.08 < groups / 400 < 0.2


def test_frequencies_are_balanced():
    scenes = many()
    total = Counter(len(s.cast) for s in scenes)
    for n, share in {1: 0.35, 2: 0.35, 3: 0.2, 4: 0.1}.items():
        assert total[n] / len(scenes) == pytest.approx(share, abs=0.07)
    cast = [c for s in scenes for c in s.cast]
    shots = [shot for s in scenes for shot in s.shots]
    for values, seen in (
        (KINDS, Counter(c.kind for c in cast)), (COLOURS, Counter(c.colour for c in cast)),
        (PLACES, Counter(s.place for s in shots)), (LOOKS, Counter(s.look for s in scenes)),
    ):  # fmt: skip
        even = sum(seen.values()) / len(values)
        assert all(0.6 * even < seen[v] < 1.5 * even for v in values), seen
    moves = Counter(s.camera.move for s in shots)
    assert 0.5 < moves["still"] / len(shots) < 0.75 and all(moves[m] > 0.03 * len(shots) for m in CAMERAS)
    actions = Counter(e.action for s in shots for a in s.actors for e in a.events)
    acting = [actions[a] for a in ACTIONS if a != "stay"]
    assert max(acting) < 4 * min(acting), actions
    ordered = sum(any(len(a.events) > 1 for a in s.actors) for s in shots) / len(shots)
    assert 0.15 < ordered < 0.35


def test_held_out_combinations_stay_out_of_training_and_in_their_split():
    for split in ("train", "heldout", "outside"):
        assert not any(triples(scene) & HELD_OUT for scene in many(split, 200))
    assert all(triples(scene) & HELD_OUT for scene in many("combinations", 200))
    share = len(HELD_OUT) / sum(possible(k, a) for k in KINDS for c in COLOURS for a in ACTIONS)
    assert 0.04 < share < 0.07


def test_every_pair_of_words_remains_in_training():
    allowed = {(k, c, a) for k in KINDS for c in COLOURS for a in ACTIONS if possible(k, a)} - HELD_OUT
    assert {t[:2] for t in allowed} == {(k, c) for k in KINDS for c in COLOURS}
    assert {t[1:] for t in allowed} == {(c, a) for c in COLOURS for a in ACTIONS}
    assert {(t[0], t[2]) for t in allowed} == {(k, a) for k in KINDS for a in ACTIONS if possible(k, a)}
    assert possible("ball", "roll") and not possible("ball", "slide") and not possible("star", "roll") and set(ROUND) == {"ball", "ring"}


def test_outside_scenes_leave_the_range_and_training_ones_do_not():
    def leaves(scene):
        for shot in scene.shots:
            for event in (e for a in shot.actors for e in a.events):
                name = {"slide": "travel", "roll": "travel", "chase": "travel", "push": "travel"}.get(event.action, event.action)
                if name in RANGES and name not in ("hop", "grow", "shrink", "fall") and event.speed > 1.01 * RANGES[name][0][1]:
                    return True
                if name in ("hop", "grow", "fall") and event.amount > RANGES[name][0][1]:
                    return True
                if name == "shrink" and event.amount < RANGES[name][0][0]:
                    return True
        return False

    assert not any(leaves(scene) for scene in many())
    assert np.mean([leaves(scene) for scene in many("outside", 200)]) > 0.95


def test_shots_share_cast_and_look_and_cut_between_groups_of_frames():
    for seed in range(6):
        scene = sample_scene(seed, 9.0, shots=3)
        assert len(scene.shots) == 3 and all({a.member for a in s.actors} == set(range(len(scene.cast))) for s in scene.shots)
        assert all(s.seconds * 2 == int(s.seconds * 2) and 2 <= s.seconds <= 6 for s in scene.shots)
        changes = [e.action for s in scene.shots[:-1] for a in s.actors for e in a.events]
        assert not {"grow", "shrink", "change colour", "eat"} & set(changes)
    assert len(sample_scene(0, 60.0).shots) >= 10
    assert all(len(sample_scene(seed, 4.0).shots) == 1 for seed in range(10))
    assert len({len(sample_scene(seed, 8.0).shots) for seed in range(12)}) > 1


def test_longer_shots_hold_more_events():
    def most(seconds):
        shots = [sample_scene(seed, seconds, shots=1).shots[0] for seed in range(100)]
        return np.mean([max(len(a.events) for a in shot.actors) for shot in shots])

    assert most(2.0) + 0.1 < most(4.0) and most(2.0) + 0.2 < most(8.0)


def test_a_picture_has_no_events():
    scene = sample_scene(1, 0.0)
    assert scene.seconds == 0 and all(not a.events for a in scene.shots[0].actors)


def test_widths_are_those_of_the_outlines():
    grid = np.linspace(-1.6, 1.6, 641)
    x, y = np.meshgrid(grid, grid)
    for kind, outline in SHAPES.items():
        assert np.abs(x[outline(x, y) < 0]).max() == pytest.approx(WIDTHS[kind], abs=0.03), kind


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"seconds": 61}, "Try seconds=2"), ({"seconds": -1}, "0 .a picture. to 60"), ({"aspect": 3}, "Try aspect=1.5"),
        ({"split": "test"}, "train, heldout, combinations, outside"), ({"characters": 5}, "1 to 4"), ({"shots": 4}, "Try shots=1"),
        ({"split": "outside", "seconds": 0}, "nothing moves"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_advice(wrong, message):
    with pytest.raises(ValueError, match=message):
        sample_scene(0, **wrong)
