"""What the release's weights are asked to reach, and whether they do. Built in chapter 8.

A floor is reached when the number itself is on the right side of it; the interval stands beside it and decides nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Floor:
    """The least share of rights of the line "model" in one dimension of one suite."""

    suite: str
    dimension: str
    least: float


FLOORS = (
    Floor("core", "colour", 0.97), Floor("core", "place", 0.99), Floor("core", "look", 0.97), Floor("core", "relation", 0.95),
    Floor("core", "motion", 0.92), Floor("core", "kind", 0.90), Floor("core", "size", 0.90), Floor("core", "count", 0.93),
    Floor("core", "order", 0.85), Floor("core", "camera", 0.92), Floor("world", "sides under swap", 0.92),
    Floor("world", "order under swap", 0.92), Floor("world", "permanence", 0.80), Floor("world", "identity", 0.85),
    Floor("world", "cause and effect", 0.85), Floor("world", "no births or losses", 0.90), Floor("core", "all with 1", 0.85),
    Floor("core", "all with 2", 0.70), Floor("core", "all with 3", 0.50),
)  # fmt: skip
AUTOENCODER = 0.97  # of the truth's share, in every dimension
VELOCITY = 3.0  # times the parser's own error
SHAPES = 0.05  # that wide and tall videos may score less than square ones
NO_GOAL = "cut off"  # shares of what is neither right nor wrong


def floors(suites: dict[str, dict]) -> list[dict]:
    """Every floor beside what the suites' reports say: `{"what", "suite", "floor", "reached", "low", "high", "n", "yes"}`.

    suites: the reports of `measure` by name; some may be missing. `reached` and `yes` are None where nothing was asked.
    """
    rows = [autoencoder(suites)]
    for floor in FLOORS:
        cell = _cell(suites, floor.suite, floor.dimension, "model")
        rows.append(_row(floor.dimension, floor.suite, f"≥ {floor.least:.2f}", cell, lambda value, least=floor.least: value >= least))
    model, parser = (_cell(suites, "world", "velocity inside", line) for line in ("model", "truth"))
    ratio = {**model, "value": None, "low": None, "high": None}
    if model["value"] is not None and parser["value"]:
        ratio["value"] = round(model["value"] / parser["value"], 4)
    what = "velocity error inside the range, over the parser's own"
    rows.append(_row(what, "world", f"≤ {VELOCITY:.0f}", ratio, lambda value: value <= VELOCITY))
    square = _cell(suites, "modes", "size 64x64 score", "model")["value"]
    for name, size in (("wide", "size 96x64 score"), ("tall", "size 64x96 score")):
        cell = _cell(suites, "modes", size, "model")
        if square is None:
            cell, square = {**cell, "value": None}, float("nan")
        least = round(square - SHAPES, 4)
        asked = f"≥ square's {square:.2f} − {SHAPES:.2f}" if square == square else f"≥ square's − {SHAPES:.2f}"
        rows.append(_row(f"score of {name} videos", "modes", asked, cell, lambda value, least=least: value >= least))
    jump = _cell(suites, "modes", "loop jump", "model")
    rows.append(_row("jump of a loop, over the largest between neighbours", "modes", "≤ 1", jump, lambda value: value <= 1.0))
    return rows


def autoencoder(suites: dict[str, dict]) -> dict:
    """The lowest share of the truth's score that the autoencoder leaves, and `below`: where it leaves less than it should."""
    found = list(_left(suites))
    below = [f"{name} ({share:.2f})" for name, share, _ in sorted(found, key=lambda one: one[1]) if share < AUTOENCODER]
    name, least, n = min(found, key=lambda one: one[1]) if found else ("", None, 0)
    cell = {"value": least, "low": None, "high": None, "n": n}
    what = "autoencoder's share of the truth, the lowest of all dimensions" + (f": {name}" if name else "")
    return {**_row(what, "all", f"≥ {AUTOENCODER:.2f}", cell, lambda value: value >= AUTOENCODER), "below": below}


def _left(suites: dict[str, dict]) -> Iterator[tuple[str, float, int]]:
    """(suite and dimension, the autoencoder's share of the truth's share, n) of every dimension that is a share."""
    for suite, report in suites.items():
        for split, part in report.get("splits", {"": report}).items():
            for name, row in part["dimensions"].items():
                truth, coded = (row.get(line, {}) for line in ("truth", "autoencoder"))
                if truth.get("value") and coded.get("value") is not None and "mean" not in truth and not name.endswith(NO_GOAL):
                    yield " ".join(word for word in (suite, split, name) if word), round(coded["value"] / truth["value"], 4), coded["n"]


def _cell(suites: dict[str, dict], suite: str, dimension: str, line: str) -> dict:
    nothing = {"value": None, "low": None, "high": None, "n": 0}
    return suites.get(suite, {}).get("dimensions", {}).get(dimension, {}).get(line, nothing)


def _row(what: str, suite: str, floor: str, cell: dict, reached) -> dict:
    value = cell["value"]
    number = {"reached": value, "low": cell["low"] if value is not None else None, "high": cell["high"] if value is not None else None}
    return {"what": what, "suite": suite, "floor": floor, **number, "n": cell["n"], "yes": None if value is None else bool(reached(value))}


def worst(suites: dict[str, dict], count: int = 3) -> list[dict]:
    """The dimensions in which the model keeps least of the truth's score: `{"suite", "dimension", "model", "truth", "kept"}`.

    Asked of those dimensions that have a floor, but for "all with …", in which every other one is contained.
    """
    found = []
    for suite, dimension in ((floor.suite, floor.dimension) for floor in FLOORS if not floor.dimension.startswith("all")):
        model, truth = (_cell(suites, suite, dimension, line)["value"] for line in ("model", "truth"))
        if model is not None:
            kept = round(model / truth, 4) if truth else model
            found.append({"suite": suite, "dimension": dimension, "model": model, "truth": truth, "kept": kept})
    return sorted(found, key=lambda one: one["kept"])[:count]
