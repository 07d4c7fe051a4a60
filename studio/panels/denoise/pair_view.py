"""Two images over each other with a line between them, or side by side: where they lie and how they are drawn."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio import theme
from studio.panels.denoise.pyramid import Layers
from studio.widgets import qimages
from studio.widgets.tiles import on_device

ZOOMS = (0.0, 1.0, 2.0)  # 0: as large as fits
ZOOM_NAMES = ("fit", "1:1", "2:1")


class PairView(QWidget):
    """Draws two images of one size; who moves the line and the view is said elsewhere."""

    moved = Signal(float)  # the line, as a share of what is seen
    zoomed = Signal(int)
    arranged = Signal(bool)  # side by side

    def __init__(self) -> None:
        super().__init__()
        self._before: Layers | None = None
        self._after: Layers | None = None
        self._share, self._zoom, self._beside = 0.5, 0, False
        self._middle = QPointF(0.5, 0.5)  # which spot of the image is in the middle, as shares
        self.words = ("before", "after")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self._say()

    # --- what is shown ---

    def set_pair(self, before: Layers | None, after: Layers | None) -> None:
        """Show two images of one size; without ``after`` only the first. The view stays if the size does.

        Raises:
            ValueError: if they differ in size.
        """
        if before is not None and after is not None and before.size != after.size:
            raise ValueError(f"{before.size} and {after.size} cannot lie on each other")
        if before is None or self._before is None or before.size != self._before.size:
            self._middle = QPointF(0.5, 0.5)
        self._before, self._after = before, after
        self._say()
        self.update()

    def pair(self) -> tuple[Layers | None, Layers | None]:
        """What is shown."""
        return self._before, self._after

    def share(self) -> float:
        """Where the line is, 0 (left) to 1."""
        return self._share

    def set_share(self, share: float) -> None:
        """Move the line."""
        share = min(max(share, 0.0), 1.0)
        if share != self._share:
            self._share = share
            self._say()
            self.moved.emit(share)
            self.update()

    def set_zoom(self, index: int) -> None:
        """Choose one of ``ZOOMS``."""
        if index != self._zoom:
            self._zoom = index
            self._keep_inside()
            self.zoomed.emit(index)
            self._say()
            self.update()

    def set_beside(self, beside: bool) -> None:
        """Side by side, or one over the other."""
        if beside != self._beside:
            self._beside = beside
            self._keep_inside()
            self.arranged.emit(beside)
            self._say()
            self.update()

    def _say(self) -> None:
        how = "side by side" if self._beside else f"line at {self._share:.0%}"
        self.setAccessibleName("Before and after")
        self.setAccessibleDescription(f"{how}, zoom {ZOOM_NAMES[self._zoom]}")

    # --- geometry, in device pixels of this widget ---

    def _panes(self) -> list[QRectF]:
        ratio = self.devicePixelRatioF()
        whole = QRectF(0, 0, round(self.width() * ratio), round(self.height() * ratio))
        if not self._beside or self._after is None:
            return [whole]
        gap = theme.GAP_S * ratio
        wide = int((whole.width() - gap) / 2)
        return [QRectF(0, 0, wide, whole.height()), QRectF(whole.width() - wide, 0, wide, whole.height())]

    def zoom(self) -> float:
        """Device pixels a pixel of the image takes."""
        if self._before is None:
            return 0.0
        room = self._panes()[0]
        return ZOOMS[self._zoom] or qimages.best_zoom(*self._before.size, room.width(), room.height())

    def _place(self, pane: QRectF) -> QRectF:
        """Where the whole image would lie, on whole device pixels."""
        assert self._before is not None
        zoom = self.zoom()
        wide, high = (max(1.0, round(side * zoom)) for side in self._before.size)
        left = pane.center().x() - wide * self._middle.x() if wide > pane.width() else pane.center().x() - wide / 2
        top = pane.center().y() - high * self._middle.y() if high > pane.height() else pane.center().y() - high / 2
        return QRectF(round(left), round(top), wide, high)

    def _seen(self, pane: QRectF) -> QRectF:
        return self._place(pane).intersected(pane)

    def _line(self) -> float:
        seen = self._seen(self._panes()[0])
        return round(seen.left() + seen.width() * self._share)

    def line_at(self) -> QPointF:
        """The middle of the line, in px of this widget."""
        ratio = self.devicePixelRatioF()
        return QPointF(self._line() / ratio, self.height() / 2)

    def can_pan(self) -> bool:
        """Whether the image is larger than its room."""
        if self._before is None:
            return False
        pane = self._panes()[0]
        place = self._place(pane)
        return place.width() > pane.width() or place.height() > pane.height()

    def _keep_inside(self) -> None:
        if self._before is None:
            return
        pane, zoom = self._panes()[0], self.zoom()
        middle = []
        for side, room, value in zip(
            self._before.size, (pane.width(), pane.height()), (self._middle.x(), self._middle.y()), strict=True
        ):
            half = min(0.5, room / max(side * zoom, 1.0) / 2)
            middle.append(min(max(value, half), 1.0 - half))
        self._middle = QPointF(*middle)

    def pan(self, across: float, down: float) -> None:
        """Move the image by so many px of the widget."""
        if self._before is None or not self.can_pan():
            return
        ratio, zoom = self.devicePixelRatioF(), self.zoom()
        wide, high = self._before.size
        self._middle -= QPointF(across * ratio / (wide * zoom), down * ratio / (high * zoom))
        self._keep_inside()
        self.update()

    def middle(self) -> tuple[float, float]:
        """The spot of the image that is in the middle, as shares of its sides."""
        return self._middle.x(), self._middle.y()

    # --- painting ---

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both images, the line, what is what, and the focus ring."""
        if self._before is None:
            return
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        painter.save()
        on_device(painter, ratio)
        panes = self._panes()
        self._paint_part(painter, self._before, panes[0], panes[0])
        if self._after is not None and len(panes) == 2:
            self._paint_part(painter, self._after, panes[1], panes[1])
        elif self._after is not None:
            right = QRectF(panes[0])
            right.setLeft(self._line())
            self._paint_part(painter, self._after, panes[0], right)
        painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._after is not None and len(panes) == 1:
            self._paint_line(painter)
        if self._after is not None:
            self._paint_words(painter, [QRectF(p.x() / ratio, 0, p.width() / ratio, self.height()) for p in panes])
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), theme.RING))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            radius = theme.RADIUS_PICTURE
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), radius, radius)

    def _paint_part(self, painter: QPainter, shown: Layers, pane: QRectF, clip: QRectF) -> None:
        place, zoom = self._place(pane), self.zoom()
        target = place.intersected(clip)
        if target.isEmpty():
            return
        part = target.translated(-place.topLeft())
        source = QRectF(part.x() / zoom, part.y() / zoom, part.width() / zoom, part.height() / zoom)
        shown.draw(painter, target, source, zoom)

    def _paint_line(self, painter: QPainter) -> None:
        ratio = self.devicePixelRatioF()
        seen = self._seen(self._panes()[0])
        x = self._line() / ratio
        top = seen.top() / ratio
        bottom = seen.bottom() / ratio
        painter.setPen(QPen(theme.color("shadow", 0.5), 4))
        painter.drawLine(QPointF(x, top), QPointF(x, bottom))
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.drawLine(QPointF(x, top), QPointF(x, bottom))
        grip = QRectF(0, 0, 28, 28)
        grip.moveCenter(QPointF(x, (top + bottom) / 2))
        painter.setPen(QPen(theme.color("on_accent"), 1))
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(grip)
        theme.icon("arrows-left-right", "on_accent").paint(painter, grip.adjusted(6, 6, -6, -6).toRect())

    def _paint_words(self, painter: QPainter, panes: list[QRectF]) -> None:
        painter.setFont(theme.font(theme.SMALL))
        metrics = painter.fontMetrics()
        ratio = self.devicePixelRatioF()
        for index, word in enumerate(self.words):
            pane = panes[min(index, len(panes) - 1)]
            seen = self._seen(self._panes()[min(index, len(panes) - 1)])
            chip = QRectF(0, seen.top() / ratio + 8, metrics.horizontalAdvance(word) + 16, 22)
            at_right = index == 1 and len(panes) == 1
            left, right = max(pane.left(), seen.left() / ratio), min(pane.right(), seen.right() / ratio)
            if right - left < chip.width() * (2 if len(panes) == 1 else 1) + 24:
                continue  # a small image is not covered with words
            chip.moveLeft(right - chip.width() - 8 if at_right else left + 8)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("card", 0.85))
            painter.drawRoundedRect(chip, theme.RADIUS_CONTROL, theme.RADIUS_CONTROL)
            painter.setPen(theme.color("text"))
            painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, word)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the image inside."""
        self._keep_inside()

    def sizeHint(self) -> QSize:
        """Large: it is what the page is for."""
        return QSize(640, 420)
