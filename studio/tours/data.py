"""The guided tour of the panel Data."""

from __future__ import annotations

from collections.abc import Iterator

from studio.panels.data.panel import PATH, Data


def tour(panel: Data) -> Iterator[str]:
    """Look at clothes, then at digits."""
    _choose(panel, "fashion_mnist")
    yield "fashion"
    panel.grid.set_current(40)
    panel._show_one(40)
    _choose(panel, "digits")
    yield "digits"


def _choose(panel: Data, key: str) -> None:
    """By its key: where it stands in the list changes with every dataset that is added."""
    keys = [panel.list.item(row).data(PATH) for row in range(panel.list.count())]
    panel.list.setCurrentRow(keys.index(key))
