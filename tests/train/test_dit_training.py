"""`minisora train latents`, `text` and `dit`: labels that are true, batches that depend on the step alone, runs that can be cut off."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from minisora import flow
from minisora.dit import PRESETS, DiT
from minisora.errors import UserError
from minisora.frames import Mix
from minisora.text import NULL, SIZES, TextConfig, TextEncoder, Tokenizer
from minisora.train.batches import (
    SLIGHT,
    STYLE_SHARES,
    CheckBatches,
    LatentBatches,
    Resident,
    Told,
    chances,
    draw_style,
    finish,
    styles_of,
)
from minisora.train.common import CHECKPOINT
from minisora.train.dit import Denoiser, DiTTraining, export_checkpoint, load_dit, load_text, main, make_tokenizer, mix_of, often_of
from minisora.train.labels import COLOUR, OUTPUTS
from minisora.train.text import OF_A_COLOUR, OF_THE_SCENE, answers
from minisora.train.text import main as train_text
from minisora.world.scene import Event

TINY = ["--preset", "tiny", "--batch", "2", "--quiet", "--accelerator", "cpu", "--precision", "32-true", "--compile", "no"]


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


@pytest.fixture(scope="module")
def told(clips, tokenizer):
    return [Told(part.captions, tokenizer) for part in clips]


# -- batches -------------------------------------------------------------------------------------------------------------


def same(one, other):
    return all(torch.equal(one[key], other[key]) if isinstance(one[key], torch.Tensor) else one[key] == other[key] for key in one)


def test_a_batch_is_a_function_of_seed_step_and_rank(clips, told):
    batches, again = (LatentBatches(clips, told, 4, seed=1) for _ in range(2))
    assert all(same(batches[i], again[i]) for i in (5, 0, 3))
    assert not same(batches[5], batches[6])
    a, b = (LatentBatches(clips, told, 4, seed=1, rank=rank, world=2)[3] for rank in (0, 1))
    assert a["latents"].shape == b["latents"].shape and not torch.equal(a["noise"], b["noise"])


def test_a_bare_batch_filled_where_all_clips_are_is_the_batch_itself(clips, told):
    whole, bare = LatentBatches(clips, told, 4, seed=1), LatentBatches(clips, told, 4, seed=1, bare=True)
    resident = Resident(clips, torch.device("cpu"))
    for step in range(4):
        batch = bare[step]
        assert "latents" not in batch and all(not isinstance(batch[key], torch.Tensor) for key in ("seed", "which"))
        assert same(finish(resident.fill(batch)), whole[step])
    assert not Resident.fits(clips, torch.device("cpu"))


def test_levels_say_how_noisy_the_clips_are(clips, told):
    plain, noisy = (LatentBatches(clips, told, 256, seed=2, mix=Mix(1, 0, 0, 0, 0, 0, 0), levels=levels) for levels in ((0, 1), (1.5, 1)))
    one, other = (torch.cat([batches[i]["sigma"][:, 0] for i in range(4)]) for batches in (plain, noisy))
    assert (other > 0.9).float().mean() > 3 * (one > 0.9).float().mean() > 0


def test_batches_have_the_same_number_of_tokens_whatever_the_size(clips, told):
    batches = LatentBatches(clips, told, 8, seed=0)
    tokens = [batches[i]["latents"][:, 0].numel() // 4 for i in range(12)]
    assert min(tokens) > 0.7 * max(tokens) and len({batches[i]["latents"].shape for i in range(12)}) == 3


def test_what_is_known_has_no_noise(clips, told):
    for i in range(6):
        batch = LatentBatches(clips, told, 16, seed=2, slight=False)[i]
        assert torch.equal(batch["sigma"] == 0, batch["known"]) and not batch["known"].all(1).any()
        x = flow.add_noise(batch["latents"], batch["noise"], batch["sigma"]).movedim(2, 1)
        assert torch.equal(x[batch["known"]], batch["latents"].movedim(2, 1)[batch["known"]])


def test_in_some_clips_what_is_known_has_slight_noise_and_says_so(clips, told):
    batches = LatentBatches(clips, told, 256, seed=2)
    drawn = [(batches[i]["sigma"], batches[i]["known"]) for i in range(6)]
    levels = [level[mask] for sigma, known in drawn for level, mask in zip(sigma, known, strict=True) if mask.any()]
    assert all((level == level[0]).all() and 0 <= level[0] <= SLIGHT[1] for level in levels)
    assert abs(np.mean([float(level[0] > 0) for level in levels]) - SLIGHT[0]) < 0.1


def test_a_tenth_of_the_captions_is_dropped(clips, told):
    first = torch.cat([LatentBatches(clips, told, 64, seed=3)[i]["ids"][:, 0] for i in range(40)])
    assert abs((first == NULL).float().mean().item() - 0.1) < 0.03


def test_captions_come_in_all_styles_and_with_known_words(clips, told, tokenizer):
    random = np.random.default_rng(0)
    styles = [draw_style(random) for _ in range(200)]
    assert abs(styles.count("paraphrase") / 200 - STYLE_SHARES["paraphrase"]) < 0.1 and set(styles) == set(STYLE_SHARES)
    texts = {tokenizer.decode(told[0].draw(0, style, random)[0]) for style in styles}
    assert len(texts) > 4 and not any("[UNK]" in text for text in texts)


def test_detailed_captions_as_often_as_asked():
    assert styles_of(STYLE_SHARES["detailed"]) == STYLE_SHARES and set(styles_of(1.0).values()) == {0.0, 1.0}
    more = styles_of(0.65)
    assert abs(sum(more.values()) - 1) < 1e-9 and abs(more["short"] - STYLE_SHARES["short"] / 2) < 1e-9
    with pytest.raises(UserError, match="--detailed 2"):
        styles_of(2.0)
    assert {draw_style(np.random.default_rng(step), styles_of(1.0)) for step in range(9)} == {"detailed"}


def test_clips_with_a_word_are_drawn_more_often(clips, told):
    lines = [json.dumps([["short", [[text, 0]]]]) for text in ("a red ball spins", "a pinspin", "a box takes a bite of a cookie")]
    assert (chances(lines, {"spin": 3.0, "cookie": 2.0}) * 6).round(6).tolist() == [3, 1, 2]
    line = clips[0].captions.lines[1]
    word = next(word for word in line.split() if word.isalpha() and not any(f" {word}" in one for one in clips[0].captions.lines[:1]))
    often = {word: 1e6}
    meant = [index for index, one in enumerate(clips[0].captions.lines) if f" {word}" in one]
    batch = LatentBatches(clips[:1], told[:1], 64, often=often)[0]
    drawn = {tuple(row.flatten()[:8].tolist()) for row in batch["latents"]}
    assert drawn <= {tuple(torch.from_numpy(clips[0].latents[index]).float().flatten()[:8].tolist()) for index in meant}
    assert often_of(["spin=3", "cookie=2.5"]) == {"spin": 3.0, "cookie": 2.5} and often_of([]) == {}
    for wrong in ("spin", "spin=x", "=3", "spin=0", "spin=-1"):
        with pytest.raises(UserError, match="--often"):
            often_of([wrong])


def test_held_out_batches_never_change(clips, told):
    one, other = (CheckBatches(clips[0], told[0], 4) for _ in range(2))
    assert len(one) == 3 and all(same(one[i], other[i]) for i in range(3))
    assert one[0]["sigma"][:, 0].tolist() == [0.125, 0.375, 0.625, 0.875] and not one[0]["known"].any()


def test_the_share_of_unmasked_clips():
    assert mix_of(Mix().none) == Mix() and mix_of(1.0).first == 0
    with pytest.raises(UserError, match="from 0.5 to 1"):
        mix_of(0.3)


# -- what is asked of captions -------------------------------------------------------------------------------------------


def test_the_script_answers_every_question(scene):
    of_colour, of_scene = answers(scene(Event("slide", 0.0, 1.0, "left", speed=0.25), Event("spin", 1.0, 2.0)))
    pink = dict(zip(OF_A_COLOUR, of_colour[COLOUR.index("pink") - 1].tolist(), strict=True))
    options = {name: ("", *choices) for name, choices in OF_A_COLOUR.items()}
    assert {name: options[name][index] for name, index in pink.items()} == {
        "kind": "heart", "size": "large", "count": 1, "first": "slide", "direction": "left", "whom": "", "second": "spin",
        "becomes": "", "relation": "", "to": "",
    }  # fmt: skip
    assert of_colour.any(1).sum() == 1, "no other colour is there"
    assert [("", *choices)[i] for choices, i in zip(OF_THE_SCENE.values(), of_scene, strict=True)] == ["snow", "flat", "still", ""]


# -- learning ------------------------------------------------------------------------------------------------------------


def network(tokenizer, **changes):
    torch.manual_seed(0)
    text = TextEncoder(TextConfig(len(tokenizer), **SIZES["tiny"]))
    return Denoiser(DiT(replace(PRESETS["tiny"], channels=8, labels=OUTPUTS, **changes)), text)


@pytest.mark.parametrize("prediction", flow.PREDICTIONS)
def test_the_loss_falls_and_every_weight_is_used(clips, told, tokenizer, prediction):
    module = DiTTraining(network(tokenizer, prediction=prediction), tokenizer, muon=0.02)
    module.log = lambda *args, **options: None
    optimizer, batch, costs = module.configure_optimizers(), LatentBatches(clips, told, 16, seed=0)[1], []
    for _ in range(25):
        cost = module.training_step(batch, 0)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        costs.append(cost.item())
    assert costs[-1] < 0.85 * costs[0]
    unused = [name for name, value in module.network.named_parameters() if value.grad is None or not value.grad.any()]
    assert unused == []


def test_what_moves_counts_more_in_training_alone(clips, told, tokenizer):
    batch = next(one for one in LatentBatches(clips, told, 16, seed=0) if one["latents"].shape[2] > 1)  # no pictures
    plain, moving = (DiTTraining(network(tokenizer), tokenizer, moving=weight) for weight in (0.0, 5.0))
    one, other = (module.train().cost(batch)[0] for module in (plain, moving))
    assert (other >= one).all() and (other > 1.1 * one).any()
    torch.testing.assert_close(*(module.eval().cost(batch)[0] for module in (plain, moving)))


def weights(runs):
    return {**load_file(runs / "dit-tiny" / "export" / "dit.safetensors"), **load_file(runs / "dit-tiny" / "export" / "text.safetensors")}


def test_a_run_draws_exports_and_can_be_the_start_of_another(folder, vae, tmp_path):
    language = tmp_path / "language"
    assert train_text([*TINY, "--steps", "3", "--check-every", "3", "--runs", str(tmp_path), "--export", str(language)]) == 0
    given = [*TINY, "--vae", str(vae), "--data", str(folder), "--steps", "8", "--check-every", "8", "--init", str(language)]
    assert main([*given, "--runs", str(tmp_path)]) == 0
    run = tmp_path / "dit-tiny"
    assert len(list((run / "strips").glob("*.png"))) == 1
    dit, text = load_dit(run / "export"), load_text(run / "export")
    assert dit.world is None and len(Tokenizer.load(run / "export")) == text.config.words
    export_checkpoint(run / CHECKPOINT, tmp_path / "peek")
    for key, value in load_dit(tmp_path / "peek").state_dict().items():
        torch.testing.assert_close(value, dit.state_dict()[key])
    given = [*TINY, "--vae", str(vae), "--data", str(folder), "--steps", "1", "--init", str(run / "export")]
    assert main([*given, "--runs", str(tmp_path / "second")]) == 0


def test_batches_made_ahead_in_another_process_are_the_same(folder, vae, tmp_path):
    given = [*TINY, "--vae", str(vae), "--data", str(folder), "--steps", "3"]
    for loaders in ("0", "1"):
        (tmp_path / loaders).mkdir()
        main([*given, "--runs", str(tmp_path / loaders), "--loaders", loaders])
        told = json.loads((tmp_path / loaders / "dit-tiny" / "command.json").read_text())
        assert told["device"] == "cpu" and told["torch"] == torch.__version__
    one, other = weights(tmp_path / "0"), weights(tmp_path / "1")
    assert all(torch.equal(value, other[key]) for key, value in one.items())
    with pytest.raises(UserError, match="a number of processes"):
        main([*given, "--loaders", "-1"])


def test_killed_and_resumed_ends_in_the_same_weights(folder, vae, tmp_path):
    given = [*TINY, "--vae", str(vae), "--data", str(folder), "--steps", "24", "--save-every", "4"]
    main([*given, "--runs", str(tmp_path / "whole")])
    (tmp_path / "cut").mkdir()
    os.symlink(tmp_path / "whole" / "cache", tmp_path / "cut" / "cache")
    command = [sys.executable, "-m", "minisora", "train", "dit", *given, "--runs", str(tmp_path / "cut")]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    saved, end = tmp_path / "cut" / "dit-tiny" / CHECKPOINT, time.monotonic() + 240
    while not saved.exists() and run.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert 0 < torch.load(saved, weights_only=False)["global_step"] < 24 and not (tmp_path / "cut" / "dit-tiny" / "export").exists()
    main([*given, "--resume", "--runs", str(tmp_path / "cut")])
    whole, cut = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert whole.keys() == cut.keys() and all(torch.equal(whole[name], cut[name]) for name in whole)


@pytest.mark.parametrize("given, told", [
    (["--preset", "huge"], "Try small"),
    (["--unmasked", "0.2"], "--unmasked 0.2"),
    (["--level-std", "0"], "--level-std 0"),
    (["--resume"], "Start without --resume"),
    (["--vae", "/nowhere"], "/nowhere"),
    (["--init", "/nowhere"], "/nowhere"),
    (["--data", "/nowhere", "--steps", "1"], "minisora data build"),
    (["--prediction", "x0"], "--help"),
])  # fmt: skip
def test_what_cannot_be_trained_is_said_in_one_line(given, told, vae, tmp_path):
    with pytest.raises(UserError) as error:
        main([*TINY, "--vae", str(vae), "--runs", str(tmp_path), *given])
    assert told in str(error.value) and "\n" not in str(error.value)
