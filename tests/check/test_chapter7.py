"""Chapter 7's judges: known mistakes are told by their names."""

import numpy as np
import pytest
import torch

from minisora import flow
from minisora.check.chapter7 import best_velocity, softened
from minisora.windows import joined


def rows(missing):
    return missing[1:].view(-1, 4)


@pytest.mark.parametrize(
    "answer, says",
    [
        (lambda m: torch.cat((m[:1], rows(m).any(1))), "True where nothing is missing"),
        (lambda m: ~torch.cat((m[:1], rows(m).all(1))), "one missing frame and the whole group"),
        (lambda m: ~torch.cat((m[:1], rows(m)[:, -1])), "not only its last one"),
        (lambda m: ~torch.cat((m[:1], rows(m)[:, 0])), "not only its first one"),
        (lambda m: ~m, "asked is one for each group"),
        (lambda m: torch.stack([~part.any() for part in m.split(4)]), "the fours begin at frame 1"),
        (lambda m: torch.nn.functional.pad(~m, (0, 3)).view(-1, 4).all(1), "plain fours, 0-3, 4-7, ..., and the last one filled up"),
        (lambda m: torch.nn.functional.pad(~m, (3, 0)).view(-1, 4).all(1), "nothing has to be put before it"),
        (lambda m: ~torch.cat((m[:1], m[:-1].view(-1, 4).any(1))), "yours begin at frame 0"),
        (lambda m: torch.cat((m[:1], rows(m).any(1))) & False, "what is known with 1, 8 of 17 frames missing is right, but 60%"),
        (lambda m: ~rows(m).any(1), "frame 0 is a group of its own, before the fours"),
    ],
)
def test_groups(answer, says, told):
    assert says in told("7.1", answer)


def velocity(x, sigma, cov, weak=2, square=True, first=False, part="velocity", through=True):
    """The answer to 7.2, with switches for what can go wrong."""
    sigma = sigma[:, :1].expand_as(sigma) if first else sigma
    keep = 1 - sigma
    noisy = cov * (keep[:, :, None] if weak else 1) * (keep[:, None] if weak == 2 else 1) + torch.diag_embed(sigma**2 if square else sigma)
    lines = x.movedim(2, 1).flatten(2)
    surprise = torch.linalg.solve(noisy, lines)
    noise, clean = sigma[..., None] * surprise, cov @ ((keep if through else 1 + 0 * keep)[..., None] * surprise)
    found = {"velocity": noise - clean, "clean": clean, "noise": noise, "back": clean - noise}[part]
    return found.unflatten(2, x.movedim(2, 1).shape[2:]).movedim(1, 2)


@pytest.mark.parametrize(
    "wrong, says",
    [
        (dict(part="clean"), "the best guess of the clean frames"),
        (dict(part="noise"), "the best guess of the noise"),
        (dict(part="back"), "not clean - noise"),
        (dict(first=True), "the noise level of the first one"),
        (dict(square=False), "the variance sigma², not sigma"),
        (dict(weak=1), "weakened on one side only"),
        (dict(weak=0), "in full here"),
        (dict(through=False), "x holds each clean frame (1 - sigma) times"),
    ],
)
def test_the_best_velocity(wrong, says, told):
    assert says in told("7.2", lambda x, sigma, cov: velocity(x, sigma, cov, **wrong))


def test_dividing_by_sigma(told):
    answer = lambda x, sigma, cov: velocity(x, sigma, cov) + 0 / sigma[:, None, :, None, None]  # noqa: E731
    assert "nothing has to be divided by sigma" in told("7.2", answer)


def test_the_sampler_lands_on_the_conditional_distribution():
    """Mean and deviation of what is sampled beside known frames are those of a Gaussian, whatever the mask."""
    t = 6
    place = torch.arange(t, dtype=torch.float64)
    cov = torch.exp(-((place[:, None] - place) ** 2) / 8) + 0.05 * torch.eye(t)
    values, generator = torch.tensor([1.0, 0.5, -0.2, -0.6, 0.1, 0.4], dtype=torch.float64), torch.Generator().manual_seed(0)
    for known in ([1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1], [1, 0, 0, 1, 0, 1]):
        known = torch.tensor(known, dtype=torch.bool)
        noise = torch.randn(2000, 1, t, 1, 1, generator=generator, dtype=torch.float64)
        clean = values.expand(2000, 1, t)[..., None, None]
        made = flow.sample(
            lambda x, sigma: best_velocity(x, sigma[:1].double(), cov), noise, known=known.expand(2000, -1), clean=clean,
            steps=30, solver="heun", shift=1.0,
        )[:, 0, :, 0, 0]  # fmt: skip
        pull = cov[:, known] @ torch.linalg.inv(cov[known][:, known])
        std = (cov - pull @ cov[known]).diagonal().clamp(min=0).sqrt()
        torch.testing.assert_close(made.mean(0), pull @ values[known], atol=0.08, rtol=0)
        torch.testing.assert_close(made.std(0), std, atol=0.08, rtol=0)
        assert torch.equal(made[:, known], values[known].expand(2000, -1))


