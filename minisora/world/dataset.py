"""`minisora data build`: clips of the toy world as a Hugging Face data set. Built in chapter 0.

A folder of Parquet files and a card; plain `datasets.load_dataset(FOLDER)` opens it. Row i of a split is a pure function of
(seed, split, i), so the same command writes the same bytes, whatever the number of workers, and a build that was cut off goes on
where it stopped: a file is there whole or not at all, and the card, written last, says that all are there.
"""

import argparse
import hashlib
import io
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from minisora.errors import UserError
from minisora.world.caption import STYLES, caption
from minisora.world.scene import FPS, MAX_SECONDS, Scene

SPLITS = {
    "train": "what the model learns from",
    "heldout": "other seeds of the same world",
    "combinations": "kinds, colours and actions that were never seen together in training",
    "outside": "faster, higher and bigger than anything in training",
}
SHARD = 256  # clips in a file
CARD = "README.md"
PLAN = "build.json"


@dataclass(frozen=True)
class Plan:
    """What a data set holds. Two builds of the same plan are equal byte for byte."""

    clips: int = 1000
    splits: tuple[str, ...] = ("train",)
    seed: int = 0
    seconds: float = 2.0
    sizes: tuple[tuple[int, int], ...] = ((64, 64),)  # (height, width); row i has the i-th, in turn

    def __post_init__(self) -> None:
        if self.clips < 1:
            raise UserError(f"--clips {self.clips}: at least 1 for each split. Try --clips 1000.")
        if unknown := [name for name in self.splits if name not in SPLITS] or ([] if self.splits else [""]):
            raise UserError(f"--splits {','.join(unknown)}: there are {', '.join(SPLITS)}. Try --splits train,heldout.")
        if not 0 <= self.seconds <= MAX_SECONDS:
            raise UserError(f"--seconds {self.seconds:g}: from 0 (an image) to {MAX_SECONDS:g}. Try --seconds 2.")
        for height, width in self.sizes:
            if any(side % 8 or not 32 <= side <= 256 for side in (height, width)):
                raise UserError(f"--size {width}x{height}: sides are multiples of 8 from 32 to 256. Try --size 64x64.")
            if max(height, width) > 2 * min(height, width):
                raise UserError(f"--size {width}x{height}: one side is at most twice the other. Try --size 96x64.")


def make_row(plan: Plan, split: str, index: int) -> dict:
    """One clip and all that is known about it."""
    from minisora.video import Video
    from minisora.world.render import render
    from minisora.world.sample import sample_scene

    seed = row_seed(plan.seed, split, index)
    height, width = plan.sizes[index % len(plan.sizes)]
    scene = sample_scene(seed, seconds=plan.seconds, aspect=width / height, split=split)
    frames = render(scene, height=height, width=width)  # (T, H, W, 3)
    captions = {f"caption_{style}": caption(scene, style, seed).text for style in STYLES}
    return {
        "mp4": Video(frames, FPS).to_bytes(),
        **captions,
        "scene": scene.to_json(),
        "seconds": plan.seconds,
        "fps": FPS,
        "frames": len(frames),
        "height": height,
        "width": width,
        "seed": seed,
    }


