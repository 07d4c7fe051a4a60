"""The Gallery's folder belongs to the user: files come and go, and strange things lie in it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.core.disk import places
from studio.panels.gallery import looking, panel
from studio.panels.gallery.panel import Gallery, count_of_files
from studio.window import Window
from tests.tools.gui.windows import open_window, wait_idle


@pytest.fixture
def folder(own_home: Path) -> Path:
    """Two images, a minute apart, and what is none."""
    folder = places.exports()
    folder.mkdir(parents=True)
    for number, name in enumerate(("old.png", "new.png")):
        Image.fromarray(np.full((8, 8), 100 * number, np.uint8)).save(folder / name)
        os.utime(folder / name, (1e9 + 60 * number, 1e9 + 60 * number))
    (folder / "folder.png").mkdir()
    (folder / "dangling.png").symlink_to(folder / "nowhere")
    return folder


def names(gallery: Gallery) -> list[str]:
    return [path.name for path in gallery.files]


def test_the_gallery_opens_beside_a_link_that_leads_nowhere(qtbot, app_theme, folder, caplog) -> None:
    """It was a page that said that the panel could not be opened, for good."""
    studio = open_window(qtbot)
    gallery = studio.panels.get("gallery")
    assert isinstance(gallery, Gallery)
    assert names(gallery) == ["new.png", "old.png"]
    studio.show_panel("gallery")
    wait_idle(qtbot, studio)
    assert gallery.grid.image(0) is not None
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


def test_refreshing_survives_whatever_happens_to_the_folder(studio: Window, qtbot, folder, monkeypatch) -> None:
    gallery = studio.panels["gallery"]
    studio.show_panel("gallery")
    assert names(gallery) == ["new.png", "old.png"]
    real = os.stat

    def gone(path, *arguments, **more):  # type: ignore[no-untyped-def]
        if os.fsdecode(path).endswith("new.png"):
            raise FileNotFoundError(2, "it has gone since it was listed", path)
        return real(path, *arguments, **more)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(os, "stat", gone)
        gallery.refresh()
        assert names(gallery) == ["old.png"]
    gallery.refresh()
    assert names(gallery) == ["new.png", "old.png"]
    for name in ("new.png", "old.png", "dangling.png"):
        (folder / name).unlink()
    gallery.show_file(0)  # chosen from what was listed before
    gallery.refresh()
    assert names(gallery) == [] and gallery.chosen is None
    (folder / "folder.png").rmdir()
    folder.rmdir()
    gallery.refresh()
    folder.write_text("a file where the folder was")
    gallery.refresh()
    assert names(gallery) == [] and gallery.nothing.isVisible()


def test_only_so_many_thumbnails_are_kept(qtbot, app_theme, folder, monkeypatch) -> None:
    for number in range(12):
        Image.fromarray(np.full((8, 8), 9 * number, np.uint8)).save(folder / f"more-{number:02d}.png")
    read: list[str] = []
    thumbnail = looking.thumbnail
    monkeypatch.setattr(looking, "thumbnail", lambda path, *more: read.append(path.name) or thumbnail(path, *more))
    monkeypatch.setattr(panel, "MOST", 5)
    studio = open_window(qtbot)
    gallery = studio.panels["gallery"]

    def shown(index: int) -> list[str]:
        """What is decoded until an image of the grid is there."""
        read.clear()
        gallery.grid.image(index)
        wait_idle(qtbot, studio)
        assert gallery.grid.image(index) is not None
        return list(read)

    for index in range(14):
        shown(index)
    assert shown(13) == []  # the last one is still known
    assert shown(0) == [gallery.files[0].name]  # the first one is not


def test_every_kind_of_image_that_a_panel_exports_is_in_the_gallery(qtbot, app_theme, folder) -> None:
    """A photo that Denoise had saved as JPEG was said to be in the Gallery, and was not."""
    for suffix in ("jpg", "JPEG", "webp", "gif"):
        Image.new("RGB", (8, 8), (200, 90, 30)).save(folder / f"photo.{suffix}")
    studio = open_window(qtbot)
    studio.show_panel("gallery")
    wait_idle(qtbot, studio)
    gallery = studio.panels["gallery"]
    assert {"photo.jpg", "photo.JPEG", "photo.webp", "photo.gif"} <= set(names(gallery))
    assert all(gallery.grid.image(index) is not None for index in range(len(gallery.files)))


def test_one_file_is_no_files() -> None:
    assert [count_of_files(count) for count in (0, 1, 2, 1234)] == ["", "1 file", "2 files", "1,234 files"]
