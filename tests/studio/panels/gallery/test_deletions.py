"""Whatever is deleted in the window goes to a trash that Undo empties; what is shown is what is chosen."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QFile, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from models.core import record
from models.core.disk import files, places, trash
from models.core.errors import StorageError
from models.core.images import export
from studio.panels.gallery.panel import Gallery
from studio.window import Window
from studio.workers import desktop_trash
from tests.tools.bounds import rounds
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import LEFT, click, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def exports() -> list[Path]:
    """Five files, newest first: the second is an animation."""
    image = np.stack([np.full((8, 8, 1), shade, np.uint8) for shade in (0, 90, 180, 255)])
    made = []
    for number, name in enumerate(("a.png", "b.gif", "c.png", "d.png", "e.png")):
        path = places.exports() / name
        made.append(export.write_animation(path, image) if name.endswith("gif") else export.write_png(path, image[0]))
        os.utime(made[-1], (1e9 - number, 1e9 - number))
    return made


@pytest.fixture
def gallery(exports, studio: Window, qtbot) -> Gallery:
    studio.show_panel("gallery")
    wait_idle(qtbot, studio)
    panel = studio.panels["gallery"]
    assert isinstance(panel, Gallery)
    return panel


def click_tile(gallery: Gallery, index: int) -> None:
    spot = gallery.grid.tile_rect(index).center().toPoint()
    QTest.mouseClick(gallery.grid.viewport(), LEFT, pos=spot)


def agree(gallery: Gallery) -> Path | None:
    """The file that is ringed, which must be the one whose details are shown and that Delete would take."""
    ringed = gallery.files[gallery.grid.current()] if gallery.grid.current() >= 0 else None
    assert ringed == gallery.chosen
    assert gallery.one.title() == (ringed.name if ringed else "Image")
    assert gallery.delete.isVisible() == (ringed is not None)
    for _ in rounds("the details of the file"):
        QApplication.processEvents()
        if gallery.services.image_worker.idle:
            break
    QApplication.processEvents()
    assert gallery.moving.loaded == (ringed is not None and ringed.suffix == ".gif")
    return ringed


def test_what_is_deleted_is_what_is_chosen_and_a_second_click_deletes_nothing(gallery, exports) -> None:
    assert agree(gallery) == exports[0]
    click_tile(gallery, 2)
    assert agree(gallery) == exports[2]
    click(gallery, "Delete")
    assert agree(gallery) is None and not exports[2].exists()
    gallery._delete()
    QTest.keyClick(gallery.grid, Qt.Key.Key_Delete)
    assert [path for path in exports if path.exists()] == [exports[0], exports[1], exports[3], exports[4]]


def test_undo_brings_a_file_back_and_redo_deletes_it_again(gallery, exports, studio: Window) -> None:
    content = exports[2].read_bytes()
    click_tile(gallery, 2)
    QTest.keyClick(gallery.grid, Qt.Key.Key_Delete)
    click_tile(gallery, 1)
    click(gallery, "Delete")
    assert len(gallery.files) == 3 and not gallery.moving.loaded
    studio.show_panel("data")
    QTest.keyClick(studio, Qt.Key.Key_Z, CTRL)
    assert studio.stack.currentWidget() is gallery and agree(gallery) == exports[1] and exports[1].exists()
    QTest.keyClick(studio, Qt.Key.Key_Z, CTRL)
    assert agree(gallery) == exports[2] and exports[2].read_bytes() == content
    assert gallery.files == exports and not (places.exports() / trash.FOLDER).exists()
    studio.session.undo.redo()
    assert agree(gallery) is None and not exports[2].exists() and exports[1].exists()


def test_arrows_files_that_come_and_files_that_go_leave_ring_and_details_in_step(gallery, exports, studio) -> None:
    click_tile(gallery, 1)
    for key, wanted in ((Qt.Key.Key_Right, 2), (Qt.Key.Key_Left, 1), (Qt.Key.Key_Left, 0)):
        QTest.keyClick(gallery.grid, key)
        assert agree(gallery) == exports[wanted]
    export.write_png(places.exports() / "new.png", np.zeros((8, 8, 1), np.uint8))
    studio.session.exports_changed.emit()
    assert agree(gallery) == exports[0] and gallery.files.index(exports[0]) == 1
    exports[0].unlink()
    studio.session.exports_changed.emit()
    assert agree(gallery) is None


def test_a_file_that_cannot_be_moved_stays_and_the_panel_says_why(gallery, exports, monkeypatch) -> None:
    def full(path: Path) -> None:
        raise StorageError("The disk is full.", where=str(path))

    click_tile(gallery, 3)
    monkeypatch.setattr(trash, "put", full)
    click(gallery, "Delete")
    assert agree(gallery) == exports[3] and exports[3].exists() and gallery.error.isVisible()
    assert gallery.session.undo.count() == 0


def question(studio: Window) -> QMessageBox:
    (found,) = [box for box in studio.panels["home"].findChildren(QMessageBox) if box.isVisible()]
    return found


def ask_to_delete(studio: Window, qtbot, folder: Path) -> QMessageBox:
    studio.show_panel("home")
    wait_idle(qtbot, studio)
    home = studio.panels["home"]
    home.delete(next(run for run in record.list_runs(places.runs()) if run.folder == folder))
    return question(studio)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_enter_and_escape_keep_a_run(studio: Window, qtbot, tiny_run, key) -> None:
    folder = copy_into_home(tiny_run)
    box = ask_to_delete(studio, qtbot, folder)
    assert box.defaultButton() is box.button(QMessageBox.StandardButton.Cancel)
    QTest.keyClick(box, key)
    qtbot.waitUntil(lambda: not box.isVisible())
    assert (folder / "run.json").exists() and studio.session.undo.count() == 0


def test_a_deleted_run_comes_back_with_undo_and_is_the_current_model_again(studio: Window, qtbot, tiny_run) -> None:
    folder = copy_into_home(tiny_run)
    notes = folder / "samples" / "my notes.txt"
    notes.write_text("dear")
    studio.open_run(folder)
    wait_idle(qtbot, studio, lambda: studio.session.model is not None)
    ask_to_delete(studio, qtbot, folder)
    click(question(studio), "Delete")
    wait_idle(qtbot, studio, lambda: studio.session.model is None)
    assert record.list_runs(places.runs()) == [] and notes.read_text() == "dear"
    assert [path for path in folder.rglob("*") if path.is_file()] == [notes]
    studio.activateWindow()  # as a window manager does once the question is gone
    qtbot.waitUntil(studio.isActiveWindow)
    QTest.keyClick(studio, Qt.Key.Key_Z, CTRL)
    wait_idle(qtbot, studio, lambda: studio.session.model is not None)
    assert studio.session.model.folder == folder and studio.session.model.step > 0
    assert (folder / "run.json").exists() and notes.read_text() == "dear"


def test_a_run_that_is_not_the_current_model_goes_and_comes_with_redo_and_undo(studio: Window, qtbot, tiny_run) -> None:
    folder = copy_into_home(tiny_run)
    ask_to_delete(studio, qtbot, folder)
    click(question(studio), "Delete")
    for there in (False, True, False, True):
        wait_idle(qtbot, studio, lambda there=there: folder.exists() == there)
        assert [run.folder for run in record.list_runs(places.runs())] == [folder] * there
        (studio.session.undo.redo if there else studio.session.undo.undo)()


def test_another_model_forgets_moves_but_no_deletion(studio: Window, qtbot, tiny_run, exports) -> None:
    studio.show_panel("gallery")
    wait_idle(qtbot, studio)
    click_tile(studio.panels["gallery"], 4)
    click(studio.panels["gallery"], "Delete")
    studio.open_run(copy_into_home(tiny_run))
    wait_idle(qtbot, studio, lambda: studio.session.model is not None)
    assert studio.session.undo.count() == 1 and not exports[4].exists()
    QTest.keyClick(studio, Qt.Key.Key_Z, CTRL)
    assert exports[4].exists()


def test_what_was_deleted_long_ago_goes_to_the_desktops_trash(exports, monkeypatch) -> None:
    recent, old = trash.put(exports[0]), trash.put(exports[1])
    os.utime(old.kept.parent, (1e9, 1e9))
    asked: list[str] = []
    monkeypatch.setattr(QFile, "moveToTrash", lambda path: (bool(asked.append(path)), ""))  # a desktop without one
    assert desktop_trash.hand_over(places.exports()) == 0 and old.kept.exists() and asked == [str(old.kept)]

    def move(path: str) -> tuple[bool, str]:
        files.OPS.replace(Path(path), places.exports().parent / Path(path).name)
        return True, ""

    monkeypatch.setattr(QFile, "moveToTrash", move)
    assert desktop_trash.hand_over(places.exports()) == 1
    assert not old.kept.parent.exists() and recent.kept.exists()
