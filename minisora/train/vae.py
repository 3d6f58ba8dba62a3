"""`minisora train vae`: the autoencoder's training. Built in chapter 2."""

import argparse
from dataclasses import asdict, replace
from pathlib import Path

import lightning
import torch

from minisora.errors import UserError
from minisora.train.clips import BUCKETS
from minisora.train.common import (
    Strips,
    add_training_arguments,
    check_training_arguments,
    checkpoint_of,
    compiles,
    fit,
    hush,
    sheet,
    to_uint8,
)
from minisora.train.data import ClipData, to_video
from minisora.train.grow import grown
from minisora.train.optim import MuonAdamW, schedule, split_parameters
from minisora.vae import FOCUS, VAEConfig, VideoVAE, loss
from minisora.weights import load_part, save_part

ENDS = ("embed", "to_latent", "from_latent", "line_", "read.1.down")  # matrices that touch voxels or latents: AdamW's
DEFAULTS = {"tiny": (4, 200), "small": (8, 12_000), "base": (64, 30_000)}  # batch, steps
GAIN = 0.75  # power of what a channel shows that its latents leave with: between equally strong (0) and as in pixels (1)
SHOWN = 4  # held-out clips on a strip


class VAETraining(lightning.LightningModule):
    """One step: encode, sample, decode, compare. `validation` is the PSNR of fixed held-out clips through the latents' means."""

    def __init__(
        self, network: VideoVAE, muon: float = 0.01, adamw: float = 1e-3, decay: float = 0.3, seed: int = 0, compiled: bool = False,
        focus: float = FOCUS,
    ):  # fmt: skip
        super().__init__()
        self.network, self.muon, self.adamw, self.decay, self.seed = network, muon, adamw, decay, seed
        self.focus = focus
        self.compute = torch.compile(self._loss, dynamic=False) if compiled else self._loss
        self.shown: list[torch.Tensor] = []

    def _loss(self, video: torch.Tensor) -> torch.Tensor:
        output, mean, logvar = self.network(video)
        return loss(output, video, mean, logvar, focus=self.focus)

    def forward(self, video: torch.Tensor) -> torch.Tensor:
        return self.compute(video)

    def training_step(self, video: torch.Tensor, index: int) -> torch.Tensor:
        torch.manual_seed((self.seed * 1_000_003 + self.global_step) * 1_009 + self.global_rank)  # a resumed run draws the same noise
        value = self(video)
        self.log("loss", value.detach())
        return value

    def on_before_optimizer_step(self, optimizer) -> None:
        self.log("lr", optimizer.param_groups[0]["lr"])

    def validation_step(self, video: torch.Tensor, index: int) -> None:
        output = self.network.decode_raw(self.network.moments(video)[0]).float().clamp(-1, 1)
        self.log("psnr", psnr(output, video), sync_dist=True, on_epoch=True, batch_size=len(video))
        if index == 0:
            self.shown = [video[:SHOWN], output[:SHOWN]]

    def strip(self):
        """Truth above its reconstruction, every second frame, for the first held-out clips: (H, W, 3) uint8."""
        if not self.shown:
            return None
        truth, output = (to_uint8(video) for video in self.shown)
        return sheet([frames[::2] for pair in zip(truth, output, strict=True) for frames in pair])

    def configure_optimizers(self):
        return MuonAdamW(*split_parameters(self.network, ENDS), muon=self.muon, adamw=self.adamw, weight_decay=self.decay)


def psnr(output: torch.Tensor, video: torch.Tensor) -> torch.Tensor:
    """Mean over clips of the peak signal-to-noise ratio in decibels, both (B, 3, T, H, W) in [-1, 1]."""
    return (-10 * (((output - video) / 2).square().mean((1, 2, 3, 4)).clamp(min=1e-8)).log10()).mean()


@torch.no_grad()
def measure_latents(network: VideoVAE, clips: dict, count: int = 768) -> None:
    """Sets `latent_mean` and `latent_std` from `count` clips, spread over the sizes by their share."""
    n = total = squares = 0
    share = sum(bucket.share for bucket in clips)
    for bucket, frames in clips.items():
        wanted = min(len(frames), max(1, round(count * bucket.share / share)))
        for start in range(0, wanted, 16):
            mean, _ = network.moments(to_video(frames[start : min(start + 16, wanted)]).to(network.latent_mean.device))
            rows = mean.double().movedim(1, -1).flatten(0, -2)  # (positions, c)
            n, total, squares = n + len(rows), total + rows.sum(0), squares + rows.square().sum(0)
    network.latent_mean.copy_(total / n)
    network.latent_std.copy_((squares / n - (total / n).square()).clamp(min=1e-8).sqrt())


