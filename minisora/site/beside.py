"""What the scoreboard has beside the suites: trainings that differ in one thing, as `benchmarks/` recorded them."""

from minisora.limits import TRAINED_SECONDS

ROWS = {  # of framing.json: how they are called on the page
    "drawn": "as the world draws it", "crops of the drawn": "the squares in its middle", "these weights": "the shipped weights",
    "all of it": "a model that saw all of it", "square crops": "a model that only saw the square crops",
}  # fmt: skip
SIZES = ("wide", "tall", "square")


def framing(record: dict) -> str:
    """Whom the frame cuts off, from framing.json, in MyST Markdown."""
    seen = f"clips of {record['seconds']:g} s" if record["seconds"] else "pictures"
    about = (
        f"Two models, preset `{record['preset']}`, were trained from the start for {record['steps']:,} steps of {record['batch']}: one on "
        f"{record['clips']:,} wide and tall {seen} as they are, one on the squares in the middle of the same. Share of characters that "
        f"the edge of the first picture cuts, for {record['n']} held-out sentences of each size, with 95 % intervals. Made by"
    )
    rows = ["| | " + " | ".join(SIZES) + " |", "|---" * (len(SIZES) + 1) + "|"]
    for name, called in ROWS.items():
        rows.append(f"| {called} | " + " | ".join(_cell(record["rows"][name].get(size)) for size in SIZES) + " |")
    alt = "First pictures of six sentences: above from the model that only saw square crops, below from the one that saw all"
    return "\n\n".join(
        ["## Framing", about, f"```\n{record['command']}\n```", "\n".join(rows), f"![{alt}](../data/bench/framing.png)"]
    )  # fmt: skip


def lengths(record: dict) -> str:
    """Clips of many lengths, from lengths.json, in MyST Markdown."""
    about = (
        f"The same questions of {record['n']} held-out scenes of each length, of one shot, told in detail and made at once at 64×64, by "
        f"`python benchmarks/lengths.py`. Training showed up to {TRAINED_SECONDS:g} seconds."
    )
    rows = ["| seconds | claims | model: claims right | drawn | model: sentences right | drawn |", "|---" * 6 + "|"]
    for row in record["rows"]:
        cells = (_share(row[name]) for name in ("model", "truth", "model all", "truth all"))
        rows.append(f"| {row['seconds']:g} | {row['model']['n']} | " + " | ".join(cells) + " |")
    return "\n\n".join(["## From a picture to eight seconds", about, "\n".join(rows)])


def _cell(found: dict | None) -> str:
    return _share(found["cut"]) if found and found["cut"]["value"] is not None else "–"


def _share(cell: dict) -> str:
    return f"{cell['value']:.3f} ({cell['low']:.2f}–{cell['high']:.2f})"


def ablations(page: str) -> str:
    """ablations.md as a part of the page."""
    return page.replace("# Ablations", "## What a choice in the recipe is worth", 1).rstrip()
