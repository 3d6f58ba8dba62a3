"""One suite from the first case to the last: who makes the videos, what it was asked with, where it goes on if it is cut off.

Built in chapter 8.
"""

import hashlib
import json
import platform
import shlex
import time
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from minisora.errors import UserError

from .report import LINES, Tally, summary, write_whole

SAVED = 30.0  # seconds between looks at what would be lost
# files of this folder in which a change changes no verdict
NOT_JUDGING = ("__init__", "coding", "command", "floors", "lessons", "measure", "page", "report", "teach", "whole", "worst")
After = Callable[[int, float], str]  # (cases done now, seconds they took) to what the progress bar says besides


def measure(args: Namespace, lines: tuple[str, ...], part: Path | None = None, after: After | None = None) -> dict:
    """The report of the suite `args.suite` as plain data.

    part: a file that keeps what is judged, now and then and when the run is cut off; a run that is asked the same goes on from it.
    """
    from tqdm import tqdm

    from .suites import RUNNERS, suite

    kept = Part(part, identity(args, lines), lines)
    cases = suite(args.suite, args.n, args.seed)
    makers = makers_of(args, lines)
    judges = import_module(f".{RUNNERS.get(args.suite, 'lines')}", __package__)
    begun, now, total = time.perf_counter(), 0, sum(map(len, cases.values()))
    try:
        with tqdm(total=total, initial=kept.count, desc=args.suite, unit="case", disable=True if args.quiet else None) as bar:
            for split, asked in cases.items():
                tallies, before = kept.tallies(split)
                for done, _ in judges.run(asked, lines, makers, before, tallies):
                    now += 1
                    kept.keep(split, done, tallies)
                    if after:
                        bar.set_postfix_str(after(now, time.perf_counter() - begun), refresh=False)
                    bar.update()
    except BaseException:
        kept.save()
        raise
    found = {split: kept.tallies(split)[0] for split in cases}
    about = {
        **kept.fingerprint,
        "n": total,
        "command": command(args, lines),
        "versions": versions(),
        "seconds": round(kept.seconds, 1),
        "meaning": getattr(judges, "MEANING", {}),
    }
    reports = {split: summary(tallies, {"n": len(cases[split])}, judges.dimensions(tallies)) for split, tallies in found.items()}
    return {**about, **reports["heldout"]} if len(reports) == 1 else {**about, "splits": reports}


def measure_again(args: Namespace, lines: tuple[str, ...]) -> dict:
    """The report of the suite "modes" in `args.json`, with the ways in of `args.again` judged anew and all others as they are.

    For when a mode itself has changed, which no hash tells. Raises UserError where that report asked, or judged, something else.
    """
    from tqdm import tqdm

    from . import modes as judges
    from .suites import suite

    there, unknown = read(Path(args.json)) if args.json else {}, set(args.again) - set(judges.TESTS)
    if args.suite != "modes" or unknown:
        raise UserError(f"--again {' '.join(args.again)}: of the suite modes, some of {', '.join(judges.TESTS)}. Add --suite modes.")
    if any(there.get(name) != value for name, value in identity(args, lines).items()):
        raise UserError(f"--again: {args.json} is no report of the same questions, weights and judges. Ask all of them: leave --again out.")
    begun = time.perf_counter()
    cases = [case for case in suite(args.suite, args.n, args.seed)["heldout"] if case.mode in args.again]
    tallies = {line: Tally() for line in LINES if line in lines}
    with tqdm(total=len(cases), desc=" ".join(args.again), unit="case", disable=True if args.quiet else None) as bar:
        for _ in judges.run(cases, lines, makers_of(args, lines), 0, tallies):
            bar.update()
    found = summary(tallies, {"n": len(cases)}, judges.dimensions(tallies))["dimensions"]
    told = {"modes": args.again, "versions": versions(), "seconds": round(time.perf_counter() - begun, 1)}
    return {**there, "dimensions": {**there["dimensions"], **found}, "again": told}


