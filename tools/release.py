"""Puts together the weights that the repository ships, from the runs that made them.

    python tools/release.py runs                # from runs/vae-…, runs/text-… and runs/dit-… into data/weights
    python -m minisora bench --suite core --n 256 --json data/bench/core.json

Copies every part, the log of every run (data/weights/logs/) and the plan of the clips that the denoiser saw, and draws the curves.
What no run in `runs` made stays as it is there, with
its log; but a denoiser that began with a fresh text encoder takes the earlier text encoder's log away. With `--after dit`, say, a run that
went on from the weights there keeps their log before its own. What went on with the decoder alone, in runs/decoder/vae-…, comes after
the autoencoder's own run. The model card beside them is written by hand; its numbers name the
recorded files that they come from, and a test compares them.
"""

import argparse
import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import matplotlib
import torch

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from minisora.text import Tokenizer  # noqa: E402
from minisora.train.dit import load_dit, load_text  # noqa: E402
from minisora.train.latents import PLAN  # noqa: E402
from minisora.train.vae import load_vae  # noqa: E402
from minisora.weights import save_part  # noqa: E402

ROOT = Path(__file__).parent.parent
RUNS = {"vae": "the autoencoder", "text": "the text encoder, from captions alone", "dit": "the denoiser"}
SHOWN = {"vae": ("loss", "psnr"), "text": ("loss", "check_kind"), "dit": ("loss", "check")}
PRIVATE = ("runs", "export", "resume", "quiet")  # of a command: where things lay on the machine


def read(path: Path) -> list[dict[str, float]]:
    """The rows of a log in CSV, without what is empty."""
    with open(path, newline="") as file:
        return [{key: float(value) for key, value in row.items() if value} for row in csv.DictReader(file)]


def log_of(run: Path) -> list[dict[str, float]]:
    """The rows of a run's log: numbers only. Where a run was cut off and went on from a checkpoint, what it did twice counts once."""
    found: list[dict[str, float]] = []
    parts = sorted((run / "csv").glob("metrics-*.csv"), key=lambda path: int(path.stem.split("-")[1]))
    for path in (*parts, run / "csv" / "metrics.csv"):
        rows = read(path)
        found = [row for row in found if not rows or row["step"] < rows[0]["step"]] + rows
    return found


def about(run: Path, rows: list[dict[str, float]]) -> dict:
    """What a run was: its flags, its last step, the last value of everything that it logged."""
    recorded = run / "command.json"
    flags = json.loads(recorded.read_text()) if recorded.exists() else {}
    flags = {key: Path(value).name if "/" in value else value for key, value in flags.items() if key not in PRIVATE and value != "None"}
    last = {key: round(value, 4) for row in rows for key, value in row.items()}
    machine = {"torch": flags.pop("torch", torch.__version__).split("+")[0], "device": flags.pop("device", "cpu")}
    return {"flags": flags, "steps": int(max(row["step"] for row in rows)) + 1, "last": last, **machine}


def draw(logs: dict[str, list[dict[str, float]]], path: Path) -> None:
    figure, axes = plt.subplots(len(logs), 2, figsize=(9, 2.6 * len(logs)), squeeze=False, layout="constrained")
    for row, (name, rows) in zip(axes, logs.items(), strict=True):
        for axis, key in zip(row, SHOWN[name], strict=True):
            points = [(point["step"], point[key]) for point in rows if key in point]
            axis.plot(*zip(*points, strict=True), color="#3a6ea5", linewidth=1)
            axis.set(title=f"{name}: {key}", xlabel="step", yscale="log" if key in ("loss", "check") else "linear")
    figure.savefig(path, dpi=80)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--preset", default="*", help="of the runs, where there are several of one part")
    parser.add_argument("--out", type=Path, default=ROOT / "data" / "weights")
    parser.add_argument("--vae", type=Path, metavar="FOLDER", help="take the autoencoder from here (default: its run's, or the one there)")
    parser.add_argument("--after", nargs="*", default=(), choices=RUNS, help="the parts whose runs began from the weights there")
    args = parser.parse_args()
    made = {name: next(iter(sorted(args.runs.glob(f"{name}-{args.preset}"))), args.runs / "none") for name in RUNS}
    decoder = next(iter(sorted(args.runs.glob(f"decoder/vae-{args.preset}"))), args.runs / "none")
    coder = next(folder for folder in (args.vae, decoder / "export", made["vae"] / "export", args.out) if folder and folder.is_dir())
    vae, dit, text = load_vae(coder), load_dit(made["dit"] / "export"), load_text(made["dit"] / "export")
    for name, part in (("vae", vae), ("dit", dit), ("text", text)):
        save_part(args.out, name, part, asdict(part.config))
    Tokenizer.load(made["dit"] / "export").save(args.out)
    keep_logs(made, args.out / "logs", after=args.after)
    keep_logs({"vae": decoder}, args.out / "logs", after=["vae"])
    if (args.runs / PLAN).exists():
        shutil.copyfile(args.runs / PLAN, args.out / "logs" / PLAN)
    print(args.out)


def keep_logs(made: dict[str, Path], folder: Path, after: Sequence[str] = ()) -> None:
    """Writes logs, runs.json and the curves of the runs that are there; what `folder` holds of others stays."""
    folder.mkdir(exist_ok=True)
    recorded = folder / "runs.json"
    there = json.loads(recorded.read_text()) if recorded.exists() else {}
    earlier = {name: read(folder / f"{name}.csv") for name in there}
    logs, runs = dict(earlier), dict(there)
    for name, run in made.items():
        if not (run / "csv" / "metrics.csv").exists():
            continue
        rows, before = log_of(run), there.get(name) if name in after else None
        runs[name] = about(run, rows)
        if before:
            first = before["steps"]
            rows = earlier[name] + [{**row, "step": row["step"] + first} for row in rows]
            runs[name] |= {"steps": first + runs[name]["steps"], "before": [*before.pop("before", []), before]}
        logs[name] = rows
        if name == "dit" and "init" not in runs[name]["flags"]:  # whatever an earlier text encoder learned is not in this one
            for found in (logs, runs):
                found.pop("text", None)
            (folder / "text.csv").unlink(missing_ok=True)
    for name, rows in logs.items():
        with open(folder / f"{name}.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, sorted({key for row in rows for key in row}))
            writer.writeheader()
            writer.writerows({key: round(value, 5) for key, value in row.items()} for row in rows)
    recorded.write_text(json.dumps(runs, indent=1) + "\n")
    draw({name: logs[name] for name in RUNS if name in logs}, folder / "curves.png")


if __name__ == "__main__":
    main()
