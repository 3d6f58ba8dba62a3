"""benchmarks/framing.py: the same clips whole and as square crops, and whom the frame's edge cuts."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from minisora.bench.measure import hashes
from minisora.bench.report import write
from minisora.errors import UserError

RECORDED = Path(__file__).parents[2] / "data" / "bench" / "framing.json"


@pytest.fixture(scope="module")
def module(benchmark_file):
    return benchmark_file("framing")


def test_a_crop_is_the_middle_of_latents_and_labels_alike(module):
    for tall, wide in ((8, 12), (12, 8)):
        latents = np.random.default_rng(0).random((2, 3, 5, tall, wide), np.float32)
        labels = latents[:, :1].transpose(0, 2, 3, 4, 1)[:, :, ::2, ::2]  # (n, t, h/2, w/2, 1): of each token's corner
        cropped, told = module.crop(latents, labels)
        assert cropped.shape == (2, 3, 5, 8, 8) and told.shape == (2, 5, 4, 4, 1)
        assert np.array_equal(cropped[:, 0, :, ::2, ::2], told[..., 0]), "a label stays with its token"
        assert np.array_equal(cropped, latents[:, :, :, 2:10] if tall > wide else latents[..., 2:10])


@pytest.mark.parametrize("seconds", [0.0, 2.0])
def test_cropped_latents_are_a_folder_to_train_on(module, tiny_folder, tmp_path, seconds):
    module.latents.build(tmp_path / "whole", tiny_folder, 4, "train", 0, module.buckets(seconds, "wide", "tall"), 1)
    module.crop_all(tmp_path / "whole", tmp_path / "crops", seconds)
    whole, (crops,) = module.latents.load(tmp_path / "whole"), module.latents.load(tmp_path / "crops")
    assert crops.latents.shape[2:] == (1 + round(2 * seconds), 8, 8)
    assert len(crops.latents) == sum(len(part.latents) for part in whole) == len(crops.captions)
    wide = next(part for part in whole if part.bucket.width > part.bucket.height)
    tall = next(part for part in whole if part.bucket.width < part.bucket.height)
    assert np.array_equal(crops.latents, np.concatenate([wide.latents[..., 2:10], tall.latents[:, :, :, 2:10]]))
    assert list(crops.captions) == [*wide.captions, *tall.captions]


def test_whom_the_edge_cuts(module):
    drawn = [module.cut(case.truth()) for case in module.cases(3, "square", 0)]
    assert sum(map(len, drawn)) == 6 and not any(map(any, drawn))
    video = module.cases(1, "square", 0)[0].truth()
    column = round(32 + 64 * module.parse(video).people[0].track.blobs[0].x)
    half = np.pad(video[:, :, column:], ((0, 0), (0, 0), (0, column), (0, 0)), "edge")
    assert module.cut(half) == [True], "who is cut through its middle touches the edge"


def test_two_models_are_trained_and_asked_and_not_again(module, tiny_folder, tmp_path, monkeypatch):
    words = ["--preset", "tiny", "--steps", "2", "--clips", "4", "--batch", "2", "--n", "1", "--quiet", "--init", str(tiny_folder)]
    words += ["--runs", str(tmp_path / "runs"), "--out", str(tmp_path)]
    real, draw, runs = module.training.main, module.latents.draw, []

    def main(flags):
        runs.append(Path(flags[flags.index("--data") + 1]).name)
        assert "--init" not in flags, "from the start"
        return real([*flags, "--accelerator", "cpu", "--precision", "32-true"])

    monkeypatch.setattr(module.latents, "draw", lambda *args, **more: draw(*args, **more, workers=1))
    monkeypatch.setattr(module.training, "main", main)
    assert module.main([*words, "--train", module.CUT]) == 0
    assert len(runs) == 1 and runs[0].endswith("-crops") and not (tmp_path / "framing.json").exists()
    assert module.main(words) == 0
    assert len(runs) == 2 and runs[1] == runs[0].removesuffix("-crops")
    report = json.loads((tmp_path / "framing.json").read_text())
    whole = {"wide", "tall", "square"}
    assert {name: set(row) for name, row in report["rows"].items()} == {
        "drawn": {"wide", "tall"}, "crops of the drawn": {"wide", "tall"}, "these weights": whole, "all of it": whole,
        "square crops": {"square"},
    }  # fmt: skip
    assert (tmp_path / "framing.png").stat().st_size > 1000
    (tmp_path / "framing.json").unlink()
    assert module.main(words) == 0 and len(runs) == 2
    assert json.loads((tmp_path / "framing.json").read_text()) == report
    newer = tmp_path / "newer"  # the same autoencoder, another denoiser
    shutil.copytree(tiny_folder, newer)
    file = newer / "dit.safetensors"
    save_file({name: weight * 1.01 for name, weight in load_file(file).items()}, file)
    assert module.main([*words, "--again", "--init", str(newer)]) == 0 and len(runs) == 2
    found = json.loads((tmp_path / "framing.json").read_text())
    assert found["weights"] == hashes(newer) != report["weights"]
    assert all(found["rows"][name] == report["rows"][name] for name in report["rows"] if name != module.RELEASE)
    write(tmp_path / "framing.json", {**report, "weights": {**report["weights"], "vae.safetensors": "another"}})
    with pytest.raises(UserError, match="Leave out --again to train"):
        module.main([*words, "--again"])
    (tmp_path / "framing.json").unlink()
    with pytest.raises(UserError, match="no record"):
        module.main([*words, "--again"])


def test_what_cannot_be_asked(module, tmp_path):
    with pytest.raises(UserError, match="--n 0"):
        module.main(["--n", "0", "--out", str(tmp_path)])
    with pytest.raises(UserError, match="half seconds"):
        module.main(["--seconds", "0.3", "--out", str(tmp_path)])
    with pytest.raises(UserError, match="nowhere"):
        module.main(["--out", str(tmp_path / "nowhere")])


def test_who_saw_crops_cuts_more(module):
    report = json.loads(RECORDED.read_text())
    rows, crops = report["rows"], report["rows"][module.CUT]["square"]["cut"]
    assert all(found["cut"]["high"] < crops["low"] for found in rows[module.WHOLE].values())
    assert rows[module.DRAWN]["wide"]["cut"]["value"] < 0.05 < 0.3 < rows[module.CROPS]["wide"]["cut"]["value"]
