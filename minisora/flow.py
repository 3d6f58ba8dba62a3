"""Rectified flow: straight lines from noise to clean latents, a network that learns their direction, a solver that walks them.

    x_sigma = (1 - sigma) * clean + sigma * noise        velocity = dx/dsigma = noise - clean

Built in chapter 3. Rectified flow (Liu et al. 2022); logit-normal sigma and its shift for larger videos (Esser et al. 2024, sections 3.1
and 5.3.2); guidance in an interval of sigma (Kynkäänniemi et al. 2024). Every latent frame has a sigma of its own: 0 says that it is known.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from minisora.errors import UserError

PREDICTIONS = ("velocity", "clean", "noise")
SOLVERS = ("euler", "heun")
INTERVAL = (0.6, 1.0)  # of sigma, where guidance is on: below, it spoils outlines (data/bench/sampler.json)
EARLY = 2.5  # times a video's shift: MiniSora's steps; layout and motion are decided while there is still much noise (sampler.json)
LEAP = 0.5  # sigma from which MiniSora's last step leads to the end: the guess is cleaner than what small steps make of it (sampler.json)
FRESH = 0.25  # sigma below which a sampler that draws noise anew (eta) goes on with the noise that is there
Denoise = Callable[[Tensor, Tensor], Tensor]  # (x, sigma (B, t)) -> velocity


def per_frame(sigma: Float[Tensor, "B t"]) -> Float[Tensor, "B 1 t 1 1"]:
    """Noise levels of frames, shaped to multiply latents."""
    return sigma[:, None, :, None, None]


def add_noise(
    clean: Float[Tensor, "B c t h w"], noise: Float[Tensor, "B c t h w"], sigma: Float[Tensor, "B t"]
) -> Float[Tensor, "B c t h w"]:
    """The point at `sigma` on the line from `clean` (0) to `noise` (1); a frame whose sigma is 0 stays as it is, bit for bit."""
    level = per_frame(sigma)
    return torch.where(level == 0, clean, (1 - level) * clean + level * noise)


def velocity_from(
    out: Float[Tensor, "B c t h w"], x: Float[Tensor, "B c t h w"], sigma: Float[Tensor, "B t"], prediction: str, least: float = 0.02
) -> Float[Tensor, "B c t h w"]:
    """The velocity that a network's output stands for, when it predicts the "velocity", the "clean" latents or the "noise".

    clean: (x - out) / sigma, noise: (out - x) / (1 - sigma); divisors are held at or above `least`, and there alone the two are not exact.
    """
    if prediction == "velocity":
        return out
    level = per_frame(sigma)
    return (x - out) / level.clamp(min=least) if prediction == "clean" else (out - x) / (1 - level).clamp(min=least)


def clean_from(x: Tensor, velocity: Tensor, sigma: Float[Tensor, "B t"]) -> Tensor:
    """Where the line through `x` in the direction of `velocity` reaches sigma = 0: the clean latents as now guessed."""
    return x - per_frame(sigma) * velocity


def shift_for(tokens: int) -> float:
    """How far sigma is shifted towards noise for a video of so many tokens: 1 at 32 tokens, growing with their square root.

    Neighbouring latents tell of one another, so a larger video needs more noise before it is equally hidden.
    """
    return math.sqrt(tokens / 32)


def shifted(sigma: Float[Tensor, "..."], shift: float) -> Float[Tensor, "..."]:
    """Pushes noise levels towards 1 (shift > 1) or 0 (shift < 1) and keeps the ends where they are."""
    return shift * sigma / (1 + (shift - 1) * sigma)


def draw_sigma(
    count: int,
    tokens: int,
    generator: torch.Generator | None = None,
    mean: float = 0.0,
    std: float = 1.0,
    device: torch.device | str = "cpu",
) -> Float[Tensor, " B"]:
    """Noise levels to train on: logit-normal, so that the ends are rare, then shifted by the video's size. Strictly inside (0, 1)."""
    drawn = torch.sigmoid(mean + std * torch.randn(count, generator=generator, device=device))
    return shifted(drawn, shift_for(tokens)).clamp(1e-3, 1 - 1e-3)


def loss(
    velocity: Float[Tensor, "B c t h w"],
    clean: Float[Tensor, "B c t h w"],
    noise: Float[Tensor, "B c t h w"],
    known: Bool[Tensor, "B t"],
    weight: Float[Tensor, "B t h w"] | None = None,
) -> Float[Tensor, " B"]:
    """Mean squared error of the velocity over the frames that are not known, one number a video; `weight` says what counts more.

    A video whose frames are all known costs 0. Built in chapter 3.
    """
    error = (velocity.float() - (noise - clean)).square().mean(dim=1)                   # (B, t, h, w)
    if weight is not None:
        error = error * weight
    asked = (~known).float()                                                            # (B, t)
    return (error.mean(dim=(2, 3)) * asked).sum(1) / asked.sum(1).clamp(min=1)


@dataclass(frozen=True)
class Step:
    """Where the sampler stands after a step."""

    index: int  # of the step, from 1
    steps: int
    sigma: float  # the noise level that it has come down to
    x: Float[Tensor, "B c t h w"]
    clean: Float[Tensor, "B c t h w"]  # the clean latents as guessed in this step


