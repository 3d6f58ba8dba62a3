"""One suite: cut off anywhere and gone on with, it finds the same; what else is asked begins anew."""

import json
from argparse import Namespace

import pytest

from minisora.bench import lines as judging
from minisora.bench.measure import Part, identity, measure, measure_again
from minisora.bench.report import LINES, Tally
from minisora.errors import UserError

LOOK = ("truth", "chance")


def asked(**more) -> Namespace:
    plain = {"suite": "core", "n": 4, "seed": 0, "weights": None, "vae": None, "steps": None, "guidance": None, "quiet": True}
    return Namespace(**{**plain, **more})


@pytest.fixture(scope="module")
def uncut():
    return measure(asked(), LOOK)


def test_a_suite_that_was_cut_off_goes_on(uncut, tmp_path, monkeypatch):
    part, real, seen = tmp_path / "core.part.json", judging.judge, []

    def judge(video, claims):
        seen.append(claims)
        if len(seen) == 6:  # the fourth case is judged by half: its truth, not yet its chance
            raise KeyboardInterrupt
        return real(video, claims)

    monkeypatch.setattr(judging, "judge", judge)
    with pytest.raises(KeyboardInterrupt):
        measure(asked(), LOOK, part)
    assert json.loads(part.read_text())["splits"]["heldout"]["done"] == 3 and Part(part, identity(asked(), LOOK), LOOK).count == 3
    told = []
    report = measure(asked(), LOOK, part, lambda now, seconds: told.append(now) or "")
    assert told == [1], "only what was left is judged"
    assert report["dimensions"] == uncut["dimensions"] and report["n"] == 4


def test_a_part_of_another_question_is_not_gone_on_with(tmp_path):
    part = Part(tmp_path / "part.json", identity(asked(), LOOK), LOOK)
    part.keep("heldout", 3, {line: Tally() for line in LOOK})
    part.save()
    assert Part(part.path, identity(asked(), LOOK), LOOK).count == 3
    assert Part(part.path, identity(asked(seed=1), LOOK), LOOK).count == 0
    part.path.write_text("no JSON")
    assert Part(part.path, identity(asked(), LOOK), LOOK).count == 0


def test_what_numbers_hang_on(tiny_folder, tmp_path):
    one = identity(asked(weights=str(tiny_folder)), LINES)
    assert one == identity(asked(weights=str(tiny_folder)), LINES)
    for other in (asked(seed=1), asked(n=5), asked(suite="world"), asked(steps=3), asked(guidance=1.0)):
        assert identity(Namespace(**{**vars(other), "weights": str(tiny_folder)}), LINES) != one
    changed = tmp_path / "weights"
    changed.mkdir()
    for file in tiny_folder.iterdir():
        (changed / file.name).write_bytes(file.read_bytes())
    assert identity(asked(weights=str(changed)), LINES) == one, "the same weights elsewhere are the same"
    (changed / "vae.safetensors").write_bytes(b"other")
    assert identity(asked(weights=str(changed)), LINES) != one


def test_a_tally_comes_back_from_json():
    tally = Tally()
    tally.put([("identity", True), ("identity", False), ("velocity inside", 0.25)])
    assert Tally.of(json.loads(json.dumps(tally.plain()))).shares() == tally.shares()


def test_one_way_in_is_judged_again_and_the_others_stay(tmp_path, monkeypatch):
    from minisora.bench import modes

    def judge(text):
        return lambda trial, line: [(f"{trial.case.mode} {text}", True), (f"{trial.case.mode} jump", float(len(trial.other.ask.prompt)))]

    for mode in modes.TESTS:
        monkeypatch.setitem(modes.TESTS, mode, judge("closes"))
    file = tmp_path / "modes.json"
    args = asked(suite="modes", n=20, again=["loop"], json=str(file))
    whole = measure(args, LOOK)
    file.write_text(json.dumps({**whole, "dimensions": {**whole["dimensions"], "loop jump": {}, "extend jump": {}}}))
    report = measure_again(args, LOOK)
    assert report["dimensions"] == {**whole["dimensions"], "extend jump": {}}, "the same cases beside the same others; nothing else"
    assert report["again"]["modes"] == ["loop"] and report["n"] == 20
    for wrong in ({"suite": "core"}, {"again": ["hop"]}, {"seed": 1}, {"json": str(tmp_path / "none.json")}):
        with pytest.raises(UserError, match="--again"):
            measure_again(asked(**{**vars(args), **wrong}), LOOK)
