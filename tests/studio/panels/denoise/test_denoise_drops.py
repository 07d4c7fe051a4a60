"""Odd and hostile files dropped on the Denoise panel (faults C-50 and C-51): pixels, or one message that names them."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage

from studio.window import Window
from tests.tools import picture_files
from tests.tools.gui.denoisers import CONV, smooth, train
from tests.tools.gui.events import drop, enter_drag
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import banner_text, files_mime, open_panel, wait_idle

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::RuntimeWarning")


@pytest.fixture(scope="module")
def tiny_denoiser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny-denoiser")
    np.savez(folder / "soft.npz", images=smooth(16))
    return train(folder / "run", "denoising", str(folder / "soft.npz"), batch_size=8, **CONV)


@pytest.fixture
def panel(tiny_denoiser: Path, studio: Window, qtbot):
    return open_panel(qtbot, studio, "denoise", copy_into_home(tiny_denoiser, "conv"))


def messages(studio: Window, panel) -> list[str]:
    """What the person is told now."""
    notes = [panel.error.accessibleName()] if panel.error.isVisible() else []
    return notes + ([banner_text(studio)] if banner_text(studio) else [])


def drop_files(studio: Window, panel, qtbot, *paths: Path) -> None:
    studio.banner.dismiss()
    panel.error.dismiss()
    told, source = len(messages(studio, panel)), panel._scene.source
    assert told == 0
    assert drop(studio, files_mime(paths))
    new = lambda: panel._scene.source is not source and panel.wipe.pair()[1] is not None  # noqa: E731
    wait_idle(qtbot, studio, lambda: new() or bool(messages(studio, panel)))


def odd_places(folder: Path) -> list[Path]:
    """What has a name but is no file."""
    (folder / "empty-folder.png").mkdir(parents=True)
    broken, pipe = folder / "broken-link.png", folder / "pipe.png"
    broken.symlink_to(folder / "gone.png")
    os.mkfifo(pipe)
    devices = [path for path in (Path("/dev/zero"), Path("/dev/null")) if path.exists()]
    return [folder / "empty-folder.png", broken, pipe, folder / "absent.png", *devices]


def test_each_odd_file_gives_its_pixels_or_one_message_that_names_it(
    panel, studio: Window, qtbot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = list(picture_files.good_files()), list(picture_files.bad_files())
    assert len(good) + len(bad) >= 60
    for name, content, expected, off in good:
        path = tmp_path / name
        path.write_bytes(content)
        drop_files(studio, panel, qtbot, path)
        assert messages(studio, panel) == [], name
        before, after = (one.pixels for one in panel.wipe.pair())
        assert before.shape == after.shape == expected.shape, name
        assert int(np.abs(before.astype(int) - expected.astype(int)).max()) <= off, name
    for name, content in bad:
        (tmp_path / name).write_bytes(content)
    shown = panel.wipe.pair()
    for path in [*(tmp_path / name for name, _ in bad), *odd_places(tmp_path / "odd")]:
        drop_files(studio, panel, qtbot, path)
        told = messages(studio, panel)
        assert len(told) == 1 and path.name in told[0] and "went wrong" not in told[0], (path.name, told)
        assert panel.wipe.pair() == shown, path.name  # the image that was there stays
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    path = tmp_path / "last.png"
    Image.fromarray(smooth(1)[0]).save(path)
    drop_files(studio, panel, qtbot, path)
    assert np.array_equal(panel.wipe.pair()[0].pixels, smooth(1)[0]) and messages(studio, panel) == []


def test_five_hundred_files_at_once_are_listed_and_the_first_is_cleaned(
    panel, studio: Window, qtbot, tmp_path: Path
) -> None:
    Image.fromarray(smooth(1)[0]).save(tmp_path / "0.png")
    for number in range(1, 500):
        os.link(tmp_path / "0.png", tmp_path / f"{number}.png")
    drop_files(studio, panel, qtbot, *(tmp_path / f"{number}.png" for number in range(500)))
    assert panel.card.files.all.text() == "Denoise all 500" and panel.card.files.isVisible()
    assert np.array_equal(panel.wipe.pair()[0].pixels, smooth(1)[0]) and messages(studio, panel) == []


def test_a_folder_gives_its_pictures_and_a_bad_one_among_them_a_message(
    panel, studio: Window, qtbot, tmp_path: Path
) -> None:
    folder = tmp_path / "album"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("no image either")
    Image.fromarray(smooth(1)[0]).save(folder / "inner" / "b.png")
    drop_files(studio, panel, qtbot, folder)
    assert len(messages(studio, panel)) == 1 and "a.png" in messages(studio, panel)[0]
    assert [str(name) for _, name in panel.card.files.files] == ["a.png", str(Path("inner", "b.png"))]
    panel.card.files.names.activated.emit(1)
    wait_idle(qtbot, studio, lambda: panel.wipe.pair()[1] is not None)
    assert np.array_equal(panel.wipe.pair()[0].pixels, smooth(1)[0])


def test_text_is_not_taken_and_a_link_is_explained(panel, studio: Window, qtbot) -> None:
    text = QMimeData()
    text.setText("data:image/png;base64,iVBORw0KGgo=")
    for widget in (studio, panel.wipe):
        assert not enter_drag(widget, text) and not drop(widget, text)
    assert messages(studio, panel) == []
    link = QMimeData()
    link.setUrls([QUrl("https://example.org/cat.png")])
    assert drop(studio, link)
    qtbot.waitUntil(lambda: banner_text(studio) != "")
    assert "https://example.org/cat.png" in banner_text(studio) and panel.wipe.pair()[0] is None


def test_a_picture_without_a_file_is_taken_anywhere_in_the_window(panel, studio: Window, qtbot) -> None:
    """A browser drags pixels, not a file."""
    mime = QMimeData()
    pixels = np.ascontiguousarray(smooth(1)[0])
    mime.setImageData(QImage(pixels.data, 32, 32, 3 * 32, QImage.Format.Format_RGB888).copy())
    mime.setUrls([QUrl("https://example.org/cat.png")])
    assert drop(studio, mime)
    wait_idle(qtbot, studio, lambda: panel.wipe.pair()[1] is not None)
    assert np.array_equal(panel.wipe.pair()[0].pixels, pixels) and messages(studio, panel) == []


def test_a_refused_file_leaves_image_and_noise_as_they_were(panel, studio: Window, qtbot, tmp_path: Path) -> None:
    first, page = tmp_path / "first.png", tmp_path / "page.png"
    Image.fromarray(smooth(1)[0]).resize((16, 16)).convert("RGB").save(first)
    page.write_bytes(b"<html>")
    drop_files(studio, panel, qtbot, first)
    assert panel.noise.noise().strength == 0.0  # a new image comes without
    panel.noise.strength.set_value(30)
    panel.disturb()
    wait_idle(qtbot, studio)
    before = panel.wipe.pair()
    drop_files(studio, panel, qtbot, page)
    assert len(messages(studio, panel)) == 1 and panel.noise.noise().strength == 0.3
    assert panel.wipe.pair() == before


def test_it_says_which_noise_the_model_learned(panel, studio: Window, qtbot) -> None:
    known, card = panel._info.noise[0], panel.noise
    card.kind.setCurrentIndex(card.kind.findData(known))
    assert card.learned.isVisible() and card.learned.text() == f"The model learned: {card.kind.currentText()}"
    other = next(index for index in range(card.kind.count()) if card.kind.itemData(index) != known)
    card.kind.setCurrentIndex(other)
    assert card.learned.text().endswith("It has never seen this kind.")
