"""What can be asked for: lengths, sizes, numbers. Loads nothing heavy, so that it can be asked before all else. Built in chapter 5."""

import math
from collections.abc import Callable

from minisora.errors import UserError

MAX_SECONDS = 8.0  # that are made at once: places and times are measured, so what was learned of half as much holds
TRAINED_SECONDS = 4.0  # of the longest clips in training, and of a piece of an extension
LONGEST = 60.0  # seconds that one extension adds, piece by piece
MIN_SIDE, MAX_SIDE, SIDE_STEP = 32, 256, 8
MAX_WORDS = 400
DEFAULT_STEPS = 25
DEFAULT_GUIDANCE = 3.0
TAKES, MOST_TAKES = 3, 20  # of a loop's way back, of which the smoothest is kept
Progress = Callable[[int, int], object]  # (steps done, steps in all)


def check_request(
    prompt: str,
    seconds: float,
    height: int,
    width: int,
    *,
    seed: int = 0,
    steps: int = DEFAULT_STEPS,
    guidance: float = DEFAULT_GUIDANCE,
    longest: float = MAX_SECONDS,
    wordless: bool = False,
) -> None:
    """Raises UserError, one line, when a video cannot be made as asked. longest: seconds. wordless: the prompt may be empty."""
    if not isinstance(prompt, str) or not (prompt.strip() or wordless):
        raise UserError('the prompt is empty. Say what is to be seen: "a red ball hops in the snow"')
    if (words := len(prompt.split())) > MAX_WORDS:
        raise UserError(f"the prompt has {words} words: minisora reads up to {MAX_WORDS}. Say it in fewer.")
    if not 0 < seconds <= longest:
        longer = f", and longer ones by extension, up to {LONGEST:g} s more a call" if 0 < seconds and longest < LONGEST else ""
        raise UserError(f"seconds={seconds:g}: minisora makes videos of more than 0 and up to {longest:g} s{longer}. Try seconds=2.")
    for name, side in (("height", height), ("width", width)):
        if side % SIDE_STEP or not MIN_SIDE <= side <= MAX_SIDE:
            near = min(max(SIDE_STEP * round(side / SIDE_STEP), MIN_SIDE), MAX_SIDE)
            raise UserError(f"{name}={side}: sides are multiples of {SIDE_STEP} from {MIN_SIDE} to {MAX_SIDE}. Try {name}={near}.")
    if not 0 <= seed < 2**63:
        raise UserError(f"seed={seed}: a whole number from 0 to 2^63 - 1. Try seed=0.")
    if not 1 <= steps <= 1000:
        raise UserError(f"steps={steps}: from 1 to 1000. Try steps={DEFAULT_STEPS}.")
    if not math.isfinite(guidance) or not 0 <= guidance <= 50:
        raise UserError(f"guidance={guidance:g}: a number from 0 to 50; 1 is without guidance. Try guidance={DEFAULT_GUIDANCE:g}.")


def check_share(name: str, value: float, usual: float) -> None:
    """Raises UserError unless `value` lies in [0, 1]."""
    if not 0 <= value <= 1:
        raise UserError(f"{name}={value:g}: a number from 0 to 1. Try {name}={usual:g}.")


def check_takes(takes: int) -> None:
    """Raises UserError unless a loop's way back can be made so many times."""
    if not isinstance(takes, int) or not 1 <= takes <= MOST_TAKES:
        raise UserError(f"takes={takes!r}: a whole number from 1 to {MOST_TAKES}. Try takes={TAKES}.")
