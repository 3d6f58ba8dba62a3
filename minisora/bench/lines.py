"""The four lines of the report: what the model makes, the truth, the truth through the autoencoder, and chance. Built in chapter 8."""

from collections.abc import Iterator

import numpy as np
import torch

from minisora.errors import UserError

from .oracle import judge
from .parse import parse
from .report import DIMENSIONS, LINES, Tally
from .suites import Case


class Makers:
    """Makes the videos of the lines. `sora` is needed for the model's, `vae` for the autoencoder's."""

    def __init__(self, sora=None, vae=None, seed: int = 0, **options):
        self.sora, self.vae = sora, vae if vae is not None else getattr(sora, "vae", None)
        self.seed, self.options = seed, options

    def model(self, case: Case) -> np.ndarray:
        seed = (self.seed + case.seed) % 2**31
        return self.sora.generate(case.prompt, case.seconds, case.height, case.width, seed=seed, **self.options).frames

    @torch.no_grad()
    def continuation(self, case: Case, truth: np.ndarray, known: int) -> np.ndarray:
        """How the model goes on from the first `known` latent frames of the truth (T, H, W, 3) uint8, told the case's sentence."""
        clean = self._encoded(truth)                                                     # (1, c, t, h, w)
        given = torch.arange(clean.shape[2])[None] < known                               # (1, t)
        seed = (self.seed + case.seed) % 2**31
        with self.sora.precision():
            steps = self.sora.sample_steps(
                case.prompt, len(truth), case.height, case.width, seed=seed, known=given, clean=clean, **self.options
            )
            for step in steps:
                latents = step.x
            return self.sora.decoded(latents, case.height, case.width).frames

    def _encoded(self, truth: np.ndarray) -> torch.Tensor:
        x = torch.from_numpy(truth).permute(3, 0, 1, 2)[None].float() / 127.5 - 1        # (1, 3, T, H, W)
        with torch.autocast("cpu", torch.bfloat16, enabled=False):
            return self.vae.encode(x)

    @torch.no_grad()
    def autoencoder(self, truth: np.ndarray) -> np.ndarray:
        """Encoded and decoded, (T, H, W, 3) uint8 → the same."""
        with torch.autocast("cpu", torch.bfloat16, enabled=False):
            y = self.vae.decode(self._encoded(truth))
        return ((y[0].float() + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 3, 0).numpy()


def run(
    cases: list[Case], lines: tuple[str, ...], makers: Makers, start: int = 0, tallies: dict[str, Tally] | None = None
) -> Iterator[tuple[int, dict[str, Tally]]]:
    """Judges case after case; yields how many are done, and the tallies, which grow.

    start, tallies: where an earlier run was cut off, and what it had found.
    """
    if unknown := set(lines) - set(LINES):
        raise UserError(f"--lines {','.join(sorted(unknown))}: there are {', '.join(LINES)}. Type: --lines truth,chance")
    tallies = tallies or {line: Tally() for line in LINES if line in lines}
    for index, case in list(enumerate(cases))[start:]:
        if {"truth", "chance", "autoencoder"} & set(lines):
            truth = case.truth()
        if {"truth", "chance"} & set(lines):
            seen = parse(truth)
        if "truth" in lines:
            tallies["truth"].add(judge(seen, case.claims), case.characters)
        if "chance" in lines:
            stranger = _stranger(cases, index)
            if stranger is not None:
                tallies["chance"].add(judge(seen, stranger.claims), stranger.characters)
        if "autoencoder" in lines:
            tallies["autoencoder"].add(judge(makers.autoencoder(truth), case.claims), case.characters)
        if "model" in lines:
            tallies["model"].add(judge(makers.model(case), case.claims), case.characters)
        yield index + 1, tallies


def dimensions(tallies: dict[str, Tally]) -> tuple[str, ...]:
    """The rows of the report, in order."""
    counts = sorted({name for tally in tallies.values() for name in tally.verdicts if name.startswith("all with ")})
    return (*DIMENSIONS, "all", *counts)


def _stranger(cases: list[Case], index: int) -> Case | None:
    """Another case with as many characters, whose sentence this one's video is judged by for the line of chance."""
    alike = [k for k, case in enumerate(cases) if case.characters == cases[index].characters]
    if len(alike) < 2:
        return None
    return cases[alike[(alike.index(index) + 1) % len(alike)]]
