"""What the sampler's knobs are worth: how strong guidance is, at which noise levels, and how much noise is drawn anew on the way.

    python benchmarks/sampler.py [--n 96] [--seed 7] [--json data/bench/sampler.json] [--weights FOLDER]
    python benchmarks/sampler.py --n 128 --seed 11 --renewal --json data/bench/sampler-renewal.json

Asks the oracle of the suite "core", of other sentences than the release's report (--seed), once for each row of ROWS, or (--renewal) for
two alone: MiniSora's own, and the same without new noise. Writes the file after each row; what is there is not asked again, so it may be
stopped at any time.
"""

import json
from pathlib import Path

import numpy as np

from minisora.bench import lines
from minisora.bench.measure import hashes
from minisora.bench.report import Tally, write
from minisora.bench.suites import Case, core
from minisora.cli import Parser
from minisora.errors import UserError
from minisora.flow import INTERVAL
from minisora.limits import DEFAULT_GUIDANCE
from minisora.sora import MiniSora, shipped_weights
from minisora.world.scene import frame_count

OWN = DEFAULT_GUIDANCE, INTERVAL, 1.0  # guidance, where it is on, eta: what MiniSora does
ROWS = ((1.0, (0.0, 1.0), 0.0), (3.0, (0.1, 0.95), 0.0), (3.0, INTERVAL, 0.0), (5.0, INTERVAL, 0.0), (5.0, INTERVAL, 1.0), OWN)
RENEWAL = (*OWN[:2], 0.0), OWN


class Sampled(lines.Makers):
    """Videos by a sampler with other knobs."""

    def model(self, case: Case) -> np.ndarray:
        seed, frames = (self.seed + case.seed) % 2**31, frame_count(case.seconds)
        with self.sora.precision():
            *_, last = self.sora.sample_steps(case.prompt, frames, case.height, case.width, seed=seed, **self.options)
            return self.sora.decoded(last.x, case.height, case.width).frames


def asked(cases: list[Case], sora: MiniSora, seed: int, row: tuple) -> dict:
    """What the oracle finds: of each dimension the share that is right, and of how many."""
    guidance, interval, eta = row
    *_, (_, tallies) = lines.run(cases, ("model",), Sampled(sora, seed=seed, guidance=guidance, interval=interval, eta=eta))
    found: Tally = tallies["model"]
    shares = {name: found.verdicts[name] for name in lines.dimensions(tallies) if found.verdicts.get(name)}
    told = {name: {"value": round(float(np.mean(values)), 4), "n": len(values)} for name, values in shares.items()}
    return {"guidance": guidance, "interval": list(interval), "eta": eta, "dimensions": told}


def of(row: dict) -> tuple:
    """A recorded row's knobs."""
    return row["guidance"], tuple(row["interval"]), row["eta"]


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="benchmarks/sampler.py", description="What the sampler's knobs are worth.")
    parser.add_argument("--n", type=int, default=96, help="sentences (default 96)")
    parser.add_argument("--seed", type=int, default=7, help="of the sentences and the noise (default 7)")
    parser.add_argument("--weights", type=Path, default=shipped_weights(), metavar="FOLDER")
    parser.add_argument("--renewal", action="store_true", help="only MiniSora's own sampler, with and without new noise")
    parser.add_argument("--json", type=Path, default=Path("data/bench/sampler.json"), metavar="FILE")
    args = parser.parse_args(argv)
    try:
        if args.n < 1:
            raise UserError(f"--n {args.n}: at least one sentence. Try --n 96.")
        if not args.json.parent.is_dir():
            raise UserError(f"--json {args.json}: there is no folder {args.json.parent}.")
        sora = MiniSora.from_pretrained(args.weights)
    except UserError as error:
        print(f"benchmarks/sampler.py: {error}")
        return 2
    about = {"n": args.n, "seed": args.seed, "weights": hashes(args.weights)}
    there = json.loads(args.json.read_text()) if args.json.exists() else {}
    rows = there.get("rows", []) if {key: there.get(key) for key in about} == about else []
    cases = core(args.n, args.seed)
    for knobs in RENEWAL if args.renewal else ROWS:
        if knobs not in map(of, rows):
            rows.append(asked(cases, sora, args.seed, knobs))
            write(args.json, {**about, "rows": rows})
        row = next(row for row in rows if of(row) == knobs)
        shown = "  ".join(f"{name} {found['value']:.2f}" for name, found in row["dimensions"].items())
        print("guidance {:g} where sigma is in {}, eta {:g}:".format(*knobs), shown, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
