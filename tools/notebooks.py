"""Makes the chapters' notebooks of their sources, notebooks/source/NN-name.py: the learner's is run from top to bottom, so that the same
run leaves the same file; the instructor's (notebooks/instructor/) has the answers in place and is not run.

    python tools/notebooks.py                            all of them
    python tools/notebooks.py 01-spacetime-patches       some of them (or 1, or the source's path)
    python tools/notebooks.py 1 --keep                   nothing is run: outputs are kept where the code did not change
    python tools/notebooks.py --nbgrader FOLDER          assignments for nbgrader, and for Otter with --otter
    python tools/notebooks.py 1 --out FOLDER             the learner's and the instructor's notebook there, not in the repository

The seconds that a chapter took are kept in data/bench/chapters.json, for the website's status page.
What differs between two machines or two runs is taken out: times, versions, the random names of widgets and of updatable places.
"""

import argparse
import difflib
import json
import os
import re
import sys
import time
from pathlib import Path

import build
import chapters

from minisora.site import status

SECONDS_A_CELL = 600
NAMES = re.compile(r'"(?:model_id|display_id)": "([0-9a-f]{32})"|IPY_MODEL_([0-9a-f]{32})')


def run(book: dict, folder: Path) -> str:
    """Executes a notebook in `folder`; its JSON, normalised. Raises nbclient's CellExecutionError when a cell fails."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.reads(json.dumps(book), as_version=4)
    NotebookClient(notebook, timeout=SECONDS_A_CELL, startup_timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return normal(nbformat.writes(notebook))


def keep(book: dict, old: dict) -> int:
    """Gives code cells the outputs that the same code has in an `old` notebook. Returns how many cells have to be run again."""
    new_cells, old_cells = ([cell for cell in one["cells"] if cell["cell_type"] == "code"] for one in (book, old))
    texts = [["".join(cell["source"]) for cell in cells] for cells in (new_cells, old_cells)]
    for block in difflib.SequenceMatcher(None, *texts, autojunk=False).get_matching_blocks():
        for step in range(block.size):
            there = old_cells[block.b + step]
            new_cells[block.a + step] |= {"execution_count": there["execution_count"], "outputs": there["outputs"]}
    for cell in new_cells:
        if "bootstrap" in cell["metadata"].get("tags", ()):
            cell["execution_count"] = 1  # it does nothing here
    missing = sum(cell["execution_count"] is None for cell in new_cells)
    if not missing:
        for count, cell in enumerate(new_cells, 1):
            cell["execution_count"] = count
    if "widgets" in old["metadata"]:
        book["metadata"]["widgets"] = old["metadata"]["widgets"]
    return missing


def write(path: Path, text: str) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def plain(book: dict) -> str:
    """The JSON of a notebook that was not run."""
    return json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def normal(text: str) -> str:
    """The notebook's JSON without what changes from run to run."""
    book = json.loads(text)
    for cell in book["cells"]:
        cell["metadata"].pop("execution", None)
        if "outputs" in cell:
            cell["outputs"] = joined(cell["outputs"])
    book["metadata"]["language_info"] = {"name": "python"}
    state = book["metadata"].get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    names = found(book["cells"])
    for name in names:  # grows: whom a widget holds is named after it
        names += [inner for inner in found(state.get(name)) if inner not in names]
    text = json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    for number, name in enumerate(names):
        text = text.replace(name, f"{number:032x}")
    return json.dumps(json.loads(text), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def joined(outputs: list[dict]) -> list[dict]:
    """Pieces of one stream as one: where they are cut is chance."""
    whole: list[dict] = []
    for output in outputs:
        if whole and output["output_type"] == "stream" and whole[-1].get("name") == output["name"]:
            text = "".join(whole[-1]["text"]) + "".join(output["text"])
            whole[-1]["text"] = text.splitlines(keepends=True)
        else:
            whole.append(output)
    return whole


def found(part) -> list[str]:
    """The random names in a part of a notebook, in order, once each."""
    return list(dict.fromkeys(one or two for one, two in NAMES.findall(json.dumps(part, sort_keys=True))))


def sources(names: list[str]) -> list[Path]:
    """The sources that are meant by names, numbers or paths; all of them when none is given."""
    found = []
    for name in names:
        stem = Path(name).stem
        matches = [path for path in chapters.sources() if stem == path.stem or (stem.isdigit() and int(stem) == int(path.stem[:2]))]
        if not matches:
            sys.exit(f"{name}: there is no such source. Known: {', '.join(path.stem for path in chapters.sources())}.")
        found += matches
    return found or chapters.sources()


def make(path: Path, folder: Path, keep_outputs: bool) -> None:
    """The learner's and the instructor's notebook of a source, into `folder`."""
    start, chapter = time.time(), chapters.read(path)
    target = folder / f"{chapter.name}.ipynb"
    write(folder / "instructor" / target.name, plain(build.instructor(chapter)))
    book, said = build.learner(chapter), ""
    if not keep_outputs:
        write(target, run(book, chapters.FOLDER))
        if folder == chapters.FOLDER:
            status.record(chapters.ROOT / status.CHAPTERS, {path.stem: {"seconds": round(time.time() - start, 1), **status.machine()}})
    else:
        missing = keep(book, json.loads(target.read_text())) if target.exists() else len(book["cells"])
        said = f", {missing} cells have to be run: python tools/notebooks.py {chapter.number}" if missing else ", nothing has to be run"
        write(target, normal(plain(book)))
    print(f"{target.name}: {time.time() - start:.0f} s, {target.stat().st_size / 1e3:.0f} kB{said}", flush=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="CHAPTER")
    parser.add_argument("--keep", action="store_true", help="run nothing; keep the outputs of cells whose code did not change")
    parser.add_argument("--out", type=Path, default=chapters.FOLDER, help="where to write (default: notebooks/)")
    parser.add_argument("--nbgrader", type=Path, metavar="FOLDER", help="write assignments for nbgrader there, and nothing else")
    parser.add_argument("--otter", type=Path, metavar="FOLDER", help="write assignments for Otter there, and nothing else")
    args = parser.parse_args(arguments)
    for path in sources(args.names):
        for folder, export in ((args.nbgrader, build.nbgrader), (args.otter, build.otter)):
            if folder:
                write(folder / f"{path.stem}.ipynb", plain(export(chapters.read(path))))
        if not (args.nbgrader or args.otter):
            make(path, args.out, args.keep)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
