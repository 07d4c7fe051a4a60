"""The Arithmetic panel with real events: drag, keys, sliders, undo, directions, files that are damaged, and recipes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QDrag
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from models.core import direction_files, export, images, places
from models.core.direction_files import Direction
from models.core.record import Run
from studio.widgets.lightbox import Lightbox
from studio.widgets.sheet_card import COUNT, DATASET, OWN
from studio.window import Window
from tests.studio.events import drag, drop
from tests.studio.runs import copy_into_home
from tests.studio.windows import LEFT, button_of, click, files_mime, retype, wait_idle

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def folder(tiny_run):
    return copy_into_home(tiny_run)


@pytest.fixture
def panel(folder, studio: Window, qtbot):
    """The panel with a small model and a painted sheet."""
    studio.open_run(folder)
    studio.show_panel("arithmetic")
    found = studio.panels["arithmetic"]
    wait_idle(qtbot, studio, lambda: found.sheet.grid.count() == COUNT)
    return found


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
    ask = studio.desk.inference.question
    ask("test", lambda model, task: images.to_uint8(model.decode(mean))[0], decoded.append, lambda error: None)
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


def pick(panel, studio: Window, qtbot, name: str) -> Direction:
    """Choose an attribute in the menu."""
    menu = panel.directions.attribute.menu()
    next(action for action in menu.actions() if action.text() == name).trigger()
    wait_idle(qtbot, studio, lambda: panel.equation.place(name) is not None)
    return panel.equation.directions[panel.equation.place(name)]


def test_an_attribute_becomes_a_direction_in_one_click_and_changes_the_chosen_picture(
    panel, studio: Window, qtbot
) -> None:
    names = panel.directions.attributes()
    assert len(names) == 10
    panel.sheet.grid.set_current(7)
    made = pick(panel, studio, qtbot, names[3])
    wait_idle(qtbot, studio, lambda: panel.equation.base is not None and panel.result.grid.count() == 9)
    assert made.auc is not None and made.auc > 0.7
    np.testing.assert_array_equal(panel.equation.base, panel.sheet.tile(7).coding)
    np.testing.assert_allclose(panel.equation.coding(), panel.sheet.tile(7).coding + made.vector, atol=1e-5)
    track = panel.directions.rows[0].slider.track
    track.setFocus()
    QTest.keyClick(track, Qt.Key.Key_End)
    wait_idle(qtbot, studio)
    assert panel.equation.amounts == (2.0,)
    undo(studio, qtbot)
    assert panel.equation.amounts == (1.0,) and panel.directions.rows[0].slider.value() == 1.0


def test_two_directions_are_compared_and_made_orthogonal(panel, studio: Window, qtbot) -> None:
    names = panel.directions.attributes()
    before = pick(panel, studio, qtbot, names[0])
    pick(panel, studio, qtbot, names[6])
    assert panel.directions.cosines.isVisible()
    QTest.mouseClick(panel.directions.rows[0].name, LEFT)
    click(panel.directions, "Orthogonalise")
    wait_idle(qtbot, studio, lambda: panel.equation.directions[0] is not before)
    one, other = panel.equation.directions
    assert abs(one.vector @ other.vector) < 1e-4
    assert one.auc is not None and one.source.endswith("orthogonal to the others")
    assert f"{before.auc:.3f}" in panel.directions.words.text() and f"{one.auc:.3f}" in panel.directions.words.text()
    undo(studio, qtbot)
    assert panel.equation.directions[0] is before


def test_an_own_direction_needs_both_groups_and_a_name(panel, studio: Window, qtbot) -> None:
    click(panel.directions, "New from A − B")
    assert "with and pictures without" in panel.error.accessibleName() or "name" in panel.error.accessibleName()
    fill(panel, studio, qtbot, 0, 1, 2, 3, 4)
    click(panel.directions, "New from A − B")
    assert "needs a name" in panel.error.accessibleName()
    retype(panel.directions.name, "mine")
    QTest.keyClick(panel.directions.name, Qt.Key.Key_Return)
    wait_idle(qtbot, studio)
    assert not panel.error.isVisible()
    (made,) = panel.equation.directions
    a, b, _ = panel.equation.groups
    np.testing.assert_allclose(made.vector, a.mean(axis=0) - b.mean(axis=0), atol=1e-6)
    assert made.auc is not None and 0.0 <= made.auc <= 1.0


def test_a_direction_is_saved_comes_back_the_next_time_and_is_deleted(panel, studio: Window, qtbot, folder) -> None:
    name = panel.directions.attributes()[2]
    made = pick(panel, studio, qtbot, name)
    panel.directions.rows[0].save_asked.emit()
    wait_idle(qtbot, studio)
    (path,) = (places.data() / "directions").rglob("*.json")
    assert json.loads(path.read_text())["auc"] == made.auc
    assert "saved" in panel.directions.rows[0].facts.text()
    panel.model_changed()  # as when the studio is opened again
    wait_idle(qtbot, studio, lambda: len(panel.equation.directions) == 1)
    np.testing.assert_array_equal(panel.equation.directions[0].vector, made.vector)
    assert panel.equation.amounts == (0.0,)
    panel.directions.rows[0].remove_asked.emit()
    wait_idle(qtbot, studio, lambda: not panel.equation.directions)
    assert not path.exists()


def test_a_damaged_direction_is_named_and_the_good_one_is_there(folder, studio: Window, qtbot) -> None:
    run_id, size = Run.open(folder).info.id, 4
    good = Direction("good", np.ones(size, np.float32), "test", 0.75, run_id)
    direction_files.save(good)
    direction_files.path_of(Direction("bad", good.vector, "test", None, run_id)).write_text('{"schema_version": 1, ')
    studio.open_run(folder)
    studio.show_panel("arithmetic")
    panel = studio.panels["arithmetic"]
    wait_idle(qtbot, studio, panel.error.isVisible)
    assert "bad-" in panel.error.accessibleName() and ".json" in panel.error.accessibleName()
    assert [one.name for one in panel.equation.directions] == ["good"]
    assert "AUC 0.750" in panel.directions.rows[0].facts.text()


def test_an_exported_sum_brings_slots_and_sliders_back(panel, studio: Window, qtbot) -> None:
    fill(panel, studio, qtbot, 0, 1, 2, 3)
    pick(panel, studio, qtbot, panel.directions.attributes()[1])
    panel.change(lambda e: e.with_strength(0, 1.5))
    wait_idle(qtbot, studio)
    before, picture = panel.equation, panel.result.grid.image(4).copy()
    menu = button_of(panel.result, "Export").menu()
    next(action for action in menu.actions() if action.text() == "All nine (PNG)").trigger()
    wait_idle(qtbot, studio, lambda: places.exports().is_dir() and len(list(places.exports().iterdir())) == 1)
    (png,) = places.exports().iterdir()
    panel.model_changed()
    wait_idle(qtbot, studio)
    assert not panel.equation.filled
    studio.show_panel("gallery")
    assert drop(studio, files_mime([png]))
    wait_idle(qtbot, studio, lambda: panel.equation.filled and studio.stack.currentWidget() is panel)
    wait_idle(qtbot, studio)
    np.testing.assert_array_equal(panel.equation.neighbours(), before.neighbours())
    assert [slot.count() for slot in panel.slots] == [2, 1, 1]
    assert panel.slots[0].slider.value() == 1.5
    np.testing.assert_array_equal(panel.result.grid.image(4), picture)


def test_a_recipe_of_another_model_is_refused_in_place(panel, studio: Window, qtbot) -> None:
    panel.open_recipe({**panel.equation.recipe(), "panel": "arithmetic", "slots": [[[1.0]], [], []]})
    assert "does not fit" in panel.error.accessibleName()
    assert not panel.equation.filled


def test_encoding_the_dataset_can_be_cancelled(panel, studio: Window, qtbot) -> None:
    panel.directions.attribute_asked.emit(panel.directions.attributes()[0])
    assert panel.directions.progress.isVisible()
    click(panel.directions.progress, "Cancel")
    wait_idle(qtbot, studio)
    assert not panel.directions.progress.isVisible() and not panel.equation.directions


def test_a_model_that_only_paints_searches_for_codings_and_asks_a_judge(
    panel, studio: Window, qtbot, monkeypatch
) -> None:
    """The window's model can do no more than paint: the same decoder without its encoder."""

    class Painter:
        def __init__(self, model) -> None:
            self.latent_size, self.decode = model.latent_size, model.decode
            self.sample_codings, self.parts = model.sample_codings, model.parts

    inference = studio.desk.inference
    monkeypatch.setattr(inference, "_model", Painter(inference._model))
    monkeypatch.setattr("models.core.inversion.STEPS", 3)
    info = studio.session.model
    object.__setattr__(info, "abilities", frozenset({"Decodes"}))
    panel.named.known.judge = lambda info, tell, cancelled: (
        lambda pictures: (pictures.mean(axis=(1, 2, 3)) > 0.3)[:, None] == np.arange(10).astype(bool)
    )
    panel.model_changed()
    wait_idle(qtbot, studio)
    panel.sheet.kind.choose(DATASET)
    wait_idle(qtbot, studio, lambda: panel.sheet.tile(0) is not None)
    assert panel.sheet.tile(0).coding is None
    panel.sheet.grid.set_current(0)
    QTest.keyClick(panel.sheet.grid, Qt.Key.Key_3)
    wait_idle(qtbot, studio, lambda: panel.slots[2].count() == 1)
    np.testing.assert_array_equal(panel.sheet.tile(0).coding, panel.equation.groups[2][0])
    made = pick(panel, studio, qtbot, panel.directions.attributes()[1])
    assert made.auc is not None and made.auc > 0.6
