"""Clips for training, drawn once: uint8 frames in memory-mapped files, one file for each size, under runs/cache/.

Drawing while training would take the processor from the training. A cache is there whole or not at all: it is made under another
name and renamed. Its name tells what is in it and of which version of the world, so that a changed world never meets old clips.
"""

import hashlib
import multiprocessing
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from tqdm.auto import tqdm

import minisora.world
from minisora.errors import UserError
from minisora.world.scene import FPS

CHUNK = 32  # clips that a worker draws before it says so


@dataclass(frozen=True)
class Bucket:
    """One size of clips, and which share of the steps sees it."""

    frames: int
    height: int
    width: int
    share: float

    @property
    def name(self) -> str:
        return f"{self.frames}x{self.height}x{self.width}"

    @property
    def weight(self) -> float:
        """Work that one clip makes: 1 for 17 frames of 64×64."""
        return (1 + (self.frames - 1) // 4) * self.height * self.width / (5 * 64 * 64)


BUCKETS = (
    Bucket(17, 64, 64, 0.84),
    Bucket(33, 64, 64, 0.08),
    Bucket(1, 64, 64, 0.08),
)  # the autoencoder looks at neighbourhoods alone, so wide and tall frames teach it nothing else


def draw(bucket: Bucket, split: str, seed: int) -> np.ndarray:
    """The frames (T, H, W, 3) uint8 of scene number `seed` of `split`. Longer clips have a cut in every second one."""
    from minisora.world.render import render
    from minisora.world.sample import sample_scene

    shots = 1 + seed % 2 if bucket.frames > 17 else 1
    seconds = (bucket.frames - 1) / FPS
    scene = sample_scene(seed, seconds=seconds, aspect=bucket.width / bucket.height, split=split, shots=shots)
    return render(scene, height=bucket.height, width=bucket.width)


def version() -> str:
    """Eight characters that change with the world's code."""
    digest = hashlib.sha256()
    for path in sorted(Path(minisora.world.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def cached_clips(
    root: Path, clips: int, seed: int = 0, split: str = "train", buckets: Sequence[Bucket] = BUCKETS, workers: int | None = None,
    show: bool = False, draw=draw,
) -> dict[Bucket, np.ndarray]:  # fmt: skip
    """Memory-mapped clips (n, T, H, W, 3) uint8 for each bucket, drawn first if they are not in `root` yet.

    clips: how many in all; each bucket gets its share. workers: processes that draw (default: one a core).
    """
    if clips < len(buckets):
        raise UserError(f"--clips {clips}: at least one for each of the {len(buckets)} sizes. Try --clips 12000.")
    sizes = "-".join(bucket.name for bucket in buckets)
    folder = root / f"{split}-{clips}-seed{seed}-{hashlib.sha256(sizes.encode()).hexdigest()[:6]}-{version()}"
    if not folder.exists():
        _build(folder, clips, seed, split, buckets, workers or os.cpu_count() or 1, show, draw)
    return {bucket: np.load(folder / f"{bucket.name}.npy", mmap_mode="r") for bucket in buckets}


def _build(folder: Path, clips: int, seed: int, split: str, buckets: Sequence[Bucket], workers: int, show: bool, draw) -> None:
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    total, jobs = sum(bucket.share for bucket in buckets), []
    for number, bucket in enumerate(buckets):
        count = max(1, round(clips * bucket.share / total))
        path = part / f"{bucket.name}.npy"
        np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, bucket.frames, bucket.height, bucket.width, 3)).flush()
        first = (seed * len(buckets) + number) * 10_000_000  # no scene is in two buckets
        jobs += [(path, bucket, first, range(start, min(start + CHUNK, count))) for start in range(0, count, CHUNK)]
    work = partial(_fill, split=split, draw=draw)
    with tqdm(total=sum(len(job[3]) for job in jobs), desc=f"drawing clips ({split})", unit="clip", disable=not show) as bar:
        if workers == 1 or bar.total <= 4 * CHUNK:  # few clips are drawn sooner than processes start
            for job in jobs:
                bar.update(work(job))
        else:
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(workers, mp_context=context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
                for done in pool.map(work, jobs):
                    bar.update(done)
    try:
        os.replace(part, folder)
    except OSError:  # another process was faster
        shutil.rmtree(part)


def _fill(job: tuple[Path, Bucket, int, range], split: str, draw) -> int:
    path, bucket, first, span = job
    clips = np.load(path, mmap_mode="r+")
    for index in span:
        clips[index] = draw(bucket, split, first + index)
    clips.flush()
    return len(span)
