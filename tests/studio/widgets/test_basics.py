"""Words that wrap take the room of their lines, and headings of menus can be read."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QMenu, QWidget

from studio.widgets.basics import heading, label, vbox

pytestmark = pytest.mark.usefixtures("app_theme")


def test_fewer_words_take_less_room(qtbot) -> None:
    page, words = QWidget(), label("many words " * 20, wrap=True)
    page.setLayout(vbox(words, None))
    page.setFixedWidth(200)
    qtbot.addWidget(page)
    page.show()
    high = words.minimumHeight()
    words.setText("few words")
    assert 0 < words.minimumHeight() < high / 4
    words.setText("many words " * 20)
    assert words.minimumHeight() == high
    words.setText("")
    assert words.minimumHeight() == 0


def test_groups_of_a_menu_have_headings_that_cannot_be_chosen(qtbot) -> None:
    menu = QMenu()
    qtbot.addWidget(menu)
    for group in ("Pretrained", "Mine & yours"):
        heading(menu, group)
        menu.addAction(f"one of {group}")
    shown = [(action.text(), action.isEnabled(), action.isSeparator()) for action in menu.actions()]
    assert shown == [
        ("Pretrained", False, False), ("one of Pretrained", True, False), ("", True, True),
        ("Mine && yours", False, False), ("one of Mine & yours", True, False),
    ]  # fmt: skip
