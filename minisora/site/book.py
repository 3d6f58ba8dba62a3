"""`minisora book`: the website, built by Jupyter Book from `book/` and the executed notebooks. Nothing is run, nothing is fetched."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from minisora.errors import UserError

from .pages import ROOT, gather
from .status import BUILD, machine, record, versions

JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"
MARK = ".minisora-book"  # lies in a folder that this command made, and may so be replaced by it
COLOUR = re.compile(r"\x1b\[[\d;]*m")  # of a terminal
MEDIA = (".mp4", ".png", ".jpg", ".webp", ".gif", ".svg", ".vtt")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="minisora book", description="Build the website, from the outputs that the notebooks hold.")
    made.add_argument("--out", metavar="FOLDER", type=Path, help="where the site goes; one that was built there before is replaced")
    made.add_argument("--record", action="store_true", help=f"write the build's time and size, and the packages' versions, into {BUILD}")
    return made


def main(argv=None) -> int:
    """Builds the site, and says what it became. Raises UserError when it cannot."""
    args, rest = parser().parse_known_args(argv)
    if rest:
        raise UserError(f"book: what is {' '.join(rest)!r}? Look at: minisora book --help")
    if not args.out:
        raise UserError("book: where to? Type: minisora book --out FOLDER")
    start, out = time.perf_counter(), args.out.expanduser().resolve()
    check(out)
    build(out)
    files = [file for file in out.rglob("*") if file.is_file()]
    spent = {"seconds": round(time.perf_counter() - start, 1), "cpu_seconds": round(sum(os.times()[:4]), 1)}
    spent |= {"pages": sum(file.suffix == ".html" and "_static" not in file.parts for file in files), "files": len(files)}
    spent |= {"bytes": sum(file.stat().st_size for file in files)}
    print(f"{out / 'index.html'}: {spent['pages']} pages, {spent['bytes'] / 1e6:.1f} MB, in {spent['seconds']:.0f} s")
    if args.record:
        record(ROOT / BUILD, {"build": {**spent, **machine()}, "versions": versions(ROOT)})
        print(f"written to {BUILD}; the next build shows it")
    return 0


def check(out: Path) -> None:
    """Before the work: is there a book, something to build it with, and room where it goes? Raises UserError when there is not."""
    from importlib.util import find_spec

    if not (ROOT / "book" / "_config.yml").is_file():
        raise UserError(f"book: there is no folder book/ in {ROOT}. Clone the repository, and install it with: pip install -e .")
    if find_spec("jupyter_book") is None:
        raise UserError("book: Jupyter Book is not installed. Type: python -m pip install -r requirements.txt")
    if not out.parent.is_dir():
        raise UserError(f"--out {out}: there is no folder {out.parent}. Make it first: mkdir -p {out.parent}")
    if out.exists() and not (out.is_dir() and ((out / MARK).exists() or not any(out.iterdir()))):
        raise UserError(f"--out {out}: something else is there already. Name a new folder, or remove it first.")


def build(out: Path) -> None:
    """Gathers the pages, builds them beside `out`, and renames the result. Raises UserError with Sphinx's first complaints."""
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as name:
        pages, made = Path(name, "pages"), Path(name, "built")
        gather(pages)
        command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(pages), "--path-output", str(made), "-W", "--keep-going", "-q"]
        environment = os.environ | {"PYTHONWARNINGS": "ignore", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        site = made / "_build" / "html"
        lines = COLOUR.sub("", done.stderr).replace(f"{pages}/", "").splitlines()
        said = [line for line in lines if "WARNING" in line or "ERROR" in line]
        if done.returncode or said or not (site / "index.html").exists():
            raise UserError("book: Jupyter Book is not content:\n" + "\n".join(said[:20] or (lines or done.stdout.splitlines())[-5:]))
        media = [file.relative_to(pages) for file in (pages / "media").rglob("*") if file.suffix in MEDIA]
        for file in media:  # clips that pages name in HTML, which Sphinx does not see
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(pages / file, site / file)
        (site / MARK).touch()
        if out.exists():
            os.replace(out, Path(name, "old"))
        os.replace(site, out)
