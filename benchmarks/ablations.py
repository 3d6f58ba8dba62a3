"""What a choice in the recipe is worth: the same training with one thing changed, judged by the oracle.

    python benchmarks/ablations.py [--steps 1500] [--clips 10000] [--only "all as it is,no world loss"] [--judges 14]

Each variant is trained for the same number of steps from the same clips, the same autoencoder and the same seed, and asked the same:
one guess at held-out clips in noise, held-out sentences (detailed, and the same scenes told briefly), given frames (animate, extend,
fill) and motion by the law. Three variants change the sampler alone and take the first one's weights. Writes ablations.json and
ablations.md into --out (default: data/bench) after each variant. It may be stopped at any time: what is trained or judged is kept under
--runs, and the same command goes on; so two of them can share the work (--only, and another --out) before one writes it all down. Where
a GPU trains, the cores beside it can judge what is trained while it trains the next: --judges says how many.
"""

import argparse
import hashlib
import json
import multiprocessing
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from minisora.bench import lines, modes, world_lines
from minisora.bench.measure import hashes
from minisora.bench.mode_cases import modes as mode_cases
from minisora.bench.report import Tally, median, write, write_whole
from minisora.bench.suites import Case, core
from minisora.bench.world_cases import TESTS, world_case
from minisora.cli import Parser
from minisora.errors import UserError
from minisora.patches import FRAMES_A_LATENT
from minisora.sora import MiniSora, shipped_weights
from minisora.text import Tokenizer
from minisora.train import batches, latents
from minisora.train import dit as training
from minisora.train.guess import LEVELS, guess_errors
from minisora.train.vae import load_vae
from minisora.world.caption import caption, claims
from minisora.world.scene import frame_count

FIRST = "all as it is"
PARTS = ("guess", "detailed", "short", "given", "law")  # of what a variant is asked
GIVEN = ("animate", "extend", "fill")
COLUMNS = (  # of the table: part of the results, dimension, title
    *(("guess", f"detailed at {100 * level:.0f}", f"guess at {level:g}") for level in LEVELS),
    ("guess", "short at 90", "guess at 0.9, told briefly"),
    *(("detailed", name, name) for name in ("colour", "place", "count", "kind", "motion", "relation", "order")),
    ("detailed", "all", "all, told in detail"), ("short", "all", "all, told briefly"), ("given", "animate action", "animate action"),
    ("given", "extend seam velocity", "extend seam velocity"), ("given", "fill away", "fill away"),
    ("law", "velocity inside", "velocity error"),
)  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """flags: of `minisora train dit`. styles: shares of the captions' styles in training. sampler: for weights of the first variant."""

    flags: tuple[str, ...] = ()
    styles: dict[str, float] = field(default_factory=dict)
    sampler: dict = field(default_factory=dict)


def variants(prediction: str) -> dict[str, Variant]:
    """All of them. prediction: what the network predicts in all but one."""
    other = {"velocity": "clean", "clean": "velocity"}[prediction]
    return {
        FIRST: Variant(),
        "half of the clips masked": Variant(("--unmasked", "0.5")),
        "a fifth of the clips masked": Variant(("--unmasked", "0.8")),
        "no clip masked": Variant(("--unmasked", "1")),
        f"predicts {other}": Variant(("--prediction", other)),
        "no world loss": Variant(("--world-weight", "0")),
        "short captions alone": Variant(styles={"short": 1.0}),
        "detailed captions alone": Variant(styles={"detailed": 1.0}),
        "guidance at every sigma": Variant(sampler={"interval": (0.0, 1.0)}),
        "no guidance": Variant(sampler={"guidance": 1.0}),
        "guidance away from the whole network": Variant(sampler={"weak": None}),
    }


class Makers(lines.Makers):
    """As the bench's, with the interval of sigma in which guidance is on, and what it leads away from."""

    def model(self, case: Case):
        seed, frames = (self.seed + case.seed) % 2**31, max(frame_count(case.seconds), 1 + FRAMES_A_LATENT)
        with torch.no_grad(), self.sora.precision():
            for step in self.sora.sample_steps(case.prompt, frames, case.height, case.width, seed=seed, **self.options):
                x = step.x
            return self.sora.decoded(x, case.height, case.width).frames


@contextmanager
def told_in(styles: dict[str, float]) -> Iterator[None]:
    """Training with captions of these styles; of all as usual, where there are none."""
    usual = batches.STYLE_SHARES
    batches.STYLE_SHARES = styles or usual
    try:
        yield
    finally:
        batches.STYLE_SHARES = usual


def trained(variant: Variant, args: argparse.Namespace, data: Path, folder: Path) -> Path:
    """The folder of a variant's weights, trained now where they are not there yet."""
    export = folder / "export"
    if not (export / "tokenizer.json").exists():  # what is written last
        flags = ["--preset", args.preset, "--vae", args.vae, "--data", data, "--steps", args.steps, "--seed", args.seed, "--runs", folder]
        flags += ["--prediction", args.prediction, "--export", export, "--save-every", args.save_every, "--check-every", args.steps]
        flags += [*(["--batch", args.batch] if args.batch else []), *(["--init", args.init] if args.init else [])]
        flags += [*(["--quiet"] if args.quiet else []), *variant.flags]
        if (folder / f"dit-{args.preset}" / "last.ckpt").exists():
            flags.append("--resume")
        shutil.copytree(held_out(args), folder / "cache" / held_out(args).name, dirs_exist_ok=True)  # its own check looks there
        with told_in(variant.styles):
            training.main([str(flag) for flag in flags])
    return export


