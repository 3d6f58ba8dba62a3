"""Latents for the denoiser's training, coded once: `minisora train latents` (`minisora train dit` does it too when they are missing).

A folder under runs/cache/ holds shards of 128 clips of one size: latents, what the world knows of each token, captions in several
styles. Its name tells the number of clips, the version of the world and the autoencoder. A shard is there whole or not at all, so
a build that was cut off goes on where it stopped.

Drawing and coding can be two steps (`--draw FOLDER`, then `--drawn FOLDER --vae WEIGHTS`): where a GPU trains the autoencoder, the
cores draw the clips meanwhile, and what is drawn by then is coded in seconds.
"""

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from minisora.errors import UserError, one_line
from minisora.patches import Grid
from minisora.train.clips import Bucket, version
from minisora.train.shards import Captions, Drawn, Given, Job, alone, autoencoder, code_shard, draw_shard, make_shard, read_shard

SHARD = 128  # clips in a file
PLAN = "plan.json"
DRAWN = "drawn.json"
FORMAT = 2  # of the shards
BUCKETS = (
    Bucket(17, 64, 64, 0.56),
    Bucket(17, 64, 96, 0.09),
    Bucket(17, 96, 64, 0.09),
    Bucket(33, 64, 64, 0.08),
    Bucket(33, 64, 96, 0.02),
    Bucket(33, 96, 64, 0.02),
    Bucket(9, 64, 64, 0.04),
    Bucket(1, 64, 64, 0.06),
    Bucket(1, 64, 96, 0.02),
    Bucket(1, 96, 64, 0.02),
)


@dataclass
class Clips:
    """All clips of one bucket, in memory."""

    bucket: Bucket
    latents: np.ndarray  # (n, c, t, h, w) float16
    labels: np.ndarray  # (n, t, h/2, w/2, FIELDS) float16, see labels.py
    shots: np.ndarray  # (n, t): the shot of each latent frame, from 1
    captions: Captions  # n times captions of [style, [[text, shot], ...]]


def folder_for(root: Path, vae: Path, clips: int, split: str, seed: int, data: Path | None = None) -> Path:
    """Where the latents of so many clips (or of a data set), of this world and this autoencoder lie."""
    from minisora.weights import part_files

    digest = hashlib.sha256(f"{FORMAT}{version()}".encode())
    files = part_files(vae, "vae")
    if not files:
        raise UserError(f"{vae}: there is no autoencoder here. Train one first (minisora train vae) or give its folder: --vae FOLDER")
    for file in files:
        digest.update(file.read_bytes())
    if data is not None:
        digest.update(str(data.resolve()).encode())
    name = data.name if data else f"{split}-{clips}-seed{seed}"
    return root / f"latents-{name}-{digest.hexdigest()[:8]}"


def drawn_jobs(folder: Path, clips: int, split: str, seed: int, buckets: Sequence[Bucket]) -> Iterator[tuple[Job, int]]:
    """The shards of `clips` scenes drawn now, by the buckets' shares, and how many clips each holds."""
    total = sum(bucket.share for bucket in buckets)
    for number, bucket in enumerate(buckets):
        count = max(1, round(clips * bucket.share / total))
        first = 500_000_000 + (seed * len(buckets) + number) * 10_000_000  # none of the autoencoder's clips; no scene in two buckets
        for start in range(0, count, SHARD):
            span = range(start, min(start + SHARD, count))
            yield (folder / f"{bucket.name}-{start // SHARD:04d}.npz", bucket, Drawn(split, first, span)), len(span)


