"""Weights on disk: there and back, in small files, and one line for each way in which a folder can be wrong."""

import json
import shutil

import pytest
import torch
from torch import nn

from minisora import MiniSora, UserError
from minisora.weights import load_part, part_files, save_part


@pytest.fixture
def folder(tiny_folder, tmp_path):
    """A copy that may be damaged."""
    return shutil.copytree(tiny_folder, tmp_path / "weights")


def refused(folder, *words):
    with pytest.raises(UserError) as told:
        MiniSora.from_pretrained(folder)
    line = str(told.value)
    assert "\n" not in line and all(word in line for word in words), line


def test_there_and_back(tiny, tiny_folder):
    back = MiniSora.from_pretrained(tiny_folder)
    assert not back.training
    for (name, value), other in zip(tiny.state_dict().items(), back.state_dict().values(), strict=True):
        rounded = value if value.ndim < 2 else value.half().float()
        torch.testing.assert_close(other, rounded, rtol=0, atol=0, msg=name)
    assert back.tokenizer.words == tiny.tokenizer.words


def test_saving_what_was_loaded_changes_nothing(tiny_folder, tmp_path):
    MiniSora.from_pretrained(tiny_folder).save_pretrained(tmp_path / "again")
    for file in tiny_folder.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name


def test_large_parts_are_cut_into_files_of_16_mb(tmp_path):
    wide = nn.Sequential(*(nn.Linear(2048, 2048) for _ in range(5)))  # 8.4 MB a layer in half precision
    save_part(tmp_path, "wide", wide, {"layers": 5})
    sizes = [file.stat().st_size for file in part_files(tmp_path, "wide") if file.suffix == ".safetensors"]
    assert len(sizes) > 1 and max(sizes) <= 16 * 2**20
    back = load_part(tmp_path, "wide", lambda config: nn.Sequential(*(nn.Linear(2048, 2048) for _ in range(config["layers"]))))
    torch.testing.assert_close(back[4].weight, wide[4].weight.half().float(), rtol=0, atol=0)

    save_part(tmp_path, "wide", nn.Linear(2, 2), {"layers": 1})  # a smaller one leaves none of the old files behind
    assert [file.name for file in part_files(tmp_path, "wide")] == ["wide.safetensors"]


def test_numbers_beyond_half_precision_are_kept(tmp_path):
    layer = nn.Linear(2, 2)
    nn.init.constant_(layer.weight, 1e5)
    save_part(tmp_path, "layer", layer, {})
    assert (load_part(tmp_path, "layer", lambda config: nn.Linear(2, 2)).weight == 1e5).all()


def test_a_folder_that_is_not_there(tmp_path):
    refused(tmp_path / "gone", "no such folder")
    refused(tmp_path, "config.json is missing")


def test_a_file_instead_of_a_folder(folder):
    refused(folder / "vae.safetensors", "is a file", "folder")


@pytest.mark.parametrize("part", ["vae", "dit", "text"])
def test_a_missing_file(folder, part):
    (folder / f"{part}.safetensors").unlink()
    refused(folder, f"{part}.safetensors", "missing")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_truncated_file(folder, share):
    file = folder / "dit.safetensors"
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    refused(folder, "dit.safetensors", "cut off or damaged")


@pytest.mark.parametrize(
    "part, key, value, said",
    [("vae", "fine", 64, "shape"), ("dit", "depth", 3, "missing"), ("dit", "depth", 1, "too many"), ("dit", "colour", 1, "config.json")],
)
def test_weights_of_another_network(folder, part, key, value, said):
    config = json.loads((folder / "config.json").read_text())
    config[part][key] = value
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, part, said)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}"])
def test_a_damaged_config(folder, text):
    (folder / "config.json").write_text(text)
    refused(folder, "config.json")


def test_a_hub_id_that_cannot_be_reached():
    refused("nobody/no-such-model", "nobody/no-such-model")


def test_a_missing_tokenizer(folder):
    (folder / "tokenizer.json").unlink()
    refused(folder, "tokenizer")
