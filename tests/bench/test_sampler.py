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
    own = dict(zip(module.KNOBS, module.OWN, strict=True))
    usual = module.lines.Makers(tiny, seed=7, steps=3).model(case)
    assert np.array_equal(module.Sampled(tiny, seed=7, steps=3, **own).model(case), usual)
    for knob in ({"eta": 0.0}, {"early": 1.0}, {"weak": None}, {"leap": 0.0}):
        assert not np.array_equal(module.Sampled(tiny, seed=7, steps=3, **{**own, **knob}).model(case), usual), knob


def test_goes_on_where_it_was(module, tiny_folder, tmp_path, monkeypatch):
    seen = []
    real = module.asked
    monkeypatch.setattr(module, "asked", lambda *args, **begun: seen.append((*args[3:], begun)) or real(*args, **begun))
    monkeypatch.setattr(module, "BEGUN", ((0.75, 2),))
    monkeypatch.setattr(module, "ROWS", ((1.0, (0.0, 1.0), 0.0, 1.0, None, 0.0),))
    ask = ["--n", "1", "--weights", str(tiny_folder), "--json", str(tmp_path / "sampler.json")]
    assert module.main(ask) == 0
    monkeypatch.setattr(module, "ROWS", ((1.0, (0.0, 1.0), 0.0, 1.0, None, 0.0), (3.0, (0.5, 1.0), 1.0, 2.0, 0, 0.4)))
    assert module.main(ask) == 0
    drowned = {"begun": 0.75, "steps": 2}
    assert seen == [((1.0, (0.0, 1.0), 0.0, 1.0, None, 0.0), {}), (module.PLAIN, drowned), ((3.0, (0.5, 1.0), 1.0, 2.0, 0, 0.4), {})]
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
        begun = {(row["sigma"], row["steps"]): row["dimensions"]["all"]["value"] for row in look["begun"]}
        assert look is before or list(begun) == list(module.BEGUN)
        whole = next(row for row in look["rows"] if module.of(row) == module.PLAIN)["dimensions"]["all"]["value"]
        lost.append((begun[0.5, 25] - whole, 1 - begun[0.5, 25]))
    assert lost[1][0] < lost[0][0] and lost[1][1] > lost[0][1], "less above 0.5, more below"
    assert before["weights"] != now["weights"]
    assert begun[0.5, 1] > begun[0.5, 25], "what is lost below 0.5 is lost on the way"


def test_chapter_5_tells_how_many_sentences_were_asked():
    text = (ROOT / "notebooks" / "source" / "05-text-conditioning.py").read_text()
    found = json.loads((RECORDED / "sampler.json").read_text())
    assert f"The bench asked {found['n']} held-out sentences eight times" in text and len(found["rows"]) == 8
    assert f"weights of two trainings ago {json.loads((RECORDED / 'sampler-before.json').read_text())['n']}." in text
