"""`minisora gallery`: makes the site's clips anew, asks the oracle about each, and writes the pages gallery, scoreboard and failures.

Each clip is made by its own command, word for word as the page shows it, in the repository's folder or another one of the same layout.
Everything is written under temporary names first: whoever looks sees the old gallery or the new one.
"""

import argparse
import contextlib
import io
import json
import os
import shlex
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image

from minisora.bench.measure import hashes, versions
from minisora.bench.report import write, write_whole
from minisora.errors import UserError
from minisora.fitting import fitted
from minisora.sora import MiniSora, shipped_weights
from minisora.video import png

from .gallery_pages import pages, stale
from .gallery_prompts import MEDIA, ROOT, Entry, entries, write_inputs
from .gallery_verdicts import sees, tones, verdicts

RECORD = "data/gallery/gallery.json"
STRIP = 6  # frames of a strip


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="minisora gallery", description="Make the site's clips and pages anew, with the oracle's verdicts.")
    made.add_argument("--out", metavar="FOLDER", type=Path, default=ROOT, help="where book/ and data/ are written (default: here)")
    made.add_argument("--only", metavar="GROUP", help="one group's clips, such as 'camera'; the others stay as they are")
    made.add_argument("--pages", action="store_true", help="make no clip: write the pages from what is recorded, as after a bench")
    made.add_argument("--check", action="store_true", help="make nothing: say what is not up to date")
    return made


def main(argv=None) -> int:
    """Runs the command; returns 1 when --check finds something. Raises UserError when it cannot."""
    args, rest = parser().parse_known_args(argv)
    if rest:
        raise UserError(f"gallery: what is {' '.join(rest)!r}? Look at: minisora gallery --help")
    if not args.out.is_dir():
        raise UserError(f"--out {args.out}: there is no such folder. Make it, or choose another.")
    if args.check:
        wrong = outdated(args.out)
        print("\n".join(wrong) or "the gallery and its pages are up to date")
        return int(bool(wrong))
    if not args.pages:
        remake(args.out, args.only)
    for path in pages(args.out):
        print(path.relative_to(args.out))
    return 0


def outdated(root: Path) -> list[str]:
    """What is not as today's weights, prompts and records would make it, a line each."""
    record = recorded(root)
    if record is None:
        return [f"{RECORD} is missing. Make it: minisora gallery"]
    listed = [one for part in entries() for one in part]
    wrong = []
    if record["weights"] != hashes(shipped_weights()):
        wrong.append(f"{RECORD} was made with other weights than data/weights holds. Make it anew: minisora gallery")
    if [_asked(one) for one in listed] != [{name: made.get(name) for name in _asked(listed[0])} for made in record["entries"]]:
        wrong.append(f"{RECORD} was made from another list than data/gallery/prompts.json. Make it anew: minisora gallery")
    return wrong + [f"{page} is not what the records give. Write it anew: minisora gallery --pages" for page in stale(root)]


def recorded(root: Path) -> dict | None:
    """What is recorded of the gallery in a folder."""
    path = root / RECORD
    return json.loads(path.read_text()) if path.exists() else None


def remake(root: Path, only: str | None = None) -> dict:
    """Makes the clips (of the group `only`, if it is given), judges them and records it all; returns the record.

    Raises UserError for a group that there is not, and where the others were made with other weights.
    """
    start, (listed, beyond) = time.perf_counter(), entries()
    everything = [*listed, *beyond]
    groups = list(dict.fromkeys(one.group for one in everything))
    if only and only not in groups:
        raise UserError(f"--only {only}: there are {', '.join(groups)}. Try --only '{groups[0]}'.")
    weights, before = hashes(shipped_weights()), recorded(root)
    if only and before and before["weights"] != weights:
        raise UserError("--only: the other groups were made with other weights. Make all of them: minisora gallery")
    kept = {one["number"]: one for one in before["entries"]} if only and before else {}
    with tempfile.TemporaryDirectory(dir=root, prefix=".gallery-") as name:
        folder = Path(name)
        (folder / MEDIA).mkdir(parents=True)
        with one_model() as sora:
            for number, one in enumerate(everything):
                if not only or one.group == only:
                    kept[one.number] = make(one, sora, folder)
                    seen = [verdict["seen"] for verdict in kept[one.number]["verdicts"]]
                    told = f"{sum(seen)} of {len(seen)} seen" if seen else "nothing to judge"
                    print(f"{number + 1}/{len(everything)} {one.group}: {told}", flush=True)
        made = [kept[number] for number in sorted(kept)]
        record = {
            "command": shlex.join(["minisora", "gallery"]),
            "seconds": round(time.perf_counter() - start, 1) if not only else before["seconds"] if before else None,
            "versions": versions(),
            "bf16": sora.precision()._enabled,
            "weights": weights,
            "entries": made,
        }
        _publish(folder, root, record)
    return record


