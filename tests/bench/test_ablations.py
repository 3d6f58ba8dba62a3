"""benchmarks/ablations.py: every variant trained alike, judged alike, gone on with where it was cut off."""

import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import torch

from minisora.bench.suites import core
from minisora.errors import UserError
from minisora.train import batches


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
    assert one == three and set(one[module.FIRST]["found"]) == set(module.PARTS) - {"given"}


def test_a_guess_is_judged_by_how_far_it_is_from_what_is_there(module, tiny, tiny_folder, tmp_path):
    folder = tmp_path / "held-out"
    module.latents.build(folder, tiny_folder, 4, "heldout", 0, module.latents.BUCKETS[:1], 1)
    clean = torch.from_numpy(module.latents.load(folder)[0].latents).float()

    class Told(torch.nn.Module):  # a denoiser that always guesses `out`
        def __init__(self, out):
            super().__init__()
            self.out, self.config = out, SimpleNamespace(prediction="clean")

        def features(self, *_):
            return self.out, None

    for out, error in ((clean, 0.0), (clean + 0.5, 0.25)):
        sora = SimpleNamespace(dit=Told(out), text=tiny.text, tokenizer=tiny.tokenizer)
        found = module.guesses(sora, folder)
        assert set(found) == {f"{style} at {level:g}" for style in ("detailed", "short") for level in module.LEVELS}
        assert all(abs(cell["value"] - error) < 1e-5 and cell["n"] == 4 for cell in found.values())
    sora.dit.config.prediction = "velocity"
    assert module.guesses(sora, folder)["detailed at 0.9"]["value"] > 1


def test_an_unknown_variant(module, tiny_folder, tmp_path):
    with pytest.raises(UserError, match="no clip masked"):
        module.main(["--only", "nothing", "--vae", str(tiny_folder), "--runs", str(tmp_path)])
