"""The guided tour of the panel Home."""

from __future__ import annotations

from collections.abc import Iterator

from studio.panels.home import Home


def tour(panel: Home) -> Iterator[str]:
    """The shelves as they are."""
    yield "home"