def lengths(before, over, after):
    return over.norm() - (before.norm() + after.norm()) / 2


def steps_around(x, at):
    return [x[at + k] - x[at + k - 1] for k in (-1, 0, 1)]


def rough(x, at, fps, place=None, speed=None, off=0):
    before, over, after = steps_around(x, at + off)
    place = place or (lambda b, o, a: (o - (b + a) / 2).norm())
    speed = speed or (lambda b, o, a: (a - b).norm() * fps)
    return place(before, over, after).item(), speed(before, over, after).item()


@pytest.mark.parametrize(
    "answer, says",
    [
        (lambda x, at, fps: rough(x, at, fps, place=lambda b, o, a: o.norm()), "not the step over the seam"),
        (lambda x, at, fps: rough(x, at, fps, place=lambda b, o, a: (o - b - a).norm()), "is their half"),
        (lambda x, at, fps: rough(x, at, fps, place=lambda b, o, a: (o - b).norm()), "the mean of both neighbours"),
        (lambda x, at, fps: rough(x, at, fps, speed=lambda b, o, a: (a - b).norm()), "so multiply by fps"),
        (lambda x, at, fps: rough(x, at, fps, speed=lambda b, o, a: (a.norm() - b.norm()).abs() * fps), "so that a turn counts"),
        (lambda x, at, fps: rough(x, at, fps, speed=lambda b, o, a: (o - b).norm() * fps), "yours uses the step over it"),
        (lambda x, at, fps: rough(x, at, fps)[0], "two numbers are asked"),
        (lambda x, at, fps: rough(x, at, fps, place=lambda b, o, a: lengths(b, o, a).abs()), "lengths are taken first and then compared"),
        (lambda x, at, fps: rough(x, at, fps, place=lambda b, o, a: -lengths(b, o, a).abs()), "and so it can even be negative; put"),
        (lambda x, at, fps: rough(x, at, fps, speed=lambda b, o, a: (b.norm() - a.norm()) * fps), "it can even be negative; subtract"),
        (lambda x, at, fps: rough(x, at, fps, place=lambda b, o, a: (o - (b + a) / 2).abs().sum()), "not the sum of its two numbers"),
        (lambda x, at, fps: rough(x, at, fps, speed=lambda b, o, a: (a - b).abs().sum() * fps), "not the sum of its two numbers"),
        (lambda x, at, fps: rough(x, at, fps, place=lambda b, o, a: (o - (b + a) / 2).square().sum()), "take its root"),
        (lambda x, at, fps: rough(x, at, fps, off=-1), "your three steps sit one frame too early"),
        (lambda x, at, fps: rough(x, at, fps, off=1), "your three steps sit one frame too late"),
        (lambda x, at, fps: (rough(x, at, fps)[0], rough(x, at, fps, off=1)[1]), "your three steps sit one frame too late"),
        (lambda x, at, fps: (x[at] - x[at - 1], 0.0), "the jump of position is a vector; a number is asked"),
        (lambda x, at, fps: (rough(x, at, fps)[0], (x[at] - x[at - 1]).numpy()), "the jump of velocity is a vector; a number is asked"),
    ],
)
def test_seams(answer, says, told):
    assert says in told("7.3", answer)


def test_the_chapters_seam_is_the_benchs(solution):
    from minisora.bench.parse import parse
    from minisora.bench.seams import seam
    from minisora.world.render import render
    from minisora.world.scene import Actor, Character, Event, Scene, Shot

    events = (Event("slide", 0.0, 1.0, direction="right", speed=0.2), Event("slide", 1.0, 2.0, direction="left", speed=0.2))
    scene = Scene((Character("box", "blue", "large"),), (Shot("snow", 2.0, (Actor(0, -0.1, events=events),)),))
    seen = parse(render(scene), verbs=False)
    (person,) = seen.people
    x = torch.from_numpy(np.stack([person.x, person.y], 1))
    for at in (5, 9):
        assert list(seam(seen, at)) == [pytest.approx(solution("7.3")(x, at, seen.fps))]


def shifted_gap(before, more, after):
    frames, missing = joined(before, more, after)
    return (frames[1:], missing[1:]) if before is None else (frames, missing)


