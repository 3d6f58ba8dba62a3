"""`minisora bench --all`: every suite, and one report of them all. Built in chapter 8.

Each suite's own report is written when it is done, and isn't run again while weights, oracle and question stay the same; what is judged
of a suite that was cut off lies beside it until then. So it may be stopped at any time and goes on by the same command.
"""

import json
import shlex
import sys
import time
from argparse import Namespace
from pathlib import Path

from minisora.errors import UserError

from .floors import floors, worst
from .measure import After, Part, identity, makers_of, measure, read, versions
from .page import page
from .report import write, write_whole

FOLDER = Path(__file__).parents[2] / "data" / "bench"
PUBLISHED = FOLDER / "published.json"
SIZES = {"core": 320, "world": 640, "modes": 640, "splits": 192}  # cases; world and modes ask ten things in turn: 64 of each
QUICK = 16
SAYS = 60.0  # seconds between lines
COST = {"core": 1.0, "world": 1.5, "modes": 6.0, "splits": 1.0}  # of a case, roughly, in cases of core


def sizes(n: int | None = None, quick: bool = False) -> dict[str, int]:
    """How many cases each suite asks when core asks `n`."""
    share = (n / SIZES["core"] if n else 1.0) / (QUICK if quick else 1)
    return {suite: max(1, round(full * share)) for suite, full in SIZES.items()}


def whole(args: Namespace, lines: tuple[str, ...]) -> Path:
    """Runs what is not done of all suites, and writes report.json, report.md and the pictures; returns their folder."""
    folder = args.out or FOLDER
    if not folder.is_dir():
        raise UserError(f"--out {folder}: there is no such folder. Make it, or choose another.")
    counts = sizes(args.n, args.quick)
    asked = {suite: Namespace(**{**vars(args), "suite": suite, "n": n}) for suite, n in counts.items()}
    of = {suite: identity(one, lines) for suite, one in asked.items()}
    suites = {suite: there for suite in counts if (there := _done(folder / f"{suite}.json", of[suite])) is not None}
    parts = {suite: folder / f"{suite}.part.json" for suite in counts if suite not in suites}
    clock = Clock({suite: counts[suite] - Part(part, of[suite], lines).count for suite, part in parts.items()})
    for suite, n in counts.items():
        if suite in suites:
            print(f"{suite}: {n} cases, done before", flush=True)
            continue
        begun = f", {n - clock.left[suite]} of them judged before" if clock.left[suite] < n else ""
        first = "; scenes that show what is tested are looked for first" if suite == "world" else ""
        print(f"{suite}: {n} cases{begun}; {clock.ahead()}{first}", flush=True)
        suites[suite] = measure(asked[suite], lines, parts[suite], clock.watch(suite, args.quiet))
        clock.end(suite)
        write(folder / f"{suite}.json", suites[suite])
        parts[suite].unlink(missing_ok=True)
        print(f"{suite}: written to {folder / f'{suite}.json'}", flush=True)
    suites = {suite: suites[suite] for suite in counts}
    report = {
        "command": command(args, lines),
        "seconds": round(sum(one["seconds"] for one in suites.values()), 1),
        "versions": versions(),
        "of": of,
        "floors": floors(suites),
        "worst": _worst(folder, suites, of, args, lines),
        "suites": suites,
        "published": json.loads(PUBLISHED.read_text()),
    }
    write_whole(folder / "report.md", page(report))
    write(folder / "report.json", report)
    return folder


def _done(path: Path, of: dict) -> dict | None:
    """The report in a file, if it is there and of just this."""
    there = read(path)
    return there if all(there.get(name) == value for name, value in of.items()) else None


def _worst(folder: Path, suites: dict, of: dict, args: Namespace, lines: tuple[str, ...]) -> list[dict]:
    """The worst three with their pictures; drawn before of the same numbers, they are kept. Pictures of an earlier report go."""
    before = read(folder / "report.json")
    found = worst(suites)
    if before.get("of") == of and all((folder / one["picture"]).exists() for one in before["worst"] if one["picture"]):
        return before["worst"]
    if found:
        from .worst import pictures

        print(f"examples of the worst: {', '.join(one['dimension'] for one in found)}", flush=True)
        found = pictures(found, {suite: of[suite]["asked"]["n"] for suite in of}, args.seed, makers_of(args, lines), folder)
    fresh = {one["picture"] for one in found}
    for one in before.get("worst", []):
        if one["picture"] and one["picture"] not in fresh:
            (folder / one["picture"]).unlink(missing_ok=True)
    return found


def command(args: Namespace, lines: tuple[str, ...]) -> str:
    """What to type for the same report."""
    words = ["minisora", "bench", "--all", *(["--quick"] if args.quick else []), "--lines", ",".join(lines), "--seed", str(args.seed)]
    for name in ("n", "weights", "vae", "steps", "guidance"):
        if getattr(args, name) is not None:
            words += [f"--{name}", str(getattr(args, name))]
    return shlex.join(words)


class Clock:
    """How long is left, from how long what is done has taken. left: cases of each suite."""

    def __init__(self, left: dict[str, int]):
        self.left, self.seconds, self.done = dict(left), 0.0, 0.0
        self.now: tuple[int, float] = (0, 0.0)
        self.said = time.perf_counter()

    def watch(self, suite: str, quiet: bool = True) -> After:
        """What the progress bar of a suite calls after each case: (cases done now, seconds) to what is left of all suites.

        Where no bar can be shown, as in a log, it prints a line a minute.
        """

        def after(now: int, seconds: float) -> str:
            self.now = (now, seconds)
            if not quiet and not sys.stderr.isatty() and time.perf_counter() - self.said > SAYS:
                self.said = time.perf_counter()
                print(f"{suite}: {now} of {self.left[suite]} judged now; {self.ahead(suite)}", flush=True)
            return f"all: {self.ahead(suite)}"

        return after

    def ahead(self, suite: str | None = None) -> str:
        """In words. suite: the one that is going on."""
        now, seconds = self.now
        done = self.done + (now * COST[suite] if suite else 0.0)
        if not done:
            return "how long it takes is seen after the first cases"
        total = sum(count * COST[name] for name, count in self.left.items()) - (now * COST[suite] if suite else 0.0)
        minutes = max(total, 0.0) * (self.seconds + seconds) / done / 60
        return f"about {minutes:.0f} min left" if minutes < 90 else f"about {minutes / 60:.1f} h left"

    def end(self, suite: str) -> None:
        """Counts a suite as done."""
        now, seconds = self.now
        self.seconds, self.done, self.now = self.seconds + seconds, self.done + now * COST[suite], (0, 0.0)
        self.left.pop(suite)
