"""The website: what is built, where its links lead, what a browser sees on it; and the cell that fetches the course."""

import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

import chapters
import pytest
import yaml
from test_style import ROOT

from minisora.cli import main
from minisora.errors import UserError
from minisora.site import book, logo, pages, status

LOADS = {("script", "src"), ("img", "src"), ("video", "src"), ("video", "poster"), ("source", "src"), ("iframe", "src"), ("link", "href")}
NAMED = ("canonical", "search", "author", "next", "prev", "index")  # links that a browser does not follow by itself
ELSEWHERE = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])(?:https?:)?//""")


class Reading(HTMLParser):
    """Of a page: its anchors' names, its links, and what it loads."""

    def __init__(self, file: Path):
        super().__init__()
        self.names, self.links, self.loads = {""}, [], []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.names |= {given.get("id"), given.get("name")}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        for name, value in attributes:
            if (tag, name) in LOADS and value and not (tag == "link" and given.get("rel") in NAMED):
                self.loads.append(value)


@pytest.fixture(scope="session")
def read(site):
    return {file: Reading(file) for file in site.rglob("*.html") if "_static" not in file.parts}


def listed(entry) -> list[str]:
    """The pages that the table of contents names."""
    if isinstance(entry, list):
        return [name for one in entry for name in listed(one)]
    own = [entry[key] for key in ("root", "file") if key in entry]
    return own + [name for key in ("parts", "chapters", "sections") for name in listed(entry.get(key, []))]


def test_every_page_is_there(site):
    names = listed(yaml.safe_load((ROOT / "book" / "_toc.yml").read_text()))
    asked = "index gallery scoreboard failures instructors/index troubleshooting glossary bibliography api/index status changelog"
    assert set(asked.split()) <= set(names)
    names += [f"notebooks/{path.stem}" for path in chapters.sources()]
    names += [file.relative_to(ROOT / "book").with_suffix("").as_posix() for file in (ROOT / "book").rglob("*.md")]
    assert not [name for name in names if not (site / f"{name}.html").is_file()]


def test_every_chapter_has_its_buttons_and_no_cell_that_is_for_elsewhere(site):
    extension = pytest.importorskip("minisora.site.extension", reason="Jupyter Book is not installed")
    for path in chapters.sources():
        page = (site / "notebooks" / f"{path.stem}.html").read_text()
        links = extension.launchers(f"notebooks/{path.stem}", pages.repository(), pages.BRANCH)
        assert "Open in Binder" in links and all(f'<a href="{link}">{said}</a>' in page for said, link in links.items())
        download = site / "_sources" / "notebooks" / f"{path.stem}.ipynb"
        assert f'href="../_sources/notebooks/{path.stem}.ipynb" download' in page and json.loads(download.read_text())["cells"]
        assert "minisora-course" not in page, "the cell that fetches the course is for elsewhere"


def test_no_link_within_the_site_is_broken(site, read):
    broken = []
    for file, page in read.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = Path(os.path.normpath(file.parent / unquote(parts.path))) if parts.path else file
            known = read.get(target)
            if not target.exists() or (known and unquote(parts.fragment) not in known.names):
                broken.append(f"{file.relative_to(site)}: {link}")
    assert not broken


def test_nothing_is_loaded_from_another_host(site, read):
    loads = [f"{file.relative_to(site)}: {url}" for file, page in read.items() for url in page.loads if re.match(r"(https?:)?//", url)]
    styles = [file.relative_to(site) for file in site.rglob("*.css") if ELSEWHERE.search(file.read_text(encoding="utf-8"))]
    assert not loads and not styles