def judged(part: str, sora: MiniSora, variant: Variant, args: argparse.Namespace) -> dict[str, dict]:
    """What the oracle finds: shares and medians of the line "model" for one of PARTS; nothing for what a variant isn't asked."""
    how = {**({"steps": args.sampler_steps} if args.sampler_steps else {}), **variant.sampler}
    if part == "guess":
        return {} if variant.sampler else {name: {"errors": found} for name, found in guess_errors(sora, held_out(args)).items()}
    makers = Makers(sora, seed=args.seed, **how)
    if part == "given":
        if how.keys() & {"interval", "weak"}:  # the ways in do not take them
            return {}
        given = [case for case in mode_cases(10 * args.given, args.seed) if case.mode in GIVEN]
        return _found(modes.run(given, ("model",), makers))
    if part == "law":
        law = [world_case(index, args.seed) for index in range(TESTS.index("inside"), 10 * args.given, len(TESTS))]
        return _found(world_lines.run(law, ("model",), makers))
    return _found(lines.run(told(core(args.n, args.seed), part), ("model",), makers))


def held_out(args: argparse.Namespace) -> Path:
    """The folder of the held-out clips' latents."""
    return latents.folder_for(args.runs / "cache", args.vae, training.DEFAULTS[args.preset][-1], "heldout", 0)


def against(errors: list[float], first: list[float]) -> dict:
    """By which share the mean of paired errors lies above the first's, with its 95 % interval: {"value", "low", "high", "n"}."""
    more = (np.array(errors) - np.array(first)) / np.mean(first)
    value, spread = float(more.mean()), 1.96 * float(more.std()) / len(more) ** 0.5
    return {name: round(number, 4) for name, number in (("value", value), ("low", value - spread), ("high", value + spread))} | {
        "n": len(more)
    }


def judge(part: str, export: Path, name: str, variant: Variant, args: argparse.Namespace) -> dict[str, dict]:
    """The same of weights in a folder, under the autoencoder of all; kept beside them."""
    asked = {"guess": (), "given": (args.given,), "law": (args.given,)}.get(part, (args.n,))
    file = export.parent / f"{name.replace(' ', '-')}-{'-'.join(map(str, (part, *asked, args.sampler_steps or 'usual')))}.json"
    if not file.exists():
        sora = MiniSora(load_vae(args.vae), training.load_dit(export), training.load_text(export), Tokenizer.load(export)).eval()
        write(file, judged(part, sora, variant, args))
    return json.loads(file.read_text())


def judges(count: int) -> Executor:
    """Who judges: `count` processes of one thread each; without any, this process, there and then."""
    if not count:
        return Here()
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,))


class Here(Executor):
    """Does at once what it is given."""

    def submit(self, work, *args) -> Future:
        future: Future = Future()
        future.set_result(work(*args))
        return future


def told(cases: list[Case], style: str) -> list[Case]:
    """The same scenes under captions of one style."""
    texts = [caption(case.scene, style, case.seed) for case in cases]
    return [replace(case, prompt=text.text, claims=tuple(claims(case.scene, text))) for case, text in zip(cases, texts, strict=True)]


def _found(run: Iterator[tuple[int, dict[str, Tally]]]) -> dict[str, dict]:
    *_, (_, tallies) = run
    return tallies["model"].shares()


