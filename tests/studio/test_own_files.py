"""Files and folders of the user in the window: what is left out, what is asked, what is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QFileDialog

from models.core.disk import places
from models.core.record import Run
from studio.__main__ import parser
from studio.window import Window
from studio.workers.jobs import Job
from tests.tools.gui.runs import small_pictures
from tests.tools.gui.windows import banner_text, click, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")


def test_the_gallery_lists_exports_and_no_junk(studio: Window, qtbot) -> None:
    folder = places.exports()
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / "mine.png")
    for name in ("._mine.png", ".half.png", "~$mine.png"):
        (folder / name).write_bytes(b"junk")
    gallery = studio.panels["gallery"]
    studio.show_panel("gallery")
    wait_idle(qtbot, studio)
    assert [path.name for path in gallery.files] == ["mine.png"]


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parser().parse_args(["--tour", "~/shots"]).tour == tmp_path / "shots"
    monkeypatch.setenv("STUDIO_HOME", "~/studio")
    assert places.data() == tmp_path / "studio" / "data"


def wait_trained(qtbot, studio: Window) -> None:
    wait_idle(qtbot, studio, lambda: not studio.services.jobs.running)


def test_a_run_whose_dataset_was_moved_is_resumed_where_it_is_now(
    studio: Window, qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = small_pictures(tmp_path / "small.npz")
    folder = places.runs() / "mine"
    values = {"epochs": 1, "batch_size": 32, "latent_size": 2, "architecture": "dense"}
    studio.services.jobs.add(Job(folder, "vae", values, str(source)))
    wait_trained(qtbot, studio)
    train = studio.panels["train"]
    studio.show_panel("train")
    assert not train.moved.isVisible()
    (tmp_path / "new").mkdir()
    moved = source.rename(tmp_path / "new" / "small.npz")
    other = small_pictures(tmp_path / "other.npz", side=9)
    studio.services.jobs.add(Job(folder, resume=True, epochs=2))
    wait_trained(qtbot, studio)
    assert "not there any more" in banner_text(studio) and "Where is it now?" in banner_text(studio)
    assert Run.open(folder).info.status == "finished" and Run.open(folder).info.config["epochs"] == 1
    for answer, said in (("", None), (str(other), "not the one this run was started with"), (str(moved), "")):
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, path=answer: (path, ""))
        studio.banner.dismiss()
        click(train, "Where is it now?")
        wait_trained(qtbot, studio)
        assert said is None or said in banner_text(studio)
    assert Run.open(folder).info.dataset["name"] == str(moved)
    qtbot.waitUntil(lambda: not train.moved.isVisible())
    assert banner_text(studio) == ""


def test_a_folder_that_is_too_small_is_said_before_the_start(studio: Window, qtbot, tmp_path: Path) -> None:
    place = tmp_path / "few"
    place.mkdir()
    for number in range(12):
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(place / f"{number}.png")
    new = studio.panels["train"].new
    studio.show_panel("train")
    studio.session.add_folder(str(place))
    new.choose_dataset(str(place))
    wait_idle(qtbot, studio, lambda: "too few to learn from" in new.cost.text())
    assert "10 training images" in new.cost.text() and "A batch of" in new.cost.text()
