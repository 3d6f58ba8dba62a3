"""`minisora train latents`: every size, cut off and gone on with, drawn first and coded later, of a data set."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from minisora.errors import UserError
from minisora.train import latents
from minisora.train.labels import KIND
from minisora.train.shards import STYLES
from minisora.vae import SIZES, VideoVAE
from minisora.weights import save_part
from minisora.world.scene import Event


def test_a_folder_of_latents_holds_every_size(clips):
    assert [part.latents.shape for part in clips] == [(12, 8, 2, 4, 4), (6, 8, 3, 4, 6), (6, 8, 1, 4, 4)]
    for part in clips:
        n, _, t, h, w = part.latents.shape
        assert part.labels.shape == (n, t, h // 2, w // 2, 7) and part.shots.shape == (n, t) and len(part.captions) == n
        assert (part.labels[..., 0] > 0).any((1, 2, 3)).all(), "somebody is in every clip"
    assert {style for style, _ in clips[0].captions[0]} == set(STYLES)


def test_a_build_that_was_cut_off_goes_on(folder, vae, tmp_path, monkeypatch, small):
    real, made = latents.make_shard, []

    def cut(job, vae):
        if len(made) == 1:
            raise KeyboardInterrupt
        made.append(job[0].name)
        return real(job, vae)

    monkeypatch.setattr(latents, "make_shard", cut)
    with pytest.raises(KeyboardInterrupt):
        latents.build(tmp_path, vae, 24, buckets=small, workers=1)
    with pytest.raises(UserError, match="no finished folder of latents"):
        latents.load(tmp_path)
    monkeypatch.setattr(latents, "make_shard", lambda job, vae: made.append(job[0].name) or real(job, vae))
    latents.build(tmp_path, vae, 24, buckets=small, workers=1)
    assert len(made) == len(set(made)) == 3
    for one, other in zip(latents.load(folder), latents.load(tmp_path), strict=True):
        assert np.array_equal(one.latents, other.latents) and one.captions == other.captions


def test_drawn_first_and_coded_later_is_the_same(folder, vae, tmp_path, monkeypatch, capsys, small):
    monkeypatch.setattr(latents, "BUCKETS", small)
    monkeypatch.setattr(latents, "SHARD", 4)  # so that a drawing that is cut off has some shards
    source, real, made = tmp_path / "drawn", latents.draw_shard, []

    def cut(job):
        if len(made) == 4:
            raise KeyboardInterrupt
        made.append(job[0].name)
        return real(job)

    with pytest.raises(UserError, match="no clips were drawn here"):
        latents.main(["--drawn", str(source), "--vae", str(vae), "--runs", str(tmp_path)])
    monkeypatch.setattr(latents, "draw_shard", cut)
    with pytest.raises(KeyboardInterrupt):
        latents.main(["--draw", str(source), "--clips", "24", "--workers", "1", "--quiet"])
    assert {name.split("-")[0] for name in made} == {bucket.name for bucket in small}, "some of each size"
    monkeypatch.setattr(latents, "draw_shard", real)
    latents.main(["--draw", str(source), "--clips", "24", "--workers", "1", "--quiet"])
    assert latents.main(["--drawn", str(source), "--vae", str(vae), "--runs", str(tmp_path)]) == 0
    coded = capsys.readouterr().out.splitlines()[-1]
    for one, other in zip(latents.load(folder), latents.load(Path(coded)), strict=True):
        np.testing.assert_allclose(one.latents.astype(float), other.latents.astype(float), atol=0.02)  # other sizes of products
        assert one.captions == other.captions and np.array_equal(one.labels, other.labels)
    with pytest.raises(UserError, match="other clips were drawn here"):
        latents.main(["--draw", str(source), "--clips", "24", "--seed", "1", "--workers", "1", "--quiet"])
    with pytest.raises(UserError, match="which autoencoder"):
        latents.main(["--clips", "24"])


def test_another_autoencoder_has_another_folder(vae, tmp_path):
    one = latents.folder_for(tmp_path, vae, 100, "train", 0)
    torch.manual_seed(1)
    network = VideoVAE(SIZES["tiny"])
    save_part(tmp_path, "vae", network, asdict(network.config))
    assert one.parent == tmp_path and latents.folder_for(tmp_path, tmp_path, 100, "train", 0) != one
    with pytest.raises(UserError, match="there is no autoencoder here"):
        latents.folder_for(tmp_path, tmp_path / "none", 100, "train", 0)


def test_latents_of_a_data_set_are_those_of_its_scenes(vae, tmp_path, clips, scene):
    rows = [scene(Event("stay", 0.0, 0.5), x=x, seconds=0.5).to_json() for x in (-0.2, 0.0, 0.2)]
    data = tmp_path / "data"
    data.mkdir()
    lines = [json.dumps({"scene": row, "frames": 5, "height": 32, "width": 32, "mp4": ""}) for row in rows]
    (data / "train.jsonl").write_text("\n".join(lines))
    latents.build(tmp_path / "latents", vae, 0, workers=1, data=data)
    (part,) = latents.load(tmp_path / "latents")
    assert part.latents.shape == (3, 8, 2, 4, 4) and (part.labels[:, 0, 1, :, 0] == KIND.index("heart")).any(1).all()
    assert not np.array_equal(part.latents[0], part.latents[2])
    with pytest.raises(UserError, match="no data set to train on"):
        latents.build(tmp_path / "other", vae, 0, workers=1, data=tmp_path / "latents")
