"""What all widgets share: each has words for what it shows, and brings its kernel-free twin along. Built in chapter 0."""

import os
from pathlib import Path

import ipywidgets

from minisora.video import write_whole

WIDE = {"width": "36em"}
LABELLED = {"description_width": "6em"}
# JupyterLab takes arrows and letters for commands to the notebook, also where a list or a button has the focus. It asks the
# element that has the focus first, so each says no for itself.
OWN_KEYS = """<style onload="this.closest('.minisora-keys').addEventListener('focusin',
    event => event.target.setAttribute('data-lm-suppress-shortcuts', 'true'))"></style>"""


class Interactive:
    """Something with knobs. `root` is the ipywidget, `twin()` the HTML in its place where there is no kernel, `alt` the words for it."""

    root: ipywidgets.Widget
    alt: str = ""

    @staticmethod
    def framed(*parts: ipywidgets.Widget) -> ipywidgets.VBox:
        """The parts below one another; keys that are pressed among them stay there."""
        root = ipywidgets.VBox([*parts, ipywidgets.HTML(OWN_KEYS, layout={"display": "none"})])
        root.add_class("minisora-keys")
        return root

    def twin(self) -> str:
        """HTML that shows what was made so far, and needs no kernel, no network and no file beside it."""
        raise NotImplementedError

    def save_twin(self, path: str | os.PathLike) -> Path:
        """Writes the twin as a piece of HTML for a web page. The file appears whole or not at all."""
        path = Path(path).expanduser()
        write_whole(path, lambda part: part.write_text(self.twin(), encoding="utf-8"))
        return path

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        shown = self.root._repr_mimebundle_()
        shown = shown[0] if isinstance(shown, tuple) else shown
        return {**shown, "text/html": self.twin(), "text/plain": self.alt}, {"text/html": {"alt": self.alt}}
