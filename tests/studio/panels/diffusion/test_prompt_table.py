"""The table of words on the Prompt page: filled from one noise, exported, and brought back by its recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from models.core.diffusion import word_table
from models.core.disk import places
from models.core.images import convert, decoding, recipes
from studio.panels.diffusion.table_card import Lists
from studio.window import Window
from tests.tools.gui.diffusion import PROMPT, change, open_page, walked
from tests.tools.gui.windows import refused, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")
LISTS = Lists("the", "zero, one, seven", "the digit, digit")


def click(widget) -> None:
    assert widget.isVisible() and widget.isEnabled()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def opened(text_run: Path, studio: Window, qtbot):
    """The page, its table in front."""
    page = open_page(text_run, studio, qtbot, PROMPT)
    change(page, studio, qtbot, "steps", "4")
    page.cards.table_asked.emit()
    assert page.table.isVisible() and not page.words.isVisible() and not page.transport.isVisible()
    return page


def expected(page, studio: Window, setup) -> np.ndarray:
    model = studio.services.inference._model
    sentences = LISTS.table().sentences
    assert sentences[1] == "the with one and the digit"
    states = word_table.fill(model, setup.sampling, setup.prompt, sentences)
    return convert.to_uint8(model.pictures(states))


def test_a_table_is_filled_exported_and_comes_back(text_run: Path, studio: Window, qtbot) -> None:
    page = opened(text_run, studio, qtbot)
    table = page.table
    assert not table.export.isEnabled()
    for name, text in LISTS.numbers().items():
        QTest.keyClicks(table.edits[name], text)
    click(table.do)
    wait_idle(qtbot, studio, table.export.isEnabled)
    images = np.stack([table.grid.image(index) for index in range(table.grid.count())])
    assert np.array_equal(images, expected(page, studio, page.view.main)) and len(images) == 6
    assert not table.said.isVisible()
    change(page, studio, qtbot, "steps", "5")  # after the table was filled: its recipe says how it was
    click(table.export)
    wait_idle(qtbot, studio)
    (written,) = places.exports().glob("*.png")
    assert np.array_equal(decoding.decode(written), word_table.sheet(images, LISTS.table()))
    recipe = recipes.read_recipe(written)
    assert recipe is not None and recipe["made"] == "table" and recipe["table"] == LISTS.numbers()
    assert recipe["walk"]["steps"] == 4
    table.left.emit()
    table.forget()
    assert page.words.isVisible() and page.transport.isVisible()
    studio.open_files([str(written)])
    wait_idle(qtbot, studio, lambda: table.export.isEnabled() and walked(page))
    assert table.isVisible() and table.lists() == LISTS
    again = np.stack([table.grid.image(index) for index in range(table.grid.count())])
    assert np.array_equal(again, images)
    said = refused(qtbot, studio, {**recipe, "table": {**LISTS.numbers(), "across": " , "}})
    assert "across" in said


def test_what_is_missing_is_named_and_unknown_words_are(text_run: Path, studio: Window, qtbot) -> None:
    page = opened(text_run, studio, qtbot)
    table = page.table
    QTest.keyClicks(table.edits["across"], "sevn, one")
    QTest.keyClick(table.edits["across"], Qt.Key.Key_Return)
    assert table.said.isVisible() and "Down" in table.said.text() and "Across" not in table.said.text()
    QTest.keyClicks(table.edits["down"], "the digit")
    QTest.keyClick(table.edits["down"], Qt.Key.Key_Return)
    wait_idle(qtbot, studio, lambda: table.grid.count() == 2)
    assert "did you mean seven" in table.said.text()
