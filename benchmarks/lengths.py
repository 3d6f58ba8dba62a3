"""How long a clip may be: the same questions of videos from a picture to eight seconds, twice as long as any that training showed.

    python benchmarks/lengths.py [--n 32] [--seed 0] [--json data/bench/lengths.json] [--weights FOLDER]

Held-out scenes of one shot, with one, two and three characters in turn and told in detail, made at once at 64×64. The share of claims that
are right, of the model's videos and of the drawn truth: the oracle too has more to miss in a longer one. Goes on where it was stopped.
"""

import json
from pathlib import Path

from minisora.bench.lines import Makers
from minisora.bench.measure import hashes
from minisora.bench.oracle import judge
from minisora.bench.report import share, write
from minisora.bench.suites import Case
from minisora.cli import Parser
from minisora.errors import UserError
from minisora.limits import MAX_SECONDS, TRAINED_SECONDS
from minisora.sora import MiniSora, shipped_weights
from minisora.world.caption import caption, claims
from minisora.world.sample import sample_scene

LENGTHS = 0.0, 1.0, 2.0, TRAINED_SECONDS, 6.0, MAX_SECONDS  # seconds; 0: a picture


def cases(n: int, seconds: float, seed: int) -> list[Case]:
    """Held-out scenes of one shot that last so long. Of all lengths the same seeds."""
    made = []
    for index in range(n):
        number = 10_000_000 * (seed + 1) + index
        scene = sample_scene(number, seconds, 1.0, "heldout", characters=1 + index % 3, shots=1)
        text = caption(scene, "detailed", number)
        made.append(Case(number, scene, text.text, tuple(claims(scene, text)), seconds, 64, 64))
    return made


def made(case: Case, makers: Makers):
    """What the model makes of a case, (T, 64, 64, 3) uint8."""
    return makers.model(case) if case.seconds else makers.sora.image(case.prompt, seed=case.seed).frames


def asked(n: int, seconds: float, makers: Makers) -> dict[str, dict]:
    """The shares of claims and of whole sentences that are right."""
    found: dict[str, list[bool]] = {name: [] for name in ("model", "model all", "truth", "truth all")}
    for case in cases(n, seconds, makers.seed):
        for line, video in (("model", made(case, makers)), ("truth", case.truth())):
            rights = [right for _, right in judge(video, case.claims)]
            found[line] += rights
            found[f"{line} all"].append(all(rights))
    return {name: share(rights) for name, rights in found.items()}


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="benchmarks/lengths.py", description="The same questions of videos of many lengths.")
    parser.add_argument("--n", type=int, default=32, help="sentences of each length (default 32)")
    parser.add_argument("--seed", type=int, default=0, help="of the sentences and the noise (default 0)")
    parser.add_argument("--weights", type=Path, default=shipped_weights(), metavar="FOLDER")
    parser.add_argument("--json", type=Path, default=Path("data/bench/lengths.json"), metavar="FILE")
    args = parser.parse_args(argv)
    try:
        if args.n < 1:
            raise UserError(f"--n {args.n}: at least one sentence of each length. Try --n 32.")
        if not args.json.parent.is_dir():
            raise UserError(f"--json {args.json}: there is no folder {args.json.parent}.")
        makers = Makers(MiniSora.from_pretrained(args.weights), seed=args.seed)
    except UserError as error:
        print(f"benchmarks/lengths.py: {error}")
        return 2
    about = {"n": args.n, "seed": args.seed, "weights": hashes(args.weights)}
    before = json.loads(args.json.read_text()) if args.json.exists() else {}
    rows = before["rows"] if {name: before.get(name) for name in about} == about else []
    for seconds in LENGTHS[len(rows) :]:
        rows.append({"seconds": seconds, **asked(args.n, seconds, makers)})
        write(args.json, {**about, "rows": rows})
    for row in rows:
        print(f"{row['seconds']:g} s: {row['model']['value']:.3f} of {row['model']['n']} claims, drawn {row['truth']['value']:.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
