"""Arithmetic with a model that takes a class: the sum's own, or one that is picked for what comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.core.images import convert
from studio.panels.arithmetic.sheet_card import COUNT
from studio.window import Window
from tests.tools.gui.arithmetic import fill, undo
from tests.tools.gui.conditional import CLASSES, pick_class, train_conditional
from tests.tools.gui.windows import banner_text, open_panel, refused, wait_idle

Z = 4


@pytest.fixture(scope="module")
def class_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_conditional(tmp_path_factory.mktemp("class"), "class")


def opened(run: Path, studio: Window, qtbot):
    panel = open_panel(qtbot, studio, "arithmetic", run, lambda panel: panel.sheet.grid.count() == COUNT)
    assert not panel.result.condition.isVisible()  # there is no sum yet
    fill(panel, studio, qtbot, 0, 1, 2)
    return panel


def test_the_sum_keeps_its_own_class_until_one_is_picked(class_run: Path, studio: Window, qtbot) -> None:
    panel = opened(class_run, studio, qtbot)
    picker, sum_ = panel.result.condition.classes, panel.equation.coding()
    assert picker.isVisible() and picker.currentText() == "As the sum gives it"
    pick_class(picker, "coat")
    wait_idle(qtbot, studio)
    nine = panel.equation.neighbours()
    np.testing.assert_array_equal(nine[:, Z:], np.tile([1, 0, 0], (9, 1)))
    np.testing.assert_array_equal(panel.equation.coding()[:Z], sum_[:Z])
    model = studio.services.inference._model
    shown = np.stack([panel.result.grid.image(at) for at in range(9)])
    np.testing.assert_allclose(shown, convert.to_uint8(model.decode(nine)), atol=1)
    undo(studio, qtbot)
    assert picker.currentText() == "As the sum gives it"
    np.testing.assert_array_equal(panel.equation.coding(), sum_)
    assert banner_text(studio) == ""


def test_a_recipe_brings_the_class_back_and_one_without_still_fits(class_run: Path, studio: Window, qtbot) -> None:
    panel = opened(class_run, studio, qtbot)
    picker, old = panel.result.condition.classes, panel._recipe()
    assert "condition" not in old
    pick_class(picker, "bag")
    wait_idle(qtbot, studio)
    recipe = panel._recipe()
    assert recipe["condition"] == [0.0, 1.0, 0.0] and len(recipe["codings"]) == Z + len(CLASSES)
    studio.session.asked_to_restore.emit(old)
    wait_idle(qtbot, studio, lambda: picker.currentText() == "As the sum gives it")
    studio.session.asked_to_restore.emit(recipe)
    wait_idle(qtbot, studio, lambda: picker.currentText() == "bag")
    assert "condition" in refused(qtbot, studio, {**recipe, "condition": [1.0]})
    assert "condition" in refused(qtbot, studio, {**recipe, "condition": [0.0, 2.0, 0.0]})
    panel.result.sent.emit(panel.equation.coding())
    wait_idle(qtbot, studio, studio.panels["latent"].isVisible)
    assert studio.panels["latent"].card.condition.classes.currentText() == "bag"
