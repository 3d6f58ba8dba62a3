"""The chapters as files. That they run, and print what they printed, is nbval's part."""

import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
CHAPTERS = sorted(FOLDER.glob("*.ipynb"))

pytestmark = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)


def code_cells(path: Path) -> list[dict]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]


def outputs(path: Path) -> list[dict]:
    return [output for cell in code_cells(path) for output in cell["outputs"]]


def test_name_and_size(path):
    assert re.fullmatch(r"\d\d-[a-z0-9-]+\.ipynb", path.name) and path.stat().st_size <= 1.5e6


def test_it_was_run_from_top_to_bottom(path):
    assert [cell["execution_count"] for cell in code_cells(path)] == list(range(1, len(code_cells(path)) + 1))
    assert not [output for output in outputs(path) if output["output_type"] == "error" or output.get("name") == "stderr"]


def test_some_output_is_compared(path):
    assert any("nbval-check-output" in cell["metadata"].get("tags", []) for cell in code_cells(path))


def test_cells_fit_on_a_screen(path):
    assert not [lines for cell in code_cells(path) if (lines := "".join(cell["source"]).count("\n") + 1) > 40]


def test_outputs_are_small(path):
    assert max((len(json.dumps(output)) for output in outputs(path)), default=0) <= 100_000


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
