"""The guided tour of the panel Transfer."""

from __future__ import annotations

from collections.abc import Iterator

from studio.panels.transfer.panel import Transfer


def tour(panel: Transfer) -> Iterator[str]:
    """Compare with few labels and few passes."""
    yield "before"
    for name, value in (("labels", 300), ("seeds", 1), ("epochs", 24), ("frozen_epochs", 8)):
        panel.spins[name].setValue(value)
    panel.begin()
    yield "compared"
    panel.arm.choose(1)
    yield "from-scratch"
