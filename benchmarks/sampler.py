"""What the sampler's knobs are worth: guidance, at which noise levels, away from what, new noise on the way, and where the steps are.

    python benchmarks/sampler.py [--n 128] [--seed 7] [--json data/bench/sampler.json] [--weights FOLDER]
    python benchmarks/sampler.py --own --n 96 --weights FOLDER --json data/bench/sampler-before.json    # the weights before

Asks the oracle of the suite "core", of other sentences than the release's report (--seed), once for each row of ROWS; the last is
MiniSora's own sampler. Then it asks where what is decided: for each noise level in BEGUN, half of the sentences' drawn clips are drowned
in so much noise and sampled on from there, in many steps or in one. Writes the file after each row; what is there is not asked again: it
may be stopped any time.
"""

import json
from pathlib import Path

import numpy as np
import torch

from minisora.bench import lines
from minisora.bench.measure import hashes
from minisora.bench.report import Tally, write
from minisora.bench.suites import Case, core
from minisora.cli import Parser
from minisora.dit import WEAK
from minisora.errors import UserError
from minisora.flow import EARLY, INTERVAL, LEAP, shift_for
from minisora.limits import DEFAULT_GUIDANCE
from minisora.sora import MiniSora, shipped_weights
from minisora.world.scene import frame_count

KNOBS = "guidance", "interval", "eta", "early", "weak", "leap"  # early: how many times the video's own shift its steps are shifted
PLAIN = DEFAULT_GUIDANCE, INTERVAL, 1.0, EARLY, None, 0.0  # from a drawn clip on
OWN = DEFAULT_GUIDANCE, INTERVAL, 1.0, EARLY, WEAK, LEAP  # what MiniSora does
ROWS = (
    (1.0, (0.0, 1.0), 0.0, 1.0, None, 0.0),
    (DEFAULT_GUIDANCE, (0.1, 0.95), 0.0, 1.0, None, 0.0),
    (DEFAULT_GUIDANCE, INTERVAL, 0.0, 1.0, None, 0.0),
    (DEFAULT_GUIDANCE, INTERVAL, 1.0, 1.0, None, 0.0),
    (DEFAULT_GUIDANCE, INTERVAL, 0.0, EARLY, None, 0.0),
    PLAIN,
    (DEFAULT_GUIDANCE, INTERVAL, 1.0, EARLY, WEAK, 0.0),
    OWN,
)
BEGUN = (0.5, 25), (0.75, 25), (0.9, 25), (0.5, 1)  # noise level, and the steps from there


class Sampled(lines.Makers):
    """Videos by a sampler with other knobs. begun: the noise level, below 1, up to which the drawn clip is drowned, to be sampled on from
    there."""

    def __init__(self, sora: MiniSora, seed: int, early: float, begun: float = 1.0, **options):
        super().__init__(sora, seed=seed, **options)
        self.early, self.begun = early, begun

    def model(self, case: Case) -> np.ndarray:
        seed, frames = (self.seed + case.seed) % 2**31, frame_count(case.seconds)
        *_, t, h, w = self.sora.latent_shape(frames, case.height, case.width)
        options = {"shift": self.early * shift_for(t * h * w // 4), **self.options}
        if self.begun < 1:
            with torch.no_grad():
                options |= {"clean": self._encoded(case.truth()), "start": self.begun}
        with self.sora.precision():
            *_, last = self.sora.sample_steps(case.prompt, frames, case.height, case.width, seed=seed, **options)
            return self.sora.decoded(last.x, case.height, case.width).frames


def asked(cases: list[Case], sora: MiniSora, seed: int, row: tuple, **begun) -> dict:
    """What the oracle finds: of each dimension the share that is right, and of how many."""
    knobs = dict(zip(KNOBS, row, strict=True))
    makers = Sampled(sora, seed=seed, **knobs, **begun)
    *_, (_, tallies) = lines.run(cases, ("model",), makers)
    found: Tally = tallies["model"]
    shares = {name: found.verdicts[name] for name in lines.dimensions(tallies) if found.verdicts.get(name)}
    right = {name: {"value": round(float(np.mean(values)), 4), "n": len(values)} for name, values in shares.items()}
    return {**knobs, "interval": list(knobs["interval"]), "dimensions": right}


def told(dimensions: dict) -> str:
    """The shares that are right, in a line."""
    return "  ".join(f"{name} {found['value']:.2f}" for name, found in dimensions.items())


def of(row: dict) -> tuple:
    """A recorded row's knobs."""
    return tuple(tuple(row[knob]) if knob == "interval" else row[knob] for knob in KNOBS)


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="benchmarks/sampler.py", description="What the sampler's knobs are worth.")
    parser.add_argument("--n", type=int, default=128, help="sentences (default 128)")
    parser.add_argument("--seed", type=int, default=7, help="of the sentences and the noise (default 7)")
    parser.add_argument("--weights", type=Path, default=shipped_weights(), metavar="FOLDER")
    parser.add_argument("--own", action="store_true", help="only MiniSora's own sampler, from noise and from drawn clips")
    parser.add_argument("--json", type=Path, default=Path("data/bench/sampler.json"), metavar="FILE")
    args = parser.parse_args(argv)
    try:
        if args.n < 1:
            raise UserError(f"--n {args.n}: at least one sentence. Try --n 128.")
        if not args.json.parent.is_dir():
            raise UserError(f"--json {args.json}: there is no folder {args.json.parent}.")
        sora = MiniSora.from_pretrained(args.weights)
    except UserError as error:
        print(f"benchmarks/sampler.py: {error}")
        return 2
    about = {"n": args.n, "seed": args.seed, "weights": hashes(args.weights)}
    there = json.loads(args.json.read_text()) if args.json.exists() else {}
    rows = there.get("rows", []) if {key: there.get(key) for key in about} == about else []
    begun = there.get("begun", []) if rows else []
    cases = core(args.n, args.seed)
    for knobs in (OWN,) if args.own else ROWS:
        if knobs not in map(of, rows):
            rows.append(asked(cases, sora, args.seed, knobs))
            write(args.json, {**about, "rows": rows, "begun": begun})
        row = next(row for row in rows if of(row) == knobs)
        name = "guidance {:g} where sigma is in {}, eta {:g}, shifted {:g} times, without block {}, leap {:g}:".format(*knobs)
        print(name, told(row["dimensions"]), flush=True)
    for level, steps in BEGUN:
        if (level, steps) not in [(found["sigma"], found["steps"]) for found in begun]:
            found = asked(cases[: -(-args.n // 2)], sora, args.seed, PLAIN, begun=level, steps=steps)
            begun.append({"sigma": level, "steps": steps, **found})
            write(args.json, {**about, "rows": rows, "begun": begun})
        found = next(found["dimensions"] for found in begun if (found["sigma"], found["steps"]) == (level, steps))
        print(f"from the drawn clip at sigma {level:g} in {steps} step(s):", told(found), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
