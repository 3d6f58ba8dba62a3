"""MiniSora: the autoencoder, the denoiser and the text encoder as one model that turns a sentence into a video. Built in chapters 5 to 7.

Every way of using it is the same call of the sampler with another mask of what is known; `generate` knows nothing but the sentence.
"""

import math
import os
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin
from jaxtyping import Bool, Float
from torch import Tensor, nn

from minisora import flow
from minisora.dit import DiT, DiTConfig
from minisora.errors import UserError, one_line
from minisora.patches import FRAMES_A_LATENT, PIXELS_A_LATENT
from minisora.text import TextConfig, TextEncoder, Tokenizer
from minisora.vae import VAEConfig, VideoVAE
from minisora.video import Video
from minisora.weights import load_part, read_config, save_part
from minisora.world.scene import FPS, frame_count

MAX_SECONDS = 4.0
MIN_SIDE, MAX_SIDE = 32, 256
MAX_WORDS = 400
DEFAULT_STEPS = 25
DEFAULT_GUIDANCE = 3.0
warnings.filterwarnings("ignore", message="Mismatch dtype between input and weight")  # RMSNorm's gain stays fp32 under autocast
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
Progress = Callable[[int, int], object]  # (steps done, steps in all)
CARD = """---
{{ card_data }}
---

# A minisora

A sentence of the toy world becomes a video of up to 4 seconds: an autoencoder of videos, a diffusion transformer and a text encoder.

```python
from minisora import MiniSora

MiniSora.from_pretrained("this folder, or its name on the hub").generate("a red ball hops over a blue box in the snow").save("ball.mp4")
```
"""


