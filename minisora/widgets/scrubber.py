"""Through one sampling by hand: along the noise level and along the frames. Built in chapter 4."""

from collections.abc import Iterable, Sequence

import ipywidgets
import numpy as np

from minisora.errors import UserError
from minisora.flow import Step
from minisora.show import picture
from minisora.sora import MiniSora
from minisora.video import Video
from minisora.widgets.base import LABELLED, Interactive
from minisora.widgets.twin import twin

ENLARGED = 3  # pixels of the page for each of the picture
FRAMES_KEPT = 5  # of each level, in the twin
TITLES = ("what the sampler holds", "what the network believes")


class NoiseScrubber(Interactive):
    """Two sliders, noise level and frame; left what the sampler holds there, right what the network believes the clean clip to be.

    levels: the noise levels, falling. held, believed: a Video for each, all of one size. `of_steps` makes them of a sampling's steps.
    """

    def __init__(self, levels: Sequence[float], held: Sequence[Video], believed: Sequence[Video], alt: str):
        sizes = {video.frames.shape for video in (*held, *believed)}
        if not len(levels) == len(held) == len(believed) >= 2 or len(sizes) != 1:
            raise UserError(f"{len(levels)} levels, {len(held)} and {len(believed)} videos: give two or more of each, all of one size.")
        self.levels, self.held, self.believed, self.alt = list(levels), list(held), list(believed), alt
        knob = dict(style=LABELLED, continuous_update=True, layout={"width": "26em"})
        named = [(f"{sigma:.2f}", index) for index, sigma in enumerate(levels)]
        self.level = ipywidgets.SelectionSlider(options=named, value=len(levels) // 2, description="noise level", **knob)
        self.frame = ipywidgets.IntSlider(len(held[0]) // 2, min=0, max=len(held[0]) - 1, description="frame", **knob)
        self.place = ipywidgets.HTML()
        for slider in (self.level, self.frame):
            slider.observe(self._show, "value")
        self.root = self.framed(self.level, self.frame, self.place)
        self._show()

    @classmethod
    def of_steps(cls, sora: MiniSora, steps: Iterable[Step], height: int, width: int, alt: str, count: int = 9) -> "NoiseScrubber":
        """About `count` of a sampling's `steps` (sora.sample_steps), decoded."""
        steps = list(steps)
        picks = np.unique(np.linspace(0, len(steps) - 1, min(count, len(steps))).round().astype(int))
        some = [steps[index] for index in picks]
        videos = [[sora.decoded(latents, height, width) for latents in (step.x, step.clean)] for step in some]
        return cls([step.sigma for step in some], [one for one, _ in videos], [other for _, other in videos], alt)

    def _show(self, _=None) -> None:
        parts = []
        for title, videos in zip(TITLES, (self.held, self.believed), strict=True):
            frame = videos[self.level.value].frames[self.frame.value]
            words = f"{title} at noise level {self.levels[self.level.value]:.2f}, frame {self.frame.value}"
            parts.append(f"<figure>{picture(frame, words, ENLARGED * frame.shape[1]).page}<figcaption>{title}</figcaption></figure>")
        self.place.value = f'<div style="display:flex;flex-wrap:wrap">{"".join(parts)}</div>'

    def twin(self) -> str:
        """Both pictures, moved by two range inputs. A few frames of each level are kept."""
        frames = len(self.held[0])
        picks = np.unique(np.linspace(0, frames - 1, min(frames, FRAMES_KEPT)).round().astype(int))
        windows = {
            title: np.stack([video.frames[picks] for video in videos])                              # (levels, frames, H, W, 3)
            for title, videos in zip(TITLES, (self.held, self.believed), strict=True)
        }  # fmt: skip
        knobs = {"noise level": [f"{sigma:.2f}" for sigma in self.levels], "frame": [str(index) for index in picks]}
        return twin(windows, knobs, (len(self.levels) // 2, len(picks) // 2), self.alt, ENLARGED)
