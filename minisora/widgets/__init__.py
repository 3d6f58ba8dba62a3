"""Widgets of the course: a playground, a scrubber of noise and time, a painter of masks. Built in chapters 0, 4 and 7.

    from minisora.widgets import Playground

    Playground(sora, "a red ball hops over a blue box in the snow")

Each shows something good before it is touched, works by keyboard, and carries a twin in plain HTML that needs no kernel: that is what
a web page or a reader without a running notebook sees in its place.
"""

from importlib import import_module

_HOMES = {"Playground": "playground", "NoiseScrubber": "scrubber", "MaskPainter": "masks"}
__all__ = ["MaskPainter", "NoiseScrubber", "Playground"]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"minisora.widgets has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"minisora.widgets.{_HOMES[name]}"), name)
