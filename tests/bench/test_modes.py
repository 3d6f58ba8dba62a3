"""The suite "modes": what a seam is, what tone is, and that every mode is measured on every line."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from minisora.bench import modes as suite
from minisora.bench.lines import Makers
from minisora.bench.mode_cases import MODES, modes
from minisora.bench.parse import parse
from minisora.bench.report import summary, table
from minisora.bench.seams import away, colours, crossed, drift, psnr, seam, tone
from minisora.world.render import render
from minisora.world.scene import Actor, Character, Event, Scene, Shot


@pytest.fixture(scope="module")
def rolling() -> np.ndarray:
    """A blue ball that rolls to the right at a steady speed: (17, 64, 64, 3)."""
    actor = Actor(0, -0.3, events=(Event("roll", 0.0, 2.0, "right", speed=0.3),))
    return render(Scene((Character("ball", "blue", "medium"),), (Shot("snow", 2.0, (actor,)),)))


@pytest.fixture(scope="module")
def seen(rolling):
    return parse(rolling, verbs=False)


def test_who_moves_steadily_makes_no_jump(seen):
    ((position, velocity),) = seam(seen, 9)
    assert position < 0.01 and velocity < 0.1 and list(crossed(seen, 9)) == [True] and colours(seen, slice(9)) == {"blue"}


def test_a_cut_in_the_way_is_a_jump_of_position(rolling):
    cut = parse(np.concatenate([rolling[:8], rolling[12:]]), verbs=False)  # four frames of 0.3 units / s are missing: 0.15 units
    ((position, velocity),) = seam(cut, 8)
    assert position == pytest.approx(0.15, abs=0.03) and velocity < 0.1


def test_who_stops_at_the_seam_makes_a_jump_of_velocity(rolling):
    stopped = parse(np.concatenate([rolling[:9], rolling[[8] * 8]]), verbs=False)
    ((position, velocity),) = seam(stopped, 9)
    assert velocity == pytest.approx(0.3, abs=0.06) and position < 0.03


def test_who_is_gone_after_the_seam_has_not_crossed_it(rolling):
    empty = np.broadcast_to(np.median(rolling, axis=0).astype(np.uint8), (8, 64, 64, 3))
    gone = parse(np.concatenate([rolling[:9], empty]), verbs=False)
    assert list(crossed(gone, 9)) == [False] and colours(gone, slice(9, 17)) == set()


def test_distance_from_the_truth(rolling, seen):
    later = parse(np.concatenate([rolling[4:], rolling[[-1] * 4]]), verbs=False)
    (gap,) = away(later, seen, np.arange(17) < 12)
    assert gap == pytest.approx(0.15, abs=0.03)
    assert list(away(seen, seen, np.ones(17, bool))) == [0.0] and list(away(seen, seen, np.ones(17, bool), {"blue": "red"})) == []


def test_tone_and_its_drift(rolling):
    assert drift(rolling, rolling) == (0.0, 0.0, 0.0)
    colour, contrast, saturation = drift(rolling, (rolling // 2))
    assert colour == pytest.approx(tone(rolling)[0].mean() / 2, abs=1) and contrast == pytest.approx(0.5, abs=0.02)
    assert psnr(rolling, rolling) == 60 and psnr(rolling[0], rolling[0] // 2) < 12


def test_cases_are_the_same_for_the_same_seed_and_edits_change_one_thing():
    one, other = modes(20), modes(20)
    assert [case.ask for case in one] == [case.ask for case in other] != [case.ask for case in modes(20, seed=1)]
    assert [case.mode for case in one] == list(MODES) * 2
    for case in one:
        if case.mode == "edit":
            dimension, new, old = case.changed
            assert new != old and case.target.prompt != case.ask.prompt and case.target.scene != case.ask.scene
            assert any((claim.dimension, claim.value) == (dimension, new) for claim in case.target.claims)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_measured(tiny, mode):
    cases = [case for case in modes(20) if case.mode == mode]
    if mode == "sizes":
        cases = [replace(case, asks=case.asks[:2]) for case in cases]
    lines = ("model", "truth", "autoencoder", "chance") if mode == "extend" else ("model", "truth")
    *_, (done, tallies) = suite.run(cases[: 2 if mode in ("extend", "connect") else 1], lines, Makers(tiny, steps=1))
    names = suite.dimensions(tallies)
    assert names and done == (2 if mode in ("extend", "connect") else 1)
    report = summary(tallies, {}, names)
    assert table(report).count("\n") == len(names) + 1
    kept = [row for name, row in report["dimensions"].items() if name.endswith(" kept")]
    assert all(row["model"]["value"] == 1.0 for row in kept) and (kept or mode in ("drift", "loop", "edit", "image", "sizes"))
    if mode == "extend":
        truth, strange = (report["dimensions"]["extend seam position"][line] for line in ("truth", "chance"))
        assert truth["value"] < 0.1 and set(strange) >= {"value", "low", "high", "n"}


def test_three_ways_back_jump_less_than_one():
    recorded = Path(__file__).parents[2] / "data" / "bench"
    before, report = (json.loads((recorded / f"{name}.json").read_text()) for name in ("loop-before", "modes"))
    now = report["dimensions"]["loop jump"]
    assert now["n"] == before["n"] == 64 and now["chance"] == before["chance"], "the same loops"
    assert now["model"]["value"] < before["model"]["value"]
