"""What the mouse does with tiles: hover, click, double-click, drag out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QHelpEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from studio.widgets import drag_drop
from studio.widgets.basics import plain
from studio.widgets.tiles import Tiles


class MouseTiles(Tiles):
    """Tiles that answer the mouse; ``recipe``, or each tile's own ``recipe_at``, travels in what is dragged out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.recipe: Mapping[str, str] = {}
        self.recipe_at: Callable[[int], Mapping[str, str]] | None = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a click or a drag began."""
        index = self.index_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and index >= 0:
            self._pressed = (index, event.position().toPoint())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Lift the tile under the mouse; carry the pressed one out once the mouse has gone far enough."""
        spot = event.position()
        if self._pressed is None:
            self._hover(self.index_at(spot))
            return
        index, start = self._pressed
        if (spot.toPoint() - start).manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            pixels = self.image(index)
            if pixels is not None:
                name = self._captions[index] if index < len(self._captions) else f"image {index + 1}"
                recipe = self.recipe_at(index) if self.recipe_at else self.recipe
                drag_drop.carry_out(self.viewport(), pixels, name, recipe)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A press that did not become a drag is a click."""
        pressed, self._pressed = self._pressed, None
        if pressed is not None and self.index_at(event.position()) == pressed[0]:
            self.press_tile(pressed[0])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open a tile."""
        index = self.index_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and index >= 0:
            self.opened.emit(index)

    def press_tile(self, index: int) -> None:
        """What a click does: ring the tile and say so."""
        self.set_current(index)
        self.clicked.emit(index)

    def _hover(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            shape = Qt.CursorShape.PointingHandCursor if index >= 0 else Qt.CursorShape.ArrowCursor
            self.viewport().setCursor(shape)
            self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:
        """Put the tile down when the mouse leaves; a caption that is cut is whole in a tool tip."""
        if event.type() == QEvent.Type.Leave:
            self._hover(-1)
        elif isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), plain(self.cut_caption(QPointF(event.pos()))), self)
            return True
        return super().viewportEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        self.viewport().update()
