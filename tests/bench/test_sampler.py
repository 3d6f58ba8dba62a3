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
    guidance, interval, eta, early = module.OWN
    guided = module.Sampled(tiny, seed=7, steps=2, guidance=guidance, interval=interval, eta=eta, early=early).model(case)
    other = module.Sampled(tiny, seed=7, steps=2, guidance=guidance, interval=interval, eta=0.0, early=early).model(case)
    late = module.Sampled(tiny, seed=7, steps=2, guidance=guidance, interval=interval, eta=eta, early=1.0).model(case)
    usual = module.lines.Makers(tiny, seed=7, steps=2).model(case)
    assert np.array_equal(guided, usual) and not np.array_equal(other, usual) and not np.array_equal(late, usual)


def test_goes_on_where_it_was(module, tiny_folder, tmp_path, monkeypatch):
    seen = []
    real = module.asked
    monkeypatch.setattr(module, "asked", lambda *args: seen.append(args[3:]) or real(*args))
    monkeypatch.setattr(module, "BEGUN", (0.75,))
    monkeypatch.setattr(module, "ROWS", ((1.0, (0.0, 1.0), 0.0, 1.0),))
    ask = ["--n", "1", "--weights", str(tiny_folder), "--json", str(tmp_path / "sampler.json")]
    assert module.main(ask) == 0
    monkeypatch.setattr(module, "ROWS", ((1.0, (0.0, 1.0), 0.0, 1.0), (3.0, (0.5, 1.0), 1.0, 2.0)))
    assert module.main(ask) == 0
    assert seen == [((1.0, (0.0, 1.0), 0.0, 1.0),), (module.OWN, 0.75), ((3.0, (0.5, 1.0), 1.0, 2.0),)]
    found = json.loads((tmp_path / "sampler.json").read_text())
    assert [one["sigma"] for one in found["begun"]] == [0.75], "asked once, from the drawn clip"
    rows = found["rows"]
    assert [row["guidance"] for row in rows] == [1.0, 3.0] and rows[0]["dimensions"]["all"]["n"] == 1


def test_what_cannot_be_done_is_one_line(module, tiny_folder, tmp_path, capsys):
    assert module.main(["--n", "0", "--weights", str(tiny_folder)]) == 2
    assert module.main(["--weights", str(tiny_folder), "--json", str(tmp_path / "none" / "a.json")]) == 2
    assert module.main(["--weights", str(tmp_path)]) == 2
    assert len(capsys.readouterr().out.strip().splitlines()) == 3


def test_the_sampler_s_own_knobs_are_the_best_of_those_recorded(module):
    rows = json.loads((RECORDED / "sampler.json").read_text())["rows"]
    assert [module.of(row) for row in rows] == list(module.ROWS)
    shares = []
    for row in rows:
        claims = np.array([(one["value"] * one["n"], one["n"]) for name, one in row["dimensions"].items() if not name.startswith("all")])
        shares.append(claims[:, 0].sum() / claims[:, 1].sum())
    assert shares[0] < shares[1] and shares[-1] == max(shares)


def test_training_at_high_noise_moved_what_is_lost_to_low_noise(module):
    before, now = (json.loads((RECORDED / f"{name}.json").read_text()) for name in ("sampler-before", "sampler"))
    lost = []
    for look in (before, now):
        assert [row["sigma"] for row in look["begun"]] == list(module.BEGUN) and module.of(look["rows"][-1]) == module.OWN
        begun, whole = look["begun"][0]["dimensions"]["all"]["value"], look["rows"][-1]["dimensions"]["all"]["value"]
        lost.append((begun - whole, 1 - begun))
    assert lost[1][0] < lost[0][0] and lost[1][1] > lost[0][1], "less above 0.5, more below"
    assert before["weights"] != now["weights"]


def test_chapter_5_tells_how_many_sentences_were_asked():
    text = (ROOT / "notebooks" / "source" / "05-text-conditioning.py").read_text()
    found = json.loads((RECORDED / "sampler.json").read_text())
    assert f"The bench asked {found['n']} held-out sentences six times" in text and len(found["rows"]) == 6
    assert f"weights before these {json.loads((RECORDED / 'sampler-before.json').read_text())['n']}." in text
