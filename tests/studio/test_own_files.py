"""Files and folders of the user in the window: what is left out, what is asked, what is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.core import places
from studio.__main__ import parser
from studio.window import Window
from tests.studio.windows import wait_idle

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
