"""What the tests of the Arithmetic panel share: its fixtures, and what a person does with it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QDrag
from PySide6.QtTest import QTest

from models.core.latent.direction_files import Direction
from studio.panels.arithmetic.sheet_card import COUNT
from studio.window import Window
from tests.tools.gui.events import drag
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import open_panel, wait_idle

CTRL = Qt.KeyboardModifier.ControlModifier


def undo(studio: Window, qtbot) -> None:
    QTest.keyClick(studio, Qt.Key.Key_Z, CTRL)
    wait_idle(qtbot, studio)


def carried(monkeypatch, grid, index: int) -> QMimeData:
    """Drag a tile by the mouse and keep what the drag carries."""
    kept: list[QMimeData] = []

    def keep(self: QDrag, *_actions: object) -> Qt.DropAction:
        mime, copy = self.mimeData(), QMimeData()
        for kind in mime.formats():
            copy.setData(kind, mime.data(kind))
        copy.setUrls(mime.urls())
        kept.append(copy)
        return Qt.DropAction.CopyAction

    monkeypatch.setattr(QDrag, "exec", keep)
    middle = grid.tile_rect(index).center().toPoint()
    drag(grid.viewport(), middle, middle + QPoint(40, 30))
    (mime,) = kept
    return mime


def fill(panel, studio: Window, qtbot, *tiles: int) -> None:
    """Put tiles into A, B and C in turn by keys."""
    for slot, index in enumerate(tiles):
        panel.sheet.grid.set_current(index)
        QTest.keyClick(panel.sheet.grid, Qt.Key(Qt.Key.Key_1 + slot % 3))
    wait_idle(qtbot, studio, lambda: panel.result.grid.count() == 9)


def pick(panel, studio: Window, qtbot, name: str) -> Direction:
    """Choose an attribute in the menu."""
    menu = panel.directions.attribute.menu()
    next(action for action in menu.actions() if action.text() == name).trigger()
    wait_idle(qtbot, studio, lambda: panel.equation.place(name) is not None)
    return panel.equation.directions[panel.equation.place(name)]


@pytest.fixture
def folder(tiny_run):
    return copy_into_home(tiny_run)


@pytest.fixture
def panel(folder, studio: Window, qtbot):
    """The panel with a small model and a painted sheet."""
    return open_panel(qtbot, studio, "arithmetic", folder, lambda panel: panel.sheet.grid.count() == COUNT)
