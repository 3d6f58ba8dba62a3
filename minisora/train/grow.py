"""A larger autoencoder that starts as the smaller one that it grew from: same video in, same video out.

Net2Net (Chen et al. 2016) for this network: channels that are new carry nothing at first, blocks that are new are the identity, and
what is new inside a SwiGLU is not listened to. So a training can go on in a wider and deeper network without a step back.
"""

from dataclasses import fields

import torch
from torch import Tensor, nn

from minisora.errors import UserError
from minisora.vae import MERGE, VAEConfig, VideoVAE


@torch.no_grad()
def grown(old: VideoVAE, config: VAEConfig) -> VideoVAE:
    """A network of `config` that computes what `old` does. Raises UserError where `config` is the smaller in anything."""
    small = old.config
    for field in fields(VAEConfig):
        one, other = getattr(small, field.name), getattr(config, field.name)
        if one > other or (field.name == "channels" and one != other):
            raise UserError(f"{field.name}: {one} cannot become {other}. A network grows in widths and blocks; its latents stay.")
    new = VideoVAE(config)
    _linear(new.embed, old.embed)
    for side in ("encode", "decode"):
        for part in ("fine", "coarse"):
            mine, theirs = getattr(new, f"{side}_{part}"), getattr(old, f"{side}_{part}")
            for one, other in zip(mine, theirs, strict=False):
                _block(one, other)
    _linear(new.merge, old.merge, inputs=MERGE**2)
    _norm(new.to_latent[0], old.to_latent[0])
    _linear(new.to_latent[1], old.to_latent[1])
    _linear(new.from_latent, old.from_latent)
    _linear(new.split, old.split, outputs=MERGE**2)
    _norm(new.read[0], old.read[0])
    _swiglu(new.read[1], old.read[1])
    for name in ("line_in", "line_out"):
        getattr(new, name).load_state_dict(getattr(old, name).state_dict())
    for name in ("latent_mean", "latent_std", "latent_gain"):
        getattr(new, name).copy_(getattr(old, name))
    return new


def _linear(new: nn.Linear, old: nn.Linear, inputs: int = 1, outputs: int = 1) -> None:
    """`old` in the corner of `new`; outputs that are new are 0. inputs, outputs: equal groups that each grew at their end."""
    weight = new.weight.view(outputs, -1, inputs, new.in_features // inputs)
    rows, columns = old.out_features // outputs, old.in_features // inputs
    weight[:, rows:] = 0
    weight[:, :rows, :, :columns] = old.weight.view(outputs, rows, inputs, columns)
    bias = new.bias.view(outputs, -1)
    bias.zero_()
    bias[:, :rows] = old.bias.view(outputs, rows)


def _norm(new: nn.RMSNorm, old: nn.RMSNorm) -> None:
    """The mean square over more channels is less, so the gains are less too."""
    few, many = len(old.weight), len(new.weight)
    new.weight[:few] = old.weight * (few / many) ** 0.5


def _swiglu(new: nn.Module, old: nn.Module) -> None:
    """More hidden numbers that nobody listens to yet: their outputs' weights are 0."""
    hidden = old.down.in_features
    kept: Tensor = new.up.weight.view(2, new.down.in_features, -1)
    kept[:, :hidden, : old.up.in_features] = old.up.weight.view(2, hidden, -1)
    bias = new.up.bias.view(2, -1)
    bias[:, :hidden] = old.up.bias.view(2, -1)
    new.down.weight.zero_()
    new.down.bias.zero_()
    new.down.weight[: old.down.out_features, :hidden] = old.down.weight
    new.down.bias[: old.down.out_features] = old.down.bias


def _block(new: nn.Module, old: nn.Module) -> None:
    few, many = len(old.look.bias), len(new.look.bias)
    _norm(new.look_norm, old.look_norm)
    _norm(new.think_norm, old.think_norm)
    new.look.around.view(many, 9, many)[:few, :, :few] = old.look.around.view(few, 9, few)
    new.look.before[:few, :few] = old.look.before
    new.look.bias[:few] = old.look.bias
    _swiglu(new.think, old.think)

