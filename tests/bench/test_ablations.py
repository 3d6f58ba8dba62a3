"""benchmarks/ablations.py: every variant trained alike, judged alike, gone on with where it was cut off."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from minisora.bench.suites import core
from minisora.errors import UserError
from minisora.train import batches

RECORDED = Path(__file__).parents[2] / "data" / "bench" / "ablations.json"


@pytest.fixture(scope="module")
def module(benchmark_file):
    return benchmark_file("ablations")


def test_a_variant_differs_in_one_thing(module):
    plain = module.Variant()
    for prediction in ("velocity", "clean"):
        made = module.variants(prediction)
        assert made[module.FIRST] == plain and f"predicts {prediction}" not in made
        for name, variant in made.items():
            assert name == module.FIRST or sum(map(bool, (variant.flags, variant.styles, variant.sampler))) == 1, name
            assert len(variant.flags) in (0, 2)


def test_captions_of_one_style_in_training_alone(module):
    usual = batches.STYLE_SHARES
    with module.told_in({"short": 1.0}):
        assert batches.draw_style(batches.np.random.default_rng(0)) == "short" and batches.STYLE_SHARES == {"short": 1.0}
    assert batches.STYLE_SHARES is usual
    with module.told_in({}):
        assert batches.STYLE_SHARES is usual


def test_the_same_scenes_told_otherwise(module):
    cases = core(6)
    short, detailed = module.told(cases, "short"), module.told(cases, "detailed")
    assert [case.scene for case in short] == [case.scene for case in detailed] == [case.scene for case in cases]
    assert sum(len(case.prompt) for case in short) < sum(len(case.prompt) for case in detailed)
    assert 0 < sum(len(case.claims) for case in short) < sum(len(case.claims) for case in detailed)


def test_variants_are_trained_judged_and_not_done_again(module, tiny_folder, tmp_path, monkeypatch):
    names = [module.FIRST, "short captions alone", "guidance at every sigma"]
    words = ["--preset", "tiny", "--steps", "2", "--clips", "10", "--batch", "2", "--n", "1", "--given", "1", "--sampler-steps", "1"]
    words += ["--quiet", "--vae", str(tiny_folder), "--runs", str(tmp_path / "runs"), "--out", str(tmp_path), "--only"]
    real, judged, runs, seen = module.training.main, module.judged, [], []

    def main(flags):
        runs.append((flags, batches.STYLE_SHARES))
        return real([*flags, "--accelerator", "cpu", "--precision", "32-true", "--compile", "no"])

    build = module.latents.build
    monkeypatch.setattr(module.latents, "build", lambda *args, **more: build(*args, **more) if len(args) > 6 else build(*args, workers=1))
    monkeypatch.setattr(module.training, "main", main)
    monkeypatch.setattr(module, "judged", lambda part, *more: seen.append(part) or judged(part, *more))
    assert module.main([*words, names[0]]) == 0 and seen == list(module.PARTS)
    assert module.main([*words, ",".join(names)]) == 0 and len(seen) == 3 * len(module.PARTS), "what is judged is kept"
    (tmp_path / "ablations.json").rename(tmp_path / "once.json")
    assert module.main([*words, ",".join(names)]) == 0 and len(seen) == 3 * len(module.PARTS)
    assert (tmp_path / "ablations.json").read_text() == (tmp_path / "once.json").read_text()
    assert [styles for _, styles in runs] == [batches.STYLE_SHARES, {"short": 1.0}], "one training each; the sampler's takes the first"
    report = json.loads((tmp_path / "ablations.json").read_text())
    assert list(report["variants"]) == names and report["about"]["steps"] == 2
    found = report["variants"][names[0]]["found"]
    assert set(found) == set(module.PARTS) and found["detailed"]["all"]["n"] == 1
    assert not {"given", "guess"} & set(report["variants"][names[2]]["found"])
    told = (tmp_path / "ablations.md").read_text()
    assert all(f"| {name} | " in told for name in names) and "trained for 2 steps" in told


def test_judges_beside_the_training_find_what_one_finds_alone(module, tiny_folder, tmp_path, monkeypatch):
    asked = []

    def judge(part, export, name, variant, args):
        asked.append((part, export.parent.name))
        if part == "guess":
            return {} if variant.sampler else {"detailed at 90": {"errors": [0.5, 1.0 + bool(variant.flags)]}}
        return {"all": {"value": 0.5, "low": 0.1, "high": 0.9, "n": 1}} if part != "given" else {}

    monkeypatch.setattr(module, "judge", judge)
    monkeypatch.setattr(module, "trained", lambda variant, args, data, folder: folder / "export")
    monkeypatch.setattr(module, "ProcessPoolExecutor", lambda count, **_: ThreadPoolExecutor(count))
    monkeypatch.setattr(module.latents, "build", lambda *args, **more: None)
    words = ["--n", "1", "--given", "1", "--vae", str(tiny_folder), "--runs", str(tmp_path / "runs")]
    for count, folder in ((0, tmp_path / "one"), (3, tmp_path / "three")):
        folder.mkdir()
        assert module.main([*words, "--out", str(folder), "--judges", str(count)]) == 0
    assert len(asked) == 2 * 5 * len(module.variants("velocity")) and len(set(asked)) == 5 * 8
    one, three = (json.loads((tmp_path / name / "ablations.json").read_text())["variants"] for name in ("one", "three"))
    changes = {name: result["found"].get("guess", {}).get("detailed at 90", {}).get("against the first") for name, result in one.items()}
    assert changes[module.FIRST]["value"] == 0 and changes["no world loss"]["value"] == 0.6667 and changes["no guidance"] is None
    assert one == three and set(one[module.FIRST]["found"]) == set(module.PARTS) - {"given"}


def test_errors_are_compared_clip_by_clip(module):
    first = [1.0, 2.0, 3.0]
    assert module.against(first, first) == {"value": 0.0, "low": 0.0, "high": 0.0, "n": 3}
    assert module.against([1.1, 2.1, 3.1], first) == {"value": 0.05, "low": 0.05, "high": 0.05, "n": 3}
    spread = module.against([1.0, 2.0, 3.6], first)
    assert spread["value"] == 0.1 and spread["low"] < 0 < spread["high"]


def test_an_unknown_variant(module, tiny_folder, tmp_path):
    with pytest.raises(UserError, match="no clip masked"):
        module.main(["--only", "nothing", "--vae", str(tiny_folder), "--runs", str(tmp_path)])


def test_the_card_tells_what_the_recorded_trainings_say(module):
    report = json.loads(RECORDED.read_text())
    found = {name: variant["found"] for name, variant in report["variants"].items()}
    first, change = found[module.FIRST], {name: parts["guess"]["detailed at 90"]["against the first"] for name, parts in found.items()}
    assert len(found) >= 7 and all(parts["detailed"]["place"]["n"] > 30 for parts in found.values())
    assert (
        change["no clip masked"]["high"] < 0 and found["no clip masked"]["given"]["fill away"]["low"] > first["given"]["fill away"]["high"]
    )
    assert (
        change["predicts velocity"]["low"] > 0
        and found["predicts velocity"]["detailed"]["colour"]["low"] > first["detailed"]["colour"]["high"]
    )
    assert change["no world loss"]["low"] > 0
    brief = found["detailed captions alone"]["guess"]["short at 90"]["against the first"]
    assert brief["low"] > 0 and found["detailed captions alone"]["detailed"]["place"]["low"] > first["detailed"]["place"]["value"]
