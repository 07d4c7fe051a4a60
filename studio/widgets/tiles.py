"""Many small images painted by one widget: what the grid and the film strip have in common.

Only what is on screen is asked for and painted, so a hundred thousand images cost as little as thirty.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QFont,
    QFontMetrics,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTransform,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from studio import theme
from studio.widgets import qimages
from studio.widgets.qimages import Pixels

Provider = Callable[[int], "Pixels | None"]
KEPT = 800  # enlarged images
MARGIN = 4  # px around all tiles, room for ring and lift


def on_device(painter: QPainter, ratio: float) -> None:
    """Make one unit one device pixel, exactly on the raster."""
    placed = painter.deviceTransform()
    painter.scale(1 / ratio, 1 / ratio)
    painter.translate(round(placed.dx()) - placed.dx(), round(placed.dy()) - placed.dy())


@dataclass(frozen=True)
class Plan:
    """Where the tiles lie, in device pixels."""

    columns: int
    rows: int
    wide: int
    high: int
    gap: int
    caption: int
    left: int
    top: int

    def rect(self, index: int) -> QRect:
        """The image part of a tile."""
        row, column = divmod(index, self.columns)
        x = self.left + column * (self.wide + self.gap)
        return QRect(x, self.top + row * (self.high + self.caption + self.gap), self.wide, self.high)

    def width(self) -> int:
        """Of everything."""
        return 2 * self.left + self.columns * (self.wide + self.gap) - self.gap

    def height(self) -> int:
        """Of everything."""
        return 2 * self.top + self.rows * (self.high + self.caption + self.gap) - self.gap


class Tiles(QAbstractScrollArea):
    """Paints tiles, lifts the one under the mouse, rings the current one, carries one out."""

    clicked = Signal(int)
    opened = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self._provider: Provider = lambda _index: None
        self._captions: list[str] = []
        self._unit = (28, 28)  # width, height of the first image
        self._cache: OrderedDict[tuple[int, int, int], QImage] = OrderedDict()
        self._current = -1
        self._hovered = -1
        self._pressed: tuple[int, QPoint] | None = None
        self._plan: Plan | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setStyleSheet("QAbstractScrollArea { background: transparent; border: none; }")
        self.viewport().setAutoFillBackground(False)
        self.viewport().setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_images(self, images: NDArray[np.uint8] | Sequence[Pixels], captions: Sequence[str] | None = None) -> None:
        """Show uint8 (n, height, width, channels), or a list of images of any sizes."""
        self.set_source(len(images), lambda index: images[index], captions)

    def set_source(self, count: int, provider: Provider, captions: Sequence[str] | None = None) -> None:
        """Show ``count`` images; ``provider(index)`` is asked only for those on screen and may say None: not yet."""
        self._count = count
        self._provider = provider
        self._captions = list(captions or [])
        first = provider(0) if count else None
        if first is not None:
            self._unit = (first.shape[1], first.shape[0])
        self._cache.clear()
        self._hovered = -1
        self._current = min(self._current, count - 1)
        self.replan()

    def refresh(self, index: int) -> None:
        """Ask for one image again."""
        for key in [key for key in self._cache if key[0] == index]:
            del self._cache[key]
        self.viewport().update()

    def count(self) -> int:
        """How many images there are."""
        return self._count

    def image(self, index: int) -> Pixels | None:
        """One image as it was given."""
        return self._provider(index)

    def current(self) -> int:
        """The ringed tile, -1 for none."""
        return self._current

    def set_current(self, index: int) -> None:
        """Ring a tile and bring it into view, without a signal."""
        self._current = index if 0 <= index < self._count else -1
        if self._current >= 0:
            self._show_tile(self._current)
        self.viewport().update()

    def make_plan(self, ratio: float) -> Plan:
        """Where the tiles lie: the grid and the strip differ here."""
        raise NotImplementedError

    def replan(self) -> None:
        """Lay everything out again: other images, another size, another screen."""
        ratio = self.devicePixelRatioF()
        self._plan = plan = self.make_plan(ratio)
        page = self.viewport().size()
        for bar, whole, shown in (
            (self.verticalScrollBar(), plan.height() / ratio, page.height()),
            (self.horizontalScrollBar(), plan.width() / ratio, page.width()),
        ):
            bar.setRange(0, max(int(np.ceil(whole - shown)), 0) if self._count else 0)
            bar.setPageStep(shown)
            bar.setSingleStep(max(int(plan.high / ratio / 2), 1))
        self.viewport().update()

    def caption_height(self, ratio: float) -> int:
        """Room beneath a tile for its words, in device pixels."""
        return round((QFontMetrics(self.caption_face(theme.SMALL)).height() + 3) * ratio) if self._captions else 0

    def caption_face(self, size: int) -> QFont:
        """What captions are written in, at ``size`` px: here figures of one width."""
        return theme.mono(size)

    def cut_caption(self, spot: QPointF) -> str:
        """The whole caption of the tile under a spot of the viewport, image or words, if it is cut; else nothing."""
        if self._plan is None or not self._captions:
            return ""
        ratio = self.devicePixelRatioF()
        metrics, room = QFontMetrics(self.caption_face(theme.SMALL)), (self._plan.wide + self._plan.gap) / ratio
        for index in self._on_screen():
            if self.tile_rect(index).adjusted(0, 0, 0, self._plan.caption / ratio).contains(spot):
                words = self._captions[index] if index < len(self._captions) else ""
                return words if metrics.horizontalAdvance(words) > room else ""
        return ""

    def _offset(self) -> QPoint:
        ratio = self.devicePixelRatioF()
        x, y = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
        return QPoint(round(x * ratio), round(y * ratio))

    def tile_rect(self, index: int) -> QRectF:
        """Where a tile's image lies in the viewport, in logical pixels."""
        if self._plan is None:
            self.replan()
        assert self._plan is not None
        ratio = self.devicePixelRatioF()
        rect = QRectF(self._plan.rect(index).translated(-self._offset()))
        return QRectF(rect.x() / ratio, rect.y() / ratio, rect.width() / ratio, rect.height() / ratio)

    def _on_screen(self) -> range:
        if self._plan is None or not self._count:
            return range(0)
        plan = self._plan
        ratio = self.devicePixelRatioF()
        offset = self._offset()
        step = plan.high + plan.caption + plan.gap
        if plan.rows == 1:
            pitch = plan.wide + plan.gap
            first = max((offset.x() - plan.left) // pitch, 0)
            return range(first, min(first + int(self.viewport().width() * ratio) // pitch + 2, self._count))
        first = max((offset.y() - plan.top) // step, 0)
        last = first + int(self.viewport().height() * ratio) // step + 2
        return range(first * plan.columns, min(last * plan.columns, self._count))

    def index_at(self, spot: QPointF) -> int:
        """The tile under a spot of the viewport, or -1."""
        return next((i for i in self._on_screen() if self.tile_rect(i).contains(spot)), -1)

    def _show_tile(self, index: int) -> None:
        rect = self.tile_rect(index)
        for bar, low, high, shown in (
            (self.verticalScrollBar(), rect.top(), rect.bottom(), self.viewport().height()),
            (self.horizontalScrollBar(), rect.left(), rect.right(), self.viewport().width()),
        ):
            if low < 0:
                bar.setValue(bar.value() + int(low) - MARGIN)
            elif high > shown:
                bar.setValue(bar.value() + int(high - shown) + MARGIN)

    def _picture(self, index: int, plan: Plan) -> QImage | None:
        key = (index, plan.wide, plan.high)
        if key not in self._cache:
            pixels = self._provider(index)
            if pixels is None:
                return None
            zoom = qimages.best_zoom(pixels.shape[1], pixels.shape[0], plan.wide, plan.high)
            self._cache[key] = qimages.fitted(pixels, zoom)
            while len(self._cache) > KEPT:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return self._cache[key]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what is on screen; the lifted tile last, above its neighbours."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ratio = self.devicePixelRatioF()
        on_device(painter, ratio)
        shown = [index for index in self._on_screen() if index != self._hovered]
        if 0 <= self._hovered < self._count:
            shown.append(self._hovered)
        for index in shown:
            self._paint_tile(painter, index, ratio)

    def _paint_tile(self, painter: QPainter, index: int, ratio: float) -> None:
        plan = self._plan
        assert plan is not None
        rect = plan.rect(index).translated(-self._offset())
        if self._captions and index < len(self._captions):
            self._paint_caption(painter, rect, index, ratio)
        lifted = index == self._hovered
        if lifted:
            rect.translate(0, -round(2 * ratio))
        radius = (theme.RADIUS_PICTURE if plan.wide > 100 * ratio else theme.RADIUS_TILE) * ratio
        image = self._picture(index, plan)
        path = QPainterPath()
        if image is None:
            path.addRoundedRect(QRectF(rect), radius, radius)
            painter.fillPath(path, theme.color("raised"))
        else:
            left, top = rect.x() + (rect.width() - image.width()) // 2, rect.y() + (rect.height() - image.height()) // 2
            path.addRoundedRect(left, top, image.width(), image.height(), radius, radius)
            if lifted:
                painter.fillPath(path.translated(0, round(3 * ratio)), theme.color("shadow", 0.28))
            brush = QBrush(image)
            brush.setTransform(QTransform.fromTranslate(left, top))
            painter.fillPath(path, brush)
        if index == self._current:
            self._paint_ring(painter, path.boundingRect(), radius, ratio)

    def _paint_ring(self, painter: QPainter, rect: QRectF, radius: float, ratio: float) -> None:
        painter.setPen(QPen(theme.color("accent" if not self.hasFocus() else "text"), theme.RING * ratio))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        out = 2 * ratio
        painter.drawRoundedRect(rect.adjusted(-out, -out, out, out), radius + out, radius + out)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), theme.RING * ratio))
            painter.drawRoundedRect(rect.adjusted(-out, -out, out, out), radius + out, radius + out)

    def _paint_caption(self, painter: QPainter, rect: QRect, index: int, ratio: float) -> None:
        face = self.caption_face(round(theme.SMALL * ratio))
        painter.setFont(face)
        painter.setPen(theme.color("text" if index == self._current else "secondary"))
        plan = self._plan
        assert plan is not None
        room = QRectF(rect.x() - plan.gap / 2, rect.bottom() + 1 + 3 * ratio, rect.width() + plan.gap, plan.caption)
        words = QFontMetrics(face).elidedText(self._captions[index], Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out for the new size."""
        super().resizeEvent(event)
        self.replan()

    def changeEvent(self, event: QEvent) -> None:
        """Lay out again when the screen's scale or the font changes."""
        super().changeEvent(event)
        if self._plan is not None and event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.replan()
