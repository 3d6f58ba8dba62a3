"""The page of failures: what the model gets wrong, by the numbers that are recorded, beside what OpenAI said of Sora."""

import html

from minisora.bench.floors import worst

from .gallery_page import BEYOND, by_dimension, figure, hits, place, raw, share
from .gallery_pages import of_weights

ANNOUNCED = "[OpenAI's announcement of Sora](https://openai.com/index/sora/), 2024"
REPORTED = "[Sora's report](https://openai.com/index/video-generation-models-as-world-simulators/), 2024, “Discussion”"
ADMITTED = (  # what OpenAI said of Sora, in other words; its source; what the bench asks that is nearest: suite, dimension
    ("The physics of many simple interactions is wrong: glass that shatters, for one.", REPORTED, (("world", "velocity inside"),)),
    ("A cause may lack its effect: who bites into a cookie may leave it whole.", ANNOUNCED, (("world", "cause and effect"),)),
    ("Left and right, and who stands where, may be confused.", ANNOUNCED, (("world", "sides under swap"), ("core", "relation"))),
    ("What happens over time, one thing after the other, is hard for it.", ANNOUNCED, (("world", "order under swap"), ("core", "order"))),
    ("A camera may not keep to the path that it is given.", ANNOUNCED, (("world", "camera path"), ("core", "camera"))),
    ("Things appear from nowhere.", REPORTED, (("world", "no births or losses"),)),
    ("Long videos come apart.", REPORTED, (("modes", "drift colour 4"),)),
)
UNITS = {"velocity inside": " units / s off", "drift colour 4": " levels of 255 off"}


