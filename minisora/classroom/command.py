"""`minisora class`: what an instructor needs, into a folder of their own."""

import argparse
from pathlib import Path

from minisora.errors import UserError

USAGE = """\
usage: minisora class assignment --chapter 1 --seed 7 --out FOLDER    assignments with numbers of their own, for nbgrader and Otter
       minisora class slides --out FOLDER                             a deck for every chapter, opened by index.html

Each has its own options: minisora class assignment --help. First of all, in every class: minisora doctor"""


def main(argv: list[str]) -> int:
    """Runs one of the commands. Raises UserError where there is no such command."""
    if not argv or argv[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    commands = {"assignment": assignment, "slides": slides}
    if argv[0] not in commands:
        raise UserError(f"class {argv[0]}: there is no such command. Type: minisora class {' or minisora class '.join(commands)}")
    return commands[argv[0]](argv[1:])


def numbers(text: str, known: range) -> list[int]:
    """Chapters given by commas ("1,3" or "all"). Raises UserError for what is none."""
    if text == "all":
        return list(known)
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() and int(part) in known for part in parts):
        raise UserError(f"--chapter {text}: by commas, some of {known[0]} to {known[-1]}, or all. Try --chapter {known[1]}.")
    return list(dict.fromkeys(map(int, parts)))


def given(parser: argparse.ArgumentParser, argv: list[str]) -> argparse.Namespace:
    """The options. Raises UserError for what is none of them, and where --out is missing."""
    args, rest = parser.parse_known_args(argv)
    if rest:
        raise UserError(f"class: what is {' '.join(rest)!r}? Look at: {parser.prog} --help")
    if args.out is None:
        raise UserError(f"{parser.prog.removeprefix('minisora ')}: where to? Type: {parser.prog} --out FOLDER")
    if args.out.exists() and not args.out.is_dir():
        raise UserError(f"--out {args.out}: that is a file. Give a folder.")
    return args


def assignment(argv: list[str]) -> int:
    """`minisora class assignment`."""
    from minisora.classroom.export import written
    from minisora.classroom.problem import CHAPTERS, problem

    parser = argparse.ArgumentParser(prog="minisora class assignment", description="Assignments whose numbers are drawn from a seed.")
    parser.add_argument("--chapter", default="all", help="which chapters, by commas (default: all)")
    parser.add_argument("--seed", help="any whole number; another one for every class. Keep it: the same seed makes the same files")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="the course's folder, which stays with you")
    parser.add_argument("--force", action="store_true", help="write over assignments that lie there")
    args = given(parser, argv)
    if args.seed is None or not args.seed.lstrip("-").isdigit():
        raise UserError(f"--seed {args.seed or '(none)'}: a whole number draws the assignment's numbers. Try --seed 7.")
    for chapter in numbers(args.chapter, CHAPTERS):
        made = problem(chapter, int(args.seed))
        written(made, int(args.seed), args.out, args.force)
        drawn = ", ".join(f"{what} {value}" for what, value in made.drawn.items())
        print(f"chapter {chapter} · {made.title} · {made.points} points · {drawn}")
    print(f"written to {args.out}: source/ for nbgrader, otter/ for Otter, rubric/ for you alone")
    return 0


def slides(argv: list[str]) -> int:
    """`minisora class slides`."""
    from minisora.classroom.slides import CHAPTERS, serve, written

    parser = argparse.ArgumentParser(prog="minisora class slides", description="A deck for every chapter, made of its own cells.")
    parser.add_argument("--chapter", default="all", help="which chapters, by commas (default: all)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to write; open its index.html")
    parser.add_argument("--serve", type=int, metavar="PORT", nargs="?", const=8000, help="serve the folder afterwards (default port 8000)")
    args = given(parser, argv)
    for chapter in numbers(args.chapter, CHAPTERS):
        path, count = written(chapter, args.out)
        print(f"{path.name}: {count} slides")
    print(f"written to {args.out}: open index.html. Arrow keys turn the slides, S shows the notes")
    if args.serve is not None:
        serve(args.out, args.serve)
    return 0
