"""Brings `book/` and the executed chapters together in one folder, as Jupyter Book wants them: links, tables of records, configuration.

In the repository a page's links lead to files, so that they work where the repository is read. On the site the same links lead to
pages where there are any, and else to the file in the repository on the web.
"""

import json
import os
import re
import runpy
import shutil
from pathlib import Path

from .status import TABLES

ROOT = Path(__file__).resolve().parents[2]
BRANCH = "main"
LINK = re.compile(r"(?P<open>!?\[[^\]]*\]\()(?P<target>[^)#\s]+)")
TABLE = re.compile(r"^<!-- table: (?P<name>\w+) -->$", re.MULTILINE)
WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURES = (".png", ".jpg", ".svg", ".webp")


def repository() -> str:
    """Where the repository is read on the web: what notebooks fetch the course from, without its ending."""
    return runpy.run_path(str(ROOT / "tools" / "chapters.py"))["REPOSITORY"].removesuffix(".git")


def gather(folder: Path, root: Path = ROOT) -> None:
    """Writes the book's sources into `folder`. root: the repository's folder."""
    shutil.copytree(root / "book", folder, ignore=shutil.ignore_patterns("__pycache__", "*.py", "_build"), dirs_exist_ok=True)
    web = repository()
    for page in sorted(folder.rglob("*.md")):
        source = root / "book" / page.relative_to(folder)
        text = TABLE.sub(lambda match: TABLES[match["name"]](root), page.read_text(encoding="utf-8"))
        page.write_text(linked(text, source, root, web, folder), encoding="utf-8")
    (folder / "notebooks").mkdir()
    for source in sorted((root / "notebooks").glob("[0-9][0-9]-*.ipynb")):
        book = chapter(json.loads(source.read_text(encoding="utf-8")), source, root, web, folder)
        (folder / "notebooks" / source.name).write_text(json.dumps(book, ensure_ascii=False), encoding="utf-8")
    configure(folder, web)


def chapter(book: dict, source: Path, root: Path, web: str, folder: Path) -> dict:
    """A notebook for a page without a kernel: what stands in a widget's place is shown instead of the widget."""
    book["metadata"].pop("widgets", None)
    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = linked("".join(cell["source"]), source, root, web, folder).splitlines(keepends=True)
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET, None)
    return book


def linked(text: str, source: Path, root: Path, web: str, folder: Path) -> str:
    """A page's text, its links as they are on the site. source: where the page lies in the repository, whose folder is `root`."""
    here = place(source, root)

    def moved(match: re.Match) -> str:
        target = match["target"]
        file = Path(os.path.normpath(source.parent / target))
        if ":" in target or not file.exists() or not file.is_relative_to(root):
            return match[0]  # where it leads nowhere, Sphinx says so
        there = place(file, root)
        if there is None and file.suffix in PICTURES and match["open"].startswith("!"):
            there = Path("pictures") / file.relative_to(root)
            (folder / there).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, folder / there)
        if there is None:
            return f"{match['open']}{web}/{'tree' if file.is_dir() else 'blob'}/{BRANCH}/{file.relative_to(root).as_posix()}"
        return match["open"] + Path(os.path.relpath(there, here.parent)).as_posix()

    return LINK.sub(moved, text)


def place(file: Path, root: Path) -> Path | None:
    """Where a file of the repository lies on the site; None: nowhere."""
    if file.is_relative_to(root / "book"):
        return file.relative_to(root / "book")
    if file.parent == root / "notebooks" and file.suffix == ".ipynb":
        return file.relative_to(root)
    return None


def configure(folder: Path, web: str) -> None:
    """Adds to `_config.yml` what has another home: the repository's address."""
    config = folder / "_config.yml"
    config.write_text(config.read_text(encoding="utf-8") + f"\nrepository:\n  url: {web}\n  branch: {BRANCH}\n", encoding="utf-8")
