"""The checkers of chapter 6: noise for what is not known, a step that leaves the known alone, masks, fitting, leaks. Built in chapter 6."""

import torch
from torch import Tensor

from minisora.check.compare import squares
from minisora.check.core import Wrong, called, exercise, same
from minisora.flow import add_noise
from minisora.frames import known_latents, mask


def _random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _wide(known: Tensor) -> Tensor:
    return known[:, None, :, None, None]


@exercise("6.1", "Noise for what is not known")
def noisy(answer) -> None:
    for seed, (B, c, t, h, w) in enumerate(((3, 2, 5, 4, 2), (2, 3, 3, 2, 4), (4, 1, 4, 2, 2))):
        clean, noise = _random(B, c, t, h, w, seed=seed), _random(B, c, t, h, w, seed=seed + 10)
        level = torch.linspace(0.9, 0.3, B)
        known = torch.stack([torch.arange(t) == row % t for row in range(B)])
        known[0, -1] = True
        even = level[:, None].expand(B, t).contiguous()
        sigma, other = torch.where(known, 0.0, even), torch.where(known, even, 0.0)
        target = add_noise(clean, noise, sigma)
        causes = {
            "the known frames are noisy too: where a frame is known its sigma is 0": (add_noise(clean, noise, even), even),
            "x is right, but sigma tells the network that the known frames are noisy: it is 0 for them": (target, even),
            "sigma is right, but in x the known frames are noisy: use sigma, not level, to mix clean and noise":
                (add_noise(clean, noise, even), sigma),
            "it is the wrong way round: the known frames got the noise": (add_noise(clean, noise, other), other),
            "clean and noise are swapped: sigma is the share of the noise": (add_noise(noise, clean, sigma), sigma),
            "known frames are 0 in x: there they are `clean`": (target * ~_wide(known), sigma),
        }  # fmt: skip
        given = called(answer, clean, noise, level, known)
        if not isinstance(given, (tuple, list)) or len(given) != 2:
            raise Wrong("two things are asked: x, and the noise level of each frame")
        same(tuple(given), (target, sigma), causes, name="the pair (x, sigma)")


@exercise("6.2", "One step of the sampler")
def one_step(answer) -> None:
    for seed, (B, c, t, h, w) in enumerate(((2, 3, 5, 2, 4), (3, 1, 4, 2, 2), (1, 2, 3, 4, 2))):
        now, then = ((0.8, 0.7), (1.0, 0.6), (0.3, 0.0))[seed]
        x = _random(B, c, t, h, w, seed=seed)
        known = torch.stack([torch.arange(t) <= row % (t - 1) for row in range(B)])
        asked: list[Tensor] = []

        def denoise(x: Tensor, sigma: Tensor, asked=asked) -> Tensor:
            """Frames look at one another, and at all levels."""
            asked.append(sigma)
            level = _wide(torch.as_tensor(sigma).expand(len(x), x.shape[2]) if torch.as_tensor(sigma).dim() < 2 else sigma)
            return torch.tanh(x + 2 * level) - x.mean(2, keepdim=True) * (1 + level.mean(2, keepdim=True))

        even, sigma = torch.full((B, t), now), torch.where(known, 0.0, now)
        velocity, misled, early = denoise(x, sigma), denoise(x, even), denoise(x, torch.where(known, 0.0, then))
        keep = _wide(known)
        target = torch.where(keep, x, x + (then - now) * velocity)
        causes = {
            "the known frames move: after the step they are what they were": x + (then - now) * velocity,
            "the known frames stay, but the network was told that they are as noisy as the rest: their level is 0":
                torch.where(keep, x, x + (then - now) * misled),
            "the known frames move, and the network was not told that they are known": x + (then - now) * misled,
            "the network is told the level `then`, to which the step leads; it must be told where x is: `now`":
                torch.where(keep, x, x + (then - now) * early),
            "it goes towards more noise: the step is then - now, which is below 0": torch.where(keep, x, x + (now - then) * velocity),
            "it goes all the way to the clean guess: the step is only then - now long": torch.where(keep, x, x - now * velocity),
            "it is the wrong way round: the known frames move, and the others stay": torch.where(keep, x + (then - now) * velocity, x),
            "nothing moved": x,
        }  # fmt: skip
        asked.clear()
        given = called(answer, denoise, x, known, now, then)
        same(given, target, causes, name="x after the step", axes="B c t h w")
        if not torch.equal(given[keep.expand_as(x)], x[keep.expand_as(x)]):
            raise Wrong("the known frames are only nearly what they were: choose them with torch.where, so that they stay bit for bit")
        if len(asked) != 1:
            raise Wrong(f"the result is right, but the network was called {len(asked)} times: once is enough for a step of Euler's")


@exercise("6.3", "The kinds of masks")
def which(answer) -> None:
    cases = [(kind, t, 1) for kind in ("first", "last", "ends") for t in (3, 5, 9, 1)]
    cases += [(kind, t, window) for kind in ("prefix", "suffix") for t, window in ((5, 2), (9, 3), (3, 9), (4, 4), (1, 2))]
    for kind, t, asked in cases:
        window, target = min(asked, t - 1), mask(kind, t, window=asked)
        place = torch.arange(t)
        swapped = "with a single frame nothing can be known: it has to be made" if t == 1 else (
            "True and False are swapped: True is for the frames that are known")  # fmt: skip
        causes = {swapped: ~target}
        if kind == "ends":
            causes |= {"only the first: both ends are known": place == 0, "only the last: both ends are known": place == t - 1}
        if kind in ("prefix", "suffix"):
            causes |= {
                "nothing is left to be made: however long the window, at most t - 1 frames are known": torch.ones(t, dtype=torch.bool),
                "it is at the wrong end": mask("suffix" if kind == "prefix" else "prefix", t, window=window),
                "the window is forgotten: only one frame is known": mask("first" if kind == "prefix" else "last", t),
                "the window is one frame too long": place <= window if kind == "prefix" else place >= t - window - 1,
            }
        same(called(answer, kind, t, asked), target, causes, name=f"which({kind!r}, {t}, {asked})", axes="t", picture=squares)


