"""`minisora data build`: the same bytes from the same command, whole or not at all, and opened by plain `datasets`."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from minisora.cli import main
from minisora.errors import UserError
from minisora.video import Video
from minisora.world import dataset, splits
from minisora.world.dataset import Plan, build, card, make_row, row_frames
from minisora.world.scene import Scene

ROOT = Path(__file__).parent.parent.parent
TINY = Plan(clips=5, splits=("train", "heldout"), seed=3, seconds=1.0, sizes=((32, 32), (32, 48)))


def digests(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(autouse=True)
def small_files(monkeypatch):
    monkeypatch.setattr(dataset, "SHARD", 2)


@pytest.fixture
def built(tmp_path):
    return build(tmp_path / "set", TINY)


def test_the_same_plan_gives_the_same_bytes_whatever_the_workers(built, tmp_path):
    assert digests(build(tmp_path / "again", TINY, workers=2)) == digests(built)
    other = digests(build(tmp_path / "other", Plan(**{**vars(TINY), "seed": 4})))
    same = [name for name, digest in digests(built).items() if other[name] == digest]
    assert not same


def test_a_row_tells_the_truth():
    row = make_row(TINY, "train", 1)
    frames = row_frames(row)
    assert frames.shape == (row["frames"], 32, 48, 3) == (9, 32, 48, 3)
    assert Scene.from_json(row["scene"]).to_json() == row["scene"]
    assert len({row[f"caption_{style}"] for style in dataset.STYLES}) > 1
    assert row["seed"] != make_row(TINY, "heldout", 1)["seed"] != make_row(TINY, "train", 2)["seed"]


def test_the_splits_are_the_worlds():
    assert tuple(dataset.SPLITS) == splits.SPLITS


def test_the_mp4_shows_the_frames(tmp_path):
    row = make_row(Plan(), "train", 0)
    (tmp_path / "clip.mp4").write_bytes(row["mp4"])
    seen = Video.load(tmp_path / "clip.mp4")
    assert seen.fps == row["fps"] and np.abs(seen.frames.astype(int) - row_frames(row)).mean() < 8


def test_datasets_opens_it(built, tmp_path):
    from datasets import load_dataset

    opened = load_dataset(str(built), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in opened.items()} == {"train": 5, "heldout": 5}
    row = opened["train"][3]
    assert row == make_row(TINY, "train", 3)


def test_a_cut_off_build_goes_on_where_it_stopped(built, tmp_path, monkeypatch):
    folder, made = tmp_path / "cut", []

    def stops(plan, split, index):
        if len(made) == 6:
            raise KeyboardInterrupt
        made.append(index)
        return make_row(plan, split, index)

    monkeypatch.setattr(dataset, "make_row", stops)
    with pytest.raises(KeyboardInterrupt):
        build(folder, TINY)
    assert not (folder / dataset.CARD).exists()
    done = {path.name for path in (folder / "data").iterdir()}
    assert done == {f"train-0000{k}-of-00003.parquet" for k in range(3)}
    (folder / "data" / ".heldout-00000-of-00003.parquet.part").write_bytes(b"half")  # what a power cut leaves

    made.clear()
    build(folder, TINY)
    assert len(made) == 5  # what was finished is not made again
    assert digests(folder) == digests(built)


def test_a_killed_build_leaves_whole_files_only(tmp_path):
    import pyarrow.parquet as pq

    folder = tmp_path / "killed"
    code = "import sys; from minisora.world import dataset; dataset.SHARD = 4; sys.exit(dataset.main(sys.argv[1:]))"
    run = [sys.executable, "-c", code, "--out", str(folder), "--clips", "4000", "--workers", "1", "--size", "32x32", "--seconds", "1"]
    process = subprocess.Popen(run, cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and len(list(folder.glob("data/*.parquet"))) < 3:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    files = list(folder.glob("data/*.parquet"))
    assert 3 <= len(files) < 1000 and not (folder / dataset.CARD).exists()
    assert all(pq.read_table(file).num_rows == 4 for file in files)


def test_another_plan_or_a_full_folder_is_refused(built, tmp_path):
    with pytest.raises(UserError, match="another data set"):
        build(built, Plan(**{**vars(TINY), "clips": 6}))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(UserError, match="not empty"):
        build(tmp_path / "full", TINY)
    with pytest.raises(UserError, match="is a file"):
        build(tmp_path / "full" / "letter.txt", TINY)


@pytest.mark.parametrize(
    "options, said",
    [
        (["--clips", "0"], "--clips 0"), (["--splits", "train,tset"], "tset"), (["--splits", ","], "train"),
        (["--seconds", "61"], "--seconds 61"), (["--seconds", "nan"], "--seconds nan"), (["--size", "65x64"], "65x64"),
        (["--size", "64x64,big"], "big"), (["--size", "256x32"], "twice"),
        (["--workers", "0"], "--workers 0"), (["--quick"], "--help"), (["--out", "gone/set"], "no folder"),
    ],
)  # fmt: skip
def test_bad_requests(tmp_path, capsys, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "build", "--out", "set", *options]) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1 and os.listdir(tmp_path) == []


def test_the_command(tmp_path, capsys):
    out = tmp_path / "set"
    assert main(["data", "build", "--out", str(out), "--clips", "2", "--seconds", "0", "--size", "32x32", "--workers", "1"]) == 0
    assert str(out) in capsys.readouterr().out
    assert (out / dataset.CARD).read_text() == card(Plan(2, ("train",), 0, 0.0, ((32, 32),)))
    assert "--clips 2 --splits train --seed 0 --seconds 0 --size 32x32" in (out / dataset.CARD).read_text()


@pytest.mark.skipif(not (ROOT / "data" / "sample").exists(), reason="the sample is not made yet")
def test_the_sample_of_the_repository(tmp_path):
    from datasets import load_dataset

    folder = ROOT / "data" / "sample"
    rows = load_dataset(str(folder), cache_dir=str(tmp_path))
    assert sum(len(split) for split in rows.values()) == 64
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 3e6
    plan = json.loads((folder / dataset.PLAN).read_text())
    plan = Plan(**{**plan, "splits": tuple(plan["splits"]), "sizes": tuple(map(tuple, plan["sizes"]))})
    for split in plan.splits:  # the world of today draws them as they are
        made, kept = make_row(plan, split, 1), rows[split][1]
        assert {**made, "mp4": None} == {**kept, "mp4": None}
