"""Who sees nothing but square crops learns to cut characters off: the framing figure of Sora's report, with a number.

    python benchmarks/framing.py [--seconds 0] [--preset small] [--steps 1000] [--batch 64] [--clips 8000] [--n 48]

Two models are trained from the start, with the autoencoder in --init: one on wide and tall pictures as they are (or clips, with
--seconds), one on the squares in the middle of the same. Both are asked for the same held-out sentences, and the share of characters
that the first picture's edge cuts is counted; beside it the same of what is drawn, of its square crops, and of the weights in --init.
Writes framing.json and framing.png into --out. It may be stopped at any time: what is trained or judged is kept under --runs, and the
same command goes on. With --train it stops after a training; with --again it only judges the weights in --init, newer ones say, for the
file that is there. The report: Video generation models as world simulators (OpenAI 2024),
"Improved framing and composition".
"""

import argparse
import hashlib
import io
import json
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from minisora.bench.measure import hashes
from minisora.bench.parse import parse
from minisora.bench.report import share, write, write_whole
from minisora.bench.suites import Case
from minisora.cli import Parser
from minisora.errors import UserError
from minisora.patches import FRAMES_A_LATENT
from minisora.sora import MiniSora, shipped_weights
from minisora.text import Tokenizer
from minisora.train import dit as training
from minisora.train import latents
from minisora.train.clips import Bucket
from minisora.train.dit import load_dit, load_text
from minisora.train.shards import read_shard, write_shard
from minisora.world.caption import caption, claims
from minisora.world.sample import sample_scene
from minisora.world.scene import FPS

SHORT, LONG = 64, 96
SIZES = {"wide": (SHORT, LONG), "tall": (LONG, SHORT), "square": (SHORT, SHORT)}  # height, width
DRAWN, CROPS, WHOLE, CUT, RELEASE = "drawn", "crops of the drawn", "all of it", "square crops", "these weights"  # rows
LEVELS = "--level-mean", 1.2, "--level-std", 1.5  # of noise: layout is decided where it is strong
SHOWN = 6  # sentences in the picture


def buckets(seconds: float, *sizes: str) -> tuple[Bucket, ...]:
    """Pictures (0 seconds) or clips of these sizes, of each as many."""
    return tuple(Bucket(1 + round(seconds * FPS), *SIZES[size], 1 / len(sizes)) for size in sizes)


