"""The chapters as files. That they run, and print what they printed, is nbval's part."""

import json
import re
from pathlib import Path

import build
import chapters
import pytest
from test_style import LINK, ROOT, wrong_numbers

import notebooks

FOLDER = chapters.FOLDER
CHAPTERS = sorted(FOLDER.glob("*.ipynb"))

each = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
ALL = [*CHAPTERS, *sorted((FOLDER / "instructor").glob("*.ipynb"))]
both = pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.name}-{path.stem}")


def cells(path: Path, kind: str) -> list[dict]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind and "".join(cell["source"]).strip()]


def outputs(path: Path) -> list[dict]:
    return [output for cell in cells(path, "code") for output in cell["outputs"]]


def tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


def prose(path: Path) -> str:
    return "\n\n".join("".join(cell["source"]) for cell in cells(path, "markdown"))


def test_every_source_has_its_notebooks_and_every_notebook_its_source():
    names = [path.stem for path in chapters.sources()]
    assert names == [path.stem for path in CHAPTERS] == sorted(path.stem for path in (FOLDER / "instructor").glob("*.ipynb"))
    assert {path.name for path in FOLDER.iterdir()} - {".ipynb_checkpoints"} == {"source", "instructor", *(path.name for path in CHAPTERS)}


@each
def test_it_is_what_its_source_gives(path):
    chapter = chapters.read(chapters.SOURCES / f"{path.stem}.py")
    stale = f"stale: python tools/notebooks.py {path.stem} --keep, or without --keep when code has changed"
    made, stored = build.learner(chapter)["cells"], json.loads(path.read_text())["cells"]
    parts = [[(c["cell_type"], c["id"], "".join(c["source"]), tags(c)) for c in some] for some in (made, stored)]
    assert parts[0] == parts[1], stale
    assert (FOLDER / "instructor" / path.name).read_text() == notebooks.plain(build.instructor(chapter)), stale


@each
def test_name_and_size(path):
    assert re.fullmatch(r"\d\d-[a-z0-9-]+\.ipynb", path.name) and path.stat().st_size <= 1.5e6


@each
def test_it_was_run_from_top_to_bottom(path):
    assert [cell["execution_count"] for cell in cells(path, "code")] == list(range(1, len(cells(path, "code")) + 1))
    assert not [output for output in outputs(path) if output["output_type"] == "error" or output.get("name") == "stderr"]


@each
def test_some_output_is_compared(path):
    compared = [cell for cell in cells(path, "code") if "nbval-check-output" in tags(cell) and "check" not in tags(cell)]
    assert len(compared) >= 3 and all(cell["outputs"] for cell in compared)


@both
def test_cells_fit_on_a_screen(path):
    assert not [lines for cell in cells(path, "code") if (lines := "".join(cell["source"]).count("\n") + 1) > 40]


@each
def test_outputs_are_small(path):
    assert max((len(json.dumps(output)) for output in outputs(path)), default=0) <= 100_000


@each
def test_pictures_and_clips_say_what_is_to_be_seen(path):
    for output in outputs(path):
        data = output.get("data", {})
        page = "".join(data.get("text/html", ""))
        for tag in re.findall(r"<(?:img|video)\b[^>]*>", page):
            assert re.search(r'\b(?:alt|aria-label)="[^"]+"', tag), tag[:200]
            assert "autoplay" not in tag and not re.search(r"\sloop\b", re.sub(r'"[^"]*"', "", tag)), "it runs for ever"
        if "image/png" in data and not page:
            alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
            assert alt, "a picture without alt text"
    assert "![](" not in prose(path), "a picture in the text without alt text"


@both
def test_links_lead_to_files(path):
    text = re.sub(r"```.*?```", "", prose(path), flags=re.DOTALL)
    assert not [link for link in LINK.findall(text) if ":" not in link and not (path.parent / link).exists()]


@each
def test_numbers_in_the_text_are_the_recorded_ones(path):
    assert not wrong_numbers(prose(path), ROOT)


@each
def test_unsolved_exercises_say_so(path):
    numbers = re.findall(r"^### Exercise (\d\.\d+) · ", prose(path), flags=re.MULTILINE)
    checks = [cell for cell in cells(path, "code") if "check" in tags(cell)]
    assert len(checks) == len(numbers) == len(set(numbers))
    for number, cell in zip(numbers, checks, strict=True):
        assert "".join(cell["source"]).startswith(f'check("{number}", ')
        assert "".join(cell["outputs"][0]["text"]).startswith(f"○ {number} ")
