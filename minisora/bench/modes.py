"""The suite "modes": every way in beside a sentence, measured on held-out scenes of which the truth is known. Built in chapter 8.

model: what the mode makes. truth: the scene itself. autoencoder: the truth encoded and decoded where something was to be made, settled
beside the known frames, which is what a perfect denoiser would give. chance: the made frames are another scene's; for a loop and an
edit, the video as it was given. Numbers that are not shares are medians; units are in the names' explanations, `MEANING`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minisora.windows import settled
from minisora.world.scene import FPS

from .lines import Makers
from .mode_cases import ModeCase
from .oracle import judge
from .parse import Seen, parse
from .report import LINES, Tally
from .seams import away, change, colours, crossed, drift, psnr, seam

EXTENSIONS = 4
STRENGTHS = (30, 50, 70, 90)  # hundredths
BEFORE = np.array([False, True])  # of two frames, the second is given
GIVEN = ("loop", "edit")  # here chance is the video as it was given
WHO, DOES = ("kind", "colour", "size", "count"), ("motion", "order")
MEANING = {  # of what is not the share of rights
    "animate first frame": "dB between the image and itself through the autoencoder: as which the denoiser sees it",
    "animate second frame": "dB between the image and the frame after it",
    "seam position": "units (of the frame's shorter side) by which the step over the seam differs from its neighbours",
    "seam velocity": "units / s by which the velocity changes over the seam",
    "drift colour": "levels of 255 between the mean colour of the first second and that of the first, second, third, fourth extension",
    "drift contrast": "share by which the contrast has changed",
    "drift saturation": "share by which the saturation has changed",
    "backward differ": "levels of 255 between the first frames of three beginnings of one ending",
    "fill away": "units between everybody and where the truth has them, in the gap",
    "fill psnr": "dB between the gap and the truth",
    "loop jump": "change from last to first frame over the largest between neighbours of the given video; up to 1 is seamless",
    "edit way": "units between everybody's way and the given one's, at strengths in hundredths",
}
Found = list[tuple[str, bool | float]]


@dataclass(frozen=True)
class Trial:
    """One case's truth and how the lines make their own version of it."""

    case: ModeCase
    other: ModeCase  # whose frames chance takes
    makers: Makers

    @property
    def truth(self) -> np.ndarray:
        return self.case.truth

    def how(self, more: int = 0) -> dict:
        return {**self.makers.options, "seed": (self.makers.seed + self.case.ask.seed + more) % 2**31}

    def made(self, line: str, known: np.ndarray, model) -> np.ndarray:
        """The video as a line has it: what is not `known` (T,) is the truth's, the autoencoder's, a stranger's, or what `model` makes."""
        if line == "model":
            return model(self.makers.sora)
        if line == "truth":
            return self.truth
        if line == "autoencoder":
            return settled(self.makers.autoencoder(self.truth), self.truth, known)
        return np.where(known[:, None, None, None], self.truth, self.other.truth)

    def verdicts(self, video: np.ndarray | Seen, dimensions: tuple[str, ...]) -> list[bool]:
        return [right for dimension, right in judge(video, self.case.ask.claims) if dimension in dimensions]


def _span(total: int, *known: slice) -> np.ndarray:
    marks = np.zeros(total, bool)
    for part in known:
        marks[part] = True
    return marks


def _seams(name: str, seen: Seen, *at: int) -> Found:
    found: Found = []
    for frame in at:
        for position, velocity in seam(seen, frame):
            found += [(f"{name} seam position", position), (f"{name} seam velocity", velocity)]
        found += [(f"{name} goes on", still) for still in crossed(seen, frame)]
    return found


def animate(trial: Trial, line: str) -> Found:
    truth, known = trial.truth, _span(len(trial.truth), slice(1))
    video = trial.made(line, known, lambda sora: sora.animate(truth[0], trial.case.ask.prompt, 2.0, **trial.how()).frames)
    seen = parse(video)
    found: Found = [("animate characters", right) for right in trial.verdicts(seen, WHO)]
    found += [("animate action", right) for right in trial.verdicts(seen, DOES)]
    if line == "autoencoder":
        found.append(("animate first frame", psnr(trial.makers.autoencoder(truth[:1])[0], truth[0])))
    return [*found, ("animate second frame", psnr(video[1], truth[0])), ("animate image kept", bool((video[0] == truth[0]).all()))]


