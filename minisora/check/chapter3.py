"""Checkers of chapter 3: noise for each frame, the best velocity of a Gaussian world, Heun, the shift, three predictions, guidance."""

from collections.abc import Callable

import torch
from torch import Tensor

from minisora import flow
from minisora.check.core import Wrong, called, exercise, same

AXES = "B c t h w"
SHAPES = ((2, 3, 4, 2, 5), (3, 4, 4, 1, 2), (1, 2, 1, 1, 1))  # the second has as many channels as frames


def _latents(shape: tuple[int, ...], seed: int) -> tuple[Tensor, Tensor, Tensor, torch.Generator]:
    """Two latents (B, c, t, h, w), noise levels (B, t) inside (0.1, 0.9), and the generator that they came from."""
    generator = torch.Generator().manual_seed(seed)
    one, other = torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)
    return one, other, 0.1 + 0.8 * torch.rand(shape[0], shape[2], generator=generator), generator


@exercise("3.1", "noise for each frame")
def noising(answer: Callable) -> None:
    for seed, shape in enumerate(SHAPES):
        clean, noise, sigma, _ = _latents(shape, seed)
        level = flow.per_frame(sigma)
        causes = {
            "the two ends are swapped: sigma = 0 must give the clean latents, sigma = 1 the noise": level * clean + (1 - level) * noise,
            "the noise is only added: the clean latents must fade at the same time, by (1 - sigma)": clean + level * noise,
            "squares that add up to 1 are an older rule; here the two weights themselves add up to 1": (1 - level**2).sqrt() * clean
            + level * noise,
            "all frames get the noise level of the first one": (1 - level[:, :, :1]) * clean + level[:, :, :1] * noise,
        }
        if shape[1] == shape[2]:
            across = sigma[:, :, None, None, None]
            causes["sigma lies along the channels; it belongs to the frames"] = (1 - across) * clean + across * noise
        same(called(answer, clean, noise, sigma), flow.add_noise(clean, noise, sigma), causes, name="the mixture", axes=AXES)
    clean, noise, sigma, _ = _latents((2, 3, 4, 2, 2), 9)
    sigma[:, 1] = 0.0
    if not torch.equal(called(answer, clean, noise, sigma)[:, :, 1], clean[:, :, 1]):
        raise Wrong("a frame whose sigma is 0 must come out exactly as it went in, bit for bit, and yours differs in the last digits")


@exercise("3.2", "the best velocity there is")
def best(answer: Callable) -> None:
    for seed, (shape, mean, std) in enumerate(zip(SHAPES, (1.5, -0.7, 0.4), (0.5, 2.0, 1.3), strict=True)):
        x, _, sigma, _ = _latents(shape, seed)
        level = flow.per_frame(sigma)
        spread = (1 - level) ** 2 * std**2 + level**2
        off = x - (1 - level) * mean
        noise, clean = level * off / spread, mean + (1 - level) * std**2 * off / spread
        unsquared = (1 - level) ** 2 * std + level**2
        causes = {
            "that is the best guess of the clean numbers; the velocity is the guess of the noise minus it": clean,
            "that is the best guess of the noise; the velocity is it minus the guess of the clean numbers": noise,
            "it walks towards noise the wrong way round: the velocity is noise - clean, not clean - noise": clean - noise,
            "x is compared with `mean`; at this noise level it is expected at (1 - sigma) * mean": level * (x - mean) / spread
            - (mean + (1 - level) * std**2 * (x - mean) / spread),
            "the guess of the clean numbers does not begin at their mean: `mean +` is missing": noise - (clean - mean),
            "std is a standard deviation; what is asked for in the variance and the covariance is its square": level * off / unsquared
            - (mean + (1 - level) * std * off / unsquared),
            "the surprise is divided by the standard deviation of x instead of its variance": level * off / spread.sqrt()
            - (mean + (1 - level) * std**2 * off / spread.sqrt()),
        }
        same(called(answer, x, sigma, mean, std), noise - clean, causes, name="the velocity", axes=AXES)
    x, _, sigma, _ = _latents((2, 1, 2, 3, 3), 7)
    for value, target, said in ((1.0, x - 0.5, "x - mean"), (0.0, -x, "-x")):
        same(called(answer, x, torch.full_like(sigma, value), 0.5, 1.5), target, name=f"the velocity at sigma = {value:g} ({said})")


def _wind(x: Tensor, sigma: Tensor) -> Tensor:
    """A velocity field that bends and is not linear, for solvers to walk in."""
    level = flow.per_frame(sigma)
    return torch.sin(2 * x + 3 * level) + x * level


