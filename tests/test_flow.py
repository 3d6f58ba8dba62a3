import math

import pytest
import torch
from torch import nn

from minisora import flow
from minisora.errors import UserError

MEAN, STD = 1.5, 0.5  # of the Gaussian world


def best(x, sigma):
    """The closed-form best velocity where clean latents are N(MEAN, STD²): E[noise - clean | x]."""
    s = flow.per_frame(sigma)
    surprise = (x - (1 - s) * MEAN) / ((1 - s) ** 2 * STD**2 + s**2)
    return s * surprise - (MEAN + (1 - s) * STD**2 * surprise)


def test_the_line_from_clean_to_noise():
    clean, noise = torch.randn(2, 2, 3, 4, 4, 4)
    sigma = torch.tensor([[0.0, 0.25, 0.5, 1.0]]).expand(2, 4)
    x = flow.add_noise(clean, noise, sigma)
    assert torch.equal(x[:, :, 0], clean[:, :, 0]) and torch.equal(x[:, :, 3], noise[:, :, 3])
    torch.testing.assert_close(x[:, :, 1], 0.75 * clean[:, :, 1] + 0.25 * noise[:, :, 1])
    torch.testing.assert_close(flow.clean_from(x, noise - clean, sigma), clean)


@pytest.mark.parametrize("prediction", flow.PREDICTIONS)
def test_velocity_clean_and_noise_say_the_same(prediction):
    clean, noise = torch.randn(2, 2, 3, 4, 4, 4)
    sigma = torch.rand(2, 4) * 0.9 + 0.05
    x = flow.add_noise(clean, noise, sigma)
    out = {"velocity": noise - clean, "clean": clean, "noise": noise}[prediction]
    torch.testing.assert_close(flow.velocity_from(out, x, sigma, prediction), noise - clean, atol=1e-4, rtol=1e-4)


def test_known_frames_cost_nothing_and_the_rest_is_a_mean():
    clean, noise = torch.randn(2, 2, 3, 4, 4, 4)
    known = torch.tensor([[True, False, False, False], [True, True, True, True]])
    wrong = noise - clean + known[:, None, :, None, None] * 100.0 + 2.0
    torch.testing.assert_close(flow.loss(wrong, clean, noise, known), torch.tensor([4.0, 0.0]))


def test_sigma_is_shifted_towards_noise_with_more_tokens():
    generator = torch.Generator().manual_seed(0)
    means = [flow.draw_sigma(4000, tokens, generator).mean().item() for tokens in (16, 80, 976)]
    assert means[0] < 0.5 < means[1] < means[2] < 1
    ends = torch.tensor([0.0, 1.0])
    assert torch.equal(flow.shifted(ends, 3.0), ends)


