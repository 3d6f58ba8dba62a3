"""Whether the sampler limits how well a given beginning is continued: velocity and acceleration against the law, a knob at a time.

    python benchmarks/velocity.py [--n 64] [--seed 0] [--json data/bench/velocity.json] [--weights FOLDER]

The cases inside the range, of the physics of the suite "world" (a half second is given), asked once for each row of ROWS; the first row is
MiniSora's own sampler, so its error is that report's when all its cases are asked. Writes the file after each row; what is there is not
asked again: it may be stopped any time.
"""

import json
from pathlib import Path

from minisora.bench import world_lines
from minisora.bench.lines import Makers
from minisora.bench.measure import hashes
from minisora.bench.report import write
from minisora.bench.world_cases import TESTS, WorldCase, world_case
from minisora.cli import Parser
from minisora.errors import UserError
from minisora.sora import MiniSora, shipped_weights

TEST = "inside"
ROWS: dict[str, dict] = {  # what is changed of the sampler: options of MiniSora.sample_steps
    "as it is": {},
    "without guidance": {"guidance": 1.0},
    "without guidance, in 50 steps": {"guidance": 1.0, "steps": 50},
    "without guidance and new noise": {"guidance": 1.0, "eta": 0.0},
    "without guidance, a leap from 0.25": {"guidance": 1.0, "leap": 0.25},
    "without guidance, a leap from 0.7": {"guidance": 1.0, "leap": 0.7},
}


def cases(n: int, seed: int) -> list[WorldCase]:
    """The first `n` cases of the suite that ask for the physics inside the range."""
    return [world_case(TESTS.index(TEST) + len(TESTS) * turn, seed) for turn in range(n)]


def asked(found: list[WorldCase], sora: MiniSora, seed: int, options: dict) -> dict[str, dict]:
    """The median errors of velocity (units / s) and acceleration (units / s²) with their intervals."""
    *_, (_, tallies) = world_lines.run(found, ("model",), Makers(sora, seed=seed, **options))
    return tallies["model"].shares()


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="benchmarks/velocity.py", description="Whether the sampler limits how a given beginning is continued.")
    parser.add_argument("--n", type=int, default=64, help="cases (default 64, the report's)")
    parser.add_argument("--seed", type=int, default=0, help="of the cases and the noise (default 0, the report's)")
    parser.add_argument("--weights", type=Path, default=shipped_weights(), metavar="FOLDER")
    parser.add_argument("--json", type=Path, default=Path("data/bench/velocity.json"), metavar="FILE")
    args = parser.parse_args(argv)
    try:
        if args.n < 1:
            raise UserError(f"--n {args.n}: at least one case. Try --n 64.")
        if not args.json.parent.is_dir():
            raise UserError(f"--json {args.json}: there is no folder {args.json.parent}.")
        sora = MiniSora.from_pretrained(args.weights)
    except UserError as error:
        print(f"benchmarks/velocity.py: {error}")
        return 2
    about = {"n": args.n, "seed": args.seed, "weights": hashes(args.weights)}
    there = json.loads(args.json.read_text()) if args.json.exists() else {}
    rows = there.get("rows", {}) if {key: there.get(key) for key in about} == about else {}
    found = cases(args.n, args.seed)
    for name, options in ROWS.items():
        if name not in rows:
            rows[name] = {"options": options, **asked(found, sora, args.seed, options)}
            write(args.json, {**about, "rows": rows})
        errors = (f"{what} {cell['value']:.3f}" for what, cell in rows[name].items() if what != "options" and cell["n"])
        print(f"{name:36}", "  ".join(errors), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