def row_seed(seed: int, split: str, index: int) -> int:
    """A seed of its own for every row: 63 bits of a hash, so that no two builds, splits or rows share theirs by chance."""
    digest = hashlib.sha256(f"{seed}/{split}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def row_frames(row: dict):
    """The exact frames of a row, (T, H, W, 3) uint8: drawn again from its scene, where the mp4 in it is compressed."""
    from minisora.world.render import render

    return render(Scene.from_json(row["scene"]), height=row["height"], width=row["width"])


def build(folder: Path, plan: Plan, workers: int = 1, progress: bool = False) -> Path:
    """Write the data set of `plan` into `folder`, or what is missing of it. Returns the folder.

    Raises UserError when the folder holds something else.
    """
    _claim(folder, plan)
    jobs = [job for split in plan.splits for job in _shards(folder, plan, split) if not job[0].exists()]
    with _rows(workers) as mapped, _bar(sum(len(rows) for _, _, rows in jobs), progress) as bar:
        for path, split, rows in jobs:
            table = []
            for row in mapped(partial(make_row, plan, split), rows):
                table.append(row)
                bar.update()
            _whole(path, _parquet(table))
    (folder / CARD).unlink(missing_ok=True)
    _whole(folder / CARD, card(plan).encode())
    return folder


def _claim(folder: Path, plan: Plan) -> None:
    mine = json.dumps(asdict(plan), indent=1).encode()
    if not folder.parent.is_dir():
        raise UserError(f"--out {folder}: there is no folder {folder.parent}. Make it first: mkdir -p {folder.parent}")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out {folder} is a file. Give the name of a folder, new or of a build to go on with.")
    there = folder / PLAN
    if there.exists() and there.read_bytes() != mine:
        raise UserError(f"--out {folder}: another data set is there (see {there}). Ask for the same again, or give a new folder.")
    if not there.exists() and folder.exists() and any(folder.iterdir()):
        raise UserError(f"--out {folder}: the folder is not empty. Give a new one.")
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for rest in [*folder.glob("data/.*.part"), *folder.glob(".*.part")]:
        rest.unlink()
    if not there.exists():
        _whole(there, mine)


def _shards(folder: Path, plan: Plan, split: str) -> Iterator[tuple[Path, str, range]]:
    count = -(-plan.clips // SHARD)
    for k in range(count):
        path = folder / "data" / f"{split}-{k:05d}-of-{count:05d}.parquet"
        yield path, split, range(k * SHARD, min((k + 1) * SHARD, plan.clips))


class _rows:
    """`map` over processes that keeps the order; over none when one worker is enough."""

    def __init__(self, workers: int) -> None:
        self.pool = multiprocessing.get_context("spawn").Pool(workers, _quiet) if workers > 1 else None

    def __enter__(self):
        return partial(self.pool.imap, chunksize=4) if self.pool else map

    def __exit__(self, *error) -> None:
        if self.pool:
            self.pool.terminate()
            self.pool.join()


def _quiet() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is answered by the parent alone


def _bar(total: int, progress: bool):
    from tqdm import tqdm

    return tqdm(total=total, unit="clip", desc="data", disable=None if progress else True)


def _parquet(rows: list[dict]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer, compression="zstd", compression_level=9, row_group_size=SHARD)
    return buffer.getvalue()


def _whole(path: Path, data: bytes) -> None:
    """Write beside the final name and rename: whoever looks sees the whole file or none."""
    part = path.with_name(f".{path.name}.part")
    with open(part, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def card(plan: Plan) -> str:
    """The data set's card: its head is what `datasets` reads, its body is for people."""
    files = "\n".join(f"  - split: {split}\n    path: data/{split}-*.parquet" for split in plan.splits)
    sizes = ",".join(f"{width}x{height}" for height, width in plan.sizes)
    command = f"minisora data build --out FOLDER --clips {plan.clips} --splits {','.join(plan.splits)} --seed {plan.seed}"
    told = "\n".join(f"| `{split}` | {plan.clips} | {SPLITS[split]} |" for split in plan.splits)
    return CARD_TEXT.format(files=files, splits=told, first=plan.splits[0], command=f"{command} --seconds {plan.seconds:g} --size {sizes}")


CARD_TEXT = """---
license: mit
pretty_name: minisora's toy world
task_categories:
- text-to-video
language:
- en
configs:
- config_name: default
  data_files:
{files}
---

# Clips of minisora's toy world

Characters with eyes hop, roll, chase and hide in eight small places, drawn by a program from a script, with captions that are
true by construction. Nobody filmed, painted or wrote anything for it, and no person is in it.

| split | clips | what it is for |
|---|---|---|
{splits}

Every row is made from its `seed` alone. The whole set comes out again, byte for byte, with

    {command}

| field | type | meaning |
|---|---|---|
| `mp4` | bytes | the clip, H.264; `minisora.Video.load` and every player read it |
| `caption_short` | string | who does what, where |
| `caption_detailed` | string | everything that a painter would need |
| `caption_paraphrase` | string | the same in other words |
| `caption_odd` | string | the same, oddly written |
| `scene` | string | the script, JSON of `minisora.world.scene.Scene`; `minisora.world.dataset.row_frames` draws the exact frames from it |
| `seconds`, `fps`, `frames` | number | length, frames per second, frames |
| `height`, `width` | number | pixels |
| `seed` | number | what the row was made from |

```python
from datasets import load_dataset

row = load_dataset("FOLDER", split="{first}")[0]
open("clip.mp4", "wb").write(row["mp4"])
print(row["caption_short"])
```

Licence: MIT, as the program that draws it.
"""


def main(argv: list[str]) -> int:
    """The command `minisora data build`."""
    from minisora.cli import Parser
    from minisora.making import size

    parser = Parser(prog="minisora data build", description="Write a data set of the toy world that datasets.load_dataset opens.")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="a new folder, or one of a build that was cut off")
    parser.add_argument("--clips", type=int, default=1000, help="clips in each split (default 1000)")
    parser.add_argument("--splits", default="train", help=f"some of {','.join(SPLITS)} (default train)")
    parser.add_argument("--seed", type=int, default=0, help="another number, other clips (default 0)")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a clip; 0 for images (default 2)")
    parser.add_argument("--size", default="64x64", metavar="WIDTHxHEIGHT", help="one or several, with commas: 64x64,96x64,64x96")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")
    args = parser.parse_args(argv)
    if args.workers < 1:
        raise UserError(f"--workers {args.workers}: at least 1. Try --workers 2.")
    try:
        sizes = tuple(size(text) for text in args.size.split(","))
    except argparse.ArgumentTypeError as error:
        raise UserError(f"--size {error}.") from None
    splits = tuple(name for name in args.splits.split(",") if name)
    plan = Plan(args.clips, splits, args.seed, args.seconds, sizes)
    build(args.out, plan, args.workers, progress=True)
    print(f"{args.out}: {len(plan.splits)} x {plan.clips} clips. Open it with datasets.load_dataset({str(args.out)!r})")
    return 0
