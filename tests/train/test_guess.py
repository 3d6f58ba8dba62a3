"""minisora/train/guess.py: how far a guess at held-out clips in noise is from what is there."""

from dataclasses import replace

import torch

from minisora.train import latents
from minisora.train.guess import LEVELS, STYLES, guess_errors


def test_a_guess_is_judged_by_how_far_it_is_from_what_is_there(tiny, tiny_folder, tmp_path, monkeypatch):
    folder = tmp_path / "held-out"
    latents.build(folder, tiny_folder, 4, "heldout", 0, latents.BUCKETS[:1], 1)
    clean = torch.from_numpy(latents.load(folder)[0].latents).float()
    monkeypatch.setattr(tiny.dit, "config", replace(tiny.dit.config, prediction="clean"))
    for out, error in ((clean, 0.0), (clean + 0.5, 0.25)):
        monkeypatch.setattr(tiny.dit, "features", lambda *_, out=out: (out, None))
        found = guess_errors(tiny, folder)
        assert set(found) == {f"{style} at {100 * level:.0f}" for style in STYLES for level in LEVELS}
        assert all(len(errors) == 4 and max(abs(one - error) for one in errors) < 1e-5 for errors in found.values())
    monkeypatch.setattr(tiny.dit, "config", replace(tiny.dit.config, prediction="velocity"))
    assert min(guess_errors(tiny, folder)["detailed at 90"]) > 0.5, "the clean latents are no velocity"
