"""`minisora train dit`: the training of the denoiser and the text encoder. Built in chapters 4 and 5."""

import argparse
import re
from dataclasses import asdict, replace
from pathlib import Path

import lightning
import torch
from torch import Tensor, nn

from minisora import flow
from minisora.dit import PRESETS, Bound, DiT, DiTConfig
from minisora.errors import UserError
from minisora.frames import Mix
from minisora.text import TextConfig, TextEncoder, Tokenizer
from minisora.train.batches import STYLE_SHARES, Batch, LatentData, styles_of
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
from minisora.train.labels import OUTPUTS, foreground, label_loss, moves
from minisora.train.latents import PLAN, folder_for
from minisora.train.optim import MuonAdamW, schedule, split_parameters
from minisora.weights import load_part, read_config, save_part

ENDS = tuple(f"dit.{name}" for name in ("embed", "place", "moment", "gist", "modulate", "finish", "out", "world")) + ("text.embed",)
DEFAULTS = {"tiny": (8, 300, 16), "small": (64, 12_000, 192), "base": (256, 60_000, 192)}  # batch, steps, held-out clips
CAP = 0.2  # sigma below which an error of predicted clean latents counts no more than there (as min-SNR, Hang et al. 2023, section 3.4)
SHOWN = (
    "a red ball hops over a blue box in the snow",
    "a large green star rolls to the left on the beach",
    "two yellow hearts and a purple cross at night",
    "a small pink ring slides to the right in the city",
    "a cyan triangle first spins, then grows on the moon",
    "an orange drop falls and bounces in the meadow",
)


