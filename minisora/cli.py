"""The command line: `minisora generate | train | data | bench | doctor`. What is heavy is imported by the command that needs it."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from minisora.errors import UserError

TRAINABLE = ("vae", "latents", "text", "dit")


class Parser(argparse.ArgumentParser):
    """argparse whose errors are one line that says what to type next."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}. Look at: {self.prog} --help")


def size(text: str) -> tuple[int, int]:
    """'96x64' is 96 wide and 64 high; returns (height, width)."""
    try:
        width, height = (int(side) for side in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size: WIDTHxHEIGHT, such as 96x64") from None
    return height, width


def build_parser() -> Parser:
    parser = Parser(prog="minisora", description="A sentence becomes a video, on a laptop.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)

    make = commands.add_parser("generate", help="make a video from a sentence")
    make.add_argument("prompt", help='what is to be seen: "a red ball hops over a blue box in the snow"')
    make.add_argument("--out", required=True, metavar="FILE", help="where to write it: .mp4, .gif or .png (frames side by side)")
    make.add_argument("--seconds", type=float, default=2.0, help="length, above 0 and up to 4 (default 2)")
    make.add_argument("--size", type=size, default=(64, 64), metavar="WIDTHxHEIGHT", help="pixels, for example 96x64 (default 64x64)")
    make.add_argument("--seed", type=int, default=0, help="another number, another video (default 0)")
    make.add_argument("--steps", type=int, help="steps of the sampler: more are finer and slower")
    make.add_argument("--guidance", type=float, help="how strictly the sentence is followed; 1 is without guidance")
    make.add_argument("--scale", type=int, default=1, help="draw every pixel as SCALE x SCALE (default 1)")
    make.add_argument("--weights", metavar="FOLDER_OR_HUB_ID", help="other weights than the repository's own")
    make.set_defaults(run=generate)

    train = commands.add_parser("train", help="train a part of the model", add_help=False)
    train.add_argument("part", nargs="?", help=f"what to train: {' or '.join(TRAINABLE)}")
    train.set_defaults(run=train_part)

    data = commands.add_parser("data", help="make data sets of the toy world", add_help=False)
    data.add_argument("action", nargs="?", help="build")
    data.set_defaults(run=data_build)

    bench = commands.add_parser("bench", help="how well sentences are followed; bench render: how fast", add_help=False)
    bench.set_defaults(run=run_bench)

    doctor = commands.add_parser("doctor", help="print the environment and what is wrong with it, for bug reports")
    doctor.set_defaults(run=run_doctor)
    return parser


def generate(args: argparse.Namespace, rest: list[str]) -> int:
    from minisora.video import check_out

    _none_left(rest, "generate")
    out = check_out(args.out)  # before seconds of work, not after
    if not 1 <= args.scale <= 32:
        raise UserError(f"--scale {args.scale}: a whole number from 1 to 32. Try --scale 4.")
    from tqdm import tqdm

    from minisora.sora import DEFAULT_STEPS, MiniSora, check_request

    height, width = args.size
    options = {name: value for name in ("steps", "guidance") if (value := getattr(args, name)) is not None}
    check_request(args.prompt, args.seconds, height, width, seed=args.seed, **options)
    sora = MiniSora.from_pretrained(args.weights)
    start = time.perf_counter()
    with tqdm(total=options.get("steps", DEFAULT_STEPS), desc="denoising", unit="step", leave=False, disable=None, file=sys.stderr) as bar:
        video = sora.generate(
            args.prompt, args.seconds, height, width, seed=args.seed, progress=lambda done, total: bar.update(done - bar.n), **options
        )
    seconds = time.perf_counter() - start
    for word, nearest in video.unknown:
        hint = f"; near to it: {', '.join(nearest)}" if nearest else ""
        print(f"minisora: {word!r} is not a word of the toy world and was left out{hint}", file=sys.stderr)
    video.save(out, scale=args.scale)
    shape = f"{len(video)} frames of {video.width * args.scale}x{video.height * args.scale}"
    print(f"{out}: {shape}, made in {seconds:.1f} s, seed {args.seed}")
    return 0


def train_part(args: argparse.Namespace, rest: list[str]) -> int:
    if args.part not in TRAINABLE:
        given = f"train {args.part}: there is no such part" if args.part else "train what?"
        if args.part is None and rest and set(rest) <= {"-h", "--help"}:
            print("usage: minisora train vae|latents|text|dit [options]\n\nEach part has its own options: minisora train vae --help")
            return 0
        raise UserError(f"{given} Type: minisora train {' or minisora train '.join(TRAINABLE)}")
    from importlib import import_module

    return import_module(f"minisora.train.{args.part}").main(rest) or 0


def data_build(args: argparse.Namespace, rest: list[str]) -> int:
    if args.action != "build" and not (args.action is None and rest and set(rest) <= {"-h", "--help"}):
        raise UserError("data: there is one thing to do. Type: minisora data build --out FOLDER --clips 1000")
    from minisora.world.dataset import main

    return main(rest) or 0


def run_bench(args: argparse.Namespace, rest: list[str]) -> int:
    if rest[:1] == ["render"]:
        from minisora.world.speed import main

        return main(rest[1:]) or 0
    from minisora.bench import main

    return main(rest) or 0


def run_doctor(args: argparse.Namespace, rest: list[str]) -> int:
    from minisora.doctor import main

    _none_left(rest, "doctor")
    return main()


def _none_left(rest: list[str], command: str) -> None:
    if rest:
        raise UserError(f"{command}: what is {' '.join(rest)!r}? Look at: minisora {command} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0 (done), 1 (doctor found something), 2 (the request was wrong) or 130 (stopped with Ctrl-C)."""
    try:
        args, rest = build_parser().parse_known_args(argv)
        return args.run(args, rest)
    except UserError as error:
        print(f"minisora: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("minisora: stopped", file=sys.stderr)
        return 130


def script() -> NoReturn:
    """What the console script calls."""
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # `minisora … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
