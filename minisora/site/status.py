"""The tables of the status page, made of what commands recorded: seconds a chapter, the site's build, the versions that were there."""

import json
import os
import platform
import re
from importlib import metadata
from pathlib import Path

BUILD = "data/bench/site.json"  # written by `minisora book --record`
CHAPTERS = "data/bench/chapters.json"  # written by tools/notebooks.py
NEED = re.compile(r"^(?P<name>[\w.-]+)>=(?P<oldest>[\d.]+)(?:\.post\d+)?,<(?P<below>[\d.]+)", re.MULTILINE)


def machine() -> dict:
    """What a time was measured on, and with what."""
    from minisora.doctor import _cpu_name

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"processor": _cpu_name(), "cores": cores, "system": platform.system(), "python": platform.python_version()}


def versions(root: Path) -> dict[str, str]:
    """The installed version of each package that requirements.txt names."""
    found = {}
    for match in NEED.finditer((root / "requirements.txt").read_text(encoding="utf-8")):
        try:
            found[match["name"]] = metadata.version(match["name"])
        except metadata.PackageNotFoundError:
            continue
    return found


def record(file: Path, entries: dict) -> None:
    """Puts entries into a file of records and keeps the others; the file appears whole or not at all."""
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    part = file.with_suffix(".partial")
    part.write_text(json.dumps({**kept, **entries}, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(part, file)


def read(root: Path, name: str) -> dict:
    file = root / name
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def chapters(root: Path) -> str:
    """Seconds a chapter, on which machine; a chapter that nobody timed says so."""
    records = read(root, CHAPTERS)
    rows = ["| chapter | seconds | on |", "|---|---:|---|"]
    for path in sorted((root / "notebooks").glob("[0-9][0-9]-*.ipynb")):
        found = records.get(path.stem)
        spent = f"{found['seconds']:.0f} | {on(found)}" if found else "not recorded yet | "
        rows.append(f"| [{path.stem[:2]} {path.stem[3:].replace('-', ' ')}](../notebooks/{path.name}) | {spent} |")
    return "\n".join(rows)


def build(root: Path) -> str:
    """How long the last recorded build of this site took, and how large it is."""
    found = read(root, BUILD).get("build")
    if not found:
        return "No build has been recorded yet: `python -m minisora book --out FOLDER --record`."
    rows = [
        ("pages", f"{found['pages']}"),
        ("size", f"{found['bytes'] / 1e6:.1f} MB in {found['files']} files"),
        ("time", f"{found['seconds']:.0f} s, of which the processor worked {found['cpu_seconds']:.0f} s"),
        ("on", on(found)),
    ]
    return "\n".join(["| this site | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def packages(root: Path) -> str:
    """Oldest version allowed, version of the last record, first version not allowed."""
    there = read(root, BUILD).get("versions", {})
    rows = ["| package | from | recorded with | below |", "|---|---|---|---|"]
    for match in NEED.finditer((root / "requirements.txt").read_text(encoding="utf-8")):
        rows.append(f"| {match['name']} | {match['oldest']} | {there.get(match['name'], '')} | {match['below']} |")
    return "\n".join(rows)


def on(found: dict) -> str:
    return f"{found['processor']}, {found['cores']} cores, {found['system']}, Python {found['python']}"


TABLES = {"chapters": chapters, "build": build, "packages": packages}
