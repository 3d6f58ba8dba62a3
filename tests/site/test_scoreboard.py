"""Scoreboard and failures: every number is a recorded one, what is missing is called missing, nothing hangs on colour alone."""

import json
import re

import pytest

from minisora.bench.floors import FLOORS, floors, worst
from minisora.bench.report import median, share
from minisora.site import gallery_pages
from minisora.site.beside import ROWS, ablations, framing, lengths
from minisora.site.failures import failures
from minisora.site.gallery_pages import ROOT, drawn, pages, stale
from minisora.site.scoreboard import scoreboard
from minisora.site.scoreboard_plot import legend, plot

PUBLISHED = json.loads((ROOT / "data/bench/published.json").read_text())
WEIGHTS = {"vae.safetensors": "abcdef0123456789", "config.json": "0"}


def suite(name: str, model: float = 0.9) -> dict:
    """A report in which the model is right in so many of ten."""
    right = round(10 * model)
    row = {
        "model": share([True] * right + [False] * (10 - right)), "truth": share([True] * 10),
        "autoencoder": share([True] * 10), "chance": share([True] + [False] * 9), "n": 10,
    }  # fmt: skip
    rows = {floor.dimension: row for floor in FLOORS if floor.suite == name}
    about = {"suite": name, "n": 10, "asked": {"n": 640}, "weights": WEIGHTS, "meaning": {}, "command": f"minisora bench --suite {name}"}
    return {**about, "dimensions": rows}


@pytest.fixture
def suites() -> dict:
    found = {name: suite(name) for name in ("core", "world", "modes")}
    none = {line: share([]) for line in ("model", "truth", "autoencoder", "chance")}
    found["world"]["dimensions"]["velocity inside"] = {**none, "model": median([0.4]), "truth": median([0.1]), "n": 1}
    found["modes"]["dimensions"]["drift colour 4"] = {**none, "model": median([7.25]), "chance": median([20.0]), "n": 1}
    found["splits"] = {**suite("splits"), "splits": {"outside": {"dimensions": {"kind": {"model": share([True]), "n": 1}}}}}
    return found


@pytest.fixture
def report(suites) -> dict:
    found = [{**one, "picture": "worst-kind.png", "alt": "Frames of two videos", "examples": []} for one in worst(suites)]
    return {"command": "minisora bench --all", "floors": floors(suites), "worst": found, "suites": suites}


@pytest.fixture
def record() -> dict:
    def made(number: int, group: str, *seen: bool, **more) -> dict:
        found = [{"about": f"claim {k} <b>", "dimension": ("colour", "motion")[k], "seen": right} for k, right in enumerate(seen)]
        name = f"book/media/gallery/{number:02d}"
        files = {"file": f"{name}.mp4", "poster": f"{name}.png", "inputs": [], "given": []}
        told = {"number": number, "group": group, "mode": "generate", "prompt": "a red ball hops", "shots": [], "commands": ["minisora …"]}
        size = {"frames": 17, "height": 64, "width": 64, "fps": 8, "sees": "The oracle sees: nobody.", "unknown": []}
        return {**told, **files, **size, "verdicts": found, "strip": f"{name}-strip.png", **more}

    tones = [{"colour": 3.0, "contrast": 0.25, "saturation": 0.5}]
    entries = [
        made(0, "camera", True, True), made(1, "order", True, False),
        made(2, "outside the world", unknown=[["giraffe", ["ring"]], ["piano", []]]), made(3, "drift", tones=tones),
    ]  # fmt: skip
    return {"weights": WEIGHTS, "entries": entries}


# Scoreboard -------------------------------------------------------------------------------------------------------------------


def test_a_whole_report_is_shown_whole(suites, report):
    told = scoreboard(suites, report, PUBLISHED)
    assert "minisora bench --all" in told and "Not recorded yet" not in told and "vae.safetensors abcdef01" in told
    assert "| kind | 10 | 0.900 (0.60–0.98) | 1.000 (0.72–1.00) | 1.000 (0.72–1.00) | 0.100 (0.02–0.40) |" in told
    assert all(f"the suite {name}\n" in told for name in suites) and "### Outside" in told
    answers = [row["yes"] for row in report["floors"]]
    assert f"{answers.count(True)} of {len(answers) - answers.count(None)} floors are reached" in told


def test_floors_are_answered_in_words(suites, report):
    told = scoreboard(suites, report, None)
    assert "| colour | core | ≥ 0.97 | 0.900 | 0.60–0.98 | 10 | ✗ **no** |" in told
    assert "| kind | core | ≥ 0.90 | 0.900 | 0.60–0.98 | 10 | ✓ yes |" in told
    assert "| score of wide videos | modes | ≥ square's − 0.05 | – | – | 0 | not asked |" in told


def test_what_was_not_asked_is_called_missing(suites):
    told = scoreboard({"core": suites["core"]}, None, PUBLISHED)
    assert "Not recorded yet with these weights: world, modes, splits." in told and "minisora bench --suite core" in told
    assert "the suite world" not in told


def test_published_figures_are_called_not_comparable(suites, report):
    told = scoreboard(suites, report, PUBLISHED)
    context = told[told.index("## Large systems: not comparable") :]
    assert "**These figures are for context and not comparable with those above.**" in context
    for bench in PUBLISHED["benchmarks"]:
        assert f"### {bench['name']} (not comparable)" in context and f"<{bench['source']}>" in context
        assert all(f"| {one['system']} | {one['figures'][0]:g} |" in context for one in bench["systems"])


