"""From one source: the learner's notebook, the instructor's, and those for nbgrader and Otter."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tomllib

import build
import chapters
import pytest

SOURCE = '''# %% [markdown]
# # 09 · A chapter
# See [the map](../CONTRIBUTING.md) and [OpenAI](https://openai.com).

# %% tags=["nbval-check-output"]
import math

SIDE = 4


def helper(x):
    return x * SIDE


area = helper(undefined_until_run) if False else 0

# %% [markdown]
# ### Exercise 9.1 · Twice
# *8 minutes · needs thought*

# %% tags=["exercise"]
def twice(x: float) -> float:
    """Twice `x`."""
    raise NotImplementedError

# %% tags=["solution"]
FACTOR = 2


def twice(x: float) -> float:
    """Twice `x`."""
    # a comment stays
    return FACTOR * x + math.floor(0.5) * helper(x)

# %% tags=["check"]
check("9.1", twice)

# %% [markdown] tags=["hint"]
# What is twice?

# %% [markdown] tags=["hint"]
# `2 * x`
'''


@pytest.fixture
def chapter(tmp_path):
    path = tmp_path / "09-a-chapter.py"
    path.write_text(SOURCE)
    return chapters.read(path)


def texts(book: dict) -> list[str]:
    return ["".join(cell["source"]) for cell in book["cells"]]


def run(text: str) -> dict:
    space: dict = {}
    exec(text, space)
    return space


def test_the_learner_gets_the_stub_and_folded_help(chapter):
    made = texts(build.learner(chapter))
    assert made[1] == build.BOOTSTRAP.strip() and "raise NotImplementedError" in made[4] and made[5] == 'check("9.1", twice)'
    assert made[6].count("<details>") == made[6].count("</details>") == 3 and len(made) == 7
    assert "Hint 1 of 2" in made[6] and "```python\nFACTOR = 2" in made[6]
    assert build.learner(chapter)["cells"][5]["metadata"]["tags"] == ["check", "nbval-check-output"]
    assert len({cell["id"] for cell in build.learner(chapter)["cells"]}) == 7


def test_the_instructor_gets_the_answer_and_links_that_still_lead_there(chapter):
    book = build.instructor(chapter)
    assert "FACTOR * x" in texts(book)[4] and not any("NotImplementedError" in text for text in texts(book))
    assert "(../../CONTRIBUTING.md)" in texts(book)[0] and "(https://openai.com)" in texts(book)[0]
    assert all(cell["outputs"] == [] for cell in book["cells"] if cell["cell_type"] == "code")


def test_nbgrader_cuts_out_the_answer_and_grades_it(chapter):
    cells = {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in build.nbgrader(chapter)["cells"] if "nbgrader" in cell["metadata"]}
    answer, graded = cells["exercise-9-1"], cells["grade-9-1"]
    assert answer["metadata"]["nbgrader"]["solution"] and not answer["metadata"]["nbgrader"]["locked"]
    assert graded["metadata"]["nbgrader"] | {"points": 2, "grade": True, "locked": True} == graded["metadata"]["nbgrader"]
    assert "".join(graded["source"]).endswith('grade("9.1", twice)')
    text = "".join(answer["source"])
    assert run("import math\ndef helper(x): return 0\n" + text)["twice"](3) == 6 and "# a comment stays" in text
    kept = text[: text.index("### BEGIN")] + "raise NotImplementedError()" + text.split("### END SOLUTION")[1]
    assert ast.get_docstring(ast.parse(kept).body[0]) == "Twice `x`." and "FACTOR" not in kept


def test_otter_finds_questions_answers_and_tests_between_its_marks(chapter):
    book = build.otter(chapter)
    raw = ["".join(cell["source"]).splitlines()[0] for cell in book["cells"] if cell["cell_type"] == "raw"]
    marks = ["BEGIN QUESTION", "BEGIN SOLUTION", "END SOLUTION", "BEGIN TESTS", "END TESTS", "END QUESTION"]
    assert raw == [f"# {mark}" for mark in ("ASSIGNMENT CONFIG", *marks)]
    (question,) = [text for text in texts(book) if text.startswith("# BEGIN QUESTION")]
    assert question == "# BEGIN QUESTION\nname: q9_1\npoints: 2"
    assert any(text.startswith("def test_q9_1(twice):") for text in texts(book))


def test_the_answer_runs_without_the_cells_above_it(chapter):
    assert chapters.answer(chapter, "9.1")(3) == 6
    with pytest.raises(NotImplementedError):
        chapters.answer(chapter, "9.1", "stub")(3)


@pytest.mark.parametrize(
    "change, says",
    [
        (('tags=["solution"]', 'tags=["exercise"]'), "come one solution cell"),
        (('tags=["hint"]', 'tags=["hnt"]'), "unknown tag 'hnt'"),
        (("# %% [markdown] tags", "# %% [markdown]\n# between\n\n# %% [markdown] tags"), "belongs to no exercise"),
    ],
)
def test_cells_in_disorder_are_refused(tmp_path, change, says):
    path = tmp_path / "09-a-chapter.py"
    path.write_text(SOURCE.replace(*change, 1))
    with pytest.raises(ValueError, match=says):
        chapters.read(path)


def test_the_bootstrap_is_silent_where_minisora_is_installed(monkeypatch, capsys):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("it must not fetch anything"))
    run(build.BOOTSTRAP)
    assert capsys.readouterr() == ("", "")


def test_the_bootstrap_fetches_the_course_where_it_is_missing(monkeypatch, tmp_path):
    asked = []

    def fetch(command, check):
        asked.append(command)
        (tmp_path / "minisora-course" / "notebooks").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(subprocess, "run", fetch)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    run(build.BOOTSTRAP)
    home = str(tmp_path / "minisora-course")
    clone, install = asked
    assert clone[0] == "git" and chapters.REPOSITORY in clone
    assert install[0] == sys.executable and install[-2:] == ["-e", home + "[notebooks]"]
    assert sys.path[0] == home and os.getcwd() == os.path.join(home, "notebooks")


def test_what_the_bootstrap_installs_is_all_that_chapters_import():
    project = tomllib.loads((chapters.ROOT / "pyproject.toml").read_text())["project"]
    extra = project["optional-dependencies"]["notebooks"]
    installed = {re.match(r"[\w-]+", line)[0] for line in (*project["dependencies"], *extra)}
    installed |= {"minisora", "pil", "ipython"}  # pillow's name; and a kernel has IPython
    wanted = set()
    for path in chapters.sources():
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            wanted |= {name.split(".")[0].lower() for name in names}
    wanted -= {name.lower() for name in sys.stdlib_module_names}
    assert {"matplotlib", "torch"} <= wanted and not wanted - installed
    assert set(extra) <= set((chapters.ROOT / "requirements.txt").read_text().splitlines())