def test_what_a_browser_sees(visits):
    """One visit for all questions, because pages are large."""
    wrong = {key: {name: seen[key] for name, seen in visits.items() if seen[key]} for key in ("foreign", "broken", "axe")}
    assert not any(wrong.values()), json.dumps(wrong, indent=1)[:6000]
    assert not {name: seen["wide"] for name, seen in visits.items() if seen["wide"] > 1}, "wider than a phone"
    clips = [clip for seen in visits.values() for clip in seen["clips"]]
    assert len(clips) >= 10 and visits["index.html"]["clips"]
    good = {"controls": True, "poster": True, "autoplay": False}
    assert not [clip for clip in clips if not (clip["seconds"] > 0 and clip["width"] and clip["alt"]) or not good.items() <= clip.items()]
    knobs = [knob for seen in visits.values() for knob in seen["knobs"]]
    assert len(knobs) >= 2 and all(knob["moved"] for knob in knobs), knobs


def test_the_search_finds_spacetime(reader):
    reader.goto("/search.html?q=spacetime")
    reader.wait_for_selector("#search-results li a")
    assert reader.locator("#search-results li a[href*='01-spacetime-patches']").count()
    assert not reader.foreign and reader.locator("input[type=search]:visible").count() == 1


def test_in_the_dark_nothing_serious_is_wrong_either(reader, audit):
    reader.emulate_media(color_scheme="dark", reduced_motion="reduce")
    for name in ("index", "notebooks/01-spacetime-patches"):
        reader.goto(f"/{name}.html")
        assert reader.evaluate("document.documentElement.dataset.theme") == "dark" and not audit(reader)


def test_the_logo_is_what_its_script_draws():
    assert logo.FILE.read_text() == logo.logo()


def test_links_of_the_repository_become_links_of_the_site(tmp_path):
    (tmp_path / "book" / "api").mkdir(parents=True), (tmp_path / "notebooks").mkdir(), (tmp_path / "data").mkdir()
    for name in ("book/index.md", "book/api/index.md", "notebooks/01-a.ipynb", "data/card.md", "data/curve.png"):
        (tmp_path / name).write_text("")
    site, web = tmp_path / "site", "https://github.com/OWNER/minisora"

    def moved(text, page):
        return pages.linked(text, tmp_path / page, tmp_path, web, site)

    assert moved("[a](../notebooks/01-a.ipynb#b)", "book/index.md") == "[a](notebooks/01-a.ipynb#b)"
    assert moved("[a](../../notebooks/01-a.ipynb)", "book/api/index.md") == "[a](../notebooks/01-a.ipynb)"
    assert moved("[a](../book/index.md)", "notebooks/01-a.ipynb") == "[a](../index.md)"
    assert moved("[a](../data/card.md) [b](../data)", "book/index.md") == f"[a]({web}/blob/main/data/card.md) [b]({web}/tree/main/data)"
    assert moved("![a](../data/curve.png)", "book/index.md") == "![a](pictures/data/curve.png)"
    assert (site / "pictures" / "data" / "curve.png").exists()
    assert moved("[a](gone.md) [b](https://a.org/b)", "book/index.md") == "[a](gone.md) [b](https://a.org/b)"


def test_buttons_suit_the_host():
    extension = pytest.importorskip("minisora.site.extension", reason="Jupyter Book is not installed")
    on_github = extension.launchers("notebooks/01-a", "https://github.com/me/minisora", "main")
    assert on_github["Open in Colab"].endswith("/github/me/minisora/blob/main/notebooks/01-a.ipynb")
    assert extension.launchers("notebooks/01-a", "https://git.example.org/minisora", "main") == {
        "Open in Binder": "https://mybinder.org/v2/git/https%3A%2F%2Fgit.example.org%2Fminisora/main?urlpath=lab/tree/notebooks/01-a.ipynb"
    }


