"""Which frames of a video are known and which are to be made: painted by hand. Built in chapter 7."""

from collections.abc import Callable

import ipywidgets
import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from minisora.errors import UserError
from minisora.frames import frames_of, latent_of, mask, spans
from minisora.patches import FRAMES_A_LATENT
from minisora.show import picture
from minisora.video import Video
from minisora.widgets.base import LABELLED, Interactive
from minisora.widgets.job import Job
from minisora.widgets.twin import twin

PRESETS = ("first", "last", "ends", "prefix", "suffix")
WINDOW = 2  # groups that prefix and suffix know
FRAMES_KEPT = 9  # in the twin
GREY, FAINT = np.array((225, 225, 225)), 0.15


class MaskPainter(Interactive):
    """A video's groups of frames (0, 1-4, 5-8, …) as buttons that are pressed when the group is known.

    video: 1 + 4k frames. known: a preset ("first", "last", "ends", "prefix", "suffix") or a bool for each group. make: what to do with
    the known frames when the button is pressed, a function (known, progress) -> Video, such as
    `lambda known, progress: sora.fill(video, "a red ball", known=known, progress=progress)`; None: no button. made: videos that were made
    before, by preset; each appears as soon as its frames are the known ones.
    Raises UserError when the video has another number of frames, when there are not as many bools as groups, or for an unknown preset.
    """

    def __init__(
        self, video: Video, known: str | list[bool] = "ends", make: Callable | None = None,
        made: dict[str, Video] | None = None, alt: str = "",
    ):  # fmt: skip
        if (len(video) - 1) % FRAMES_A_LATENT:
            fewer = len(video) - (len(video) - 1) % FRAMES_A_LATENT
            raise UserError(f"a video of {len(video)} frames: the groups need 1 + 4k. Give its first {fewer}.")
        self._taken: tuple[bool, ...] | None = None  # a preset whose buttons are being pressed
        self.video, self.make, self.alt = video, make, alt or "A video whose known frames can be chosen"
        self.groups = [frames_of(latent) for latent in range(latent_of(len(video) - 1) + 1)]
        chosen = self._preset(known) if isinstance(known, str) else tuple(known)
        if len(chosen) != len(self.groups):
            raise UserError(f"{len(chosen)} groups are marked, the video has {len(self.groups)}.")
        self.made = {self._preset(name): clip for name, clip in (made or {}).items()}
        layout = {"width": f"{max(4.0, 36 / len(self.groups)):.1f}em"}
        self.buttons = [
            ipywidgets.ToggleButton(on, description=spans(list(group)), tooltip="pressed: known", layout=layout)
            for on, group in zip(chosen, self.groups, strict=True)
        ]
        self.preset = ipywidgets.Dropdown(options=["by hand", *PRESETS], description="or choose", style=LABELLED)
        self.strip, self.place, self.job = ipywidgets.HTML(), ipywidgets.HTML(), Job("make the rest")
        for button in self.buttons:
            button.observe(self._painted, "value")
        self.preset.observe(self._take, "value")
        self.job.start.on_click(self._make)
        row = [self.job.row] if make else []
        self.root = self.framed(ipywidgets.HBox(self.buttons), self.strip, self.preset, *row, self.job.told, self.place)
        self._show()

    @property
    def chosen(self) -> tuple[bool, ...]:
        """True for each group that is known."""
        return tuple(button.value for button in self.buttons)

    @property
    def mask(self) -> Bool[Tensor, " t"]:
        """True for each latent frame that is known."""
        return torch.tensor(self.chosen)

    @property
    def known(self) -> str:
        """The numbers of the known frames, as `fill` and the command line take them: "0-4,13-16"."""
        return self._named(self.chosen)

    def _named(self, chosen: tuple[bool, ...]) -> str:
        frames = [frame for group, on in zip(self.groups, chosen, strict=True) if on for frame in group]
        return spans(frames).replace(" ", "")

    def _preset(self, name: str) -> tuple[bool, ...]:
        return tuple(mask(name, len(self.groups), window=WINDOW).tolist())

    def _take(self, change) -> None:
        if change["new"] in PRESETS:
            self._taken = self._preset(change["new"])
            for button, on in zip(self.buttons, self._taken, strict=True):
                button.value = on
            self._taken = None
            self._show()

    def _painted(self, _) -> None:
        if self._taken is None:
            self.preset.value = "by hand"
            self._show()

    def _show(self) -> None:
        """What is known, and the video that was made of it, if one was."""
        known, last = self.known, [group[-1] for group in self.groups]
        strip = Video(self._given(self.chosen)[last], self.video.fps).strip(len(last))
        self.strip.value = picture(strip, f"{self.alt}: known are the frames {known or '(none)'}; the others are grey").page
        made = self.made.get(self.chosen)
        self.place.value = picture(made, f"{self.alt}, all frames but {known or 'none'} made anew").page if made else ""
        self.job.say(f"Known: {known or 'none'}.{' Below: the rest made anew.' if made else ''}")

    def _make(self, _) -> None:
        chosen, known = self.chosen, self.known
        self.job.run(lambda progress: self.make(known, progress), lambda video: self._keep(chosen, video))

    def _keep(self, chosen: tuple[bool, ...], video: Video) -> None:
        self.made[chosen] = video
        self._show()

    def _given(self, chosen: tuple[bool, ...]) -> np.ndarray:
        """The frames (T, H, W, 3), pale where they are not known."""
        sharp = np.repeat([1.0 if on else FAINT for on in chosen], [len(group) for group in self.groups])[:, None, None, None]
        return (sharp * self.video.frames + (1 - sharp) * GREY).astype(np.uint8)

    def twin(self) -> str:
        """What is given and what was made of it, frame by frame, for each mask of which a video was made; without one, what is given
        under each preset."""
        made = {chosen: clip for chosen, clip in self.made.items() if clip.frames.shape == self.video.frames.shape}
        masks = [*(made or dict.fromkeys([self.chosen, *map(self._preset, PRESETS)]))]
        picks = np.unique(np.linspace(0, len(self.video) - 1, min(len(self.video), FRAMES_KEPT)).round().astype(int))
        windows = {"what is known": np.stack([self._given(chosen)[picks] for chosen in masks])}     # (masks, frames, H, W, 3)
        if made:
            windows["the rest made anew"] = np.stack([made[chosen].frames[picks] for chosen in masks])
        knobs = {"known": [self._named(chosen) or "none" for chosen in masks], "frame": [str(index) for index in picks]}
        at = (masks.index(self.chosen) if self.chosen in masks else 0, len(picks) // 2)
        return twin(windows, knobs, at, self.alt)
