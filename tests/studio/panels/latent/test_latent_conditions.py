"""Latent with a model that takes a class or attributes: a picker shows them, and the sliders show z alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from models.core.images import convert
from studio.panels.latent.panel import Latent
from studio.window import Window
from tests.tools.gui.conditional import ATTRIBUTES, CLASSES, pick_class, train_conditional
from tests.tools.gui.windows import LEFT, banner_text, click, open_panel, refused, wait_idle

Z = 4


@pytest.fixture(scope="module")
def class_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_conditional(tmp_path_factory.mktemp("class"), "class")


@pytest.fixture(scope="module")
def attributes_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_conditional(tmp_path_factory.mktemp("attributes"), "attributes")


@pytest.fixture
def latent(class_run: Path, studio: Window, qtbot) -> Latent:
    panel = open_panel(qtbot, studio, "latent", class_run, lambda panel: panel.picture.image() is not None)
    pick(panel, studio, qtbot, "bag")
    return panel


def pick(panel: Latent, studio: Window, qtbot, words: str) -> None:
    pick_class(panel.card.condition.classes, words)
    wait_idle(qtbot, studio)


def one_hot(name: str) -> np.ndarray:
    return np.eye(len(CLASSES), dtype=np.float32)[CLASSES.index(name)]


def decoded(studio: Window, coding: np.ndarray) -> np.ndarray:
    return convert.to_uint8(studio.services.inference._model.decode(coding[None]))[0]


def test_the_picker_names_the_classes_and_the_sliders_are_z_alone(latent: Latent, studio: Window, qtbot) -> None:
    picker = latent.card.condition.classes
    assert picker.isVisible() and [picker.itemText(at) for at in range(picker.count())] == list(CLASSES)
    assert latent.sliders.values().shape == (Z,) and latent.coding.shape == (Z + len(CLASSES),)
    z = latent.sliders.values()
    pick(latent, studio, qtbot, "shoe")
    np.testing.assert_array_equal(latent.coding, np.concatenate([z, one_hot("shoe")]))
    np.testing.assert_array_equal(latent.picture.image(), decoded(studio, latent.coding))
    assert banner_text(studio) == ""


def test_undo_and_redo_go_through_the_classes(latent: Latent, studio: Window, qtbot) -> None:
    bag = latent.coding.copy()
    pick(latent, studio, qtbot, "coat")
    studio.session.undo.undo()
    wait_idle(qtbot, studio)
    np.testing.assert_array_equal(latent.coding, bag)
    assert latent.card.condition.classes.currentText() == "bag"
    np.testing.assert_array_equal(latent.picture.image(), decoded(studio, bag))
    studio.session.undo.redo()
    wait_idle(qtbot, studio)
    assert latent.card.condition.classes.currentText() == "coat"


def test_reset_random_and_sliders_leave_the_class(latent: Latent, studio: Window, qtbot) -> None:
    click(latent, "Reset")
    wait_idle(qtbot, studio)
    np.testing.assert_array_equal(latent.coding, np.concatenate([np.zeros(Z), one_hot("bag")]))
    click(latent, "Random")
    wait_idle(qtbot, studio, lambda: bool(latent.coding[:Z].all()))
    np.testing.assert_array_equal(latent.coding[Z:], one_hot("bag"))
    latent.sliders.setFocus()
    QTest.keyClick(latent.sliders, Qt.Key.Key_Right)
    wait_idle(qtbot, studio)
    np.testing.assert_array_equal(latent.coding[Z:], one_hot("bag"))
    np.testing.assert_array_equal(latent.coding[:Z], latent.sliders.values())
    assert latent.card.condition.classes.currentText() == "bag"


def test_a_path_leads_from_one_class_to_another_and_says_where_it_is(latent: Latent, studio: Window, qtbot) -> None:
    click(latent.path, "Start here")
    pick(latent, studio, qtbot, "shoe")
    click(latent.path, "End here")
    latent.path.kind.setFocus()
    QTest.keyClick(latent.path.kind, Qt.Key.Key_Right)  # a straight line
    wait_idle(qtbot, studio)
    first, last = latent.path.codings[[0, -1]]
    np.testing.assert_allclose(first[Z:], one_hot("bag"), atol=1e-6)
    np.testing.assert_allclose(last[Z:], one_hot("shoe"), atol=1e-6)
    latent.path.chosen.emit(6)
    wait_idle(qtbot, studio)
    picker = latent.card.condition.classes
    assert picker.currentIndex() == -1 and picker.placeholderText() == "bag 74 %, shoe 26 %"
    pick(latent, studio, qtbot, "coat")
    np.testing.assert_array_equal(latent.coding[Z:], one_hot("coat"))


def test_the_sheet_of_variations_has_one_class(latent: Latent, studio: Window, qtbot, monkeypatch) -> None:
    sheets: list[np.ndarray] = []
    monkeypatch.setattr(latent.exporter, "picture", lambda sheet, recipe: sheets.append(sheet))
    latent.generated.export_asked.emit("sheet")
    wait_idle(qtbot, studio, lambda: bool(sheets))
    noise = np.random.default_rng(0).standard_normal((16, len(latent.coding))).astype(np.float32)
    noise[0] = noise[:, Z:] = 0.0
    model = studio.services.inference._model
    expected = convert.grid(convert.to_uint8(model.decode(latent.coding + 0.5 * noise)))
    np.testing.assert_array_equal(sheets[0], expected)


def test_an_export_brings_its_class_back(latent: Latent, studio: Window, qtbot, monkeypatch) -> None:
    recipe, shown = latent._recipe(), latent.picture.image().copy()
    assert len(recipe["codings"]) == Z + len(CLASSES)
    pick(latent, studio, qtbot, "coat")
    studio.session.asked_to_restore.emit(recipe)
    wait_idle(qtbot, studio, lambda: latent.card.condition.classes.currentText() == "bag")
    np.testing.assert_array_equal(latent.picture.image(), shown)


def test_a_recipe_without_a_class_says_so_and_one_of_z_alone_is_refused(latent: Latent, studio: Window, qtbot) -> None:
    recipe = latent._recipe()
    studio.session.asked_to_restore.emit({**recipe, "codings": [0.0] * (Z + len(CLASSES))})
    wait_idle(qtbot, studio, lambda: not latent.coding.any())
    picker = latent.card.condition.classes
    assert picker.currentIndex() == -1 and picker.placeholderText() == "No class"
    assert "codings" in refused(qtbot, studio, {**recipe, "codings": [0.0] * Z})


def test_attributes_are_chips_that_say_yes_and_no(attributes_run: Path, studio: Window, qtbot) -> None:
    panel = open_panel(qtbot, studio, "latent", attributes_run, lambda panel: panel.picture.image() is not None)
    chips = panel.card.condition.attributes.chips
    assert [chip.name for chip in chips] == list(ATTRIBUTES) and not panel.card.condition.classes.isVisible()
    before, z = panel.coding[Z:].copy(), panel.sliders.values()
    assert set(before) <= {0.0, 1.0} and tuple(before) == panel.card.condition.attributes.values()
    QTest.mouseClick(chips[0], LEFT)
    wait_idle(qtbot, studio)
    np.testing.assert_array_equal(panel.coding, np.concatenate([z, [1.0 - before[0], before[1]]]))
    assert chips[0].text() == ("no bright" if before[0] else "bright")
    chips[1].setFocus()
    QTest.keyClick(chips[1], Qt.Key.Key_Space)
    wait_idle(qtbot, studio)
    np.testing.assert_array_equal(panel.coding[Z:], 1.0 - before)
    np.testing.assert_array_equal(panel.picture.image(), decoded(studio, panel.coding))
    studio.session.undo.undo()
    wait_idle(qtbot, studio)
    np.testing.assert_array_equal(panel.coding[Z:], [1.0 - before[0], before[1]])


def test_a_model_without_conditions_has_no_picker(tiny_run: Path, studio: Window, qtbot) -> None:
    panel = open_panel(qtbot, studio, "latent", tiny_run, lambda panel: panel.picture.image() is not None)
    assert not panel.card.condition.isVisible()
    assert panel.sliders.values().shape == panel.coding.shape
