"""The Prompt page: what is typed is painted, words show what they did, count more or less, and are replaced."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from models.core.diffusion import words
from models.core.diffusion.capability import Sampling
from models.core.diffusion.prompt import Prompt
from models.core.images import convert, heat
from studio.panels.diffusion.word_chips import WordChip
from studio.window import Window
from tests.tools.gui.diffusion import PROMPT, change, open_page, shown, walked
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import banner_text, click, refused, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")


def opened(text_run: Path, studio: Window, qtbot):
    page = open_page(text_run, studio, qtbot, PROMPT)
    change(page, studio, qtbot, "steps", "6")
    return page


def ask(page, studio: Window, qtbot, text: str) -> None:
    """Type a sentence and press Enter."""
    before, edit = page.walks.main, page.line.edit
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, text)
    edit.completion.popup().hide()
    QTest.keyClick(edit, Qt.Key.Key_Return)
    wait_idle(qtbot, studio, lambda: page.walks.main is not before and walked(page))


def hover(chip: WordChip, what: QEvent.Type) -> None:
    """Let the mouse come to a chip, or leave it."""
    spot = QPointF(5, 5)
    QApplication.sendEvent(chip, QEnterEvent(spot, spot, spot) if what == QEvent.Type.Enter else QEvent(what))


def test_a_text_model_opens_on_its_page_and_paints_what_is_typed(text_run: Path, studio: Window, qtbot) -> None:
    page = opened(text_run, studio, qtbot)
    panel = studio.panels["diffusion"]
    assert panel.page is page and panel.mode.text() == "Prompt" and "prompt" not in page.settings.rows
    ask(page, studio, qtbot, "the digit seven")
    model = studio.services.inference._model
    rows = model.condition.sentences(["the digit seven"] * 8)
    *_, last = model.reverse(Sampling(steps=6, guidance=3.0, repeats=5), count=8, conditions=rows)
    assert np.array_equal(shown(page), convert.to_uint8(model.pictures(last.x)))
    assert [chip.word for chip in page.words.chips] == ["the", "digit", "seven"] and banner_text(studio) == ""
    ask(page, studio, qtbot, "the digit sevn")
    assert page.line.doubts.isVisible() and "did you mean seven?" in page.line.doubts.text()
    studio.session.undo.undo()
    wait_idle(qtbot, studio, lambda: walked(page))
    assert page.line.edit.text() == "the digit seven" and not page.line.doubts.isVisible()


def test_a_model_that_comes_again_has_its_sentence_and_settings(text_run, diffusion_run, studio: Window, qtbot) -> None:
    page = opened(text_run, studio, qtbot)
    ask(page, studio, qtbot, "the digit seven")
    change(page, studio, qtbot, "seed", "7")
    main, images = page.view.main, shown(page)
    mine, other = studio.session.model.folder, copy_into_home(diffusion_run, "plain")
    studio.open_run(other)
    wait_idle(qtbot, studio, lambda: studio.session.model.folder == other and walked(studio.panels["diffusion"].page))
    studio.open_run(mine)
    wait_idle(qtbot, studio, lambda: studio.session.model.folder == mine and walked(page))
    assert page.view.main == main and page.line.edit.text() == "the digit seven"
    assert page.settings.rows["seed"].text() == "7" and np.array_equal(shown(page), images)


def test_a_word_under_the_mouse_shows_what_it_did(text_run: Path, studio: Window, qtbot) -> None:
    page = opened(text_run, studio, qtbot)
    ask(page, studio, qtbot, "the digit seven")
    wait_idle(qtbot, studio, lambda: page.effects.known() == 8)
    plain, model, walk = shown(page), studio.services.inference._model, page.walks.main
    states = [walk.state(index) for index in range(len(walk))]
    maps = words.by_step(model, "the digit seven", [(t, x[0]) for t, x in states])
    hover(page.words.chips[2], QEvent.Type.Enter)
    most = heat.brightest(np.stack([page.effects.at(i) for i in range(8)]))  # of all words: what did little stays dark
    expected = heat.over(plain[0], maps.sum(axis=0)[2], most)
    assert np.abs(shown(page)[0].astype(int) - expected.astype(int)).max() <= 1
    assert "seven" in page.cards.cards[0]._subtitle.text() and "6 steps" in page.cards.cards[0]._subtitle.text()
    page.transport.go(2)  # one step alone
    assert "in this step" in page.cards.cards[0]._subtitle.text()
    page.transport.go(len(walk) - 1)
    hover(page.words.chips[2], QEvent.Type.Leave)
    assert np.array_equal(shown(page), plain)
    assert max(chip.amount for chip in page.words.chips) == pytest.approx(1.0)


def test_a_strength_is_one_step_of_undo_and_in_the_recipe(text_run: Path, studio: Window, qtbot) -> None:
    page = opened(text_run, studio, qtbot)
    ask(page, studio, qtbot, "the digit seven")
    before = shown(page)
    QTest.mouseClick(page.words.chips[2], Qt.MouseButton.LeftButton)
    track = page.words.strength.track
    assert track.isVisible() and page.words.strength.value() == 1.0
    main = page.walks.main
    QTest.mouseClick(track, Qt.MouseButton.LeftButton, pos=QPoint(1, track.height() // 2))
    wait_idle(qtbot, studio, lambda: page.walks.main is not main and walked(page))
    assert page.view.main.prompt.strengths == (1.0, 1.0, 0.0)
    assert [chip.text() for chip in page.words.chips] == ["the", "digit", "seven ×0"]
    recipe, weak = page.recipe(), shown(page)
    assert recipe["walk"]["strengths"] == [1.0, 1.0, 0.0] and recipe["mode"] == "prompt"
    studio.session.undo.undo()
    wait_idle(qtbot, studio, lambda: page.view.main.prompt.strengths == () and walked(page))
    assert np.array_equal(shown(page), before)
    studio.session.asked_to_restore.emit(recipe)
    wait_idle(qtbot, studio, lambda: page.view.main.prompt.strengths == (1.0, 1.0, 0.0) and walked(page))
    assert np.array_equal(shown(page), weak)
    said = refused(qtbot, studio, {**recipe, "walk": {**recipe["walk"], "strengths": [3]}})
    assert "strengths" in said


def test_a_word_is_replaced_from_a_step_on(text_run: Path, studio: Window, qtbot) -> None:
    page = opened(text_run, studio, qtbot)
    ask(page, studio, qtbot, "the digit seven")
    before = shown(page)
    QTest.mouseClick(page.words.chips[2], Qt.MouseButton.LeftButton)
    QTest.keyClicks(page.words.other, "one")
    QTest.mouseClick(page.words.do, Qt.MouseButton.LeftButton)
    wait_idle(qtbot, studio, lambda: page.walks.fork is not None and walked(page))
    times = page.walks.main.times()
    assert page.view.fork.prompt.text == "the digit one" and page.view.time == times[page.words.time.value()]
    assert np.array_equal(shown(page), before) and page.cards.cards[1].isVisible()
    model = studio.services.inference._model
    rows = model.condition.sentences(["the digit one"] * 8)
    start = page.walks.main.state(times.index(page.view.time))
    *_, last = model.reverse(Sampling(steps=6, guidance=3.0, repeats=5), conditions=rows, start=start)
    assert np.array_equal(shown(page, 1), convert.to_uint8(model.pictures(last.x)))
    assert "the digit one" in page.cards.cards[1].name.text()
    main = page.walks.main
    page.words.other.selectAll()
    QTest.keyClicks(page.words.other, "zebra")
    QTest.mouseClick(page.words.do, Qt.MouseButton.LeftButton)
    wait_idle(qtbot, studio, lambda: page.view.fork.prompt.text == "the digit zebra" and walked(page))
    assert page.line.doubts.isVisible() and "zebra" in page.line.doubts.text()
    page.transport.show_progress(3, 6)  # as while it is on its way
    studio.session.undo.undo()
    studio.session.undo.undo()
    wait_idle(qtbot, studio, lambda: page.view.fork is None)
    assert page.walks.main is main and not page.transport.progress.isVisible() and not page.line.doubts.isVisible()
    ask(page, studio, qtbot, "the digit two")
    assert page.view.fork is None and not page.cards.cards[1].isVisible()


def test_the_sentence_with_the_other_word_is_used(text_run: Path, studio: Window, qtbot) -> None:
    page = opened(text_run, studio, qtbot)
    ask(page, studio, qtbot, "the digit seven")
    QTest.mouseClick(page.words.chips[2], Qt.MouseButton.LeftButton)
    QTest.keyClicks(page.words.other, "one")
    QTest.mouseClick(page.words.do, Qt.MouseButton.LeftButton)
    wait_idle(qtbot, studio, lambda: page.walks.fork is not None and walked(page))
    click(page.cards, "Use this sentence")
    wait_idle(qtbot, studio, lambda: page.view.fork is None and walked(page))
    assert page.view.main.prompt.text == page.line.edit.text() == "the digit one"
    assert not page.cards.cards[1].isVisible()
    kept = shown(page)
    ask(page, studio, qtbot, "the digit seven")
    ask(page, studio, qtbot, "the digit one")  # typed instead: the same images
    assert np.array_equal(shown(page), kept)


def test_unknown_words_are_named_while_one_types(text_run: Path, studio: Window, qtbot) -> None:
    page = opened(text_run, studio, qtbot)
    ask(page, studio, qtbot, "the digit seven")
    edit, doubts = page.line.edit, page.line.doubts
    edit.selectAll()
    QTest.keyClicks(edit, "the digt seve")
    qtbot.waitUntil(doubts.isVisible)
    assert "“digt” (did you mean digit" in doubts.text()
    assert "seve" not in doubts.text()  # that is being typed
    edit.setCursorPosition(len("the digt"))
    QTest.keyClick(edit, Qt.Key.Key_Backspace)
    QTest.keyClicks(edit, "it")
    qtbot.waitUntil(lambda: "“digit" not in doubts.text() and "“seve”" in doubts.text())
    assert page.view.main.prompt.text == "the digit seven"  # nothing was generated


def test_a_sentence_that_is_being_typed_is_not_lost(text_run: Path, studio: Window, qtbot) -> None:
    page = opened(text_run, studio, qtbot)
    ask(page, studio, qtbot, "the digit seven")
    QTest.mouseClick(page.words.chips[0], Qt.MouseButton.LeftButton)
    page.line.edit.selectAll()
    QTest.keyClicks(page.line.edit, "the digit four")
    page.line.edit.completion.popup().hide()
    page.words.strength_asked.emit(0, 0.5)
    wait_idle(qtbot, studio, lambda: page.view.main.prompt.strengths == (0.5,) and walked(page))
    assert page.line.edit.text() == "the digit four" and page.view.main.prompt.text == "the digit seven"
    change(page, studio, qtbot, "steps", "4")
    assert page.view.main.prompt == Prompt(text="the digit four") and page.view.main.sampling.steps == 4
    studio.session.undo.undo()
    wait_idle(qtbot, studio, lambda: walked(page) and page.view.main.sampling.steps == 6)
    assert page.line.edit.text() == "the digit seven"


def test_words_are_completed_and_examples_offered(text_run: Path, studio: Window, qtbot) -> None:
    page = opened(text_run, studio, qtbot)
    edit = page.line.edit
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, "the digit sev")
    assert edit.completion.popup().isVisible() and edit.completion.currentCompletion() == "seven"
    QTest.keyClick(edit, Qt.Key.Key_Tab)
    assert edit.text() == "the digit seven " and not edit.completion.popup().isVisible()
    texts = [action.text() for action in page.line._menu.actions() if not action.isSeparator()]
    assert "the digit zero" in texts


def test_a_model_without_text_has_no_such_page(diffusion_run: Path, text_run: Path, studio: Window, qtbot) -> None:
    opened(text_run, studio, qtbot)
    panel = studio.panels["diffusion"]
    assert panel.mode.options()[-1] == "Prompt"
    studio.open_run(copy_into_home(diffusion_run, "plain"))
    wait_idle(qtbot, studio, lambda: walked(panel.walk))
    assert panel.page is panel.walk and "Prompt" not in panel.mode.options()