def table(report: dict) -> str:
    """The results as Markdown: a variant a row."""
    about = report["about"]
    head = (
        f"# Ablations\n\nMade by `{about['command']}`. Each variant was trained for {about['steps']:,} steps of the preset "
        f"{about['preset']} from {about['clips']:,} clips and judged on {about['n']} held-out sentences of each kind and {about['given']} "
        f"cases of each way in. Shares with 95 % intervals; guesses, seam velocity, fill and velocity error are medians of errors: less is "
        f"better. All guess at the same held-out clips in the same noise: beside a guess stands how much more than the first's the mean "
        f"error is, clip by clip.\n\n"
    )
    rows = ["| variant | " + " | ".join(title for *_, title in COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, result in report["variants"].items():
        cells = [_shown(result["found"].get(part, {}).get(dimension)) for part, dimension, _ in COLUMNS]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return head + "\n".join(rows) + "\n"


def _shown(cell: dict | None) -> str:
    if not cell or cell["value"] is None:
        return "–"
    change = cell.get("against the first", {})
    if change.get("value"):
        return f"{cell['value']:.3f} ({change['value']:+.1%}, {change['low']:+.1%} to {change['high']:+.1%})"
    return f"{cell['value']:.3f} ({cell['low']:.2f}–{cell['high']:.2f})"


def parser() -> argparse.ArgumentParser:
    made = Parser(prog="python benchmarks/ablations.py", description="Trains variants of the denoiser alike and compares them.")
    made.add_argument("--preset", default="small", help="tiny, small or base")
    made.add_argument("--steps", type=int, default=1500, help="of every training (default 1500)")
    made.add_argument("--clips", type=int, default=10_000, help="that all are trained on (default 10000)")
    made.add_argument("--batch", type=int, help="clips in a step (default: the preset's)")
    made.add_argument("--seed", type=int, default=0)
    predicted = "of all variants but the one that differs in it (default velocity)"
    made.add_argument("--prediction", default="velocity", choices=("velocity", "clean"), help=predicted)
    made.add_argument("--vae", type=Path, metavar="FOLDER", help="weights with the autoencoder (default: the repository's)")
    made.add_argument("--init", type=Path, metavar="FOLDER", help="weights that all begin with, such as a text encoder (default: none)")
    made.add_argument("--n", type=int, default=96, help="sentences of each kind (default 96)")
    made.add_argument("--given", type=int, default=24, help="cases of each way in, and of the law (default 24)")
    made.add_argument("--sampler-steps", type=int, help="steps of the sampler")
    made.add_argument("--only", metavar="NAMES", help="these variants, by commas")
    made.add_argument("--save-every", type=int, default=200, metavar="STEPS", help="steps between checkpoints")
    made.add_argument("--judges", type=int, default=0, metavar="N", help="processes that judge while the next is trained (default: none)")
    made.add_argument("--runs", type=Path, default=Path("runs/ablations"), help="where trainings go (default: runs/ablations)")
    made.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "data" / "bench", metavar="FOLDER")
    made.add_argument("--quiet", action="store_true", help="no progress bars")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command. Raises UserError for a variant that there is not."""
    given = list(sys.argv[1:] if argv is None else argv)
    args = parser().parse_args(given)
    args.vae, chosen = args.vae or shipped_weights(), variants(args.prediction)
    names = [name.strip() for name in args.only.split(",")] if args.only else list(chosen)
    if unknown := [name for name in names if name not in chosen]:
        raise UserError(f"--only {unknown[0]}: there are {', '.join(chosen)}.")
    if min(args.n, args.given, args.steps) < 1 or args.judges < 0:
        raise UserError(f"--n {args.n}, --given {args.given}, --steps {args.steps}: at least 1 of each; --judges: 0 or more.")
    data = latents.folder_for(args.runs / "cache", args.vae, args.clips, "train", args.seed)
    if not (data / latents.PLAN).exists():
        latents.build(data, args.vae, args.clips, "train", args.seed, show=not args.quiet)
    if not (held_out(args) / latents.PLAN).exists():
        count = training.DEFAULTS[args.preset][-1]
        latents.build(held_out(args), args.vae, count, "heldout", 0, latents.BUCKETS[:1], None, not args.quiet)
    asked = {name: getattr(args, name) for name in ("preset", "steps", "clips", "batch", "seed", "prediction")}
    asked |= {"data": data.name, "init": hashes(args.init) if args.init else None}
    digest = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:8]
    about = {**asked, "n": args.n, "given": args.given, "sampler steps": args.sampler_steps}
    file = args.out / "ablations.json"
    before = json.loads(file.read_text()) if file.exists() else {}
    done = before["variants"] if {one: before.get("about", {}).get(one) for one in about} == about else {}
    about["command"] = shlex.join(["python", "benchmarks/ablations.py", *given])
    waiting: dict[str, dict[str, Future]] = {}
    errors: dict[str, dict[str, list[float]]] = {}

    def write_down(name: str) -> None:
        found = {part: future.result() for part, future in waiting.pop(name).items()}
        if found["guess"]:
            errors[name] = {told: cell["errors"] for told, cell in found["guess"].items()}
            found["guess"] = {told: median(several) for told, several in errors[name].items()}
        done[name] = {"variant": asdict(chosen[name]), "found": {part: shares for part, shares in found.items() if shares}}
        for one in errors.keys() & done.keys() if FIRST in errors else ():
            for told, several in errors[one].items():
                done[one]["found"]["guess"][told]["against the first"] = against(several, errors[FIRST][told])
        report = {"about": about, "variants": {one: done[one] for one in chosen if one in done}}
        write_whole(args.out / "ablations.md", table(report))
        write(file, report)

    with judges(args.judges) as pool:
        for number, name in enumerate(names, start=1):
            print(f"{number} of {len(names)}: {name}", flush=True)
            source = FIRST if chosen[name].sampler else name
            export = trained(chosen[source], args, data, args.runs / digest / source.replace(" ", "-"))
            waiting[name] = {part: pool.submit(judge, part, export, name, chosen[name], args) for part in PARTS}
            for ready in [one for one, parts in waiting.items() if all(part.done() for part in parts.values())]:
                write_down(ready)
        for name in list(waiting):
            write_down(name)
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except UserError as error:
        raise SystemExit(f"ablations: {error}") from None