def _walk(noise: Tensor, steps: int, rule: Callable) -> Tensor:
    """x at the end, where `rule(x, now, then, field)` makes one step and field(x, level) asks the wind."""
    frames = noise.shape[0], noise.shape[2]
    levels = torch.linspace(1, 0, steps + 1).tolist()
    x = noise
    for now, then in zip(levels[:-1], levels[1:], strict=True):
        x = rule(x, now, then, lambda x, level: _wind(x, torch.full(frames, level)))
    return x


def _heun_with(second: Callable, last: bool = False) -> Callable:
    """A step that looks ahead and joins both velocities by `second(first, ahead's)`; at the last step too, if `last`."""

    def rule(x: Tensor, now: float, then: float, field: Callable) -> Tensor:
        first = field(x, now)
        if then == 0 and not last:
            return x + (then - now) * first
        return x + (then - now) * second(first, field(x + (then - now) * first, then))

    return rule


def _from_ahead(x: Tensor, now: float, then: float, field: Callable) -> Tensor:
    first = field(x, now)
    ahead = x + (then - now) * first
    return ahead if then == 0 else ahead + (then - now) * (first + field(ahead, then)) / 2


def _same_level(x: Tensor, now: float, then: float, field: Callable) -> Tensor:
    first = field(x, now)
    return x + (then - now) * (first if then == 0 else (first + field(x + (then - now) * first, now)) / 2)


def _away(x: Tensor, now: float, then: float, field: Callable) -> Tensor:
    first = field(x, now)
    return x + (now - then) * (first if then == 0 else (first + field(x + (now - then) * first, then)) / 2)


HEUN_MISTAKES = {
    "that is Euler's solver: the direction at the end of the step is not used": _heun_with(lambda a, b: a, last=True),
    "the last step looks ahead too; it ends at sigma = 0 and must be Euler's": _heun_with(lambda a, b: (a + b) / 2, last=True),
    "only the direction at the end of the step is used; take the mean of both": _heun_with(lambda a, b: b),
    "the two directions are added; take their mean": _heun_with(lambda a, b: a + b),
    "the real step begins at the point ahead; it must begin at the old x": _from_ahead,
    "the second question is asked at the old noise level; the point ahead is at the lower one, `then`": _same_level,
    "it walks away from the data: sigma falls, so a step is (then - now), a negative number, times the velocity": _away,
}


@exercise("3.3", "Heun's solver")
def solver(answer: Callable) -> None:
    for steps, shape in ((4, SHAPES[0]), (7, SHAPES[1]), (1, SHAPES[2])):
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(steps))
        target = flow.sample(_wind, noise, steps=steps, solver="heun", shift=1.0)
        asked: list[float] = []

        def counted(x: Tensor, sigma: Tensor) -> Tensor:
            if sigma.shape != (x.shape[0], x.shape[2]):
                raise Wrong(f"denoise was given sigma of shape {tuple(sigma.shape)}; {(x.shape[0], x.shape[2])} = (B, t) is asked")
            asked.append(sigma.max().item())  # noqa: B023 (read before the next turn of the loop)
            return _wind(x, sigma)

        yours = called(lambda noise: answer(counted, noise, steps), noise)  # noqa: B023
        causes = {sentence: _walk(noise, steps, rule) for sentence, rule in HEUN_MISTAKES.items()}
        for walked, word in ((steps - 1, "few"), (steps + 1, "many")):
            said = f"that is one step too {word}: {steps} steps need {steps + 1} levels, both ends counted: linspace(1, 0, steps + 1)"
            causes[said] = _walk(noise, walked, _heun_with(lambda a, b: (a + b) / 2))
        same(yours, target, causes, name="where it ends", axes=AXES, rtol=1e-3, atol=1e-4)
        if len(asked) != 2 * steps - 1:
            raise Wrong(f"it ends where it should, but asks the network {len(asked)} times in {steps} steps; {2 * steps - 1} are enough")


