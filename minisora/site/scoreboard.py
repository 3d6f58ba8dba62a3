"""The page of the scoreboard: the bench's report as plots and tables; of core.json alone until there is a whole report."""

from minisora.bench.floors import FLOORS, floors
from minisora.bench.page import ABOUT, floors_table
from minisora.bench.report import table

from .gallery_page import raw
from .gallery_pages import of_weights
from .scoreboard_plot import legend, plot

SUITES = {"core": "Sentences", "world": "A world", "modes": "Modes", "splits": "Beyond what was seen"}
LINES = """\
- **model**: what the weights make.
- **truth**: the right video, as the toy world draws it. It shows how far the oracle itself can be trusted.
- **autoencoder**: the right video, encoded and decoded. The denoiser could reach that at best.
- **chance**: right videos of other cases. A model is to be read between chance and autoencoder, not between 0 and 1."""


def scoreboard(suites: dict[str, dict], report: dict | None, published: dict | None) -> str:
    """The page in MyST Markdown. suites: the reports by suite, some perhaps missing; report: all of them together, if it was made."""
    weights = next(iter(suites.values()))["weights"]
    commands = [report["command"]] if report else [suite["command"] for suite in suites.values()]
    counts = ", ".join(f"{suite['n']} cases of {name}" for name, suite in suites.items())
    missing = [name for name in SUITES if name not in suites]
    parts = [
        "# Scoreboard",
        f"How well the weights of this repository do what they are asked, judged from the pixels alone by a program, the oracle: {counts}. "
        "Everything on this page is written from recorded numbers; the record was made by",
        "```\n" + "\n".join(commands) + "\n```",
        of_weights(weights),
        LINES,
        "Beside each number stands its 95 % interval: Wilson's for shares, that of order statistics for medians. "
        "How to read a report is told in [the bench's own page](../data/bench/README.md); what goes wrong is on [Failures](failures.md).",
    ]
    if missing:
        parts.append(f"Not recorded yet with these weights: {', '.join(missing)}. `minisora bench --all` asks them.")
    parts += ["## Floors", *_floors(report["floors"] if report else floors(suites))]
    for name, suite in suites.items():
        parts += _suite(name, suite)
    if published:
        parts += _published(published)
    return "\n\n".join(part for part in parts if part) + "\n"


def _floors(rows: list[dict]) -> list[str]:
    """What is to be reached, and whether it is: in words, not in colours."""
    asked = [row for row in rows if row["yes"] is not None]
    told = f"{sum(row['yes'] for row in asked)} of {len(asked)} floors are reached"
    told += f"; {len(rows) - len(asked)} were not asked." if len(asked) < len(rows) else "."
    below = [one for row in rows for one in row.get("below", [])]
    left = [f"The autoencoder leaves less than it should of: {', '.join(below)}."] if below else []
    told += " The number itself decides; the interval stands beside it."
    return [told, floors_table(rows, ("✓ yes", "✗ **no**", "not asked")), *left]


def _suite(name: str, suite: dict) -> list[str]:
    least = {floor.dimension: floor.least for floor in FLOORS if floor.suite == name}
    parts = [f"## {SUITES.get(name, name)}: the suite {name}", ABOUT.get(name, "")]
    for split, part in suite.get("splits", {"": suite}).items():
        drawing = plot(f"the suite {name}{f', split {split}' if split else ''}", part["dimensions"], least)
        parts.append(f"### {split.capitalize()}" if split else "")
        parts.append(raw(f"{legend()}\n{drawing}") if drawing else "")
        parts.append(table(part))
    if suite.get("meaning"):
        told = "\n".join(f"- {what}: {meaning}" for what, meaning in suite["meaning"].items())
        parts += ["What is not a share:", told]
    return parts


def _published(published: dict) -> list[str]:
    """Figures of large systems, each with its source, under a heading that says what they are not."""
    about = f"**These figures are for context and not comparable with those above.** {published['about']}"
    parts = ["## Large systems: not comparable", about]
    for bench in published["benchmarks"]:
        where = f"{bench['authors']}, “{bench['title']}”, {bench['year']}, {bench['where']}: <{bench['source']}>"
        rows = ["| system | " + " | ".join(bench["columns"]) + " | source |", "|---" * (len(bench["columns"]) + 2) + "|"]
        rows.append("| *what we ask that is nearest* | " + " | ".join(f"*{ours}*" for ours in bench["ours"]) + " | |")
        for one in bench["systems"]:
            source = f"<{one['source']}> ({one['year']})" if "source" in one else f"as above ({bench['year']})"
            rows.append(f"| {one['system']} | " + " | ".join(f"{figure:g}" for figure in one["figures"]) + f" | {source} |")
        parts += [f"### {bench['name']} (not comparable)", f"{bench['unit']}. {where}", "\n".join(rows)]
    return parts
