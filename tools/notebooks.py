"""Run chapters from top to bottom, in place, so that the same run leaves the same file.

python tools/notebooks.py                    all of notebooks/
python tools/notebooks.py notebooks/00-*     some of them

What differs between two machines or two runs is taken out: times, versions, the random names of widgets and of updatable places.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
SECONDS_A_CELL = 600
NAMES = re.compile(r'"(?:model_id|display_id)": "([0-9a-f]{32})"|IPY_MODEL_([0-9a-f]{32})')


def run(path: Path) -> None:
    """Execute the notebook in its own folder and write it back. Raises nbclient's CellExecutionError when a cell fails."""
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=SECONDS_A_CELL, startup_timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    text = normal(nbformat.writes(book))
    part = path.with_suffix(".part")
    part.write_text(text)
    os.replace(part, path)


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


def main(names: list[str]) -> int:
    for path in [Path(name).resolve() for name in names] or sorted(FOLDER.glob("*.ipynb")):
        start = time.time()
        run(path)
        print(f"{path.name}: {time.time() - start:.0f} s, {path.stat().st_size / 1e3:.0f} kB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