def extend(trial: Trial, line: str) -> Found:
    truth, known = trial.truth, _span(len(trial.truth), slice(9))
    video = trial.made(line, known, lambda sora: sora.extend(truth[:9], trial.case.ask.prompt, 1.0, **trial.how()).frames)
    seen = parse(video)
    found = _seams("extend", seen, 9) + [("extend action", right) for right in trial.verdicts(seen, DOES)]
    return [*found, ("extend known kept", bool((video[known] == truth[known]).all()))]


def lasting(trial: Trial, line: str) -> Found:
    """Four extensions of a second, one after the other."""

    def model(sora):
        video = trial.truth[:9]
        for number in range(EXTENSIONS):
            video = sora.extend(video, trial.case.ask.prompt, 1.0, **trial.how(number)).frames
        return video

    video = trial.made(line, _span(len(trial.truth), slice(9)), model)
    found: Found = []
    for number in range(1, EXTENSIONS + 1):
        parts = drift(video[:9], video[9 + FPS * (number - 1) : 9 + FPS * number])
        found += [(f"drift {what} {number}", part) for what, part in zip(("colour", "contrast", "saturation"), parts, strict=True)]
    return found


def backward(trial: Trial, line: str) -> Found:
    truth, known = trial.truth, _span(len(trial.truth), slice(9, None))

    def model(more: int):
        return lambda sora: sora.extend(truth[9:], trial.case.ask.prompt, 9 / FPS, "backward", **trial.how(more)).frames

    video = trial.made(line, known, model(0))
    found = [*_seams("backward", parse(video), 9), ("backward ending kept", bool((video[known] == truth[known]).all()))]
    if line == "model":
        first, second, third = (frames[0] for frames in (video, trial.made(line, known, model(1)), trial.made(line, known, model(2))))
        found += [("backward differ", change(a, b)) for a, b in ((first, second), (second, third), (third, first))]
    return found + [("backward differ", change(video[0], truth[0]))] * (line == "chance")


def fill(trial: Trial, line: str) -> Found:
    truth, known = trial.truth, _span(len(trial.truth), slice(5), slice(13, 17))
    video = trial.made(line, known, lambda sora: sora.fill(truth, trial.case.ask.prompt, known=known, **trial.how()).frames)
    seen = parse(video)
    found = _seams("fill", seen, 5, 13) + [("fill score", right) for right in trial.verdicts(seen, (*WHO, *DOES, "relation", "camera"))]
    found += [("fill away", gap) for gap in away(seen, parse(truth), ~known)] if line != "truth" else []
    found += [("fill psnr", psnr(video[~known], truth[~known]))] if line != "truth" else []
    return [*found, ("fill known kept", bool((video[known] == truth[known]).all()))]


def connect(trial: Trial, line: str) -> Found:
    """Two pieces of one scene, or (in every second case) of two scenes, of which there is no truth."""
    truth, known = trial.truth, _span(len(trial.truth), slice(9), slice(17, None))
    apart = len(trial.case.asks) > 1
    if apart and line in ("truth", "autoencoder"):
        return []
    end = trial.case.asks[1].truth()[:8] if apart else truth[17:]
    video = trial.made(line, known, lambda sora: sora.connect(truth[:9], end, trial.case.ask.prompt, 1.0, **trial.how()).frames)
    video = np.concatenate([video[:17], end])
    seen = parse(video)
    first, bridge, last = (colours(seen, part) for part in (slice(9), slice(9, 17), slice(17, None)))
    found: Found = [("connect no births", bridge <= first | last), ("connect no losses", first & last <= bridge)]
    return _seams("connect", seen, 9, 17) + found + [("connect ends kept", bool((video[known] == np.concatenate([truth[:9], end])).all()))]


def loop(trial: Trial, line: str) -> Found:
    truth = trial.truth
    if line == "truth":
        return []
    largest = max(0.1, *(change(a, b) for a, b in zip(truth[:-1], truth[1:], strict=True)))
    if line == "autoencoder":  # what it alone makes of the step from a made frame to a given one
        pairs = [np.stack(pair) for pair in zip(trial.makers.autoencoder(truth)[:-1], truth[1:], strict=True)]
        return [("loop jump", float(np.median([change(*settled(pair, pair, BEFORE)) for pair in pairs])) / largest)]
    video = trial.makers.sora.loop(truth, trial.case.ask.prompt, **trial.how()).frames if line == "model" else truth
    jump = change(video[-1], video[0]) / largest
    found: Found = [("loop jump", jump), ("loop closes", jump <= 1.0)]
    found += _seams("loop", parse(np.roll(video, 8, axis=0)), 8)
    return found + (_seams("loop", parse(video), len(truth)) if line == "model" else [])


