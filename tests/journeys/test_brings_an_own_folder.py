"""Own images: a folder for Data, one image for Latent, and everything else that can fall on a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtTest import QTest

from models.core.disk import places
from models.core.images import convert, decoding
from models.core.record import Run
from studio.window import Window
from tests.tools.gui.events import drop, enter_drag
from tests.tools.gui.runs import copy_into_home, small_pictures
from tests.tools.gui.windows import banner_text, button_of, click, files_mime, retype, wait_idle


def pictures(folder: Path, count: int = 12) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(1)
    for index in range(count):
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(folder / f"good-{index:02d}.png")
    return folder


def test_a_folder_is_shown_and_its_bad_files_are_named(studio: Window, qtbot, tmp_path) -> None:
    folder = pictures(tmp_path / "mine")
    (folder / "empty.png").write_bytes(b"")
    (folder / "page.jpg").write_bytes(b"<html>not an image</html>")
    studio.show_panel("data")
    data = studio.panels["data"]
    wait_idle(qtbot, studio)
    assert drop(studio, files_mime([folder]))
    wait_idle(qtbot, studio, lambda: data.dataset is not None and data.dataset.title == "mine")
    assert len(data.dataset.images) == 12
    assert data.grid.isVisible() and data.grid.count() > 0
    assert data.skipped.text().startswith("2 files could not be read:")
    assert "empty.png: " in data.skipped.text() and "page.jpg: " in data.skipped.text()
    click(data, "Train on this dataset")
    train = studio.panels["train"]
    assert studio.stack.currentWidget() is train
    assert train.new.dataset.currentText() == "mine"
    assert train.new.form.values()["architecture"] == "conv"
    wait_idle(qtbot, studio)
    assert button_of(train.new, "Start").isEnabled()


def test_the_size_chosen_for_a_folder_is_the_one_it_is_trained_with(studio: Window, qtbot, tmp_path) -> None:
    folder, other = pictures(tmp_path / "mine", 40), pictures(tmp_path / "other")
    studio.show_panel("data")
    data, new = studio.panels["data"], studio.panels["train"].new
    for path in (other, folder):
        assert drop(studio, files_mime([path]))
        wait_idle(qtbot, studio, lambda path=path: data.dataset is not None and data.dataset.title == path.name)
    data.fit_to.setFocus()
    QTest.keyClick(data.fit_to, Qt.Key.Key_Home)
    wait_idle(qtbot, studio, lambda: data.dataset is not None and data.dataset.image_shape == (28, 28, 3))
    click(data, "Train on this dataset")
    assert new.dataset.currentText() == "mine" and new._outline().spec.image_shape == (28, 28, 3)
    new.form.set_values({"epochs": "1", "architecture": "dense"})
    click(new, "Start")
    wait_idle(qtbot, studio, lambda: studio.session.model is not None)
    assert studio.session.model.image_shape == (28, 28, 3) and studio.session.model.dataset_size == 28
    studio.show_panel("data")
    data.list.setCurrentRow(data.list.currentRow() - 1)  # the other one keeps its own size
    wait_idle(qtbot, studio, lambda: data.dataset.title == "other")
    assert data.dataset.image_shape == (64, 64, 3) and data.fit_to.currentData() == 64


def test_a_folder_that_cannot_be_loaded_is_marked_and_can_be_removed(studio: Window, qtbot, tmp_path) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "page.png").write_bytes(b"<html>")
    studio.show_panel("data")
    data, new = studio.panels["data"], studio.panels["train"].new
    wait_idle(qtbot, studio)
    count = data.list.count()
    assert drop(studio, files_mime([bad]))
    wait_idle(qtbot, studio, data.error.isVisible)
    item = data.list.currentItem()
    assert item.text() == "bad" and not item.icon().isNull() and data.error.accessibleName() == item.toolTip()
    assert new.dataset.findText("bad") == -1 and not button_of(data, "Train on this dataset").isEnabled()
    assert data.dataset is None and data.grid.count() == 0
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(bad / "good.png")  # mended: it is tried anew
    data.open(str(bad))
    wait_idle(qtbot, studio, lambda: data.dataset is not None)
    assert item.icon().isNull() and new.dataset.findText("bad") > 0 and not data.error.isVisible()
    (bad / "good.png").unlink()
    data.open(str(bad))
    wait_idle(qtbot, studio, data.error.isVisible)
    click(data.error, "Remove it from the list")
    wait_idle(qtbot, studio, lambda: data.dataset is not None)
    assert data.list.count() == count and studio.session.settings.get("folders", []) == []
    assert not data.error.isVisible() and button_of(data, "Train on this dataset").isEnabled()


def test_trains_on_own_arrays_of_any_size(studio: Window, qtbot, tmp_path) -> None:
    data = studio.panels["data"]
    studio.show_panel("data")
    wait_idle(qtbot, studio)
    assert drop(studio, files_mime([small_pictures(tmp_path / "small.npz")]))
    wait_idle(qtbot, studio, lambda: data.dataset is not None and data.dataset.title == "small")
    click(data, "Train on this dataset")
    new = studio.panels["train"].new
    assert new.form.values()["architecture"] == "dense"  # 8 x 8 and grey: the file says so
    retype(new.form.editor("epochs"), "1")
    click(new, "Start")
    wait_idle(qtbot, studio, lambda: studio.session.model is not None)
    assert banner_text(studio) == ""
    assert Run.open(next(places.runs().iterdir())).info.status == "finished"


@pytest.fixture
def latent(tiny_run, studio: Window, qtbot):
    studio.open_run(copy_into_home(tiny_run))
    studio.show_panel("latent")
    panel = studio.panels["latent"]
    wait_idle(qtbot, studio, lambda: panel.picture.image() is not None)
    return panel


def test_a_dropped_picture_is_encoded(latent, studio: Window, qtbot, tmp_path) -> None:
    path, before = tmp_path / "own.png", latent.coding.copy()
    Image.fromarray(np.full((30, 50), 200, np.uint8)).save(path)
    assert drop(studio, files_mime([path]))
    wait_idle(qtbot, studio, lambda: not np.array_equal(latent.coding, before))
    fitted = convert.fit(decoding.decode(path), (8, 8, 1))
    answers: list[np.ndarray] = []
    studio.services.inference.question(
        "test", lambda model, task: model.encode(convert.to_float(fitted[None]))[0], answers.append, answers.append
    )
    wait_idle(qtbot, studio, lambda: bool(answers))
    assert np.array_equal(latent.coding, answers[0])


def odd_things(folder: Path) -> dict[str, Path]:
    folder.mkdir()
    things = {
        "empty": folder / "empty.png",
        "html": folder / "page.jpg",
        "text": folder / "notes.txt",
        "torn": folder / "torn.png",
        "folder": folder / "a folder",
        "gone": folder / "gone.png",
        "damaged run": folder / "run",
    }
    things["empty"].write_bytes(b"")
    things["html"].write_bytes(b"<html></html>")
    things["text"].write_text("hello")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(folder / "whole.png")
    things["torn"].write_bytes((folder / "whole.png").read_bytes()[:200])
    things["folder"].mkdir()
    things["damaged run"].mkdir()
    (things["damaged run"] / "run.json").write_text("{")
    return things


@pytest.mark.parametrize("name", ["empty", "html", "text", "torn", "folder", "gone", "damaged run"])
def test_what_is_no_picture_is_refused_in_words(latent, studio: Window, qtbot, tmp_path, name: str) -> None:
    path, before = odd_things(tmp_path / "odd")[name], latent.coding.copy()
    drop(studio, files_mime([path]))
    said = lambda: banner_text(studio) or (latent.error.isVisible() and latent.error.accessibleName())  # noqa: E731
    wait_idle(qtbot, studio, lambda: bool(said()))
    assert path.name in said()
    assert "Something went wrong" not in said() and "Traceback" not in said()
    assert np.array_equal(latent.coding, before)


def test_five_hundred_files_and_a_text_do_no_harm(latent, studio: Window, qtbot, tmp_path) -> None:
    path = tmp_path / "one.png"
    Image.fromarray(np.full((8, 8), 90, np.uint8)).save(path)
    before = latent.coding.copy()
    assert drop(studio, files_mime([path] * 500))
    wait_idle(qtbot, studio, lambda: not np.array_equal(latent.coding, before))
    assert banner_text(studio) == ""
    text = QMimeData()
    text.setText("file:///etc/passwd")
    assert not enter_drag(studio, text)
    assert not drop(studio, text)
