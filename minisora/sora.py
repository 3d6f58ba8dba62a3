"""MiniSora: the autoencoder, the denoiser and the text encoder as one model that turns a sentence into a video. Built in chapters 5 to 7.

Every way of using it is the same call of the sampler with another mask of what is known; `generate` knows nothing but the sentence,
the other ways are in modes.py.
"""

import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from minisora import flow
from minisora.dit import WEAK, DiT, DiTConfig, without
from minisora.errors import UserError, one_line
from minisora.limits import DEFAULT_GUIDANCE, DEFAULT_STEPS, Progress, check_request
from minisora.modes import Modes
from minisora.patches import FRAMES_A_LATENT, PIXELS_A_LATENT
from minisora.precision import native_bf16
from minisora.storyboard import Shots, board
from minisora.text import Parts, TextConfig, TextEncoder, Tokenizer
from minisora.vae import VAEConfig, VideoVAE
from minisora.video import Video
from minisora.weights import load_part, read_config, save_part
from minisora.world.scene import FPS, frame_count

warnings.filterwarnings("ignore", message="Mismatch dtype between input and weight")  # RMSNorm's gain stays fp32 under autocast
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
CARD = """---
{{ card_data }}
---

# A minisora

A sentence of the toy world becomes a video of up to 8 seconds: an autoencoder of videos, a diffusion transformer and a text encoder.

```python
from minisora import MiniSora

MiniSora.from_pretrained("this folder, or its name on the hub").generate("a red ball hops over a blue box in the snow").save("ball.mp4")
```
"""


