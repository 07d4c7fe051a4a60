"""The wipe: what lies where, pixel by pixel; mouse, keyboard, zoom and panning."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from studio.panels.denoise.pyramid import layers
from studio.panels.denoise.wipe import Wipe
from tests.tools.gui.events import drag

pytestmark = pytest.mark.usefixtures("app_theme")
LEFT, CTRL, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
RED, BLUE = (200, 10, 20), (10, 20, 200)


def plain(width: int, height: int, colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


@pytest.fixture
def wipe(qtbot) -> Wipe:
    made = Wipe()
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    made.set_pair(layers(plain(100, 100, RED)), layers(plain(100, 100, BLUE)))
    return made


def colour(wipe: Wipe, x: int, y: int) -> tuple[int, int, int]:
    return wipe.grab().toImage().pixelColor(x, y).getRgb()[:3]


def test_before_is_left_of_the_line_and_after_right(wipe: Wipe) -> None:
    assert wipe.zoom() == 3.0  # 100 pixels into 300, whole numbers only
    assert colour(wipe, 60, 200) == RED and colour(wipe, 340, 200) == BLUE
    assert colour(wipe, 20, 200) not in (RED, BLUE)  # the image is square: it is not stretched
    drag(wipe, QPoint(200, 150), QPoint(150, 150), QPoint(80, 150))
    assert wipe.share() == pytest.approx(0.1, abs=0.01)
    assert colour(wipe, 60, 250) == RED and colour(wipe, 120, 250) == BLUE


def test_a_press_brings_the_line_when_the_whole_picture_is_seen(wipe: Wipe) -> None:
    QTest.mouseClick(wipe, LEFT, pos=QPoint(275, 40))
    assert wipe.share() == pytest.approx(0.75, abs=0.01)
    drag(wipe, QPoint(275, 40), QPoint(900, 40))
    assert wipe.share() == 1.0


def test_keys_move_the_line_and_choose_zoom_and_arrangement(wipe: Wipe, qtbot) -> None:
    wipe.setFocus()
    with qtbot.waitSignal(wipe.moved):
        QTest.keyClick(wipe, Qt.Key.Key_Left)
    assert wipe.share() == pytest.approx(0.48)
    QTest.keyClick(wipe, Qt.Key.Key_Right, SHIFT)
    assert wipe.share() == pytest.approx(0.58)
    QTest.keyClick(wipe, Qt.Key.Key_Home)
    assert wipe.share() == 0.0
    QTest.keyClick(wipe, Qt.Key.Key_1)
    assert wipe.zoom() == 1.0 and "1:1" in wipe.accessibleDescription()
    QTest.keyClick(wipe, Qt.Key.Key_S)
    assert colour(wipe, 100, 150) == RED and colour(wipe, 300, 150) == BLUE
    assert "side by side" in wipe.accessibleDescription()


def test_a_zoomed_picture_is_panned_and_never_leaves_its_room(wipe: Wipe) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (400, 500, 3), np.uint8)
    wipe.set_pair(layers(pixels), layers(255 - pixels))
    wipe.set_zoom(2)
    assert wipe.can_pan()
    drag(wipe, QPoint(50, 50), QPoint(150, 80))  # 100 px are 50 pixels of the image
    assert wipe.middle() == (pytest.approx(0.4), pytest.approx(0.5 - 15 / 400))
    assert wipe.share() == 0.5  # far from the line the image moves, not the line
    # the spot in the middle of the room: pixel by pixel, nearest neighbour
    x, y = round(0.4 * 500), round((0.5 - 15 / 400) * 400)
    for right in (20, 41):
        assert colour(wipe, 200 + right, 150) == tuple(255 - pixels[y, x + right // 2])
    for _ in range(60):
        QTest.keyClick(wipe, Qt.Key.Key_Left, CTRL)
    assert wipe.middle()[0] == pytest.approx(200 / 1000)
    assert colour(wipe, 4, 150) == tuple(pixels[y, 2])  # inside the focus ring


def test_the_line_is_taken_by_its_grip_when_zoomed(wipe: Wipe) -> None:
    wipe.set_pair(layers(plain(900, 900, RED)), layers(plain(900, 900, BLUE)))
    wipe.set_zoom(1)
    drag(wipe, QPoint(200, 150), QPoint(100, 150))
    assert wipe.share() == pytest.approx(0.25, abs=0.01)
    assert wipe.middle() == (0.5, 0.5)


def test_a_photo_is_shrunk_smoothly_to_its_mean(wipe: Wipe) -> None:
    board = (np.indices((2000, 2000)).sum(0) % 2 * 255).astype(np.uint8)[..., None]
    wipe.set_pair(layers(board), None)
    red, green, blue = colour(wipe, 200, 150)
    assert red == green == blue and 100 < red < 155  # a nearest neighbour would give black, white or stripes


def test_pictures_of_different_sizes_are_refused(wipe: Wipe) -> None:
    with pytest.raises(ValueError, match="cannot lie on each other"):
        wipe.set_pair(layers(plain(10, 10, RED)), layers(plain(10, 11, BLUE)))
