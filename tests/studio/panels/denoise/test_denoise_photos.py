"""Photos on the Denoise panel: transparency, formats and EXIF; and the noise of a sample is the model's own kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.core.denoising import noise as noises
from models.core.disk import places
from models.core.images import recipes
from studio.panels.denoise import cleaning
from studio.panels.denoise.photo_tools import BackgroundRow
from studio.widgets import exporting
from studio.window import Window
from tests.tools.gui.denoisers import train
from tests.tools.gui.events import drop
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import files_mime, open_panel, wait_idle

MAKE = 0x010F


@pytest.fixture(scope="module")
def dropout_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dense denoiser of 8 x 8 digits that learned with dropout."""
    return train(tmp_path_factory.mktemp("dropout") / "run", "denoising", batch_size=64, noise_low=0.4, noise_high=0.5)


@pytest.fixture
def panel(dropout_run: Path, studio: Window, qtbot):
    return open_panel(qtbot, studio, "denoise", copy_into_home(dropout_run, "dropout"))


def opened(panel) -> np.ndarray:
    return panel._scene.source.picture.pixels


def drop_file(studio: Window, panel, qtbot, path: Path) -> None:
    before = panel._scene.source
    assert drop(studio, files_mime([path]))
    wait_idle(qtbot, studio, lambda: panel._scene.source is not before and panel.wipe.pair()[1] is not None)
    assert panel._scene.source.path == path


def exports(suffix: str) -> list[Path]:
    return sorted(places.exports().glob(f"*{suffix}"))


def test_transparency_is_told_and_formats_keep_the_notes_of_a_camera(panel, studio: Window, qtbot, tmp_path) -> None:
    square = np.zeros((8, 8, 2), np.uint8)  # grey with alpha
    square[2:6, 2:6] = (200, 255)
    exif = Image.Exif()
    exif[MAKE] = "Camera"
    Image.fromarray(square).save(tmp_path / "ghost.png", exif=exif)
    Image.fromarray(square[..., 0]).save(tmp_path / "plain.png")
    drop_file(studio, panel, qtbot, tmp_path / "plain.png")
    row = panel.card.background
    assert isinstance(row, BackgroundRow) and not row.isVisible()
    drop_file(studio, panel, qtbot, tmp_path / "ghost.png")
    assert row.isVisible() and opened(panel)[0, 0, 0] == 255 and opened(panel)[3, 3, 0] == 200
    row.choice.setCurrentText("Black")
    row.choice.activated.emit(row.choice.currentIndex())
    wait_idle(qtbot, studio, lambda: opened(panel)[0, 0, 0] == 0 and panel.wipe.pair()[1] is not None)
    panel.card.quality.spin.setValue(70)
    for what, suffix in (("after", ".png"), ("after.jpg", ".jpg"), ("after.webp", ".webp")):
        panel.card.export_asked.emit(what)
        wait_idle(qtbot, studio, lambda s=suffix: len(exports(s)) == 1)
        with Image.open(exports(suffix)[0]) as saved:
            assert saved.size == (8, 8) and saved.getexif()[MAKE] == "Camera"
        recipe = recipes.read_recipe(exports(suffix)[0])
        assert recipe is not None and recipe["image"] == "ghost.png"


def test_a_folder_is_saved_in_the_format_that_is_chosen(panel, studio: Window, qtbot, tmp_path) -> None:
    album, exif = tmp_path / "album", Image.Exif()
    album.mkdir()
    exif[MAKE] = "Camera"
    for number in range(2):
        Image.fromarray(np.full((8, 8), 90 * number, np.uint8)).save(album / f"{number}.jpg", exif=exif)
    Image.fromarray(np.zeros((8, 8, 4), np.uint8)).save(album / "ghost.png")
    assert drop(studio, files_mime([album]))
    files = panel.card.files
    wait_idle(qtbot, studio, lambda: files.isVisible() and panel.wipe.pair()[1] is not None)
    assert files.saving.saving() == exporting.Saving() and not files.saving.quality.isEnabled()
    files.saving.format.setCurrentText("WebP")
    files.saving.quality.setValue(60)
    files.clean_all(tmp_path / "out")
    wait_idle(qtbot, studio, lambda: "written" in files.words.text())
    assert "3 images" in files.words.text() and "1 with transparent parts, put on #ffffff" in files.words.text()
    saved = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert saved == ["0.webp", "1.webp", "ghost.webp"]
    with Image.open(tmp_path / "out" / "0.webp") as one:
        assert one.getexif()[MAKE] == "Camera"


def test_a_sample_has_the_noise_that_the_model_learned_to_remove(panel, studio: Window, qtbot) -> None:
    assert studio.session.model.noise == ("dropout", pytest.approx(0.45))
    panel.sample()
    wait_idle(qtbot, studio, lambda: panel.wipe.pair()[0] is not None)
    assert panel.noise.noise() == cleaning.Noise("mask", pytest.approx(0.45, abs=0.01), 1)
    for kind in noises.TRAINING_KINDS:
        assert cleaning.noise_of((kind, 0.9)).kind in noises.KINDS and cleaning.noise_of((kind, 0.9)).strength <= 0.6
    assert cleaning.noise_of(("gaussian", 0.26)) == cleaning.noise_of(None) == cleaning.Noise("gaussian", 0.1, 1)
