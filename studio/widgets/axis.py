"""An axis of a plot that is quick to paint."""

from __future__ import annotations

from typing import Any

import pyqtgraph
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget


class QuickAxis(pyqtgraph.AxisItem):  # type: ignore[misc]
    """An axis that draws its numbers directly: playing pyqtgraph's recording of them took half of a repaint."""

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None = None) -> None:
        """Draw line, ticks and numbers."""
        specs = self.generateDrawSpecs(painter)
        if specs is not None:
            self.drawPicture(painter, *specs)