class Denoiser(nn.Module):
    """What is trained together: the text encoder and the diffusion transformer."""

    def __init__(self, dit: DiT, text: TextEncoder):
        super().__init__()
        self.dit, self.text = dit, text

    def forward(self, x: Tensor, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Velocity (B, c, t, h, w) of noisy latents, and what the auxiliary head tells of the tokens (or None)."""
        states = self.text(batch["ids"], batch["mask"], batch["shot"])
        out, told = self.dit.features(x, batch["sigma"], states, batch["mask"], batch["shot"], batch["frame_shot"], 8.0)
        return flow.velocity_from(out, x, batch["sigma"], self.dit.config.prediction), told


class DiTTraining(lightning.LightningModule):
    """One step: mix clips with noise, leave the known frames clean, predict the velocity of the others, compare.

    world_weight: of the auxiliary loss on what each token shows. focus: how much more a latent counts where somebody is, at low noise.
    moving: how much more where it differs from the one before, at any noise.
    """

    def __init__(
        self, network: Denoiser, tokenizer: Tokenizer, vae: nn.Module | None = None,
        muon: float = 0.01, adamw: float = 1e-3, world_weight: float = 0.1, focus: float = 1.0, moving: float = 0.0,
        compiled: bool = False,
    ):  # fmt: skip
        super().__init__()
        self.network, self.tokenizer, self.muon, self.adamw = network, tokenizer, muon, adamw
        self.world_weight, self.focus, self.moving = world_weight, focus, moving
        object.__setattr__(self, "vae", vae)  # only looked through: no part of what is trained, moved or saved
        if compiled:
            compile_blocks(network.dit)

    def cost(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """The flow loss and the auxiliary loss, (B,) each."""
        clean, noise = batch["latents"], batch["noise"]
        velocity, told = self.network(flow.add_noise(clean, noise, batch["sigma"]), batch)
        weight, level = None, batch["sigma"][:, :, None, None]                          # (B, t, 1, 1)
        if self.training:
            near = foreground(batch["labels"], self.network.dit.config.patch)           # (B, t, h, w)
            weight = 1 + self.focus * near * (1 - level)
            if self.moving:
                weight = weight + self.moving * moves(clean)
            if self.network.dit.config.prediction == "clean":  # its error is divided by sigma: near 0 that alone would be learned
                weight = weight * (level / CAP).clamp(max=1).square()
        value = flow.loss(velocity, clean, noise, batch["known"], weight)
        return value, None if told is None else label_loss(told, batch["labels"].flatten(1, 3))

    def training_step(self, batch: Batch, index: int) -> Tensor:
        value, told = self.cost(batch)
        value = value.mean()
        self.log("loss", value.detach())
        if told is not None:
            self.log("world", told.detach().mean())
            value = value + self.world_weight * told.mean()
        return value

    def on_before_optimizer_step(self, optimizer) -> None:
        self.log("lr", optimizer.param_groups[0]["lr"])

    def validation_step(self, batch: Batch, index: int) -> None:
        with torch.compiler.set_stance("force_eager"):  # a few batches are not worth the minute that compiling for them takes
            value, _ = self.cost(batch)
        level = batch["sigma"].amax(1)
        self.log("check", value.mean(), sync_dist=True, on_epoch=True, batch_size=len(value))
        for name, low, high in (("low", 0, 1 / 3), ("middle", 1 / 3, 2 / 3), ("high", 2 / 3, 1)):
            part = value[(level >= low) & (level < high)]
            self.log(f"check_{name}", part.mean(), sync_dist=True, on_epoch=True, batch_size=max(len(part), 1))

    @torch.no_grad()
    def strip(self):
        """Every fourth frame of samples for the prompts in SHOWN, same noise each time: (H, W, 3) uint8; None without an autoencoder."""
        if self.vae is None:
            return None
        words = self.tokenizer.batch([*SHOWN, ""]).to(self.device)
        dit, channels = self.network.dit, self.network.dit.config.channels
        dit.eval()
        noise = torch.randn(len(SHOWN), channels, 5, 8, 8, generator=torch.Generator().manual_seed(0)).to(self.device)
        with self.trainer.precision_plugin.forward_context(), torch.compiler.set_stance("force_eager"):
            states = self.network.text(*words)                                          # (n + 1, L, D)
            bound = Bound(dit, states[:-1], words.mask[:-1], words.shot[:-1], states[-1:, :1])
            x = flow.sample(bound, noise, both=bound.both, guidance=3.0, steps=20)
            videos = to_uint8(self.vae.to(self.device).decode(x))                       # (n, T, H, W, 3)
        return sheet([video[::4] for video in videos])

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        """Adds what it takes to build the network from the checkpoint alone."""
        configs = {"dit": asdict(self.network.dit.config), "text": asdict(self.network.text.config)}
        checkpoint["made"] = {**configs, "tokenizer": self.tokenizer.inner.to_str()}

    def configure_optimizers(self):
        return MuonAdamW(*split_parameters(self.network, ENDS), muon=self.muon, adamw=self.adamw)


def compile_blocks(dit: DiT) -> None:
    """Compiles a block once for all blocks, sizes and numbers of words."""
    import torch.fx.experimental._config as shapes

    shapes.use_duck_shape = False  # two sides that happen to be equal are not the same side
    torch._dynamo.config.recompile_limit = 32
    for block in dit.blocks:
        block.compile(dynamic=True)


def load_text(folder: Path) -> TextEncoder:
    return load_part(folder, "text", lambda config: TextEncoder(TextConfig(**config)))


def load_dit(folder: Path) -> DiT:
    return load_part(folder, "dit", lambda config: DiT(DiTConfig(**config)))


def make_tokenizer() -> Tokenizer:
    """A tokenizer of all words that captions and prompts of the toy world may use."""
    from minisora.world.words import VOCABULARY

    return Tokenizer.of_words(VOCABULARY)


def make_network(args: argparse.Namespace, channels: int) -> tuple[Denoiser, Tokenizer]:
    """The network that the flags ask for: fresh, or with what of it the folder --init holds."""
    if args.preset not in PRESETS:
        raise UserError(f"--preset {args.preset}: the denoiser comes as {', '.join(PRESETS)}. Try small.")
    there = read_config(args.init) if args.init else {}
    tokenizer = Tokenizer.load(args.init) if there else make_tokenizer()
    config = TextConfig.named(args.preset, len(tokenizer))
    text = TextEncoder(config)
    if "text" in there:
        text = load_text(args.init).train()
        if text.config != config:
            raise UserError(f"--init {args.init}: its text encoder is of another size than --preset {args.preset}.")
    labels = OUTPUTS if args.world_weight else 0
    wanted = replace(PRESETS[args.preset], channels=channels, text_width=config.width, prediction=args.prediction, labels=labels)
    dit = DiT(wanted)
    if "dit" in there:
        old = load_dit(args.init)
        if replace(old.config, labels=labels) != wanted:
            raise UserError(f"--init {args.init}: its denoiser is another one than --preset {args.preset} --prediction {args.prediction}.")
        dit.load_state_dict(old.state_dict(), strict=False)
    return Denoiser(dit, text), tokenizer


def export(network: Denoiser, tokenizer: Tokenizer, folder: Path) -> None:
    """Writes the parts "dit" (without its auxiliary head) and "text" and the tokenizer."""
    config = replace(network.dit.config, labels=0)
    bare = DiT(config)
    bare.load_state_dict({key: value for key, value in network.dit.state_dict().items() if not key.startswith("world.")})
    save_part(folder, "dit", bare, asdict(config))
    save_part(folder, "text", network.text, asdict(network.text.config))
    tokenizer.save(folder)


def export_checkpoint(checkpoint: Path, folder: Path) -> None:
    """Writes the averaged weights of a training checkpoint, for a look while the training goes on."""
    from tokenizers import Tokenizer as Inner

    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    made = state["made"]
    average = next(value for key, value in state["callbacks"].items() if key.startswith("Average"))
    network = Denoiser(DiT(DiTConfig(**made["dit"])), TextEncoder(TextConfig(**made["text"])))
    network.load_state_dict(average["values"], strict=True)
    export(network, Tokenizer(Inner.from_str(made["tokenizer"])), folder)


def parser() -> argparse.ArgumentParser:
    from minisora.cli import Parser

    made = Parser(prog="minisora train dit", description="Trains the denoiser and the text encoder on latents of the toy world.")
    add_training_arguments(made)
    made.add_argument("--vae", type=Path, metavar="FOLDER", help="weights with the autoencoder (default: the repository's)")
    told = "a folder of `minisora train latents`, or a data set of `minisora data build`, instead of clips drawn now"
    made.add_argument("--data", type=Path, metavar="FOLDER", help=told)
    made.add_argument("--clips", type=int, default=24_000, help="how many clips to draw and code (default 24000)")
    made.add_argument("--prediction", default="velocity", choices=flow.PREDICTIONS, help="what the network's last layer gives")
    made.add_argument("--unmasked", type=float, default=Mix().none, help="share of clips without known frames (default %(default)s)")
    level = "of the logit of the noise levels, before the shift by size; more: noisier"
    made.add_argument("--level-mean", type=float, default=0.0, help=level)
    made.add_argument("--level-std", type=float, default=1.0, help="its standard deviation")
    made.add_argument("--world-weight", type=float, default=0.1, help="of the auxiliary loss on the world's state; 0: none")
    made.add_argument("--focus", type=float, default=1.0, help="extra weight of latents where somebody is; 0: none")
    made.add_argument("--moving", type=float, default=0.0, help="extra weight of latents that differ from those before them; 0: none")
    made.add_argument("--detailed", type=float, metavar="SHARE", help=f"of detailed captions (default {STYLE_SHARES['detailed']:g})")
    words = "clips whose captions have a word that begins so are drawn so many times as often: --often spin=3 cookie=3"
    made.add_argument("--often", nargs="+", default=[], metavar="WORD=TIMES", help=words)
    made.add_argument("--muon", type=float, default=0.01, help="Muon's learning rate")
    made.add_argument("--adamw", type=float, default=1e-3, help="AdamW's learning rate")
    made.add_argument("--half-life", type=float, default=250, help="of the weights' average, in steps")
    return made


def mix_of(unmasked: float) -> Mix:
    """Masks with this share of none, the other kinds in their usual proportion. Raises UserError outside [0.5, 1]."""
    if not 0.5 <= unmasked <= 1:
        raise UserError(f"--unmasked {unmasked:g}: from 0.5 to 1. Try --unmasked {Mix().none:g}.")
    scale = (1 - unmasked) / (1 - Mix().none)
    return Mix(**{kind: unmasked if kind == "none" else share * scale for kind, share in asdict(Mix()).items()})


def often_of(told: list[str]) -> dict[str, float]:
    """Words and how many times as often clips with them are drawn. Raises UserError for what is not WORD=TIMES."""
    found = {}
    for entry in told:
        word, _, times = entry.partition("=")
        if not word.isalpha() or not re.fullmatch(r"\d+(\.\d+)?", times) or not float(times):
            raise UserError(f"--often {entry}: a word, and how many times as often its clips are drawn. Try --often spin=3.")
        found[word] = float(times)
    return found


def main(argv: list[str]) -> int:
    """Runs the command. Raises UserError for what cannot be done."""
    from minisora.sora import shipped_weights
    from minisora.train.vae import load_vae

    args = parser().parse_args(argv)
    check_training_arguments(args)
    hush()
    mix, where = mix_of(args.unmasked), args.vae or shipped_weights()
    if not args.level_std > 0:
        raise UserError(f"--level-std {args.level_std:g}: more than 0, please. Leave it out for 1.")
    vae = load_vae(where).requires_grad_(False)
    torch.manual_seed(args.seed)
    network, tokenizer = make_network(args, vae.config.channels)
    batch, steps, checked = DEFAULTS[args.preset]
    if args.steps is None and args.minutes is None:
        args.steps = steps
    folder, cache = args.runs / f"dit-{args.preset}", args.runs / "cache"
    checkpoint = checkpoint_of(args, folder)
    ready = args.data is not None and (args.data / PLAN).exists()
    if args.data and not args.data.is_dir():
        raise UserError(f"--data {args.data}: there is no such folder. Make one: minisora train latents, or minisora data build")
    train = args.data if ready else folder_for(cache, where, args.clips, "train", args.seed, args.data)
    data = LatentData(
        train, folder_for(cache, where, checked, "heldout", 0), where, tokenizer, args.batch or batch, args.seed, args.clips, checked, mix,
        show=not args.quiet, data=args.data, loaders=args.loaders, levels=(args.level_mean, args.level_std),
        styles=None if args.detailed is None else styles_of(args.detailed), often=often_of(args.often) or None,
    )  # fmt: skip
    module = DiTTraining(network, tokenizer, vae, args.muon, args.adamw, args.world_weight, args.focus, args.moving, compiles(args))
    writes, length = fit(args, folder, module, data, checkpoint, schedule, [Strips(folder)])
    if writes:
        target = args.export or folder / "export"
        export(network, tokenizer, target)
        print(f"{target}: {length}")
    return 0
