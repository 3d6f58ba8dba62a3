"""A sentence, a few knobs, and the clip; with the oracle's opinion of it. Built in chapter 0."""

import html
from collections.abc import Callable, Sequence

import ipywidgets
import numpy as np

from minisora.limits import DEFAULT_GUIDANCE, DEFAULT_STEPS, TRAINED_SECONDS
from minisora.show import picture
from minisora.sora import MiniSora
from minisora.video import Video
from minisora.widgets.base import LABELLED, WIDE, Interactive
from minisora.widgets.job import Job
from minisora.widgets.opinion import opinion
from minisora.widgets.twin import twin

SIZES = {"square, 64×64": (64, 64), "wide, 96×64": (64, 96), "tall, 64×96": (96, 64), "large, 128×128": (128, 128)}  # (height, width)


class Playground(Interactive):
    """Type a sentence and press Enter (or the button): the clip appears below, and under it what the oracle sees in it.

    sora: the model. sentence: what stands there at first. video: its clip, if it was made already (else it is made now).
    judge: says of a sentence and its clip what is to be seen; None says nothing. examples: other generated videos, from which a reader
    without a kernel can choose, too.
    """

    def __init__(
        self, sora: MiniSora, sentence: str, video: Video | None = None, judge: Callable[[str, Video], str] | None = opinion,
        seed: int = 0, examples: Sequence[Video] = (),
    ):  # fmt: skip
        self.sora, self.judge, self.examples = sora, judge, tuple(examples)
        lengths = [seconds / 2 for seconds in range(1, int(2 * TRAINED_SECONDS) + 1)]
        knob = dict(style=LABELLED, continuous_update=False)
        self.sentence = ipywidgets.Text(sentence, description="sentence", layout=WIDE, **knob)
        self.seconds = ipywidgets.SelectionSlider(options=lengths, value=2.0, description="seconds", **knob)
        self.size = ipywidgets.Dropdown(options=list(SIZES), description="size", style=LABELLED)
        self.seed = ipywidgets.BoundedIntText(seed, min=0, max=9999, description="seed", **knob)
        self.steps = ipywidgets.IntSlider(DEFAULT_STEPS, min=1, max=60, description="steps", **knob)
        self.guidance = ipywidgets.FloatSlider(DEFAULT_GUIDANCE, min=1, max=8, step=0.5, description="guidance", **knob)
        self.job, self.place, self.asked = Job("make the clip"), ipywidgets.HTML(), self.request()
        self.sentence.observe(self.make, "value")
        self.job.start.on_click(self.make)
        knobs = ipywidgets.HBox([ipywidgets.VBox([self.seconds, self.steps, self.guidance]), ipywidgets.VBox([self.size, self.seed])])
        self.root = self.framed(self.sentence, knobs, self.job.row, self.place, self.job.told)
        self._show(video or self._made(self.asked), self.asked)

    def request(self) -> tuple:
        """What the knobs ask for: sentence, seconds, size, seed, steps, guidance."""
        return tuple(knob.value for knob in (self.sentence, self.seconds, self.size, self.seed, self.steps, self.guidance))

    def make(self, _=None) -> None:
        """Makes the clip that the knobs ask for, unless it is there or under way already: Enter and a click may ask for the same."""
        if self.asked != self.request():
            self.asked = asked = self.request()
            self.job.run(lambda progress: self._made(asked, progress), lambda video: self._show(video, asked))

    def _made(self, asked: tuple, progress=None) -> Video:
        sentence, seconds, size, seed, steps, guidance = asked
        try:
            return self.sora.generate(sentence, seconds, *SIZES[size], seed=seed, steps=steps, guidance=guidance, progress=progress)
        except BaseException:
            if self.asked == asked:
                self.asked = ()  # it may be asked again
            raise

    def _show(self, video: Video, asked: tuple) -> None:
        self.video, self.shown = video, asked
        self.alt = f"A generated clip of {video.seconds:g} seconds: {asked[0]}"
        self.place.value = picture(video, alt=self.alt).page
        nearest = [f"{word} (near: {', '.join(known) or 'nothing'})" for word, known in video.unknown]
        lines = [f"Left out, because unknown: {'; '.join(nearest)}."] if nearest else []
        self.said = " ".join([*lines, self._judged(asked[0], video)]).strip()
        self.job.say(html.escape(self.said))

    def _judged(self, sentence: str, video: Video) -> str:
        return self.judge(sentence, video) if self.judge else ""

    def twin(self) -> str:
        """The clip, and the examples of its size, to be gone through frame by frame."""
        told = {f"“{self.shown[0]}” (seed {self.shown[3]}). {self.said}": self.video}
        for video in self.examples:
            if video.frames.shape == self.video.frames.shape:
                told[f"“{video.alt}”. {self._judged(video.alt, video)}"] = video
        seconds = [f"{index / self.video.fps:.2f} s" for index in range(len(self.video))]
        frames = np.stack([video.frames for video in told.values()])                    # (clips, T, H, W, 3)
        return twin({"": frames}, {"clip": [*told], "time": seconds}, (0, len(seconds) // 2), "Generated clips", scale=4)
