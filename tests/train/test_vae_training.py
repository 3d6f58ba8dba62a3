"""`minisora train vae`: batches that depend on the step alone, an optimiser of two parts, runs that survive SIGKILL, two processes."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from minisora.errors import UserError
from minisora.train.clips import BUCKETS, Bucket, cached_clips
from minisora.train.common import CHECKPOINT, AtomicCheckpoints, sheet, to_uint8
from minisora.train.data import ClipBatches, to_video
from minisora.train.grow import grown
from minisora.train.vae import GAIN, export, first_clips, load_vae, main, measure_gain, measure_latents, psnr
from minisora.vae import SIZES, VideoVAE, fold, loss, unfold

TINY = ["--preset", "tiny", "--clips", "10", "--batch", "2", "--quiet", "--accelerator", "cpu", "--precision", "32-true", "--compile", "no"]
SMALL = (Bucket(5, 16, 16, 0.5), Bucket(1, 16, 24, 0.5))


def noise(bucket: Bucket, split: str, seed: int) -> np.ndarray:
    shape = (bucket.frames, bucket.height, bucket.width, 3)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> dict:
    return cached_clips(tmp_path_factory.mktemp("cache"), 20, buckets=SMALL, workers=1, draw=noise)


# -- growth --------------------------------------------------------------------------------------------------------------


def test_a_grown_network_computes_what_the_small_one_did_and_all_of_it_learns():
    torch.manual_seed(0)
    old = VideoVAE(SIZES["tiny"])
    for value in old.parameters():  # nothing is 0 by birth
        torch.nn.init.normal_(value, std=0.1)
    config = replace(SIZES["tiny"], fine=40, coarse=64, fine_blocks=2, coarse_blocks=3, hidden=3, read=128)
    new, video = grown(old, config), torch.rand(1, 3, 9, 32, 32) * 2 - 1
    mean = old.moments(video)[0]
    assert torch.allclose(new.moments(video)[0], mean, rtol=1e-3, atol=1e-4)
    assert torch.allclose(new.decode_raw(mean), old.decode_raw(mean), rtol=1e-3, atol=1e-4)
    before = {name: value.detach().clone() for name, value in new.named_parameters()}
    optimizer = torch.optim.Adam(new.parameters(), lr=1e-2)
    for _ in range(3):
        optimizer.zero_grad()
        output, mean, logvar = new(video)
        loss(output, video, mean, logvar).backward()
        optimizer.step()
    assert not [name for name, value in new.named_parameters() if torch.equal(value, before[name])]
    with pytest.raises(UserError, match="cannot become"):
        grown(new, SIZES["tiny"])


# -- clips ---------------------------------------------------------------------------------------------------------------


def test_clips_are_drawn_once_and_every_one_is_its_own_scene(tmp_path):
    drawn = []

    def watched(bucket, split, seed):
        drawn.append(seed)
        return noise(bucket, split, seed)

    first = cached_clips(tmp_path, 20, buckets=SMALL, workers=1, draw=watched)
    again = cached_clips(tmp_path, 20, buckets=SMALL, workers=1, draw=watched)
    assert len(drawn) == len(set(drawn)) == 20
    for bucket in SMALL:
        assert first[bucket].shape == (10, bucket.frames, bucket.height, bucket.width, 3)
        assert np.array_equal(first[bucket], again[bucket])


def test_a_build_that_is_cut_off_leaves_no_cache_and_the_next_one_is_whole(tmp_path):
    def broken(bucket, split, seed):
        if seed % 10 == 7:
            raise KeyboardInterrupt
        return noise(bucket, split, seed)

    with pytest.raises(KeyboardInterrupt):
        cached_clips(tmp_path, 20, buckets=SMALL, workers=1, draw=broken)
    assert all(path.name.startswith(".") for path in tmp_path.iterdir())
    whole = cached_clips(tmp_path, 20, buckets=SMALL, workers=1, draw=noise)
    assert np.array_equal(whole[SMALL[0]][7], noise(SMALL[0], "train", 7))
    assert len(list(tmp_path.iterdir())) == 1


def test_the_world_draws_every_size(tmp_path):
    for bucket, frames in cached_clips(tmp_path, 10).items():
        assert frames.shape[1:] == (bucket.frames, bucket.height, bucket.width, 3) and frames.std() > 10


# -- batches -------------------------------------------------------------------------------------------------------------


def test_a_batch_is_a_function_of_seed_and_step(clips):
    batches, again, other = ClipBatches(clips, 4, seed=1), ClipBatches(clips, 4, seed=1), ClipBatches(clips, 4, seed=2)
    assert all(torch.equal(batches[i], again[i]) for i in (5, 0, 3))
    assert any(batches[i].shape != other[i].shape or not torch.equal(batches[i], other[i]) for i in range(4))


def test_sizes_come_in_their_shares_and_weigh_the_same():
    big = {bucket: np.zeros((1, bucket.frames, bucket.height, bucket.width, 3), np.uint8) for bucket in BUCKETS}
    batches = ClipBatches(big, 8)
    shapes = [tuple(batches[i].shape) for i in range(400)]
    assert abs(shapes.count((8, 3, 17, 64, 64)) / 400 - 0.84) < 0.08
    assert {s[0] for s in shapes if s[2:] == (1, 64, 64)} == {40}
    assert {s[0] for s in shapes if s[2:] == (33, 64, 64)} == {4}


def test_processes_share_a_step_without_overlap(clips):
    both = ClipBatches(clips, 6, seed=3)
    a, b = (ClipBatches(clips, 3, seed=3, rank=rank, world=2) for rank in (0, 1))
    for step in range(4):
        if both[step].shape[0] == 6:
            assert torch.equal(torch.cat([a[step], b[step]]), both[step])
    assert a[0].shape == b[0].shape and not torch.equal(a[0], b[0])


def test_a_close_look_is_at_windows_of_the_same_weight_where_something_is_going_on():
    frames = np.full((3, 17, 64, 64, 3), 120, np.uint8)
    frames[:, :, 40:60, 4:20] = (230, 20, 20)  # somebody red, low on the left
    batches = ClipBatches({Bucket(17, 64, 64, 1.0): frames}, 2, close=1.0)
    seen = torch.cat([batches[i] for i in range(12)])                               # (96, 3, T, 32, 32)
    assert tuple(batches[0].shape) == (8, 3, 17, 32, 32)
    red = (seen[:, 0] - seen[:, 1] > 1).float().mean((1, 2, 3))
    assert (red > 0).float().mean() > 0.95, "windows at random would miss it in every second case"
    assert len(red.unique()) > 3, "and not always the same window"
    assert torch.equal(batches[5], ClipBatches(batches.clips, 2, close=1.0)[5])
    assert tuple(ClipBatches(batches.clips, 2)[0].shape) == (2, 3, 17, 64, 64)
    raw = ClipBatches(batches.clips, 2, close=1.0, raw=True)[5]
    assert raw.dtype == torch.uint8 and torch.equal(to_video(raw), batches[5])


def test_video_and_frames_are_each_others_inverse():
    frames = noise(SMALL[0], "train", 0)[None]
    assert np.array_equal(to_uint8(to_video(frames)), frames)


# -- what is measured, how it starts -----------------------------------------------------------------------------------


def test_statistics_make_latents_unit(clips):
    network = VideoVAE(SIZES["tiny"]).eval()
    measure_latents(network, clips, count=20)
    with torch.no_grad():
        latents = torch.cat([network.encode(to_video(frames)).movedim(1, -1).flatten(0, -2) for frames in clips.values()])
    torch.testing.assert_close(latents.mean(0), torch.zeros(8), atol=1e-4, rtol=0)
    torch.testing.assert_close(latents.std(0), torch.ones(8), atol=0.01, rtol=0)


def test_what_shows_more_in_the_picture_leaves_stronger(clips):
    torch.manual_seed(0)
    network, video = VideoVAE(SIZES["tiny"]).eval(), first_clips(clips, 16)
    network.start_linear(video, power=1.0)  # raw channels of deviation 1, the strongest last
    measure_latents(network, clips, count=20)
    measure_gain(network, video)
    gain, showing = network.latent_gain, network.line_out.weight.square().sum(0).sqrt() * network.latent_std
    torch.testing.assert_close(gain, (showing / showing.mean()) ** GAIN, atol=0.02, rtol=0.03)
    with torch.no_grad():
        latents = torch.cat([network.encode(to_video(frames)).movedim(1, -1).flatten(0, -2) for frames in clips.values()])
        torch.testing.assert_close(latents.std(0), gain, atol=0.02, rtol=0.02)
        torch.testing.assert_close(network.decode(network.encode(video)), network.decode_raw(network.moments(video)[0]), atol=1e-4, rtol=0)


def test_training_starts_as_the_best_linear_code(clips):
    torch.manual_seed(0)
    network, video = VideoVAE(SIZES["tiny"]).eval(), first_clips(clips, 16)
    network.start_linear(video)
    started = psnr(network.decode_raw(network.moments(video)[0]), video)
    blocks = fold(network._cells(video), 1, 2).flatten(0, -2)
    middle = blocks.mean(0)
    axes = torch.linalg.svd(blocks - middle, full_matrices=False)[2][: network.config.channels]
    best = ((blocks - middle) @ axes.T @ axes + middle).view(fold(network._cells(video), 1, 2).shape)
    best = unfold(unfold(best, 1, 2), 4, 4)[:, 3:]
    assert started.item() == pytest.approx(psnr(best.permute(0, 4, 1, 2, 3), video).item(), abs=0.02)


def test_too_few_clips_for_a_linear_code_are_refused():
    with pytest.raises(UserError, match="Give more clips"):
        VideoVAE(SIZES["tiny"]).start_linear(torch.zeros(1, 3, 1, 8, 8))


def test_psnr_and_sheet():
    video = torch.zeros(2, 3, 1, 8, 8)
    assert psnr(video + 0.2, video).item() == pytest.approx(20.0, abs=0.01)
    assert sheet([np.zeros((3, 8, 8, 3), np.uint8)] * 2).shape == (2 * 18, 2 * 28, 3)


# -- runs ----------------------------------------------------------------------------------------------------------------


def weights(folder: Path) -> dict:
    return load_file(folder / "vae-tiny" / "export" / "vae.safetensors")


def command(*more: str) -> list[str]:
    return [sys.executable, "-m", "minisora", "train", "vae", *TINY, *more]


def test_a_run_learns_draws_and_exports(tmp_path):
    assert main([*TINY, "--steps", "16", "--check-every", "8", "--runs", str(tmp_path)]) == 0
    run = tmp_path / "vae-tiny"
    assert len(list((run / "strips").glob("*.png"))) == 2 and (run / CHECKPOINT).exists()
    rows = [line.split(",") for line in (run / "csv" / "metrics.csv").read_text().splitlines()]
    scores = [float(row[rows[0].index("psnr")]) for row in rows[1:] if row[rows[0].index("psnr")]]
    assert len(scores) == 2 and scores[1] > scores[0]
    assert load_vae(run / "export").latent_std.min() > 0
    with pytest.raises(UserError, match="--resume"):
        main([*TINY, "--steps", "16", "--runs", str(tmp_path)])


def test_a_decoder_goes_on_alone_and_leaves_the_latents_as_they_were(tmp_path):
    torch.manual_seed(0)
    start = VideoVAE(SIZES["tiny"])
    start.latent_std.fill_(0.7)
    export(start, None, tmp_path / "start")
    main([*TINY, "--steps", "3", "--runs", str(tmp_path), "--init", str(tmp_path / "start"), "--decoder-only"])
    old, new = load_file(tmp_path / "start" / "vae.safetensors"), weights(tmp_path)
    changed = {name for name in old if not torch.equal(old[name], new[name])}
    assert changed == {name for name in old if name.startswith(("from_latent", "line_out", "decode_", "split", "read"))}


def test_killed_and_resumed_ends_in_the_same_weights(tmp_path):
    length = ["--steps", "24", "--save-every", "4"]
    main([*TINY, *length, "--runs", str(tmp_path / "whole")])
    os.symlink(tmp_path / "whole" / "cache", _made(tmp_path / "cut") / "cache")
    run = subprocess.Popen(command(*length, "--runs", str(tmp_path / "cut")), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    saved, end = tmp_path / "cut" / "vae-tiny" / CHECKPOINT, time.monotonic() + 300
    while not saved.exists() and run.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    step = torch.load(saved, weights_only=False)["global_step"]
    assert 0 < step < 24 and not (tmp_path / "cut" / "vae-tiny" / "export").exists()
    main([*TINY, *length, "--resume", "--runs", str(tmp_path / "cut")])
    whole, cut = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert whole.keys() == cut.keys() and all(torch.equal(whole[name], cut[name]) for name in whole)


def test_two_processes_over_gloo(tmp_path):
    more = ("--steps", "4", "--devices", "2", "--strategy", "ddp", "--runs", str(tmp_path))
    done = subprocess.run(command(*more), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    state = torch.load(tmp_path / "vae-tiny" / CHECKPOINT, weights_only=False)
    assert state["global_step"] == 4 and weights(tmp_path)["latent_std"].min() > 0


def test_a_checkpoint_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / CHECKPOINT
    AtomicCheckpoints().save_checkpoint({"step": 1}, path)
    monkeypatch.setattr(torch, "save", lambda what, file: file.write(b"half") and (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError):
        AtomicCheckpoints().save_checkpoint({"step": 2}, path)
    assert torch.load(path)["step"] == 1


def test_weights_that_cannot_grow_are_left_alone(tmp_path):
    export(VideoVAE(SIZES["tiny"]), None, tmp_path / "start")
    with pytest.raises(UserError, match="channels: 8 cannot become 4.*or a larger one"):
        main([*TINY, "--steps", "1", "--runs", str(tmp_path), "--init", str(tmp_path / "start"), "--channels", "4"])


@pytest.mark.parametrize("given, told", [
    (["--preset", "huge"], "Try small"),
    (["--steps", "0"], "--steps 0"),
    (["--resume"], "Start without --resume"),
    (["--init", "/nowhere"], "/nowhere"),
    (["--decoder-only"], "--init FOLDER"),
    (["--clips", "2", "--steps", "1"], "--clips 2"),
    (["--data", "/nowhere", "--steps", "1"], "minisora data build"),
])  # fmt: skip
def test_what_cannot_be_trained_is_said_in_one_line(given, told, tmp_path):
    with pytest.raises(UserError) as error:
        main([*TINY, "--runs", str(tmp_path), *given])
    assert told in str(error.value) and "\n" not in str(error.value)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
