"""The commands that make something: `minisora generate | image | animate | extend | fill | connect | loop | edit`.

All of them check what can be checked before anything heavy is loaded, show one progress bar, tell on stderr what was fitted, rounded or
left out, and write a whole file or none.
"""

import argparse
import sys
import time
from collections.abc import Callable

from minisora.errors import UserError
from minisora.limits import DEFAULT_STEPS, LONGEST, TAKES, check_request, check_share, check_takes

Commands = argparse._SubParsersAction
SENTENCE = 'what is to be seen: "a red ball hops over a blue box in the snow"'
OUT = "where to write it: .mp4, .gif or .png (frames side by side)"


def size(text: str) -> tuple[int, int]:
    """'96x64' is 96 wide and 64 high; returns (height, width)."""
    try:
        width, height = (int(side) for side in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size: WIDTHxHEIGHT, such as 96x64") from None
    return height, width


def shot(text: str) -> tuple[float, str] | str:
    """'1.5: the ball hops' is a shot of 1.5 s; without a number it is as long as the others."""
    first, colon, rest = text.partition(":")
    try:
        return (float(first), rest.strip()) if colon else text
    except ValueError:
        return text


def add_commands(commands: Commands) -> None:
    make = _command(commands, "generate", "make a video from a sentence", generate, (64, 64))
    make.add_argument("prompt", help=f'{SENTENCE}; with --shot, what all shots share, or ""')
    make.add_argument("--seconds", type=float, default=2.0, help="length, above 0 and up to 8 (default 2)")
    make.add_argument("--shot", type=shot, action="append", dest="shots", metavar="TEXT",
                      help='a storyboard: once for each shot, with its seconds if they differ, "1.5: the ball hops"')  # fmt: skip

    make = _command(commands, "image", "make a picture from a sentence", image, (64, 64))
    make.add_argument("prompt", help=SENTENCE)

    make = _command(commands, "animate", "bring a picture to life", animate)
    make.add_argument("image", help="any image; of a video, its first frame")
    make.add_argument("prompt", help="what happens in it")
    make.add_argument("--seconds", type=float, default=2.0, help="length, above 0 and up to 8 (default 2)")

    make = _command(commands, "extend", "go on with a video, or tell what came before it", extend)
    make.add_argument("video", help="any video of at least two frames")
    make.add_argument("prompt", help="what happens in it")
    make.add_argument("--seconds", type=float, default=2.0, help="how much more, above 0 and up to 60 (default 2)")
    make.add_argument("--direction", choices=("forward", "backward"), default="forward", help="after its end, or before its beginning")

    make = _command(commands, "fill", "make the missing frames of a video", fill)
    make.add_argument("video", help="any video of up to 8 seconds")
    make.add_argument("prompt", nargs="?", default="", help="what happens in it; may be left out")
    make.add_argument("--known", required=True, metavar="FRAMES", help="the frames to keep, at 8 per second: 0-4,12-16")

    make = _command(commands, "connect", "join two videos", connect)
    make.add_argument("a", help="how it begins: any video or image")
    make.add_argument("b", help="how it ends: any video or image")
    make.add_argument("prompt", help="what happens on the way")
    make.add_argument("--seconds", type=float, default=1.0, help="between the two, 0.5 to 3 (default 1)")

    make = _command(commands, "loop", "lead the end of a video back to its beginning", loop)
    make.add_argument("video", help="any video of at least two frames")
    make.add_argument("prompt", nargs="?", default="", help="what happens on the way; may be left out")
    make.add_argument("--seconds", type=float, default=1.0, help="from the end to the beginning, 0.5 to 3 (default 1)")
    make.add_argument("--takes", type=int, default=TAKES, help=f"ways back to make, of which the smoothest is kept (default {TAKES})")

    make = _command(commands, "edit", "the same motion with another place, look or colour", edit)
    make.add_argument("video", help="any video of up to 8 seconds")
    make.add_argument("prompt", help="what is to be seen instead")
    make.add_argument("--strength", type=float, default=0.6, help="0: as it was, 1: nothing of it is left (default 0.6)")


def _command(commands: Commands, name: str, what: str, run: Callable, shape: tuple[int, int] | None = None) -> argparse.ArgumentParser:
    """A command with the options that all of them have. shape: the usual size; None: that of what is given."""
    make = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    make.add_argument("--out", required=True, metavar="FILE", help=OUT)
    usual = "default 64x64" if shape else "default: what suits the picture, with 64 on its shorter side"
    make.add_argument("--size", type=size, default=shape, metavar="WIDTHxHEIGHT", help=f"pixels, for example 96x64 ({usual})")
    make.add_argument("--seed", type=int, default=0, help="another number, another result (default 0)")
    make.add_argument("--steps", type=int, help="steps of the sampler: more are finer and slower")
    make.add_argument("--guidance", type=float, help="how strictly the sentence is followed; 1 is without guidance")
    make.add_argument("--scale", type=int, default=1, help="draw every pixel as SCALE x SCALE (default 1)")
    make.add_argument("--weights", metavar="FOLDER_OR_HUB_ID", help="other weights than the repository's own")
    make.set_defaults(run=run, seconds=1.0)
    return make


def generate(args: argparse.Namespace, rest: list[str]) -> int:
    shots = {"shots": args.shots} if args.shots else {}
    return _made(args, rest, lambda sora, how: sora.generate(args.prompt, args.seconds, **shots, **how), wordless=bool(shots))


def image(args: argparse.Namespace, rest: list[str]) -> int:
    return _made(args, rest, lambda sora, how: sora.image(args.prompt, **how))


def animate(args: argparse.Namespace, rest: list[str]) -> int:
    return _made(args, rest, lambda sora, how: sora.animate(args.image, args.prompt, args.seconds, **how))


def extend(args: argparse.Namespace, rest: list[str]) -> int:
    return _made(args, rest, lambda sora, how: sora.extend(args.video, args.prompt, args.seconds, args.direction, **how), longest=LONGEST)


def fill(args: argparse.Namespace, rest: list[str]) -> int:
    return _made(args, rest, lambda sora, how: sora.fill(args.video, args.prompt, known=args.known, **how), wordless=True)


def connect(args: argparse.Namespace, rest: list[str]) -> int:
    return _made(args, rest, lambda sora, how: sora.connect(args.a, args.b, args.prompt, args.seconds, **how))


def loop(args: argparse.Namespace, rest: list[str]) -> int:
    check_takes(args.takes)
    return _made(args, rest, lambda sora, how: sora.loop(args.video, args.prompt, args.seconds, takes=args.takes, **how), wordless=True)


def edit(args: argparse.Namespace, rest: list[str]) -> int:
    check_share("strength", args.strength, 0.6)
    return _made(args, rest, lambda sora, how: sora.edit(args.video, args.prompt, args.strength, **how))


def _made(args: argparse.Namespace, rest: list[str], make: Callable, **asked) -> int:
    """Checks the request, makes the video, writes it, says so."""
    from minisora.video import check_out

    none_left(rest, args.command)
    out = check_out(args.out)  # before seconds of work, not after
    if not 1 <= args.scale <= 32:
        raise UserError(f"--scale {args.scale}: a whole number from 1 to 32. Try --scale 4.")
    how = {name: value for name in ("seed", "steps", "guidance") if (value := getattr(args, name)) is not None}
    check_request(args.prompt, args.seconds, *(args.size or (64, 64)), **how, **asked)
    from tqdm import tqdm

    from minisora.sora import MiniSora

    sora = MiniSora.from_pretrained(args.weights)
    how |= dict(zip(("height", "width"), args.size, strict=True)) if args.size else {}
    start = time.perf_counter()
    with tqdm(total=how.get("steps", DEFAULT_STEPS), desc="denoising", unit="step", leave=False, disable=None, file=sys.stderr) as bar:

        def progress(done: int, steps: int) -> None:
            bar.total = steps
            bar.update(done - bar.n)

        video = make(sora, {**how, "progress": progress})
    seconds = time.perf_counter() - start
    for word, nearest in video.unknown:
        hint = f"; near to it: {', '.join(nearest)}" if nearest else ""
        print(f"minisora: {word!r} is not a word of the toy world and was left out{hint}", file=sys.stderr)
    if video.note:
        print(f"minisora: {video.note}", file=sys.stderr)
    video.save(out, scale=args.scale)
    shape = f"{len(video)} frames of {video.width * args.scale}x{video.height * args.scale}".replace("1 frames", "1 frame")
    print(f"{out}: {shape}, made in {seconds:.1f} s, seed {args.seed}")
    return 0


def none_left(rest: list[str], command: str) -> None:
    """Raises UserError when words of the command line were not understood."""
    if rest:
        raise UserError(f"{command}: what is {' '.join(rest)!r}? Look at: minisora {command} --help")
