"""Batches for the autoencoder's training. Which clips a step sees depends on the seed and the step's number alone, so a resumed
run sees what the uninterrupted one would have seen."""

from pathlib import Path

import lightning
import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from minisora.errors import UserError, one_line
from minisora.patches import PIXELS_A_LATENT
from minisora.train.clips import BUCKETS, Bucket, cached_clips
from minisora.vae import attention, check_video_shape

ENDLESS = 2**40  # steps in an "epoch": more than anyone trains
WINDOW = 32  # pixels, each way, of what is looked at closely


class ClipBatches(Dataset):
    """Item i is the batch of step i for process `rank` of `world`: (B, 3, T, H, W) in [-1, 1].

    batch: clips of 17 frames of 64×64 in a step; a bucket of bigger clips gives fewer, one of smaller ones more.
    close: share of the steps that see, instead of whole frames, as many more windows of 32×32 pixels, mostly where somebody is.
    raw: leave them (B, T, H, W, 3) uint8, a quarter of the bytes, for `to_video` to turn into video where they are needed.
    """

    def __init__(
        self, clips: dict[Bucket, np.ndarray], batch: int, seed: int = 0, rank: int = 0, world: int = 1, close: float = 0.0,
        raw: bool = False,
    ):  # fmt: skip
        self.raw = raw
        self.clips, self.batch, self.seed, self.rank, self.world, self.close = clips, batch, seed, rank, world, close
        self.buckets = list(clips)
        shares = np.array([bucket.share for bucket in self.buckets])
        self.shares = shares / shares.sum()

    def __len__(self) -> int:
        return ENDLESS

    def __getitem__(self, step: int) -> torch.Tensor:
        random = np.random.default_rng((self.seed, step))
        bucket = self.buckets[random.choice(len(self.buckets), p=self.shares)]
        near = min(bucket.height, bucket.width) > WINDOW and random.random() < self.close
        area = bucket.height * bucket.width / WINDOW**2 if near else 1
        count = max(1, round(self.batch / bucket.weight * area))
        mine = slice(self.rank * count, (self.rank + 1) * count)
        picks = random.integers(len(self.clips[bucket]), size=self.world * count)[mine]
        own = np.random.default_rng((self.seed, step, self.rank))
        frames = np.stack([window(self.clips[bucket][i], own) if near else self.clips[bucket][i] for i in picks])
        return torch.from_numpy(frames) if self.raw else to_video(frames)


def window(clip: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A window of 32×32 pixels, at whole latent positions, of a clip (T, H, W, 3) uint8: the likelier, the more is going on in it.

    Characters cover a tenth of a frame, and they are what is hard; whole frames are mostly sky and grass.
    """
    busy = attention(to_video(clip[None, ::8, ::2, ::2])).mean((0, 1))              # (H / 2, W / 2)
    sums = F.avg_pool2d(busy[None, None], WINDOW // 2, PIXELS_A_LATENT // 2)[0, 0]  # (windows down, windows across)
    chance = (sums.pow(3) + 1e-4).double().flatten().numpy()
    top, left = divmod(int(random.choice(len(chance), p=chance / chance.sum())), sums.shape[1])
    top, left = top * PIXELS_A_LATENT, left * PIXELS_A_LATENT
    return clip[:, top : top + WINDOW, left : left + WINDOW]


class From:
    """A sampler: all steps from `start` on."""

    def __init__(self, start: int):
        self.start = start

    def __iter__(self):
        return iter(range(self.start, ENDLESS))

    def __len__(self) -> int:
        return ENDLESS - self.start


class ClipData(lightning.LightningDataModule):
    """Clips of the world (drawn into `cache` when they are not there) or of the data set in `folder`; and 48 held-out clips to check on."""

    def __init__(
        self, cache: Path, clips: int, batch: int, seed: int = 0, folder: Path | None = None, buckets: tuple[Bucket, ...] = BUCKETS,
        held_out: int = 48, workers: int | None = None, show: bool = False, close: float = 0.0, loaders: int = 0,
    ):  # fmt: skip
        super().__init__()
        self.loaders = loaders
        self.cache, self.clips, self.batch, self.seed, self.folder = cache, clips, batch, seed, folder
        self.buckets, self.held_out, self.workers, self.show, self.close = buckets, held_out, workers, show, close

    def _train(self) -> dict[Bucket, np.ndarray]:
        if self.folder is not None:
            return clips_of_dataset(self.folder)
        return cached_clips(self.cache, self.clips, self.seed, "train", self.buckets, self.workers, self.show)

    def _held_out(self) -> np.ndarray:
        bucket = Bucket(17, 64, 64, 1.0)
        return cached_clips(self.cache, self.held_out, 0, "heldout", (bucket,), self.workers, self.show)[bucket]

    def prepare_data(self) -> None:
        self._train()
        self._held_out()

    def setup(self, stage: str | None = None) -> None:
        self.train_clips, self.check_clips = self._train(), self._held_out()

    def train_dataloader(self) -> DataLoader:
        rank, world = self.trainer.global_rank, self.trainer.world_size
        batches = ClipBatches(self.train_clips, self.batch, self.seed, rank, world, self.close, raw=True)
        return DataLoader(batches, batch_size=None, sampler=From(self.trainer.global_step), **loading(self.loaders))

    def on_after_batch_transfer(self, batch: torch.Tensor, index: int) -> torch.Tensor:
        return to_video(batch)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(torch.from_numpy(np.array(self.check_clips)), batch_size=16)


def loading(processes: int) -> dict:
    """Options of a DataLoader: so many processes that make batches ahead of time; 0: each when it is needed, in the training's own."""
    fast = torch.cuda.is_available()
    return {"num_workers": processes, "pin_memory": fast, **({"prefetch_factor": 4} if processes else {})}


def to_video(frames: np.ndarray | torch.Tensor) -> torch.Tensor:
    """Frames (B, T, H, W, 3) uint8 to video (B, 3, T, H, W) in [-1, 1]."""
    frames = frames if isinstance(frames, torch.Tensor) else torch.from_numpy(np.array(frames))
    return frames.permute(0, 4, 1, 2, 3).float().div_(127.5).sub_(1)


def clips_of_dataset(folder: Path) -> dict[Bucket, np.ndarray]:
    """All training clips of a data set that `minisora data build` wrote, one array for each size.

    Raises UserError when the folder holds no such data set or a clip that the autoencoder cannot take.
    """
    from datasets import load_dataset

    from minisora.world.dataset import row_frames

    if not folder.is_dir():
        raise UserError(f"--data {folder}: there is no such folder. Make one with: minisora data build {folder}")
    try:
        rows = load_dataset(str(folder), split="train")
    except Exception as error:  # the library raises many kinds
        raise UserError(f"--data {folder}: no data set to train on ({one_line(error, 80)}). Make one: minisora data build") from error
    found: dict[tuple[int, ...], list[np.ndarray]] = {}
    for row in rows:
        frames = np.asarray(row_frames(row))
        check_video_shape(*frames.shape[:3])
        found.setdefault(frames.shape[:3], []).append(frames)
    return {Bucket(*shape, share=len(clips)): np.stack(clips) for shape, clips in found.items()}
