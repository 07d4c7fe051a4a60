"""Train on digits, watch it, play with the codings, export, and bring the sliders back by dropping the image."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from models.core.disk import places
from models.core.images import recipes
from models.core.record import Run
from studio.window import Window
from tests.tools.bounds import rounds
from tests.tools.gui.events import drag, drop
from tests.tools.gui.windows import LONG, banner_text, button_of, click, files_mime, retype, wait_idle


def start_training(qtbot, window: Window, **values: str) -> None:
    """Choose digits and type settings, as a person does."""
    QTest.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    new = window.panels["train"].new
    row = new.dataset.findText("Digits")
    new.dataset.setFocus()
    for _ in rounds("Digits among the datasets", most=50):
        if new.dataset.currentIndex() == row:
            break
        QTest.keyClick(new.dataset, Qt.Key.Key_Down)
    for name, text in values.items():
        retype(new.form.editor(name), text)
    click(new, "Start")


def test_a_bad_value_is_explained_under_its_field_and_nothing_starts(studio: Window, qtbot) -> None:
    QTest.keyClick(studio, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    new = studio.panels["train"].new
    retype(new.form.editor("epochs"), "0")
    assert new.form.row("epochs").sentence.text() == "must be at least 1 (it is '0')"
    assert not button_of(new, "Start").isEnabled()
    QTest.mouseClick(button_of(new, "Start"), Qt.MouseButton.LeftButton)
    assert not studio.services.jobs.running
    retype(new.form.editor("epochs"), "2")
    assert not new.form.row("epochs").sentence.isVisible()
    assert button_of(new, "Start").isEnabled()


def test_trains_and_sees_it_learn(studio: Window, qtbot) -> None:
    seen: list[str] = []
    studio.services.jobs.progressed.connect(lambda progress: seen.append(progress.phase))
    start_training(qtbot, studio, epochs="2", latent_size="4")
    assert studio.services.jobs.running
    assert button_of(studio.status, "Pause").isVisible()
    wait_idle(qtbot, studio, lambda: not studio.services.jobs.running and studio.session.model is not None)
    assert banner_text(studio) == ""
    assert "training" in seen
    run = Run.open(next(places.runs().iterdir()))
    assert run.info.status == "finished"
    assert [row["epoch"] for row in run.metrics() if "val_loss" in row] == [1, 2]
    view = studio.panels["train"].view
    assert view.folder == run.folder
    assert view.curves.isVisible() and {"loss", "val_loss"} <= set(view.curves.names())
    assert view.samples.isVisible() and view.samples.count() == 16
    assert studio.session.model.folder == run.folder
    assert studio.session.model.step == run.checkpoints()[-1].step


@pytest.fixture
def latent(tiny_run, studio: Window, qtbot):
    """The Latent panel with a small model, its image painted and its map shown."""
    from tests.tools.gui.runs import copy_into_home

    studio.open_run(copy_into_home(tiny_run))
    studio.show_panel("latent")
    panel = studio.panels["latent"]
    wait_idle(qtbot, studio, lambda: panel.map.map.isVisible() and panel.picture.image() is not None)
    return panel


def slide(panel, row: int, part: float) -> None:
    """Drag the handle of one coding to a part of its track."""
    track = panel.sliders.row_rects(row)[1].toRect()
    at = QPoint(round(track.left() + part * track.width()), track.center().y())
    drag(panel.sliders.viewport(), track.center(), QPoint((track.center().x() + at.x()) // 2, at.y()), at)


def test_a_slider_changes_the_picture_and_undo_brings_it_back(latent, studio: Window, qtbot) -> None:
    before, coding = latent.picture.image().copy(), latent.coding.copy()
    slide(latent, 0, 0.95)
    wait_idle(qtbot, studio)
    moved = latent.picture.image().copy()
    assert latent.coding[0] > 2 and np.array_equal(latent.coding[1:], coding[1:])
    assert not np.array_equal(moved, before)
    QTest.keyClick(studio, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_idle(qtbot, studio)
    assert np.array_equal(latent.coding, coding)
    assert np.array_equal(latent.picture.image(), before)
    QTest.keyClick(studio, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    studio.session.undo.redo() if studio.session.undo.canRedo() else None
    wait_idle(qtbot, studio)
    assert np.array_equal(latent.picture.image(), moved)


def test_a_locked_slider_stays_when_r_draws_at_random(latent, studio: Window, qtbot) -> None:
    lock = latent.sliders.row_rects(2)[3].center().toPoint()
    QTest.mouseClick(latent.sliders.viewport(), Qt.MouseButton.LeftButton, pos=lock)
    before = latent.coding.copy()
    QTest.keyClick(latent.sliders, Qt.Key.Key_R)
    wait_idle(qtbot, studio, lambda: not np.array_equal(latent.coding, before))
    assert latent.coding[2] == before[2]
    assert (latent.coding[[0, 1, 3]] != before[[0, 1, 3]]).all()


def test_a_click_on_the_map_goes_there_and_a_drawn_path_becomes_frames(latent, studio: Window, qtbot) -> None:
    view, before = latent.map.map.view, latent.coding.copy()
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(view.width() // 3, view.height() // 3))
    wait_idle(qtbot, studio)
    assert not np.array_equal(latent.coding, before)
    assert np.allclose(latent.map.chart.spot(latent.coding[None])[0], view.marker(), atol=1e-3)
    straight = latent.path.frames.copy()
    steps = np.linspace(0.2, 0.8, 12)
    drag(view, *[QPoint(round(x * view.width()), round(view.height() * (0.5 + 0.2 * np.sin(6 * x)))) for x in steps])
    wait_idle(qtbot, studio)
    assert latent.path.words == "drawn on the map"
    assert latent.path.frames.shape == (24, 8, 8, 1)
    assert not np.array_equal(latent.path.frames, straight)


def test_plays_the_path_and_stops_it(latent, studio: Window, qtbot) -> None:
    seen: list[int] = []
    latent.path.chosen.connect(seen.append)
    click(latent.path, "Play")
    qtbot.waitUntil(lambda: len(set(seen)) >= 4, timeout=LONG)
    click(latent.path, "Stop")
    count = len(seen)
    wait_idle(qtbot, studio)
    assert len(seen) == count
    assert np.array_equal(latent.coding, latent.path.codings[seen[-1]])


def test_what_plays_rests_behind_another_panel(latent, studio: Window, qtbot) -> None:
    seen: list[int] = []
    latent.path.chosen.connect(seen.append)
    click(latent.path, "Play")
    qtbot.waitUntil(lambda: len(set(seen)) >= 3, timeout=LONG)
    latent._export_animation(".gif")
    wait_idle(qtbot, studio, lambda: places.exports().is_dir() and bool(list(places.exports().iterdir())))
    studio.show_panel("gallery")
    count, gallery = len(seen), studio.panels["gallery"]
    gallery.show_file(0)
    frames: set[int] = set()
    qtbot.waitUntil(lambda: frames.add(gallery.moving.place) or len(frames) >= 3, timeout=LONG)
    assert len(seen) == count and latent.path.play_button.text() == "Play"
    studio.show_panel("latent")
    assert not gallery.moving.running and gallery.moving.loaded
    studio.show_panel("gallery")
    assert gallery.moving.running
    gallery.show_file(-1)
    assert not gallery.moving.loaded and not gallery.moving.running


def menu_item(button, text: str) -> None:
    action = next(action for action in button.menu().actions() if action.text() == text)
    action.trigger()


def test_exports_and_brings_the_sliders_back_exactly(latent, studio: Window, qtbot) -> None:
    slide(latent, 1, 0.137)
    wait_idle(qtbot, studio)
    coding, picture = latent.coding.copy(), latent.picture.image().copy()
    menu_item(button_of(latent, "Export"), "Image (PNG)")
    menu_item(button_of(latent.path, "Export animation"), "GIF")
    wait_idle(qtbot, studio, lambda: places.exports().is_dir() and len(list(places.exports().iterdir())) == 2)
    studio.show_panel("gallery")
    gallery = studio.panels["gallery"]
    assert sorted(path.suffix for path in gallery.files) == [".gif", ".png"]
    assert gallery.grid.count() == 2 and gallery.grid.isVisible()
    png = next(path for path in gallery.files if path.suffix == ".png")
    assert recipes.read_recipe(png)["panel"] == "latent"
    studio.show_panel("latent")
    QTest.keyClick(latent.sliders, Qt.Key.Key_R)
    wait_idle(qtbot, studio, lambda: not np.array_equal(latent.coding, coding))
    studio.show_panel("gallery")
    assert drop(studio, files_mime([png]))
    wait_idle(qtbot, studio, lambda: studio.stack.currentWidget() is latent)
    wait_idle(qtbot, studio)
    assert np.array_equal(latent.coding, coding)
    assert np.array_equal(latent.sliders.values(), coding)
    assert np.array_equal(latent.picture.image(), picture)
    assert banner_text(studio) == ""
