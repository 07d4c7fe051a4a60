"""Sliders: dragged, typed, stepped, locked, reset; the wheel passes by unless the slider has the focus."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from studio.panels.latent.slider_table import SliderTable
from studio.widgets.card import button, vbox
from studio.widgets.sliders import CodingSlider, LabelledSlider
from tests.tools.gui.events import drag, wheel

pytestmark = pytest.mark.usefixtures("app_theme")
LEFT = Qt.MouseButton.LeftButton


def shown(qtbot, widget, width: int = 360, height: int = 40) -> None:
    from PySide6.QtWidgets import QWidget

    host, other = QWidget(), button("Other")
    host.setLayout(vbox(widget, other))
    qtbot.addWidget(host)
    host.resize(width, height + 60)
    with qtbot.waitActive(host):
        host.show()
        host.activateWindow()
    other.setFocus()
    widget.kept = host  # qtbot holds it weakly


def test_a_drag_changes_often_and_commits_once(qtbot) -> None:
    slider = CodingSlider("z0", -3, 3, 0)
    shown(qtbot, slider)
    changes, commits = [], []
    slider.changed.connect(changes.append)
    slider.committed.connect(lambda: commits.append(slider.value()))
    track = slider.track
    middle, high = track.width() // 2, track.height() // 2
    drag(track, QPoint(middle, high), QPoint(middle + 20, high), QPoint(track.width() + 50, high))
    assert changes[-1] == slider.value() == slider.box.value() == 3
    assert len(changes) >= 2
    assert slider.box.text() == "+3.00"
    assert slider.box.lineEdit().width() > 40
    assert commits == [3]


def test_a_double_click_goes_back_to_zero_and_commits(qtbot) -> None:
    slider = CodingSlider("z0", -3, 3, 1.5)
    shown(qtbot, slider)
    QTest.mouseDClick(slider.track, LEFT)
    assert slider.value() == 0
    with qtbot.waitSignal(slider.committed):
        slider.set_value(1)
        QTest.mouseDClick(slider.track, LEFT)
        QTest.mouseRelease(slider.track, LEFT)


def test_a_value_can_be_typed_and_keys_step(qtbot) -> None:
    slider = CodingSlider("z0", -3, 3, 0)
    shown(qtbot, slider)
    slider.box.setFocus()
    slider.box.selectAll()
    QTest.keyClicks(slider.box, "1.25")
    with qtbot.waitSignals([slider.changed, slider.committed]):
        QTest.keyClick(slider.box, Qt.Key.Key_Return)
    assert slider.value() == 1.25
    with qtbot.waitSignals([slider.changed, slider.committed]):
        QTest.keyClick(slider.track, Qt.Key.Key_Left)
    assert slider.value() == pytest.approx(1.22)
    QTest.keyClick(slider.track, Qt.Key.Key_End)
    assert slider.value() == 3


def test_the_wheel_needs_the_focus_and_the_lock_tells(qtbot) -> None:
    slider = CodingSlider("z0", -3, 3, 0)
    shown(qtbot, slider)
    wheel(slider.track)
    wheel(slider.box)
    assert slider.value() == 0
    slider.track.setFocus()
    wheel(slider.track)
    assert slider.value() > 0
    with qtbot.waitSignal(slider.lock_toggled):
        QTest.mouseClick(slider.lock, LEFT)
    assert slider.locked()


def test_512_codings_are_one_widget_that_keeps_its_children_few(qtbot) -> None:
    table = SliderTable([f"z{i}" for i in range(512)])
    shown(qtbot, table, height=300)
    from PySide6.QtWidgets import QWidget

    assert len(table.findChildren(QWidget)) < 12
    values = np.linspace(-3, 3, 512).astype(np.float32)
    table.set_values(values)
    np.testing.assert_array_equal(table.values(), values)
    with pytest.raises(ValueError, match="512"):
        table.set_values([1.0])
    QTest.keyClick(table, Qt.Key.Key_End)
    assert table.row() == 511
    assert table.viewport().rect().contains(table.row_rects(511)[1].center().toPoint())
    table.grab()


def test_a_row_of_the_table_is_dragged_typed_zeroed_and_locked(qtbot) -> None:
    table = SliderTable(["z0", "z1", "z2"])
    shown(qtbot, table, height=120)
    changes, commits = [], []
    table.changed.connect(lambda: changes.append(1))
    table.committed.connect(lambda: commits.append(1))
    view = table.viewport()
    track = table.row_rects(1)[1]
    drag(view, track.center().toPoint(), track.center().toPoint() + QPoint(30, 0))
    assert table.values()[1] > 0
    assert len(commits) == 1
    QTest.mouseDClick(view, LEFT, pos=track.center().toPoint())
    assert table.values()[1] == 0
    QTest.mouseClick(view, LEFT, pos=table.row_rects(2)[2].center().toPoint())
    QTest.keyClicks(table._editor, "-1,5")
    QTest.keyClick(table._editor, Qt.Key.Key_Return)
    assert table.values()[2] == -1.5
    QTest.mouseClick(view, LEFT, pos=table.row_rects(0)[3].center().toPoint())
    assert table.locked().tolist() == [True, False, False]
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_Down)
    QTest.keyClick(table, Qt.Key.Key_Right)
    QTest.keyClick(table, Qt.Key.Key_L)
    assert table.values()[1] == pytest.approx(0.03)
    assert table.locked().tolist() == [True, True, False]
    assert len(commits) == 4, commits
    before = table.values()
    wheel(view)
    np.testing.assert_array_equal(table.values(), before)


def test_nonsense_typed_into_the_table_changes_nothing(qtbot) -> None:
    table = SliderTable(["z0"])
    shown(qtbot, table, height=100)
    table.edit(0)
    QTest.keyClicks(table._editor, "boot")
    QTest.keyClick(table._editor, Qt.Key.Key_Return)
    assert table.values().tolist() == [0]


def test_time_is_travelled_in_whole_steps(qtbot) -> None:
    slider = LabelledSlider(0, 7310, "step {:,}".format)
    shown(qtbot, slider)
    slider.set_value(4970)
    assert slider.figures.text() == "step 4,970"
    seen: list[int] = []
    slider.changed.connect(seen.append)
    QTest.keyClick(slider.track, Qt.Key.Key_Right)
    assert seen == [4971]
    slider.set_range(0, 100)
    assert slider.value() == 100
