"""The report as a page: yes and no, the worst with their pictures, the published figures with their sources."""

import json

import pytest

from minisora.bench.floors import FLOORS, floors
from minisora.bench.page import page
from minisora.bench.report import median, share
from minisora.bench.whole import PUBLISHED, SIZES


@pytest.fixture()
def report() -> dict:
    suites = {}
    for name, n in SIZES.items():
        row = {"model": share([True] * 9 + [False]), "truth": share([True] * 10), "n": 10}
        made = {floor.dimension: row for floor in FLOORS if floor.suite == name}
        about = {"suite": name, "n": n, "asked": {"n": n}, "weights": {"vae.safetensors": "abcdef0123456789"}, "meaning": {}}
        suites[name] = {**about, "dimensions": made}
    suites["splits"]["splits"] = {"outside": {"dimensions": {"kind": {"model": share([True]), "n": 1}}}}
    suites["world"]["dimensions"]["velocity inside"] = {"model": median([0.4]), "truth": median([0.1]), "n": 1}
    suites["modes"]["meaning"] = {"loop jump": "how it jumps"}
    worst = [
        {"suite": "core", "dimension": "kind", "model": 0.5, "truth": 1.0, "picture": "worst-kind.png", "alt": "Frames of two videos"},
        {"suite": "core", "dimension": "look", "model": 0.9, "truth": None, "picture": None, "alt": ""},
    ]
    about = {"command": "minisora bench --all", "seconds": 600.0, "versions": {"torch": "2.9"}, "of": {}}
    return {**about, "floors": floors(suites), "worst": worst, "suites": suites, "published": json.loads(PUBLISHED.read_text())}


def test_floors_say_yes_or_no(report):
    told = page(report)
    assert "| kind | core | ≥ 0.90 | 0.900 | 0.60–0.98 | 10 | yes |" in told
    assert "| colour | core | ≥ 0.97 | 0.900 | 0.60–0.98 | 10 | **no** |" in told
    assert "| score of wide videos | modes | ≥ square's − 0.05 | – | – | 0 | not asked |" in told
    answers = [row["yes"] for row in report["floors"]]
    reached, missed, unasked = (answers.count(answer) for answer in (True, False, None))
    assert min(reached, missed, unasked) > 0 and f"{reached} of {reached + missed} are reached. {unasked} were not asked." in told


def test_velocity_stands_beside_the_parsers_floor(report):
    assert "| velocity inside | 1 | 0.400 | 0.100 | 4.0 | – | – |" in page(report)


def test_the_worst_have_pictures_with_words(report):
    told = page(report)
    assert "**kind** (suite core): 0.50, where the truth gets 1.00.\n\n![Frames of two videos](worst-kind.png)" in told
    assert "**look** (suite core): 0.90, where the truth gets nothing.\n\nNo example" in told
    report["worst"] = []
    assert "worst" not in page(report)


def test_every_suite_has_its_table(report):
    told = page(report)
    assert all(f"## Suite {name}\n" in told for name in SIZES) and "**outside**" in told and "- loop jump: how it jumps" in told


def test_a_first_look_is_called_one(report):
    assert "first look" not in page(report)
    report["suites"]["modes"]["asked"]["n"] = 639
    assert "**Only 63 cases of each mode" in page(report)


def test_published_figures_have_sources(report):
    published, told = report["published"], page(report)
    assert {bench["name"] for bench in published["benchmarks"]} == {"VBench-2.0", "T2V-CompBench", "Physics-IQ"}
    assert published["comparable"] is False and "for context: not comparable" in told
    for bench in published["benchmarks"]:
        assert bench["source"].startswith("https://") and 2024 <= bench["year"] <= 2026 and f"<{bench['source']}>" in told
        assert len(bench["columns"]) == len(bench["ours"]) and bench["where"] and bench["unit"]
        for one in bench["systems"]:
            assert len(one["figures"]) == len(bench["columns"]) and all(isinstance(figure, (int, float)) for figure in one["figures"])
            assert ("source" in one) == ("year" in one) and f"| {one['system']} | " in told
