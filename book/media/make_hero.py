"""Draws README's picture, book/media/hero.png: sentences, and the frames of the clips that the repository's weights make of them.
Beside it, for the website: the same clips in a square, hero-clip.mp4, and its first frame, hero-clip.png.

python book/media/make_hero.py [--seed 0] [--out book/media/hero.png]
"""

import argparse
from pathlib import Path

import matplotlib
from PIL import Image, ImageColor, ImageDraw, ImageFont

from minisora import MiniSora, Video
from minisora.errors import UserError
from minisora.show import grid
from minisora.video import check_out, png, write_whole
from minisora.world.words import COLOUR_WORDS

SENTENCES = (
    "a red ball hops over a blue box in the snow",
    "an ink drawing of a purple star floating up in the city",
    "a yellow triangle chases a green heart on the beach",
    "a crayon drawing of an orange drop that first spins, then grows at night",
)
FRAMES, SIDE, GAP, EDGE = 8, 124, 8, 22  # of a strip; pixels of a frame, between frames, around all
LINE = 46  # pixels for a sentence and the room below it
RADIUS = 10
PAPER, TEXT = "#FCFBF8", "#33312E"
INKS = {
    "red": "#D3302F", "orange": "#D9731A", "yellow": "#B98A00", "green": "#2E9B45",
    "cyan": "#14919B", "blue": "#2F68D8", "purple": "#7D46C2", "pink": "#D1478F",
}  # fmt: skip
SCALE = 4  # pixels of the website's clip for each of the model's
LARGEST = 300_000  # bytes


def sheet(videos: list[Video], sentences: list[str]) -> Image.Image:
    """One strip of frames for each video, with its sentence beneath."""
    width = 2 * EDGE + FRAMES * (SIDE + GAP) - GAP
    page = Image.new("RGB", (width, 2 * EDGE - 12 + len(videos) * (SIDE + LINE)), PAPER)
    mask = Image.new("L", (SIDE * 4, SIDE * 4))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, SIDE * 4 - 1, SIDE * 4 - 1), RADIUS * 4, 255)
    mask = mask.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    for row, (video, sentence) in enumerate(zip(videos, sentences, strict=True)):
        top = EDGE + row * (SIDE + LINE)
        for place in range(FRAMES):
            frame = video.frames[round(place * (len(video) - 1) / (FRAMES - 1))]
            small = Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            page.paste(small, (EDGE + place * (SIDE + GAP), top), mask)
        write(page, sentence, top + SIDE + 7)
    return page


def write(page: Image.Image, sentence: str, top: int) -> None:
    """The sentence, with the names of colours in their colour."""
    font = ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")), 17)
    inks = {word: INKS[name] for name, words in COLOUR_WORDS.items() for word in words}
    pen, left = ImageDraw.Draw(page), float(EDGE + 2)
    for word in sentence.split():
        pen.text((left, top), word, fill=inks.get(word, TEXT), font=font)
        left += font.getlength(word + " ")


def palette(page: Image.Image, colours: int) -> Image.Image:
    """So many colours: those of the writing, in three strengths, and for the rest those that suit the frames."""
    paper, inks = ImageColor.getrgb(PAPER), [ImageColor.getrgb(ink) for ink in (*INKS.values(), TEXT)]
    own = [round(p + share * (i - p)) for ink in inks for share in (1, 0.66, 0.33) for p, i in zip(paper, ink, strict=True)]
    rest = page.quantize(colours - len(own) // 3 - 1, Image.Quantize.MEDIANCUT).getpalette()
    table = Image.new("P", (1, 1))
    table.putpalette([*paper, *own, *rest])
    return table


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=str(Path(__file__).parent / "hero.png"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", default=None, help="a folder of weights; the repository's, if none is given")
    asked = parser.parse_args(argv)
    out = check_out(asked.out)
    sora = MiniSora.from_pretrained(asked.weights) if asked.weights else MiniSora.from_pretrained()
    videos = [sora.generate(sentence, seed=asked.seed) for sentence in SENTENCES]
    page = sheet(videos, list(SENTENCES))

    def save(path: Path) -> None:
        for colours in (256, 192, 128, 96, 64):
            page.quantize(palette=palette(page, colours), dither=Image.Dither.NONE).save(path, "PNG", optimize=True)
            if path.stat().st_size <= LARGEST:
                return
        raise UserError(f"{out}: larger than {LARGEST} bytes even with {colours} colours. Show fewer frames.")

    write_whole(out, save)
    clip = grid(videos, columns=2)
    clip.save(out.with_name(f"{out.stem}-clip.mp4"), scale=SCALE)
    write_whole(out.with_name(f"{out.stem}-clip.png"), lambda path: path.write_bytes(png(Image.fromarray(clip.enlarged(SCALE).frames[0]))))
    print(f"{out}: {page.width}x{page.height}, {out.stat().st_size / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
