"""Before and after: one image over the other with a line between them that is moved, or side by side."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QMouseEvent, QWheelEvent

from studio.panels.denoise.pair_view import ZOOM_NAMES, ZOOMS, PairView
from studio.widgets import drag_drop

__all__ = ["ZOOM_NAMES", "Wipe"]

GRIP = 14  # px around the line in which it can be taken
STEP, LEAP = 0.02, 0.1  # shares that the arrow keys move the line


class Wipe(PairView):
    """Two images of one size. Drag the line, or use the arrow keys; 0, 1 and 2 zoom, S puts them side by side."""

    dropped = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self._held: str = ""
        self._last = QPointF()
        self.setMouseTracking(True)
        self.setAcceptDrops(True)

    def _near_line(self, spot: QPointF) -> bool:
        return self._after is not None and not self._beside and abs(spot.x() - self.line_at().x()) <= GRIP

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the line; farther from it a large image is panned, a small one brings the line here."""
        if event.button() != Qt.MouseButton.LeftButton or self._before is None:
            return
        self._last = event.position()
        line = self._near_line(event.position()) or (not self._beside and not self.can_pan())
        self._held = "line" if line and self._after is not None else "picture"
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move what is held."""
        spot = event.position()
        if self._held == "line":
            seen, ratio = self._seen(self._panes()[0]), self.devicePixelRatioF()
            self.set_share((spot.x() * ratio - seen.left()) / max(seen.width(), 1.0))
        elif self._held == "picture":
            self.pan(spot.x() - self._last.x(), spot.y() - self._last.y())
            self._last = spot
        shapes = Qt.CursorShape
        near = self._held == "line" or (not self._held and self._near_line(spot))
        self.setCursor(shapes.SplitHCursor if near else shapes.OpenHandCursor if self.can_pan() else shapes.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._held = ""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """With Ctrl the wheel zooms."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.angleDelta().y():
            turn = 1 if event.angleDelta().y() > 0 else -1
            self.set_zoom(min(max(self._zoom + turn, 0), len(ZOOMS) - 1))
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the line, with Ctrl the image; Home and End; 0, 1, 2 zoom; S arranges."""
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        arrows = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        zooms = {Qt.Key.Key_0: 0, Qt.Key.Key_1: 1, Qt.Key.Key_2: 2}
        ctrl = modifiers & Qt.KeyboardModifier.ControlModifier
        if key in arrows and ctrl:
            self.pan(-40 * arrows[key][0], -40 * arrows[key][1])
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            far = LEAP if modifiers & Qt.KeyboardModifier.ShiftModifier else STEP
            self.set_share(self._share + far * arrows[key][0])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.set_share(0.0 if key == Qt.Key.Key_Home else 1.0)
        elif key in zooms and not ctrl:
            self.set_zoom(zooms[key])
        elif key == Qt.Key.Key_S and not ctrl:
            self.set_beside(not self._beside)
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and images."""
        if drag_drop.carries(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand on what was dropped."""
        paths = drag_drop.paths_in(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)