def test_framing_is_told_by_size_and_by_what_was_seen():
    cell = {"cut": share([True, False, False, False]), "characters": 1.0}
    rows = {name: {"wide": cell, "tall": {"cut": share([]), "characters": 0.0}} for name in ROWS}
    about = {"seconds": 0.0, "preset": "small", "steps": 1200, "batch": 64, "clips": 8000, "n": 4}
    told = framing({"command": "python benchmarks/framing.py", **about, "rows": rows})
    assert "for 1,200 steps of 64: one on 8,000 wide and tall pictures" in told and "](../data/bench/framing.png)" in told
    assert "wide and tall clips of 2 s as they are" in framing({"command": "", **about, "seconds": 2.0, "rows": rows})
    for called in ROWS.values():
        assert f"| {called} | 0.250 (0.05–0.70) | – | – |" in told


def test_lengths_are_told_beside_the_drawn_truth():
    row = {"model": share([True] * 3 + [False]), "truth": share([True] * 4), "model all": share([False]), "truth all": share([True])}
    told = lengths({"n": 1, "rows": [{"seconds": 0.0, **row}, {"seconds": 8.0, **row}]})
    for seconds in (0, 8):
        assert f"| {seconds} | 4 | 0.750 (0.30–0.95) | 1.000 (0.51–1.00) | 0.000 (0.00–0.79) | 1.000 (0.21–1.00) |" in told


def test_ablations_become_a_part_of_the_page():
    assert ablations("# Ablations\n\nMade by …\n") == "## What a choice in the recipe is worth\n\nMade by …"


def test_a_plot_says_in_words_what_it_shows(suites):
    drawing = plot("the suite core", suites["core"]["dimensions"], {"kind": 0.9})
    assert 'role="img"' in drawing and "kind: model 0.90, truth 1.00, autoencoder 1.00, chance 0.10" in drawing
    shapes = [len(re.findall(f'class="{name}"', drawing)) for name in ("model", "truth", "autoencoder", "chance", "interval", "floor")]
    assert shapes == [13, 13, 13, 13, 13, 1] and "#" not in drawing  # its colours are the page's
    assert all(name in legend() for name in ("model", "truth", "autoencoder", "chance", "floor"))


def test_errors_are_not_plotted_among_shares(suites):
    assert "velocity" not in plot("world", suites["world"]["dimensions"]) and plot("nothing", {}) == ""


# Failures ---------------------------------------------------------------------------------------------------------------------


def test_misses_are_counted_and_shown(record, suites, report):
    told = failures(record, suites, report)
    assert "Of 4 claims in the [gallery](gallery.md) 1 are not to be seen (25\N{NO-BREAK SPACE}%)." in told
    assert "| motion | 1 | 2 | [1, order](gallery.md#order) |" in told and "| colour | 0 | 2 | none |" in told
    assert 'src="media/gallery/01-strip.png"' in told and "<b>not seen:</b> claim 1 &lt;b&gt;" in told
    assert 'src="media/gallery/00-strip.png"' not in told
    assert "Left out: “giraffe” (near to it: ring), “piano”" in told
    assert "| 1 | 3.0 | 25 % | 50 % |" in told.replace("\N{NO-BREAK SPACE}", " ")


def test_numbers_stand_beside_what_openai_said(record, suites, report):
    told = failures(record, suites, report)
    assert "velocity inside (suite world) | 0.40 (0.40–0.40) units / s off | 0.10 | – | 1 |" in told
    assert "cause and effect (suite world) | 0.90 (0.60–0.98) | 1.00 | 0.10 | 10 |" in told
    assert "drift colour 4 (suite modes) | 7.25 (7.25–7.25) levels of 255 off" in told
    assert told.count("https://openai.com/index/") >= 6
    assert "not recorded yet" in failures(record, {"core": suites["core"]}, None)


def test_the_worst_have_their_pictures(record, suites, report):
    told = failures(record, suites, report)
    assert told.count("![Frames of two videos](../data/bench/worst-kind.png)") == 3
    assert "worst-kind.png" not in failures(record, suites, None)


def test_other_weights_are_told(record, suites, report):
    assert "other weights" not in failures(record, suites, report)
    assert "recorded with other weights" in failures({**record, "weights": {}}, suites, report)


def test_where_nothing_is_missed_nothing_is_shown(record, suites, report):
    record["entries"] = record["entries"][:1]
    told = failures(record, suites, report)
    assert "Nothing is missed." in told and "-strip.png" not in told


# The files -------------------------------------------------------------------------------------------------------------------


def test_the_pages_are_what_the_records_give():
    assert stale(ROOT) == [], "write them anew: minisora gallery --pages"


def test_pages_are_written_the_same_again(record, suites, report, tmp_path, monkeypatch):
    bench = tmp_path / "repository"
    for path, thing in ((tmp_path / "data/gallery/gallery.json", record), (bench / "data/bench/report.json", report)):
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(thing))
    monkeypatch.setattr(gallery_pages, "ROOT", bench)
    assert [path.name for path in pages(tmp_path)] == ["gallery.md", "scoreboard.md", "failures.md"]
    first = drawn(tmp_path)
    assert stale(tmp_path) == [] and drawn(tmp_path) == first
    (tmp_path / "book/failures.md").write_text("better than it is")
    assert stale(tmp_path) == ["book/failures.md"]
