"""The suites "world" and "splits": the truth is right, chance is not, and every line runs with tiny weights."""

import json

import numpy as np
import pytest

from minisora.bench.command import main
from minisora.bench.lines import Makers
from minisora.bench.physics import GIVEN, acceleration, law, movers, velocity
from minisora.bench.report import LINES, Tally, median, summary
from minisora.bench.suites import suite
from minisora.bench.world_cases import PHYSICS, TESTS, world
from minisora.bench.world_lines import DIMENSIONS, ERRORS, Watched, asked, run, unasked
from minisora.world.scene import Actor, Character, Event, Scene, Shot

N = 60


@pytest.fixture(scope="module")
def cases():
    return world(N)


def test_a_seed_asks_the_same_again(cases):
    assert world(12) == cases[:12] and world(12, seed=1)[0] != cases[0]
    assert [case.test for case in cases[: len(TESTS)]] == list(TESTS)


def test_pairs_differ_in_one_thing(cases):
    for case in cases:
        if case.test == "sides":
            one, other = ([claim for claim in ask.claims if claim.dimension == "relation"] for ask in case.asks)
            assert [(a.value, a.members, a.other) for a in one] == [(b.value, b.other, b.members) for b in other]
        if case.test == "order":
            one, other = ([claim.value.split(">") for claim in ask.claims if claim.dimension == "order"] for ask in case.asks)
            assert one[0] == other[0][::-1]
        assert len({ask.seed for ask in case.asks}) == len({ask.scene.cast for ask in case.asks}) == 1


def test_truth_is_right(cases):
    tally = Tally()
    for case in cases:
        watched = [Watched(ask.truth()) for ask in case.asks]
        tally.put(asked(case, watched))
        if case.test not in PHYSICS:
            tally.put(unasked(case, watched[0]))
    shares = tally.shares()
    assert set(shares) == set(DIMENSIONS)
    for name, cell in shares.items():
        if name in ERRORS:
            assert cell["value"] < (0.04 if name.startswith("velocity") else 0.25), f"{name}: {cell}"
        else:
            assert cell["value"] >= min(0.98, 1 - 1.5 / cell["n"]), f"{name}: {cell}"  # one miss is allowed where few are asked


def test_chance_is_wrong(cases):
    tallies = {}
    for _, tallies in run(cases[:40], ("chance",), Makers()):
        pass
    for name, cell in tallies["chance"].shares().items():
        if name in ("permanence", "identity", "no births or losses", "cause and effect", "sides under swap", "order under swap"):
            assert cell["value"] <= 0.35, f"{name}: {cell}"
        if name.startswith("velocity"):
            assert cell["value"] > 0.1, f"{name}: {cell}"


def test_every_line_runs_with_tiny_weights(tiny, cases):
    tallies = {}
    for _, tallies in run(cases[:10], LINES, Makers(tiny, steps=1)):
        pass
    report = summary(tallies, {"suite": "world"}, DIMENSIONS)
    assert list(report["dimensions"]) == list(DIMENSIONS)
    row = report["dimensions"]["no births or losses"]
    assert set(row) == {*LINES, "n"} and row["model"]["n"] == 7 and row["model"]["value"] == 0.0  # noise: nobody is there


def test_given_frames_stay(tiny, cases):
    """What the model is given of a video is not changed by how it goes on."""
    case = next(case for case in cases if case.test == "inside")
    truth = case.ask.truth()
    makers = Makers(tiny, steps=1)
    going, coded = makers.continuation(case.ask, truth, 2), makers.autoencoder(truth)
    assert going.shape == truth.shape
    away = np.abs(going.astype(int) - coded.astype(int)).mean((1, 2, 3))
    assert away[:GIVEN].max() < 2 < away[GIVEN + 4 :].min()


def test_the_law_of_a_fall():
    actor = Actor(0, 0.0, 0.5, events=(Event("fall", 0.0, 2.0, amount=0.5),))
    scene = Scene((Character("ball", "red", "small"),), (Shot("snow", 2.0, (actor,)),))
    path, judged = law(scene, 0)
    assert movers(scene) == [0] and not judged[:GIVEN].any() and judged.any()
    falling = np.diff(path[:5, 1], 2) * 64
    assert falling == pytest.approx(np.full(3, -2.4), abs=1e-6)
    assert velocity(path, 8.0)[2, 1] == pytest.approx(-2.4 * 0.25, abs=1e-6)
    assert acceleration(path, 8.0)[2, 1] == pytest.approx(-2.4, abs=1e-6)


def test_median_and_its_interval():
    assert median([]) == {"value": None, "low": None, "high": None, "n": 0, "mean": None}
    cell = median([float(k) for k in range(1, 101)])
    assert cell["value"] == 50.5 and cell["mean"] == 50.5 and (cell["low"], cell["high"]) == (41.0, 61.0)  # ranks 50 -+ 9.8


def test_splits_ask_the_same_of_three_worlds(tmp_path, capsys):
    parts = suite("splits", 7)
    assert {split: len(cases) for split, cases in parts.items()} == {"heldout": 3, "combinations": 3, "outside": 3}
    main(["--suite", "splits", "--n", "3", "--lines", "truth", "--json", str(tmp_path / "splits.json"), "--quiet"])
    report = json.loads((tmp_path / "splits.json").read_text())
    assert list(report["splits"]) == ["heldout", "combinations", "outside"] and report["n"] == 3
    assert report["splits"]["outside"]["dimensions"]["colour"]["truth"]["value"] == 1.0
    assert "**outside**" in capsys.readouterr().out


def test_the_suite_world_writes_its_report(tmp_path, capsys):
    main(["--suite", "world", "--n", "3", "--lines", "truth", "--json", str(tmp_path / "world.json"), "--quiet"])
    report = json.loads((tmp_path / "world.json").read_text())
    assert report["dimensions"]["permanence"]["truth"]["n"] == 2 and report["suite"] == "world"
    assert "| cause and effect | 1 | 1.000" in capsys.readouterr().out
