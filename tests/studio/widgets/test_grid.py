"""Grids of images: what is written beneath a tile can be read whole."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from studio.widgets.grid import PictureGrid

pytestmark = pytest.mark.usefixtures("app_theme")
LONG = "a smiling person with green spiky hair and <b>round</b> glasses"


def rest_on(grid: PictureGrid, spot: QPointF) -> None:
    """Let the mouse rest on a spot."""
    where = spot.toPoint()
    event = QHelpEvent(QEvent.Type.ToolTip, where, grid.viewport().mapToGlobal(where))
    QApplication.sendEvent(grid.viewport(), event)


def test_a_caption_that_is_cut_is_whole_in_a_tool_tip(qtbot) -> None:
    grid = PictureGrid(cell=64, max_size=64)
    qtbot.addWidget(grid)
    grid.resize(300, 200)
    grid.set_images(np.zeros((3, 32, 32, 3), np.uint8), ["short", LONG, "seven"])
    grid.show()
    image, beneath = grid.tile_rect(1).center(), QPointF(grid.tile_rect(1).bottomLeft()) + QPoint(4, 8)
    for there, elsewhere in ((image, grid.tile_rect(0).center()), (beneath, QPointF(295, 195))):
        rest_on(grid, there)
        assert QToolTip.text().replace("\N{WORD JOINER}", "") == LONG  # as plain text, not as bold
        rest_on(grid, elsewhere)
        qtbot.waitUntil(lambda: QToolTip.text() == "")
