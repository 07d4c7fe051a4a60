"""The search for words that are cut off: what it finds, and what it must not cry wolf about."""

from PySide6.QtWidgets import QMainWindow, QWidget

from studio import clipping
from studio.widgets.basics import label
from studio.widgets.card import hbox
from studio.widgets.sliders import LabelledSlider

WORDS = ["step 0", "step 10,750"]


def shown(qtbot, *inside: QWidget) -> QMainWindow:
    window, middle = QMainWindow(), QWidget()
    qtbot.addWidget(window)
    middle.setLayout(hbox(*inside))
    window.setCentralWidget(middle)
    window.show()
    qtbot.waitExposed(window)
    return window


def test_a_slider_whose_words_became_shorter_is_no_misfit(qtbot):
    slider = LabelledSlider(0, 1, WORDS.__getitem__)
    window = shown(qtbot, slider)
    assert slider.figures.sizeHint().width() == slider.figures.width()  # Qt keeps what it answered here
    slider.set_range(0, 0)
    qtbot.waitUntil(lambda: slider.figures.width() < slider.figures.sizeHint().width())
    assert clipping.clipped(window) == []


def test_words_in_too_little_room_are_found(qtbot):
    words = label("as many words as there are")
    window = shown(qtbot, words)
    assert clipping.clipped(window) == []
    words.setFixedWidth(40)
    qtbot.waitUntil(lambda: words.width() == 40)
    (found,) = clipping.clipped(window)
    assert "'as many words as there are': 40 x" in found


def test_a_margin_is_part_of_the_room(qtbot):
    words = label("as many words as there are")
    window = shown(qtbot, words)
    words.setFixedWidth(clipping.written(words).width() + 4)
    words.setContentsMargins(4, 0, 4, 0)
    qtbot.waitUntil(lambda: len(clipping.clipped(window)) == 1)
