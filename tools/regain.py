"""Gives latents another strength without training: what each channel shows, to another power, and a denoiser that goes on from there.

    python tools/regain.py data/weights 0.75 runs/init     # weights with the new gains, to begin a training of the denoiser from

The autoencoder codes and decodes as before; only `latent_gain` changes, by what it says itself of how much each channel shows. The
denoiser's last layer is multiplied by the change, so that its clean latents are those of before; its first layer is divided where
latents became stronger. It has to train on: the same noise now hides other things.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

import torch

from minisora.patches import patchify
from minisora.text import Tokenizer
from minisora.train.dit import load_dit, load_text
from minisora.train.vae import load_vae
from minisora.weights import save_part


@torch.no_grad()
def regain(vae: torch.nn.Module, dit: torch.nn.Module, old: float, new: float) -> None:
    """Changes `latent_gain` from the power `old` to the power `new`, and fits the denoiser (of clean latents) to it."""
    change = vae.latent_gain ** (new / old - 1)                                         # (c,)
    vae.latent_gain.mul_(change)
    patch = dit.config.patch
    channel = torch.arange(len(change), dtype=torch.float).view(1, -1, 1, 1, 1).expand(1, -1, *patch)
    each = change[patchify(channel.contiguous(), patch).flatten().long()]               # (voxels of a token,)
    dit.out.weight.mul_(each[:, None])
    dit.out.bias.mul_(each)
    dit.embed.weight.div_(each.clamp(min=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("power", type=float, help="from 0, all channels equally strong, to 1, as strong as in pixels")
    parser.add_argument("out", type=Path)
    parser.add_argument("--old", type=float, default=0.5, help="the power that the weights have now (default %(default)s)")
    args = parser.parse_args()
    vae, dit, text = load_vae(args.weights), load_dit(args.weights), load_text(args.weights)
    if dit.config.prediction != "clean":
        parser.error(f"{args.weights}: its denoiser predicts {dit.config.prediction}; only one of clean latents can be fitted.")
    regain(vae, dit, args.old, args.power)
    for name, part in (("vae", vae), ("dit", dit), ("text", text)):
        save_part(args.out, name, part, asdict(part.config))
    Tokenizer.load(args.weights).save(args.out)
    print(args.out)


if __name__ == "__main__":
    main()
