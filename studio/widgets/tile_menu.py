"""What can be done with a tile by its menu or its keys: put it into A, B or C, see it large, open it elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu

from studio.widgets.tile_mouse import MouseTiles

Action = Callable[[int], None]
KEYS = {Qt.Key.Key_1: 0, Qt.Key.Key_2: 1, Qt.Key.Key_3: 2}


class TileMenu(QObject):
    """The menu of a grid's tiles, at the mouse or, from the keyboard, at the ringed tile."""

    def __init__(self, grid: MouseTiles, actions: Mapping[str, Action]) -> None:
        super().__init__(grid)
        self._grid = grid
        self.menu = QMenu(grid)
        self._index = -1
        for words, act in actions.items():
            self.menu.addAction(words).triggered.connect(lambda _on=False, a=act: a(self._index))
        grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        grid.customContextMenuRequested.connect(self._ask)

    def _ask(self, spot: QPoint) -> None:
        index = self._grid.index_at(QPointF(spot))
        if index < 0:
            index = self._grid.current()  # the menu key
            spot = self._grid.tile_rect(index).center().toPoint() if index >= 0 else spot
        if self.begin(index):
            self.menu.popup(self._grid.viewport().mapToGlobal(spot))

    def begin(self, index: int) -> bool:
        """Make a tile the one that the menu is about; False if there is none."""
        self._index = index
        if index < 0 or self._grid.image(index) is None:
            return False
        self._grid.set_current(index)
        return True


def slot_key(event: QKeyEvent) -> int | None:
    """Which slot a key means: 1, 2 and 3 are A, B and C."""
    plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return KEYS.get(Qt.Key(event.key())) if plain else None
