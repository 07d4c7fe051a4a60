"""Cards, notes, fold-outs and segments, with mouse and keys."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget

from models.core.errors import UserError
from models.core.family import About, Figure
from studio import theme
from studio.widgets.basics import QuietCombo, QuietDoubleSpin, QuietSpin
from studio.widgets.card import Card, Chip, EmptyState, ErrorNote, Foldout, Segmented, button, hbox, vbox
from tests.tools.gui.events import wheel

pytestmark = pytest.mark.usefixtures("app_theme")


def test_making_a_card_shows_no_window(qtbot) -> None:
    before = set(QApplication.topLevelWindows())
    card = Card("Losses", "epoch 1 of 3")
    qtbot.addWidget(card)
    card.tools.addWidget(button("Export", icon="export"))
    card.body.addWidget(Chip("CPU"))
    card.set_subtitle("epoch 2 of 3")
    card.set_accent("accent")
    assert set(QApplication.topLevelWindows()) == before
    card.resize(300, 200)
    card.show()
    assert card.title() == "Losses"


def test_the_button_of_an_empty_card_asks(qtbot) -> None:
    empty = EmptyState("image", "Samples appear here.", "Start a run")
    qtbot.addWidget(empty)
    empty.show()
    with qtbot.waitSignal(empty.asked):
        qtbot.mouseClick(empty.button, Qt.MouseButton.LeftButton)


def test_an_error_says_what_where_and_what_to_do_and_goes_away(qtbot) -> None:
    note = ErrorNote()
    host = QWidget()
    host.setLayout(vbox(note))
    qtbot.addWidget(host)
    host.show()
    assert note.isHidden()
    error = UserError("The image could not be read.", where="boot.png", advice="Choose a PNG.")
    note.show_error(error, "Choose another")
    texts = [note._what.text(), note._where.text(), note._advice.text()]
    assert texts == [error.what, error.where, error.advice]
    assert note._what.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse
    with qtbot.waitSignal(note.asked):
        qtbot.mouseClick(note.action, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(note.dismissed):
        note.dismiss()
    assert note.isHidden()


def test_a_foldout_opens_with_mouse_and_keys(qtbot) -> None:
    fold = Foldout("What am I looking at?", About("Three sentences.", "z = mu", "A paper"))
    qtbot.addWidget(fold)
    fold.show()
    assert not fold.is_open()
    qtbot.mouseClick(fold._head, Qt.MouseButton.LeftButton)
    assert fold.is_open()
    qtbot.keyClick(fold._head, Qt.Key.Key_Space)
    assert not fold.is_open()


@pytest.mark.parametrize("app_theme", ["dark", "light"], indirect=True)
def test_a_figure_is_drawn_in_the_colours_of_the_theme(qtbot, app_theme: str) -> None:
    x = tuple(np.linspace(0.0, 1.0, 50).tolist())
    flat = tuple((f"line {i}", (0.2 + 0.2 * i,) * 50) for i in range(3))
    about = About("Three sentences.", "z = mu", "A paper", Figure("Flat lines.", x, flat, "q", 1.0, (0.5, "half")))
    fold = Foldout("What am I looking at?", about, opened=True)
    qtbot.addWidget(fold)
    fold.show()
    view = fold.figure
    picture = view.grab().toImage()
    for index in range(3):
        y = round(view.spot(0.3, 0.2 + 0.2 * index).y())
        rows = range(y - 2, y + 3)
        assert theme.series(index) in {
            picture.pixelColor(x, y).name() for x in range(40, picture.width()) for y in rows
        }
    fold.set_about(About("Three sentences.", "z = mu", "A paper"))
    assert view.isHidden()


def test_segments_are_chosen_by_mouse_and_by_arrows(qtbot) -> None:
    row = Segmented(["codings", "PCA", "none"])
    qtbot.addWidget(row)
    row.show()
    chosen: list[int] = []
    row.chosen.connect(chosen.append)
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton, pos=QPoint(row.width() - 10, 10))
    qtbot.keyClick(row, Qt.Key.Key_Left)
    qtbot.keyClick(row, Qt.Key.Key_Home)
    qtbot.keyClick(row, Qt.Key.Key_Left)
    assert chosen == [2, 1, 0]
    assert row.text() == "codings"
    row.set_index(2)
    assert chosen == [2, 1, 0]


@pytest.mark.parametrize("kind", [QuietCombo, QuietSpin, QuietDoubleSpin])
def test_the_wheel_changes_a_control_only_with_the_focus(qtbot, kind: type[QWidget]) -> None:
    control, other = kind(), button("Other")
    if isinstance(control, QuietCombo):
        control.addItems(["a", "b", "c"])
        control.setCurrentIndex(1)
    else:
        control.setValue(5)
    read = control.currentIndex if isinstance(control, QuietCombo) else control.value
    host = QWidget()
    host.setLayout(hbox(control, other))
    qtbot.addWidget(host)
    with qtbot.waitActive(host):
        host.show()
        host.activateWindow()
    other.setFocus()
    before = read()
    wheel(control)
    assert read() == before
    control.setFocus()
    wheel(control)
    assert read() != before
