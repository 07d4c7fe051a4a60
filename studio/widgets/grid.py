"""A grid of images that fills its room with the largest whole-number zoom, and scrolls when there are too many."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QFont, QKeyEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio import theme
from studio.widgets import drag_drop, qimages
from studio.widgets.tile_mouse import MouseTiles
from studio.widgets.tiles import MARGIN, Plan

MAX_COLUMNS = 64


class PictureGrid(MouseTiles):
    """Pictures in rows and columns.

    Args:
        cell: the smallest side of a tile that is worth looking at, in px; with less room the grid scrolls.
        max_size: the largest side of a tile, in px.
        columns: how many columns; 0 lets the grid choose.
        whole: whether tiles shrink until all rows are on screen though the columns are fixed.
    """

    dropped = Signal(list)
    walked = Signal(int)  # the ring went to another tile by an arrow key

    def __init__(
        self,
        cell: int = 72,
        max_size: int = 180,
        columns: int = 0,
        parent: QWidget | None = None,
        *,
        whole: bool = False,
    ) -> None:
        super().__init__(parent)
        self._whole = whole
        self._cell = cell
        self._max = float(max_size)
        self._fixed = columns
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_cell(self, cell: int, max_size: int | None = None) -> None:
        """Change how small and how large tiles may be, in px."""
        self._cell, self._max = cell, max_size or self._max
        self.replan()

    def set_columns(self, columns: int) -> None:
        """Fix the number of columns; 0 lets the grid choose."""
        self._fixed = columns
        self.replan()

    def sizeHint(self) -> QSize:
        """Room for a few rows."""
        return QSize(4 * (self._cell + MARGIN) + MARGIN, 4 * (self._cell + MARGIN) + MARGIN)

    def minimumSizeHint(self) -> QSize:
        """Room for one tile."""
        return QSize(self._cell + 2 * MARGIN, self._cell + 2 * MARGIN)

    def caption_face(self, size: int) -> QFont:
        """Words, mostly: what one asked for, what an image shows."""
        return theme.font(size)

    def _tile(self, columns: int, room: float, ratio: float, deep: float = 1e9) -> tuple[int, int]:
        gap = MARGIN * ratio
        side = self._max * ratio
        zoom = qimages.best_zoom(*self._unit, min((room - gap * (columns - 1)) / columns, side), min(side, deep))
        return max(round(self._unit[0] * zoom), 1), max(round(self._unit[1] * zoom), 1)

    def _side(self, ratio: float) -> float:
        """How wide a tile of a scrolling grid is: the next whole zoom that is at least ``cell``."""
        whole = -(-round(self._cell * ratio) // self._unit[0])
        if self._unit[0] > self._cell * ratio:
            return self._cell * ratio
        return (whole if whole * self._unit[0] <= self._max * ratio else max(whole - 1, 1)) * self._unit[0]

    def make_plan(self, ratio: float) -> Plan:
        """The largest tiles that all fit; if those are smaller than ``cell``, tiles of about ``cell`` that scroll."""
        whole = self.maximumViewportSize()
        margin = round(MARGIN * ratio)
        gap = round(MARGIN * ratio)
        caption = self.caption_height(ratio)
        room, depth = whole.width() * ratio - 2 * margin, whole.height() * ratio - 2 * margin
        count = max(self._count, 1)
        scrolls = bool(self._fixed) and not self._whole
        choices = [self._fixed] if self._fixed else range(1, min(count, MAX_COLUMNS) + 1)
        best: tuple[int, int, int, int] | None = None
        for columns in choices:
            rows = -(-count // columns)
            deep = 1e9 if scrolls else max((depth + gap) / rows - gap - caption, 1.0)
            wide, high = self._tile(columns, room, ratio, deep)
            fits = rows * (high + caption + gap) - gap <= depth
            large = max(wide, high) >= min(self._cell, max(self._unit) * 4) * ratio * 0.75
            better = best is None or (wide, -rows * columns, columns) > (best[1], -best[3], best[0])
            if fits and (large or scrolls) and better:  # of equally large ones the fewest rows
                best = (columns, wide, high, rows * columns)
        if best is not None:
            columns, wide, high, _filled = best
        else:
            room -= self.verticalScrollBar().sizeHint().width() * ratio
            columns = self._fixed or max(int((room + gap) // (self._side(ratio) + gap)), 1)
            wide, high = self._tile(columns, room, ratio)
        rows = -(-count // columns)
        spare = [2 * gap]  # the grid spreads a little, but never out of its room
        if columns > 1:
            spare.append(int(room - columns * wide) // (columns - 1) - gap)
        if rows > 1 and best is not None:
            spare.append(int(depth - rows * (high + caption)) // (rows - 1) - gap)
        gap += max(min(spare), 0) if columns > 1 else 0
        return Plan(columns, rows, wide, high, gap, caption, margin, margin)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk, Enter clicks."""
        columns = self._plan.columns if self._plan else 1
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
        }
        key = Qt.Key(event.key())
        if key in steps and self._count:
            target = self._current + steps[key] if self._current >= 0 else 0
            self.set_current(min(max(target, 0), self._count - 1))
            self.walked.emit(self._current)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._current >= 0:
            self.clicked.emit(self._current)
        else:
            super().keyPressEvent(event)

    def set_droppable(self, droppable: bool) -> None:
        """Whether images can be dropped here; they arrive through ``dropped``."""
        self.setAcceptDrops(droppable)
        self.viewport().setAcceptDrops(droppable)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Say yes to images and files, but not to our own."""
        if drag_drop.carries(event.mimeData()) and event.source() is not self.viewport():
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Anywhere will do."""
        if drag_drop.carries(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand on the files that were dropped."""
        paths = drag_drop.paths_in(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)