def edit(trial: Trial, line: str) -> Found:
    """One thing is asked to be another (place, look or colour); everything else, the way of everybody too, should stay."""
    case, source = trial.case, parse(trial.truth)
    if line == "autoencoder":
        return []
    found: Found = []
    seen = parse(case.target.truth()) if line == "truth" else source
    for strength in STRENGTHS:
        if line == "model":
            seen = parse(trial.makers.sora.edit(trial.truth, case.target.prompt, strength / 100, **trial.how()).frames)
        verdicts = list(zip(case.target.claims, judge(seen, case.target.claims), strict=True))
        done = all(right for claim, (dimension, right) in verdicts if (dimension, claim.value) == case.changed[:2])
        found.append((f"edit asked {strength}", done))
        kept = judge(seen, (case.target if done else case.ask).claims)  # who has kept the old colour is judged under it
        found += [(f"edit kept {strength}", right) for dimension, right in kept if dimension != case.changed[0]]
        renamed = {case.changed[2]: case.changed[1]} if case.changed[0] == "colour" and done else {}
        found += [(f"edit way {strength}", gap) for gap in away(seen, source, np.ones(len(trial.truth), bool), renamed)]
    return found


def image(trial: Trial, line: str) -> Found:
    ask = trial.case.ask
    picture = trial.made(line, np.zeros(1, bool), lambda sora: sora.image(ask.prompt, ask.height, ask.width, **trial.how()).frames)
    return [(f"image {dimension}", right) for dimension, right in judge(picture, ask.claims)]


def sizes(trial: Trial, line: str) -> Found:
    """The same seed as scenes of several sizes and lengths; and who is cut off by the frame in the first picture."""
    found: Found = []
    for number, (name, ask) in enumerate(zip(trial.case.names, trial.case.asks, strict=True)):
        if line == "model":
            how = {**trial.how(number)}
            video = trial.makers.sora.generate(ask.prompt, ask.seconds, ask.height, ask.width, **how).frames
        else:
            whose = trial.other.asks[number] if line == "chance" else ask
            video = trial.makers.autoencoder(whose.truth()) if line == "autoencoder" else whose.truth()
        seen = parse(video)
        found += [(f"{name} score", right) for _, right in judge(seen, ask.claims)]
        found += [(f"{name} cut off", bool(blob.cut)) for person in seen.people if (blob := person.track.blobs[0]) is not None]
    return found


TESTS = {
    "animate": animate, "extend": extend, "drift": lasting, "backward": backward, "fill": fill, "connect": connect, "loop": loop,
    "edit": edit, "image": image, "sizes": sizes,
}  # fmt: skip


def run(
    cases: list[ModeCase], lines: tuple[str, ...], makers: Makers, start: int = 0, tallies: dict[str, Tally] | None = None
) -> Iterator[tuple[int, dict[str, Tally]]]:
    """Judges case after case; yields how many are done, and the tallies, which grow.

    start, tallies: where an earlier run was cut off, and what it had found.
    """
    tallies = tallies or {line: Tally() for line in LINES if line in lines}
    for index, case in list(enumerate(cases))[start:]:
        alike = [one for one in cases if one.mode == case.mode and len(one.asks) == len(case.asks)]
        trial = Trial(case, alike[(alike.index(case) + 1) % len(alike)], makers)
        for line, tally in tallies.items():
            if line == "chance" and trial.other is case and case.mode not in GIVEN:
                continue  # no other to take frames from
            tally.put(TESTS[case.mode](trial, line))
        yield index + 1, tallies


def dimensions(tallies: dict[str, Tally]) -> tuple[str, ...]:
    """The names of all that was measured, mode by mode, in the order in which it was."""
    names = dict.fromkeys(name for tally in tallies.values() for name in (*tally.verdicts, *tally.errors))
    order = [*TESTS, "size", "length"]
    return tuple(sorted(names, key=lambda name: order.index(name.split()[0])))
