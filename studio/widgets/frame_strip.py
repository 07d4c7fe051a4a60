"""One row of frames through time, one of them current."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.widgets import qimages
from studio.widgets.tile_mouse import MouseTiles
from studio.widgets.tiles import MARGIN, Plan


class FrameStrip(MouseTiles):
    """One row of frames with captions; click or Left and Right choose the current one.

    Args:
        height: the side of a frame that it likes, in px.
    """

    chosen = Signal(int)

    def __init__(self, height: int = 84, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._height = height
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self.chosen)

    def sizeHint(self) -> QSize:
        """One row with room for captions and the scroll bar."""
        caption = self.caption_height(1.0)
        return QSize(320, self._height + caption + 2 * MARGIN + self.horizontalScrollBar().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Two frames wide."""
        return QSize(2 * self._height, self.sizeHint().height())

    def replan(self) -> None:
        """Ask for room again, captions may have come."""
        super().replan()
        self.updateGeometry()

    def make_plan(self, ratio: float) -> Plan:
        """Frames as high as the strip; a little smaller if then all fit; else the strip scrolls."""
        whole = self.maximumViewportSize()
        margin = round(MARGIN * ratio)
        gap = round(MARGIN * ratio)
        caption = self.caption_height(ratio)
        count = max(self._count, 1)
        deep = max(min(whole.height() - 2 * MARGIN - 10, self._height) * ratio, 1)
        zoom = qimages.best_zoom(*self._unit, 1e9, deep)
        fitting = (whole.width() * ratio - 2 * margin - gap * (count - 1)) / count / self._unit[0]
        fitting = float(int(fitting)) if fitting >= 1 else fitting
        if zoom > fitting >= zoom * 0.6:
            zoom = fitting
        wide, high = max(round(self._unit[0] * zoom), 1), max(round(self._unit[1] * zoom), 1)
        if count > 1:
            spare = int(whole.width() * ratio - 2 * margin - count * wide - (count - 1) * gap) // (count - 1)
            gap += max(min(spare, gap), 0)
        return Plan(count, 1, wide, high, gap, caption, margin, margin)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right step, Home and End jump."""
        last = self._count - 1
        targets = {
            Qt.Key.Key_Left: self._current - 1,
            Qt.Key.Key_Right: self._current + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        target = targets.get(Qt.Key(event.key()))
        if target is None or last < 0:
            super().keyPressEvent(event)
            return
        target = min(max(target, 0), last)
        if target != self._current:
            self.press_tile(target)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel travels along the strip; a strip that fits leaves it to the page."""
        bar = self.horizontalScrollBar()
        if bar.maximum() == 0:
            event.ignore()
            return
        turn = event.angleDelta().y() or event.angleDelta().x()
        bar.setValue(bar.value() - turn)
        event.accept()
