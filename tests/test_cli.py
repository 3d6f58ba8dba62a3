"""The command line: what it makes, what it says, what it leaves behind, and what it does not import."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minisora.cli import main
from minisora.video import Video

ROOT = Path(__file__).parent.parent
PROMPT = "a red ball hops over a blue box"


@pytest.fixture
def generate(tiny_folder, tmp_path):
    def run(*options, prompt=PROMPT, out="ball.mp4"):
        return main(["generate", prompt, "--out", str(tmp_path / out), "--weights", str(tiny_folder), "--steps", "2", *options])

    return run


def test_generate(generate, tmp_path, capsys):
    assert generate("--seconds", "1", "--size", "96x64", "--seed", "7", "--scale", "2") == 0
    said = capsys.readouterr().out
    assert str(tmp_path / "ball.mp4") in said and "seed 7" in said and " s," in said and "192x128" in said
    assert Video.load(tmp_path / "ball.mp4").frames.shape == (9, 128, 192, 3)


@pytest.mark.parametrize("out", ["ball.gif", "ball.png", "BALL.MP4"])
def test_other_files(generate, tmp_path, out):
    assert generate("--seconds", "1", out=out) == 0
    assert [path.name for path in tmp_path.iterdir()] == [out]


def test_unknown_words_are_told(generate, capsys):
    assert generate(prompt="a red bal") == 0
    told = capsys.readouterr().err
    assert "'bal'" in told and "ball" in told


@pytest.mark.parametrize(
    "options, said",
    [
        (dict(prompt=""), "prompt is empty"), (dict(prompt="  "), "prompt is empty"), (["--seconds", "0"], "seconds=0"),
        (["--seconds", "9"], "up to 8 s"), (["--seconds", "nan"], "seconds=nan"), (["--seconds", "two"], "--help"),
        (["--size", "65x64"], "width=65"), (["--size", "64"], "96x64"), (["--size", "64x64x64"], "96x64"),
        (["--guidance", "inf"], "guidance=inf"), (["--guidance", "nan"], "guidance=nan"), (["--steps", "0"], "steps=0"),
        (["--seed", "-3"], "seed=-3"), (["--scale", "0"], "scale"), (["--frames", "3"], "--frames"),
        (dict(out="gone/ball.mp4"), "no folder"), (dict(out="ball.avi"), ".mp4"), (dict(out=""), "must end in"),
        (["--weights", "/gone"], "no such folder"), (["--weights", "nobody/nothing"], "nobody/nothing"),
    ],
)  # fmt: skip
def test_bad_requests(generate, tmp_path, capsys, options, said):
    code = generate(**options) if isinstance(options, dict) else generate(*options)
    out, told = capsys.readouterr()
    assert code == 2 and out == "" and said in told and told.count("\n") == 1 and told.startswith("minisora: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "argv, said",
    [([], "--help"), (["paint"], "paint"), (["generate"], "prompt"), (["generate", "a ball"], "--out"), (["train"], "minisora train vae"),
     (["train", "cat"], "minisora train vae"), (["data"], "minisora data build"), (["doctor", "now"], "now")],
)  # fmt: skip
def test_bad_commands(capsys, argv, said):
    assert main(argv) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1 and "Traceback" not in told


def test_ctrl_c_leaves_nothing(generate, tmp_path, capsys, monkeypatch):
    def stopped(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("minisora.sora.MiniSora.decoded", stopped)
    assert generate() == 130 and list(tmp_path.iterdir()) == [] and "Traceback" not in capsys.readouterr().err


def python(code: str, *argv: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, timeout=120, env=environment)


def test_importing_minisora_is_quick_and_loads_neither_torch_nor_lightning():
    done = python("import sys, minisora; print(sorted({'torch', 'lightning', 'numpy', 'datasets'} & set(sys.modules)), dir(minisora))")
    assert done.returncode == 0 and done.stdout.startswith("[]") and "MiniSora" in done.stdout


def test_generate_loads_nothing_that_it_does_not_need(tiny_folder, tmp_path):
    code = (
        "import sys; from minisora.cli import main; code = main(sys.argv[1:]); "
        "print(code, sorted({'lightning', 'datasets', 'torchvision', 'matplotlib', 'IPython', 'pandas'} & set(sys.modules)))"
    )
    out = str(tmp_path / "a.mp4")
    done = python(code, "generate", PROMPT, "--out", out, "--weights", str(tiny_folder), "--steps", "1", "--seconds", "1")
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr


def test_the_module_and_its_errors_without_a_traceback(tmp_path):
    run = [sys.executable, "-m", "minisora", "generate", "", "--out", str(tmp_path / "a.mp4")]
    done = subprocess.run(run, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr


def test_what_the_package_does_not_have():
    import minisora

    with pytest.raises(AttributeError, match="MiniSora"):
        _ = minisora.Sora
