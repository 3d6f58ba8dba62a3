"""Spacetime patches: latents to a row of tokens and back, and where each token lies in seconds and in the frame.

Built in chapter 1. Any duration, size and aspect ratio is another grid of the same tokens (Sora's report, "Variable durations,
resolutions, aspect ratios"); what tells the denoiser where a token lies is its position in real units, never its index.
"""

from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from minisora.errors import UserError

PATCH = (1, 2, 2)  # latent frames, rows and columns in one token
FRAMES_A_LATENT = 4  # the autoencoder's factor in time: latent frame 0 is one frame, each later one is four
PIXELS_A_LATENT = 8  # the autoencoder's factor in space


@dataclass(frozen=True)
class Grid:
    """How many tokens a video has along time, height and width."""

    t: int
    h: int
    w: int

    @property
    def tokens(self) -> int:
        return self.t * self.h * self.w

    @classmethod
    def of_latents(cls, shape: torch.Size | tuple[int, ...], patch: tuple[int, int, int] = PATCH) -> "Grid":
        """The grid of latents of `shape` (..., t, h, w). Raises UserError when a side is no multiple of the patch's."""
        sides = dict(zip(("t", "h", "w"), zip(shape[-3:], patch, strict=True), strict=True))
        for name, (side, step) in sides.items():
            if side % step or side < step:
                raise UserError(f"{name}={side} latents cannot be cut into patches of {step}: make {name} a multiple of {step}.")
        return cls(*(side // step for side, step in sides.values()))

    @classmethod
    def of_video(cls, frames: int, height: int, width: int, patch: tuple[int, int, int] = PATCH) -> "Grid":
        """The grid of a video of `frames` (1 + 4k) frames of height × width pixels, once the autoencoder has coded it."""
        if (frames - 1) % FRAMES_A_LATENT:
            near = 1 + FRAMES_A_LATENT * round((frames - 1) / FRAMES_A_LATENT)
            raise UserError(f"frames={frames} is not 1 + 4k. Try frames={max(near, 1)}.")
        return cls.of_latents((1 + (frames - 1) // FRAMES_A_LATENT, height // PIXELS_A_LATENT, width // PIXELS_A_LATENT), patch)


def patchify(x: Float[Tensor, "B c t h w"], patch: tuple[int, int, int] = PATCH) -> Float[Tensor, "B N p"]:
    """Cuts latents into spacetime patches, one row of c·pt·ph·pw numbers each, ordered by time, then row, then column.

    Raises UserError when a side is no multiple of the patch's. Built in chapter 1.
    """
    Grid.of_latents(x.shape, patch)
    pt, ph, pw = patch
    return rearrange(x, "B c (t pt) (h ph) (w pw) -> B (t h w) (c pt ph pw)", pt=pt, ph=ph, pw=pw)


def unpatchify(tokens: Float[Tensor, "B N p"], grid: Grid, patch: tuple[int, int, int] = PATCH) -> Float[Tensor, "B c t h w"]:
    """Puts the patches back where `patchify` took them from. Built in chapter 1."""
    pt, ph, pw = patch
    axes = dict(t=grid.t, h=grid.h, w=grid.w, pt=pt, ph=ph, pw=pw)
    return rearrange(tokens, "B (t h w) (c pt ph pw) -> B c (t pt) (h ph) (w pw)", **axes)


def positions(
    grid: Grid, fps: float = 8.0, patch: tuple[int, int, int] = PATCH, device: torch.device | str | None = None
) -> Float[Tensor, "N 3"]:
    """Where each token lies: (seconds, up, right).

    Seconds are those of the last frame that the token covers. `up` and `right` are in units of the frame, whose shorter side
    is 1, as in the toy world: 0 is the middle of the frame's width, and its lower edge in height. Built in chapter 1.
    """
    short = min(grid.h * patch[1], grid.w * patch[2])  # latents along the shorter side
    seconds = torch.arange(grid.t, device=device) * (patch[0] * FRAMES_A_LATENT / fps)
    up = (grid.h - 0.5 - torch.arange(grid.h, device=device)) * (patch[1] / short)
    right = (torch.arange(grid.w, device=device) + 0.5 - grid.w / 2) * (patch[2] / short)
    axes = torch.meshgrid(seconds.float(), up.float(), right.float(), indexing="ij")
    return torch.stack(axes, dim=-1).reshape(-1, 3)                                     # (N, 3)


def frequencies(pairs: int, shortest: float, longest: float, device: torch.device | str | None = None) -> Float[Tensor, " pairs"]:
    """Angular frequencies of waves from `shortest` to `longest`, each the same factor longer than the one before."""
    waves = shortest * (longest / shortest) ** (torch.arange(pairs, device=device) / max(pairs - 1, 1))
    return 2 * torch.pi / waves


def rotary(where: Float[Tensor, "N 3"], head: int) -> tuple[Float[Tensor, "N pairs"], Float[Tensor, "N pairs"]]:
    """Cosines and sines that turn the `head` numbers of a query or key, in pairs, by angles that grow with (seconds, up, right).

    A third of the pairs turns with each axis; the shortest waves are two tokens of the default patch long (1 s; 1/2 unit),
    the longest 64 s and 8 units. RoFormer (Su et al. 2021), section 3.2, on three axes. Built in chapter 4.
    """
    pairs = head // 2
    up = right = pairs // 3
    waves = ((pairs - up - right, 1.0, 64.0), (up, 0.5, 8.0), (right, 0.5, 8.0))
    angles = [where[:, axis, None] * frequencies(*wave, where.device) for axis, wave in enumerate(waves)]
    angle = torch.cat(angles, dim=-1)                                                   # (N, pairs)
    return angle.cos(), angle.sin()


def rotate(x: Float[Tensor, "B H N d"], cos: Float[Tensor, "N pairs"], sin: Float[Tensor, "N pairs"]) -> Float[Tensor, "B H N d"]:
    """Turns each pair (x[i], x[i + d/2]) by its angle: the product of two turned vectors depends on their distance alone."""
    a, b = x.chunk(2, dim=-1)                                                           # (B, H, N, d/2)
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)
