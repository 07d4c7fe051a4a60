"""What follows the mouse over a plot: a vertical hair, and a box of values beside it."""

from __future__ import annotations

from typing import Any

import pyqtgraph
from PySide6.QtCore import QEvent, QObject, QPointF, Qt

from studio import theme
from studio.widgets.basics import label


class Crosshair(QObject):
    """A hair and a box on a plot; both go when the mouse leaves it."""

    def __init__(self, plot: Any) -> None:
        super().__init__(plot)
        self._plot = plot
        self.hair = pyqtgraph.InfiniteLine(angle=90, movable=False)
        plot.getPlotItem().addItem(self.hair, ignoreBounds=True)
        self.box = label("", "box")
        self.box.setParent(plot)
        self.box.setTextFormat(Qt.TextFormat.RichText)
        self.box.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        plot.viewport().installEventFilter(self)

    def hide(self) -> None:
        """Put both away."""
        self.hair.hide()
        self.box.hide()

    def restyle(self) -> None:
        """Take the colours of the theme."""
        self.hair.setPen(pyqtgraph.mkPen(theme.color("edge"), width=1))

    def show_at(self, spot: QPointF, text: str, place: float) -> None:
        """Show rich text beside a spot of the scene and the hair at a place along x; "" hides both."""
        self.hair.setVisible(bool(text))
        self.box.setVisible(bool(text))
        if not text:
            return
        self.hair.setPos(place)
        self.box.setText(text)
        self.box.adjustSize()
        at, box = self._plot.mapFromScene(spot), self.box
        flip = at.x() + box.width() + 24 > self._plot.width()
        left = at.x() - box.width() - 12 if flip else at.x() + 12
        box.move(left, min(max(at.y() - box.height() // 2, 4), self._plot.height() - box.height() - 4))

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """The mouse left the plot."""
        if event.type() == QEvent.Type.Leave:
            self.hide()
        return False
