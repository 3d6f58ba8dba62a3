"""A plot of shares as SVG within the page: it takes the page's own colours, light or dark, and fits a phone.

Lines are told apart by shape and not by colour alone: model a filled circle with its 95 % interval, truth a ring, autoencoder a diamond,
chance a cross, a floor an upright stroke.
"""

import html

WIDTH, ROW, EDGE = 360, 34, 8  # of the drawing; the page enlarges it where there is room
LEFT, RIGHT = 12, WIDTH - 12  # where 0 and 1 lie


def plot(name: str, dimensions: dict[str, dict], floors: dict[str, float] | None = None) -> str:
    """A row for each dimension that is a share. name: what the plot is of; floors: the least that is asked of the model."""
    rows = {what: row for what, row in dimensions.items() if row.get("model", {}).get("value") is not None and "mean" not in row["model"]}
    if not rows:
        return ""
    height = 2 * EDGE + 16 + ROW * len(rows)
    alt = html.escape(f"Plot of {name}: {'; '.join(told(what, row) for what, row in rows.items())}.", quote=True)
    parts = [f'<svg class="plot" role="img" viewBox="0 0 {WIDTH} {height}" aria-label="{alt}">']
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<path class="grid" d="M{_x(share)} {EDGE}V{height - EDGE - 16}"/>')
        parts.append(f'<text class="tick" x="{_x(share)}" y="{height - EDGE}" text-anchor="{_anchor(share)}">{share:g}</text>')
    for number, (what, row) in enumerate(rows.items()):
        parts += _row(what, row, EDGE + ROW * number, (floors or {}).get(what))
    return "\n".join([*parts, "</svg>"])


def told(what: str, row: dict) -> str:
    """A row in words."""
    cells = [f"{line} {row[line]['value']:.2f}" for line in ("model", "truth", "autoencoder", "chance") if _there(row, line)]
    return f"{what}: {', '.join(cells)}"


def legend() -> str:
    """What the shapes mean, for all plots of a page."""
    shown = {"model": 0.0, "truth": 0.0, "autoencoder": 0.0, "chance": 0.0}
    marks = [f'<li><svg viewBox="0 0 16 16" aria-hidden="true">{_mark(line, 8, 8)}</svg> {line}</li>' for line in shown]
    floor = '<li><svg viewBox="0 0 16 16" aria-hidden="true"><path class="floor" d="M8 1V15"/></svg> floor</li>'
    return f'<ul class="legend">{"".join(marks)}{floor}</ul>'


def _row(what: str, row: dict, top: int, floor: float | None) -> list[str]:
    middle, model = top + 23, row["model"]
    parts = [f'<text class="name" x="{LEFT - 4}" y="{top + 12}">{html.escape(what)} <tspan class="tick">n {model["n"]}</tspan></text>']
    if floor is not None:
        parts.append(f'<path class="floor" d="M{_x(floor)} {middle - 7}V{middle + 7}"/>')
    parts.append(f'<path class="interval" d="M{_x(model["low"])} {middle}H{_x(model["high"])}"/>')
    lines = [line for line in ("chance", "truth", "autoencoder", "model") if _there(row, line)]
    return parts + [_mark(line, _x(row[line]["value"]), middle) for line in lines]


def _there(row: dict, line: str) -> bool:
    return row.get(line, {}).get("value") is not None


def _mark(line: str, x: float, y: float) -> str:
    return {
        "model": f'<circle class="model" cx="{x:g}" cy="{y}" r="4.5"/>',
        "truth": f'<circle class="truth" cx="{x:g}" cy="{y}" r="6"/>',
        "autoencoder": f'<path class="autoencoder" d="M{x:g} {y - 5}L{x + 5:g} {y}L{x:g} {y + 5}L{x - 5:g} {y}Z"/>',
        "chance": f'<path class="chance" d="M{x - 4:g} {y - 4}L{x + 4:g} {y + 4}M{x - 4:g} {y + 4}L{x + 4:g} {y - 4}"/>',
    }[line]


def _x(share: float) -> float:
    return round(LEFT + share * (RIGHT - LEFT), 1)


def _anchor(share: float) -> str:
    return {0: "start", 1: "end"}.get(share, "middle")
