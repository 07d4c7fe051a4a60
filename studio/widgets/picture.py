"""One big image; the grid and the film strip are its neighbours."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QEnterEvent,
    QFontMetrics,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QTransform,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from studio import theme
from studio.widgets import drag_drop, qimages
from studio.widgets.drag_drop import MIME
from studio.widgets.frame_strip import FrameStrip
from studio.widgets.grid import PictureGrid
from studio.widgets.qimages import Pixels
from studio.widgets.tiles import on_device

__all__ = ["MIME", "FrameStrip", "Picture", "PictureGrid"]


class Picture(QWidget):
    """One big image at a whole-number zoom in device pixels, never stretched; drag it out, drop on it."""

    clicked = Signal()
    dropped = Signal(list)

    def __init__(self, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.recipe: Mapping[str, str] = {}
        self._pixels: Pixels | None = None
        self._caption = ""
        self._hint = hint
        self._fitted: tuple[float, QImage] | None = None
        self._pressed: QPoint | None = None
        self._drop_over = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(64, 64)

    def set_image(self, pixels: Pixels | None) -> None:
        """Show uint8 (height, width, channels), or nothing."""
        self._pixels = pixels
        self._fitted = None
        self.setCursor(Qt.CursorShape.ArrowCursor if pixels is None else Qt.CursorShape.PointingHandCursor)
        self.update()

    def image(self) -> Pixels | None:
        """What is shown."""
        return self._pixels

    @property
    def caption(self) -> str:
        """The line beneath the image; also the name of the file that is dragged out."""
        return self._caption

    @caption.setter
    def caption(self, text: str) -> None:
        self._caption = text
        self.setAccessibleName(text)
        self.update()

    def set_hint(self, text: str) -> None:
        """What stands here while there is no image."""
        self._hint = text
        self.update()

    def sizeHint(self) -> QSize:
        """A comfortable size; it grows with the window."""
        return QSize(280, 280)

    def copy(self) -> None:
        """Put the image on the clipboard."""
        if self._pixels is not None:
            QGuiApplication.clipboard().setMimeData(drag_drop.mime_of(self._pixels, self._caption, self.recipe))

    def zoom(self) -> float:
        """Device pixels a pixel of the image now takes."""
        if self._pixels is None:
            return 0.0
        ratio = self.devicePixelRatioF()
        room = self._room()
        height, width = self._pixels.shape[:2]
        return qimages.best_zoom(width, height, room.width() * ratio, room.height() * ratio)

    def _room(self) -> QRect:
        below = self._caption_height() + theme.GAP_S if self._caption else 0
        return self.rect().adjusted(4, 4, -4, -4 - below)

    def _caption_height(self) -> int:
        flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignHCenter
        room = QRect(0, 0, max(self.width() - 8, 20), 200)
        return QFontMetrics(theme.font(theme.SMALL)).boundingRect(room, int(flags), self._caption).height()

    def shown_rect(self) -> QRectF:
        """Where the image lies in the widget, in logical pixels."""
        if self._pixels is None:
            return QRectF(self._room())
        ratio = self.devicePixelRatioF()
        zoom = self.zoom()
        room = self._room()
        height, width = self._pixels.shape[:2]
        wide, high = max(round(width * zoom), 1), max(round(height * zoom), 1)
        left = int(room.left() * ratio + (room.width() * ratio - wide) / 2)
        top = int(room.top() * ratio + (room.height() * ratio - high) / 2)
        return QRectF(left / ratio, top / ratio, wide / ratio, high / ratio)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the image, its caption and the focus ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        where = self.shown_rect()
        if self._pixels is None:
            self._paint_empty(painter, where)
        else:
            self._paint_picture(painter, where)
        if self._caption:
            self._paint_caption(painter, where)
        if self.hasFocus() or self._drop_over:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), theme.RING))
            radius = theme.RADIUS_PICTURE + 2
            painter.drawRoundedRect(where.adjusted(-3, -3, 3, 3), radius, radius)

    def _paint_empty(self, painter: QPainter, where: QRectF) -> None:
        dashed = QPen(theme.color("edge"), 1, Qt.PenStyle.DashLine)
        painter.setPen(dashed)
        painter.setBrush(theme.color("raised", 0.5))
        inner = where.adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(inner, theme.RADIUS_PICTURE, theme.RADIUS_PICTURE)
        painter.setPen(theme.color("secondary"))
        painter.setFont(theme.font())
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(where.adjusted(12, 8, -12, -8), int(flags), self._hint)

    def _paint_picture(self, painter: QPainter, where: QRectF) -> None:
        assert self._pixels is not None
        zoom, ratio = self.zoom(), self.devicePixelRatioF()
        if self._fitted is None or self._fitted[0] != zoom:
            self._fitted = (zoom, qimages.fitted(self._pixels, zoom))
        image = self._fitted[1]
        painter.save()
        on_device(painter, ratio)
        left, top = round(where.left() * ratio), round(where.top() * ratio)
        path = QPainterPath()
        radius = theme.RADIUS_PICTURE * ratio
        path.addRoundedRect(left, top, image.width(), image.height(), radius, radius)
        brush = QBrush(image)
        brush.setTransform(QTransform.fromTranslate(left, top))
        painter.fillPath(path, brush)
        painter.restore()

    def _paint_caption(self, painter: QPainter, where: QRectF) -> None:
        painter.setPen(theme.color("secondary"))
        painter.setFont(theme.font(theme.SMALL))
        top = where.bottom() + theme.GAP_S
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(4, top, self.width() - 8, self.height() - top), int(flags), self._caption)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a click or a drag began."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Carry the image out once the mouse has gone far enough."""
        if self._pressed is None or self._pixels is None:
            return
        if (event.position().toPoint() - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            drag_drop.carry_out(self, self._pixels, self._caption, self.recipe)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A press that did not become a drag is a click."""
        if self._pressed is not None and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()
        self._pressed = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space click; Ctrl+C copies."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        elif event.key() == Qt.Key.Key_C and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.copy()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Say yes to images and files, but not to ourselves."""
        if drag_drop.carries(event.mimeData()) and event.source() is not self:
            self._drop_over = True
            event.acceptProposedAction()
            self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """The drag has gone elsewhere."""
        self._drop_over = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand on the files that were dropped."""
        self._drop_over = False
        self.update()
        paths = drag_drop.paths_in(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Follow the screen's scale when the window has moved."""
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        """Fit again when font or style change."""
        self.update()
        super().changeEvent(event)
