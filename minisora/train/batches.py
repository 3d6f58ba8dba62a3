"""Batches for the denoiser's training. What a step sees (clips, captions, masks, noise) depends on the seed and the step's number
alone, so a resumed run sees what the uninterrupted one would have seen."""

from collections.abc import Sequence
from pathlib import Path

import lightning
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from minisora.errors import UserError
from minisora.flow import draw_sigma
from minisora.frames import Mix, draw_masks
from minisora.patches import Grid
from minisora.text import NULL, UNK, Tokenizer, pad
from minisora.train import latents
from minisora.train.data import ENDLESS, From, loading
from minisora.train.latents import Clips

STYLE_SHARES = {"short": 0.3, "detailed": 0.3, "paraphrase": 0.35, "odd": 0.05}
DROPPED = 0.1  # share of the captions that are not told
SLIGHT = 0.3, 0.15  # share of the clips whose known frames carry slight noise, and its highest level
Batch = dict[str, Tensor | int]  # numbers only until it is finished


class Told:
    """The captions of many clips as token numbers, by style. Read when they are asked for: hundreds of thousands would take a minute."""

    def __init__(self, captions: Sequence[list[list]], tokenizer: Tokenizer):
        self.captions, self.tokenizer = captions, tokenizer

    def draw(self, clip: int, style: str, random: np.random.Generator) -> tuple[list[int], list[int]]:
        """Token ids and shot numbers of one of the clip's captions of a style."""
        found = [parts for kind, parts in self.captions[clip] if kind == style]
        words, shots = [], []
        for text, shot in found[random.integers(len(found))]:
            known = [index for index in self.tokenizer.inner.encode(text).ids if index != UNK] or [NULL]
            words += known
            shots += [shot] * len(known)
        return words, shots


def draw_style(random: np.random.Generator, shares: dict[str, float] | None = None) -> str:
    """The style of all captions in a batch: captions of one style are about equally long, so less of the batch is padding."""
    shares = shares or STYLE_SHARES
    return str(random.choice(list(shares), p=list(shares.values())))


def styles_of(detailed: float) -> dict[str, float]:
    """STYLE_SHARES with this share of detailed captions, the others in their usual proportion. Raises UserError outside [0, 1]."""
    if not 0 <= detailed <= 1:
        raise UserError(f"--detailed {detailed:g}: a share from 0 to 1. Try --detailed {STYLE_SHARES['detailed']:g}.")
    scale = (1 - detailed) / (1 - STYLE_SHARES["detailed"])
    return {style: detailed if style == "detailed" else share * scale for style, share in STYLE_SHARES.items()}


def chances(captions: Sequence[str], often: dict[str, float]) -> np.ndarray:
    """How likely each clip is to be drawn, (n,): as many times as often as `often` says of words that begin so."""
    found = [max((times for word, times in often.items() if f" {word}" in line), default=1.0) for line in captions]
    weights = np.array(found)
    return weights / weights.sum()


