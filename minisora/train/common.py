"""What both trainings share: averaging, atomic checkpoints, a budget in steps or minutes, progress, strips, logs, Lightning's flags."""

import argparse
import json
import logging
import os
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.plugins.io import TorchCheckpointIO
from PIL import Image
from torch import nn
from tqdm.auto import tqdm

from minisora.errors import UserError
from minisora.precision import native_bf16

CHECKPOINT = "last.ckpt"
Schedule = Callable[[float, int], float]  # (progress, step) to the share of the peak learning rate


class AtomicCheckpoints(TorchCheckpointIO):
    """Writes beside the file and renames: a checkpoint is there whole or not at all, whenever the process is killed."""

    def save_checkpoint(self, checkpoint, path, storage_options=None) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        with open(part, "wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)


class Average(Callback):
    """An exponential moving average of `module.network`'s weights. It is what is validated, shown and exported.

    half_life: steps after which a weight counts half. In a run's beginning the memory is a tenth of the steps so far.
    """

    def __init__(self, half_life: float = 200.0):
        self.decay = 0.5 ** (1 / half_life)
        self.values: dict[str, torch.Tensor] = {}
        self.steps = 0

    def on_fit_start(self, trainer, module) -> None:
        weights = dict(module.network.named_parameters())
        self.values = {name: self.values.get(name, weight).detach().to(weight.device, copy=True) for name, weight in weights.items()}

    @torch.no_grad()
    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(list(self.values.values()), [weight.detach() for weight in module.network.parameters()], 1 - decay)

    @torch.no_grad()
    def swap(self, network: nn.Module) -> None:
        """Exchanges the network's weights and their average."""
        for name, weight in network.named_parameters():
            kept = weight.clone()
            weight.copy_(self.values[name])
            self.values[name].copy_(kept)

    def on_validation_start(self, trainer, module) -> None:
        self.swap(module.network)

    def on_validation_end(self, trainer, module) -> None:
        self.swap(module.network)

    def state_dict(self) -> dict:
        return {"values": self.values, "steps": self.steps}

    def load_state_dict(self, state: dict) -> None:
        self.values, self.steps = state["values"], state["steps"]


class Budget(Callback):
    """How long a run goes on: `steps` or `minutes` of training, counted over all its resumptions; sets the learning rate as it goes."""

    def __init__(self, schedule: Schedule, steps: int | None = None, minutes: float | None = None):
        self.schedule, self.steps, self.minutes = schedule, steps, minutes
        self.seconds, self.started = 0.0, None

    @property
    def elapsed(self) -> float:
        """Seconds of training so far."""
        return self.seconds + (time.monotonic() - self.started if self.started else 0.0)

    def progress(self, step: int) -> float:
        return step / self.steps if self.steps else self.elapsed / (60 * self.minutes)

    def on_train_batch_start(self, trainer, module, batch, batch_idx) -> None:
        if self.started is None:
            self.started = time.monotonic()
        progress = self.progress(trainer.global_step)
        if trainer.world_size > 1:
            progress = trainer.strategy.broadcast(progress)  # clocks differ, the decision to stop must not
        for optimizer in trainer.optimizers:
            optimizer.scale(self.schedule(progress, trainer.global_step))
        if progress >= 1:
            trainer.should_stop = True

    def state_dict(self) -> dict:
        return {"seconds": self.elapsed}

    def load_state_dict(self, state: dict) -> None:
        self.seconds = state["seconds"]


class Progress(Callback):
    """One line on the terminal: how far, how fast, and what was last measured."""

    def __init__(self, budget: Budget, show: bool = True):
        self.budget, self.show, self.bar = budget, show, None

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        if not (self.show and trainer.is_global_zero):
            return
        if self.bar is None:
            self.bar = tqdm(total=100, desc="training", bar_format="{desc}: {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}{postfix}]")
            self.bar.n = self.bar.last_print_n = int(100 * self.budget.progress(trainer.global_step))
        numbers = {key.replace("/", " "): f"{float(value):.4g}" for key, value in trainer.callback_metrics.items() if key != "lr"}
        self.bar.set_postfix({"step": trainer.global_step, **numbers}, refresh=False)
        self.bar.update(max(0, min(100, int(100 * self.budget.progress(trainer.global_step))) - self.bar.n))

    def on_fit_end(self, trainer, module) -> None:
        if self.bar is not None:
            self.bar.close()


class Strips(Callback):
    """Writes what `module.strip()` draws, (H, W, 3) uint8, to strips/step-N.png and TensorBoard at every validation."""

    def __init__(self, folder: Path):
        self.folder = folder / "strips"

    def on_validation_end(self, trainer, module) -> None:
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        strip = module.strip()
        if strip is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(strip).save(self.folder / f"step-{trainer.global_step:06d}.png")
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                logger.experiment.add_image("strip", strip, trainer.global_step, dataformats="HWC")


def sheet(rows: list[np.ndarray], gap: int = 2, scale: int = 2) -> np.ndarray:
    """Rows of frames, each (n, H, W, 3) uint8, as one white-gapped picture (H', W', 3), every pixel `scale` wide."""
    frames, height, width, _ = rows[0].shape
    page = np.full((len(rows) * (height + gap) - gap, frames * (width + gap) - gap, 3), 255, np.uint8)
    for r, row in enumerate(rows):
        for c, frame in enumerate(row):
            page[r * (height + gap) :, c * (width + gap) :][:height, :width] = frame
    return page.repeat(scale, 0).repeat(scale, 1)


def to_uint8(video: torch.Tensor) -> np.ndarray:
    """Video (..., 3, T, H, W) in [-1, 1] to frames (..., T, H, W, 3) uint8."""
    frames = ((video.detach().float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu()
    return frames.movedim(-4, -1).numpy()


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of every training: its length, where it runs, and those that go to Lightning's Trainer as they are."""
    parser.add_argument("--preset", default="small", help="tiny, small or base")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint of this run")
    parser.add_argument("--init", type=Path, metavar="FOLDER", help="start from the weights in this folder")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where checkpoints, logs and caches go (default: runs)")
    parser.add_argument("--export", type=Path, metavar="FOLDER", help="write the weights here (default: export/ in the run's folder)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="train for this many steps")
    length.add_argument("--minutes", type=float, help="train for this long, all resumptions together")
    parser.add_argument("--batch", type=int, help="clips of 17 frames of 64x64 in a step; other sizes come as many as weigh the same")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compile", choices=("auto", "yes", "no"), default="auto", help="torch.compile (auto: if it can)")
    parser.add_argument("--save-every", type=int, default=200, metavar="STEPS", help="steps between checkpoints")
    parser.add_argument("--check-every", type=int, default=500, metavar="STEPS", help="steps between validations and strips")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.add_argument("--loaders", type=int, default=0, help="processes that make batches ahead of time, for a GPU (default 0: none)")
    flags = parser.add_argument_group("passed to Lightning's Trainer")
    flags.add_argument("--accelerator", default="auto")
    flags.add_argument("--devices", default="auto")
    flags.add_argument("--num-nodes", type=int, default=1)
    flags.add_argument("--strategy", default="auto")
    flags.add_argument("--precision", default="auto", help="auto: bf16-mixed where that is faster, else 32-true")


def check_training_arguments(args: argparse.Namespace) -> None:
    """Raises UserError where a number cannot be."""
    for name in ("steps", "minutes", "batch", "save_every", "check_every", "num_nodes"):
        value = getattr(args, name)
        if value is not None and not value > 0:
            raise UserError(f"--{name.replace('_', '-')} {value}: more than 0, please. Leave it out for the default.")
    if args.loaders < 0:
        raise UserError(f"--loaders {args.loaders}: a number of processes, 0 or more. Leave it out for none.")


def bf16_is_fast(accelerator: str = "auto") -> bool:
    """Whether the device that Lightning would take multiplies matrices faster in bf16."""
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    if accelerator in ("auto", "mps") and torch.backends.mps.is_available():
        return False
    return native_bf16()


def can_compile() -> bool:
    """Whether torch.compile finds what it needs."""
    from shutil import which

    return bool(which(os.environ.get("CXX", "g++")) or which("clang++")) and not os.environ.get("TORCH_COMPILE_DISABLE")


def hush() -> None:
    """Silences Lightning's and the compiler's chatter: what is worth saying, the commands say themselves."""
    for name in ("lightning", "lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for name in ("torch.utils.cpp_extension", "torch._inductor", "torch._dynamo"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning.*")
    warnings.filterwarnings("ignore", module=r"torch\.(nn\.functional|_inductor|_dynamo|fx).*")
    warnings.filterwarnings("ignore", message=r".*(rms_norm|lr_scheduler|Online softmax|treespec|LeafSpec).*")


def make_trainer(args: argparse.Namespace, folder: Path, budget: Budget, extra: list[Callback]) -> lightning.Trainer:
    """Lightning's Trainer for one run: logs, checkpoints and progress in `folder`, the user's flags passed through."""
    precision = args.precision
    if precision == "auto":
        precision = "bf16-mixed" if bf16_is_fast(args.accelerator) else "32-true"
    saving = ModelCheckpoint(
        dirpath=folder, filename=CHECKPOINT.removesuffix(".ckpt"), every_n_train_steps=args.save_every,
        save_on_train_epoch_end=False, enable_version_counter=False,
    )  # fmt: skip
    return lightning.Trainer(
        accelerator=args.accelerator, devices=args.devices, num_nodes=args.num_nodes, strategy=args.strategy, precision=precision,
        max_steps=args.steps or -1, max_epochs=-1 if args.steps is None else None, gradient_clip_val=1.0,
        callbacks=[budget, *extra, saving, Progress(budget, show=not args.quiet)], plugins=[AtomicCheckpoints()],
        logger=[CSVLogger(folder, name="csv", version=""), TensorBoardLogger(folder, name="tensorboard", version="")],
        enable_progress_bar=False, enable_model_summary=False, log_every_n_steps=20, num_sanity_val_steps=0,
        val_check_interval=args.check_every, check_val_every_n_epoch=None, use_distributed_sampler=False,
    )  # fmt: skip


def keep_log(folder: Path) -> None:
    """Puts the log of a run that was cut off aside as csv/metrics-1.csv, -2, …: Lightning's logger begins a new one."""
    log = folder / "csv" / "metrics.csv"
    if log.exists():
        log.rename(log.with_name(f"metrics-{len(list(log.parent.glob('metrics-*.csv'))) + 1}.csv"))


def compiles(args: argparse.Namespace) -> bool:
    """Whether to compile: as --compile says, or where a run is long enough to earn back the minutes that compiling takes."""
    return args.compile == "yes" or (args.compile == "auto" and can_compile() and (args.minutes or args.steps / 100) >= 5)


def fit(
    args: argparse.Namespace, folder: Path, module: lightning.LightningModule, data: lightning.LightningDataModule,
    checkpoint: Path | None, schedule: Schedule, extra: Sequence[Callback] = (),
) -> tuple[bool, str]:  # fmt: skip
    """Trains `module` in `folder` and leaves the averaged weights in `module.network`.

    Returns whether this process is the one that writes, and how long the run was, in words. Raises KeyboardInterrupt when it was stopped.
    """
    budget, average = Budget(schedule, args.steps, args.minutes), Average(args.half_life)
    trainer = make_trainer(args, folder, budget, [average, *extra])
    if trainer.is_global_zero:
        folder.mkdir(parents=True, exist_ok=True)
        keep_log(folder)
        root = trainer.strategy.root_device
        device = torch.cuda.get_device_name(root) if root.type == "cuda" else root.type
        told = {key: str(value) for key, value in vars(args).items()} | {"torch": torch.__version__, "device": device}
        (folder / "command.json").write_text(json.dumps(told, indent=1) + "\n")
    trainer.fit(module, data, ckpt_path=str(checkpoint) if checkpoint else None)
    if trainer.interrupted:
        raise KeyboardInterrupt
    trainer.save_checkpoint(folder / CHECKPOINT)
    average.swap(module.network)
    size = sum(value.numel() for value in module.network.parameters()) / 1e6
    return trainer.is_global_zero, f"{size:.1f} M parameters after {trainer.global_step} steps in {budget.elapsed / 60:.1f} minutes"


def checkpoint_of(args: argparse.Namespace, folder: Path) -> Path | None:
    """The checkpoint to go on from, or None for a fresh run. Raises UserError when there is none, or one that would be lost."""
    path = folder / CHECKPOINT
    if args.resume and not path.exists():
        raise UserError(f"--resume: there is no checkpoint at {path}. Start without --resume.")
    if not args.resume and path.exists():
        raise UserError(f"{path} holds an earlier run. Go on with it by --resume, or remove the folder: rm -r {folder}")
    return path if args.resume else None
