"""`minisora bench`: asks the oracle how well sentences are followed, beside the truth, the autoencoder and chance. Built in chapter 8."""

import argparse
from pathlib import Path

from minisora.errors import UserError

from .report import LINES, table, write


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="minisora bench", description="Ask the oracle how well sentences are followed.")
    made.add_argument("--suite", help="which questions: core (default), world, modes, splits (core per split)")
    made.add_argument("--all", action="store_true", help="every suite, and the report of them all; goes on where it was cut off")
    made.add_argument("--n", type=int, help="how many cases (default 256; with --all 320 of core, and of the others in proportion)")
    made.add_argument("--quick", action="store_true", help="with --all: a sixteenth of the cases, for a first look")
    made.add_argument("--out", metavar="FOLDER", type=Path, help="with --all: where the reports go (default: the repository's data/bench)")
    made.add_argument("--lines", default=",".join(LINES), help="what to judge, by commas (default: model,truth,autoencoder,chance)")
    made.add_argument("--json", metavar="FILE", help="write the report here")
    again = "of the suite modes: judge these ways in anew and leave the others in --json FILE as they are, when the mode itself has changed"
    made.add_argument("--again", nargs="+", metavar="MODE", help=again)
    made.add_argument("--weights", metavar="FOLDER", help="other weights than the repository's own")
    made.add_argument("--vae", metavar="FOLDER", help="an autoencoder alone, for --lines truth,autoencoder")
    made.add_argument("--steps", type=int, help="steps of the sampler")
    made.add_argument("--guidance", type=float, help="how strictly the sentence is followed")
    made.add_argument("--seed", type=int, default=0, help="other sentences and other noise (default 0)")
    made.add_argument("--quiet", action="store_true", help="no progress bar")
    return made


def main(argv=None) -> int:
    """Runs the bench; prints the table, writes the JSON. Raises UserError when it cannot."""
    args, rest = parser().parse_known_args(argv)
    if rest:
        raise UserError(f"bench: what is {' '.join(rest)!r}? Look at: minisora bench --help")
    if args.n is not None and args.n < 1:
        raise UserError(f"--n {args.n}: at least 1 sentence. Try --n 256.")
    given = [line.strip() for line in args.lines.split(",") if line.strip()]
    lines = tuple(line for line in LINES if line in given)
    if not lines or set(given) - set(LINES):
        raise UserError(f"--lines {args.lines}: by commas, some of {', '.join(LINES)}. Try --lines truth,chance.")
    if args.all:
        return every(args, lines)
    if args.quick or args.out:
        raise UserError("--quick and --out are for the report of all suites. Type: minisora bench --all --quick")
    if args.json and not Path(args.json).resolve().parent.is_dir():
        raise UserError(f"--json {args.json}: there is no folder {Path(args.json).parent}. Make it, or choose another.")
    args.suite, args.n = args.suite or "core", args.n or 256
    from .measure import measure, measure_again

    report = measure_again(args, lines) if args.again else measure(args, lines)
    print(table(report))
    print(f"\n{report['n']} sentences of the suite {report['suite']} in {report['seconds']:.0f} s")
    if args.json:
        write(args.json, report)
        print(f"written to {args.json}")
    return 0


def every(args: argparse.Namespace, lines: tuple[str, ...]) -> int:
    """Runs `minisora bench --all`. Raises UserError where it is asked together with what is for one suite."""
    for name in ("suite", "json", "again"):
        if getattr(args, name):
            raise UserError(f"--all --{name}: --all runs every suite and writes into --out FOLDER. Leave --{name} out, or --all.")
    if args.quick and args.n:
        raise UserError(f"--quick --n {args.n}: both say how many cases. Take one of them.")
    from .whole import whole

    folder = whole(args, lines)
    print(f"written to {folder / 'report.md'} and {folder / 'report.json'}")
    return 0
