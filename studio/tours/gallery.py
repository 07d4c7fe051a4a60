"""The guided tour of the panel Gallery."""

from __future__ import annotations

from collections.abc import Iterator

from studio.panels.gallery.panel import Gallery


def tour(panel: Gallery) -> Iterator[str]:
    """Look at what was exported."""
    panel.refresh()
    panel.show_file(0)
    yield "exports"