class MiniSora(
    Modes,
    nn.Module,
    PyTorchModelHubMixin,
    library_name="minisora",
    tags=["text-to-video", "minisora"],
    license="mit",
    model_card_template=CARD,
):
    """One set of weights and everything that it can do. `MiniSora.from_pretrained()` loads the repository's own."""

    def __init__(self, vae: VideoVAE, dit: DiT, text: TextEncoder, tokenizer: Tokenizer):
        super().__init__()
        self.vae, self.dit, self.text = vae, dit, text
        self.tokenizer = tokenizer

    @classmethod
    def from_pretrained(cls, source: str | os.PathLike | None = None, **hub) -> "MiniSora":
        """The model whose weights lie in a folder, or on the Hugging Face hub ("name/of-model"); None: in this repository.

        `hub`: revision, cache_dir, token and local_files_only, as huggingface_hub knows them.
        Raises UserError when weights are missing, cut off, or of another shape than their config says.
        """
        folder = _folder(source, hub)
        read_config(folder)
        return super().from_pretrained(folder)

    @classmethod
    def _from_pretrained(cls, *, model_id: str, **options) -> "MiniSora":
        folder = Path(model_id)
        vae = load_part(folder, "vae", lambda config: VideoVAE(VAEConfig(**config)))
        dit = load_part(folder, "dit", lambda config: DiT(DiTConfig(**config)))
        text = load_part(folder, "text", lambda config: TextEncoder(TextConfig(**config)))
        return cls(vae, dit, text, Tokenizer.load(folder)).eval()

    def _save_pretrained(self, save_directory: Path) -> None:
        for name in ("vae", "dit", "text"):
            part = getattr(self, name)
            save_part(save_directory, name, part, asdict(part.config))
        self.tokenizer.save(save_directory)

    def generate(
        self,
        prompt: str,
        seconds: float = 2.0,
        height: int = 64,
        width: int = 64,
        *,
        shots: Shots | None = None,
        seed: int = 0,
        steps: int = DEFAULT_STEPS,
        guidance: float = DEFAULT_GUIDANCE,
        progress: Progress | None = None,
    ) -> Video:
        """The video that `prompt` describes; the same request gives the same video, byte for byte, on one machine.

        seconds: above 0, up to 8 (training showed up to 4), rounded to what the autoencoder codes (1 + 4k frames at 8 per second).
        height, width: multiples of 8. shots: a storyboard, a sentence for each shot, or (seconds, sentence) pairs, whose seconds then
        count; `prompt` tells what all shots share, or is "". guidance: 1 is none. progress(done, steps) is called after each step. Words
        that the model does not know are left out and listed in the video's `unknown`. Raises UserError when something else is asked.
        """
        check_request(prompt, seconds, height, width, seed=seed, steps=steps, guidance=guidance, wordless=bool(shots))
        told, frames, frame_shot = prompt, max(frame_count(seconds), 1 + FRAMES_A_LATENT), None
        if shots:
            parts, frame_shot = board(shots, seconds)
            told, frames = [(prompt, 0), *parts], 1 + FRAMES_A_LATENT * (frame_shot.shape[1] - 1)
        with self.precision():  # once around all steps: within it, weights are turned to bf16 only once
            steps_taken = self.sample_steps(told, frames, height, width, seed=seed, steps=steps, guidance=guidance, frame_shot=frame_shot)
            for step in steps_taken:
                if progress:
                    progress(step.index, step.steps)
            return self.decoded(step.x, height, width, told)

    def sample_steps(
        self,
        prompt: Parts,
        frames: int,
        height: int,
        width: int,
        *,
        seed: int = 0,
        steps: int = DEFAULT_STEPS,
        guidance: float = DEFAULT_GUIDANCE,
        known: Bool[Tensor, "1 t"] | None = None,
        clean: Float[Tensor, "1 c t h w"] | None = None,
        frame_shot: Int[Tensor, "1 t"] | None = None,
        start: float = 1.0,
        weak: int | None = WEAK,
        **options,
    ) -> Iterator[flow.Step]:
        """The sampler's steps towards a video, for whoever wants to watch. The latent frames `known` stay `clean`'s.

        weak: guidance leads away from a worse network, which is not told the text and lacks this block (`dit.without`); None: lacks none.
        start: the noise level to begin with; below 1, `clean` with so much noise is what it begins from (SDEdit, Meng et al. 2022),
        and that noise is kept: it holds on to the motion. Else noise is drawn anew on the way (see `flow.sample_steps`, eta), most
        steps are taken early (`flow.EARLY`), and the last is a large one (`flow.LEAP`).
        frame_shot: the shot of each latent frame, from 1, where `prompt` has several.
        """
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(self.latent_shape(frames, height, width), generator=generator)
        if start < 1 and clean is not None:
            noise = flow.add_noise(clean, noise, torch.full((1, noise.shape[2]), start))
        told = self.tokenizer.batch([prompt, ""])  # the second row is what the model makes when it is told nothing
        with torch.no_grad(), self.precision():
            states = self.text(*told)                                                   # (2, L, D)

        def velocity(dit: DiT, x: Tensor, sigma: Tensor, row: int) -> Tensor:
            with torch.no_grad(), self.precision():  # here, as between two steps whoever watches may want gradients
                return dit(x, sigma, states[row, None], told.mask[row, None], told.shot[row, None], frame_shot).float()

        worse = self.dit if weak is None else without(self.dit, min(weak, len(self.dit.blocks) - 1))
        shift = flow.EARLY * flow.shift_for(noise[0, 0].numel() // 4) if start == 1 else None
        yield from flow.sample_steps(
            lambda x, sigma: velocity(self.dit, x, sigma, 0), noise, steps=steps, guidance=guidance,
            both=lambda x, sigma: (velocity(self.dit, x, sigma, 0), velocity(worse, x, sigma, 1)), known=known, clean=clean, start=start,
            **{"eta": float(start == 1), "leap": flow.LEAP * (start == 1), "shift": shift, "generator": generator, **options},
        )  # fmt: skip

    def latent_shape(self, frames: int, height: int, width: int) -> tuple[int, int, int, int, int]:
        """(1, c, t, h, w) of the latents of a video; sides are rounded up to whole patches, and `decoded` trims them again."""
        _, ph, pw = self.dit.config.patch
        h, w = (-(-side // (PIXELS_A_LATENT * patch)) * patch for side, patch in ((height, ph), (width, pw)))
        return 1, self.vae.config.channels, 1 + (frames - 1) // FRAMES_A_LATENT, h, w

    @torch.no_grad()
    def encoded(self, frames: np.ndarray) -> Float[Tensor, "1 c t h w"]:
        """The latents of frames (1 + 4k, H, W, 3) uint8; what whole patches need beyond H × W repeats the edges."""
        *_, h, w = self.latent_shape(*frames.shape[:3])
        more = [side * PIXELS_A_LATENT - given for side, given in ((h, frames.shape[1]), (w, frames.shape[2]))]
        pads = [(0, 0), *((extra // 2, extra - extra // 2) for extra in more), (0, 0)]
        pixels = torch.from_numpy(np.pad(frames, pads, mode="edge")).permute(3, 0, 1, 2)[None]   # (1, 3, T, H, W)
        return self.vae.encode(pixels.float() / 127.5 - 1)

    @torch.no_grad()
    def decoded(self, latents: Float[Tensor, "1 c t h w"], height: int, width: int, prompt: Parts = "") -> Video:
        """The middle height × width pixels of the decoded latents, as a Video."""
        with self.precision():
            pixels = self.vae.decode(latents)[0].float()                                # (3, T, H, W)
        top, left = (pixels.shape[2] - height) // 2, (pixels.shape[3] - width) // 2
        pixels = pixels[:, :, top : top + height, left : left + width]
        frames = ((pixels + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 3, 0)  # (T, H, W, 3)
        alt = prompt if isinstance(prompt, str) else " ".join(text for text, _ in prompt)
        return Video(np.ascontiguousarray(frames.numpy()), FPS, alt=alt.strip(), unknown=tuple(self.tokenizer.unknown_words(prompt)))

    def precision(self) -> torch.autocast:
        """bf16 where it pays on this processor, else single precision."""
        return torch.autocast("cpu", torch.bfloat16, enabled=native_bf16())


def shipped_weights() -> Path:
    """Where the repository keeps its weights."""
    return Path(__file__).resolve().parent.parent / "data" / "weights"


def _folder(source: str | os.PathLike | None, hub: dict) -> Path:
    """The folder of weights that `source` means, downloaded when it is the name of a model on the hub."""
    if source is None:
        if not shipped_weights().is_dir():
            raise UserError(f"{shipped_weights()}: the repository's weights are missing. Get them: git restore data/weights")
        return shipped_weights()
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_file():
        raise UserError(f"{folder} is a file. Give the folder that it lies in.")
    if not HUB_ID.fullmatch(str(source)):
        raise UserError(f"{source}: there is no such folder of weights. Give a folder, a hub id (name/of-model), or nothing.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return Path(snapshot_download(str(source), allow_patterns=["*.json", "*.safetensors"], **hub))
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise UserError(f"{source}: neither a folder nor found on the hub ({one_line(error, 120)}). Check the name.") from error
