"""The browser of the widgets' tests, and the website: built once, served, and every page of it visited once."""

import functools
import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from test_style import ROOT
from widgets.conftest import browser  # noqa: F401

PATIENCE = 300_000  # milliseconds: nothing takes long where the machine is free
SEEN = """async () => {
  const clips = [...document.querySelectorAll('video')]
  const loaded = await Promise.all(clips.map(clip => new Promise(done => {
    const say = () => done({seconds: clip.duration || 0, width: clip.videoWidth, controls: clip.controls,
                            poster: clip.hasAttribute('poster'), alt: clip.getAttribute('aria-label') || '',
                            autoplay: clip.autoplay, loop: clip.loop})
    clip.addEventListener('loadedmetadata', say); clip.addEventListener('error', say); setTimeout(say, 60000)
    if (clip.readyState) say(); else { clip.preload = 'metadata'; clip.load() }
  })))
  const look = twin => [...twin.querySelectorAll('[role=img]')].map(e => getComputedStyle(e).backgroundPosition).join()
  const knobs = [...document.querySelectorAll('.twin input[type=range]')].map(knob => {
    const twin = knob.closest('.twin'), before = look(twin)
    knob.value = +knob.value > +knob.min ? knob.min : knob.max
    knob.dispatchEvent(new Event('input', {bubbles: true}))
    return {name: knob.name, moved: look(twin) !== before}
  })
  return {clips: loaded, knobs}
}"""
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def html(site: Path) -> list[Path]:
    """Every page; what lies in _static are the theme's templates."""
    return sorted(file for file in site.rglob("*.html") if "_static" not in file.parts)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the website, as the command builds it."""
    out = tmp_path_factory.mktemp("book") / "site"
    done = subprocess.run([sys.executable, "-m", "minisora", "book", "--out", out], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-5000:]
    return out


@pytest.fixture(scope="session")
def address(site):
    """Where the website is served, on this computer alone."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def reader(browser, address):  # noqa: F811
    """A page in which only the website can be reached; what it asks of others is in its `foreign`, what breaks in its `broken`."""
    with browser.new_context(viewport={"width": 1200, "height": 900}, base_url=address) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.foreign, page.broken = [], []

        def only_here(route):
            if route.request.url.startswith((address, "data:", "blob:")):
                return route.continue_()
            page.foreign.append(route.request.url)
            return route.abort()

        context.route("**/*", only_here)
        page.on("pageerror", lambda error: page.broken.append(str(error)))
        page.on("response", lambda response: page.broken.append(response.url) if response.status >= 400 else None)
        yield page


@pytest.fixture(scope="session")
def audit():
    """A function: page -> what axe finds in it that is serious, each with the first place where it is."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: pip install -r requirements.txt").Axe()

    def asked(page) -> list[str]:
        found = axe.run(page, options={"preload": False}).response["violations"]  # preloading takes a style sheet's imports for the page's
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        return [f"{one['id']} ({len(one['nodes'])}×): {one['nodes'][0]['html'][:300]}" for one in serious]

    return asked


@pytest.fixture
def visits(reader, site, audit):
    """What was seen on every page, by name: clips, knobs, requests to others, errors, axe's findings, how much wider than a phone."""
    found = {}
    for file in html(site):
        name = file.relative_to(site).as_posix()
        reader.foreign.clear(), reader.broken.clear()
        reader.goto(f"/{name}")
        seen = {"axe": audit(reader), **reader.evaluate(SEEN)}
        reader.set_viewport_size({"width": 390, "height": 800})
        seen["wide"] = reader.evaluate(WIDE)
        reader.set_viewport_size({"width": 1200, "height": 900})
        found[name] = {**seen, "foreign": [*reader.foreign], "broken": [*reader.broken]}
    return found
