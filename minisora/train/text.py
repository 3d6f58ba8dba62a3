"""`minisora train text`: the text encoder learns the toy world's language before it meets a picture. Built in chapter 5.

From captions alone it is asked what the script says: of each colour, who has it, how big, what it does, to which side, to whom; and of
the whole, where, in which look, under which camera. That takes minutes. Trained with the denoiser only, the same
knowledge, above all which word belongs to which, comes slowly, through the pixels.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict

import lightning
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from minisora.dit import attention
from minisora.text import TextConfig, TextEncoder, Tokenizer, pad
from minisora.train.common import add_training_arguments, check_training_arguments, checkpoint_of, fit, hush
from minisora.train.data import ENDLESS, From
from minisora.train.optim import MuonAdamW, schedule, split_parameters
from minisora.weights import save_part
from minisora.world.scene import ACTIONS, CAMERAS, COLOURS, KINDS, LOOKS, PLACES, RELATIONS, SIZES, Scene

DIRECTIONS = ("left", "right")
OF_A_COLOUR = {  # question: its answers; 0 is always "none"
    "kind": KINDS, "size": tuple(SIZES), "count": (1, 2, 3, 4), "first": ACTIONS, "direction": DIRECTIONS, "whom": COLOURS,
    "second": ACTIONS, "becomes": COLOURS, "relation": RELATIONS, "to": COLOURS,
}  # fmt: skip
OF_THE_SCENE = {"place": PLACES, "look": LOOKS, "camera": CAMERAS, "moves": DIRECTIONS}
ENDS = ("text.embed", "asks", "colour", "scene")
DEFAULTS = {"tiny": (16, 100), "small": (128, 1500), "base": (256, 3000)}  # batch, steps


def answers(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """What is so in the scene's first shot: (colours, questions about one) and (questions about the scene,), as indices; 0 is none."""
    shot, cast = scene.shots[0], scene.cast
    of_colour = np.zeros((len(COLOURS), len(OF_A_COLOUR)), np.int64)
    for actor in shot.actors:
        who = cast[actor.member]
        events = actor.events or ()
        first = events[0] if events else None
        whom = cast[first.target].colour if first and first.target >= 0 and first.action != "eat" else ""
        relation = next((r for r in shot.relations if r.a == actor.member), None)
        told = {
            "kind": who.kind, "size": who.size, "count": sum(other.colour == who.colour for other in cast),
            "first": first.action if first else "stay", "direction": first.direction if first else "", "whom": whom,
            "second": events[1].action if len(events) > 1 else "", "becomes": next((e.colour for e in events if e.colour), ""),
            "relation": relation.kind if relation else "", "to": cast[relation.b].colour if relation else "",
        }  # fmt: skip
        of_colour[COLOURS.index(who.colour)] = [_index(OF_A_COLOUR[name], value) for name, value in told.items()]
    move = shot.camera.move
    scenes = {"place": shot.place, "look": scene.look, "camera": move, "moves": move.split()[-1]}
    return of_colour, np.array([_index(OF_THE_SCENE[name], value) for name, value in scenes.items()])


def _index(options: tuple, value) -> int:
    return 1 + options.index(value) if value in options else 0