class Part:
    """What is judged of a suite that is not done, by split: how many cases, and the tally of each line."""

    def __init__(self, path: Path | None, fingerprint: dict, lines: tuple[str, ...]):
        self.path, self.fingerprint, self.lines = path, fingerprint, lines
        self.splits: dict[str, dict] = {}
        self.before, self.begun = 0.0, time.perf_counter()
        self.saved = self.begun
        there = read(path)
        if there.get("of") == fingerprint:
            self.splits, self.before = there["splits"], there["seconds"]

    @property
    def seconds(self) -> float:
        """How long the suite has taken, all runs together."""
        return self.before + time.perf_counter() - self.begun

    @property
    def count(self) -> int:
        return sum(split["done"] for split in self.splits.values())

    def tallies(self, split: str) -> tuple[dict[str, Tally], int]:
        """The tallies of a split as they stand, and how many of its cases are in them."""
        there = self.splits.get(split)
        if there is None:
            return {line: Tally() for line in LINES if line in self.lines}, 0
        return {line: Tally.of(plain) for line, plain in there["lines"].items()}, there["done"]

    def keep(self, split: str, done: int, tallies: dict[str, Tally]) -> None:
        """Remembers whole cases only: what a case that is cut off has found is judged again."""
        self.splits[split] = {"done": done, "lines": {line: tally.plain() for line, tally in tallies.items()}}
        if time.perf_counter() - self.saved > SAVED:
            self.save()

    def save(self) -> None:
        if self.path is None or not self.splits:
            return
        write_whole(self.path, json.dumps({"of": self.fingerprint, "seconds": round(self.seconds, 1), "splits": self.splits}))
        self.saved = time.perf_counter()


def read(path: Path | None) -> dict:
    """What a file of JSON holds; nothing, where there is none or it is none."""
    try:
        there = json.loads(path.read_text()) if path is not None else {}
    except (OSError, ValueError):
        return {}
    return there if isinstance(there, dict) else {}


def identity(args: Namespace, lines: tuple[str, ...]) -> dict:
    """What a suite's numbers hang on: two runs that agree in it find the same."""
    from minisora.dit import WEAK
    from minisora.flow import EARLY, FRESH, INTERVAL, LEAP
    from minisora.limits import DEFAULT_GUIDANCE, DEFAULT_STEPS

    from .suites import VERSION

    steps = DEFAULT_STEPS if args.steps is None else args.steps
    guidance = DEFAULT_GUIDANCE if args.guidance is None else args.guidance
    walk = {"interval": list(INTERVAL), "early": EARLY, "fresh": FRESH, "weak": WEAK, "leap": LEAP}
    sampler = {"steps": steps, "guidance": guidance, **walk} if "model" in lines else {}
    here = Path(__file__).parent
    return {
        "suite": args.suite,
        "suite_version": VERSION,
        "seed": args.seed,
        "asked": {"n": args.n, "lines": list(lines), **sampler},
        "weights": hashes(folder_of(args, lines)),
        "oracle": _sha256(here.parents[1] / "data" / "oracle" / "oracle.safetensors"),
        "judges": _sha256(*(file for file in sorted(here.glob("*.py")) if file.stem not in NOT_JUDGING)),
    }


def command(args: Namespace, lines: tuple[str, ...]) -> str:
    """What to type for the same report."""
    words = ["minisora", "bench", "--suite", args.suite, "--n", str(args.n), "--lines", ",".join(lines), "--seed", str(args.seed)]
    for name in ("weights", "vae", "steps", "guidance"):
        if getattr(args, name) is not None:
            words += [f"--{name}", str(getattr(args, name))]
    return shlex.join(words)


def folder_of(args: Namespace, lines: tuple[str, ...]) -> Path | None:
    """The folder of the weights that these lines need; None when they need none."""
    from minisora.sora import shipped_weights

    if "model" in lines:
        return Path(args.weights or shipped_weights())
    return Path(args.vae or args.weights or shipped_weights()) if "autoencoder" in lines else None


def makers_of(args: Namespace, lines: tuple[str, ...]):
    """What makes the videos of these lines."""
    from .lines import Makers

    options = {name: value for name in ("steps", "guidance") if (value := getattr(args, name)) is not None}
    if "model" in lines:
        from minisora.sora import MiniSora

        return Makers(MiniSora.from_pretrained(args.weights), seed=args.seed, **options)
    if "autoencoder" in lines:
        from minisora.vae import VAEConfig, VideoVAE
        from minisora.weights import load_part

        folder = folder_of(args, lines)
        return Makers(vae=load_part(folder, "vae", lambda config: VideoVAE(VAEConfig(**config))).eval(), seed=args.seed)
    return Makers()


def versions() -> dict:
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("minisora", "torch", "numpy", "opencv-python-headless"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def hashes(folder: Path | None) -> dict:
    """The SHA-256 of every file of weights in a folder."""
    if folder is None or not folder.is_dir():
        return {}
    return {file.name: _sha256(file) for file in sorted(folder.iterdir()) if file.suffix in (".safetensors", ".json")}


def _sha256(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes() if file.exists() else b"")
    return digest.hexdigest() if any(file.exists() for file in files) else ""
