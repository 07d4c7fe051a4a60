"""The image, the grid and the film strip: whole zooms, clicks, keys, drags out and drops in."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDrag, QGuiApplication, QImage

from studio.widgets import drag_drop, qimages
from studio.widgets.picture import MIME, FrameStrip, Picture, PictureGrid
from tests.tools.gui.events import drag, drop, enter_drag, move, wheel

pytestmark = pytest.mark.usefixtures("app_theme")
LEFT = Qt.MouseButton.LeftButton


def noise(count: int, size: int = 28, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, size, size, channels), np.uint8)


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> list[QMimeData]:
    """What drags would have carried; a real one would wait for a mouse."""
    found: list[QMimeData] = []

    def keep(self: QDrag, *_actions: object) -> Qt.DropAction:
        copy = QMimeData()
        for name in self.mimeData().formats():
            copy.setData(name, self.mimeData().data(name))
        copy.setUrls(self.mimeData().urls())
        found.append(copy)
        return Qt.DropAction.CopyAction

    monkeypatch.setattr(QDrag, "exec", keep)
    return found


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_arrays_become_images_and_files_without_a_change(channels: int) -> None:
    pixels = noise(1, 9, channels)[0]
    image = QImage.fromData(drag_drop.png(pixels, {"recipe": "{}"}))
    assert image.text("recipe") == "{}"
    for y, x in ((0, 0), (4, 7), (8, 8)):
        red, green, blue, alpha = image.pixelColor(x, y).getRgb()
        expected = pixels[y, x]
        assert [red, green, blue, alpha][: len(expected)] == expected.tolist()


def test_a_float_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="uint8"):
        qimages.to_qimage(np.zeros((4, 4, 1), np.float32))


@pytest.mark.parametrize(("room", "zoom"), [((100, 100), 3), ((200, 57), 2), ((28, 28), 1), ((14, 28), 0.5)])
def test_zoom_is_whole_above_one_and_never_stretches(room: tuple[int, int], zoom: float) -> None:
    assert qimages.best_zoom(28, 28, *room) == zoom


def test_a_picture_is_painted_pixel_by_pixel(qtbot) -> None:
    picture = Picture()
    qtbot.addWidget(picture)
    picture.resize(150, 130)
    pixels = noise(1, 28, 3)[0]
    picture.set_image(pixels)
    picture.show()
    ratio = picture.devicePixelRatioF()
    zoom = int(picture.zoom())
    assert zoom == int(122 * ratio) // 28
    shot = picture.grab().toImage()
    where = picture.shown_rect()
    left, top = round(where.left() * ratio), round(where.top() * ratio)
    for y in (5, 14, 22):
        for x in (5, 14, 22):
            for inside in (0, zoom - 1):
                seen = shot.pixelColor(left + zoom * x + inside, top + zoom * y + inside)
                assert seen.getRgb()[:3] == tuple(pixels[y, x].tolist())


def test_a_picture_is_clicked_by_mouse_and_keys_and_copied(qtbot) -> None:
    picture = Picture("Drop one here")
    qtbot.addWidget(picture)
    picture.show()
    clicks: list[int] = []
    picture.clicked.connect(lambda: clicks.append(1))
    picture.set_image(noise(1)[0])
    picture.caption = "28 x 28"
    qtbot.mouseClick(picture, LEFT)
    qtbot.keyClick(picture, Qt.Key.Key_Return)
    assert len(clicks) == 2
    qtbot.keyClick(picture, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().mimeData().hasImage()
    QGuiApplication.clipboard().clear()


def test_a_picture_is_dragged_out_as_a_file_and_dropped_on_another(qtbot, carried: list[QMimeData]) -> None:
    source, target = Picture(), Picture()
    for widget in (source, target):
        qtbot.addWidget(widget)
        widget.resize(120, 120)
        widget.show()
    pixels = noise(1)[0]
    source.set_image(pixels)
    source.caption = "boot: 7/9"
    source.recipe = {"recipe": '{"seed": 7}'}
    drag(source, QPoint(60, 60), QPoint(90, 90))
    (mime,) = carried
    assert mime.hasFormat(MIME)
    path = mime.urls()[0].toLocalFile()
    assert path.endswith("boot- 7-9.png")
    assert QImage(path).text("recipe") == '{"seed": 7}'
    with qtbot.waitSignal(target.dropped) as caught:
        assert drop(target, mime)
    assert caught.args == [[path]]


def test_files_and_images_from_elsewhere_can_be_dropped_and_words_cannot(qtbot, tmp_path) -> None:
    picture = Picture()
    qtbot.addWidget(picture)
    file = tmp_path / "face.png"
    file.write_bytes(drag_drop.png(noise(1)[0]))
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file))])
    with qtbot.waitSignal(picture.dropped) as caught:
        assert drop(picture, mime)
    assert caught.args == [[str(file)]]
    image = QMimeData()
    image.setImageData(qimages.to_qimage(noise(1, 8)[0]))
    with qtbot.waitSignal(picture.dropped) as caught:
        assert drop(picture, image)
    assert QImage(caught.args[0][0]).width() == 8
    words = QMimeData()
    words.setText("hello")
    assert not enter_drag(picture, words)


def test_ten_thousand_pictures_are_asked_for_only_where_they_are_seen(qtbot) -> None:
    grid = PictureGrid(cell=48)
    qtbot.addWidget(grid)
    grid.resize(400, 300)
    pixels, asked = noise(1)[0], []

    def give(index: int) -> np.ndarray:
        asked.append(index)
        return pixels

    grid.set_source(10_000, give)
    grid.show()
    grid.grab()
    assert 0 < len(set(asked)) < 100
    grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum())
    grid.grab()
    assert 9_999 in asked
    assert len(set(asked)) < 200


def test_the_grid_is_clicked_opened_walked_and_dragged_from(qtbot, carried: list[QMimeData]) -> None:
    grid = PictureGrid()
    qtbot.addWidget(grid)
    grid.resize(300, 300)
    grid.set_images(noise(9), [f"n{i}" for i in range(9)])
    grid.show()
    view, spot = grid.viewport(), lambda i: grid.tile_rect(i).center().toPoint()
    clicked: list[int] = []
    grid.clicked.connect(clicked.append)
    qtbot.mouseClick(view, LEFT, pos=spot(4))
    assert (clicked, grid.current()) == ([4], 4)
    with qtbot.waitSignal(grid.opened) as caught:
        qtbot.mouseDClick(view, LEFT, pos=spot(2))
    assert caught.args == [2]
    grid.set_current(4)
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    assert grid.current() == 5
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert clicked[-1] == 5
    move(view, spot(7), Qt.MouseButton.NoButton)
    assert grid._hovered == 7
    drag(view, spot(7), spot(7) + QPoint(40, 0))
    assert carried[0].urls()[0].toLocalFile().endswith("n7.png")
    assert clicked[-1] == 5
    plan = grid.make_plan(1.0)
    assert plan.wide % 28 == 0


def test_a_grid_of_fixed_columns_scrolls_unless_it_shall_be_seen_whole(qtbot) -> None:
    for whole in (False, True):
        grid = PictureGrid(cell=30, max_size=500, whole=whole)
        qtbot.addWidget(grid)
        grid.resize(460, 300)
        grid.set_columns(3)
        grid.set_images(noise(9))
        grid.show()
        plan = grid.make_plan(1.0)
        depth = plan.rows * (plan.high + plan.gap) - plan.gap
        assert plan.columns == 3 and (depth <= 300) == whole


@pytest.mark.parametrize(("wide", "high"), [(352, 344), (360, 320), (500, 200), (130, 600), (90, 90)])
def test_a_grid_scrolls_only_when_tiles_would_be_too_small(qtbot, wide: int, high: int) -> None:
    grid = PictureGrid()
    qtbot.addWidget(grid)
    grid.resize(wide, high)
    grid.set_images(noise(16))
    grid.show()
    plan = grid.make_plan(1.0)
    assert plan.width() <= wide
    assert (plan.height() <= high) == (grid.verticalScrollBar().maximum() == 0)
    assert plan.wide >= 28


def test_an_empty_grid_and_pictures_that_are_not_there_yet_are_painted(qtbot) -> None:
    grid = PictureGrid()
    qtbot.addWidget(grid)
    grid.show()
    grid.grab()
    grid.set_source(5, lambda _index: None)
    grid.grab()
    grid.set_images(noise(0))
    grid.grab()
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    assert grid.current() == -1
    grid.set_droppable(True)
    mime = drag_drop.mime_of(noise(1)[0])
    with qtbot.waitSignal(grid.dropped):
        drop(grid.viewport(), mime)


def test_the_film_strip_steps_with_keys_and_scrolls_with_the_wheel(qtbot) -> None:
    strip = FrameStrip()
    qtbot.addWidget(strip)
    strip.resize(420, strip.sizeHint().height())
    strip.set_images(noise(60), [str(i) for i in range(60)])
    strip.show()
    chosen: list[int] = []
    strip.chosen.connect(chosen.append)
    qtbot.mouseClick(strip.viewport(), LEFT, pos=strip.tile_rect(1).center().toPoint())
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Home, Qt.Key.Key_Left, Qt.Key.Key_End):
        qtbot.keyClick(strip, key)
    assert chosen == [1, 2, 1, 0, 59]
    assert strip.viewport().rect().contains(strip.tile_rect(59).center().toPoint())
    at = strip.horizontalScrollBar().value()
    wheel(strip.viewport())
    assert strip.horizontalScrollBar().value() < at
    strip.grab()
