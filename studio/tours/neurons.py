"""The guided tour of the panel Neurons."""

from __future__ import annotations

from collections.abc import Iterator

from studio.panels.neurons.panel import Neurons
from studio.panels.neurons.unit_card import MOST


def tour(panel: Neurons) -> Iterator[str]:
    """Look at units, switch one off, boost it."""
    yield "units"
    panel.grid.set_current(1)
    panel.choose(1)
    panel.set_activation(0)
    yield "ablated"
    panel.set_activation(MOST)
    yield "boosted"