@pytest.mark.parametrize("solver, steps", [("euler", 60), ("heun", 20)])
def test_the_sampler_lands_on_the_mean_and_variance_of_a_gaussian_world(solver, steps):
    noise = torch.randn(64, 4, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    end = flow.sample(best, noise, steps=steps, solver=solver)
    assert abs(end.mean().item() - MEAN) < 0.02 and abs(end.std().item() - STD) < 0.03


@pytest.mark.parametrize("eta", [0.3, 1.0])
def test_noise_drawn_anew_keeps_the_mean_and_variance(eta):
    noise = torch.randn(64, 4, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    ends = [flow.sample(best, noise, steps=60, eta=eta, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert abs(ends[0].mean().item() - MEAN) < 0.02 and abs(ends[0].std().item() - STD) < 0.03
    assert torch.equal(ends[0], ends[1]) and not torch.allclose(ends[0], ends[2], atol=0.1)
    plain = flow.sample(best, noise, steps=60)
    alike = [torch.corrcoef(torch.stack((plain.flatten(), end.flatten())))[0, 1].item() for end in (ends[0], plain)]
    assert alike[1] > 0.999 and alike[0] < (0.3 if eta == 1 else 0.95), "what is drawn anew does not remember the first noise"


def test_no_noise_is_drawn_anew_at_the_end_or_by_default():
    noise, generator = torch.randn(2, 4, 2, 8, 8), torch.Generator().manual_seed(3)
    begun = flow.add_noise(torch.full_like(noise, MEAN), noise, torch.full((2, 2), 0.9 * flow.FRESH))
    options = dict(steps=4, start=0.9 * flow.FRESH, generator=generator)
    before = generator.get_state()
    assert torch.equal(flow.sample(best, begun, eta=1.0, **options), flow.sample(best, begun, **options))
    flow.sample(best, noise, steps=4, generator=generator)
    assert torch.equal(generator.get_state(), before)


def test_fresh_noise_is_ddpm_s_share():
    assert flow.fresh_share(1.0, 0.9) == 1.0 and flow.fresh_share(0.5, 0.0) == 1.0
    now, then = 0.6, 0.4
    a, b = ((1 - s) ** 2 / ((1 - s) ** 2 + s**2) for s in (now, then))  # alpha-bar of both levels, for noise and data of one scale
    ddim = math.sqrt((1 - b) / (1 - a)) * math.sqrt(1 - a / b)  # equation 16, eta 1
    assert flow.fresh_share(now, then) == pytest.approx(ddim / math.sqrt(1 - b))


def test_a_learned_denoiser_approaches_the_best_one():
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 32), nn.SiLU(), nn.Linear(32, 32), nn.SiLU(), nn.Linear(32, 1))

    def denoise(x, sigma):
        level = flow.per_frame(sigma).expand_as(x)
        return net(torch.stack((x, level), -1)).squeeze(-1)

    def gap():
        clean = MEAN + STD * torch.randn(32, 1, 2, 2, 2, generator=generator)
        sigma = torch.rand(32, 1, generator=generator).expand(32, 2) * 0.9 + 0.05
        x = flow.add_noise(clean, torch.randn(clean.shape, generator=generator), sigma)
        with torch.no_grad():
            return (denoise(x, sigma) - best(x, sigma)).square().mean().sqrt().item()

    before, adam = gap(), torch.optim.Adam(net.parameters(), 5e-3)
    for _ in range(400):
        clean = MEAN + STD * torch.randn(64, 1, 2, 2, 2, generator=generator)
        noise = torch.randn(clean.shape, generator=generator)
        sigma = flow.draw_sigma(64, 32, generator)[:, None].expand(64, 2)
        cost = flow.loss(denoise(flow.add_noise(clean, noise, sigma), sigma), clean, noise, torch.zeros(64, 2, dtype=torch.bool)).mean()
        adam.zero_grad()
        cost.backward()
        adam.step()
    assert before > 1 and gap() < 0.25
    with torch.no_grad():
        end = flow.sample(denoise, torch.randn(256, 1, 2, 2, 2, generator=generator), steps=40)
    assert abs(end.mean().item() - MEAN) < 0.15 and abs(end.std().item() - STD) < 0.15


@pytest.mark.parametrize("solver", flow.SOLVERS)
@pytest.mark.parametrize("row", ["1000", "0001", "1001", "1100", "0101", "1111", "0000"])
def test_a_known_frame_does_not_move_whatever_the_mask(solver, row):
    known = torch.tensor([[letter == "1" for letter in row]]).expand(2, 4)
    clean, noise = torch.randn(2, 2, 3, 4, 4, 4)
    seen = []

    def wild(x, sigma):
        seen.append(sigma)
        return torch.randn_like(x) * 10

    for step in flow.sample_steps(wild, noise, steps=4, known=known, clean=clean, solver=solver):
        assert torch.equal(step.x.movedim(2, 1)[known], clean.movedim(2, 1)[known])
        assert torch.equal(step.clean.movedim(2, 1)[known], clean.movedim(2, 1)[known])
    assert all(torch.equal(sigma == 0, known) for sigma in seen)
    if not known.all():
        assert not torch.equal(step.x, clean)


def test_guidance_only_inside_its_interval():
    used = []

    def both(x, sigma):
        used.append(sigma.max().item())
        return torch.ones_like(x), torch.zeros_like(x)

    noise = torch.zeros(1, 1, 1, 2, 2)
    levels = [1.0] + [s.sigma for s in flow.sample_steps(lambda x, _: torch.ones_like(x), noise, steps=10, shift=1.0)]
    end = flow.sample(lambda x, _: torch.ones_like(x), noise, steps=10, both=both, guidance=3.0, interval=(0.35, 0.75), shift=1.0)
    assert used == pytest.approx([level for level in levels[:-1] if 0.35 <= level <= 0.75])
    assert end.mean().item() == pytest.approx(-(1 + 2 * 0.4)), "4 of 10 steps go three times as far"


def test_starting_half_way():
    noise = torch.zeros(1, 1, 1, 2, 2)
    steps = list(flow.sample_steps(lambda x, _: torch.ones_like(x), noise, steps=5, start=0.6))
    assert steps[-1].sigma == 0 and steps[-1].x.mean().item() == pytest.approx(-0.6, abs=1e-5)


@pytest.mark.parametrize(
    "wrong, told",
    [
        (dict(solver="rk4"), "solver='rk4' is not one of euler, heun"),
        (dict(steps=0), "steps must be 1 or more"),
        (dict(guidance=math.nan), "guidance finite"),
        (dict(start=0.0), "start in"),
        (dict(eta=1.5), "eta=1.5: the share of the noise"),
        (dict(eta=math.nan), "eta=nan"),
        (dict(known=torch.ones(1, 1, dtype=torch.bool)), "give `clean` too"),
    ],
)
def test_what_cannot_be_is_told(wrong, told):
    with pytest.raises(UserError, match=told):
        flow.sample(best, torch.zeros(1, 1, 1, 2, 2), **wrong)


@pytest.mark.parametrize("steps, leap, shift, start", [(12, 0.5, 3.0, 1.0), (1, 0.5, 1.0, 1.0), (7, 0.2, 2.0, 0.8), (2, 0.5, 1.0, 1.0)])
def test_the_last_step_leaps_to_its_guess(steps, leap, shift, start):
    noise = torch.randn(1, 2, 3, 4, 4)
    walk = list(flow.sample_steps(lambda x, sigma: 2 * x, noise, steps=steps, leap=leap, shift=shift, start=start))
    levels = [step.sigma for step in walk]
    assert len(walk) == steps and levels[-1] == 0 and levels == sorted(levels, reverse=True)
    assert steps == 1 or levels[-2] == pytest.approx(leap)
    torch.testing.assert_close(walk[-1].x, walk[-1].clean)


@pytest.mark.parametrize("leap, start", [(-0.1, 1.0), (1.0, 1.0), (0.5, 0.4), (float("nan"), 1.0)])
def test_a_leap_begins_below_the_start(leap, start):
    with pytest.raises(UserError, match="leap="):
        list(flow.sample_steps(lambda x, sigma: x, torch.zeros(1, 1, 1, 2, 2), leap=leap, start=start))