class LatentBatches(Dataset):
    """Item i is the batch of step i for process `rank` of `world`.

    latents (B, c, t, h, w), noise (the same), sigma (B, t), known (B, t), ids, mask and shot (B, L), frame_shot (B, t),
    labels (B, t, h/2, w/2, FIELDS). Known frames have sigma 0, in some clips slightly more (what an extension's window with noise is
    told, see SLIGHT). `batch`: clips of 17 frames of 64×64; of other sizes as many as have the same number of tokens.
    levels: mean and deviation of the normal number whose sigmoid is sigma, before the shift by size (see `flow.draw_sigma`).
    styles: the captions' shares, if not STYLE_SHARES. often: words, and how many times as often clips with them in a caption are drawn.
    Not `whole`: `finish` has still to be called, where the batch is needed. `bare`: such a batch has, instead of latents and labels,
    the bucket's number (`which`) and the clips' (`picks`), for `Resident` to fill in.
    """

    def __init__(
        self, clips: list[Clips], told: list[Told], batch: int, seed: int = 0, rank: int = 0, world: int = 1,
        mix: Mix = Mix(), dropped: float = DROPPED, slight: bool = True, whole: bool = True,  # noqa: B008 (frozen)
        levels: tuple[float, float] = (0.0, 1.0), bare: bool = False, styles: dict[str, float] | None = None,
        often: dict[str, float] | None = None,
    ):  # fmt: skip
        self.slight, self.whole, self.levels, self.bare, self.styles = slight, whole, levels, bare, styles
        self.chances = [chances(part.captions.lines, often).cumsum() for part in clips] if often else None
        self.clips, self.told, self.batch, self.seed, self.rank, self.world = clips, told, batch, seed, rank, world
        self.mix, self.dropped = mix, dropped
        shares = np.array([part.bucket.share for part in clips])
        self.shares = shares / shares.sum()

    def __len__(self) -> int:
        return ENDLESS

    def __getitem__(self, step: int) -> Batch:
        random = np.random.default_rng((self.seed, step))
        which = random.choice(len(self.clips), p=self.shares)
        count = max(1, round(self.batch / self.clips[which].bucket.weight))
        mine = slice(self.rank * count, (self.rank + 1) * count)
        clips = len(self.clips[which].latents)
        if self.chances:
            picks = np.searchsorted(self.chances[which], random.random(self.world * count)).clip(max=clips - 1)[mine]
        else:
            picks = random.integers(clips, size=self.world * count)[mine]
        own = np.random.default_rng((self.seed, step, self.rank))
        return self.gather(which, picks, own)

    def gather(self, which: int, picks: np.ndarray, random: np.random.Generator) -> Batch:
        """The clips `picks` of bucket `which`, with all that is drawn by chance."""
        part, told = self.clips[which], self.told[which]
        generator = torch.Generator().manual_seed(int(random.integers(2**62)))
        count, t = len(picks), part.latents.shape[2]
        known = draw_masks(count, t, self.mix, generator)
        sigma = draw_sigma(count, Grid.of_latents(part.latents.shape).tokens, generator, *self.levels)[:, None].expand(count, t)
        slight = random.random((count, 1)) * SLIGHT[1] * (random.random((count, 1)) < SLIGHT[0]) if self.slight else np.zeros((count, 1))
        style = draw_style(random, self.styles)
        rows = [([NULL], [0]) if random.random() < self.dropped else told.draw(pick, style, random) for pick in picks.tolist()]
        words = pad(rows, to=8)
        batch = {
            "seed": int(random.integers(2**62)),  # numbers stay on the processor: to read one back, it would wait for the GPU
            "known": known,
            "sigma": torch.where(known, torch.from_numpy(slight).float(), sigma),
            "ids": words.ids,
            "mask": words.mask,
            "shot": words.shot,
            "frame_shot": torch.from_numpy(part.shots[picks]).long(),
        }
        if self.bare:
            return {**batch, "which": int(which), "picks": torch.from_numpy(picks)}
        batch |= {"latents": torch.from_numpy(part.latents[picks]), "labels": torch.from_numpy(part.labels[picks])}
        return finish(batch) if self.whole else batch


class Resident:
    """All latents and labels of a training in a GPU's memory: what is there need not be carried there for each step."""

    SHARE = 0.4  # of the memory that is free, at most

    def __init__(self, clips: list[Clips], device: torch.device):
        self.tables = [tuple(torch.from_numpy(table).to(device) for table in (part.latents, part.labels)) for part in clips]

    @classmethod
    def fits(cls, clips: list[Clips], device: torch.device) -> bool:
        """Whether `device` is a GPU with room for them."""
        if device.type != "cuda":
            return False
        return sum(part.latents.nbytes + part.labels.nbytes for part in clips) < cls.SHARE * torch.cuda.mem_get_info(device)[0]

    def fill(self, batch: Batch) -> Batch:
        """A bare batch with its latents and labels."""
        which, picks = batch.pop("which"), batch.pop("picks")
        latents, labels = (table[picks] for table in self.tables[which])
        return {**batch, "latents": latents, "labels": labels}


