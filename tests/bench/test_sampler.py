"""benchmarks/sampler.py: the same sentences and noise, sampled otherwise; gone on with where it was cut off."""

import json
from pathlib import Path

import numpy as np
import pytest

from minisora.bench.suites import core

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "data" / "bench"


@pytest.fixture(scope="module")
def module(benchmark_file):
    return benchmark_file("sampler")


def test_the_package_s_own_sampler_makes_what_generate_makes(module, tiny):
    case = core(2, 7)[0]
    guidance, interval, eta = module.OWN
    guided = module.Sampled(tiny, seed=7, steps=2, guidance=guidance, interval=interval, eta=eta).model(case)
    other = module.Sampled(tiny, seed=7, steps=2, guidance=guidance, interval=interval, eta=0.0).model(case)
    usual = module.lines.Makers(tiny, seed=7, steps=2).model(case)
    assert np.array_equal(guided, usual) and not np.array_equal(other, usual)


def test_goes_on_where_it_was(module, tiny_folder, tmp_path, monkeypatch):
    seen = []
    real = module.asked
    monkeypatch.setattr(module, "asked", lambda *args: seen.append(args[3]) or real(*args))
    monkeypatch.setattr(module, "ROWS", ((1.0, (0.0, 1.0), 0.0),))
    ask = ["--n", "1", "--weights", str(tiny_folder), "--json", str(tmp_path / "sampler.json")]
    assert module.main(ask) == 0
    monkeypatch.setattr(module, "ROWS", ((1.0, (0.0, 1.0), 0.0), (3.0, (0.5, 1.0), 1.0)))
    assert module.main(ask) == 0
    assert seen == [(1.0, (0.0, 1.0), 0.0), (3.0, (0.5, 1.0), 1.0)]
    rows = json.loads((tmp_path / "sampler.json").read_text())["rows"]
    assert [row["guidance"] for row in rows] == [1.0, 3.0] and rows[0]["dimensions"]["all"]["n"] == 1


def test_what_cannot_be_done_is_one_line(module, tiny_folder, tmp_path, capsys):
    assert module.main(["--n", "0", "--weights", str(tiny_folder)]) == 2
    assert module.main(["--weights", str(tiny_folder), "--json", str(tmp_path / "none" / "a.json")]) == 2
    assert module.main(["--weights", str(tmp_path)]) == 2
    assert len(capsys.readouterr().out.strip().splitlines()) == 3


def test_new_noise_and_a_late_end_of_guidance_are_worth_something(module):
    def claims(name, knobs):
        found = next(row["dimensions"] for row in json.loads((RECORDED / name).read_text())["rows"] if module.of(row) == knobs)
        return np.array([(one["value"] * one["n"], one["n"]) for name, one in found.items() if not name.startswith("all")])

    every = {knobs: claims("sampler.json", knobs) for knobs in module.ROWS}
    share = {knobs: right.sum(0)[0] / right.sum(0)[1] for knobs, right in every.items()}
    everywhere = (3.0, (0.1, 0.95), 0.0)
    assert share[(1.0, (0.0, 1.0), 0.0)] < share[everywhere] < share[module.RENEWAL[0]]
    without, own = (sum(claims(name, knobs).sum(0) for name in ("sampler.json", "sampler-renewal.json")) for knobs in module.RENEWAL)
    assert own[1] == without[1] > 2000 and own[0] / own[1] > without[0] / without[1] + 0.01


def test_chapter_5_tells_how_many_sentences_were_asked():
    text = (ROOT / "notebooks" / "source" / "05-text-conditioning.py").read_text()
    first, second = (json.loads((RECORDED / name).read_text()) for name in ("sampler.json", "sampler-renewal.json"))
    assert f"The bench asked {first['n']} held-out sentences six times" in text and len(first["rows"]) == 6
    assert f"and {second['n']} others twice" in text and len(second["rows"]) == 2 and first["seed"] != second["seed"]
    assert first["weights"] == second["weights"], "both looks are at the same weights"
