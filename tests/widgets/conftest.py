"""A real browser, and a JupyterLab for it to open. Tests that need them are skipped, with a word, where no browser is installed."""

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import threading

import pytest
from test_style import ROOT

PATIENCE = 300_000  # milliseconds: nothing here takes long where the machine is free, but it may be busy
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge")
HERMIT = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
NO_BROWSER = "no browser is installed. Get one: apt-get install chromium (Debian), or python -m playwright install chromium"


@functools.cache
def installed(own: str) -> str | None:
    """The first browser that starts, playwright's `own` among them."""
    for path in (os.environ.get("BROWSER_PATH"), *map(shutil.which, BROWSERS), own):
        if path and os.path.exists(path) and subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0:
            return path
    return None


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium with a fresh profile."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -r requirements.txt")
    with playwright.sync_playwright() as driver:
        path = installed(driver.chromium.executable_path)
        if path is None:
            pytest.skip(NO_BROWSER)
        with driver.chromium.launch(executable_path=path, args=HERMIT) as running:
            yield running


@pytest.fixture
def page(browser):
    """A fresh page; that nothing went wrong in it is seen at the end."""
    with browser.new_page(viewport={"width": 1100, "height": 1000}) as opened:
        opened.set_default_timeout(PATIENCE)
        wrong = []
        opened.on("pageerror", lambda error: wrong.append(error))
        yield opened
        assert not wrong


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """A function: cells -> the address of a notebook of these cells in a JupyterLab of its own, without anybody's settings."""
    home = tmp_path_factory.mktemp("lab")
    own = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
    environment = os.environ | {name: str(home / name.lower()) for name in own} | {"JUPYTER_PREFER_ENV_PATH": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [environment.get("PYTHONPATH")])])
    quiet = home / "jupyterlab_settings_dir" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    for folder in (home / "notebooks", quiet.parent):
        folder.mkdir(parents=True)
    quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    options = {
        "ServerApp.root_dir": home / "notebooks", "ServerApp.port": 0, "ServerApp.open_browser": False, "ServerApp.allow_root": True,
        "ServerApp.ip": "127.0.0.1", "IdentityProvider.token": "course", "LabApp.extension_manager": "readonly",
    }  # fmt: skip
    command = [sys.executable, "-m", "jupyterlab", "--expose-app-in-browser", *(f"--{name}={value}" for name, value in options.items())]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=home)
    said = []
    for line in server.stderr:  # ends with the server
        said.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            break
    else:
        pytest.fail("JupyterLab did not start:\n" + "".join(said))
    threading.Thread(target=server.stderr.read, daemon=True).start()  # a pipe that nobody reads would fill and stop it

    def address(name: str, *cells: str) -> str:
        empty = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        made = [{**empty, "id": f"cell-{number}", "source": source} for number, source in enumerate(cells)]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        book = {"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
        (home / "notebooks" / f"{name}.ipynb").write_text(json.dumps(book))
        return f"{found[0]}/lab/tree/{name}.ipynb?reset&token=course"

    yield address
    server.terminate()
    server.wait(PATIENCE / 1000)
