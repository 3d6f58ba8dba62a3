"""Which actions the model does, and which not: the suite "core" counted by verb.

    python benchmarks/verbs.py [--n 320] [--seed 0] [--json data/bench/verbs.json] [--weights FOLDER]

For each action the share of motion claims that are right, and of the claims about the order of two events of which it is one. The same
sentences, noise and oracle as `minisora bench --suite core`, so the sums are that report's.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np

from minisora.bench.lines import Makers
from minisora.bench.measure import hashes
from minisora.bench.oracle import judge
from minisora.bench.report import write
from minisora.bench.suites import Case, core
from minisora.cli import Parser
from minisora.errors import UserError
from minisora.sora import MiniSora, shipped_weights

Found = dict[str, dict[str, list[bool]]]


def count(case: Case, video: np.ndarray, found: Found) -> None:
    """Adds what the oracle says of a case's video, (T, H, W, 3) uint8, to `found`: verb → dimension → right."""
    told = [claim for claim in case.claims if claim.shot == 0]
    for claim, (dimension, right) in zip(told, judge(video, case.claims), strict=True):
        if dimension in ("motion", "order"):
            for verb in claim.value.split(">"):
                found[verb][dimension].append(right)


def shares(found: Found) -> dict[str, dict[str, dict]]:
    """The share that is right and the number of claims, the verb that is done least at the top."""
    told = {
        verb: {name: {"value": round(float(np.mean(right)), 4), "n": len(right)} for name, right in sorted(parts.items())}
        for verb, parts in found.items()
    }
    return dict(sorted(told.items(), key=lambda entry: (entry[1].get("motion", entry[1].get("order"))["value"], entry[0])))


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="benchmarks/verbs.py", description="Which actions the model does.")
    parser.add_argument("--n", type=int, default=320, help="sentences (default 320)")
    parser.add_argument("--seed", type=int, default=0, help="of the sentences and the noise (default 0)")
    parser.add_argument("--weights", type=Path, default=shipped_weights(), metavar="FOLDER")
    parser.add_argument("--json", type=Path, default=Path("data/bench/verbs.json"), metavar="FILE")
    args = parser.parse_args(argv)
    try:
        if args.n < 1:
            raise UserError(f"--n {args.n}: at least one sentence. Try --n 320.")
        if not args.json.parent.is_dir():
            raise UserError(f"--json {args.json}: there is no folder {args.json.parent}.")
        makers = Makers(MiniSora.from_pretrained(args.weights), seed=args.seed)
    except UserError as error:
        print(f"benchmarks/verbs.py: {error}")
        return 2
    found: Found = defaultdict(lambda: defaultdict(list))
    for case in core(args.n, args.seed):
        count(case, makers.model(case), found)
    told = shares(found)
    write(args.json, {"n": args.n, "seed": args.seed, "weights": hashes(args.weights), "verbs": told})
    for verb, parts in told.items():
        print(f"{verb:14}", "  ".join(f"{name} {share['value']:.2f} of {share['n']}" for name, share in parts.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