def sample_steps(
    denoise: Denoise,
    noise: Float[Tensor, "B c t h w"],
    *,
    steps: int = 25,
    known: Bool[Tensor, "B t"] | None = None,
    clean: Float[Tensor, "B c t h w"] | None = None,
    both: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None,
    guidance: float = 1.0,
    interval: tuple[float, float] = INTERVAL,
    solver: str = "euler",
    shift: float | None = None,
    start: float = 1.0,
    level: float = 0.0,
    eta: float = 0.0,
    leap: float = 0.0,
    generator: torch.Generator | None = None,
) -> Iterator[Step]:
    """Walks from `noise` to clean latents and gives a `Step` after each step; the last one's `x` is the sample.

    `denoise(x, sigma)` is the velocity. `both(x, sigma)` gives it with and without the text, and is called instead where `guidance` is
    not 1 and sigma lies in `interval`. Frames that are `known` are `clean`'s from the beginning, at sigma 0, and stay bit for bit; when
    `clean` was mixed with slight noise, `level` tells how much (Ho et al. 2022, Cascaded Diffusion Models, section 4).
    `start` below 1 begins from `noise` taken as already at that level (the caller mixes it). `shift` (default: that of the
    number of 1×2×2 patches) spends more steps where there is more noise. "heun" calls the network twice a step. Built in chapter 3.
    eta: how much of the noise is drawn anew, from `generator`, in each step down to FRESH; 0 is none of it, 1 is DDPM's share
    (Song et al. 2021, DDIM, equation 16). What an early step got wrong, a later one can then take back.
    leap: the noise level from which the last step goes all the way, to the clean latents as guessed there; 0: steps grow evenly smaller.
    Raises UserError on a solver, an eta, a leap or a number of steps that is not possible, or known frames without `clean`.
    """
    if solver not in SOLVERS:
        raise UserError(f"solver={solver!r} is not one of {', '.join(SOLVERS)}.")
    if steps < 1 or not 0 < start <= 1 or not math.isfinite(guidance):
        raise UserError(f"steps={steps}, start={start}, guidance={guidance}: steps must be 1 or more, start in (0, 1], guidance finite.")
    if not 0 <= eta <= 1:
        raise UserError(f"eta={eta:g}: the share of the noise that is drawn anew, from 0 to 1. Try eta=0.")
    if not 0 <= leap < start:
        raise UserError(f"leap={leap:g}: a noise level from 0 up to, but without, start={start:g}. Try leap=0.")
    if known is not None and clean is None:
        raise UserError("known frames were marked, but their latents are missing: give `clean` too.")
    B, _, t, h, w = noise.shape
    still = torch.zeros(B, t, dtype=torch.bool, device=noise.device) if known is None else known
    keep = still[:, None, :, None, None]
    shift = shift_for(t * h * w // 4) if shift is None else shift
    scale = start / shifted(torch.tensor(start), shift).item()
    even = torch.linspace(start, 0, steps + 1, dtype=torch.float64)
    if leap:
        even[:-1] = torch.linspace(start, shifted(torch.tensor(leap / scale), 1 / shift).item(), steps, dtype=torch.float64)
    levels = shifted(even, shift) * scale

    def flow(x: Tensor, sigma: float) -> Tensor:
        each = torch.where(still, level, torch.full((B, t), sigma, device=x.device))    # (B, t)
        if both is None or guidance == 1 or not interval[0] <= sigma <= interval[1]:
            return denoise(x, each).to(x.dtype)
        told, untold = both(x, each)
        return (untold + guidance * (told - untold)).to(x.dtype)

    x = noise if clean is None else torch.where(keep, clean, noise)
    for index, (now, then) in enumerate(zip(levels[:-1].tolist(), levels[1:].tolist(), strict=True), start=1):
        velocity = flow(x, now)
        guess = torch.where(keep, x, x - now * velocity)
        if solver == "heun" and then > 0:
            ahead = torch.where(keep, x, x + (then - now) * velocity)
            velocity = (velocity + flow(ahead, then)) / 2
        there = x + (then - now) * velocity
        if eta and now >= FRESH and then > 0:
            there = renewed(x + (1 - now) * velocity, there, then, eta * fresh_share(now, then), generator)
        x = torch.where(keep, x, there)
        yield Step(index, steps, then, x, guess)


def fresh_share(now: float, then: float) -> float:
    """Deviation of the noise that DDPM draws anew in a step from sigma `now` to `then`, of the noise that is there afterwards.

    In units of the clean latents the noise is s = sigma / (1 - sigma), and the share sqrt(1 - (s_then / s_now)²): all of it from
    sigma = 1, nearly none in a small step.
    """
    return math.sqrt(max(0.0, 1 - (then * (1 - now) / (now * (1 - then))) ** 2))


def renewed(noise: Tensor, x: Tensor, sigma: float, share: float, generator: torch.Generator | None = None) -> Tensor:
    """`x` at `sigma` with its `noise` turned by `share` towards noise drawn now: as strong as before, and as far from clean."""
    drawn = torch.randn(noise.shape, generator=generator, device=noise.device, dtype=noise.dtype)
    return x + sigma * ((math.sqrt(1 - share**2) - 1) * noise + share * drawn)


def sample(denoise: Denoise, noise: Float[Tensor, "B c t h w"], **options) -> Float[Tensor, "B c t h w"]:
    """The latents at the end of `sample_steps`, which see for the options. Built in chapter 3."""
    *_, last = sample_steps(denoise, noise, **options)
    return last.x
