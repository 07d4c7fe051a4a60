"""A control that has done its work is hidden: the keys then belong to the page, not to whatever comes next."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton

from models.core.disk import places
from studio.widgets.card import Card
from studio.window import Window
from tests.tools.gui.windows import open_window, wait_idle


@pytest.fixture
def exported(own_home: Path) -> Path:
    places.exports().mkdir(parents=True)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(places.exports() / "one.png")
    return places.exports() / "one.png"


def active(qtbot) -> Window:
    window = open_window(qtbot, backend=False)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def test_after_a_deletion_the_keys_are_the_page_s(qtbot, app_theme, exported: Path) -> None:
    window = active(qtbot)
    window.show_panel("gallery")
    wait_idle(qtbot, window)
    gallery = window.panels["gallery"]
    gallery.delete.setFocus()
    QTest.keyClick(gallery.delete, Qt.Key.Key_Space)
    assert not exported.exists() and not gallery.delete.isVisible()
    assert QApplication.focusWidget() is gallery


def test_within_a_card_the_next_field_has_them(qtbot, app_theme) -> None:
    window = active(qtbot)
    window.show_panel("home")
    page = window.stack.currentWidget()
    card, reset, field = Card("A form"), QPushButton("Reset"), QLineEdit()
    for part in (reset, field):
        card.body.addWidget(part)
    card.setParent(page)
    card.show()
    reset.setFocus()
    reset.hide()
    assert QApplication.focusWidget() is field
    field.hide()
    assert QApplication.focusWidget() is page