@pytest.mark.parametrize(
    "answer, says",
    [
        (lambda b, more, a: (joined(b, more, a)[0], ~joined(b, more, a)[1]), "yours are the known ones"),
        (shifted_gap, "frame 0 (coded alone) is missing too"),
        (lambda b, more, a: joined(b, more + 1, a) if a is None else joined(b, more, a), "one frame too many"),
        (lambda b, more, a: tuple(part[::-1] for part in joined(b, more, a)), "what is given came before it"),
        (lambda b, more, a: (joined(b, more, a)[0].astype(float), joined(b, more, a)[1]), "give np.zeros a type"),
        (lambda b, more, a: (joined(b, more, a)[0] * 0, joined(b, more, a)[1]), "must stand there as it was"),
        (lambda b, more, a: joined(b, more, a)[1], "two things are asked"),
    ],
)
def test_gaps(answer, says, told):
    assert says in told("7.4", answer)


def longer(video, wanted, window, piece, complete, shown=None, new=None, cut=True, walk=True, few=False, gap=np.uint8, told=lambda m: m):
    """The answer to 7.5, with switches for what can go wrong."""
    total, given = len(video) + wanted, video
    while len(video) < total - (piece - 1 if few else 0):
        seen = (video if walk else given)[-(shown or window) :]
        frames = np.concatenate([seen, np.zeros((piece, *video.shape[1:]), gap)])
        made = complete(frames, told(np.arange(len(frames)) >= len(seen)))
        video = np.concatenate([video, made[len(seen) if new is None else new :]])
    return video[:total] if cut else video


@pytest.mark.parametrize(
    "wrong, says",
    [
        (dict(shown=1000), "only the last 9 of the video so far"),
        (dict(new=0), "gives the window back too"),
        (dict(cut=False), "the last piece sticks out"),
        (dict(walk=False), "from where the last one ended"),
        (dict(few=True), "the video has 21 frames; 23 are asked: as long as some are lacking, one more piece is needed"),
        (dict(told=torch.from_numpy), "takes numpy arrays, as in exercise 7.4; its `missing` came as a Tensor"),
        (dict(told=lambda missing: ~missing), "`missing` is the wrong way round"),
        (dict(told=lambda missing: missing[9:]), "a True or False for each of the 17 frames; yours: bool, (8,)"),
        (dict(told=lambda missing: missing.astype(int)), "a True or False for each of the 17 frames; yours: int64, (17,)"),
        (dict(told=lambda missing: missing | True), "`missing` is True everywhere"),
        (dict(told=lambda missing: missing[::-1]), "the gap stands behind the window"),
        (dict(gap=float), "frames are uint8, yours float64"),
    ],
)
def test_piece_by_piece(wrong, says, told):
    assert says in told("7.5", lambda *given: longer(*given, **wrong))


def test_a_video_of_another_kind_or_length(told):
    says = {
        "the video has 32 frames; 33 are asked": lambda video: video[:-1],
        "an array of frames is asked, (T, H, W, 3)": torch.from_numpy,
        "frames come twice": lambda video: np.concatenate([video[:17], video[16:-1]]),
    }
    for sentence, change in says.items():
        assert sentence in told("7.5", lambda *given, change=change: change(longer(*given)))


def test_piece_by_piece_without_what_was_given(told):
    assert "what was given is lost" in told("7.5", lambda video, *rest: longer(video, *rest)[len(video) :])
    assert "never asked" in told("7.5", lambda video, wanted, *rest: np.concatenate([video, video[-1:].repeat(wanted, 0)]))


def soft(denoise, clean, noise, known, level, tell=None, mix=None):
    tell = tell or (lambda known, sigma: torch.where(known, level, sigma))
    return lambda x, sigma: denoise(x, tell(known, sigma)), softened(denoise, clean, noise, known, level)[1] if mix is None else mix


@pytest.mark.parametrize(
    "answer, says",
    [
        (lambda d, c, n, k, v: soft(d, c, n, k, v, tell=lambda known, sigma: sigma), "still told that the window is clean"),
        (lambda d, c, n, k, v: soft(d, c, n, k, v, tell=lambda known, sigma: torch.full_like(sigma, v)), "only the known ones have it"),
        (lambda d, c, n, k, v: soft(d, c, n, k, v, tell=lambda known, sigma: sigma.clamp(min=v)), "cleaner than the window"),
        (lambda d, c, n, k, v: soft(d, c, n, k, v, mix=c), "the window is still clean"),
        (lambda d, c, n, k, v: soft(d, c, n, k, v, mix=c + v * n), "the noise is only added"),
        (lambda d, c, n, k, v: soft(d, c, n, k, v)[1], "two things are asked"),
    ],
)
def test_a_window_with_noise(answer, says, told):
    assert says in told("7.6", answer)