def finish(batch: Batch) -> Batch:
    """A batch with its noise, in single precision: made on the device that needs it, it need not be carried there."""
    seed, clean = batch.pop("seed"), batch["latents"].float()
    noise = torch.randn(clean.shape, generator=torch.Generator(clean.device).manual_seed(seed), device=clean.device)
    return {**batch, "latents": clean, "noise": noise, "labels": batch["labels"].float()}


class CheckBatches(Dataset):
    """The same held-out clips, captions, noise (see `finish`) and evenly spread noise levels at every check; nothing known or dropped."""

    def __init__(self, clips: Clips, told: Told, size: int = 64):
        self.source = LatentBatches([clips], [told], size, mix=Mix(1, 0, 0, 0, 0, 0, 0), dropped=0.0, whole=False)
        self.size, self.count = size, len(clips.latents) // size

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Batch:
        if index >= self.count:
            raise IndexError(index)
        batch = self.source.gather(0, np.arange(index * self.size, (index + 1) * self.size), np.random.default_rng(index))
        level = (torch.arange(self.size) + 0.5) / self.size
        batch["sigma"] = level[:, None].expand_as(batch["sigma"])
        return batch


class LatentData(lightning.LightningDataModule):
    """Latents in two folders, made first when they are missing: the training's, and held-out ones to check on."""

    def __init__(
        self, train: Path, held_out: Path, vae: Path, tokenizer: Tokenizer, batch: int, seed: int = 0, clips: int = 0, checked: int = 192,
        mix: Mix = Mix(), workers: int | None = None, show: bool = False, data: Path | None = None, loaders: int = 0,  # noqa: B008 (frozen)
        levels: tuple[float, float] = (0.0, 1.0), styles: dict[str, float] | None = None, often: dict[str, float] | None = None,
    ):  # fmt: skip
        super().__init__()
        self.loaders, self.resident = loaders, None
        self.drawing = {"levels": levels, "styles": styles, "often": often}
        self.folders, self.vae, self.tokenizer, self.batch, self.seed = (train, held_out), vae, tokenizer, batch, seed
        self.clips, self.checked, self.mix, self.workers, self.show, self.data = clips, checked, mix, workers, show, data

    def prepare_data(self) -> None:
        train, held_out = self.folders
        if not (train / latents.PLAN).exists():
            latents.build(train, self.vae, self.clips, "train", self.seed, workers=self.workers, show=self.show, data=self.data)
        if not (held_out / latents.PLAN).exists():
            latents.build(held_out, self.vae, self.checked, "heldout", 0, latents.BUCKETS[:1], self.workers, self.show)

    def setup(self, stage: str | None = None) -> None:
        self.train_clips = latents.load(self.folders[0])
        self.told = [Told(part.captions, self.tokenizer) for part in self.train_clips]
        self.check_clips = latents.load(self.folders[1])[0]
        device = self.trainer.strategy.root_device
        if Resident.fits(self.train_clips, device):
            self.resident = Resident(self.train_clips, device)

    def train_dataloader(self) -> DataLoader:
        rank, world = self.trainer.global_rank, self.trainer.world_size
        bare = self.resident is not None
        batches = LatentBatches(
            self.train_clips, self.told, self.batch, self.seed, rank, world, self.mix, whole=False, bare=bare, **self.drawing
        )  # fmt: skip
        return DataLoader(batches, batch_size=None, sampler=From(self.trainer.global_step), **loading(self.loaders))

    def on_after_batch_transfer(self, batch: Batch, index: int) -> Batch:
        return finish(self.resident.fill(batch) if "picks" in batch else batch)

    def val_dataloader(self) -> DataLoader:
        size = min(64, len(self.check_clips.latents))
        return DataLoader(CheckBatches(self.check_clips, Told(self.check_clips.captions, self.tokenizer), size), batch_size=None)
