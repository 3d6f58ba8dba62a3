"""Long work that can be watched, stopped and asked for anew while it runs. Built in chapter 0."""

import html
import threading
from collections.abc import Callable
from typing import Any

import ipywidgets

from minisora.errors import UserError, one_line
from minisora.limits import Progress


class Stopped(Exception):  # noqa: N818 (nothing failed)
    """What is being made is no longer wanted."""


class Job:
    """Work beside the notebook's own thread, with a bar that grows and buttons that start and stop it.

    `run(work, done)` calls `work(progress)` and then `done(its result)`; a message for the reader goes to `told`. There is one piece of
    work at a time: whoever asks for another meanwhile gets that instead, as soon as the step at hand is done.
    """

    def __init__(self, verb: str = "make"):
        self.start = ipywidgets.Button(description=verb, button_style="primary", tooltip=verb)
        self.halt = ipywidgets.Button(description="stop", disabled=True, tooltip="stop after this step")
        self.bar = ipywidgets.IntProgress(0, min=0, max=1, layout={"width": "16em", "visibility": "hidden"})
        self.told = ipywidgets.HTML()
        self.row = ipywidgets.HBox([self.start, self.halt, self.bar])
        self._lock, self._unwanted, self._idle = threading.Lock(), threading.Event(), threading.Event()
        self._next: tuple[Callable, Callable] | None = None
        self._idle.set()
        self.halt.on_click(self.stop)

    @property
    def busy(self) -> bool:
        return not self._idle.is_set()

    def say(self, text: str) -> None:
        """A line of HTML for the reader, which screen readers read out."""
        self.told.value = f'<div role="status" aria-live="polite">{text}</div>'

    def run(self, work: Callable[[Progress], Any], done: Callable[[Any], None]) -> None:
        with self._lock:
            self._next = work, done
            self._unwanted.set()
            if self.busy:
                return
            self._idle.clear()
        self.halt.disabled, self.bar.layout.visibility = False, "visible"
        threading.Thread(target=self._all, daemon=True).start()

    def stop(self, _=None) -> None:
        """The work at hand ends after its step, and none follows."""
        with self._lock:
            self._next = None
            self._unwanted.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Until all work is over; whether it is."""
        return self._idle.wait(seconds)

    def progress(self, done: int, total: int) -> None:
        """Called after each step; where the work is no longer wanted, it ends here."""
        if self._unwanted.is_set():
            raise Stopped
        self.bar.max, self.bar.value, self.bar.description = total, done, f"{done} of {total}"

    def _all(self) -> None:
        while True:
            with self._lock:
                asked, self._next = self._next, None
                if asked is None:
                    self.halt.disabled, self.bar.layout.visibility = True, "hidden"
                    self._idle.set()
                    return
                self._unwanted.clear()
            self.bar.value, self.bar.description = 0, ""
            self.say("working …")
            self._one(*asked)

    def _one(self, work: Callable, done: Callable) -> None:
        try:
            done(work(self.progress))
        except Stopped:
            self.say("stopped")
        except UserError as error:
            self.say(html.escape(str(error)))
        except Exception as error:  # a thread's traceback would be seen by nobody
            self.say(html.escape(f"this went wrong: {type(error).__name__}: {one_line(error)}"))
