"""A storyboard: several shots, each with a sentence of its own, and the cuts between them. Built in chapter 7.

Cuts lie between latent frames, that is at half seconds: the first shot has 1 + 4k frames, each later one 4k.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from minisora.errors import UserError
from minisora.limits import MAX_SECONDS
from minisora.patches import FRAMES_A_LATENT
from minisora.world.scene import FPS

Shots = Sequence[str | tuple[float, str]]  # sentences of equally long shots, or with the seconds of their own
STEP = FRAMES_A_LATENT / FPS  # seconds of a latent frame


def board(shots: Shots, seconds: float) -> tuple[list[tuple[str, int]], Int[Tensor, "1 t"]]:
    """Each shot's sentence with its number, from 1; and the shot that each latent frame belongs to.

    Sentences alone share `seconds` equally; (seconds, sentence) pairs last as they say, rounded to half seconds.
    Raises UserError when a sentence is empty, a shot shorter than half a second, or all of them longer than 8 s.
    """
    pairs = [(seconds / len(shots), shot) if isinstance(shot, str) else tuple(shot) for shot in shots]
    for number, (length, sentence) in enumerate(pairs, start=1):
        if not sentence.strip():
            raise UserError(f"shot {number} is empty. Say what is to be seen in it.")
        if not STEP <= length <= MAX_SECONDS:
            raise UserError(f"shot {number} lasts {length:g} s: a shot has at least {STEP:g} s. Ask for fewer shots, or for more seconds.")
    if (whole := sum(length for length, _ in pairs)) > MAX_SECONDS + 1e-6:
        raise UserError(f"the shots last {whole:g} s in all: minisora makes up to {MAX_SECONDS:g} s at once. Make them shorter.")
    ends = [round(sum(length for length, _ in pairs[: number + 1]) / STEP) for number in range(len(pairs))]  # in latent frames
    starts = [0, *ends[:-1]]
    lasts = [end - start + (start == 0) for start, end in zip(starts, ends, strict=True)]
    if min(lasts) < 1:
        raise UserError(f"{len(pairs)} shots in {whole:g} s: cuts lie at half seconds. Ask for fewer shots, or for more seconds.")
    parts = [(sentence, number) for number, (_, sentence) in enumerate(pairs, start=1)]
    return parts, torch.repeat_interleave(torch.arange(1, len(pairs) + 1), torch.tensor(lasts))[None]
