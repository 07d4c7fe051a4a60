"""The Arithmetic panel with real events: drag, keys, sliders, undo, own images, and the large view."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from models.core.images import convert, export
from studio.panels.arithmetic.sheet_card import DATASET, OWN
from studio.widgets.lightbox import Lightbox
from studio.window import Window
from tests.tools.gui.arithmetic import carried, fill, folder, panel, undo
from tests.tools.gui.events import drag, drop
from tests.tools.gui.windows import LEFT, files_mime, wait_idle

__all__ = ["folder", "panel"]


def test_a_tile_is_dragged_into_a_slot_and_out_of_it_into_another(panel, studio: Window, qtbot, monkeypatch) -> None:
    mime = carried(monkeypatch, panel.sheet.grid, 3)
    assert drop(panel.slots[0], mime)
    wait_idle(qtbot, studio, lambda: panel.slots[0].count() == 1)
    np.testing.assert_array_equal(panel.equation.groups[0][0], panel.sheet.tile(3).coding)
    assert panel.slots[0].mean.image() is not None
    again = carried(monkeypatch, panel.slots[0].strip, 0)
    assert drop(panel.slots[2], again)
    wait_idle(qtbot, studio, lambda: panel.slots[2].count() == 1)
    np.testing.assert_array_equal(panel.equation.groups[2], panel.equation.groups[0])


def test_keys_fill_the_slots_and_the_mean_of_codings_is_decoded(panel, studio: Window, qtbot) -> None:
    fill(panel, studio, qtbot, 0, 1, 2, 3)
    assert [slot.count() for slot in panel.slots] == [2, 1, 1]
    first = panel.equation.groups[0]
    np.testing.assert_array_equal(first, np.stack([panel.sheet.tile(at).coding for at in (0, 3)]))
    decoded: list[np.ndarray] = []
    mean = first.mean(axis=0)[None]
    ask = studio.services.inference.question
    ask("test", lambda model, task: convert.to_uint8(model.decode(mean))[0], decoded.append, lambda error: None)
    wait_idle(qtbot, studio, lambda: bool(decoded))
    np.testing.assert_allclose(panel.slots[0].mean.image(), decoded[0], atol=1)


def test_the_middle_is_a_minus_b_plus_c_and_the_neighbours_are_near(panel, studio: Window, qtbot) -> None:
    fill(panel, studio, qtbot, 0, 1, 2)
    a, b, c = (panel.sheet.tile(at).coding for at in range(3))
    np.testing.assert_allclose(panel.equation.coding(), a - b + c, atol=1e-5)
    shown = [panel.result.grid.image(at) for at in range(9)]
    assert all(not np.array_equal(shown[4], shown[at]) for at in range(9) if at != 4)
    panel.result.noise.track.setFocus()
    QTest.keyClick(panel.result.noise.track, Qt.Key.Key_Home)
    wait_idle(qtbot, studio)
    assert panel.equation.noise == 0.0
    assert all(np.array_equal(panel.result.grid.image(4), panel.result.grid.image(at)) for at in range(9))
    undo(studio, qtbot)
    assert panel.equation.noise == 0.25


def test_a_strength_changes_the_sum_and_undo_and_redo_go_through_it(panel, studio: Window, qtbot) -> None:
    fill(panel, studio, qtbot, 0, 1, 2)
    before, coding = panel.result.grid.image(4).copy(), panel.equation.coding()
    track = panel.slots[1].slider.track
    middle = track.rect().center()
    drag(track, middle, QPoint(8, middle.y()))
    wait_idle(qtbot, studio)
    assert panel.equation.strengths == (1.0, -2.0, 1.0)
    moved = panel.result.grid.image(4).copy()
    assert not np.array_equal(moved, before)
    undo(studio, qtbot)
    assert panel.slots[1].slider.value() == 1.0
    np.testing.assert_array_equal(panel.equation.coding(), coding)
    np.testing.assert_array_equal(panel.result.grid.image(4), before)
    studio.session.undo.redo()
    wait_idle(qtbot, studio)
    np.testing.assert_array_equal(panel.result.grid.image(4), moved)
    assert panel.slots[1].slider.value() == -2.0


def test_one_picture_is_taken_out_and_a_slot_is_cleared_and_both_come_back(panel, studio: Window, qtbot) -> None:
    fill(panel, studio, qtbot, 0, 1, 2, 3)
    slot = panel.slots[0]
    slot.strip.setFocus()
    slot.strip.set_current(0)
    QTest.keyClick(slot.strip, Qt.Key.Key_Delete)
    wait_idle(qtbot, studio)
    assert slot.count() == 1
    np.testing.assert_array_equal(panel.equation.groups[0][0], panel.sheet.tile(3).coding)
    QTest.mouseClick(slot.clear, LEFT)
    wait_idle(qtbot, studio)
    assert slot.count() == 0 and slot.nothing.isVisible() and not slot.clear.isEnabled()
    undo(studio, qtbot)
    undo(studio, qtbot)
    assert slot.count() == 2
    undo(studio, qtbot)
    assert [one.count() for one in panel.slots] == [1, 1, 1]


def test_a_seed_gives_the_same_sheet_and_the_button_a_new_one(panel, studio: Window, qtbot) -> None:
    first = panel.sheet.tile(0).coding
    QTest.mouseClick(panel.sheet.shuffle, LEFT)
    wait_idle(qtbot, studio)
    assert panel.sheet.seed.value() == 2
    assert not np.array_equal(panel.sheet.tile(0).coding, first)
    panel.sheet.seed.setValue(1)
    wait_idle(qtbot, studio)
    np.testing.assert_array_equal(panel.sheet.tile(0).coding, first)


def test_dataset_pictures_are_encoded_and_a_menu_puts_one_into_b(panel, studio: Window, qtbot) -> None:
    panel.sheet.kind.choose(DATASET)
    wait_idle(qtbot, studio, lambda: panel.sheet.tile(0) is not None and panel.sheet.tile(0).coding is not None)
    assert panel.sheet.menu.begin(5)
    next(action for action in panel.sheet.menu.menu.actions() if action.text() == "Put into B").trigger()
    wait_idle(qtbot, studio, lambda: panel.slots[1].count() == 1)
    np.testing.assert_array_equal(panel.equation.groups[1][0], panel.sheet.tile(5).coding)


def test_own_pictures_come_by_drop_and_by_button_and_a_bad_one_is_named(
    panel, studio: Window, qtbot, tmp_path, monkeypatch
) -> None:
    rng = np.random.default_rng(0)
    paths = [export.write_png(tmp_path / f"own{i}.png", rng.integers(0, 256, (20, 16, 3), np.uint8)) for i in range(2)]
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    assert drop(panel.sheet.grid.viewport(), files_mime([paths[0], bad]))
    wait_idle(qtbot, studio, lambda: panel.sheet.kind.index() == OWN)
    assert len(panel.sheet.tiles()) == 1 and "bad.png" in panel.error.accessibleName()
    assert panel.sheet.tile(0).picture.shape == (8, 8, 1)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *a, **k: ([str(paths[1])], ""))
    QTest.mouseClick(panel.sheet.open, LEFT)
    wait_idle(qtbot, studio, lambda: len(panel.sheet.tiles()) == 2)
    assert drop(panel.slots[0], files_mime(paths))
    wait_idle(qtbot, studio, lambda: panel.slots[0].count() == 2)


def test_a_click_opens_the_sum_large_and_escape_closes_it(panel, studio: Window, qtbot) -> None:
    fill(panel, studio, qtbot, 0, 1, 2)
    middle = panel.result.grid.tile_rect(4).center().toPoint()
    QTest.mouseClick(panel.result.grid.viewport(), LEFT, pos=middle)
    (box,) = studio.findChildren(Lightbox)
    assert box.isVisible() and box.geometry() == studio.rect()
    np.testing.assert_array_equal(box.picture.image(), panel.result.grid.image(4))
    studio.resize(1100, 700)
    assert box.geometry() == studio.rect()
    QTest.keyClick(box.picture, Qt.Key.Key_Escape)
    assert not box.isVisible()