@torch.no_grad()
def measure_gain(network: VideoVAE, video: torch.Tensor, power: float = GAIN) -> None:
    """Sets `latent_gain` by how much each channel shows: the decoded video's change (root mean square) when the channel moves by
    one deviation, up or down at random in each position, beside the channels' mean and to the `power`. 0 would be latents of
    deviation 1, 1 as strong as in pixels.
    """
    z, _ = network.moments(video)                                                   # (B, c, t, h, w)
    middle, signs = network.decode_raw(z), torch.Generator().manual_seed(0)
    shows = torch.zeros(z.shape[1], dtype=torch.float64, device=z.device)
    for channel, deviation in enumerate(network.latent_std):
        moved = z.clone()
        moved[:, channel] += deviation * (2 * torch.randint(2, z[:, channel].shape, generator=signs) - 1).to(z)
        shows[channel] = (network.decode_raw(moved) - middle).double().square().mean().sqrt()
    shows = shows.clamp(min=1e-3 * shows.max())
    network.latent_gain.copy_((shows / shows.mean()) ** power)


def first_clips(clips: dict, count: int = 200) -> torch.Tensor:
    """Up to `count` clips of the commonest size, as video."""
    bucket = max(clips, key=lambda bucket: bucket.share)
    return to_video(clips[bucket][:count])


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="minisora train vae", description="Trains the autoencoder on clips of the toy world.")
    add_training_arguments(made)
    made.add_argument("--data", type=Path, metavar="FOLDER", help="a data set of `minisora data build` instead of clips drawn now")
    made.add_argument("--clips", type=int, default=12_000, help="how many clips to draw (12,000 take 2.7 GB)")
    made.add_argument("--channels", type=int, help="of the latents, instead of the preset's")
    made.add_argument("--decoder-only", action="store_true", help="keep the encoder of --init as it is, and so all latents coded by it")
    made.add_argument("--muon", type=float, default=0.01, help="Muon's learning rate")
    made.add_argument("--weight-decay", type=float, default=0.3, help="of Muon's matrices; without it noise grows in them")
    made.add_argument("--adamw", type=float, default=1e-3, help="AdamW's learning rate")
    made.add_argument("--close", type=float, default=0.5, help="share of the steps that look closely at where somebody is (default 0.5)")
    made.add_argument("--focus", type=float, default=FOCUS, help="how much more an error counts where somebody is (default %(default)s)")
    made.add_argument("--half-life", type=float, default=200, help="of the weights' average, in steps")
    return made


def main(argv: list[str]) -> int:
    """Runs the command. Raises UserError for what cannot be done."""
    args = parser().parse_args(argv)
    check_training_arguments(args)
    hush()
    config = VAEConfig.named(args.preset)
    batch, steps = DEFAULTS[args.preset]
    if args.steps is None and args.minutes is None:
        args.steps = steps
    folder = args.runs / f"vae-{args.preset}"
    checkpoint = checkpoint_of(args, folder)
    torch.manual_seed(args.seed)
    if args.channels:
        config = replace(config, channels=args.channels)
    network = load_vae(args.init).train() if args.init else VideoVAE(config)
    if network.config != config:
        try:
            network = grown(network, config).train()
        except UserError as error:
            raise UserError(f"--init {args.init}: {error} Give the preset they were made with, or a larger one.") from error
    if args.decoder_only:
        if not args.init:
            raise UserError("--decoder-only: needs an encoder to keep. Add --init FOLDER, a folder of weights.")
        network.freeze_encoder()
    data = ClipData(
        args.runs / "cache", args.clips, args.batch or batch, args.seed, args.data, BUCKETS, show=not args.quiet, close=args.close,
        loaders=args.loaders,
    )  # fmt: skip
    module = VAETraining(network, args.muon, args.adamw, args.weight_decay, args.seed, compiles(args), args.focus)
    if not args.init and checkpoint is None:
        data.setup()
        network.start_linear(first_clips(data.train_clips))
    writes, length = fit(args, folder, module, data, checkpoint, schedule, [Strips(folder)])
    if writes:
        target = args.export or folder / "export"
        export(network, None if args.decoder_only else data.train_clips, target)
        print(f"{target}: {length}")
    return 0


def export(network: VideoVAE, clips: dict | None, folder: Path) -> None:
    """Writes the weights as the part "vae", with the latents' statistics and gains over `clips` (None: those that it has)."""
    network = network.cpu().eval()
    for value in network.parameters():
        if value.ndim > 1:
            value.data = value.data.half().float()
    if clips is not None:
        network.to("cuda" if torch.cuda.is_available() else "cpu")
        measure_latents(network, clips)
        measure_gain(network, first_clips(clips, 24).to(network.latent_mean.device))
    save_part(folder, "vae", network.cpu(), asdict(network.config))


def load_vae(folder: Path) -> VideoVAE:
    """The autoencoder in a folder of weights. Raises UserError when it is missing, cut off or of another shape."""
    return load_part(folder, "vae", lambda config: VideoVAE(VAEConfig(**config)))


def export_checkpoint(checkpoint: Path, preset: str, clips: dict, folder: Path) -> VideoVAE:
    """Writes the averaged weights of a training checkpoint, for a look while the training goes on."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    network = VideoVAE(VAEConfig.named(preset))
    average = next(value for key, value in state["callbacks"].items() if key.startswith("Average"))
    network.load_state_dict(average["values"], strict=False)
    export(network, clips, folder)
    return network
