"""The keys of the whole window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio import theme
from studio.panels import PANELS
from studio.window import Window
from tests.tools.gui.windows import wait_idle

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.mark.parametrize("key", list(PANELS))
def test_the_window_closes_by_ctrl_q_on_every_panel(key: str, studio: Window, qtbot) -> None:
    studio.show_panel(key)
    wait_idle(qtbot, studio)
    QTest.keyClick(studio, Qt.Key.Key_Q, CTRL)
    assert not studio.isVisible()


def test_digits_show_panels_and_t_switches_the_theme(studio: Window, qtbot) -> None:
    wait_idle(qtbot, studio)
    for digit, key in zip("234567890", list(PANELS)[1:], strict=False):
        QTest.keyClick(studio, Qt.Key(ord(digit)), CTRL)
        assert studio.stack.currentWidget() is studio.panels[key]
    before = theme.tokens()
    QTest.keyClick(studio, Qt.Key.Key_T, CTRL)
    assert theme.tokens() != before
    QTest.keyClick(studio, Qt.Key.Key_T, CTRL)
    assert theme.tokens() == before