@exercise("3.4", "the shift")
def shift(answer: Callable) -> None:
    for seed, (shape, factor) in enumerate((((5,), 3.0), ((2, 3), 0.25), ((4, 1), 1.6))):
        sigma = 0.02 + 0.96 * torch.rand(shape, generator=torch.Generator().manual_seed(seed))
        odds = sigma / (1 - sigma)
        causes = {
            "these are the odds; turn them back into a noise level": factor * odds,
            "the noise level itself is multiplied; it is the odds sigma / (1 - sigma) that should be": factor * sigma,
            "the noise level itself is multiplied; it is the odds sigma / (1 - sigma) that should be, and no clamp is needed then": (
                factor * sigma
            ).clamp(0, 1),
            "it shifts the wrong way: a shift above 1 must give more noise": odds / factor / (1 + odds / factor),
            "shift is added to the odds; multiply them by it": (odds + factor) / (1 + odds + factor),
            "the denominator is 1 + shift * sigma; it should be 1 + (shift - 1) * sigma": factor * sigma / (1 + factor * sigma),
        }
        same(called(answer, sigma, factor), flow.shifted(sigma, factor), causes, name="the shifted sigma")
    ends = called(answer, torch.tensor([0.0, 1.0]), 3.0)
    if isinstance(ends, Tensor) and not ends.isfinite().all():
        raise Wrong("right inside, but at sigma = 1 the odds are infinite, and yours is not a number: bring the fraction into another form")
    same(ends, torch.tensor([0.0, 1.0]), name="what becomes of sigma = 0 and sigma = 1")


@exercise("3.5", "three ways to say the same")
def predictions(answer: Callable) -> None:
    for seed, shape in enumerate(SHAPES):
        clean, noise, sigma, _ = _latents(shape, seed)
        x, level = flow.add_noise(clean, noise, sigma), flow.per_frame(sigma)
        for prediction, out in (("velocity", noise - clean), ("clean", clean), ("noise", noise)):
            causes = {"it gives back the network's output as it is, whatever was predicted": out}
            if prediction == "clean":
                causes |= {
                    "for clean latents: the velocity leads from them to x, so it is (x - out) / sigma": (out - x) / level,
                    "for clean latents: from 0 to x it took sigma, so divide by sigma, not by 1 - sigma": (x - out) / (1 - level),
                    "for clean latents: x - out is the way so far; divide it by sigma": x - out,
                }
            if prediction == "noise":
                causes |= {
                    "for noise: the velocity leads from x to the noise, so it is (out - x) / (1 - sigma)": (x - out) / (1 - level),
                    "for noise: from x to 1 it takes 1 - sigma, so divide by 1 - sigma, not by sigma": (out - x) / level,
                    "for noise: out - x is the way that is left; divide it by 1 - sigma": out - x,
                }
            if prediction == "velocity":
                causes = {}
            same(called(answer, out, x, sigma, prediction), noise - clean, causes, f'the velocity from "{prediction}"', AXES, 1e-3, 1e-3)
    out, x, _, _ = _latents((2, 3, 4, 2, 2), 8)
    for prediction, value in (("clean", 0.001), ("clean", 0.0), ("noise", 0.999), ("noise", 1.0)):
        sigma = torch.full((2, 4), value)
        yours = called(answer, out, x, sigma, prediction)
        at = f'at sigma = {value:g}, "{prediction}",'
        if isinstance(yours, Tensor) and not yours.isfinite().all():
            raise Wrong(f"{at} it divides by 0: hold the divisor, not the result, at 0.02 or above")
        least = (x - out if prediction == "clean" else out - x) / 0.001
        causes = {f"{at} it divides by less than 0.02: hold the divisor at 0.02 or above": least}
        same(yours, flow.velocity_from(out, x, sigma, prediction), causes, name=f"the velocity {at}", axes=AXES, rtol=1e-3)


@exercise("3.6", "guidance in an interval")
def guidance(answer: Callable) -> None:
    for seed, (shape, scale) in enumerate(zip(SHAPES, (3.0, 0.0, 7.5), strict=True)):
        told, untold, _, _ = _latents(shape, seed)
        for sigma, interval in ((0.5, (0.1, 0.95)), (0.1, (0.1, 0.95)), (0.95, (0.1, 0.95)), (0.96, (0.1, 0.95)), (0.2, (0.3, 0.6))):
            inside = interval[0] <= sigma <= interval[1]
            pulled = untold + scale * (told - untold)
            where = f"at sigma = {sigma:g} with interval {interval}"
            causes = {
                "it begins at `told`; with guidance 1 that goes too far. Begin at `untold`": told + scale * (told - untold),
                "told and untold are swapped: it is pulled away from the sentence": told + scale * (untold - told),
                "the pull has the wrong sign: it leads from `untold` to `told`, so it is told - untold": untold + scale * (untold - told),
            }
            if inside:
                causes[f"{where} guidance is on, the ends included; yours is off"] = told
            else:
                causes[f"{where} guidance is off; yours is on"] = pulled
                causes["outside the interval it no longer listens to the sentence: walk with `told` there"] = untold
            target = pulled if inside else told
            same(called(answer, told, untold, scale, sigma, interval), target, causes, name=f"the velocity {where}", axes=AXES, atol=1e-4)
