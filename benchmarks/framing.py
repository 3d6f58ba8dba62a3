"""Who only saw square crops cuts its characters off: the framing figure of Sora's report, with a number.

    python benchmarks/framing.py [--steps 300] [--clips 4000] [--n 96] [--init FOLDER]

Two denoisers are trained alike, with the same steps, captions and noise, on the same wide and tall clips: one sees them as they are, the
other sees only the square in the middle. Then both are asked for the same held-out sentences, in the sizes that they know, and the share
of characters that the first picture's edge cuts is counted; beside it the same of drawn clips, of their square crops, and of the
weights in --weights. Writes framing.json and framing.png into --out. It may be stopped at any time: what is trained or judged is kept
under --runs, and the same command goes on. The report: Video generation models as world simulators (OpenAI 2024), "Improved framing".
"""

import argparse
import hashlib
import json
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from minisora.bench.measure import hashes
from minisora.bench.parse import parse
from minisora.bench.report import share, write
from minisora.bench.suites import Case
from minisora.cli import Parser
from minisora.errors import UserError
from minisora.sora import MiniSora, shipped_weights
from minisora.text import Tokenizer
from minisora.train import dit as training
from minisora.train import latents
from minisora.train.clips import Bucket
from minisora.train.shards import read_shard, write_shard
from minisora.train.vae import load_vae
from minisora.world.caption import caption, claims
from minisora.world.sample import sample_scene

SECONDS, SHORT, LONG = 2.0, 64, 96
SIZES = {"wide": (SHORT, LONG), "tall": (LONG, SHORT), "square": (SHORT, SHORT)}  # height, width
BUCKETS = Bucket(17, *SIZES["wide"], 0.5), Bucket(17, *SIZES["tall"], 0.5)
TRAINED = {"as they are": ("wide", "tall"), "square crops": ("square",)}  # how the clips are seen, and what can then be asked
DRAWN, CROPS, SHIPPED = "drawn", "crops of the drawn", "the weights"
SHOWN = 6  # sentences in the picture
Found = dict[str, dict[str, list]]  # size: {"cut": of each character whether it is, "people": found in each video}


