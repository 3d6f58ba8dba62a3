"""What stands on the slides of a chapter: chosen from its own cells, nothing is written twice.

A deck opens with the title, the aims and the box of what Sora's report says. Then come the code cells with the tag `slide` (what they show)
or `slide-code` (what they say), each under the heading of its section; a question to predict before it gets a slide of its own, in front.
It ends with the exercises and what is to be remembered. The text around a cell goes into the speaker's notes.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from minisora.errors import UserError

NOTEBOOKS = Path(__file__).resolve().parent.parent.parent / "notebooks"
AIMS = re.compile(r"\*\*(?:You will|You will be able to|When you are through, you can)\*\*")
PREDICT = re.compile(r"\*\*Predict[^*]*\*\*.*", re.DOTALL)
BOLD = re.compile(r"\*\*(.{60,}?)\*\*", re.DOTALL)
END = re.compile(r"^## .*(?:one picture|Recap|What you have now)", re.MULTILINE)
EXERCISE = re.compile(r"^### Exercise (\d\.\d+) · (.+)\n+\*(.+)\*", re.MULTILINE)
DETAILS = re.compile(r"<details><summary>.*?</summary>(.*?)</details>", re.DOTALL)


@dataclass(frozen=True)
class Slide:
    """A title, a body ("title", "text", "table", "question": Markdown; "figure": HTML; "code": Python), and notes for who speaks."""

    title: str
    kind: str
    body: str
    notes: str = ""


def path_of(chapter: int) -> Path:
    """The chapter's notebook, with its outputs. Raises UserError where there is none."""
    found = sorted(NOTEBOOKS.glob(f"{chapter:02d}-*.ipynb"))
    if not found:
        raise UserError(f"{NOTEBOOKS}: chapter {chapter} is not there. Slides are made in a clone of the repository, by its own minisora.")
    return found[0]


def deck(chapter: int) -> list[Slide]:
    """The slides of a chapter."""
    cells = json.loads(path_of(chapter).read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells]
    prose = [text if cell["cell_type"] == "markdown" else "" for cell, text in zip(cells, texts, strict=True)]
    slides = opening(prose[0])
    table = next((part for text in prose for part in blocks(text) if part.startswith("|") and "nobody outside knows" in part), "")
    if table:
        slides.append(Slide("Sora says, we do, nobody outside knows", "table", table))
    heading = ""
    for index, cell in enumerate(cells):
        heading = headings(prose[index])[-1] if headings(prose[index]) else heading
        tags = cell["metadata"].get("tags", [])
        if not {"slide", "slide-code"} & set(tags):
            continue
        before = next((text for text in reversed(prose[:index]) if text), "")
        after = next((text for text in prose[index + 1 :] if text), "")
        near = prose[index - 1] if prose[index - 1] else prose[index - 2]
        questions = [asked[0] for part in blocks(near) if (asked := PREDICT.search(part))]
        answer = DETAILS.search(after)
        if questions and not (slides and slides[-1].body == questions[-1]):
            slides.append(Slide("Predict before you run", "question", questions[-1], answer[1].strip() if answer else ""))
        notes = "\n\n".join(part for part in (spoken(before), answer[1].strip() if answer else spoken(after)) if part)
        if "slide-code" in tags:
            slides.append(Slide(heading, "code", texts[index], notes))
        if "slide" in tags:
            slides.append(Slide(heading, "figure", shown(cell), notes))
    return slides + closing(prose)


def opening(text: str) -> list[Slide]:
    """The title with the chapter's claim, and its aims."""
    parts = blocks(text)
    title = parts[0].splitlines()[0].lstrip("# ")
    bold = BOLD.search(parts[1])
    claim = bold[1].removeprefix("The claim of this chapter: ") if bold else sentences(parts[1], 60)
    slides = [Slide(title, "title", claim[0].upper() + claim[1:])]
    aims = AIMS.search(text)
    if aims:
        listed = next((part for part in blocks(text[aims.end() :]) if re.match(r"(?:-|\d\.) ", part)), "")
        slides.append(Slide("When you are through, you can" if "through" in aims[0] else "You will", "text", listed))
    return slides


def closing(prose: list[str]) -> list[Slide]:
    """The exercises, and what is to be remembered."""
    slides, found = [], [match for text in prose for match in EXERCISE.finditer(text)]
    if found:
        rows = "\n".join(f"| {number} | {title} | {about} |" for number, title, about in (match.groups() for match in found))
        slides.append(Slide("Exercises", "table", f"| | | |\n|---|---|---|\n{rows}"))
    last = max((index for index, text in enumerate(prose) if END.search(text)), default=len(prose))
    parts = [part for text in prose[last:] for part in blocks(END.split(text)[-1])]
    reading = next((index for index, part in enumerate(parts) if "read next" in part.lower()), len(parts))
    listed = next((part for part in parts[:reading] if part.startswith("- ")), "\n\n".join(parts[:reading][:1]))
    if listed:
        slides.append(Slide("To remember", "text", listed))
    return slides


def blocks(text: str) -> list[str]:
    """Paragraphs, lists and tables of a text in Markdown, without folded ones."""
    return [part.strip() for part in re.split(r"\n\s*\n", DETAILS.sub("", text)) if part.strip()]


def headings(text: str) -> list[str]:
    """Headings of sections, without numbers; exercises are none."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    found = re.findall(r"^###? (.+)$", text, re.MULTILINE)
    return [re.sub(r"^\d+ · ", "", one) for one in found if not one.startswith(("Exercise", "Words", "To read", "What to read"))]


def sentences(text: str, words: int) -> str:
    """The first sentences of a text, as many as fit into a number of words; one at least."""
    kept: list[str] = []
    for sentence in re.split(r"(?:(?<=[.!?])|(?<=[.!?]\*\*))\s+(?=[A-Z*])", " ".join(text.split())):
        if kept and len(" ".join([*kept, sentence]).split()) > words:
            break
        kept.append(sentence)
    whole = " ".join(kept)
    return whole + "**" * (whole.count("**") % 2)


def spoken(text: str) -> str:
    """What is said beside a slide: paragraphs alone."""
    return "\n\n".join(part for part in blocks(text) if not part.startswith(("#", "|", "```", "<", "- **Words")))


def shown(cell: dict) -> str:
    """The pictures and clips that a cell shows, as HTML; its printed lines where there are none."""
    pages = ["".join(output["data"]["text/html"]) for output in cell["outputs"] if "text/html" in output.get("data", {})]
    lines = ["".join(output["text"]) for output in cell["outputs"] if output.get("name") == "stdout"]
    return "\n".join(pages) if pages else f"<pre>{''.join(lines)}</pre>"
