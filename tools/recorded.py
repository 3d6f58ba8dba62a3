"""The numbers of the pages, each with the recorded file that it comes from; `python tools/recorded.py` writes them anew after a run.

    It reaches <!-- data/bench/core.json dimensions.colour.model.value .2f -->0.97<!-- / --> of …

names a recorded file, the keys that lead to the value, and its format. `tests/test_style.py` compares; this tool mends.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
NUMBER = re.compile(r"<!-- (?P<file>[\w./-]+\.json) (?P<keys>[\w./ -]+?) (?P<format>\+?[.,\d]*[dfeg%]) -->(?P<shown>.*?)<!-- / -->")
CODE = re.compile(r"```.*?```|^    .*?$", re.DOTALL | re.MULTILINE)  # shows how a number is written


def value(match: re.Match, root: Path) -> str:
    """The recorded value that a number names, in its format. Raises OSError, KeyError, IndexError, ValueError or TypeError."""
    found = json.loads((root / match["file"]).read_text())
    for key in match["keys"].split("."):
        found = found[int(key)] if isinstance(found, list) else found[key]
    return format(found, match["format"])


def numbers(text: str) -> Iterator[re.Match]:
    """All numbers of a page that are not in code."""
    spans = [match.span() for match in CODE.finditer(text)]
    for match in NUMBER.finditer(text):
        if not any(start <= match.start() < end for start, end in spans):
            yield match


def renewed(text: str, root: Path) -> str:
    """The page with every number as it is recorded."""
    for match in reversed(list(numbers(text))):
        start, end = match.span("shown")
        text = text[:start] + value(match, root) + text[end:]
    return text


def main() -> None:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    for page in (ROOT / name for name in listed.stdout.splitlines()):
        old = page.read_text()
        new = renewed(old, ROOT)
        if new != old:
            page.write_text(new)
            print(page.relative_to(ROOT))


if __name__ == "__main__":
    main()