def middle(long: int, short: int) -> slice:
    """The middle `short` of `long`."""
    return slice((long - short) // 2, (long - short) // 2 + short)


def crop(latents: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The square in the middle of latents (n, c, t, h, w) and of their labels (n, t, h/2, w/2, FIELDS)."""
    rows, columns = (middle(side, min(latents.shape[3:])) for side in latents.shape[3:])
    above, beside = (middle(side, min(labels.shape[2:4])) for side in labels.shape[2:4])
    return latents[:, :, :, rows, columns], labels[:, :, above, beside]


def crop_all(source: Path, folder: Path, seconds: float) -> None:
    """Writes what is in a folder of latents, cropped, as another folder of latents."""
    folder.mkdir(parents=True, exist_ok=True)
    (square,), plan = buckets(seconds, "square"), json.loads((source / latents.PLAN).read_text())
    for number, path in enumerate(sorted(source.glob("*.npz"))):
        shard = read_shard(path)
        shard["latents"], shard["labels"] = crop(shard["latents"], shard["labels"])
        write_shard(folder / f"{square.name}-{number:04d}.npz", shard)
    latents.write_plan(folder / latents.PLAN, plan["clips"], plan["split"], plan["seed"], [square])


def cases(n: int, size: str, seed: int, seconds: float = 0.0) -> list[Case]:
    """Held-out scenes of a size, of one, two and three characters in turn, told in detail. Of all sizes the same seeds."""
    height, width = SIZES[size]
    made = []
    for index in range(n):
        number = 1_000_000 * (seed + 1) + index
        scene = sample_scene(number, seconds, width / height, "heldout", characters=1 + index % 3)
        text = caption(scene, "detailed", number)
        made.append(Case(number, scene, text.text, tuple(claims(scene, text)), seconds, height, width))
    return made


def cut(video: np.ndarray) -> list[bool]:
    """Of each character of a video's first picture, whether the edge cuts it. video: (T, H, W, 3) uint8."""
    return [bool(blob.cut) for person in parse(video).people if (blob := person.track.blobs[0]) is not None]


def videos(name: str, size: str, sora: MiniSora | None, args: argparse.Namespace) -> Iterator[tuple[Case, np.ndarray]]:
    """The videos of a row, (T, H, W, 3) uint8, with their cases: drawn, or made by `sora`."""
    for case in cases(args.n, size, args.seed, args.seconds):
        if name == DRAWN:
            yield case, case.truth()
        elif name == CROPS:
            whole = case.truth()
            yield case, whole[:, *(middle(side, min(whole.shape[1:3])) for side in whole.shape[1:3])]
        elif args.seconds:
            yield case, sora.generate(case.prompt, args.seconds, case.height, case.width, seed=case.seed).frames
        else:
            yield case, sora.image(case.prompt, case.height, case.width, seed=case.seed).frames


def judged(name: str, size: str, sora: MiniSora | None, args: argparse.Namespace, folder: Path) -> dict:
    """What is counted of a row in a size: {"cut": share, "characters": found for each that there should be}; kept in `folder`."""
    file = folder / f"{name.replace(' ', '-')}-{size}-{args.n}.json"
    if not file.exists():
        found, asked, pictures = [], 0, []
        for case, video in videos(name, size, sora, args):
            found += cut(video)
            asked += case.characters
            pictures += [video[0]] if len(pictures) < SHOWN else []
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(file.with_suffix(".npz"), *pictures)
        write(file, {"cut": share(found), "characters": round(len(found) / asked, 4)})
    return json.loads(file.read_text())


def drawn(args: argparse.Namespace, source: Path) -> Path:
    """The folder of the latents of what is wide and tall, made now where they are not there yet."""
    if not (source / latents.PLAN).exists():
        clips = source.with_name(f"{source.name}-drawn")
        latents.draw(clips, args.clips, "train", args.seed, show=not args.quiet, buckets=buckets(args.seconds, "wide", "tall"))
        latents.code(source, clips, args.init)
    return source


def cropped(args: argparse.Namespace, source: Path) -> Path:
    """The same for the squares in the middle of the same clips."""
    crops = source.with_name(f"{source.name}-crops")
    if not (crops / latents.PLAN).exists():
        crop_all(drawn(args, source), crops, args.seconds)
    return crops


def trained(data: Callable[[argparse.Namespace, Path], Path], source: Path, args: argparse.Namespace, folder: Path) -> Path:
    """The folder of the weights that saw this, trained now where they are not there yet."""
    export = folder / "export"
    if not (export / "tokenizer.json").exists():
        flags = ["--preset", args.preset, "--vae", args.init, "--data", data(args, source), "--runs", folder, "--export", export]
        flags += ["--steps", args.steps, "--batch", args.batch, "--seed", args.seed, "--prediction", "clean", "--unmasked", 1]
        flags += [*LEVELS, "--compile", "no"]
        flags += ["--save-every", args.save_every, "--check-every", 10**6, *(["--quiet"] if args.quiet else [])]
        if (folder / f"dit-{args.preset}" / "last.ckpt").exists():
            flags.append("--resume")
        training.main([str(flag) for flag in flags])
    return export


def picture(folder: Path, n: int, out: Path) -> None:
    """The first pictures of both, one below the other, as in the report: the same sentences, asked of who saw crops and who saw all."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = (CUT, "square"), (WHOLE, "square")
    figure, axes = plt.subplots(len(rows), SHOWN, figsize=(2 * SHOWN, 2 * len(rows)), layout="constrained")
    for line, (name, size) in zip(axes, rows, strict=True):
        with np.load(folder / f"{name.replace(' ', '-')}-{size}-{n}.npz") as pictures:
            for ax, key in zip(line, pictures.files, strict=False):
                ax.imshow(pictures[key])
        for ax in line:
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(f"saw {name.replace(' ', chr(10))}")
    drawing = io.BytesIO()
    figure.savefig(drawing, dpi=60, format="png")
    plt.close(figure)
    small = io.BytesIO()
    Image.open(drawing).convert("RGB").quantize(96).save(small, "png", optimize=True)
    write_whole(out, small.getvalue())


def parser() -> argparse.ArgumentParser:
    made = Parser(prog="python benchmarks/framing.py", description="Counts the characters that the frame cuts off.")
    made.add_argument("--seconds", type=float, default=0.0, help="of what they see and are asked for; 0: pictures (default)")
    made.add_argument("--preset", default="small", help="of the two models: tiny, small or base (default small)")
    made.add_argument("--steps", type=int, default=1000, help="of each training (default 1000)")
    made.add_argument("--clips", type=int, default=8000, help="that they see, whole or cropped (default 8000)")
    made.add_argument("--batch", type=int, default=64, help="in a step (default 64)")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--init", type=Path, default=shipped_weights(), metavar="FOLDER", help="with the autoencoder (default: ours)")
    made.add_argument("--n", type=int, default=48, help="sentences of each size (default 48)")
    made.add_argument("--save-every", type=int, default=250, metavar="STEPS", help="steps between checkpoints")
    made.add_argument("--runs", type=Path, default=Path("runs/framing"), help="where trainings go (default: runs/framing)")
    made.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "data" / "bench", metavar="FOLDER")
    made.add_argument("--train", choices=(WHOLE, CUT), help="only train this one, and judge another time")
    made.add_argument("--again", action="store_true", help="judge the weights in --init for the framing.json in --out, and nothing else")
    made.add_argument("--quiet", action="store_true", help="no progress bars")
    return made


def again(args: argparse.Namespace) -> dict:
    """The record in --out with its row of the release judged anew, as the weights in --init are now. Raises UserError without a record,
    and where the two models got another autoencoder than these weights have."""
    file = args.out / "framing.json"
    if not file.exists():
        raise UserError(f"{file}: there is no record to judge again. Leave out --again, and the two models are trained first.")
    record, weights = json.loads(file.read_text()), hashes(args.init)
    coders = [{name: of for name, of in found.items() if name.startswith("vae")} for found in (record["weights"], weights)]
    if coders[0] != coders[1]:
        raise UserError(f"{args.init}: not the autoencoder that the recorded models saw with. Leave out --again to train them anew.")
    asked = argparse.Namespace(n=record["n"], seed=record["seed"], seconds=record["seconds"])
    folder = args.runs / "again" / hashlib.sha256(json.dumps([weights, vars(asked)]).encode()).hexdigest()[:8]
    sora = MiniSora.from_pretrained(args.init)
    record["rows"][RELEASE] = {size: judged(RELEASE, size, sora, asked, folder) for size in SIZES}
    return {**record, "weights": weights}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command. Raises UserError for what cannot be done."""
    given = list(sys.argv[1:] if argv is None else argv)
    args = parser().parse_args(given)
    if min(args.n, args.steps) < 1 or not args.out.is_dir():
        raise UserError(f"--n {args.n}, --steps {args.steps}: at least 1 of each; --out {args.out}: a folder that is there.")
    if args.seconds < 0 or args.seconds * FPS % FRAMES_A_LATENT:
        raise UserError(f"--seconds {args.seconds:g}: 0 for pictures, or half seconds. Try --seconds 2.")
    if args.again:
        record = again(args)
        write(args.out / "framing.json", record)
        tell(record["rows"])
        return 0
    source = latents.folder_for(args.runs / f"cache-{args.seconds:g}", args.init, args.clips, "train", args.seed)
    about = {name: getattr(args, name) for name in ("seconds", "preset", "steps", "clips", "batch", "seed")}
    folder = args.runs / hashlib.sha256(json.dumps({**about, "data": source.name}).encode()).hexdigest()[:8]
    seen = {WHOLE: (drawn, "whole"), CUT: (cropped, "crops")}
    exports = {name: trained(data, source, args, folder / part) for name, (data, part) in seen.items() if args.train in (None, name)}
    if args.train:
        return 0
    about["weights"] = hashes(args.init)
    release = folder / hashlib.sha256(json.dumps(about["weights"]).encode()).hexdigest()[:8]
    rows = {name: {size: judged(name, size, None, args, folder) for size in ("wide", "tall")} for name in (DRAWN, CROPS)}
    sora = MiniSora.from_pretrained(args.init)
    rows[RELEASE] = {size: judged(RELEASE, size, sora, args, release) for size in SIZES}
    for name, sizes in ((WHOLE, SIZES), (CUT, ("square",))):
        made = MiniSora(sora.vae, load_dit(exports[name]), load_text(exports[name]), Tokenizer.load(exports[name])).eval()
        rows[name] = {size: judged(name, size, made, args, folder) for size in sizes}
    picture(folder, args.n, args.out / "framing.png")
    command = shlex.join(["python", "benchmarks/framing.py", *given])
    write(args.out / "framing.json", {"command": command, **about, "n": args.n, "rows": rows})
    tell(rows)
    return 0


def tell(rows: dict) -> None:
    """Prints the rows."""
    for name, found in rows.items():
        print(f"{name:20}", "  ".join(f"{size} {cell['cut']['value']} of {cell['cut']['n']}" for size, cell in found.items()))


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except UserError as error:
        raise SystemExit(f"framing: {error}") from None
