"""Chapter 3's judges: known mistakes are told by their names."""

import pytest
import torch

from minisora import flow
from minisora.check import chapter3


def level(sigma):
    return sigma[:, None, :, None, None]


@pytest.mark.parametrize(
    "answer, says",
    [
        (lambda c, n, s: level(s) * c + (1 - level(s)) * n, "the two ends are swapped"),
        (lambda c, n, s: c + level(s) * n, "the noise is only added"),
        (lambda c, n, s: (1 - level(s) ** 2).sqrt() * c + level(s) * n, "an older rule"),
        (lambda c, n, s: (1 - level(s[:, :1])) * c + level(s[:, :1]) * n, "the noise level of the first one"),
        (lambda c, n, s: (1 - s[:, :, None, None, None]) * c + s[:, :, None, None, None] * n, "your code stopped"),
        (lambda c, n, s: n + (1 - level(s)) * (c - n), "bit for bit"),
    ],
)
def test_noising(answer, says, told):
    assert says in told("3.1", answer)


def test_noising_along_the_channels(told):
    def turned(clean, noise, sigma):
        if clean.shape[1] != clean.shape[2]:
            return flow.add_noise(clean, noise, sigma)
        return (1 - sigma[:, :, None, None, None]) * clean + sigma[:, :, None, None, None] * noise

    assert "it belongs to the frames" in told("3.1", turned)


def gaussian(x, sigma, mean, std, which="velocity", centred=True, begin=1, root=False):
    """The answer to 3.2, with switches for what can go wrong."""
    s = level(sigma)
    variance = (1 - s) ** 2 * std**2 + s**2
    surprise = (x - (1 - s if centred else 1) * mean) / (variance.sqrt() if root else variance)
    noise, clean = s * surprise, begin * mean + (1 - s) * std**2 * surprise
    return {"velocity": noise - clean, "clean": clean, "noise": noise, "back": clean - noise}[which]


@pytest.mark.parametrize(
    "wrong, says",
    [
        (dict(which="clean"), "the best guess of the clean numbers"),
        (dict(which="noise"), "the best guess of the noise"),
        (dict(which="back"), "not clean - noise"),
        (dict(centred=False), "x is compared with `mean`"),
        (dict(begin=0), "`mean +` is missing"),
        (dict(root=True), "divided by the standard deviation of x"),
    ],
)
def test_the_best_velocity(wrong, says, told):
    assert says in told("3.2", lambda x, sigma, mean, std: gaussian(x, sigma, mean, std, **wrong))


def test_the_best_velocity_with_std_not_squared(told):
    assert "is its square" in told("3.2", lambda x, sigma, mean, std: gaussian(x, sigma, mean, std**0.5))


def walked(rule, more=1):
    """An answer to 3.3 that makes each step by `rule(ask, x, now, then)`, between `steps + more` levels."""

    def answer(denoise, noise, steps):
        x, levels = noise, torch.linspace(1, 0, steps + more).tolist()
        for now, then in zip(levels[:-1], levels[1:], strict=True):
            x = rule(lambda x, level: denoise(x, torch.full((x.shape[0], x.shape[2]), level)), x, now, then)
        return x

    return answer


def looks_ahead(ask, x, now, then):
    """Both directions of Heun's step, and how far it goes."""
    first = ask(x, now)
    return first, ask(x + (then - now) * first, then), then - now


def from_ahead(ask, x, now, then):
    first, second, step = looks_ahead(ask, x, now, then)
    return x + step * first + (step * (first + second) / 2 if then else 0)


def asks_at_now(ask, x, now, then):
    first = ask(x, now)
    return x + (then - now) * ((first + ask(x + (then - now) * first, now)) / 2 if then else first)


def wasteful(ask, x, now, then):
    first, second, step = looks_ahead(ask, x, now, then)
    return x + step * ((first + second) / 2 if then else first)


def away(ask, x, now, then):
    first = ask(x, now)
    return x + (now - then) * ((first + ask(x + (now - then) * first, then)) / 2 if then else first)


def joined(join):
    def rule(ask, x, now, then):
        first, second, step = looks_ahead(ask, x, now, then)
        return x + step * (join(first, second) if then else first)

    return rule


@pytest.mark.parametrize(
    "rule, says",
    [
        (lambda ask, x, now, then: x + (then - now) * ask(x, now), "that is Euler's solver"),
        (lambda ask, x, now, then: x + (then - now) * sum(looks_ahead(ask, x, now, then)[:2]) / 2, "the last step looks ahead too"),
        (joined(lambda first, second: second), "only the direction at the end"),
        (joined(lambda first, second: first + second), "the two directions are added"),
        (from_ahead, "must begin at the old x"),
        (asks_at_now, "at the old noise level"),
        (away, "walks away from the data"),
        (wasteful, "8 times in 4 steps; 7 are enough"),
    ],
)
def test_heun(rule, says, told):
    assert says in told("3.3", walked(rule))


