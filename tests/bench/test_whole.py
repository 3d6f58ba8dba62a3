"""`minisora bench --all`: all suites, the report, going on, and what is left."""

import json

import pytest

from minisora.bench import whole as module
from minisora.bench.command import main
from minisora.bench.mode_cases import MODES
from minisora.bench.whole import COST, SIZES, Clock, sizes
from minisora.bench.world_cases import TESTS
from minisora.errors import UserError


@pytest.fixture(scope="module")
def run(tiny_folder):
    """Runs the command with tiny weights, as little as can be."""

    def run(folder, *more: str) -> None:
        main(["--all", "--n", "1", "--weights", str(tiny_folder), "--steps", "1", "--out", str(folder), "--quiet", *more])

    return run


@pytest.fixture(scope="module")
def done(run, tmp_path_factory):
    """A folder in which everything is done."""
    folder = tmp_path_factory.mktemp("bench")
    run(folder, "--lines", "model,truth")
    return folder


def never(*args):
    raise AssertionError("this was done before")


def test_sizes_ask_enough_of_every_mode():
    assert sizes() == SIZES and SIZES["modes"] >= 64 * len(MODES) and SIZES["world"] >= 64 * len(TESTS)
    assert sizes(32) == {"core": 32, "world": 64, "modes": 64, "splits": 19}
    assert sizes(quick=True) == {"core": 20, "world": 40, "modes": 40, "splits": 12} and min(sizes(1).values()) == 1


def test_all_suites_and_one_report(done):
    names = {file.name for file in done.iterdir()}
    assert names >= {"report.json", "report.md", *(f"{suite}.json" for suite in SIZES)}
    assert not any(name.endswith((".partial", ".part.json")) for name in names)
    report = json.loads((done / "report.json").read_text())
    assert list(report["suites"]) == list(SIZES) and report["suites"]["core"] == json.loads((done / "core.json").read_text())
    assert report["suites"]["splits"]["n"] == 3 and report["command"].startswith("minisora bench --all --lines model,truth --seed 0 --n 1")
    kind = next(row for row in report["floors"] if row["what"] == "kind")
    assert kind["reached"] == report["suites"]["core"]["dimensions"]["kind"]["model"]["value"] and kind["yes"] is False
    assert len(report["worst"]) == 3
    pictures = {one["picture"] for one in report["worst"] if one["picture"]}
    assert pictures and pictures == {name for name in names if name.endswith(".png")}
    told = (done / "report.md").read_text()
    assert all(f"]({picture})" in told for picture in pictures) and "**no**" in told


def test_what_is_done_is_not_done_again(run, done, monkeypatch, capsys):
    before = json.loads((done / "report.json").read_text())
    monkeypatch.setattr(module, "measure", never)
    monkeypatch.setattr(module, "makers_of", never)  # the pictures stay too
    run(done, "--lines", "model,truth")
    assert json.loads((done / "report.json").read_text()) == before
    assert capsys.readouterr().out.count("done before") == len(SIZES)


def test_another_seed_is_another_question(run, done, monkeypatch):
    def measured(args, *more):
        raise KeyError(args.suite)

    monkeypatch.setattr(module, "measure", measured)
    with pytest.raises(KeyError, match="core"):
        run(done, "--lines", "model,truth", "--seed", "1")


def test_cut_off_between_suites(run, done, tmp_path, monkeypatch):
    asked = []

    def measured(args, *more):
        asked.append(args.suite)
        if args.suite == "modes":
            raise KeyboardInterrupt
        return json.loads((done / f"{args.suite}.json").read_text())

    monkeypatch.setattr(module, "measure", measured)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "--lines", "model,truth")
    assert {file.name for file in tmp_path.iterdir()} == {"core.json", "world.json"}, "no report of less than all"
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "--lines", "model,truth")
    assert asked == ["core", "world", "modes", "modes"]


def test_what_cannot_be_asked(run, tmp_path):
    for words, said in (
        (["--all", "--suite", "core"], "--all runs every suite"), (["--all", "--json", "a.json"], "--out FOLDER"),
        (["--quick"], "bench --all --quick"), (["--all", "--quick", "--n", "3"], "Take one of them"),
        (["--all", "--out", str(tmp_path / "gone")], "no such folder"), (["--all", "--n", "0"], "at least 1"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=said):
            main(words)


def test_what_is_left():
    clock = Clock({"core": 60, "modes": 20})
    assert "is seen after" in clock.ahead()
    after = clock.watch("core")
    assert after(30, 90.0) == f"all: about {(30 + 20 * COST['modes']) * 3 / 60:.0f} min left"
    after(60, 180.0)
    clock.end("core")
    assert clock.ahead() == f"about {20 * COST['modes'] * 3 / 60:.0f} min left"
    assert clock.watch("modes")(10, 36000.0).endswith(" h left")


def test_a_log_gets_a_line_a_minute(monkeypatch, capsys):
    monkeypatch.setattr(module, "SAYS", 0.0)
    clock = Clock({"core": 60})
    clock.watch("core", quiet=True)(1, 2.0)
    assert capsys.readouterr().out == ""
    clock.watch("core", quiet=False)(30, 60.0)
    assert capsys.readouterr().out == "core: 30 of 60 judged now; about 1 min left\n"
