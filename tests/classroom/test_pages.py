"""The instructor's pages say what is: messages that the code can give, points and minutes as they are, forms and cards that are whole."""

import ast
import re
from functools import cache

import chapters
import pytest
from test_style import ROOT

from minisora.classroom.problem import CHAPTERS, problem

BOOK = ROOT / "book"
QUOTED = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def literal(node: ast.expr) -> str:
    """A text in the code, with … for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    return ""


@cache
def messages() -> tuple[list[str], list[str]]:
    """Everything that UserErrors say, and what doctor prints."""
    errors, doctor = [], []
    for path in sorted((ROOT / "minisora").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            called = isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called == "UserError":
                errors += [literal(part) for argument in node.args for part in ast.walk(argument)]
            if path.name == "doctor.py" and isinstance(node, (ast.Constant, ast.JoinedStr)):
                doctor.append(literal(node))
    return errors, doctor


def part(title: str) -> str:
    """A section of the page on troubleshooting."""
    return re.split(r"^## ", (BOOK / "troubleshooting.md").read_text().split(f"\n## {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def test_every_message_on_the_page_can_be_given():
    errors, doctor = messages()
    page = (BOOK / "troubleshooting.md").read_text()
    said = QUOTED.findall(part("What doctor says"))
    told = [one for one in QUOTED.findall(page) if one not in said]
    assert len(said) >= 12 and len(told) >= 35
    assert not [one for one in said if not any(one in text for text in doctor)]
    assert not [one for one in told if not any(one in text for text in errors)]


def test_everything_that_doctor_wants_done_is_explained():
    wanted = re.findall(r"todo\.append\(\s*f?[\"'](.+?)[:{\"']", (ROOT / "minisora/doctor.py").read_text())
    assert len(wanted) >= 5 and not [one for one in wanted if one not in part("What doctor says")]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_points_and_minutes_of_the_plans(chapter):
    page, made = (BOOK / f"instructors/chapter-{chapter}.md").read_text(), problem(chapter, 7)
    assert re.search(rf"\*{re.escape(made.title)}\*.*?; {made.points} points\.", page.split("## Assignment")[1], re.DOTALL)
    table = (BOOK / "instructors/assignments.md").read_text()
    assert re.search(rf"^\| {chapter} \| {made.title} \|.* {made.points} \|$", table, re.MULTILINE)
    text = next(chapters.SOURCES.glob(f"{chapter:02d}-*.py")).read_text()
    minutes = [int(found) for found in re.findall(r"^# ### Exercise .+\n(?:#\n)?# \*(\d+) minutes", text, re.MULTILINE)]
    assert f"six exercises, {sum(minutes)} minutes in all" in page and len(minutes) == 6


@pytest.mark.parametrize("chapter", range(8))
def test_a_plan_is_whole(chapter):
    page = (BOOK / f"instructors/chapter-{chapter}.md").read_text()
    for title in ("Objectives", "Plan", "Misconceptions to expect", "Questions for discussion", "What to skip, what to keep", "Hardware"):
        assert f"\n## {title}\n" in page, title
    questions = re.split(r"^## ", page.split("\n## Questions for discussion\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    assert len(re.findall(r"^\*\*.+\*\* .{60,}", questions, re.MULTILINE)) >= 5, "a question and its answer"
    assert "minisora doctor" in page and len(page.split()) > 500


def test_the_citation_is_whole():
    import yaml

    card = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert card["cff-version"] == "1.2.0" and card["license"] == "MIT" and card["title"].startswith("minisora") and card["message"]
    assert card["authors"] and all("name" in one or "family-names" in one for one in card["authors"])
    assert f'version = "{card["version"]}"' in (ROOT / "pyproject.toml").read_text()


FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_one_that_github_takes(path):
    import yaml

    form = yaml.safe_load(path.read_text())
    if path.stem == "config":
        assert form["blank_issues_enabled"] in (True, False)
        return
    assert form["name"] and form["description"] and form["body"]
    names = [one["id"] for one in form["body"] if one["type"] != "markdown"]
    assert len(names) == len(set(names)) >= 2
    for one in form["body"]:
        assert one["type"] in ("markdown", "textarea", "input", "dropdown", "checkboxes")
        assert one["attributes"].get("value") if one["type"] == "markdown" else one["attributes"]["label"]
        assert one["type"] not in ("dropdown", "checkboxes") or one["attributes"]["options"]


def test_forms_ask_for_doctors_output():
    names = {path.stem for path in FORMS}
    assert names == {"bug", "chapter", "question", "config"}
    for name in ("bug", "chapter"):
        text = (ROOT / f".github/ISSUE_TEMPLATE/{name}.yml").read_text()
        assert "minisora doctor" in text and "id: doctor" in text
    assert "minisora doctor" in (ROOT / "README.md").read_text() and (ROOT / "CODE_OF_CONDUCT.md").exists()
