"""The report of all suites as a page of Markdown. Built in chapter 8."""

from .report import table

ABOUT = {
    "core": "Held-out sentences with one, two and three characters in turn: is what they claim to be seen?",
    "world": "What a world needs: who was hidden comes back, everybody stays who they are, causes come before effects, "
    "things move on by the law.",
    "modes": "Every way in beside a sentence, ten of them in turn, on held-out scenes of which the truth is known.",
    "splits": "The questions of core asked of held-out seeds, of combinations that training never showed, and outside its range.",
}
LINES = """\
model: what the weights make. truth: the right video as drawn, the oracle's own ceiling. autoencoder: the right video encoded and
decoded, which the denoiser could reach at best. chance: right videos of other cases. In brackets the 95 % interval (Wilson's for shares,
order statistics for medians)."""
LEAST = 64  # cases of each mode
NAMED = 12  # dimensions that are named one by one


def page(report: dict) -> str:
    """Markdown of what `whole` found."""
    parts = [_top(report), _floors(report["floors"]), _worst(report["worst"]), _velocity(report["suites"])]
    parts += [_suite(name, suite) for name, suite in report["suites"].items()]
    return "\n\n".join([part for part in parts if part] + [_published(report["published"])]) + "\n"


def _top(report: dict) -> str:
    suites = report["suites"].values()
    weights = {name: digest for suite in suites for name, digest in suite["weights"].items() if name.endswith(".safetensors")}
    counts = ", ".join(f"{suite['n']} of {suite['suite']}" for suite in suites)
    few = report["suites"]["modes"]["asked"]["n"] // 10
    lines = [
        "# The oracle's report",
        "Made by",
        f"    {report['command']}",
        f"Cases: {counts}. It took {report['seconds'] / 60:.0f} minutes with {_listed(report['versions'])}.",
    ]
    if weights:
        lines.append(f"Weights (SHA-256, first eight digits): {', '.join(f'{name} {digest[:8]}' for name, digest in weights.items())}.")
    if few < LEAST:
        lines.append(f"**Only {few} cases of each mode: a first look. The intervals say how little that is.**")
    return "\n\n".join([*lines, LINES])


def _listed(versions: dict) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def floors_table(rows: list[dict], answers: tuple[str, str, str] = ("yes", "**no**", "not asked")) -> str:
    """What is to be reached and whether it is, a row each, as a table in Markdown."""
    cells = ["| what | suite | floor | reached | 95 % | n | reached? |", "|---|---|---|---:|---|---:|---|"]
    for row in rows:
        reached = "–" if row["reached"] is None else f"{row['reached']:.3f}"
        interval = "–" if row["low"] is None else f"{row['low']:.2f}–{row['high']:.2f}"
        answer = answers[(True, False, None).index(row["yes"])]
        cells.append(f"| {row['what']} | {row['suite']} | {row['floor']} | {reached} | {interval} | {row['n']} | {answer} |")
    return "\n".join(cells)


def _floors(rows: list[dict]) -> str:
    """The table of floors, and what is below them."""
    asked = [row for row in rows if row["yes"] is not None]
    lines = ["## The floors", f"{sum(row['yes'] for row in asked)} of {len(asked)} are reached."]
    if len(asked) < len(rows):
        lines[-1] += f" {len(rows) - len(asked)} were not asked."
    lines.append(floors_table(rows))
    for below in [row["below"] for row in rows if row.get("below")]:
        more = f" and {len(below) - NAMED} more" if len(below) > NAMED else ""
        lines.append(f"The autoencoder leaves too little of: {', '.join(below[:NAMED])}{more}.")
    return "\n\n".join(lines)


def _worst(found: list[dict]) -> str:
    if not found:
        return ""
    lines = ["## The worst three", "Of the dimensions that have a floor, those in which the model keeps least of the truth's score."]
    for one in found:
        truth = "nothing" if one["truth"] is None else f"{one['truth']:.2f}"
        lines.append(f"**{one['dimension']}** (suite {one['suite']}): {one['model']:.2f}, where the truth gets {truth}.")
        if one["picture"]:
            lines.append(f"![{one['alt']}]({one['picture']})")
        else:
            lines.append("No example of it was found among the first cases.")
    return "\n\n".join(lines)


def _velocity(suites: dict) -> str:
    """Errors of continuations against the law, beside the parser's own on the true video."""
    rows = suites["world"]["dimensions"]
    lines = ["| error | n | model | parser's floor (truth) | model over floor | autoencoder | chance |", "|---|---|---|---|---|---|---|"]
    for name, row in rows.items():
        if name.startswith(("velocity ", "acceleration ")):
            cells = {line: row.get(line, {}).get("value") for line in ("model", "truth", "autoencoder", "chance")}
            over = f"{cells['model'] / cells['truth']:.1f}" if cells["model"] is not None and cells["truth"] else "–"
            shown = {line: "–" if value is None else f"{value:.3f}" for line, value in cells.items()}
            numbers = [shown["model"], shown["truth"], over, shown["autoencoder"], shown["chance"]]
            lines.append(f"| {name} | {row['n']} | {' | '.join(numbers)} |")
    about = (
        "The first half second is given; how far does what follows stray from the law? Medians, in units / s and units / s²; a unit is the "
        "frame's shorter side. Inside the range of training, for combinations that it never showed, and outside its range."
    )
    return "\n\n".join(["## Velocity and acceleration against the law", about, "\n".join(lines)])


def _suite(name: str, suite: dict) -> str:
    lines = [f"## Suite {name}", ABOUT[name], table(suite)]
    if suite["meaning"]:
        lines += ["What is not a share:", "\n".join(f"- {what}: {meaning}" for what, meaning in suite["meaning"].items())]
    return "\n\n".join(lines)


def _published(published: dict) -> str:
    """Figures of large systems, each with its source."""
    lines = ["## Large systems, for context: not comparable", published["about"]]
    for bench in published["benchmarks"]:
        where = f"{bench['authors']}, “{bench['title']}”, {bench['year']}, {bench['where']}: <{bench['source']}>"
        lines += [f"**{bench['name']}** ({bench['unit']}). {where}"]
        head = "| system | " + " | ".join(bench["columns"]) + " | source |"
        rows = [head, "|---" * (len(bench["columns"]) + 2) + "|", "| *asks what we call* | " + " | ".join(bench["ours"]) + " | |"]
        for one in bench["systems"]:
            source = f"<{one['source']}> ({one['year']})" if "source" in one else f"as above ({bench['year']})"
            rows.append(f"| {one['system']} | " + " | ".join(f"{figure:g}" for figure in one["figures"]) + f" | {source} |")
        lines.append("\n".join(rows))
    return "\n\n".join(lines)