def given_jobs(folder: Path, data: Path) -> tuple[list[Bucket], list[tuple[Job, int]]]:
    """The sizes and shards of a data set's training clips. Raises UserError when the folder holds none."""
    from datasets import load_dataset

    if not data.is_dir():
        raise UserError(f"--data {data}: there is no such folder. Make one with: minisora data build --out {data}")
    try:
        rows = load_dataset(str(data), split="train").select_columns(["scene", "frames", "height", "width"])
    except Exception as error:  # the library raises many kinds
        raise UserError(f"--data {data}: no data set to train on ({one_line(error, 80)}). Make one: minisora data build") from error
    found: dict[tuple[int, int, int], list[str]] = {}
    for row in rows:
        found.setdefault((row["frames"], row["height"], row["width"]), []).append(row["scene"])
    buckets, jobs = [], []
    for sides, scripts in found.items():
        Grid.of_video(*sides)  # says what cannot be cut into patches
        buckets.append(bucket := Bucket(*sides, share=len(scripts)))
        for start in range(0, len(scripts), SHARD):
            part = tuple(scripts[start : start + SHARD])
            jobs.append(((folder / f"{bucket.name}-{start // SHARD:04d}.npz", bucket, Given(part)), len(part)))
    return buckets, jobs


def build(
    folder: Path, vae: Path, clips: int, split: str = "train", seed: int = 0, buckets: Sequence[Bucket] = BUCKETS,
    workers: int | None = None, show: bool = False, data: Path | None = None,
) -> None:  # fmt: skip
    """Writes the shards that are missing in `folder`, of scenes drawn now or of the data set in `data`, and then plan.json."""
    if data is None and clips < len(buckets):
        raise UserError(f"--clips {clips}: at least one for each of the {len(buckets)} sizes. Try --clips 24000.")
    folder.mkdir(parents=True, exist_ok=True)
    for rest in folder.glob(".*.part"):
        rest.unlink()
    if data is None:
        jobs = list(drawn_jobs(folder, clips, split, seed, buckets))
    else:
        buckets, jobs = given_jobs(folder, data)
    make_missing(jobs, partial(make_shard, vae=str(vae)), f"latents ({split})", workers, show)
    write_plan(folder / PLAN, sum(count for _, count in jobs), split, seed, buckets)


def make_missing(jobs: list[tuple[Job, int]], work: Callable[[Job], int], what: str, workers: int | None, show: bool) -> None:
    """Does `work`, in several processes, for all shards that are not there."""
    missing = [(job, count) for job, count in jobs if not job[0].exists()]
    workers = min(workers or os.cpu_count() or 1, max(len(missing), 1))
    with tqdm(total=sum(count for _, count in missing), desc=what, unit="clip", disable=not show) as bar:
        if workers == 1:
            for job, _ in missing:
                bar.update(work(job))
        else:
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(workers, mp_context=context, initializer=alone) as pool:
                for done in pool.map(work, [job for job, _ in missing]):
                    bar.update(done)


def write_plan(path: Path, clips: int, split: str, seed: int, buckets: Sequence[Bucket]) -> None:
    plan = {"clips": clips, "split": split, "seed": seed, "world": version()}
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps({**plan, "buckets": [asdict(bucket) for bucket in buckets]}, indent=1) + "\n")
    os.replace(part, path)