def test_the_status_page_shows_what_was_recorded(tmp_path):
    (tmp_path / "notebooks").mkdir(), (tmp_path / "data" / "bench").mkdir(parents=True)
    for name in ("01-a", "02-b"):
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text("{}")
    (tmp_path / "requirements.txt").write_text("-e .\nnumpy>=2.0,<3\n")
    assert "No build has been recorded" in status.build(tmp_path)
    status.record(tmp_path / status.CHAPTERS, {"01-a": {"seconds": 41.6, **status.machine()}})
    spent = {"pages": 3, "files": 5, "bytes": 2_500_000, "seconds": 9.6, "cpu_seconds": 7.2}
    status.record(tmp_path / status.BUILD, {"build": {**spent, **status.machine()}})
    status.record(tmp_path / status.BUILD, {"versions": status.versions(tmp_path)})
    assert "| 42 | " in status.chapters(tmp_path) and "not recorded yet" in status.chapters(tmp_path)
    assert "2.5 MB in 5 files" in status.build(tmp_path)
    assert f"| numpy | 2.0 | {metadata.version('numpy')} | 3 |" in status.packages(tmp_path)


@pytest.mark.parametrize(
    "asked, says",
    [
        (["book"], "Type: minisora book --out"),
        (["book", "--out", "gone/site"], "mkdir -p"),
        (["book", "--out", "site", "--colour"], "minisora book --help"),
        (["book", "--out", "mine"], "something else is there"),
    ],
)
def test_a_wrong_request_is_told_in_a_line(asked, says, tmp_path, monkeypatch, capsys):
    (tmp_path / "mine").mkdir(), (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    monkeypatch.chdir(tmp_path)
    assert main(asked) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1 and (tmp_path / "mine" / "thesis.txt").exists()


def test_a_warning_stops_the_build_and_leaves_the_old_site(tmp_path, monkeypatch):
    """With a book of one page, because only the command's own part is asked here."""
    (tmp_path / "book").mkdir(), (tmp_path / "tools").mkdir(), (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / "tools" / "chapters.py", tmp_path / "tools")
    (tmp_path / "book" / "_config.yml").write_text("title: a\nexecute:\n  execute_notebooks: 'off'\n")
    (tmp_path / "book" / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    (tmp_path / "book" / "index.md").write_text("# Title\n\n[nowhere](gone.md)\n")
    out = tmp_path / "site"
    out.mkdir(), (out / book.MARK).touch(), (out / "index.html").write_text("old")
    monkeypatch.setattr(book, "gather", lambda folder: pages.gather(folder, tmp_path))
    with pytest.raises(UserError, match="gone.md"):
        book.build(out)
    assert (out / "index.html").read_text() == "old" and not list(tmp_path.glob(".site-*"))


def test_the_first_cell_fetches_the_course_into_a_fresh_environment(tmp_path):
    """The cell itself, with this repository as the address. Dependencies are left out: only the course is asked here."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("this is no clone, or git is not installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    (packages,) = (tmp_path / "venv").glob("[Ll]ib/**/site-packages")
    home = Path(str(metadata.distribution("setuptools").locate_file("")))
    for part in ("pip", "setuptools", "_distutils_hack", "pip-*.dist-info", "setuptools-*.dist-info"):  # taken from here: no network
        for found in home.glob(part):
            shutil.copytree(found, packages / found.name, ignore=shutil.ignore_patterns("__pycache__"))
    notebook = json.loads((ROOT / "notebooks" / "01-spacetime-patches.ipynb").read_text())
    cell = "".join(next(cell["source"] for cell in notebook["cells"] if "bootstrap" in cell["metadata"].get("tags", ())))
    assert chapters.REPOSITORY in cell
    script = tmp_path / "cell.py"
    after = "\nimport minisora\nprint(os.getcwd() if 'os' in globals() else 'nothing to do', minisora.__file__)\n"
    script.write_text(cell.replace(chapters.REPOSITORY, ROOT.as_uri()) + after)
    (work := tmp_path / "content").mkdir()
    python = next(path for path in (tmp_path / "venv/bin/python", tmp_path / "venv/Scripts/python.exe") if path.exists())
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | offline
    for says in (work / "minisora-course" / "notebooks", "nothing to do"):  # the second time it is there
        done = subprocess.run([python, script], cwd=work, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.split(" /")[0].strip() == str(says) and "minisora-course" in done.stdout
