"""The table of mixes: fine sources on top, coarse sources at the left, and what becomes of each pair between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QHelpEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import QToolTip

from models.core.styles import synthesis
from models.core.styles.table import SIDE
from studio import theme
from studio.widgets import drag_drop
from studio.widgets.basics import plain
from studio.widgets.grid import PictureGrid
from studio.widgets.qimages import Pixels
from studio.widgets.tiles import Plan

COLUMNS = SIDE + 1
TILES = COLUMNS * COLUMNS
APART = 10  # px between sources and mixes
COARSE, FINE = 0, 3  # of the theme's series


def line_of(tile: int) -> int | None:
    """Which source a tile shows: 0 to 5 are rows (coarse), 6 to 11 columns (fine); None for a mix or the corner."""
    row, column = divmod(tile, COLUMNS)
    if column == 0 and row > 0:
        return row - 1
    return SIDE + column - 1 if row == 0 and column > 0 else None


def cell_of(tile: int) -> tuple[int, int] | None:
    """Which mix (row, column) a tile shows; None for a source or the corner."""
    row, column = divmod(tile, COLUMNS)
    return (row - 1, column - 1) if row > 0 and column > 0 else None


def tile_of(row: int, column: int) -> int:
    """The tile of a mix."""
    return (row + 1) * COLUMNS + column + 1


@dataclass(frozen=True)
class ApartPlan(Plan):
    """A plan whose first row and column keep a distance from the rest, in device pixels."""

    apart: int = 0

    def rect(self, index: int) -> QRect:
        """The image part of a tile."""
        row, column = divmod(index, self.columns)
        return super().rect(index).translated(self.apart * (column > 0), self.apart * (row > 0))

    def width(self) -> int:
        """Of everything."""
        return 2 * self.left + self.columns * (self.wide + self.gap) - self.gap + self.apart

    def height(self) -> int:
        """Of everything."""
        return super().height() + self.apart


class MixingGrid(PictureGrid):
    """49 tiles; the corner is empty. Images can be dropped on any tile.

    Arrows walk, Enter opens a mix.

    Args:
        tip_at: says what stands in the tool tip of a tile.
    """

    dropped_on = Signal(int, list)  # (tile, paths)
    draw_asked = Signal()  # another draw for the ringed source

    def __init__(self, tip_at: Callable[[int], str]) -> None:
        super().__init__(cell=24, max_size=512, columns=COLUMNS)
        self._sources: NDArray[np.uint8] | None = None
        self._cells: NDArray[np.uint8] | None = None
        self._target = -1  # of a drag that is over us
        self._tip_at = tip_at
        self.set_droppable(True)
        self.set_source(TILES, self._tile_image)

    def show_sources(self, pictures: NDArray[np.uint8]) -> None:
        """Show the sources (12, height, width, channels): rows, then columns."""
        self._sources = pictures
        self._show()

    def show_cells(self, pictures: NDArray[np.uint8]) -> None:
        """Show the mixes (36, height, width, channels) row by row."""
        self._cells = pictures
        self._show()

    def cells(self) -> NDArray[np.uint8] | None:
        """The mixes."""
        return self._cells

    def clear(self) -> None:
        """Another model: nothing is known yet."""
        self._sources = self._cells = None
        self._show()

    def _show(self) -> None:
        some = self._sources if self._sources is not None else self._cells
        if some is not None:
            self._unit = (some.shape[2], some.shape[1])
        self.set_source(TILES, self._tile_image)

    def _tile_image(self, tile: int) -> Pixels | None:
        line, cell = line_of(tile), cell_of(tile)
        if line is not None and self._sources is not None:
            return np.asarray(self._sources[line])
        if cell is not None and self._cells is not None:
            return np.asarray(self._cells[cell[0] * SIDE + cell[1]])
        return None

    def table(self) -> Pixels | None:
        """Everything as one image, the corner black; None until all is there."""
        if self._sources is None or self._cells is None:
            return None
        return synthesis.sheet(self._sources, self._cells)

    def make_plan(self, ratio: float) -> ApartPlan:
        """As any grid's, in the room that the distance leaves."""
        plan, apart = super().make_plan(ratio), round(APART * ratio)
        made = ApartPlan(**{field.name: getattr(plan, field.name) for field in fields(Plan)}, apart=apart)
        spare = round(super().maximumViewportSize().width() * ratio) - made.width()
        return replace(made, left=made.left + max(spare // 2, 0))  # in the middle

    def maximumViewportSize(self) -> QSize:
        """Without the distance, so that the tiles and it fit together."""
        whole = super().maximumViewportSize()
        whole.setWidth(whole.width() - APART)
        whole.setHeight(whole.height() - APART)
        return whole

    def _paint_tile(self, painter: QPainter, index: int, ratio: float) -> None:
        assert self._plan is not None
        rect = QRectF(self._plan.rect(index).translated(-self._offset()))
        if index == 0:
            self._paint_corner(painter, rect, ratio)
            return
        super()._paint_tile(painter, index, ratio)
        if index == self._target:
            self._paint_ring(painter, rect, theme.RADIUS_TILE * ratio, ratio)

    def _paint_corner(self, painter: QPainter, rect: QRectF, ratio: float) -> None:
        face = theme.font(round(theme.SMALL * ratio))
        painter.setFont(face)
        top = QRectF(rect.x(), rect.y(), rect.width(), rect.height() / 2)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip
        painter.setPen(theme.color(theme.series(FINE)))
        painter.drawText(top, int(flags), "fine →")
        painter.setPen(theme.color(theme.series(COARSE)))
        painter.drawText(top.translated(0, rect.height() / 2), int(flags), "coarse ↓")

    def set_current(self, index: int) -> None:
        """Ring a tile; the corner cannot be chosen."""
        super().set_current(index if index != 0 else 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """R draws the ringed source anew; the rest is any grid's."""
        if event.key() == Qt.Key.Key_R and not event.modifiers() and line_of(self.current()) is not None:
            self.draw_asked.emit()
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """A tool tip for each tile."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            tile = self.index_at(event.pos().toPointF())
            words = self._tip_at(tile) if tile > 0 else ""
            QToolTip.showText(event.globalPos(), plain(words), self)
            return True
        return super().viewportEvent(event)

    # --- dropping ---

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Say yes to images and files, also to our own: a mix can become a source."""
        if drag_drop.carries(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Ring the tile that would take it."""
        super().dragMoveEvent(event)
        self._aim(self.index_at(event.position()))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """The drag has gone elsewhere."""
        self._aim(-1)

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand on the files and the tile under them."""
        self._aim(-1)
        paths = drag_drop.paths_in(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.dropped_on.emit(self.index_at(event.position()), paths)

    def _aim(self, tile: int) -> None:
        if tile != self._target:
            self._target = tile
            self.viewport().update()
