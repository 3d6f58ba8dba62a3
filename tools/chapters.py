"""The sources of the chapters: `notebooks/source/NN-name.py`, one file each, in jupytext's percent format.

A cell begins with `# %%` or `# %% [markdown]`, and may carry tags: `# %% tags=["exercise"]`. What the tags mean is told in CONTRIBUTING.md.
"""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
SOURCES = FOLDER / "source"
REPOSITORY = "https://github.com/OWNER/minisora.git"  # where notebooks fetch the course and the site's links lead: set here, and only here
TAGS = {"exercise", "solution", "check", "hint", "nbval-check-output", "nbval-skip", "slide", "slide-code"}
CHECK = re.compile(r'^check\("(\d\.\d+)", (.+)\)$')


@dataclass(frozen=True)
class Cell:
    """One cell of a chapter."""

    kind: str  # "code" or "markdown"
    text: str
    tags: tuple[str, ...] = ()

    def has(self, tag: str) -> bool:
        return tag in self.tags


@dataclass(frozen=True)
class Exercise:
    """The cells of one exercise: what is asked, the stub, the check, the hints from idea to answer, and the answer."""

    number: str
    stub: Cell
    check: Cell
    hints: tuple[Cell, ...]
    solution: Cell
    answers: str  # what the check is given: "patchify, unpatchify"


@dataclass(frozen=True)
class Chapter:
    """A chapter's source: its name ("01-spacetime-patches") and its cells."""

    name: str
    cells: tuple[Cell, ...]
    exercises: dict[str, Exercise] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return int(self.name[:2])


def sources() -> list[Path]:
    return sorted(SOURCES.glob("[0-9][0-9]-*.py"))


def read(path: Path) -> Chapter:
    """The chapter in a source file. Raises ValueError, with the file and what is wrong, when its cells do not belong together."""
    import jupytext

    cells = []
    for cell in jupytext.reads(path.read_text(), fmt="py:percent").cells:
        tags = tuple(cell.metadata.get("tags", ()))
        if unknown := set(tags) - TAGS:
            raise ValueError(f"{path.name}: unknown tag {sorted(unknown)[0]!r}; known are {', '.join(sorted(TAGS))}")
        cells.append(Cell(cell.cell_type, cell.source, tags))
    return Chapter(path.stem, tuple(cells), _exercises(path.name, cells))


def _exercises(name: str, cells: list[Cell]) -> dict[str, Exercise]:
    """Stub, solution, check, then hints: in this order, one after the other."""
    found: dict[str, Exercise] = {}
    for index, cell in enumerate(cells):
        if not cell.has("exercise"):
            continue
        solution, check = cells[index + 1 : index + 3] if index + 2 < len(cells) else (cell, cell)
        matched = CHECK.match(check.text.strip())
        if not (solution.has("solution") and check.has("check") and matched):
            raise ValueError(f'{name}: after the stub {cell.text[:40]!r} come one solution cell and one cell check("N.M", answer)')
        hints = []
        for after in cells[index + 3 :]:
            if not after.has("hint"):
                break
            hints.append(after)
        found[matched[1]] = Exercise(matched[1], cell, check, tuple(hints), solution, matched[2])
    loose = [cell for cell in cells if cell.has("solution") or cell.has("check") or cell.has("hint")]
    if len(loose) != sum(2 + len(one.hints) for one in found.values()):
        raise ValueError(f"{name}: a solution, check or hint belongs to no exercise")
    return found


def definitions(chapter: Chapter, number: str) -> dict:
    """What a learner has at hand when exercise `number` is reached, without running the chapter.

    The cells above it are not run: only their imports, functions, classes, and constants written out as literals are taken.
    """
    space: dict = {"__name__": "chapter"}
    for cell in chapter.cells[: chapter.cells.index(chapter.exercises[number].stub)]:
        if cell.kind != "code" or cell.has("exercise") or cell.has("check"):
            continue
        for node in ast.parse(cell.text).body:
            if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)) or _literal(node):
                exec(compile(ast.Module([node], []), f"{chapter.name}.py", "exec"), space)
    return space


def _literal(node: ast.stmt) -> bool:
    """Whether a statement gives names to a number, a text, or a tuple, list or dict of them."""
    try:
        names = [name for target in getattr(node, "targets", ()) for name in getattr(target, "elts", [target])]
        named = isinstance(node, ast.Assign) and all(isinstance(name, ast.Name) for name in names)
        return named and ast.literal_eval(node.value) is not None
    except (ValueError, TypeError):
        return False


def answer(chapter: Chapter, number: str, which: str = "solution"):
    """What the check of an exercise is given when its `which` cell ("solution", or "stub") has run: one object, or a tuple of several."""
    exercise = chapter.exercises[number]
    space = definitions(chapter, number)
    exec(compile(getattr(exercise, which).text, f"{chapter.name}, {which} of {number}", "exec"), space)
    return eval(exercise.answers, space)