@exercise("6.4", "Rounded outward")
def known_of(answer) -> None:
    for frames, gone in ((13, (7, 8, 9)), (17, (0,)), (9, tuple(range(1, 9))), (17, (4, 16)), (1, (0,)), (13, ()), (21, (1, 5, 9, 20))):
        missing = torch.zeros(frames, dtype=torch.bool)
        missing[list(gone)] = True
        target = known_latents(missing)[0]
        groups = missing[1:].reshape(-1, 4)
        fours, filled = (torch.nn.functional.pad(missing, (0, -frames % 4), value=value).reshape(-1, 4) for value in (False, True))
        causes = {
            "these are the latent frames that are missing; those that are known are asked": ~target,
            "a latent frame counts as known here as soon as one of its frames is; all of them must be":
                torch.cat((~missing[:1], ~groups.all(1))),
            "frames were cut into plain fours, 0 to 3, 4 to 7 …: frame 0 is alone, then come 1 to 4": ~fours.any(1),
            "frames were cut into plain fours, 0 to 3, 4 to 7 …, and the last four filled up with frames that are not known: frame 0 is "
            "alone, then come 1 to 4, and nothing is left to fill up": ~filled.any(1),
            "the fours begin at frame 1, behind frame 0, which is alone; yours begin at frame 0":
                ~torch.cat((missing[:1], missing[:-1].reshape(-1, 4).any(1))),
            "frame 0 fills its latent frame alone: nothing has to be put before it, least of all frames that are not known":
                torch.cat((missing[:1] & False, ~groups.any(1))),
            "frame 0 was left out: it is a latent frame of its own": ~groups.any(1),
        }  # fmt: skip
        name = f"what is known with {', '.join(map(str, gone)) or 'nothing'} missing of {frames} frames"
        same(called(answer, missing), target, causes, name=name, axes="t")


@exercise("6.5", "Cover, then cut")
def cover(answer) -> None:
    for tall, wide, height, width in ((320, 240, 64, 64), (240, 320, 64, 64), (100, 100, 64, 96), (480, 640, 64, 96), (30, 50, 64, 64)):
        scales = height / tall, width / wide
        rows, columns = (round(side * max(scales)) for side in (tall, wide))
        small = [round(side * min(scales)) for side in (tall, wide)]
        top, left = (rows - height) // 2, (columns - width) // 2
        causes = {
            "this squeezes the picture into the frame: both sides must shrink by the same factor": (height, width, 0, 0),
            "it fits inside the frame and leaves bars: take the larger of the two factors, so that it covers":
                (*small, (small[0] - height) // 2, (small[1] - width) // 2),
            "the size is right, but the upper left corner is kept: cut as much on either side": (rows, columns, 0, 0),
            "the size is right, but all that is too much is cut on one side: half of it above, half below":
                (rows, columns, rows - height, columns - width),
            "rows and columns are swapped: rows come first": (columns, rows, left, top),
        }  # fmt: skip
        given = called(answer, tall, wide, height, width)
        same(tuple(given), (rows, columns, top, left), causes, name=f"cover({tall}, {wide}, {height}, {width})")


@exercise("6.6", "Find the leak")
def leak(answer) -> None:
    def causal(video: Tensor) -> Tensor:
        return video[:, :, ::4].mean((3, 4), keepdim=True) + video[:, :, :1, :2, :2]    # (B, 3, t, 2, 2)

    def fours(video: Tensor) -> Tensor:
        return video[:, :, :16].unflatten(2, (4, 4)).mean(3)[..., :2, :2]

    def normed(video: Tensor) -> Tensor:
        z = causal(video)
        return z / z.std((1, 2, 3, 4), keepdim=True)

    for seed, (code, word) in enumerate(((fours, "cut into fours"), (normed, "normed over time"), (causal, "causal"))):
        video, other = _random(2, 3, 17, 4, 4, seed=seed), 2 * _random(2, 3, 17, 4, 4, seed=seed + 10)
        difference = code(torch.cat((video[:, :, :1], other[:, :, 1:]), 2)) - code(video)
        strange, last = code(other) - code(video), code(torch.cat((other[:, :, :1], video[:, :, 1:]), 2)) - code(video)
        causes = {
            "the first frame is the other video's too: then of course its latent changes": _size(strange[:, :, 0]),
            "it is the past that was changed, not the future: keep the first frame, change all others": _size(last[:, :, 0]),
            "all latent frames are compared; later ones may change, the first may not": _size(difference),
            "the last latent frame is compared; it is the first that must not know the future": _size(difference[:, :, -1]),
            "this is the mean square: take its root": _size(difference[:, :, 0]) ** 2,
            "this is the mean absolute difference: the root of the mean square is asked": difference[:, :, 0].abs().mean().item(),
            "this is the plain mean, in which ups and downs cancel": difference[:, :, 0].mean().item(),
        }
        target = _size(difference[:, :, 0])
        if not target:  # what is wrong was told above; where nothing leaks, several mistakes give 0 as well
            causes = {cause: value for cause, value in causes.items() if value}
        same(called(answer, code, video, other), target, causes, name=f"the leak of a code that is {word}")


def _size(difference: Tensor) -> float:
    return difference.square().mean().sqrt().item()