def draw(
    folder: Path, clips: int, split: str, seed: int, workers: int | None = None, show: bool = False,
    buckets: Sequence[Bucket] | None = None,
) -> None:  # fmt: skip
    """Draws shards without coding them, all sizes (BUCKETS) in turn: stopped at any time, it leaves some of each, for `code`.

    Raises UserError where others were drawn before, of another split, seed or version of the world.
    """
    buckets = buckets or BUCKETS
    there = json.loads((folder / DRAWN).read_text()) if (folder / DRAWN).exists() else None
    if there and [there[key] for key in ("split", "seed", "world")] != [split, seed, version()]:
        raise UserError(f"--draw {folder}: other clips were drawn here. Draw them again, in another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    jobs = list(drawn_jobs(folder, clips, split, seed, buckets))
    share = {bucket.name: max(1, round(clips * bucket.share)) for bucket in buckets}
    jobs.sort(key=lambda entry: entry[0][2].span.start / share[entry[0][1].name])
    write_plan(folder / DRAWN, clips, split, seed, buckets)
    make_missing(jobs, draw_shard, f"clips ({split})", workers, show)


def code(folder: Path, source: Path, vae: Path) -> None:
    """Codes all shards that `draw` left in `source`, on a GPU if there is one. Raises UserError when there are none."""
    found = sorted(source.glob("*.npz"))
    if not found or not (source / DRAWN).exists():
        raise UserError(f"--drawn {source}: no clips were drawn here. Draw some: minisora train latents --draw {source}")
    plan = json.loads((source / DRAWN).read_text())
    if plan["world"] != version():
        raise UserError(f"--drawn {source}: drawn from another version of the world. Draw them again, in another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    network = autoencoder(str(vae)).eval().requires_grad_(False).to("cuda" if torch.cuda.is_available() else "cpu")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        clips = sum(pool.map(partial(code_shard, folder=folder, vae=network), found))
    there = {path.name.split("-")[0] for path in found}
    buckets = [bucket for bucket in (Bucket(**entry) for entry in plan["buckets"]) if bucket.name in there]
    write_plan(folder / PLAN, clips, plan["split"], plan["seed"], buckets)


def load(folder: Path) -> list[Clips]:
    """All that is in a folder of latents. Raises UserError when it is not complete."""
    if not (folder / PLAN).exists():
        raise UserError(f"{folder}: no finished folder of latents. Make one: minisora train latents --vae FOLDER")
    found = []
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for entry in json.loads((folder / PLAN).read_text())["buckets"]:
            bucket = Bucket(**entry)
            shards = list(pool.map(read_shard, sorted(folder.glob(f"{bucket.name}-*.npz"))))
            told = [line for shard in shards for line in shard["captions"].tobytes().decode().split("\n")]
            arrays = (joined([shard.pop(key) for shard in shards]) for key in ("latents", "labels", "shots"))
            found.append(Clips(bucket, *arrays, Captions(told)))
    return found


def joined(parts: list[np.ndarray]) -> np.ndarray:
    """np.concatenate(parts), freeing them one by one: they are most of what the memory holds."""
    whole = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), parts[0].dtype)
    end = len(whole)
    while parts:
        part = parts.pop()
        whole[end - len(part) : end] = part
        end -= len(part)
    return whole


def main(argv: list[str]) -> int:
    """The command `minisora train latents`."""
    from minisora.cli import Parser

    parser = Parser(prog="minisora train latents", description="Draws clips and codes them for the denoiser's training.")
    parser.add_argument("--vae", type=Path, metavar="FOLDER", help="folder of weights with the autoencoder")
    steps = parser.add_mutually_exclusive_group()
    steps.add_argument("--draw", type=Path, metavar="FOLDER", help="only draw clips into this folder; can be stopped at any time")
    steps.add_argument("--drawn", type=Path, metavar="FOLDER", help="code what was drawn into this folder, as far as it got")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="a data set of `minisora data build` instead of clips drawn now")
    parser.add_argument("--clips", type=int, default=24_000, help="of all sizes together (default 24000)")
    parser.add_argument("--split", default="train", help="train or heldout (default train)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="the folder is made under here, in cache/ (default: runs)")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    args = parser.parse_args(argv)
    if args.draw:
        draw(args.draw, args.clips, args.split, args.seed, args.workers, show=not args.quiet)
        print(args.draw)
        return 0
    if not args.vae:
        raise UserError("--vae: which autoencoder codes them? Give a folder of weights, or draw only: --draw FOLDER")
    folder = folder_for(args.runs / "cache", args.vae, args.clips, args.split, args.seed, args.drawn or args.data)
    if args.drawn:
        code(folder, args.drawn, args.vae)
        print(folder)
        return 0
    build(folder, args.vae, args.clips, args.split, args.seed, workers=args.workers, show=not args.quiet, data=args.data)
    print(folder)
    return 0
