"""The page of the gallery: clip, sentence, command, and the oracle's verdict beneath each."""

import html
from collections import Counter
from pathlib import PurePosixPath

from .gallery_pages import of_weights

SHOWN = 192  # pixels of a clip's shorter side on the page
BEYOND = ("outside the world", "drift")  # groups that the page of failures shows
ABOUT = {
    "single character": "One character: who, how large, where, drawn in which way, doing what.",
    "several characters": "Who stands where and how many there are. The first two sentences are the same but for left and right.",
    "actions": "What somebody does, and to whom.",
    "camera": "The camera pans, zooms and follows.",
    "order": "First one thing, then another.",
    "occlusion": "Who is hidden, or gone, comes back.",
    "animated image": "A picture comes alive: two that the model made itself, then two from the toy world.",
    "extension": "A second is given and one is made, after it in the first two clips, before it in the others. Judged is what was made.",
    "loop": "Two seconds are given, and one is made that leads back to the beginning.",
    "connection": "Two clips and what leads from one to the other; and, last, a clip whose middle was missing.",
    "edit": "A given clip with another place, another colour, another look, and the motion that it had.",
    "wide and tall": "Other shapes of the frame: 96×64, 64×96 and 80×64.",
    "several shots": "A storyboard: two sentences, and a cut between them.",
}


def gallery(record: dict) -> str:
    """The page in MyST Markdown."""
    shown = [one for one in record["entries"] if one["group"] not in BEYOND]
    groups = list(dict.fromkeys(one["group"] for one in shown))
    seen, asked = hits(shown)
    parts = [
        "# Gallery",
        f"{len(shown)} clips. Each was made by the command beneath it with the weights of this repository. **Nothing is picked**: the "
        "sentences were written down before any clip was made, clip number *n* has the seed *n*, from 0 on, and the first that came is "
        "shown. Given clips are the held-out ones of `data/sample` in their order.",
        f"Beneath each clip stands what the oracle says, a program that sees the pixels alone: **{seen} of {asked} claims are seen** "
        f"({share(seen, asked)}). Type the commands in the repository's folder; `minisora gallery` makes all of them anew.",
        table(shown, groups),
        of_weights(record["weights"]),
    ]
    for group in groups:
        members = [one for one in shown if one["group"] == group]
        found, of = hits(members)
        parts += [f"## {group.capitalize()}", f"{ABOUT.get(group, '')} **{found} of {of} claims seen.**".strip()]
        parts.append(raw('<div class="gallery">\n' + "\n".join(map(figure, members)) + "\n</div>"))
    return "\n\n".join(parts) + "\n"


def hits(entries: list[dict]) -> tuple[int, int]:
    """(claims seen, claims asked)."""
    found = [verdict["seen"] for one in entries for verdict in one["verdicts"]]
    return sum(found), len(found)


def share(seen: int, asked: int) -> str:
    return f"{seen / asked:.0%}".replace("%", "\N{NO-BREAK SPACE}%") if asked else "nothing asked"


def table(shown: list[dict], groups: list[str]) -> str:
    """Hits of asked by group."""
    rows = ["| group | clips | claims seen | of | |", "|---|---:|---:|---:|---:|"]
    for group in groups:
        members = [one for one in shown if one["group"] == group]
        seen, asked = hits(members)
        rows.append(f"| [{group}](#{group.replace(' ', '-')}) | {len(members)} | {seen} | {asked} | {share(seen, asked)} |")
    return "\n".join(rows)


def raw(text: str) -> str:
    return f"```{{raw}} html\n{text}\n```"


def figure(one: dict) -> str:
    """A clip with all that belongs to it."""
    quoted = html.escape(one["prompt"])
    shots = "".join(f'<p class="shot">Shot {number}: “{html.escape(text)}”</p>' for number, text in enumerate(one["shots"], start=1))
    seen = sum(verdict["seen"] for verdict in one["verdicts"])
    return "\n".join([
        f'<figure id="clip-{one["number"]:02d}">',
        player(one),
        f'<figcaption><p class="prompt"><span class="number">{one["number"]}</span> “{quoted}”</p>{shots}{_given(one)}',
        f'<p class="hits">{seen} of {len(one["verdicts"])} seen</p>',
        f'<ul class="verdicts">{"".join(map(verdict, one["verdicts"]))}</ul>',
        f'<details><summary>How it was made</summary><pre tabindex="0"><code>{html.escape(chr(10).join(one["commands"]))}</code></pre>'
        f'<p>{html.escape(one["sees"])}</p></details></figcaption>',
        "</figure>",
    ])  # fmt: skip


def player(one: dict) -> str:
    """A clip that starts when it is told to, and goes round until it is stopped."""
    scale = SHOWN / min(one["height"], one["width"])
    size = f'width="{one["width"] * scale:.0f}" height="{one["height"] * scale:.0f}"'
    alt = html.escape(f"Generated clip {one['number']}, {(one['frames'] - 1) / one['fps']:g} seconds: {one['prompt']}", quote=True)
    return (
        f'<video controls muted loop playsinline preload="metadata" poster="{place(one["poster"])}" {size} aria-label="{alt}">'
        f'<source src="{place(one["file"])}" type="video/mp4">{alt}</video>'
    )


def place(file: str) -> str:
    """A file of `book/` as a page in `book/` names it."""
    return str(PurePosixPath(file).relative_to("book"))


def verdict(found: dict) -> str:
    mark, words, kind = ("✓", "seen", "seen") if found["seen"] else ("✗", "not seen", "not-seen")
    return f'<li class="{kind}"><span aria-hidden="true">{mark}</span> <b>{words}:</b> {html.escape(found["about"])}</li>'


def _given(one: dict) -> str:
    """What it was made from, with links to the files."""
    if not one["inputs"]:
        return ""
    whose = "held-out clip" if one["given"] else "a picture that the model made"
    names = [f"{whose} {number}" for number in one["given"]] or [whose]
    links = [f'<a href="{place(file)}">{name}</a>' for file, name in zip(one["inputs"], names, strict=True)]
    return f'<p class="given">Given: {" and ".join(links)}</p>'


def by_dimension(entries: list[dict]) -> dict[str, tuple[int, int]]:
    """Of each dimension (seen, asked), the worst first."""
    seen: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for one in entries:
        for found in one["verdicts"]:
            seen[found["dimension"]] += found["seen"]
            asked[found["dimension"]] += 1
    return {name: (seen[name], asked[name]) for name in sorted(asked, key=lambda name: (seen[name] / asked[name], name))}