def middle(long: int, short: int) -> slice:
    """The middle `short` of `long`."""
    return slice((long - short) // 2, (long - short) // 2 + short)


def crop(latents: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The square in the middle of latents (n, c, t, h, w) and of their labels (n, t, h/2, w/2, FIELDS)."""
    rows, columns = (middle(side, min(latents.shape[3:])) for side in latents.shape[3:])
    above, beside = (middle(side, min(labels.shape[2:4])) for side in labels.shape[2:4])
    return latents[:, :, :, rows, columns], labels[:, :, above, beside]


def crop_all(source: Path, folder: Path) -> None:
    """Writes what is in a folder of latents, cropped, as another folder of latents."""
    folder.mkdir(parents=True, exist_ok=True)
    square, plan = Bucket(17, *SIZES["square"], 1.0), json.loads((source / latents.PLAN).read_text())
    for number, path in enumerate(sorted(source.glob("*.npz"))):
        shard = read_shard(path)
        shard["latents"], shard["labels"] = crop(shard["latents"], shard["labels"])
        write_shard(folder / f"{square.name}-{number:04d}.npz", shard)
    latents.write_plan(folder / latents.PLAN, plan["clips"], plan["split"], plan["seed"], [square])


def cases(n: int, size: str, seed: int) -> list[Case]:
    """Held-out scenes of a size, of one, two and three characters in turn, told in detail. Of all sizes the same seeds."""
    height, width = SIZES[size]
    made = []
    for index in range(n):
        number = 1_000_000 * (seed + 1) + index
        scene = sample_scene(number, SECONDS, width / height, "heldout", characters=1 + index % 3)
        text = caption(scene, "detailed", number)
        made.append(Case(number, scene, text.text, tuple(claims(scene, text)), SECONDS, height, width))
    return made


def cut(video: np.ndarray) -> list[bool]:
    """Of each character of a video's first picture, whether the edge cuts it. video: (T, H, W, 3) uint8."""
    return [bool(blob.cut) for person in parse(video).people if (blob := person.track.blobs[0]) is not None]


def videos(name: str, size: str, sora: MiniSora | None, args: argparse.Namespace) -> Iterator[tuple[Case, np.ndarray]]:
    """The videos of a row, (T, H, W, 3) uint8, with their cases: drawn, or made by `sora`."""
    for case in cases(args.n, size, args.seed):
        if name == DRAWN:
            yield case, case.truth()
        elif name == CROPS:
            whole = case.truth()
            yield case, whole[:, *(middle(side, min(whole.shape[1:3])) for side in whole.shape[1:3])]
        else:
            yield case, sora.generate(case.prompt, SECONDS, case.height, case.width, seed=case.seed).frames


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


def trained(name: str, data: Path, args: argparse.Namespace, folder: Path) -> Path:
    """The folder of the weights of one of TRAINED, trained now where they are not there yet."""
    export = folder / name.replace(" ", "-") / "export"
    if not (export / "tokenizer.json").exists():
        flags = ["--preset", args.preset, "--vae", args.vae, "--data", data, "--steps", args.steps, "--seed", args.seed]
        flags += ["--runs", export.parent, "--export", export, "--prediction", "clean"]
        flags += ["--save-every", args.save_every, "--check-every", 10**6]
        flags += [*(["--batch", args.batch] if args.batch else []), *(["--init", args.init] if args.init else [])]
        flags += [*(["--quiet"] if args.quiet else [])]
        if (export.parent / f"dit-{args.preset}" / "last.ckpt").exists():
            flags.append("--resume")
        training.main([str(flag) for flag in flags])
    return export


def picture(folder: Path, n: int, out: Path) -> None:
    """The first pictures of both, one below the other, as in the report: the same sentences by who saw crops and by who saw all."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = ("square crops", "square"), ("as they are", "wide"), (DRAWN, "wide")
    figure, axes = plt.subplots(len(rows), SHOWN, figsize=(2 * SHOWN, 1.6 * len(rows)), layout="constrained")
    for line, (name, size) in zip(axes, rows, strict=True):
        with np.load(folder / f"{name.replace(' ', '-')}-{size}-{n}.npz") as pictures:
            for ax, key in zip(line, pictures.files, strict=False):
                ax.imshow(pictures[key])
        for ax in line:
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel({"square crops": "saw square\ncrops", "as they are": "saw whole\nclips", DRAWN: "as drawn"}[name])
    part = out.with_name(f".{out.name}")
    figure.savefig(part, dpi=80, format="png")
    plt.close(figure)
    part.replace(out)


def parser() -> argparse.ArgumentParser:
    made = Parser(prog="python benchmarks/framing.py", description="Counts the characters that the frame cuts off.")
    made.add_argument("--preset", default="small", help="tiny, small or base")
    made.add_argument("--steps", type=int, default=300, help="of both trainings (default 300)")
    made.add_argument("--clips", type=int, default=4000, help="that both are trained on (default 4000)")
    made.add_argument("--batch", type=int, help="clips in a step (default: the preset's)")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--init", type=Path, metavar="FOLDER", help="weights that both begin with, such as a text encoder (default: none)")
    made.add_argument("--vae", type=Path, metavar="FOLDER", help="weights with the autoencoder (default: the repository's)")
    made.add_argument("--weights", type=Path, default=shipped_weights(), metavar="FOLDER", help="that are asked too")
    made.add_argument("--n", type=int, default=96, help="sentences of each size (default 96)")
    made.add_argument("--save-every", type=int, default=100, metavar="STEPS", help="steps between checkpoints")
    made.add_argument("--runs", type=Path, default=Path("runs/framing"), help="where trainings go (default: runs/framing)")
    made.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "data" / "bench", metavar="FOLDER")
    made.add_argument("--quiet", action="store_true", help="no progress bars")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command. Raises UserError for what cannot be done."""
    given = list(sys.argv[1:] if argv is None else argv)
    args = parser().parse_args(given)
    args.vae = args.vae or shipped_weights()
    if min(args.n, args.steps) < 1 or not args.out.is_dir():
        raise UserError(f"--n {args.n}, --steps {args.steps}: at least 1 of each; --out {args.out}: a folder that is there.")
    source = latents.folder_for(args.runs / "cache", args.vae, args.clips, "train", args.seed)
    if not (source / latents.PLAN).exists():
        latents.build(source, args.vae, args.clips, "train", args.seed, BUCKETS, None, not args.quiet)
    crops = source.with_name(f"{source.name}-crops")
    if not (crops / latents.PLAN).exists():
        crop_all(source, crops)
    held_out = latents.folder_for(args.runs / "cache", args.vae, training.DEFAULTS[args.preset][-1], "heldout", 0)
    if not (held_out / latents.PLAN).exists():
        latents.build(held_out, args.vae, training.DEFAULTS[args.preset][-1], "heldout", 0, latents.BUCKETS[:1], None, not args.quiet)
    about = {name: getattr(args, name) for name in ("preset", "steps", "clips", "batch", "seed")} | {"weights": hashes(args.weights)}
    told = {**about, "data": source.name, "init": hashes(args.init) if args.init else None}
    folder = args.runs / hashlib.sha256(json.dumps(told).encode()).hexdigest()[:8]
    rows = {name: {size: judged(name, size, None, args, folder) for size in TRAINED["as they are"]} for name in (DRAWN, CROPS)}
    for name, sizes in TRAINED.items():
        shutil.copytree(held_out, folder / name.replace(" ", "-") / "cache" / held_out.name, dirs_exist_ok=True)
        export = trained(name, crops if name == "square crops" else source, args, folder)
        sora = MiniSora(load_vae(args.vae), training.load_dit(export), training.load_text(export), Tokenizer.load(export)).eval()
        rows[name] = {size: judged(name, size, sora, args, folder) for size in sizes}
    sora = MiniSora.from_pretrained(args.weights)
    rows[SHIPPED] = {size: judged(SHIPPED, size, sora, args, folder) for size in SIZES}
    picture(folder, args.n, args.out / "framing.png")
    command = shlex.join(["python", "benchmarks/framing.py", *given])
    write(args.out / "framing.json", {"command": command, **about, "n": args.n, "rows": rows})
    for name, found in rows.items():
        print(f"{name:20}", "  ".join(f"{size} {cell['cut']['value']} of {cell['cut']['n']}" for size, cell in found.items()))
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except UserError as error:
        raise SystemExit(f"framing: {error}") from None
