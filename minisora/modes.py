"""Every way in beside a sentence: a picture, a video that goes on, gaps in it, two videos, a loop, another look. Built in chapters 6 and 7.

One mechanism carries them all (frames.py): what is known is coded and held at noise level 0, the rest is denoised around it. A mode
only chooses which frames stand where. As the autoencoder looks back in time, frames after a gap are coded as if their first had stood
still all through it: over held-out clips that changes their first latents by 4 % of their deviation, and later ones by less than 1 %.
Known frames come back as they were given, not through the autoencoder.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from minisora.errors import UserError
from minisora.fitting import fitted
from minisora.flow import add_noise
from minisora.frames import known_latents, latent_of
from minisora.limits import (
    DEFAULT_GUIDANCE,
    DEFAULT_STEPS,
    LONGEST,
    MAX_SECONDS,
    TAKES,
    TRAINED_SECONDS,
    Progress,
    check_request,
    check_share,
    check_takes,
)
from minisora.patches import FRAMES_A_LATENT
from minisora.video import Video
from minisora.windows import Known, even, head, held, joined, known_frames, settled, tail, whole
from minisora.world.scene import FPS, frame_count

MOST = frame_count(TRAINED_SECONDS)  # frames of a piece of an extension, or of what leads over, known ones included
WINDOW = 1.0  # seconds of a video that its extension sees
DIRECTIONS = ("forward", "backward")


@dataclass(frozen=True)
class How:
    """What every mode takes beside its own arguments. None is what suits: of guidance the mode, of height and width what is given."""

    seed: int = 0
    steps: int = DEFAULT_STEPS
    guidance: float | None = None
    progress: Progress | None = None
    height: int | None = None
    width: int | None = None

    def check(self, prompt: str, seconds: float = 1.0, **more) -> None:
        sides = self.height or 64, self.width or 64
        guidance = DEFAULT_GUIDANCE if self.guidance is None else self.guidance
        check_request(prompt, seconds, *sides, seed=self.seed, steps=self.steps, guidance=guidance, **more)

    def guided(self, prompt: str, usual: float = DEFAULT_GUIDANCE) -> float:
        """The guidance under this sentence; without one there is none."""
        return 1.0 if not prompt.strip() else usual if self.guidance is None else self.guidance

    def fitted(self, thing: Any, name: str) -> Video:
        return fitted(thing, self.height, self.width, name)[0]


class Modes:
    """The methods that MiniSora has beside `generate`. Their **how is `seed`, `steps`, `guidance` and `progress` as there, and `height`
    and `width`. Images and videos are a Video, the name of a file, a PIL image or an array (fitting.py); what was done to them, and what
    was rounded, is in the result's `note`."""

    def image(self, prompt: str, height: int = 64, width: int = 64, **how) -> Video:
        """The picture that `prompt` describes: a video of one frame. Raises UserError like `generate`. Built in chapter 6."""
        how = How(height=height, width=width, **how)
        how.check(prompt)
        return self._completed(np.zeros((1, height, width, 3), np.uint8), np.ones(1, bool), prompt, how)

    def animate(self, image: Any, prompt: str, seconds: float = 2.0, **how) -> Video:
        """Brings a still image to life: the first frame is the image, the rest is what `prompt` says. Of a video, its first frame counts.

        seconds: above 0, up to 8. Raises UserError when the image cannot be read. Built in chapter 6.
        """
        how = How(**how)
        how.check(prompt, seconds)
        first = how.fitted(image, "image")
        more = max(frame_count(seconds) - 1, FRAMES_A_LATENT)
        return _noted(self._completed(*joined(first.frames[:1], more), prompt, how), first)

    def extend(
        self, video: Any, prompt: str, seconds: float = 2.0, direction: str = "forward", *, window: float = WINDOW,
        window_noise: float = 0.0, **how,
    ) -> Video:  # fmt: skip
        """The video and `seconds` more, "forward" after its end or "backward" before its beginning; piece by piece, up to 60 s.

        Each piece sees the nearest `window` seconds, so that speed goes on and not only position. window_noise: in [0, 1], how much
        noise is mixed into what it sees, against faults that feed on themselves over many pieces (chapter 7). Raises UserError when the
        video has a single frame, or cannot be read. Built in chapter 7.
        """
        how = How(**how)
        how.check(prompt, seconds, longest=LONGEST)
        check_share("window_noise", window_noise, 0.1)
        if direction not in DIRECTIONS:
            raise UserError(f"direction={direction!r}: it is {' or '.join(DIRECTIONS)}. Try direction='forward'.")
        if not 0.5 <= window <= 2:
            raise UserError(f"window={window:g}: the piece that an extension sees lasts 0.5 to 2 s. Try window={WINDOW:g}.")
        given = how.fitted(video, "video")
        if len(given) == 1:
            raise UserError("video: it has one frame, and nothing moves in it that could go on. Bring it to life: animate(image, prompt)")
        frames, wanted, groups = given.frames, max(1, round(seconds * FPS)), round(window * FPS / FRAMES_A_LATENT)
        pieces = -(-wanted // (MOST - 1 - FRAMES_A_LATENT * groups))
        each = -(-wanted // (FRAMES_A_LATENT * pieces)) * FRAMES_A_LATENT
        for piece in range(pieces):
            more = min(each, whole(wanted - len(frames) + len(given)))
            near = joined(tail(frames, groups), more) if direction == "forward" else joined(None, more, head(frames, groups))
            made = self._completed(*near, prompt, how, window_noise, piece, pieces).frames
            frames = np.concatenate([frames, made[-more:]] if direction == "forward" else [made[1 : 1 + more], frames])
        total = len(given) + wanted
        return self._told(frames[:total] if direction == "forward" else frames[-total:], prompt, given)

    def fill(self, video: Any, prompt: str = "", *, known: Known, **how) -> Video:
        """The video with what is missing made anew; `known` frames come back as they are.

        known: numbers of frames at 8 per second, as "0-4,12-16" or as a list; or a bool for each frame. Gaps are rounded outward to the
        autoencoder's groups of frames (0, 1-4, 5-8, …), which `note` tells. prompt: may be empty. Raises UserError when `known` does
        not fit the video, leaves nothing to be made or nothing to hold on to, or the video lasts more than 8 s. Built in chapter 7.
        """
        how = How(**how)
        how.check(prompt, wordless=True)
        given = how.fitted(video, "video")
        made = self._completed(*even(_short(given), ~known_frames(known, len(given))), prompt, how)
        return _noted(Video(made.frames[: len(given)], FPS, made.alt or given.alt, made.unknown, made.note), given)

    def connect(self, a: Any, b: Any, prompt: str, seconds: float = 1.0, **how) -> Video:
        """`a`, then `seconds` that lead over, then `b` (fitted to the size of `a`), all as one video.

        seconds: 0.5 to 3, rounded to half seconds. Raises UserError when one of the two cannot be read. Built in chapter 7.
        """
        how = How(**how)
        how.check(prompt, seconds)
        first = how.fitted(a, "a")
        second = fitted(b, first.height, first.width, "b")[0]
        bridge, note = self._bridged(first.frames, second.frames, prompt, seconds, how)
        return self._told(np.concatenate([first.frames, bridge, second.frames]), prompt, first, second, note=note)

    def loop(self, video: Any, prompt: str = "", seconds: float = 1.0, *, takes: int = TAKES, **how) -> Video:
        """The video and `seconds` more that lead from its end back to its beginning, so that it can be played for ever.

        seconds: 0.5 to 3, rounded to half seconds. prompt: may be empty. takes: how many ways back are made, from 1 to 20; the one whose
        ends jump least is kept. Raises UserError when the video has a single frame, or cannot be read. Built in chapter 7.
        """
        how = How(**how)
        how.check(prompt, seconds, wordless=True)
        check_takes(takes)
        given = how.fitted(video, "video")
        if len(given) == 1:
            raise UserError("video: it has one frame, and a picture is its own loop. Give a video of at least two frames.")
        made = [self._bridged(given.frames, given.frames, prompt, seconds, how, take, takes) for take in range(takes)]
        bridge, note = min(made, key=lambda one: max(jump(given.frames[-1], one[0][0]), jump(one[0][-1], given.frames[0])))
        return self._told(np.concatenate([given.frames, bridge]), prompt, given, note=note)

    def edit(self, video: Any, prompt: str, strength: float = 0.6, **how) -> Video:
        """The same motion with another place, look or colour: noise is mixed in, and taken out again under the new prompt.

        strength: the noise level, from 0 (the video as it is) to 1 (nothing of it is left). SDEdit (Meng et al. 2022, section 3).
        Raises UserError when strength is anything else, or the video lasts more than 8 s or cannot be read. Built in chapter 7.
        """
        how = How(**how)
        how.check(prompt)
        check_share("strength", strength, 0.6)
        given = how.fitted(video, "video")
        if strength == 0:
            return self._told(_short(given), prompt, given)
        made = self._completed(*even(_short(given), np.ones(len(given), bool)), prompt, how, start=float(strength)).frames
        return self._told(made[: len(given)], prompt, given)

    # What they are made of -----------------------------------------------------------------------------------------------

    def _completed(
        self, frames: np.ndarray, missing: np.ndarray, prompt: str, how: How, noise: float = 0.0, piece: int = 0, pieces: int = 1,
        start: float = 1.0, between: bool = False,
    ) -> Video:  # fmt: skip
        """Frames (1 + 4k, H, W, 3) in which those that are `missing` are made anew around the others, or (start < 1) out of themselves."""
        known, told = known_latents(torch.from_numpy(missing))
        steps = max(1, round(how.steps * start))
        options = {}
        if known.any() or start < 1:
            options["clean"] = self.encoded(frames if start < 1 else held(frames, missing))
        if known.any():
            options["known"] = known[None]
        seen = options.get("clean")
        if noise:
            blur = torch.randn(2, *seen.shape, generator=torch.Generator().manual_seed(how.seed + piece))[1]
            options |= {"clean": add_noise(seen, blur, torch.full((1, len(known)), noise)), "level": noise}
        height, width = frames.shape[1:3]
        guidance = how.guided(prompt, 1.0 if between else DEFAULT_GUIDANCE)  # between two ends, these say most of what must happen
        with self.precision():
            for step in self.sample_steps(
                prompt, len(frames), height, width, seed=how.seed + piece, steps=steps, guidance=guidance, start=start, **options
            ):
                if how.progress:
                    how.progress(piece * steps + step.index, pieces * steps)
            x = step.x if seen is None else torch.where(known[None, None, :, None, None], seen, step.x)  # the decoder looks back
            video = self.decoded(x, height, width, prompt)
        video.frames = settled(video.frames, frames, np.array([bool(known[latent_of(index)]) for index in range(len(frames))]))
        video.note = told
        return video

    def _bridged(
        self, a: np.ndarray, b: np.ndarray, prompt: str, seconds: float, how: How, take: int = 0, takes: int = 1
    ) -> tuple[np.ndarray, str]:
        """Frames that lead from the end of `a` to the beginning of `b`, and what was rounded. take: which of so many `takes` this is."""
        more = FRAMES_A_LATENT * max(1, round(seconds * FPS / FRAMES_A_LATENT))
        room = (MOST - 1 - more) // FRAMES_A_LATENT  # groups of frames to be seen of both
        if room < 2:
            longest = (MOST - 1) / FPS - 2 * FRAMES_A_LATENT / FPS
            raise UserError(f"seconds={seconds:g}: what leads over lasts up to {longest:g} s. Try seconds=1, or extend() the first video.")
        groups = min(room // 2, round(WINDOW * FPS / FRAMES_A_LATENT))
        end = tail(a, groups)
        video = self._completed(*joined(end, more, head(b, groups)), prompt, how, piece=take, pieces=takes, between=True)
        made = video.frames[len(end) : len(end) + more]
        return made, "" if more == seconds * FPS else f"{more / FPS:g} s lead over instead of {seconds:g}: frames are coded in groups of 4."

    def _told(self, frames: np.ndarray, prompt: str, *given: Video, note: str = "") -> Video:
        """The finished video with what there is to say about it."""
        unknown = tuple(self.tokenizer.unknown_words(prompt))
        return _noted(Video(np.ascontiguousarray(frames), FPS, prompt.strip() or given[0].alt, unknown, note), *given)


def jump(frame: np.ndarray, then: np.ndarray) -> float:
    """Mean absolute difference of two frames (H, W, 3) uint8, in levels."""
    return float(np.abs(frame.astype(np.float32) - then).mean())


def _noted(video: Video, *given: Video) -> Video:
    """`video` with the notes on what it was made from before its own."""
    video.note = " ".join(dict.fromkeys(note for note in (*(source.note for source in given), video.note) if note))
    return video


def _short(given: Video) -> np.ndarray:
    """The frames of a video that can be changed at once. Raises UserError when there are more."""
    if len(given) > frame_count(MAX_SECONDS):
        raise UserError(f"video: it lasts {given.seconds:g} s, and at most {MAX_SECONDS:g} s can be changed at once. Give a shorter piece.")
    return given.frames