@pytest.mark.parametrize("more, says", [(0, "one step too few: 4 steps need 5 levels"), (2, "one step too many: 4 steps")])
def test_heun_with_a_level_too_few_or_too_many(more, says, told):
    assert says in told("3.3", walked(joined(lambda first, second: (first + second) / 2), more))


def test_heun_with_a_sigma_of_the_wrong_shape(told):
    assert "(2, 4) = (B, t) is asked" in told("3.3", lambda denoise, noise, steps: denoise(noise, torch.ones(noise.shape[0])))


@pytest.mark.parametrize(
    "answer, says",
    [
        (lambda s, k: k * s / (1 - s), "these are the odds"),
        (lambda s, k: k * s, "the noise level itself is multiplied"),
        (lambda s, k: (k * s).clamp(0, 1), "no clamp is needed"),
        (lambda s, k: s / k / (1 - s + s / k), "the wrong way"),
        (lambda s, k: (s / (1 - s) + k) / (1 + s / (1 - s) + k), "multiply them by it"),
        (lambda s, k: k * s / (1 + k * s), "it should be 1 + (shift - 1) * sigma"),
        (lambda s, k: k * s / (1 - s) / (1 + k * s / (1 - s)), "the odds are infinite"),
    ],
)
def test_the_shift(answer, says, told):
    assert says in told("3.4", answer)


def said(out, x, sigma, prediction, clean=lambda out, x, s: (x - out) / s.clamp(min=0.02), noise=None):
    """The answer to 3.5, with other formulas for clean and noise."""
    noise = noise or (lambda out, x, s: (out - x) / (1 - s).clamp(min=0.02))
    return {"velocity": lambda out, x, s: out, "clean": clean, "noise": noise}[prediction](out, x, level(sigma))


@pytest.mark.parametrize(
    "wrong, says",
    [
        (dict(clean=lambda out, x, s: (out - x) / s.clamp(min=0.02)), "so it is (x - out) / sigma"),
        (dict(clean=lambda out, x, s: (x - out) / (1 - s)), "not by 1 - sigma"),
        (dict(clean=lambda out, x, s: x - out), "the way so far; divide it by sigma"),
        (dict(clean=lambda out, x, s: out), "whatever was predicted"),
        (dict(noise=lambda out, x, s: (out - x) / s), "divide by 1 - sigma, not by sigma"),
        (dict(noise=lambda out, x, s: (x - out) / (1 - s)), "so it is (out - x) / (1 - sigma)"),
        (dict(noise=lambda out, x, s: out - x), "the way that is left"),
        (dict(clean=lambda out, x, s: (x - out) / s), "it divides by less than 0.02"),
        (dict(clean=lambda out, x, s: (x - out) / torch.where(s == 0, 0, s.clamp(min=0.02))), "it divides by 0"),
        (dict(noise=lambda out, x, s: (out - x) / (1 - s).clamp(min=1e-5)), "hold the divisor at 0.02"),
    ],
)
def test_three_predictions(wrong, says, told):
    assert says in told("3.5", lambda out, x, sigma, prediction: said(out, x, sigma, prediction, **wrong))


@pytest.mark.parametrize(
    "answer, says",
    [
        (lambda a, b, g, s, i: (a + g * (a - b)) if i[0] <= s <= i[1] else a, "it begins at `told`"),
        (lambda a, b, g, s, i: (a + g * (b - a)) if i[0] <= s <= i[1] else a, "told and untold are swapped"),
        (lambda a, b, g, s, i: (b + g * (b - a)) if i[0] <= s <= i[1] else a, "the pull has the wrong sign"),
        (lambda a, b, g, s, i: b + g * (a - b), "guidance is off; yours is on"),
        (lambda a, b, g, s, i: (b + g * (a - b)) if i[0] < s < i[1] else a, "guidance is on, the ends included"),
        (lambda a, b, g, s, i: (b + g * (a - b)) if i[0] <= s <= i[1] else b, "walk with `told` there"),
    ],
)
def test_guidance(answer, says, told):
    assert says in told("3.6", answer)


def test_the_checkers_formulas_are_the_packages(solution):
    """What the chapter's answer to 3.6 says is what flow.sample walks."""
    told, untold = torch.randn(2, 2, 3, 4, 2, 2)
    for sigma in (0.5, 0.05, 0.97):
        options = dict(guidance=3.0, shift=1.0, start=sigma, interval=(0.1, 0.95), both=lambda x, _: (told, untold))
        end = flow.sample(lambda x, _: told, torch.zeros_like(told), steps=1, **options)
        torch.testing.assert_close(-end / sigma, solution("3.6")(told, untold, 3.0, sigma, (0.1, 0.95)))
    assert len(chapter3.HEUN_MISTAKES) >= 6
