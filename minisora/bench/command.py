"""`minisora bench`: asks the oracle how well sentences are followed, beside the truth, the autoencoder and chance. Built in chapter 8."""

import argparse
import hashlib
import platform
import shlex
import time
from importlib import import_module
from pathlib import Path

from minisora.errors import UserError

from .report import LINES, summary, table, write


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="minisora bench", description="Ask the oracle how well sentences are followed.")
    made.add_argument("--suite", default="core", help="which questions: core (default), world, modes, splits (core per split)")
    made.add_argument("--n", type=int, default=256, help="how many sentences in all (default 256)")
    made.add_argument("--lines", default=",".join(LINES), help="what to judge, by commas (default: model,truth,autoencoder,chance)")
    made.add_argument("--json", metavar="FILE", help="write the report here")
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
    if args.n < 1:
        raise UserError(f"--n {args.n}: at least 1 sentence. Try --n 256.")
    if args.json and not Path(args.json).resolve().parent.is_dir():
        raise UserError(f"--json {args.json}: there is no folder {Path(args.json).parent}. Make it, or choose another.")
    lines = tuple(line.strip() for line in args.lines.split(",") if line.strip())
    if not lines or set(lines) - set(LINES):
        raise UserError(f"--lines {args.lines}: by commas, some of {', '.join(LINES)}. Try --lines truth,chance.")
    report = measure(args, lines)
    print(table(report))
    print(f"\n{report['n']} sentences of the suite {report['suite']} in {report['seconds']:.0f} s")
    if args.json:
        write(args.json, report)
        print(f"written to {args.json}")
    return 0


def measure(args, lines: tuple[str, ...]) -> dict:
    """The report as plain data."""
    from tqdm import tqdm

    from .lines import Makers
    from .suites import RUNNERS, VERSION, suite

    start = time.perf_counter()
    parts = suite(args.suite, args.n, args.seed)
    makers, folder = _makers(args, lines, Makers)
    judges = import_module(f".{RUNNERS.get(args.suite, 'lines')}", __package__)
    found = {}
    with tqdm(total=sum(map(len, parts.values())), desc="bench", unit="clip", disable=True if args.quiet else None) as bar:
        for split, cases in parts.items():
            for _, found[split] in judges.run(cases, lines, makers):
                bar.update()
    words = ["minisora", "bench", "--suite", args.suite, "--n", str(args.n), "--lines", ",".join(lines), "--seed", str(args.seed)]
    for name in ("weights", "vae", "steps", "guidance"):
        if getattr(args, name) is not None:
            words += [f"--{name}", str(getattr(args, name))]
    about = {
        "suite": args.suite,
        "suite_version": VERSION,
        "n": sum(map(len, parts.values())),
        "seed": args.seed,
        "command": shlex.join(words),
        "versions": _versions(),
        "weights": _hashes(folder),
        "oracle": _sha256(Path(__file__).parents[2] / "data" / "oracle" / "oracle.safetensors"),
        "seconds": round(time.perf_counter() - start, 1),
        "meaning": getattr(judges, "MEANING", {}),
    }
    reports = {split: summary(tallies, {"n": len(parts[split])}, judges.dimensions(tallies)) for split, tallies in found.items()}
    return {**about, **reports["heldout"]} if len(reports) == 1 else {**about, "splits": reports}


def _makers(args, lines, Makers):
    """What makes the videos, and the folder of its weights."""
    options = {name: value for name in ("steps", "guidance") if (value := getattr(args, name)) is not None}
    if "model" in lines:
        from minisora.sora import MiniSora, shipped_weights

        sora = MiniSora.from_pretrained(args.weights)
        return Makers(sora, seed=args.seed, **options), Path(args.weights) if args.weights else shipped_weights()
    if "autoencoder" in lines:
        from minisora.sora import shipped_weights
        from minisora.vae import VAEConfig, VideoVAE
        from minisora.weights import load_part

        folder = Path(args.vae or args.weights or shipped_weights())
        return Makers(vae=load_part(folder, "vae", lambda config: VideoVAE(VAEConfig(**config))).eval(), seed=args.seed), folder
    return Makers(), None


def _versions() -> dict:
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("minisora", "torch", "numpy", "opencv-python-headless"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _hashes(folder: Path | None) -> dict:
    if folder is None or not folder.is_dir():
        return {}
    return {file.name: _sha256(file) for file in sorted(folder.iterdir()) if file.suffix in (".safetensors", ".json")}


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""
