"""The command line: `minisora generate | … | train | data | bench | doctor`. What is heavy is imported by the command that needs it.

The commands that make something, from `generate` to `edit`, are in making.py.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from minisora.errors import UserError
from minisora.making import add_commands, none_left

TRAINABLE = ("vae", "latents", "text", "dit")


class Parser(argparse.ArgumentParser):
    """argparse whose errors are one line that says what to type next."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}. Look at: {self.prog} --help")


def build_parser() -> Parser:
    parser = Parser(prog="minisora", description="A sentence becomes a video, on a laptop.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)

    add_commands(commands)

    train = commands.add_parser("train", help="train a part of the model", add_help=False)
    train.add_argument("part", nargs="?", help=f"what to train: {' or '.join(TRAINABLE)}")
    train.set_defaults(run=train_part)

    data = commands.add_parser("data", help="make data sets of the toy world", add_help=False)
    data.add_argument("action", nargs="?", help="build")
    data.set_defaults(run=data_build)

    bench = commands.add_parser("bench", help="how well sentences are followed; bench render: how fast", add_help=False)
    bench.set_defaults(run=run_bench)

    classroom = commands.add_parser("class", help="for instructors: assignments with other numbers, slides", add_help=False)
    classroom.set_defaults(run=run_class)

    book = commands.add_parser("book", help="build the website from the pages and the executed notebooks", add_help=False)
    book.set_defaults(run=run_book)

    gallery = commands.add_parser("gallery", help="make the site's clips and pages anew", add_help=False)
    gallery.set_defaults(run=run_gallery)

    doctor = commands.add_parser("doctor", help="print the environment and what is wrong with it, for bug reports")
    doctor.set_defaults(run=run_doctor)
    return parser


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


def run_class(args: argparse.Namespace, rest: list[str]) -> int:
    from minisora.classroom.command import main

    return main(rest) or 0


def run_book(args: argparse.Namespace, rest: list[str]) -> int:
    from minisora.site.book import main

    return main(rest) or 0


def run_gallery(args: argparse.Namespace, rest: list[str]) -> int:
    from minisora.site.gallery import main

    return main(rest)


def run_doctor(args: argparse.Namespace, rest: list[str]) -> int:
    from minisora.doctor import main

    none_left(rest, "doctor")
    return main()


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
