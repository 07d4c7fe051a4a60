"""The guided tour of the panel Data."""

from __future__ import annotations

from collections.abc import Iterator

from studio.panels.data.panel import Data


def tour(panel: Data) -> Iterator[str]:
    """Look at clothes, then at digits."""
    panel.list.setCurrentRow(0)
    yield "fashion"
    panel.grid.set_current(40)
    panel._show_one(40)
    panel.list.setCurrentRow(2)
    yield "digits"