class MiniSora(
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
        seed: int = 0,
        steps: int = DEFAULT_STEPS,
        guidance: float = DEFAULT_GUIDANCE,
        progress: Progress | None = None,
    ) -> Video:
        """The video that `prompt` describes; the same request gives the same video, byte for byte, on one machine.

        seconds: above 0, up to 4, rounded to what the autoencoder codes (1 + 4k frames at 8 per second). height, width: multiples
        of 8. guidance: 1 is none. progress(done, steps) is called after each step. Words that the model does not know are left out
        and listed in the video's `unknown`. Raises UserError when something else is asked.
        """
        check_request(prompt, seconds, height, width, seed=seed, steps=steps, guidance=guidance)
        frames = max(frame_count(seconds), 1 + FRAMES_A_LATENT)
        with self.precision():  # once around all steps: within it, weights are turned to bf16 only once
            for step in self.sample_steps(prompt, frames, height, width, seed=seed, steps=steps, guidance=guidance):
                if progress:
                    progress(step.index, step.steps)
            return self.decoded(step.x, height, width, prompt)

    @torch.no_grad()
    def sample_steps(
        self,
        prompt: str,
        frames: int,
        height: int,
        width: int,
        *,
        seed: int = 0,
        steps: int = DEFAULT_STEPS,
        guidance: float = DEFAULT_GUIDANCE,
        known: Bool[Tensor, "1 t"] | None = None,
        clean: Float[Tensor, "1 c t h w"] | None = None,
        **options,
    ) -> Iterator[flow.Step]:
        """The sampler's steps towards a video, for whoever wants to watch. The latent frames `known` stay `clean`'s."""
        noise = torch.randn(self.latent_shape(frames, height, width), generator=torch.Generator().manual_seed(seed))
        told = self.tokenizer.batch([prompt, ""])  # the second row is what the model makes when it is told nothing
        with self.precision():
            states = self.text(*told)                                                   # (2, L, D)

        def velocity(x: Tensor, sigma: Tensor, rows: slice) -> Tensor:
            """(B, c, t, h, w) of B equal latents, each under its own text."""
            count = rows.stop - rows.start
            with self.precision():
                return self.dit(x.expand(count, -1, -1, -1, -1), sigma.expand(count, -1), states[rows], told.mask[rows], told.shot[rows])

        def both(x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
            one, other = velocity(x, sigma, slice(0, 2)).float().split(1)
            return one, other

        yield from flow.sample_steps(
            lambda x, sigma: velocity(x, sigma, slice(0, 1)).float(),
            noise, steps=steps, guidance=guidance, both=both, known=known, clean=clean, **options,
        )  # fmt: skip

    def latent_shape(self, frames: int, height: int, width: int) -> tuple[int, int, int, int, int]:
        """(1, c, t, h, w) of the latents of a video; sides are rounded up to whole patches, and `decoded` trims them again."""
        _, ph, pw = self.dit.config.patch
        h, w = (-(-side // (PIXELS_A_LATENT * patch)) * patch for side, patch in ((height, ph), (width, pw)))
        return 1, self.vae.config.channels, 1 + (frames - 1) // FRAMES_A_LATENT, h, w

    @torch.no_grad()
    def decoded(self, latents: Float[Tensor, "1 c t h w"], height: int, width: int, prompt: str = "") -> Video:
        """The middle height × width pixels of the decoded latents, as a Video."""
        with self.precision():
            pixels = self.vae.decode(latents)[0].float()                                # (3, T, H, W)
        top, left = (pixels.shape[2] - height) // 2, (pixels.shape[3] - width) // 2
        pixels = pixels[:, :, top : top + height, left : left + width]
        frames = ((pixels + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 3, 0)  # (T, H, W, 3)
        return Video(np.ascontiguousarray(frames.numpy()), FPS, alt=prompt.strip(), unknown=tuple(self.tokenizer.unknown_words(prompt)))

    def precision(self) -> torch.autocast:
        """bf16 where the processor multiplies it natively, else single precision. Asked of the processor and not timed, so that
        the same seed gives the same bytes each time."""
        return torch.autocast("cpu", torch.bfloat16, enabled=native_bf16())


def native_bf16() -> bool:
    """Whether this processor has instructions for bf16 matrix products (AMX or AVX-512 BF16)."""
    asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in asked)


def check_request(
    prompt: str, seconds: float, height: int, width: int, *, seed: int = 0, steps: int = DEFAULT_STEPS, guidance: float = DEFAULT_GUIDANCE
) -> None:
    """Raises UserError, one line, when a video cannot be made as asked. Cheap: asked before the weights are loaded."""
    if not isinstance(prompt, str) or not prompt.strip():
        raise UserError('the prompt is empty. Say what is to be seen: "a red ball hops in the snow"')
    if (words := len(prompt.split())) > MAX_WORDS:
        raise UserError(f"the prompt has {words} words: minisora reads up to {MAX_WORDS}. Say it in fewer.")
    if not 0 < seconds <= MAX_SECONDS:
        raise UserError(f"seconds={seconds:g}: minisora makes videos of more than 0 and up to {MAX_SECONDS:g} s. Try seconds=2.")
    for name, side in (("height", height), ("width", width)):
        if side % PIXELS_A_LATENT or not MIN_SIDE <= side <= MAX_SIDE:
            near = min(max(PIXELS_A_LATENT * round(side / PIXELS_A_LATENT), MIN_SIDE), MAX_SIDE)
            raise UserError(f"{name}={side}: sides are multiples of {PIXELS_A_LATENT} from {MIN_SIDE} to {MAX_SIDE}. Try {name}={near}.")
    if not 0 <= seed < 2**63:
        raise UserError(f"seed={seed}: a whole number from 0 to 2^63 - 1. Try seed=0.")
    if not 1 <= steps <= 1000:
        raise UserError(f"steps={steps}: from 1 to 1000. Try steps={DEFAULT_STEPS}.")
    if not math.isfinite(guidance) or not 0 <= guidance <= 50:
        raise UserError(f"guidance={guidance:g}: a number from 0 to 50; 1 is without guidance. Try guidance={DEFAULT_GUIDANCE:g}.")


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
