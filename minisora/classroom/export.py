"""An assignment as files: nbgrader's source notebook, Otter's master notebook, and the rubric that only the instructor keeps."""

import json
import os
from pathlib import Path
from textwrap import indent

from minisora.classroom.problem import Part, Problem, Test
from minisora.errors import UserError

KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}
CONFIG = '''\
"""nbgrader's settings for this course. Type its commands in this folder, for instance: nbgrader generate_assignment chapter-1"""

c = get_config()  # noqa: F821 (nbgrader gives it)
c.CourseDirectory.course_id = "minisora"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
c.ClearSolutions.begin_solution_delimeter = "### BEGIN SOLUTION"
c.ClearSolutions.end_solution_delimeter = "### END SOLUTION"
c.ExecutePreprocessor.timeout = 120
'''
PROMPT = '""" # BEGIN PROMPT\nraise NotImplementedError\n""" # END PROMPT'  # Otter leaves it where it takes the answer out


def name_of(problem: Problem) -> str:
    return f"chapter-{problem.chapter}"


def opening(problem: Problem) -> str:
    about = f"*Assignment to chapter {problem.chapter} · {problem.minutes} minutes · {problem.points} points*"
    return f"# {problem.title}\n\n{about}\n\n{problem.intro}"


def heading(number: int, part: Part) -> str:
    return f"## {number} · `{part.name}` ({part.points} points)\n\n{part.text}"


def nbgrader(problem: Problem) -> dict:
    """The source notebook: answers between markers, a locked cell for each test. nbgrader's generate_assignment hides what it must."""
    cells = [_cell("markdown", opening(problem)), _cell("code", problem.imports)]
    for number, part in enumerate(problem.parts, 1):
        cells.append(_cell("markdown", heading(number, part)))
        answer = _cell("code", part.function(None, "### BEGIN SOLUTION", "### END SOLUTION"))
        answer["metadata"]["nbgrader"] = _mark(part.name, solution=True, locked=False)
        cells.append(answer)
        for index, test in enumerate(part.tests, 1):
            code = f"# {part.name}: {test.earns} ({_points(test)})\n"
            code += f"### BEGIN HIDDEN TESTS\n{test.code}\n### END HIDDEN TESTS" if test.hidden else test.code
            cell = _cell("code", code)
            cell["metadata"]["nbgrader"] = _mark(f"{part.name}-test-{index}", grade=True) | {"points": test.points}
            cells.append(cell)
    return _notebook(cells)


def otter(problem: Problem) -> dict:
    """The master notebook for `otter assign`: the same between raw cells, tests as functions that take the answer."""
    settings = f"# ASSIGNMENT CONFIG\nname: {name_of(problem)}\ninit_cell: false\nexport_cell: false\ntests:\n    ok_format: false"
    cells = [_cell("raw", settings), _cell("markdown", opening(problem)), _cell("code", problem.imports)]
    for number, part in enumerate(problem.parts, 1):
        cells += [_cell("raw", f"# BEGIN QUESTION\nname: {part.name}\npoints: {part.points}"), _cell("markdown", heading(number, part))]
        cells.append(_cell("raw", "# BEGIN SOLUTION"))
        cells.append(_cell("code", part.function(None, "# BEGIN SOLUTION", "# END SOLUTION") + "\n" + indent(PROMPT, "    ")))
        cells += [_cell("raw", "# END SOLUTION"), _cell("raw", "# BEGIN TESTS")]
        for index, test in enumerate(part.tests, 1):
            head = f'""" # BEGIN TEST CONFIG\npoints: {test.points}\nhidden: {str(test.hidden).lower()}\n""" # END TEST CONFIG\n'
            cells.append(_cell("code", head + f"def test_{part.name}_{index}({part.name}):\n{indent(test.code, '    ')}"))
        cells += [_cell("raw", "# END TESTS"), _cell("raw", "# END QUESTION")]
    return _notebook(cells)


def rubric(problem: Problem, seed: int) -> str:
    """What earns the points, the answer, and what known mistakes mean, as a page in Markdown. Not for students."""
    lines = [f"# Rubric: {problem.title} (chapter {problem.chapter}, seed {seed})", "", "Not for students. The seed drew:", ""]
    lines += [f"- {what}: **{value}**" for what, value in problem.drawn.items()]
    lines += ["", f"{problem.minutes} minutes, {problem.points} points; the tests give all of them.", ""]
    for number, part in enumerate(problem.parts, 1):
        lines += [f"## {number} · `{part.name}`", "", "| points | for | students see the test |", "|---|---|---|"]
        lines += [f"| {test.points} | {test.earns} | {'no' if test.hidden else 'yes'} |" for test in part.tests]
        lines += ["", "An answer:", "", "```python", part.function(), "```", "", "Mistakes to expect, and what they look like:", ""]
        for what, body in part.mistakes.items():
            lines += [f"- {what}:", "", indent("```python\n" + part.function(body) + "\n```", "  "), ""]
    return "\n".join(lines).rstrip() + "\n"


def written(problem: Problem, seed: int, folder: Path, force: bool = False) -> list[Path]:
    """Writes the files into a course's folder; returns their paths. Raises UserError where there is an assignment already."""
    name = name_of(problem)
    files = {
        f"source/{name}/{name}.ipynb": json.dumps(nbgrader(problem), indent=1, ensure_ascii=False) + "\n",
        f"otter/{name}.ipynb": json.dumps(otter(problem), indent=1, ensure_ascii=False) + "\n",
        f"rubric/{name}.md": rubric(problem, seed),
    }
    there = [folder / path for path in files if (folder / path).exists()]
    if there and not force:
        raise UserError(f"--out {folder}: {there[0]} is there already. Choose another folder, or add --force to write over it.")
    if not (folder / "nbgrader_config.py").exists():
        files["nbgrader_config.py"] = CONFIG
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        part.write_text(text, encoding="utf-8")
        os.replace(part, target)
    return [folder / path for path in files]


def _points(test: Test) -> str:
    return f"{test.points} point{'s' * (test.points > 1)}"


def _mark(name: str, grade: bool = False, solution: bool = False, locked: bool = True) -> dict:
    named = name.replace("_", "-")
    return {"grade": grade, "grade_id": named, "locked": locked, "schema_version": 3, "solution": solution, "task": False}


def _cell(kind: str, text: str) -> dict:
    cell: dict = {"cell_type": kind, "metadata": {}, "source": text.strip("\n").splitlines(keepends=True)}
    return cell | {"execution_count": None, "outputs": []} if kind == "code" else cell


def _notebook(cells: list[dict]) -> dict:
    named = [cell | {"id": f"cell-{index:02d}"} for index, cell in enumerate(cells)]
    return {"cells": named, "metadata": dict(KERNEL), "nbformat": 4, "nbformat_minor": 5}