class Reader(nn.Module):
    """The text encoder, and questions that each look once at its states and answer from what they see there."""

    def __init__(self, text: TextEncoder):
        super().__init__()
        self.text = text
        width = text.config.width
        self.asks = nn.Parameter(torch.randn(len(COLOURS) + 1, width) * 0.5)
        self.read = nn.Linear(width, 2 * width, bias=False)
        self.think = nn.Linear(width, 2 * width)
        self.colour = nn.Linear(2 * width, sum(1 + len(options) for options in OF_A_COLOUR.values()))
        self.scene = nn.Linear(2 * width, sum(1 + len(options) for options in OF_THE_SCENE.values()))

    def forward(self, ids: Tensor, mask: Tensor, shot: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Logits: for each question about a colour (B, colours, answers), for each about the scene (B, answers)."""
        x = self.text(ids, mask, shot)
        x = F.rms_norm(x, x.shape[-1:])                                                 # (B, L, D)
        heads = self.text.config.heads
        k, v = self.read(x).unflatten(-1, (2, heads, -1)).permute(2, 0, 3, 1, 4)        # (B, H, L, d)
        q = self.asks.to(x.dtype).expand(len(x), -1, -1).unflatten(-1, (heads, -1)).transpose(1, 2)  # (B, H, 9, d)
        bias = torch.where(mask, 0.0, -1e4)[:, None, None].to(x.dtype)
        seen = attention(q, F.rms_norm(k, k.shape[-1:]), v, bias).transpose(1, 2).flatten(2)    # (B, 9, D)
        known = F.silu(self.think(seen))                                                # (B, 9, 2D)
        of_colour = self.colour(known[:, :-1]).float().split([1 + len(options) for options in OF_A_COLOUR.values()], -1)
        return list(of_colour), list(self.scene(known[:, -1]).float().split([1 + len(options) for options in OF_THE_SCENE.values()], -1))


class Captions(Dataset):
    """Item i is the batch of step i: captions of fresh scenes, all styles, and the answers."""

    def __init__(self, tokenizer: Tokenizer, batch: int, seed: int = 0, split: str = "train", steps: int = ENDLESS):
        self.tokenizer, self.batch, self.seed, self.split, self.steps = tokenizer, batch, seed, split, steps

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> tuple[Tensor, ...]:
        from minisora.train.shards import parts_of
        from minisora.world.caption import caption
        from minisora.world.sample import sample_scene

        if step >= self.steps:
            raise IndexError(step)
        random, rows, told = np.random.default_rng((self.seed, step)), [], []
        for seed in (900_000_000 + (self.seed * 1_000_000 + step) * self.batch + np.arange(self.batch)).tolist():
            scene = sample_scene(seed, seconds=float(random.choice([0.0, 2.0, 4.0], p=[0.1, 0.7, 0.2])), split=self.split)
            style = str(random.choice(["short", "detailed", "paraphrase", "odd"], p=[0.3, 0.3, 0.35, 0.05]))
            rows.append(self.tokenizer.encode(parts_of(caption(scene, style, seed))))
            told.append(answers(scene))
        of_colour, of_scene = (torch.from_numpy(np.stack(part)) for part in zip(*told, strict=True))
        return *pad(rows), of_colour, of_scene


class TextTraining(lightning.LightningModule):
    """Cross-entropy of all answers; a colour that is nowhere in the scene counts a tenth."""

    def __init__(self, network: Reader, muon: float = 0.01, adamw: float = 1e-3):
        super().__init__()
        self.network, self.muon, self.adamw = network, muon, adamw

    def cost(self, batch: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        ids, mask, shot, of_colour, of_scene = batch
        colours, scene = self.network(ids, mask, shot)
        there = of_colour[..., 0] > 0                                                   # (B, colours)
        weight = torch.where(there, 1.0, 0.1)
        each = sum(F.cross_entropy(part.movedim(-1, 1), of_colour[..., i], reduction="none") for i, part in enumerate(colours))
        cost = (each * weight).sum() / weight.sum() + sum(F.cross_entropy(part, of_scene[:, i]) for i, part in enumerate(scene))
        right = (colours[0].argmax(-1) == of_colour[..., 0])[there].float().mean()
        return cost, right

    def training_step(self, batch: Sequence[Tensor], index: int) -> Tensor:
        cost, right = self.cost(batch)
        self.log("loss", cost.detach())
        self.log("kind", right.detach())
        return cost

    def on_before_optimizer_step(self, optimizer) -> None:
        self.log("lr", optimizer.param_groups[0]["lr"])

    def validation_step(self, batch: Sequence[Tensor], index: int) -> None:
        cost, right = self.cost(batch)
        self.log("check", cost, on_epoch=True, sync_dist=True, batch_size=len(batch[0]))
        self.log("check_kind", right, on_epoch=True, sync_dist=True, batch_size=len(batch[0]))

    def configure_optimizers(self):
        return MuonAdamW(*split_parameters(self.network, ENDS), muon=self.muon, adamw=self.adamw)


class CaptionData(lightning.LightningDataModule):
    def __init__(self, tokenizer: Tokenizer, batch: int, seed: int):
        super().__init__()
        self.tokenizer, self.batch, self.seed = tokenizer, batch, seed

    def train_dataloader(self) -> DataLoader:
        seed = self.seed * self.trainer.world_size + self.trainer.global_rank
        return DataLoader(Captions(self.tokenizer, self.batch, seed), batch_size=None, sampler=From(self.trainer.global_step))

    def val_dataloader(self) -> DataLoader:
        return DataLoader(Captions(self.tokenizer, 64, 0, "heldout", steps=6), batch_size=None)


def parser() -> argparse.ArgumentParser:
    from minisora.cli import Parser

    made = Parser(prog="minisora train text", description="Teaches the text encoder the toy world's language, from captions alone.")
    add_training_arguments(made)
    made.add_argument("--muon", type=float, default=0.01, help="Muon's learning rate")
    made.add_argument("--adamw", type=float, default=1e-3, help="AdamW's learning rate")
    made.add_argument("--half-life", type=float, default=60, help="of the weights' average, in steps")
    return made


def main(argv: list[str]) -> int:
    """Runs the command. Raises UserError for what cannot be done."""
    from minisora.train.dit import load_text, make_tokenizer

    args = parser().parse_args(argv)
    check_training_arguments(args)
    hush()
    tokenizer = make_tokenizer() if args.init is None else Tokenizer.load(args.init)
    config = TextConfig.named(args.preset, len(tokenizer))
    batch, steps = DEFAULTS[args.preset]
    if args.steps is None and args.minutes is None:
        args.steps = steps
    folder = args.runs / f"text-{args.preset}"
    checkpoint = checkpoint_of(args, folder)
    torch.manual_seed(args.seed)
    network = Reader(TextEncoder(config) if args.init is None else load_text(args.init).train())
    module, data = TextTraining(network, args.muon, args.adamw), CaptionData(tokenizer, args.batch or batch, args.seed)
    writes, length = fit(args, folder, module, data, checkpoint, schedule)
    if writes:
        target = args.export or folder / "export"
        save_part(target, "text", network.text, asdict(config))
        tokenizer.save(target)
        print(f"{target}: {length}")
    return 0
