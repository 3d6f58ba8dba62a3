"""How the project is written: ruff's rules, the length of files, links that lead somewhere, numbers that were recorded."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import recorded

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)")


def files(*patterns: str) -> list[Path]:
    """Files of the repository that match, whether they are committed yet or not."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:  # an archive without .git
        return [path for pattern in patterns for path in ROOT.rglob(pattern)]
    return [ROOT / name for name in sorted(set(listed.stdout.splitlines())) if (ROOT / name).exists()]


def wrong_numbers(text: str, root: Path) -> list[str]:
    """Numbers of a page that differ from the recorded ones that they name."""
    wrong = []
    for match in recorded.numbers(text):
        try:
            meant = recorded.value(match, root)
        except (OSError, KeyError, IndexError, ValueError, TypeError) as error:
            meant = f"nothing ({type(error).__name__}: {error})"
        if match["shown"].strip() != meant:
            wrong.append(f"{match['file']} {match['keys']} is {meant}; the page says {match['shown'].strip()}")
    begun = re.findall(r"<!-- [\w./-]+\.json .*", recorded.NUMBER.sub("", recorded.CODE.sub("", text)))
    return wrong + [f"{line[:80]} is not how a number is written" for line in begun]


def test_ruff():
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "."], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_is_longer_than_a_sitting():
    sources = ROOT / "notebooks" / "source"  # read as notebooks, whose cells are counted
    long = {path.name: count for path in files("*.py") if (count := len(path.read_text().splitlines())) > 300 and path.parent != sources}
    assert not long, f"more than 300 lines: {long}"


@pytest.mark.parametrize("page", files("*.md"), ids=lambda path: str(path.relative_to(ROOT)))
def test_numbers_are_the_recorded_ones(page):
    assert not wrong_numbers(page.read_text(), ROOT)


@pytest.mark.parametrize("page", files("*.md"), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    broken = [link for link in LINK.findall(text) if ":" not in link and not (page.parent / link).exists()]
    assert not broken


def test_a_wrong_number_is_seen(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps({"colour": {"model": 0.974}, "runs": [3, 1234]}))
    assert wrong_numbers("<!-- report.json colour.model .2f -->0.97<!-- / -->", tmp_path) == []
    assert wrong_numbers("<!-- report.json runs.1 ,d -->1,234<!-- / -->", tmp_path) == []
    assert wrong_numbers("<!-- report.json colour.model +.1% -->+97.4%<!-- / -->", tmp_path) == []
    assert wrong_numbers("<!-- report.json colour.model .2f -->0.98<!-- / -->", tmp_path)
    assert wrong_numbers("<!-- report.json colour.model .2q -->0.97<!-- / -->", tmp_path), "no format"
    assert wrong_numbers("<!-- report.json shape.model .2f -->0.98<!-- / -->", tmp_path)
    assert wrong_numbers("<!-- gone.json colour .2f -->0.97<!-- / -->", tmp_path)


def test_numbers_are_written_anew_but_for_code(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps({"colour": 0.974}))
    page = "so <!-- report.json colour .2f -->0.1<!-- / -->\n\n    <!-- report.json colour .2f -->0.1<!-- / -->\n"
    assert recorded.renewed(page, tmp_path) == page.replace(">0.1<", ">0.97<", 1)


def test_the_map_of_the_house_is_whole():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    rooms = [*(ROOT / "minisora").glob("*"), *(ROOT / "minisora" / "world").glob("*.py")]
    rooms = [path.name + "/" * path.is_dir() for path in rooms if not path.name.startswith("_")]
    assert len(rooms) > 20 and not [name for name in rooms if not re.search(rf"[`/]{re.escape(name)}`", page)]


def test_no_weights_file_is_larger_than_16_mb():
    large = {path.name: path.stat().st_size for path in files("*.safetensors") if path.stat().st_size > 16 * 2**20}
    assert not large


def test_the_readme_says_the_two_commands_that_ci_runs():
    readme, ci = (ROOT / "README.md").read_text(), (ROOT / ".ci" / "run").read_text()
    install = "python -m pip install -r requirements.txt && python -m "
    for command in ("pytest", 'minisora generate "a red ball hops over a blue box in the snow" --out'):
        assert install + command in readme and install + command in ci
