"""benchmarks/verbs.py: the suite core counted by verb."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from minisora.bench.suites import core

RECORDED = Path(__file__).parents[2] / "data" / "bench"


@pytest.fixture(scope="module")
def module(benchmark_file):
    return benchmark_file("verbs")


def test_drawn_truth_does_all_verbs_of_its_sentences(module):
    case = next(case for case in core(60) if any(claim.dimension == "order" for claim in case.claims))
    found = defaultdict(lambda: defaultdict(list))
    module.count(case, case.truth(), found)
    told = module.shares(found)
    first, then = next(claim.value for claim in case.claims if claim.dimension == "order").split(">")
    assert all(share["value"] == 1 for parts in told.values() for share in parts.values())
    assert {first, then} <= set(told) and told[first]["order"]["n"] >= 1


def test_the_command_writes_what_it_found(module, tiny_folder, tmp_path, capsys):
    assert module.main(["--n", "1", "--weights", str(tiny_folder), "--json", str(tmp_path / "verbs.json")]) == 0
    report = json.loads((tmp_path / "verbs.json").read_text())
    assert report["n"] == 1 and all(0 <= share["value"] <= 1 for parts in report["verbs"].values() for share in parts.values())
    assert module.main(["--n", "0", "--weights", str(tiny_folder)]) == 2
    assert "at least one" in capsys.readouterr().out


def test_what_is_recorded_adds_up_to_the_report(module):
    verbs, report = (json.loads((RECORDED / name).read_text()) for name in ("verbs.json", "core.json"))
    assert verbs["n"] == report["n"] and verbs["weights"] == report["weights"]
    counts = [parts["motion"] for parts in verbs["verbs"].values() if "motion" in parts]
    motion = report["dimensions"]["motion"]
    assert sum(share["n"] for share in counts) == motion["n"]
    least = sorted((parts["motion"]["value"], verb) for verb, parts in verbs["verbs"].items() if "motion" in parts)
    assert {verb for _, verb in least[:2]} == {"eat", "spin"} and least[2][0] > 0.8, "as the model card says"
    assert sum(share["n"] * share["value"] for share in counts) / motion["n"] == pytest.approx(motion["model"]["value"], abs=1e-3)
