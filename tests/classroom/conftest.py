"""The browser of the widgets' tests."""

from widgets.conftest import browser  # noqa: F401
