"""The bench: an oracle that sees pixels alone, sentences to ask, and a report. `minisora bench`. Built in chapter 8."""

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """What `minisora bench` runs; see `minisora bench --help`."""
    from .command import main as run

    return run(argv)
