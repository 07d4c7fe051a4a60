"""Keys of the Latent panel: Space plays the path, but a control that has the focus takes its own keys first."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.window import Window
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import button_of, open_panel, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")
SPACE = Qt.Key.Key_Space


def test_space_plays_clicks_a_button_and_pans_the_map(studio: Window, tiny_run, qtbot) -> None:
    panel = open_panel(qtbot, studio, "latent", copy_into_home(tiny_run), lambda panel: len(panel.map.codings) > 0)
    player, view = panel.path.player, panel.map.map.view
    assert panel.coding.any() and not player.playing
    panel.setFocus()
    QTest.keyClick(studio.focusWidget(), SPACE)
    assert player.playing
    QTest.keyClick(studio.focusWidget(), SPACE)
    assert not player.playing
    button_of(panel, "Reset").setFocus()
    QTest.keyClick(studio.focusWidget(), SPACE)
    wait_idle(qtbot, studio)
    assert not player.playing and np.array_equal(panel.coding, np.zeros_like(panel.coding))
    view.setFocus()
    QTest.keyPress(studio.focusWidget(), SPACE)
    assert view.cursor().shape() == Qt.CursorShape.OpenHandCursor and not player.playing
    QTest.keyRelease(studio.focusWidget(), SPACE)
    assert view.cursor().shape() == Qt.CursorShape.CrossCursor
