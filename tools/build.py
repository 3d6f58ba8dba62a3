"""What is made of a chapter's source: the learner's notebook, the instructor's, and those for nbgrader and Otter. None is run here."""

import re

from chapters import REPOSITORY, Cell, Chapter, Exercise
from regions import marked

KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}
LINK = re.compile(r"(?<=\]\()(?=[\w.])(?!\w+:)")
POINTS = {"a first step": 1, "needs thought": 2, "a climb": 3}
BOOTSTRAP = f'''\
# Does nothing where minisora is installed. In a fresh Colab or Binder it fetches the course first.
import importlib.util

if importlib.util.find_spec("minisora") is None:
    import os
    import subprocess
    import sys

    here = os.path.exists("../requirements.txt") and os.path.isdir("../minisora")
    home = os.path.abspath(".." if here else "minisora-course")
    if not os.path.exists(home):
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", "{REPOSITORY}", home], check=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "-e", home + "[notebooks]"], check=True)
    sys.path.insert(0, home)
    os.chdir(os.path.join(home, "notebooks"))
'''


def learner(chapter: Chapter) -> dict:
    """Stubs; hints and answers folded below them."""
    cells = []
    for cell, exercise in _with_bootstrap(chapter):
        if cell.has("check"):
            cells += [(cell.kind, cell.text, ["check", "nbval-check-output"]), ("markdown", folded(exercise, True), ["hints"])]
        elif not (cell.has("solution") or cell.has("hint")):
            cells.append((cell.kind, cell.text, [*cell.tags]))
    return _notebook(chapter, cells)


def instructor(chapter: Chapter) -> dict:
    """Answers in the place of the stubs. It lies one folder deeper than the learner's, and its links know that."""
    cells = []
    for cell, exercise in _with_bootstrap(chapter):
        if cell.has("check"):
            cells.append((cell.kind, cell.text, ["check"]))
            if exercise.hints:
                cells.append(("markdown", folded(exercise, False), ["hints"]))
        elif not (cell.has("exercise") or cell.has("hint")):
            text = LINK.sub("../", cell.text) if cell.kind == "markdown" else cell.text
            cells.append((cell.kind, text, [tag for tag in cell.tags if tag != "nbval-check-output"]))
    return _notebook(chapter, cells)


def nbgrader(chapter: Chapter) -> dict:
    """The instructor's side of an nbgrader assignment: the answer between markers, and a locked cell that grades it."""
    cells, extra = [], {}
    for cell, exercise in _with_bootstrap(chapter):
        if cell.has("exercise"):
            extra[len(cells)] = _graded(f"exercise-{exercise.number.replace('.', '-')}", solution=True, locked=False)
            cells.append((cell.kind, marked(exercise, "### BEGIN SOLUTION", "### END SOLUTION"), []))
        elif cell.has("check"):
            cells.append((cell.kind, cell.text, ["check"]))
            extra[len(cells)] = {**_graded(f"grade-{exercise.number.replace('.', '-')}", grade=True), "points": points(chapter, exercise)}
            cells.append((cell.kind, _grade(exercise), []))
            if exercise.hints:
                cells.append(("markdown", folded(exercise, False), ["hints"]))
        elif not (cell.has("solution") or cell.has("hint")):
            cells.append((cell.kind, cell.text, [tag for tag in cell.tags if tag != "nbval-check-output"]))
    book = _notebook(chapter, cells)
    for index, values in extra.items():
        book["cells"][index]["metadata"]["nbgrader"] = values
    return book


def otter(chapter: Chapter) -> dict:
    """The master notebook for `otter assign`: questions, answers and tests between raw cells."""
    settings = "# ASSIGNMENT CONFIG\ninit_cell: false\nexport_cell: false\ntests:\n    ok_format: false"
    cells: list[tuple[str, str, list[str]]] = [("raw", settings, [])]
    for cell, exercise in _with_bootstrap(chapter):
        if cell.has("exercise"):
            name = f"q{exercise.number.replace('.', '_')}"
            test = f"def test_{name}({exercise.answers}):\n    from minisora.check import grade\n\n    {_grade(exercise).splitlines()[-1]}"
            cells.append(("raw", f"# BEGIN QUESTION\nname: {name}\npoints: {points(chapter, exercise)}", []))
            cells.append(("raw", "# BEGIN SOLUTION", []))
            cells.append((cell.kind, marked(exercise, "# BEGIN SOLUTION", "# END SOLUTION"), []))
            cells += [("raw", "# END SOLUTION", []), ("raw", "# BEGIN TESTS", [])]
            cells += [(cell.kind, test, []), ("raw", "# END TESTS", []), ("raw", "# END QUESTION", [])]
        elif cell.has("check"):
            cells.append((cell.kind, cell.text, ["check"]))
            if exercise.hints:
                cells.append(("markdown", folded(exercise, False), ["hints"]))
        elif not (cell.has("solution") or cell.has("hint")):
            cells.append((cell.kind, cell.text, []))
    return _notebook(chapter, cells)


def folded(exercise: Exercise, with_solution: bool) -> str:
    """Hints, and the answer if wanted, as texts that open when they are clicked."""
    count = len(exercise.hints)
    parts = [(f"Hint {index} of {count}" if count > 1 else "Hint", hint.text.strip()) for index, hint in enumerate(exercise.hints, 1)]
    if with_solution:
        parts.append(("One solution", f"```python\n{exercise.solution.text.strip()}\n```"))
    return "\n\n".join(f"<details><summary>{title}</summary>\n\n{text}\n\n</details>" for title, text in parts)


def points(chapter: Chapter, exercise: Exercise) -> int:
    """By the difficulty in words that stands above the exercise."""
    above = "\n".join(cell.text for cell in chapter.cells[: chapter.cells.index(exercise.stub)] if cell.kind == "markdown")
    _, _, text = above.rpartition(f"### Exercise {exercise.number} ")
    return next((value for words, value in POINTS.items() if words in text), 1)


def _with_bootstrap(chapter: Chapter):
    """Each cell and its exercise, if any; the bootstrap comes after the title."""
    owner = {id(cell): one for one in chapter.exercises.values() for cell in (one.stub, one.check, one.solution, *one.hints)}
    for index, cell in enumerate(chapter.cells):
        yield cell, owner.get(id(cell))
        if index == 0:
            yield Cell("code", BOOTSTRAP.strip(), ("bootstrap", "remove-cell")), None


def _notebook(chapter: Chapter, cells: list[tuple[str, str, list[str]]]) -> dict:
    made = []
    for index, (kind, text, tags) in enumerate(cells):
        cell = {"cell_type": kind, "id": f"{chapter.name[3:]}-{index:02d}", "metadata": {"tags": tags} if tags else {}}
        cell["source"] = text.strip("\n").splitlines(keepends=True)
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        if "bootstrap" in tags:
            cell["metadata"]["jupyter"] = {"source_hidden": True}
        made.append(cell)
    return {"cells": made, "metadata": {**KERNEL}, "nbformat": 4, "nbformat_minor": 5}


def _grade(exercise: Exercise) -> str:
    return f'from minisora.check import grade\n\ngrade("{exercise.number}", {exercise.answers})'


def _graded(name: str, grade: bool = False, solution: bool = False, locked: bool = True) -> dict:
    return {"grade": grade, "grade_id": name, "locked": locked, "schema_version": 3, "solution": solution, "task": False}
