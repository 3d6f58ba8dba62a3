"""Checkers of chapter 7: known groups, the best velocity of known and unknown frames, seams, gaps, pieces, a window with noise."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from minisora import flow
from minisora.check.compare import Wrong, called, same
from minisora.check.core import exercise
from minisora.frames import known_latents
from minisora.windows import joined

AXES = "B c t h w"


@exercise("7.1", "Which groups are known?")
def groups(answer: Callable) -> None:
    for gone, total in (((1, 8), 17), ((6, 7, 8), 17), ((0,), 9), (range(9, 33), 33), ((4, 5), 13), ((16,), 17), ((), 5), (range(5), 5)):
        missing = torch.zeros(total, dtype=torch.bool)
        missing[list(gone)] = True
        target = known_latents(missing)[0]
        rest = missing[1:].view(-1, 4)
        some = torch.cat((~missing[:1], ~rest.all(1)))
        causes = {
            "these are the groups that must be made; asked are the known ones: True where nothing is missing": ~target,
            "a group is known only when all of its frames are: one missing frame and the whole group is made anew": some,
            "a group is made anew when any of its frames is missing, not only its last one": torch.cat((~missing[:1], ~rest[:, -1])),
            "a group is made anew when any of its frames is missing, not only its first one": torch.cat((~missing[:1], ~rest[:, 0])),
            "that is an answer for each frame; asked is one for each group: frame 0 alone, then four at a time": ~missing,
            "frame 0 is a group of its own, and the fours begin at frame 1: 1-4, 5-8, ...":
                torch.stack([~part.any() for part in missing.split(4)]),
            "frames were cut into plain fours, 0-3, 4-7, ..., and the last one filled up; frame 0 is alone, then come 1-4, and nothing is "
            "left to fill up": torch.tensor([len(part) == 4 and not part.any() for part in missing.split(4)]),
            "the fours begin at frame 1, behind frame 0, which is alone; yours begin at frame 0":
                ~torch.cat((missing[:1], missing[:-1].view(-1, 4).any(1))),
            "frame 0 fills its group alone: nothing has to be put before it, least of all frames that are not known":
                torch.cat((missing[:1] & False, target[1:])),
            "frame 0 is a group of its own, before the fours": target[1:],
        }  # fmt: skip
        said = f"with {', '.join(map(str, gone)) if 0 < len(gone) < 5 else len(gone)} of {total} frames missing"
        same(called(answer, missing), target, causes, name=f"what is known {said}", axes="t")


@exercise("7.2", "The best velocity, each frame at its own noise")
def best(answer: Callable) -> None:
    for seed, shape in enumerate(((2, 1, 4, 1, 1), (1, 3, 5, 2, 2), (3, 2, 2, 1, 3))):
        generator = torch.Generator().manual_seed(seed)
        B, t = shape[0], shape[2]
        x, root = torch.randn(shape, generator=generator), torch.randn(t, t, generator=generator)
        cov = root @ root.T + 0.2 * torch.eye(t)
        sigma = 0.1 + 0.8 * torch.rand(B, t, generator=generator)
        for still in (False, True):
            if still:
                sigma[:, 0] = 0.0
            where = "when the first frame is known (sigma = 0)" if still else "when no frame is known"
            yours = called(answer, x, sigma, cov)
            if isinstance(yours, Tensor) and yours.shape == x.shape and not yours.isfinite().all():
                raise Wrong(f"{where} your velocity is not finite: nothing has to be divided by sigma here")
            target = best_velocity(x, sigma, cov)
            same(yours, target, mistakes(x, sigma, cov), name=f"the velocity {where}", axes=AXES, rtol=1e-3, atol=1e-3)


def best_velocity(x: Tensor, sigma: Tensor, cov: Tensor) -> Tensor:
    """The velocity E[noise - clean | x] in a world of Gaussian videos: x (B, c, t, h, w), sigma (B, t), cov (t, t) -> (B, c, t, h, w).

    Clean videos have mean 0 and, at each place and in each channel, the covariance `cov` of their frames. A frame whose sigma is 0 is
    known, and the others are then walked towards what is possible beside it. sigma (1, t) serves all videos. Built in chapter 7.
    """
    return _velocity(x, sigma, cov)


def softened(denoise: Callable, clean: Tensor, noise: Tensor, known: Tensor, level: float) -> tuple[Callable, Tensor]:
    """(a denoiser that is told the window's noise `level`, the latents (B, c, t, h, w) with that noise in their `known` (B, t) frames).

    Noise in what is conditioned on, with its level told: Ho et al. 2022 (Cascaded Diffusion Models, section 4). Built in chapter 7.
    """
    mixed = flow.add_noise(clean, noise, torch.full(known.shape, level, dtype=clean.dtype))
    return lambda x, sigma: denoise(x, torch.where(known, level, sigma)), mixed


def _velocity(x: Tensor, sigma: Tensor, cov: Tensor, noisy: Tensor | None = None, side: Tensor | None = None, part: str = "") -> Tensor:
    """The same; noisy, side: mistaken covariances of x, and of clean with x; part: what else is given back."""
    keep = 1 - sigma                                                                    # (B, t)
    if noisy is None:
        noisy = keep[:, :, None] * cov * keep[:, None] + torch.diag_embed(sigma**2)     # (B, t, t)
    rows = x.movedim(2, 1).flatten(2)                                                   # (B, t, c·h·w)
    surprise = torch.linalg.solve(noisy, rows) if len(noisy) == len(rows) else torch.linalg.inv(noisy) @ rows
    noise, clean = sigma[..., None] * surprise, cov @ ((keep if side is None else side)[..., None] * surprise)
    out = {"": noise - clean, "clean": clean, "noise": noise, "back": clean - noise}[part]
    return out.unflatten(2, x.movedim(2, 1).shape[2:]).movedim(1, 2)


def mistakes(x: Tensor, sigma: Tensor, cov: Tensor) -> dict[str, Tensor]:
    """What known mistakes in exercise 7.2 give."""
    keep = 1 - sigma
    one_side, unsquared = keep[:, :, None] * cov, keep[:, :, None] * cov * keep[:, None] + torch.diag_embed(sigma)
    square = torch.diag_embed(sigma**2)
    return {
        "that is the best guess of the clean frames; the velocity is that of the noise minus it": _velocity(x, sigma, cov, part="clean"),
        "that is the best guess of the noise; the velocity is it minus that of the clean frames": _velocity(x, sigma, cov, part="noise"),
        "it walks the wrong way round: the velocity is noise - clean, not clean - noise": _velocity(x, sigma, cov, part="back"),
        "all frames get the noise level of the first one": _velocity(x, sigma[:, :1].expand_as(sigma), cov),
        "noise of level sigma has the variance sigma², not sigma": _velocity(x, sigma, cov, noisy=unsquared),
        "cov is weakened on one side only: a covariance of two frames is weakened by both their (1 - sigma)":
            _velocity(x, sigma, cov, noisy=one_side + square),
        "x still has its clean frames in full here: each is weakened by its (1 - sigma)": _velocity(x, sigma, cov, noisy=cov + square),
        "for the clean guess: x holds each clean frame (1 - sigma) times, so their covariance is cov times that (1 - sigma)":
            _velocity(x, sigma, cov, side=torch.ones_like(keep)),
    }  # fmt: skip


@exercise("7.3", "How rough is a seam?")
def seam(answer: Callable) -> None:
    generator = torch.Generator().manual_seed(0)
    for at, fps in ((2, 8.0), (7, 8.0), (10, 24.0)):
        x = torch.randn(12, 2, generator=generator)
        before, over, after = _steps(x, at)
        bend, turn = over - (before + after) / 2, after - before
        place, speed = bend.norm(), turn.norm() * fps
        made = called(answer, x, at, fps)
        if not isinstance(made, (tuple, list)) or len(made) != 2:
            raise Wrong("two numbers are asked: the jump of position, and the jump of velocity")
        told = f"for a seam before frame {at}, {fps:g} frames a second: "
        for part, what in zip(made, ("position", "velocity"), strict=True):
            if isinstance(part, (Tensor, np.ndarray)) and part.reshape(-1).shape != (1,):
                raise Wrong(f"{told}the jump of {what} is a vector; a number is asked, its length: `.norm()`")
        off = "`at` is the first frame after the seam; your three steps sit one frame too"
        shifted = {f"{off} {word}": _steps(x, at + step) for word, step in (("early", -1), ("late", 1)) if at + step + 1 < len(x)}
        causes = {
            "the jump of position is not the step over the seam: of a thing that moves on steadily it must be 0": float(over.norm()),
            "the mean of the steps before and after is their half: (before + after) / 2": float((over - before - after).norm()),
            "the step over the seam is compared with the one before alone; take the mean of both neighbours": float((over - before).norm()),
            "lengths are taken first and then compared; put the steps together as vectors, and take the length last, so that a turn counts":
                float((over.norm() - (before.norm() + after.norm()) / 2).abs()),
            "lengths are taken first, and so it can even be negative; put the steps together as vectors, and take the length last":
                float(-(over.norm() - (before.norm() + after.norm()) / 2).abs()),
            "the length of a vector is not the sum of its two numbers: it is the root of the sum of their squares, `.norm()`":
                float(bend.abs().sum()),
            "that is the square of the length: take its root": float(bend.square().sum()),
        }  # fmt: skip
        causes |= {cause: float((o - (b + a) / 2).norm()) for cause, (b, o, a) in shifted.items()}
        same(made[0], float(place), causes, name=f"{told}the jump of position")
        causes = {
            "the jump of velocity is in units a second: steps are from frame to frame, so multiply by fps": float(speed) / fps,
            "the velocities before and after are subtracted as lengths; subtract the vectors first, so that a turn counts":
                float((after.norm() - before.norm()).abs() * fps),
            "`before` must lie wholly before the seam and `after` wholly after it; yours uses the step over it":
                float((over - before).norm() * fps),
            "lengths are taken first, and so it can even be negative; subtract the vectors first, and take the length last":
                float(-(after.norm() - before.norm()).abs() * fps),
            "the length of a vector is not the sum of its two numbers: it is the root of the sum of their squares, `.norm()`":
                float(turn.abs().sum() * fps),
            "`at` is the first frame after the seam; yours sits one frame too early":
                float((x[at - 1] - 2 * x[at - 2] + x[at - 3]).norm() * fps),
        }  # fmt: skip
        causes |= {cause: float((a - b).norm() * fps) for cause, (b, _, a) in shifted.items()}
        same(made[1], float(speed), causes, name=f"{told}the jump of velocity")


def _steps(x: Tensor, at: int) -> tuple[Tensor, Tensor, Tensor]:
    """The steps before, over and after the seam before frame `at`."""
    return x[at - 1] - x[at - 2], x[at] - x[at - 1], x[at + 1] - x[at]


@exercise("7.4", "A gap between what is given")
def gap(answer: Callable) -> None:
    rng = np.random.default_rng(0)
    one, other = (rng.integers(1, 256, (n, 4, 4, 3), dtype=np.uint8) for n in (9, 8))
    cases = ("what goes on", one, None), ("what came before", None, other), ("what leads over", one, other)
    for (word, before, after), more in zip(cases, (8, 12, 4), strict=True):
        frames, missing = joined(before, more, after)
        made = called(answer, before, more, after)
        if not isinstance(made, tuple) or len(made) != 2:
            raise Wrong("two things are asked: all frames, and which of them are missing")
        made = tuple(part.numpy() if isinstance(part, Tensor) else part for part in made)
        told, known = f"for {word} ({more} frames): ", ~missing
        gone = torch.from_numpy(missing)
        causes = {"True is for the missing frames, and yours are the known ones": ~gone}
        if before is None:
            causes["nothing stands before the gap, so frame 0 (coded alone) is missing too: one frame more than `more`"] = gone[1:]
            causes["the gap stands at the end, but what is given came after it"] = gone.flip(0)
        elif after is None:
            causes["one frame too many: only where nothing stands before the gap does frame 0 come on top"] = torch.cat((gone, gone[-1:]))
            causes["the gap stands at the beginning, but what is given came before it"] = gone.flip(0)
        yours = torch.from_numpy(made[1].copy()) if isinstance(made[1], np.ndarray) else made[1]
        same(yours, gone, causes, name=f"{told}which are missing", axes="T")
        if not isinstance(made[0], np.ndarray) or made[0].shape != frames.shape:
            raise Wrong(f"{told}the frames must be an array of shape {frames.shape}, as many as the mask has")
        if made[0].dtype != np.uint8:
            raise Wrong(f"{told}frames are uint8, yours {made[0].dtype}: give np.zeros a type")
        if not np.array_equal(made[0][known], frames[known]):
            raise Wrong(f"{told}what is given must stand there as it was, in its order")


@exercise("7.5", "Piece by piece")
def pieces(answer: Callable) -> None:
    for start, wanted, window, piece in ((17, 16, 9, 8), (25, 24, 9, 24), (13, 10, 5, 8), (33, 30, 9, 12)):
        given, shown = np.arange(1, start + 1, dtype=np.uint8)[:, None, None, None].repeat(3, 3), []
        told = f"{start} frames and {wanted} more, window {window}, pieces of {piece}: "

        def complete(frames, missing, shown=shown, given=given, told=told) -> np.ndarray:
            """Counts on from the last known frame."""
            _can_be_shown(frames, missing, given, told)
            shown.append((frames.copy(), missing.copy()))
            if len(shown) > 40:
                raise Wrong("it never ends: stop when the wanted frames are there")
            made = frames.copy()
            made[missing] = made[~missing][-1] + 1 + np.arange(missing.sum(), dtype=np.uint8)[:, None, None, None]
            return made

        made = called(answer, given, wanted, window, piece, complete)
        if not shown:
            raise Wrong("`complete` is never asked, but it alone can make frames")
        _shown_rightly(shown, window, piece, told)
        if not isinstance(made, np.ndarray) or made.shape[1:] != given.shape[1:]:
            raise Wrong(f"{told}an array of frames is asked, (T, H, W, 3) like the one that was given")
        if made.dtype != np.uint8:
            raise Wrong(f"{told}frames are uint8, yours {made.dtype}: give np.zeros a type")
        numbers, target = torch.from_numpy(made[:, 0, 0, 0].copy()), torch.arange(1, start + wanted + 1, dtype=torch.uint8)
        if torch.equal(numbers[: len(target)], target) and len(numbers) > len(target):
            raise Wrong(f"{told}the last piece sticks out: cut the video after the wanted number of frames")
        if torch.equal(numbers, target[start:]):
            raise Wrong(f"{told}what was given is lost: the answer is the whole video, from its first frame")
        if (numbers.int().diff() <= 0).any():
            raise Wrong(f"{told}frames come twice: `complete` gives the window back too; keep only what is new")
        if len(numbers) != len(target):
            few = ": as long as some are lacking, one more piece is needed, even if not all of it is" if len(shown) * piece < wanted else ""
            raise Wrong(f"{told}the video has {len(numbers)} frames; {len(target)} are asked{few}")
        same(numbers, target, name=f"{told}the video", axes="T")


def _can_be_shown(frames: object, missing: object, given: np.ndarray, told: str) -> None:
    """Raises Wrong when `complete` is shown something with which it cannot work, or the known frames as missing ones."""
    for part, word in ((frames, "frames"), (missing, "missing")):
        if not isinstance(part, np.ndarray):
            raise Wrong(f"{told}`complete` takes numpy arrays, as in exercise 7.4; its `{word}` came as a {type(part).__name__}")
    if missing.dtype != bool or missing.shape != frames.shape[:1]:
        raise Wrong(f"{told}`missing` is a True or False for each of the {len(frames)} frames; yours: {missing.dtype}, {missing.shape}")
    count = missing.sum()
    if 0 < count < len(frames) and missing[:count].all() and np.array_equal(frames[:count], given[-count:]):
        raise Wrong(f"{told}`missing` is the wrong way round: True is for the frames to be made, and yours is True for the window")
    if not 0 < count < len(frames):
        raise Wrong(f"{told}`missing` is {bool(count)} everywhere: it is False for the window, and True for the gap behind it")


def _shown_rightly(shown: list, window: int, piece: int, told: str) -> None:
    """Raises Wrong when `complete` was shown anything but the last frames so far and a gap behind them."""
    for number, (frames, missing) in enumerate(shown):
        known = frames[~missing][:, 0, 0, 0]
        if len(known) > window:
            raise Wrong(f"{told}`complete` was shown {len(known)} known frames; only the last {window} of the video so far are asked")
        if len(frames) != len(missing) or (len(frames) - 1) % 4:
            raise Wrong(f"{told}`complete` was shown {len(frames)} frames: the window and the gap together must be 1 + 4k")
        if missing[: len(known)].any() or missing.sum() > piece:
            raise Wrong(f"{told}the gap stands behind the window, and has at most {piece} frames")
        if number and known[-1] == shown[0][0][~shown[0][1]][-1, 0, 0, 0]:
            raise Wrong(f"{told}every piece goes on from the given video; each must go on from where the last one ended")


@exercise("7.6", "A window with noise")
def window_with_noise(answer: Callable) -> None:
    for seed, (level, known) in enumerate(((0.2, [1, 1, 0, 0, 0]), (0.5, [0, 0, 0, 1]), (0.1, [1, 0, 1]))):
        generator, t = torch.Generator().manual_seed(seed), len(known)
        clean, noise, x = (torch.randn(2, 3, t, 2, 2, generator=generator) for _ in range(3))
        known, asked = torch.tensor(known, dtype=torch.bool).expand(2, -1), []

        def denoise(x: Tensor, sigma: Tensor, asked: list = asked) -> Tensor:
            asked.append(sigma)
            return x * flow.per_frame(sigma)

        made = called(answer, denoise, clean, noise, known, level)
        if not isinstance(made, tuple) or len(made) != 2 or not callable(made[0]):
            raise Wrong("two things are asked: a function (x, sigma) -> velocity, and the latents with noise in their window")
        mixed = flow.add_noise(clean, noise, torch.full((2, t), level))
        if not isinstance(made[1], Tensor) or made[1].shape != clean.shape:
            raise Wrong(f"the latents must keep their shape {tuple(clean.shape)}")
        keep = known[:, None, :, None, None].expand_as(clean)
        causes = {
            "the window is still clean: mix noise of the level into the known frames": clean[keep],
            "the noise is only added: as on every line, the clean latents fade at the same time": (clean + level * noise)[keep],
        }
        same(made[1][keep], mixed[keep], causes, name="the window")
        for now in (0.9, level / 2):  # above the window's level, and below it
            sigma = torch.where(known, 0.0, now)
            told = torch.where(known, level, now)
            asked.clear()
            out = called(made[0], x, sigma)
            if len(asked) != 1:
                raise Wrong(f"your function asks the network {len(asked)} times; once is right")
            causes = {
                "the network is still told that the window is clean (sigma = 0): say its level": sigma,
                "near the end the unknown frames are cleaner than the window; tell their own level all the same": sigma.clamp(min=level),
                "all frames are told the window's level: only the known ones have it": torch.full((2, t), level),
                "the levels are the wrong way round: the known frames have the window's level": torch.where(known, now, level),
            }
            same(asked[0], told, causes, name=f"what the network is told at sigma = {now:g}", axes="B t")
            same(out, x * flow.per_frame(told), name="the velocity", axes=AXES)
