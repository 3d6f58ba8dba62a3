"""What the world knows of every token: who covers it, where its middle is, how fast it goes. Labels for an auxiliary loss.

Aligning a middle block of the denoiser with a pretrained network's features speeds training up (REPA, Yu et al. 2024). Here the world
is known exactly, so no pretrained network is needed: a linear head on a middle block tells of each 16×16 pixels what they show.
"""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from minisora.patches import FRAMES_A_LATENT, Grid, positions
from minisora.world.actions import WIDTHS
from minisora.world.motion import camera_path, states
from minisora.world.render import shot_of
from minisora.world.scene import COLOURS, DEPTHS, FPS, GROUND, KINDS, SIZES, Scene

KIND = ("nothing", *KINDS, "cookie")
COLOUR = ("none", *COLOURS)
SIZE = ("none", *SIZES)
CLASSES = (len(KIND), len(COLOUR), len(SIZE))
NUMBERS = 4  # dx, dy in units from the token's middle to the body's; vx, vy in units / s on the screen
STILL = 0.25  # mean square change of a latent in a step: more in nine of ten where something moves, less than 0.1 in 97 of 100 others
OUTPUTS = sum(CLASSES) + NUMBERS  # of the head
FIELDS = len(CLASSES) + NUMBERS  # of a label


def latent_seconds(t: int) -> np.ndarray:
    """The middle of the frames that each of `t` latent frames covers, in seconds. (t,)"""
    index = np.arange(t)
    return np.where(index == 0, 0.0, (FRAMES_A_LATENT * index - (FRAMES_A_LATENT - 1) / 2) / FPS)


def frame_shots(scene: Scene, t: int) -> np.ndarray:
    """The number of the shot, from 1, that each of `t` latent frames belongs to. (t,)"""
    return shot_of(scene, latent_seconds(t))[0] + 1


def token_labels(scene: Scene, frames: int, height: int, width: int) -> np.ndarray:
    """(t, h, w, FIELDS) float16 over the grid of tokens: indices in KIND, COLOUR and SIZE; dx, dy; vx, vy.

    A token shows the body whose middle is nearest, of those that reach into its square; 0 everywhere when there is none.
    """
    grid = Grid.of_video(frames, height, width)
    where = positions(grid, FPS).view(grid.t, grid.h, grid.w, 3).numpy()
    right, up = where[0, :, :, 2], where[0, :, :, 1] - scene.span[1] / 2              # (h, w), from the frame's middle
    half = 8 / min(height, width)  # of a token's side, units
    out = np.zeros((grid.t, grid.h, grid.w, FIELDS), np.float16)
    times = latent_seconds(grid.t)
    number, clock = shot_of(scene, times)
    for n in np.unique(number):
        at = np.flatnonzero(number == n)
        for row in _bodies(scene, scene.shots[n], clock[at]):
            x, y, rx, ry, vx, vy = (value[:, None, None] for value in row[3:])          # (T, 1, 1)
            dx, dy = x - right, y - up                                                  # (T, h, w)
            reaches = (np.abs(dx) < rx + 0.7 * half) & (np.abs(dy) < ry + 0.7 * half)
            nearest = (out[at, ..., 0] == 0) | (np.hypot(dx, dy) < np.hypot(out[at, ..., 3], out[at, ..., 4]))
            classes = np.broadcast_arrays(*(np.asarray(value)[:, None, None] for value in row[:3]), dx)[:3]
            label = np.stack(np.broadcast_arrays(*classes, dx, dy, vx, vy), -1).astype(np.float16)
            out[at] = np.where((reaches & nearest)[..., None], label, out[at])
    return out


def _bodies(scene: Scene, shot, times: np.ndarray):
    """Of everybody in the shot at `times` (T,): kind, colour, size as indices (T,); x, y, half-sides and velocity on the screen (T,)."""
    now = states(scene, shot, times)
    cx, zoom = camera_path(scene, shot, times)
    middle = scene.span[1] / 2 - GROUND
    drift = (camera_path(scene, shot, times + 0.01)[0] - cx) / 0.01 if shot.seconds else 0.0
    ones = np.ones(len(times))
    for a, actor in enumerate(shot.actors):
        who = scene.cast[actor.member]
        colour = np.where(now.colour_mix[a] > 0.5, COLOUR.index(now.to_colour[a] or who.colour), COLOUR.index(who.colour))
        r = SIZES[who.size] * now.scale[a] * zoom
        yield (
            ones * KIND.index(who.kind), colour, ones * SIZE.index(who.size),
            (now.x[a] - cx) * zoom, (now.y[a] - middle) * zoom, r * WIDTHS[who.kind] / now.squash[a], r * now.squash[a],
            (now.vx[a] - drift) * zoom, now.vy[a] * zoom,
        )  # fmt: skip
    if shot.cookie:
        foot, r = DEPTHS[shot.cookie.depth], shot.cookie.radius * zoom
        x, y = (shot.cookie.x - cx) * zoom, (foot + shot.cookie.radius - middle) * zoom
        yield ones * KIND.index("cookie"), 0 * ones, 0 * ones, x, y, r, r, -drift * zoom, 0 * ones


def label_loss(told: Float[Tensor, "B N outputs"], labels: Float[Tensor, "B N fields"]) -> Float[Tensor, " B"]:
    """Cross-entropy of kind, colour and size plus the squared error of the numbers where somebody is, one value a video."""
    *logits, numbers = told.float().split((*CLASSES, NUMBERS), dim=-1)
    cost = sum(F.cross_entropy(part.flatten(0, 1), labels[..., i].flatten().long(), reduction="none") for i, part in enumerate(logits))
    covered = (labels[..., 0] > 0).float()                                              # (B, N)
    off = (numbers - labels[..., len(CLASSES) :].float()).square().mean(-1) * covered
    return cost.view_as(covered).mean(1) + 4 * off.sum(1) / covered.sum(1).clamp(min=1)


def foreground(labels: Float[Tensor, "B t h w fields"], patch: tuple[int, int, int]) -> Float[Tensor, "B t h2 w2"]:
    """1 at the latents of tokens that show somebody, 0 elsewhere."""
    covered = (labels[..., 0] > 0).float()
    return torch.repeat_interleave(torch.repeat_interleave(covered, patch[1], 2), patch[2], 3)


def moves(latents: Float[Tensor, "B c t h w"]) -> Float[Tensor, "B t h w"]:
    """From 0 to 1, how much each latent differs from the one before it: 0 where the world stands still, 1 where anything moves."""
    change = (latents[:, :, 1:] - latents[:, :, :-1]).square().mean(1)                  # (B, t - 1, h, w)
    return F.pad((change / STILL).clamp(max=1), (0, 0, 0, 0, 1, 0))
