"""Directions in the Arithmetic panel: in one click, compared, saved, damaged on the disk, in recipes, and judged."""

from __future__ import annotations

import json

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from models.core.disk import places
from models.core.latent import direction_files
from models.core.latent.direction_files import Direction
from models.core.record import Run
from studio.panels.arithmetic.sheet_card import DATASET
from studio.window import Window
from tests.tools.gui.arithmetic import fill, folder, panel, pick, undo
from tests.tools.gui.events import drop
from tests.tools.gui.windows import LEFT, button_of, click, files_mime, refused, retype, wait_idle

__all__ = ["folder", "panel"]


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
    click(panel.directions, "Make independent")
    wait_idle(qtbot, studio, lambda: panel.equation.directions[0] is not before)
    one, other = panel.equation.directions
    assert abs(one.vector @ other.vector) < 1e-4
    assert one.auc is not None and one.source.endswith("orthogonal to the others")
    assert f"{before.auc:.3f}" in panel.directions.words.text() and f"{one.auc:.3f}" in panel.directions.words.text()
    undo(studio, qtbot)
    assert panel.equation.directions[0] is before


def test_an_own_direction_needs_both_groups_and_a_name(panel, studio: Window, qtbot) -> None:
    click(panel.directions, "New from A − B")
    assert "with and images without" in panel.error.accessibleName() or "name" in panel.error.accessibleName()
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
    panel.change(panel.equation.with_strength(0, 1.5))
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


def test_a_recipe_of_another_model_is_refused(panel, studio: Window, qtbot) -> None:
    said = refused(qtbot, studio, {**panel._recipe(), "slots": [[[1.0]], [], []]})
    assert "does not fit the model: slots has 1 numbers" in said
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

    inference = studio.services.inference
    monkeypatch.setattr(inference, "_model", Painter(inference._model))
    monkeypatch.setattr("models.core.latent.inversion.STEPS", 3)
    info = studio.session.model
    object.__setattr__(info, "abilities", frozenset({"Decodes"}))
    panel.named.known.labeller = lambda info, work: (
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
