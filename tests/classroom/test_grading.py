"""An assignment goes round: generate, hand in, autograde, feedback. Once by nbgrader, once by Otter."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from minisora.classroom.export import written
from minisora.classroom.problem import problem
from minisora.cli import main

SEED = 7
NAME = "chapter-1"
needs_nbgrader = pytest.mark.skipif(importlib.util.find_spec("nbgrader") is None, reason="nbgrader is not installed: pip install nbgrader")
needs_otter = pytest.mark.skipif(importlib.util.find_spec("otter") is None, reason="Otter is not installed: pip install otter-grader")


def run(folder: Path, *command: str) -> str:
    """A module's command in a folder, without anybody's Jupyter settings; what it said."""
    own = {name: str(folder / ".own") for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    environment = os.environ | own | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


def answered(release: Path, bodies: dict[str, str]) -> str:
    """A student's notebook: the released one, with stubs replaced where there is an answer."""
    book = json.loads(release.read_text())
    for cell in book["cells"]:
        for name, function in bodies.items():
            if cell["cell_type"] == "code" and "".join(cell["source"]).startswith(f"def {name}("):
                assert "raise NotImplementedError" in "".join(cell["source"])
                cell["source"] = function.splitlines(keepends=True)
    return json.dumps(book)


@needs_nbgrader
def test_nbgrader_from_source_to_feedback(tmp_path):
    made = problem(1, SEED)
    written(made, SEED, tmp_path)
    run(tmp_path, "nbgrader", "generate_assignment", NAME)
    release = tmp_path / "release" / NAME / f"{NAME}.ipynb"
    text = release.read_text()
    assert "rearrange(x" not in text and "HIDDEN" not in text and "itertools" not in text, "students must not see answers and hidden tests"

    right = {part.name: part.function() for part in made.parts}
    wrong = right | {part.name: part.function([*part.mistakes.values()][0]) for part in made.parts if part.name == "cut"}
    for student, bodies in (("right", right), ("wrong", wrong), ("stub", {})):
        home = tmp_path / "submitted" / student / NAME
        home.mkdir(parents=True)
        (home / f"{NAME}.ipynb").write_text(answered(release, bodies))
    run(tmp_path, "nbgrader", "autograde", NAME)
    run(tmp_path, "nbgrader", "generate_feedback", NAME)

    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
        got = {one.student.id: (one.score, one.max_score) for one in gradebook.assignment_submissions(NAME)}
    assert got["right"] == (made.points, made.points) and got["stub"] == (0, made.points)
    assert got["wrong"] == (made.points - 3, made.points), "the hidden test of `cut` is worth 3 points, its shape is right"
    page = (tmp_path / "feedback" / "wrong" / NAME / f"{NAME}.html").read_text()
    assert "every number is in its place" in page


@needs_otter
def test_otter_from_master_to_score(tmp_path):
    made = problem(1, SEED)
    written(made, SEED, tmp_path)
    run(tmp_path / "otter", "otter", "assign", "--no-run-tests", "--no-pdfs", f"{NAME}.ipynb", "dist")
    student, grader = tmp_path / "otter/dist/student", tmp_path / "otter/dist/autograder"
    text = (student / f"{NAME}.ipynb").read_text()
    assert "rearrange(x" not in text and "raise NotImplementedError" in text
    assert not any("itertools" in path.read_text() for path in student.rglob("*.py")), "hidden tests stay with the grader"
    bodies = {part.name: part.function(next(iter(part.mistakes.values())) if part.name == "cut" else None) for part in made.parts}
    (tmp_path / f"{NAME}.ipynb").write_text(answered(student / f"{NAME}.ipynb", bodies))
    run(tmp_path, "otter", "run", "-a", str(next(grader.glob("*.zip"))), "-o", str(tmp_path), f"{NAME}.ipynb")
    tests = json.loads((tmp_path / "results.json").read_text())["tests"]
    assert sum(test.get("score", 0) for test in tests) == made.points - 3, "`cut` has the right shape and the wrong numbers"


def test_the_command_writes_what_an_instructor_keeps(tmp_path, capsys):
    assert main(["class", "assignment", "--chapter", "1,3", "--seed", "7", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Another knife" in said and "rubric/ for you alone" in said
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {"nbgrader_config.py"} | {f"{where}/chapter-{n}{rest}" for n in (1, 3) for where, rest in
                     (("otter", ".ipynb"), ("rubric", ".md"), (f"source/chapter-{n}", ".ipynb"))}  # fmt: skip
    page = (tmp_path / "rubric/chapter-1.md").read_text()
    assert "| 3 | every number is in its place" in page and "the course's own cut" in page
    before = (tmp_path / "source/chapter-1/chapter-1.ipynb").read_bytes()
    assert main(["class", "assignment", "--chapter", "1", "--seed", "8", "--out", str(tmp_path)]) == 2
    assert "--force" in capsys.readouterr().err and (tmp_path / "source/chapter-1/chapter-1.ipynb").read_bytes() == before
    shutil.rmtree(tmp_path / "rubric")


@pytest.mark.parametrize(
    "words, says",
    [
        (["dance"], "minisora class assignment"),
        (["assignment", "--seed", "7"], "--out FOLDER"),
        (["assignment", "--out", "x"], "Try --seed 7"),
        (["assignment", "--out", "x", "--seed", "7", "--chapter", "0"], "some of 1 to 7"),
        (["assignment", "--out", "x", "--seed", "7", "--colour", "red"], "--help"),
        (["slides", "--out", "x", "--chapter", "9"], "some of 0 to 7"),
    ],
)
def test_what_was_typed_wrong_is_one_line(words, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["class", *words]) == 2
    told = capsys.readouterr().err
    assert says in told and told.count("\n") == 1 and not list(tmp_path.iterdir())
