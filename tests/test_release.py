"""The tool that puts the shipped weights together: what it makes of a run's logs."""

import copy
import json
import shutil
from dataclasses import asdict

import regain
import release
import torch

from minisora.dit import DiT, DiTConfig
from minisora.train.common import keep_log
from minisora.train.vae import load_vae
from minisora.vae import SIZES, VideoVAE
from minisora.weights import save_part


def write(folder, *rows):
    (folder / "csv").mkdir(exist_ok=True)
    (folder / "csv" / "metrics.csv").write_text("\n".join(["loss,psnr,step", *rows]) + "\n")


def test_the_log_of_a_run_that_was_cut_off_twice_is_whole_and_tells_no_step_twice(tmp_path):
    write(tmp_path, "0.9,,19", "0.8,,39", ",20.5,39", "0.7,,59")
    keep_log(tmp_path)
    write(tmp_path, "0.6,,59", "0.5,,79")  # from the checkpoint of step 40
    keep_log(tmp_path)
    write(tmp_path, "0.4,,99")
    rows = release.log_of(tmp_path)
    assert [row["step"] for row in rows] == [19, 39, 39, 59, 79, 99]
    assert [row["loss"] for row in rows if "loss" in row] == [0.9, 0.8, 0.6, 0.5, 0.4] and rows[2]["psnr"] == 20.5


def test_a_first_run_has_no_log_to_keep(tmp_path):
    keep_log(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_run_that_went_on_keeps_the_log_before_its_own_and_others_stay(tmp_path):
    logs, run = tmp_path / "logs", tmp_path / "dit-small"
    run.mkdir()
    write(run, "0.9,,19", "0.8,20.5,39")
    release.keep_logs({"dit": run}, logs, after=["dit"])
    first = json.loads((logs / "runs.json").read_text())
    assert first["dit"]["steps"] == 40 and "before" not in first["dit"]
    write(run, "0.7,21.5,19")
    release.keep_logs({"dit": run, "vae": tmp_path / "nothing"}, logs, after=["dit"])
    then = json.loads((logs / "runs.json").read_text())
    assert then["dit"]["steps"] == 60 and then["dit"]["before"] == [first["dit"]] and list(then) == ["dit"]
    assert [(row["step"], row["loss"]) for row in release.read(logs / "dit.csv")] == [(19, 0.9), (39, 0.8), (59, 0.7)]
    release.keep_logs({"dit": run}, logs)
    assert json.loads((logs / "runs.json").read_text())["dit"]["steps"] == 20


def test_a_denoiser_that_began_anew_takes_the_earlier_text_encoders_log_away(tmp_path):
    logs, text, dit = tmp_path / "logs", tmp_path / "text-small", tmp_path / "dit-base"
    for run in (text, dit):
        run.mkdir()
        write(run, "0.9,,19")
    release.keep_logs({"text": text}, logs)
    (dit / "command.json").write_text(json.dumps({"init": "weights", "torch": "2.11.0+cu130", "device": "NVIDIA H200"}))
    release.keep_logs({"dit": dit}, logs)
    there = json.loads((logs / "runs.json").read_text())
    assert set(there) == {"text", "dit"} and (there["dit"]["torch"], there["dit"]["device"]) == ("2.11.0", "NVIDIA H200")
    (dit / "command.json").write_text(json.dumps({"init": "None"}))
    release.keep_logs({"dit": dit}, logs)
    assert set(json.loads((logs / "runs.json").read_text())) == {"dit"} and not (logs / "text.csv").exists()


def test_a_decoder_that_went_on_alone_is_the_one_that_is_shipped_and_its_log_comes_last(tiny, tiny_folder, tmp_path, monkeypatch):
    runs, out = tmp_path / "runs", tmp_path / "out"
    last, dit = runs / "decoder" / "vae-tiny", runs / "dit-tiny"
    for run in (runs / "vae-tiny", last, dit):
        run.mkdir(parents=True)
        write(run, "0.9,,19", "0.8,30.5,39")
    shutil.copytree(tiny_folder, dit / "export")
    decoded = copy.deepcopy(tiny.vae)
    torch.nn.init.constant_(decoded.line_out.bias, 0.5)
    (runs / "plan.json").write_text('{"clips": 7}')
    save_part(last / "export", "vae", decoded, asdict(decoded.config))
    monkeypatch.setattr("sys.argv", ["release.py", str(runs), "--out", str(out)])
    release.main()
    assert load_vae(out).line_out.bias.eq(0.5).all()
    told = json.loads((out / "logs" / "runs.json").read_text())
    assert told["vae"]["steps"] == 80 and told["vae"]["before"][0]["steps"] == 40 and told["dit"]["steps"] == 40
    assert json.loads((out / "logs" / "plan.json").read_text()) == {"clips": 7}, "which clips the denoiser saw"


def test_latents_of_another_strength_show_the_same_and_the_denoiser_follows():
    torch.manual_seed(0)
    vae = VideoVAE(SIZES["tiny"]).eval()
    channels = vae.config.channels
    shows = torch.linspace(0.2, 4, channels)
    vae.latent_gain.copy_((shows / shows.mean()) ** 0.5)
    dit = DiT(DiTConfig(width=32, depth=1, heads=2, hidden=32, text_width=16, channels=channels, prediction="clean"))
    torch.nn.init.normal_(dit.out.weight)
    tokens, video = torch.randn(3, dit.config.width), torch.rand(1, 3, 5, 16, 16) * 2 - 1
    with torch.no_grad():
        latents, seen = vae.encode(video), vae.decode(vae.encode(video))
        clean = dit.out(tokens)
        regain.regain(vae, dit, 0.5, 0.75)
        torch.testing.assert_close(vae.latent_gain, (shows / shows.mean()) ** 0.75)
        torch.testing.assert_close(vae.decode(vae.encode(video)), seen, atol=1e-4, rtol=1e-4)
        ratio = (vae.encode(video) / latents).mean((0, 2, 3, 4))                        # (c,)
        grown = (dit.out(tokens) / clean).mean(0)                                       # (4c,), in the order of a token's voxels
    assert torch.allclose(grown.sort().values, ratio.repeat_interleave(4).sort().values, atol=1e-3)
    assert torch.allclose(by_channel(grown, channels), ratio, atol=1e-3)


def by_channel(grown, channels):
    """The change of each channel, through unpatchify: all four voxels of a channel changed alike."""
    from minisora.patches import Grid, unpatchify

    back = unpatchify(grown.view(1, 1, -1), Grid(1, 1, 1), (1, 2, 2))                   # (1, c, 1, 2, 2)
    assert torch.allclose(back, back.mean((3, 4), keepdim=True).expand_as(back))
    return back.mean((0, 2, 3, 4))
