"""Diffusion, Inpaint: what is painted over is made anew, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from models.core.disk import places
from models.core.images import convert, recipes
from models.core.recipes import arrays
from studio.window import Window
from tests.tools.gui.diffusion import INPAINT, change, open_page, shown, walked
from tests.tools.gui.events import drag, drop
from tests.tools.gui.windows import click, files_mime, refused, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")
CTRL = Qt.KeyboardModifier.ControlModifier
RIGHT = Qt.MouseButton.RightButton


@pytest.fixture
def page(diffusion_run: Path, studio: Window, qtbot):
    found = open_page(diffusion_run, studio, qtbot, INPAINT)
    wait_idle(qtbot, studio, lambda: walked(found))
    change(found, studio, qtbot, "steps", "10")
    return found


def end(page) -> np.ndarray:
    main = page.walks.main
    assert main.done and main[len(main) - 1].t == 0
    return main[len(main) - 1].x


def stroke(page, *spots: tuple[float, float], button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    canvas = page.card.canvas
    drag(canvas, *(canvas.spot_of(*spot).toPoint() for spot in spots), button=button)


def test_outside_the_mask_every_pixel_stays_and_inside_the_seeds_differ(page, studio: Window, qtbot) -> None:
    change(page, studio, qtbot, "pictures", "16")
    pixels, mask = page.canvas
    assert mask[4:].all() and not mask[:4].any()  # the lower half, to begin with
    made = end(page)
    assert len(made) == 16 and np.array_equal(made[:, ~mask], np.repeat(pixels[None], 16, axis=0)[:, ~mask])
    assert len({one[mask].tobytes() for one in made}) == 16
    assert not np.array_equal(page.walks.main[0].x[0][~mask], pixels[~mask])  # it begins with noise everywhere
    page.transport.go(10)
    assert np.array_equal(shown(page), made) and not page.cards.cards[2].isVisible()


def test_the_mask_is_painted_and_erased_with_the_mouse_and_undone(page, studio: Window, qtbot) -> None:
    click(page.card, "Clear")
    wait_idle(qtbot, studio)
    assert not page.canvas.mask.any() and page.walks.main is None  # nothing to make
    page.card.brush.track.setFocus()
    QTest.keyClick(page.card.brush.track, Qt.Key.Key_Home)
    assert page.card.canvas.size_ == 1
    stroke(page, (1.5, 2.5), (5.5, 2.5))
    wait_idle(qtbot, studio, lambda: walked(page))
    expected = np.zeros((8, 8), bool)
    expected[2, 1:6] = True
    assert np.array_equal(page.canvas.mask, expected)
    pixels = page.canvas.pixels
    assert np.array_equal(end(page)[:, ~expected], np.repeat(pixels[None], 8, axis=0)[:, ~expected])
    stroke(page, (3.5, 2.5), (5.5, 2.5), button=RIGHT)
    expected[2, 3:6] = False
    assert np.array_equal(page.canvas.mask, expected)
    QTest.keyClick(studio, Qt.Key.Key_Z, CTRL)
    assert page.canvas.mask.sum() == 5
    for _ in range(2):
        QTest.keyClick(studio, Qt.Key.Key_Z, CTRL)
    wait_idle(qtbot, studio, lambda: walked(page))
    assert page.canvas.mask.sum() == 32


def test_the_mask_is_painted_with_the_keys(page, studio: Window, qtbot) -> None:
    click(page.card, "Clear")
    canvas = page.card.canvas
    canvas.setFocus()
    page.card.brush.track.move_to(1)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Space):
        QTest.keyClick(canvas, key)
    wait_idle(qtbot, studio, lambda: walked(page))
    assert np.argwhere(page.canvas.mask).tolist() == [[5, 5]]
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert not page.canvas.mask.any()


def test_borders_grow_around_a_smaller_picture(page, studio: Window, qtbot) -> None:
    click(page.card, "Clear")
    before = page.canvas.pixels
    click(page.card, "Outpaint")
    wait_idle(qtbot, studio, lambda: walked(page))
    pixels, mask = page.canvas
    assert not mask[1:7, 1:7].any() and mask.sum() == 64 - 36
    assert np.array_equal(pixels[1:7, 1:7], convert.fit(before, (6, 6, 1)))
    assert (end(page)[:, 1:7, 1:7] == pixels[1:7, 1:7]).all()


def test_resampling_goes_back_and_forth_and_changes_the_result(page, studio: Window, qtbot) -> None:
    often = end(page)
    assert page.view.main.sampling.repeats == 5
    change(page, studio, qtbot, "repeats", "1")
    assert page.walks.main[0].x.tobytes() and not np.array_equal(end(page), often)


def test_an_own_picture_is_dropped_and_the_frame_brings_everything_back(page, studio: Window, qtbot, tmp_path) -> None:
    mine = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(mine).save(tmp_path / "mine.png")
    main = page.walks.main
    drop(studio, files_mime([tmp_path / "mine.png"]))
    wait_idle(qtbot, studio, lambda: page.walks.main is not main and walked(page))
    assert np.array_equal(page.canvas.pixels[..., 0], mine)
    stroke(page, (1.5, 1.5), (6.5, 1.5))
    wait_idle(qtbot, studio, lambda: walked(page))
    canvas, made = page.canvas, end(page)
    page.transport.export_asked.emit("frame")
    wait_idle(qtbot, studio)
    frame = next(places.exports().iterdir())
    click(page.card, "Other image")
    wait_idle(qtbot, studio)
    click(page.card, "Clear")
    studio.panels["diffusion"].choose(1)
    studio.open_files([str(frame)])
    wait_idle(qtbot, studio, lambda: walked(page) and np.array_equal(page.canvas.mask, canvas.mask))
    assert np.array_equal(page.canvas.pixels, canvas.pixels) and np.array_equal(end(page), made)
    recipe = recipes.read_recipe(frame)
    for bad in ({"mask": None}, {"picture": {"count": 1}}, {"picture": arrays.pack(np.zeros((1, 4, 4, 1), np.uint8))}):
        said = refused(qtbot, studio, {**recipe, **bad})
        assert f"does not fit: {next(iter(bad))}" in said


def test_pictures_come_out_of_a_recipe_as_they_went_in() -> None:
    rng = np.random.default_rng(0)
    for shape in ((3, 8, 6, 1), (1, 5, 5, 3)):
        pictures = rng.integers(0, 256, shape, np.uint8)
        assert np.array_equal(arrays.unpack(arrays.pack(pictures)), pictures)
    good = arrays.pack(np.zeros((2, 4, 4, 1), np.uint8))
    for bad in (None, {**good, "count": 3}, {**good, "count": 0}, {**good, "png": "%%"}, {**good, "channels": 2}):
        assert arrays.unpack(bad) is None
    assert arrays.points([[0.2, 0.8], [0.5, 0.4]]) == ((0.2, 0.8), (0.5, 0.4))
    for bad in (None, [[0.5, 0.4], [0.2, 0.8]], [[0.1]], [["a", 0.2]], [[0.5, 2.0]]):
        assert arrays.points(bad) is None
