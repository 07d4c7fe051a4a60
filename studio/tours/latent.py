"""The guided tour of the panel Latent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtWidgets import QApplication

from studio.panels.latent.panel import Latent


def tour(panel: Latent) -> Iterator[str]:
    """Move sliders, look at directions, click the map, draw a path, play it, export."""
    yield "sliders"
    panel.map.map.picked.emit(0.8, -0.6)
    yield "map-clicked"
    panel.sliders.set_values(np.linspace(-1.5, 1.5, panel.sliders.values().size, dtype=np.float32))
    panel.sliders.changed.emit()
    panel.sliders.committed.emit()
    yield "moved"
    panel.go_to(panel.map.codings[0] if len(panel.map.codings) else panel.coding)  # a real picture's coding
    panel.card.axes.choose(1)
    panel.map.layout_kind.choose(1)
    yield "directions-and-neighbours"
    panel.map.layout_kind.choose(0)
    panel.card.axes.choose(0)
    panel.map.map.path_drawn.emit(np.array([[-1.5, -1.0], [0.0, 1.0], [1.5, -0.5]]))
    yield "drawn-path"
    panel._export_picture(8)
    panel._export_animation(".gif")
    QApplication.processEvents()
    yield "exported"
