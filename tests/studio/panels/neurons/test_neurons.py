"""Neurons: the units' images are those of the model, and a unit that is switched off changes the image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from models.core.disk import places
from models.core.images import convert, decoding, recipes
from studio.window import Window
from tests.tools.gui.denoisers import SPARSE, train
from tests.tools.gui.events import drag
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import banner_text, click, open_panel, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")


@pytest.fixture(scope="module")
def sparse_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("sparse") / "run", "sparse", **{**SPARSE, "epochs": 6})


@pytest.fixture
def panel(sparse_run: Path, studio: Window, qtbot):
    run = copy_into_home(sparse_run, "sparse")
    return open_panel(qtbot, studio, "neurons", run, lambda panel: panel.after.image() is not None)


def test_each_unit_shows_the_pictures_that_activate_it_most(panel, studio: Window, qtbot) -> None:
    assert panel.grid.count() == 12 and panel.survey.codings.shape[1] == 12
    model, survey = studio.services.inference._model, panel.survey
    assert np.allclose(survey.codings[:5], model.encode(convert.to_float(survey.pictures[:5])), atol=1e-5)
    panel.grid.setFocus()
    panel.grid.set_current(0)
    QTest.keyClick(panel.grid, Qt.Key.Key_Right)
    QTest.keyClick(panel.grid, Qt.Key.Key_Return)
    wait_idle(qtbot, studio)
    unit = panel.unit
    assert unit == int(survey.order()[1]) and panel.one.title() == f"Unit {unit}"
    values = survey.codings[:, unit]
    rows = survey.top(unit, 12)
    assert values[rows[0]] == values.max() and (np.diff(values[rows]) <= 0).all()
    assert panel.top.count() == 12


def test_the_picture_a_unit_paints_is_what_it_adds_to_the_mean(panel, studio: Window) -> None:
    survey, unit = panel.survey, panel.unit
    on, off = (survey.codings.mean(0, keepdims=True) for _ in range(2))
    on, off = on.copy(), off.copy()
    on[0, unit], off[0, unit] = survey.strong[unit], 0.0
    model = studio.services.inference._model
    change = (model.decode(on) - model.decode(off))[0]
    expected = convert.to_uint8(0.5 + 0.5 * change / max(np.abs(change).max(), 0.02))
    assert np.abs(expected.astype(int) - survey.alone[unit].astype(int)).max() <= 1
    assert np.array_equal(panel.alone.image(), survey.alone[unit])


def test_ablating_and_boosting_change_the_reconstruction(panel, studio: Window, qtbot) -> None:
    survey, model = panel.survey, studio.services.inference._model
    coding = survey.codings[panel.example].copy()
    click(panel.change, "Ablate")
    wait_idle(qtbot, studio)
    coding[panel.unit] = 0.0
    expected = convert.to_uint8(model.decode(coding[None]))[0]
    assert np.abs(panel.after.image().astype(int) - expected.astype(int)).max() <= 1
    ablated = panel.after.image().copy()
    before = panel.before.image().copy()
    track = panel.slider.track
    drag(track, track.rect().center(), track.rect().center() * 1.5)
    wait_idle(qtbot, studio)
    assert panel.slider.value() > 0
    assert not np.array_equal(panel.after.image(), ablated)
    assert np.array_equal(panel.before.image(), before)  # the reconstruction itself stays
    old = panel.original.image().copy()
    click(panel.change, "Another image")
    wait_idle(qtbot, studio)
    assert not np.array_equal(panel.original.image(), old)


def test_moves_of_the_slider_are_undone_and_redone_with_the_keys(panel, studio: Window, qtbot) -> None:
    control, unit, own = Qt.KeyboardModifier.ControlModifier, panel.unit, panel.slider.value()
    track = panel.slider.track
    track.setFocus()
    QTest.keyClick(track, Qt.Key.Key_Home)
    QTest.keyClick(track, Qt.Key.Key_End)
    assert panel.slider.value() == 400
    QTest.keyClick(track, Qt.Key.Key_Z, control)
    assert panel.slider.value() == 0
    click(panel.change, "Another image")
    panel.choose(3)
    assert panel.unit != unit
    QTest.keyClick(track, Qt.Key.Key_Z, control)  # back to the unit that was moved, on its image
    wait_idle(qtbot, studio)
    assert (panel.unit, panel.slider.value()) == (unit, own)
    assert panel.example == int(panel.survey.top(unit, 12)[0]) and panel.one.title() == f"Unit {unit}"
    before = panel.before.image().astype(int)
    assert np.abs(panel.after.image().astype(int) - before).max() <= 2
    QTest.keyClick(track, Qt.Key.Key_Z, control | Qt.KeyboardModifier.ShiftModifier)
    assert panel.slider.value() == 0
    wait_idle(qtbot, studio)
    coding = panel.survey.codings[panel.example].copy()
    coding[unit] = 0.0
    expected = convert.to_uint8(studio.services.inference._model.decode(coding[None]))[0]
    assert np.abs(panel.after.image().astype(int) - expected.astype(int)).max() <= 1


def test_undo_shows_the_panel_whose_move_it_undoes(panel, studio: Window, qtbot) -> None:
    click(panel.change, "Boost")
    studio.show_panel("gallery")
    QTest.keyClick(studio, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_idle(qtbot, studio)
    assert studio.stack.currentWidget() is panel and panel.slider.value() != 400


def test_the_units_are_exported_as_a_sheet(panel, studio: Window, qtbot) -> None:
    click(panel.all, "Export")
    wait_idle(qtbot, studio, lambda: places.exports().is_dir() and bool(list(places.exports().iterdir())))
    sheet = next(places.exports().iterdir())
    assert recipes.read_recipe(sheet)["panel"] == "neurons"
    assert decoding.decode(sheet).shape[1] == 4 * 9 - 1  # four columns of 8 pixels with gaps
    assert banner_text(studio) == ""


def test_the_empty_panel_opens_the_pretrained_model_with_one_click(studio: Window, qtbot) -> None:
    studio.show_panel("neurons")
    found = studio.panels["neurons"]
    click(found, "Open sparse-fashion")
    wait_idle(qtbot, studio, lambda: found.survey is not None and found.after.image() is not None)
    assert studio.session.model is not None and studio.session.model.title == "sparse-fashion"
    assert found.grid.count() == 300 and 0.09 <= found.survey.codings.mean() <= 0.11
    assert not found.empty.isVisible() and banner_text(studio) == ""
