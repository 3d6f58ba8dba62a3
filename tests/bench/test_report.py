"""Shares, intervals and files of the report."""

import json

import pytest

from minisora.bench.lines import dimensions
from minisora.bench.report import DIMENSIONS, Tally, share, summary, table, wilson, write


def test_interval_of_wilson():
    low, high = wilson(8, 10)
    assert low == pytest.approx(0.490, abs=1e-3) and high == pytest.approx(0.943, abs=1e-3)  # worked example of the formula
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(10, 10)[1] == pytest.approx(1.0) and wilson(0, 10)[0] == pytest.approx(0.0)


def test_share_of_nothing_has_no_value():
    assert share([]) == {"value": None, "low": 0.0, "high": 1.0, "n": 0}


def test_summary_has_every_dimension_and_line(tmp_path):
    truth, chance = Tally(), Tally()
    truth.add([("kind", True), ("colour", True)], characters=1)
    truth.add([("kind", True), ("colour", False)], characters=2)
    chance.add([("kind", False)], characters=1)
    tallies = {"truth": truth, "chance": chance}
    report = summary(tallies, {"suite": "core"}, dimensions(tallies))
    assert set(DIMENSIONS) | {"all", "all with 1", "all with 2"} == set(report["dimensions"])
    assert report["dimensions"]["colour"]["truth"]["value"] == 0.5
    assert report["dimensions"]["all"]["truth"] == share([True, False])
    assert report["dimensions"]["all with 1"]["chance"]["value"] == 0.0
    assert report["dimensions"]["kind"]["n"] == 2
    assert "| kind | 2 | 1.000" in table(report)
    write(tmp_path / "out.json", report)
    assert json.loads((tmp_path / "out.json").read_text()) == report
    assert [file.name for file in tmp_path.iterdir()] == ["out.json"]
