"""Captions in Data: beside the image, the words that they use, and the images that a word is about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.window import Window
from tests.tools.gui.events import drop
from tests.tools.gui.windows import click, files_mime, wait_idle

CAPTIONS = ["A red house.", "a blue house", "a red boat", "", "a redwood tree"]


def captioned(folder: Path) -> Path:
    folder.mkdir()
    for index, caption in enumerate(CAPTIONS * 4):
        Image.fromarray(np.full((8, 8, 3), 12 * index, np.uint8)).save(folder / f"{index:02d}.png")
        if caption:
            (folder / f"{index:02d}.txt").write_text(caption, encoding="utf-8")
    return folder


def press(data, word):
    found = data.words.list.findItems(word, Qt.MatchFlag.MatchExactly)[0]
    where = data.words.list.visualItemRect(found).center()
    QTest.mouseClick(data.words.list.viewport(), Qt.MouseButton.LeftButton, pos=where)


def test_a_word_shows_the_images_whose_captions_use_it(studio: Window, qtbot, tmp_path) -> None:
    studio.show_panel("data")
    data = studio.panels["data"]
    wait_idle(qtbot, studio)
    assert not data.words.isVisible()  # clothes have no captions
    assert drop(studio, files_mime([captioned(tmp_path / "mine")]))
    wait_idle(qtbot, studio, lambda: data.dataset is not None and data.dataset.title == "mine")
    assert data.words.isVisible()
    data.part.setCurrentIndex(0)  # the images to train with
    train = data.grid.count()
    captions = data.dataset.captions[data.dataset.train]
    red = sum("red" in caption.lower().split() for caption in captions)
    press(data, "red")
    wait_idle(qtbot, studio, data.found.isVisible)
    assert data.grid.count() == red < train
    assert data.found.text() == f"{red} images whose captions say “red”"
    data.grid.clicked.emit(0)
    assert "red" in data.caption.text().lower()
    press(data, "red")  # once more: all again
    wait_idle(qtbot, studio, lambda: data.grid.count() == train)
    assert not data.found.isVisible()
    press(data, "boat")
    wait_idle(qtbot, studio, data.found.isVisible)
    click(data, "Show all")
    wait_idle(qtbot, studio, lambda: data.grid.count() == train)


def test_a_word_is_found_by_a_part_of_it(studio: Window, qtbot, tmp_path) -> None:
    studio.show_panel("data")
    data = studio.panels["data"]
    wait_idle(qtbot, studio)
    assert drop(studio, files_mime([captioned(tmp_path / "mine")]))
    wait_idle(qtbot, studio, lambda: data.dataset is not None and data.dataset.title == "mine")
    QTest.keyClicks(data.words.search, "Red")
    shown = [item for item in map(data.words.list.topLevelItem, range(7)) if item is not None and not item.isHidden()]
    assert sorted(item.text(0) for item in shown) == ["red", "redwood"]
    data.list.setCurrentRow(0)  # another dataset: nothing is looked for there
    wait_idle(qtbot, studio, lambda: data.dataset.title != "mine")
    assert not data.words.isVisible() and data.words.search.text() == ""