def failures(record: dict, suites: dict[str, dict], report: dict | None) -> str:
    """The page in MyST Markdown. record: the gallery's; suites and report: as for the scoreboard."""
    shown = [one for one in record["entries"] if one["group"] not in BEYOND]
    seen, asked = hits(shown)
    same = all(suite["weights"] == record["weights"] for suite in suites.values())
    parts = [
        "# Failures",
        f"Of {asked} claims in the [gallery](gallery.md) {asked - seen} are not to be seen ({share(asked - seen, asked)}). This page "
        "shows them as plainly as the gallery shows the rest. Nothing here is chosen by hand: of each kind of claim the first clip of the "
        "list that misses it is shown, and the numbers are those that the bench recorded.",
        of_weights(record["weights"]),
        "" if same else "**The bench's numbers on this page were recorded with other weights than the gallery's clips.**",
        "## What is missed in the gallery",
        _table(shown),
        "*Seam*, *loop* and *way* are no claims of a sentence, but what a mode promises: that whoever is there on one side of a seam is "
        "there on the other, that a loop closes, that an edit leaves everybody on his way. Each clip's verdicts are in the gallery.",
        *_missed(shown),
        "## The worst of the bench",
        *_worst(report, suites),
        "## What OpenAI said of Sora, and the same here",
        "In our words; the sources are beside them. *Ours* is the bench's number for the nearest question in the toy world, beside that of "
        "the true video and chance. The two systems are not compared: Sora is asked for the real world.",
        _admitted(suites),
        "## Sentences from outside the world",
        "The model knows the words of its toy world and no others. What it does not know is left out, and the command says so; a clip "
        "comes out all the same.",
        *_outside(record),
        "## Drift",
        *_drift(record, suites),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(shown: list[dict]) -> str:
    """Misses by what was claimed, the worst first."""
    rows = ["| claims about | not seen | of | first clip that misses |", "|---|---:|---:|---|"]
    for name, (seen, asked) in by_dimension(shown).items():
        first = _first(shown, name)
        where = f"[{first['number']}, {first['group']}](gallery.md#{first['group'].replace(' ', '-')})" if first else "none"
        rows.append(f"| {name} | {asked - seen} | {asked} | {where} |")
    return "\n".join(rows)


def _first(shown: list[dict], dimension: str) -> dict | None:
    wrong = (one for one in shown for found in one["verdicts"] if found["dimension"] == dimension and not found["seen"])
    return next(wrong, None)


def _missed(shown: list[dict]) -> list[str]:
    """A strip for each clip that is the first to miss something."""
    firsts: dict[int, tuple[dict, list[str]]] = {}
    for name in by_dimension(shown):
        if one := _first(shown, name):
            firsts.setdefault(one["number"], (one, []))[1].append(name)
    strips = [_strip(one, names) for _, (one, names) in sorted(firsts.items())]
    return [raw('<div class="strips">\n' + "\n".join(strips) + "\n</div>")] if strips else ["Nothing is missed."]


def _strip(one: dict, names: list[str]) -> str:
    wrong = [found["about"] for found in one["verdicts"] if not found["seen"] and found["dimension"] in names]
    quoted = html.escape(" / ".join([one["prompt"], *one["shots"]]))
    alt = html.escape(f"Frames of clip {one['number']} from first to last. Asked for: {one['prompt']} {one['sees']}", quote=True)
    return (
        f'<figure><div class="scroll" tabindex="0" role="group" aria-label="Frames of clip {one["number"]}">'
        f'<img src="{place(one["strip"])}" alt="{alt}" loading="lazy"></div>'
        f'<figcaption><p>“{quoted}” (seed {one["number"]})</p><ul class="verdicts">'
        + "".join(f'<li class="not-seen"><span aria-hidden="true">✗</span> <b>not seen:</b> {html.escape(about)}</li>' for about in wrong)
        + f"</ul><p>{html.escape(one['sees'])}</p></figcaption></figure>"
    )


def _worst(report: dict | None, suites: dict[str, dict]) -> list[str]:
    """The dimensions in which the model keeps least of the truth's score, with the bench's pictures if there are any."""
    asked = "Of the questions that have a floor on the [scoreboard](scoreboard.md)"
    parts = [f"{asked}, those in which the model keeps least of what the truth gets."]
    for one in report["worst"] if report else worst(suites):
        truth = "nothing" if one["truth"] is None else f"{one['truth']:.2f}"
        parts.append(f"**{one['dimension']}** (suite {one['suite']}): {one['model']:.2f}, where the truth gets {truth}.")
        if one.get("picture"):
            parts.append(f"![{one['alt']}](../data/bench/{one['picture']})")
    return parts


def _admitted(suites: dict[str, dict]) -> str:
    rows = ["| Sora, by its makers | asked here | ours (95 %) | truth | chance | n |", "|---|---|---|---:|---:|---:|"]
    for said, source, nearest in ADMITTED:
        for number, (suite, dimension) in enumerate(nearest):
            row = suites.get(suite, {}).get("dimensions", {}).get(dimension, {})
            ours = f"{dimension} (suite {suite}) | {_numbers(row, UNITS.get(dimension, ''))}"
            rows.append(f"| {said} ({source}) | {ours} |" if number == 0 else f"| as above | {ours} |")
    return "\n".join(rows)


def _numbers(row: dict, unit: str) -> str:
    """The model's number with its interval, the truth's, chance's, and of how many."""
    model = row.get("model", {})
    if model.get("value") is None:
        return "not recorded yet | – | – | –"
    value, low, high = (f"{model[name]:.2f}" for name in ("value", "low", "high"))
    beside = [row.get(line, {}).get("value") for line in ("truth", "chance")]
    cells = " | ".join("–" if cell is None else f"{cell:.2f}" for cell in beside)
    return f"{value} ({low}–{high}){unit} | {cells} | {model['n']}"


def _outside(record: dict) -> list[str]:
    parts = []
    for one in [one for one in record["entries"] if one["group"] == "outside the world"]:
        left = [f"“{word}”" + (f" (near to it: {', '.join(near)})" if near else "") for word, near in one["unknown"]]
        parts.append(f"Asked for: “{one['prompt']}”. Left out: {', '.join(left) or 'nothing'}. {one['sees']}")
        parts.append(raw('<div class="gallery">\n' + figure(one) + "\n</div>"))
    return parts


def _drift(record: dict, suites: dict[str, dict]) -> list[str]:
    """The clip that goes on for long, its tones second by second, and the bench's medians where they are recorded."""
    parts = ["A video that goes on piece by piece sees only its own last second. How far does it go from where it began?"]
    for one in [one for one in record["entries"] if one["group"] == "drift"]:
        rows = ["| made second | colour (levels of 255) | contrast | saturation |", "|---:|---:|---:|---:|"]
        for second, tones in enumerate(one["tones"], start=1):
            contrast, saturation = (f"{tones[name]:.0%}".replace("%", "\N{NO-BREAK SPACE}%") for name in ("contrast", "saturation"))
            rows.append(f"| {second} | {tones['colour']:.1f} | {contrast} | {saturation} |")
        parts += [raw('<div class="gallery">\n' + figure(one) + "\n</div>"), "Changes against the given second:", "\n".join(rows)]
    found = suites.get("modes", {}).get("dimensions", {})
    told = []
    for number in range(1, 5):
        row = found.get(f"drift colour {number}", {})
        if row.get("model", {}).get("value") is not None:
            cells = [row.get(line, {}).get("value") for line in ("model", "autoencoder", "chance")]
            told.append(f"| {number} | {' | '.join('–' if cell is None else f'{cell:.1f}' for cell in cells)} | {row['model']['n']} |")
    if not told:
        return [*parts, "The bench's own numbers of it are not recorded yet."]
    head = ["| extension | model | autoencoder | chance | n |", "|---:|---:|---:|---:|---:|"]
    return [*parts, "In the bench, the median change of the mean colour, in levels of 255:", "\n".join(head + told)]
