"""benchmarks/lengths.py: the same questions of clips from a picture to twice what training showed."""

import json
from pathlib import Path

import pytest

RECORDED = Path(__file__).parents[2] / "data" / "bench" / "lengths.json"


@pytest.fixture(scope="module")
def module(benchmark_file):
    return benchmark_file("lengths")


def test_scenes_of_one_shot_in_every_length(module):
    for seconds in module.LENGTHS:
        found = module.cases(3, seconds, 0)
        assert [case.characters for case in found] == [1, 2, 3] and all(len(case.scene.shots) == 1 and case.claims for case in found)
        assert len(found[0].truth()) == round(8 * seconds) + 1


def test_every_length_is_asked_once(module, tiny_folder, tmp_path, capsys, monkeypatch):
    words = ["--n", "1", "--weights", str(tiny_folder), "--json", str(tmp_path / "lengths.json")]
    lengths, asked, real = [], [], module.asked
    monkeypatch.setattr(module, "made", lambda case, makers: lengths.append(case.seconds) or case.truth())
    monkeypatch.setattr(module, "asked", lambda n, seconds, makers: asked.append(seconds) or real(n, seconds, makers))
    assert module.main(words) == 0
    rows = json.loads((tmp_path / "lengths.json").read_text())["rows"]
    assert [row["seconds"] for row in rows] == lengths == list(module.LENGTHS) and rows[-1]["model"] == rows[-1]["truth"]
    (tmp_path / "lengths.json").write_text(json.dumps({**json.loads((tmp_path / "lengths.json").read_text()), "rows": rows[:4]}))
    assert module.main(words) == 0 and asked == [*module.LENGTHS, *module.LENGTHS[4:]]
    assert json.loads((tmp_path / "lengths.json").read_text())["rows"] == rows
    assert module.main(["--n", "0"]) == 2 and module.main([*words[:4], "--json", str(tmp_path / "no" / "f.json")]) == 2
    assert "--n 32" in capsys.readouterr().out


def test_a_picture_and_a_clip_are_made(module, tiny):
    makers = module.Makers(tiny, seed=0, steps=1)
    picture, clip = (module.cases(1, seconds, 0)[0] for seconds in (0.0, 8.0))
    assert module.made(picture, makers).shape == (1, 64, 64, 3) and module.made(clip, makers).shape == (65, 64, 64, 3)


def test_eight_seconds_are_nearly_as_good_as_four(module):
    shares = {row["seconds"]: row["model"]["value"] for row in json.loads(RECORDED.read_text())["rows"]}
    assert set(shares) == set(module.LENGTHS) and shares[8.0] > shares[4.0] - 0.1 > 0.8
