"""From right and wrong to numbers: shares with intervals, tables, files. Built in chapter 8."""

import json
import math
import os
from collections import defaultdict
from pathlib import Path

DIMENSIONS = ("kind", "colour", "count", "size", "place", "look", "relation", "motion", "order", "camera")
LINES = ("model", "truth", "autoencoder", "chance")


def wilson(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share: `right` out of `n` (Wilson 1927, score interval)."""
    if n == 0:
        return 0.0, 1.0
    share, spread = right / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def share(verdicts: list[bool]) -> dict:
    """`{"value", "low", "high", "n"}` of a list of rights and wrongs; value is None where nothing was asked."""
    low, high = wilson(sum(verdicts), len(verdicts))
    value = round(sum(verdicts) / len(verdicts), 4) if verdicts else None
    return {"value": value, "low": round(low, 4), "high": round(high, 4), "n": len(verdicts)}


def median(errors: list[float]) -> dict:
    """`{"value", "low", "high", "n", "mean"}` of a list of errors: the median, its 95 % interval from order statistics, the mean."""
    ranked, n = sorted(errors), len(errors)
    if not n:
        return {**share([]), "low": None, "high": None, "mean": None}
    reach = 0.98 * math.sqrt(n)
    low, high = ranked[max(math.floor(n / 2 - reach), 0)], ranked[min(math.ceil(n / 2 + reach), n - 1)]
    middle = (ranked[(n - 1) // 2] + ranked[n // 2]) / 2
    found = {"value": middle, "low": low, "high": high, "n": n, "mean": sum(ranked) / n}
    return {name: round(number, 4) for name, number in found.items()}


class Tally:
    """Collects verdicts of one line (truth, model, …), one video after another."""

    def __init__(self):
        self.verdicts: dict[str, list[bool]] = defaultdict(list)
        self.errors: dict[str, list[float]] = defaultdict(list)

    def add(self, judged: list[tuple[str, bool]], characters: int) -> None:
        """`judged`: (dimension, right) of every claim of one video's prompt."""
        for dimension, right in judged:
            self.verdicts[dimension].append(bool(right))
        whole = all(right for _, right in judged)
        self.verdicts["all"].append(whole)
        self.verdicts[f"all with {characters}"].append(whole)

    def put(self, found: list[tuple[str, bool | float]]) -> None:
        """(dimension, right) of what is right or wrong, (dimension, error) of what is measured: 0 is right."""
        for name, value in found:
            (self.verdicts if isinstance(value, bool) else self.errors)[name].append(value)

    def plain(self) -> dict:
        """All of it as data that JSON can hold; `Tally.of` makes a tally of it again."""
        verdicts = {name: [bool(right) for right in found] for name, found in self.verdicts.items()}
        return {"verdicts": verdicts, "errors": {name: [float(error) for error in found] for name, found in self.errors.items()}}

    @classmethod
    def of(cls, plain: dict) -> "Tally":
        made = cls()
        made.verdicts.update({name: list(found) for name, found in plain["verdicts"].items()})
        made.errors.update({name: list(found) for name, found in plain["errors"].items()})
        return made

    def shares(self) -> dict[str, dict]:
        rights = {name: share(verdicts) for name, verdicts in self.verdicts.items()}
        return rights | {name: median(errors) for name, errors in self.errors.items()}


def summary(lines: dict[str, Tally], about: dict, named: tuple[str, ...]) -> dict:
    """The report as plain data: `dimensions.<name>.{model, truth, autoencoder, chance, n}` and what `about` says of the run.

    named: the dimensions in the order of the report.
    """
    shares = {line: tally.shares() for line, tally in lines.items()}
    dimensions = {}
    for name in named:
        row = {line: shares[line].get(name, share([])) for line in LINES if line in shares}
        row["n"] = max((cell["n"] for cell in row.values()), default=0)
        dimensions[name] = row
    return {**about, "dimensions": dimensions}


def table(report: dict) -> str:
    """The report as a Markdown table; of one with several splits, one under the name of each."""
    if "splits" in report:
        return "\n\n".join(f"**{name}**\n\n{table(part)}" for name, part in report["splits"].items())
    lines = [line for line in LINES if any(line in row for row in report["dimensions"].values())]
    rows = ["| dimension | n | " + " | ".join(lines) + " |", "|---|---|" + "---|" * len(lines)]
    for name, row in report["dimensions"].items():
        rows.append(f"| {name} | {row['n']} | " + " | ".join(_cell(row[line]) for line in lines) + " |")
    return "\n".join(rows)


def _cell(cell: dict) -> str:
    return "–" if cell["value"] is None else f"{cell['value']:.3f} ({cell['low']:.2f}–{cell['high']:.2f})"


def write(path: str | Path, report: dict) -> None:
    """Writes the report as JSON, whole or not at all."""
    write_whole(path, json.dumps(report, indent=1) + "\n")


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Writes a file, whole or not at all: beside it first, then under its name."""
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content.encode() if isinstance(content, str) else content)
    os.replace(partial, path)
