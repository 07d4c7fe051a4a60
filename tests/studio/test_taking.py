"""Images that are dropped on any panel: transparent parts are put on white, and that is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.panels.diffusion.image_source import PictureSource
from studio.window import Window
from studio.workers.image_files import fitted, notice_of
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import banner_text, wait_idle


def ghost(path: Path, alpha: int = 0) -> Path:
    Image.fromarray(np.dstack([np.full((8, 8), 40, np.uint8), np.full((8, 8), alpha, np.uint8)])).save(path)
    return path


def test_one_sentence_says_it_for_several(tmp_path: Path) -> None:
    taken = [fitted(ghost(tmp_path / f"{number}.png", alpha), (8, 8, 1)) for number, alpha in enumerate((0, 255, 9))]
    assert [int(one.picture[0, 0, 0]) for one in taken] == [255, 40, 247]
    assert notice_of(taken[1:2]) == ""
    assert notice_of(taken) == "0.png has transparent parts: they are put on white. So have 1 more."


def test_the_panels_say_it(tiny_run: Path, studio: Window, qtbot, tmp_path: Path) -> None:
    studio.open_run(copy_into_home(tiny_run))
    studio.show_panel("latent")
    wait_idle(qtbot, studio, lambda: studio.session.model is not None)
    panel = studio.panels["latent"]
    assert panel.dropped([str(ghost(tmp_path / "latent.png"))])
    wait_idle(qtbot, studio, lambda: "latent.png has transparent parts" in banner_text(studio))
    studio.banner.dismiss()
    source = PictureSource(studio.services, "test", 4, pytest.fail)
    source.show_model(studio.session.model)
    chosen: list[np.ndarray] = []
    source.chosen.connect(chosen.append)
    assert source.take([str(ghost(tmp_path / "source.png")), str(ghost(tmp_path / "solid.png", 255))])
    wait_idle(qtbot, studio, lambda: "source.png has transparent parts" in banner_text(studio))
    assert [int(picture.max()) for picture in chosen[0]] == [255, 40]
