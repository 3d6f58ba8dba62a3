"""The pages that are written from records alone: gallery, scoreboard and failures. The same records give the same pages, byte for byte."""

import json
from pathlib import Path

from minisora.bench.report import write_whole

ROOT = Path(__file__).resolve().parents[2]
RECORD, BENCH = "data/gallery/gallery.json", "data/bench"
NOTE = "<!-- Written by `minisora gallery --pages` from {records}: what is changed here is lost. -->"


def drawn(root: Path) -> dict[str, str]:
    """The three pages, by name: of the gallery recorded in a folder, and of the repository's bench. A page without record is left out."""
    from .beside import ablations, framing, lengths
    from .failures import failures
    from .gallery_page import gallery
    from .scoreboard import scoreboard

    record = _read(root / RECORD)
    report, core, published = (_read(ROOT / BENCH / f"{name}.json") for name in ("report", "core", "published"))
    suites = report["suites"] if report else {"core": core} if core else {}
    found = {}
    if record:
        found["book/gallery.md"] = NOTE.format(records=RECORD) + "\n\n" + gallery(record)
    if suites:
        of = f"{BENCH}/{'report' if report else 'core'}.json"
        parts = [scoreboard(suites, report, published).rstrip()]
        for name, told in (("framing", framing), ("lengths", lengths)):
            if beside := _read(ROOT / BENCH / f"{name}.json"):
                parts.append(told(beside))
        if (table := ROOT / BENCH / "ablations.md").exists():
            parts.append(ablations(table.read_text()))
        found["book/scoreboard.md"] = "\n\n".join([NOTE.format(records=of), *parts]) + "\n"
    if record and suites:
        found["book/failures.md"] = NOTE.format(records=f"{RECORD} and {of}") + "\n\n" + failures(record, suites, report)
    return found


def pages(root: Path) -> list[Path]:
    """Writes the pages into a folder's `book/`; returns what was written."""
    (root / "book").mkdir(exist_ok=True)
    made = drawn(root)
    for name, text in made.items():
        write_whole(root / name, text)
    return [root / name for name in made]


def stale(root: Path) -> list[str]:
    """The pages that are not what the records give."""
    return [name for name, text in drawn(root).items() if not (root / name).exists() or (root / name).read_text() != text]


def _read(path: Path) -> dict | None:
    return json.loads(path.read_text()) if path.exists() else None


def of_weights(weights: dict[str, str]) -> str:
    """The files of weights by the first digits of their hashes."""
    told = ", ".join(f"{name} {digest[:8]}" for name, digest in weights.items() if name.endswith(".safetensors"))
    return f"Weights (SHA-256, first eight digits): {told}."