@contextlib.contextmanager
def one_model():
    """Commands that load the repository's weights get the same model, loaded once."""
    sora, load = MiniSora.from_pretrained(), MiniSora.__dict__["from_pretrained"]
    MiniSora.from_pretrained = staticmethod(lambda source=None, **hub: sora)
    try:
        yield sora
    finally:
        MiniSora.from_pretrained = load


def run(entry: Entry, folder: Path) -> None:
    """Types an entry's commands in a folder that holds `book/media/gallery`."""
    from minisora.cli import build_parser

    write_inputs(entry, folder)
    for words in entry.commands():
        args, rest = build_parser().parse_known_args(words)
        with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            args.run(args, rest)


def make(entry: Entry, sora: MiniSora, folder: Path) -> dict:
    """Makes an entry's clip and its poster in a folder; returns what is to be recorded of it."""
    run(entry, folder)
    frames = clip(folder / entry.file(".mp4"))
    given = [clip(folder / name) for name in entry.inputs()]
    write_whole(folder / entry.file(".png"), png(Image.fromarray(frames[0]), fine=0))
    prompt = " ".join([entry.prompt, *(shot["prompt"] for shot in entry.shots)])
    claimed = entry.claims() or entry.mode in ("loop", "connect")  # what these promise needs no sentence
    found = {
        **_asked(entry),
        "file": entry.file(".mp4"), "poster": entry.file(".png"), "inputs": entry.inputs(), "given": entry.given,
        "frames": len(frames), "height": frames.shape[1], "width": frames.shape[2], "fps": 8,
        "sees": sees(frames),
        "unknown": [[word, list(near)] for word, near in sora.tokenizer.unknown_words(prompt)],
        "verdicts": [asdict(one) for one in (verdicts(entry, frames, given) if claimed else [])],
    }  # fmt: skip
    return found | ({"tones": tones(frames, len(given[0]))} if entry.group == "drift" else {})


def _asked(entry: Entry) -> dict:
    shots = {"shots": [shot["prompt"] for shot in entry.shots]}
    typed = [shlex.join(["minisora", *words]) for words in entry.commands()]
    return {"number": entry.number, "group": entry.group, "mode": entry.mode, "prompt": entry.prompt, **shots, "commands": typed}


def clip(path: Path) -> np.ndarray:
    """The frames (T, H, W, 3) of a clip's file, or of a picture's, at the size that they were made in."""
    return fitted(path)[0].frames


def strip(frames: np.ndarray) -> bytes:
    """The PNG file of frames spread evenly over a clip, side by side."""
    from minisora.video import Video

    return png(Video(frames).strip(STRIP), fine=0)


def _publish(folder: Path, root: Path, record: dict) -> None:
    """Moves what was made to its place, and takes away what no entry needs any more. Strips are of what is missed."""
    for number in _striped(record):
        one = record["entries"][number]
        path = folder / one["file"] if (folder / one["file"]).exists() else root / one["file"]
        one["strip"] = f"{MEDIA}/{one['number']:02d}-strip.png"
        write_whole(folder / one["strip"], strip(clip(path)))
    for path in (root / MEDIA, (root / RECORD).parent):
        path.mkdir(parents=True, exist_ok=True)
    for file in sorted((folder / MEDIA).iterdir()):
        os.replace(file, root / MEDIA / file.name)
    needed = {name for one in record["entries"] for name in (one["file"], one["poster"], one.get("strip"), *one["inputs"])}
    for file in (root / MEDIA).iterdir():
        if f"{MEDIA}/{file.name}" not in needed:
            file.unlink()
    write(root / RECORD, record)


def _striped(record: dict) -> list[int]:
    """Which entries the page of failures shows as strips: in each dimension the first that misses."""
    first: dict[str, int] = {}
    for index, one in enumerate(record["entries"]):
        one.pop("strip", None)
        for verdict in one["verdicts"]:
            if not verdict["seen"]:
                first.setdefault(verdict["dimension"], index)
    return sorted(set(first.values()))
