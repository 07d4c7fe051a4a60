"""Diffusion with a model that takes text or attributes: what is typed is generated, doubted, refused, brought back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from models.core.diffusion.capability import Sampling
from models.core.images import convert
from studio.window import Window
from tests.tools.gui.denoisers import DDPM, train
from tests.tools.gui.diffusion import change, open_page, shown, walked
from tests.tools.gui.windows import LONG, banner_text, refused, retype, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(scope="module")
def attributes_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("attributes")
    rng = np.random.default_rng(0)
    bright = rng.integers(0, 2, (64, 2)).astype(bool)
    images = np.clip(120 * bright[:, :1, None, None] + rng.integers(0, 60, (64, 8, 8, 1)), 0, 255).astype(np.uint8)
    names = np.array(["bright", "left"])
    np.savez(where / "images.npz", images=images, attributes=bright, attribute_names=names)
    return train(where / "run", "ddpm", str(where / "images.npz"), **{**DDPM, "condition": "attributes"})


def test_a_sentence_is_generated_and_another_one_follows(text_run: Path, studio: Window, qtbot) -> None:
    page = open_page(text_run, studio, qtbot)
    rows, model = page.settings.rows, studio.services.inference._model
    assert rows["prompt"].text() == model.condition.examples[0] and "class" not in rows
    change(page, studio, qtbot, "steps", "10")
    change(page, studio, qtbot, "prompt", "the digit seven")
    change(page, studio, qtbot, "negative", "the digit one")
    asked, away = (model.condition.sentences([one] * 8) for one in ("the digit seven", "the digit one"))
    how = Sampling(steps=10, guidance=3.0, repeats=5)
    *_, last = model.reverse(how, count=8, conditions=asked, negative=away)
    assert np.array_equal(page.walks.main[10].x, convert.to_uint8(model.pictures(last.x)))
    assert banner_text(studio) == ""


def test_unknown_words_are_named_and_it_goes_on(text_run: Path, studio: Window, qtbot) -> None:
    page = open_page(text_run, studio, qtbot)
    change(page, studio, qtbot, "prompt", "the digit sevn")
    sentence = page.settings.rows["prompt"].sentence
    assert sentence.isVisible() and "did you mean seven?" in sentence.text()
    assert page.view.main.prompt.text == "the digit sevn"
    change(page, studio, qtbot, "prompt", "the digit seven")
    assert not sentence.isVisible()


def test_a_sentence_comes_back_from_a_recipe_and_by_undo(text_run: Path, studio: Window, qtbot) -> None:
    page = open_page(text_run, studio, qtbot)
    change(page, studio, qtbot, "prompt", "the digit two")
    recipe, made = page.recipe(), shown(page)
    assert recipe["walk"]["prompt"] == "the digit two"
    change(page, studio, qtbot, "prompt", "the digit nine")
    studio.session.asked_to_restore.emit(recipe)
    wait_idle(qtbot, studio, lambda: page.settings.rows["prompt"].text() == "the digit two" and walked(page))
    assert np.array_equal(shown(page), made)
    said = refused(qtbot, studio, {**recipe, "walk": {**recipe["walk"], "prompt": 7}})
    assert "walk.prompt" in said and page.view.main.prompt.text == "the digit two"


def test_attributes_are_typed_by_name_and_unknown_ones_refused(attributes_run: Path, studio: Window, qtbot) -> None:
    page = open_page(attributes_run, studio, qtbot)
    change(page, studio, qtbot, "attributes", "bright, no left")
    assert page.view.main.prompt.attributes == (("bright", True), ("left", False))
    before, row = page.walks.main, page.settings.rows["attributes"]
    retype(row.editor, "brigt")
    qtbot.waitUntil(row.sentence.isVisible, timeout=LONG)
    assert "did you mean 'bright'" in row.sentence.text()
    wait_idle(qtbot, studio)
    assert page.walks.main is before
    recipe = {**page.recipe(), "walk": {**page.recipe()["walk"], "attributes": [["dark", True]]}}
    assert "walk.attributes" in refused(qtbot, studio, recipe)


def test_attributes_are_clicked_as_chips(attributes_run: Path, studio: Window, qtbot) -> None:
    page = open_page(attributes_run, studio, qtbot)
    row = page.settings.rows["attributes"]
    chips = {chip.name: chip for chip in row.chips.chips}
    assert set(chips) == {"bright", "left"} and all(chip.isVisible() for chip in chips.values())
    QTest.mouseClick(chips["bright"], Qt.MouseButton.LeftButton)
    wait_idle(qtbot, studio, lambda: page.view.main.prompt.attributes == (("bright", True),) and walked(page))
    assert row.text() == "bright"
    QTest.mouseClick(chips["bright"], Qt.MouseButton.LeftButton)
    wait_idle(qtbot, studio, lambda: page.view.main.prompt.attributes == (("bright", False),) and walked(page))
    change(page, studio, qtbot, "attributes", "left")  # typed: the chips follow
    assert chips["left"].value == 1.0 and chips["bright"].value is None
    QTest.mouseClick(row.restore, Qt.MouseButton.LeftButton)
    wait_idle(qtbot, studio, lambda: page.view.main.prompt.attributes == () and walked(page))
    assert all(chip.value is None for chip in chips.values())
