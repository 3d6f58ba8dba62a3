"""benchmarks/velocity.py: a given beginning continued with other knobs of the sampler."""

import json
from pathlib import Path

import pytest

from minisora.bench.world_cases import world

RECORDED = Path(__file__).parents[2] / "data" / "bench"


@pytest.fixture(scope="module")
def module(benchmark_file):
    return benchmark_file("velocity")


def test_the_cases_are_the_report_s(module):
    assert module.cases(1, 0) == [case for case in world(10) if case.test == module.TEST]


def test_every_row_is_asked_once_with_its_knobs(module, tiny_folder, tmp_path, capsys, monkeypatch):
    words = ["--n", "1", "--weights", str(tiny_folder), "--json", str(tmp_path / "velocity.json")]
    seen, real = [], module.asked
    monkeypatch.setattr(module, "asked", lambda *args: seen.append(args[3]) or real(*args))
    assert module.main(words) == 0 and seen == list(module.ROWS.values())
    rows = json.loads((tmp_path / "velocity.json").read_text())["rows"]
    assert {name: row["options"] for name, row in rows.items()} == module.ROWS
    assert module.main(words) == 0 and len(seen) == len(module.ROWS), "what is there is not asked again"
    assert module.main(["--n", "0"]) == 2 and module.main([*words[:4], "--json", str(tmp_path / "no" / "f.json")]) == 2
    assert "--n 64" in capsys.readouterr().out


def test_no_knob_of_the_sampler_halves_the_error(module):
    record, report = (json.loads((RECORDED / f"{name}.json").read_text()) for name in ("velocity", "world"))
    rows = {name: row["velocity inside"] for name, row in record["rows"].items()}
    assert list(rows) == list(module.ROWS) and record["weights"] == report["weights"]
    assert rows["as it is"] == {key: report["dimensions"]["velocity inside"]["model"][key] for key in rows["as it is"]}
    least = min(row["value"] for row in rows.values())
    assert least > rows["as it is"]["value"] / 2, "so the rest is the network's, as the model card says"
