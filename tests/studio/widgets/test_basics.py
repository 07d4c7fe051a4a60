"""Headings of menus can be read."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QMenu

from studio.widgets.basics import heading

pytestmark = pytest.mark.usefixtures("app_theme")


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
