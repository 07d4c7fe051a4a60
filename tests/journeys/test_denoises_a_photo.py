"""Drop a photo, see it clean, add noise, read the scores, let others compete, clean a folder, export."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from models.core.denoising import filters, noise
from models.core.disk import places
from models.core.errors import Cancelled
from models.core.evaluation import metrics
from models.core.images import convert, decoding, recipes
from studio.panels.denoise import cleaning
from studio.window import Window
from tests.tools.gui.denoisers import smooth, train, train_conv
from tests.tools.gui.events import drag, drop
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import LONG, banner_text, button_of, click, files_mime, open_panel, wait_idle


@pytest.fixture(scope="session")
def conv_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("conv")
    return train_conv(folder / "run", folder / "soft.npz")


@pytest.fixture(scope="session")
def rival_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rival")
    return train_conv(folder / "run", folder / "soft.npz", epochs=2)


@pytest.fixture(scope="session")
def dense_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("dense") / "run", "denoising", batch_size=64)


@pytest.fixture
def panel(conv_run: Path, studio: Window, qtbot):
    return open_panel(qtbot, studio, "denoise", copy_into_home(conv_run, "conv"))


def photo(path: Path, side: int = 64, index: int = 0, sigma: float = 0.0) -> Path:
    picture = smooth(index + 1, side)[index]
    if sigma:
        picture = convert.to_uint8(noise.add(convert.to_float(picture), "gaussian", sigma, 5))
    Image.fromarray(picture).save(path)
    return path


def drop_and_wait(studio: Window, panel, qtbot, *paths: Path) -> None:
    assert drop(studio, files_mime(paths))
    wait_idle(qtbot, studio, lambda: panel.wipe.pair()[1] is not None)


def test_a_dropped_photo_is_cleaned_in_its_own_size_and_colour(panel, studio: Window, qtbot, tmp_path) -> None:
    assert button_of(panel, "Try a sample image").isVisible()  # never an empty grey page
    drop_and_wait(studio, panel, qtbot, photo(tmp_path / "noisy.png", 70, sigma=0.1))
    before, after = (one.pixels for one in panel.wipe.pair())
    assert before.shape == after.shape == (70, 70, 3)
    clean = smooth(1, 70)[0]
    assert metrics.psnr(clean, after) > metrics.psnr(clean, before)
    assert panel.noise.psnr.text() == "–" and panel.noise.unknown.isVisible()  # nobody knows the clean image
    assert banner_text(studio) == "" and not panel.error.isVisible()


def test_noise_is_added_and_the_scores_are_those_of_the_pictures(panel, studio: Window, qtbot, tmp_path) -> None:
    clean = decoding.decode(photo(tmp_path / "clean.png"))
    drop_and_wait(studio, panel, qtbot, tmp_path / "clean.png")
    track = panel.noise.strength.track
    drag(track, QPoint(9, track.height() // 2), QPoint(30, track.height() // 2), QPoint(50, track.height() // 2))
    wait_idle(qtbot, studio, lambda: panel.noise.psnr.text() != "–")
    how = panel.noise.noise()
    assert 0.05 < how.strength < 0.25
    expected = convert.to_uint8(noise.add(convert.to_float(clean), "gaussian", how.strength, how.seed))
    before, after = (one.pixels for one in panel.wipe.pair())
    assert np.array_equal(before, expected)
    first, second = metrics.psnr(clean, before), metrics.psnr(clean, after)
    assert panel.noise.psnr.text() == f"{first:.1f} → {second:.1f} dB" and second > first
    assert panel.noise.ssim.text() == f"{metrics.ssim(clean, before):.3f} → {metrics.ssim(clean, after):.3f}"
    click(panel.noise, "New noise")
    wait_idle(qtbot, studio)
    assert not np.array_equal(panel.wipe.pair()[0].pixels, expected)
    for _ in NOISES:
        QTest.keyClick(panel.noise.kind, Qt.Key.Key_Down)
    wait_idle(qtbot, studio)
    assert panel.noise.noise().kind == noise.KINDS[-1]


NOISES = noise.KINDS[1:]


def test_the_line_between_before_and_after_is_dragged(panel, studio: Window, qtbot, tmp_path) -> None:
    drop_and_wait(studio, panel, qtbot, photo(tmp_path / "noisy.png", sigma=0.1))
    at = panel.wipe.line_at().toPoint()
    drag(panel.wipe, at, at + QPoint(-30, 0), at + QPoint(-60, 0))
    assert panel.wipe.share() < 0.45
    panel.card.zoom.choose(2)
    assert panel.wipe.zoom() == 2.0
    QTest.keyClick(panel.wipe, Qt.Key.Key_S)
    assert panel.card.arrangement.index() == 1


@pytest.fixture
def methods(dense_run: Path, tiny_run: Path, rival_run: Path) -> None:
    copy_into_home(tiny_run)  # cannot denoise at all
    copy_into_home(dense_run, "dense")  # knows only 8 x 8
    copy_into_home(rival_run, "rival")


def scored(panel, clean: np.ndarray) -> bool:
    """Whether the score that is shown is that of the image that is shown."""
    score = panel._scene.scores[1]
    return score is not None and score.psnr == pytest.approx(metrics.psnr(clean, panel._scene.after.pixels))


@pytest.mark.usefixtures("methods")
def test_the_comparison_scores_everyone_and_a_click_shows_his_picture(panel, studio: Window, qtbot, tmp_path) -> None:
    clean = decoding.decode(photo(tmp_path / "clean.png"))
    drop_and_wait(studio, panel, qtbot, tmp_path / "clean.png")
    panel.noise.set_noise(cleaning.Noise("gaussian", 0.1, 4))
    panel.noise.changed.emit()
    wait_idle(qtbot, studio, lambda: scored(panel, clean))
    click(panel.comparison, "Compare methods")
    wait_idle(qtbot, studio, lambda: not panel.comparison.progress.isVisible())
    names = [method.entry.name for method in panel.comparison.methods]
    assert names[0] == "Before" and "this model" in names[1] and set(filters.FILTERS) <= set(names)
    assert {*filters.FILTERS, "rival"} <= set(names[2:])
    assert not {"tiny", "dense"} & set(names)  # one cannot denoise, the other would change the size
    for method in panel.comparison.methods:
        assert method.entry.scores.psnr == pytest.approx(metrics.psnr(clean, method.entry.picture.pixels))
        assert method.scores.text().startswith(f"{method.entry.scores.psnr:.1f} dB")
    best = [method for method in panel.comparison.methods if method.best.isVisibleTo(method)]
    assert [one.entry.scores.psnr for one in best] == [max(r.entry.scores.psnr for r in panel.comparison.methods)]
    median = next(method for method in panel.comparison.methods if method.entry.name == "Median filter")
    QTest.mouseClick(median.picture, Qt.MouseButton.LeftButton)
    assert np.array_equal(panel.wipe.pair()[1].pixels, filters.clean(panel.wipe.pair()[0].pixels, "Median filter"))


def test_a_folder_is_cleaned_and_bad_files_are_listed(panel, studio: Window, qtbot, tmp_path, monkeypatch) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    (source / "more").mkdir(parents=True)
    out.mkdir()
    photo(source / "a.png", 32, sigma=0.1)
    photo(source / "more" / "b.png", 24, 1, sigma=0.1)
    photo(source / "c.jpg", 24, 1)
    photo(out / "a.png", 8)
    kept = (out / "a.png").read_bytes()
    (source / "broken.png").write_bytes(b"not an image")
    (source / "empty.jpg").write_bytes(b"")
    drop_and_wait(studio, panel, qtbot, source)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(out))
    click(panel, "Denoise all 5")
    wait_idle(qtbot, studio, panel.card.files.words.isVisible)
    written = {str(path.relative_to(out)) for path in out.rglob("*.png")}
    assert written == {"a.png", "a (2).png", "c.png", str(Path("more", "b.png"))}
    assert (out / "a.png").read_bytes() == kept  # nothing is overwritten
    assert decoding.decode(out / "a (2).png").shape == (32, 32, 3)
    assert recipes.read_recipe(out / "a (2).png")["image"] == "a.png"
    assert "3 images written" in panel.card.files.words.text() and "2 left out" in panel.card.files.words.text()
    bad = panel.card.files.bad.toPlainText().splitlines()
    assert [line.split(":")[0] for line in bad] == ["broken.png", "empty.jpg"]


def test_a_bad_file_is_named_and_the_picture_before_stays(panel, studio: Window, qtbot, tmp_path) -> None:
    drop_and_wait(studio, panel, qtbot, photo(tmp_path / "good.png"))
    shown = panel.wipe.pair()
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    panel.dropped([str(tmp_path / "bad.png")])
    wait_idle(qtbot, studio, panel.error.isVisible)
    assert "bad.png" in panel.error.accessibleName()
    assert panel.wipe.pair() == shown


class Slow:
    """A model that cleans tile after tile until it is told to stop."""

    def __init__(self) -> None:
        self.begun, self.stopped = threading.Event(), threading.Event()

    def denoise(self, pictures, *, strength=None, work):
        for tile in range(100_000):
            work.tell("Denoising", tile, 100_000)
            self.begun.set()
            try:
                work.check()
            except Cancelled:
                self.stopped.set()
                raise
            self.stopped.wait(0.005)
        return pictures

    def effect(self, shape) -> str:
        return ""


def test_cancel_stops_the_work_and_a_new_picture_replaces_the_old(panel, studio: Window, qtbot, tmp_path) -> None:
    real, slow = studio.services.inference._model, Slow()
    studio.services.inference._model = slow
    assert drop(studio, files_mime([photo(tmp_path / "large.png", 600)]))
    qtbot.waitUntil(panel.card.progress.isVisible, timeout=LONG)
    click(panel.card.progress, "Cancel")
    wait_idle(qtbot, studio)
    assert slow.stopped.is_set() and panel.wipe.pair()[1] is None and not panel.card.progress.isVisible()
    slow.begun.clear()
    slow.stopped.clear()
    assert drop(studio, files_mime([tmp_path / "large.png"]))
    qtbot.waitUntil(slow.begun.is_set, timeout=LONG)
    studio.services.inference._model = real
    drop_and_wait(studio, panel, qtbot, photo(tmp_path / "small.png", 40))
    assert slow.stopped.is_set()  # the old question was told to end
    assert panel.wipe.pair()[1].size == (40, 40)


def test_the_dense_model_says_what_it_does_before_it_does_it(dense_run, studio: Window, qtbot, tmp_path) -> None:
    panel = open_panel(qtbot, studio, "denoise", copy_into_home(dense_run, "dense"))
    assert drop(studio, files_mime([photo(tmp_path / "photo.png", 60)]))
    wait_idle(qtbot, studio, panel.card.go_on.isVisible)
    assert "8 x 8" in panel.card.effect.text() and panel.wipe.pair()[1] is None
    click(panel.card, "Go on")
    wait_idle(qtbot, studio, lambda: panel.wipe.pair()[1] is not None)
    assert panel.wipe.pair()[0].size == panel.wipe.pair()[1].size == (8, 8)
    assert panel.card.effect.isVisible()  # it is still said


def test_paste_and_export_with_the_recipe(panel, studio: Window, qtbot, tmp_path) -> None:
    QGuiApplication.clipboard().setMimeData(files_mime([photo(tmp_path / "clean.png")]))
    QTest.keyClick(panel.wipe, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    wait_idle(qtbot, studio, lambda: panel.wipe.pair()[1] is not None)
    panel.noise.set_noise(cleaning.Noise("speckle", 0.2, 9))
    panel.noise.changed.emit()
    wait_idle(qtbot, studio)
    after = panel.wipe.pair()[1].pixels
    next(a for a in panel.card.save.menu().actions() if a.text() == "Image after (PNG)").trigger()
    wait_idle(qtbot, studio, lambda: places.exports().is_dir() and len(list(places.exports().iterdir())) == 1)
    exported = next(places.exports().iterdir())
    assert np.array_equal(decoding.decode(exported), after)
    recipe = recipes.read_recipe(exported)
    assert (recipe["panel"], recipe["noise"], recipe["strength"], recipe["seed"]) == ("denoise", "speckle", 0.2, 9)
    panel.noise.set_noise(cleaning.Noise("mask", 0.4, 1))
    shutil.copy(exported, tmp_path / "exported.png")
    assert drop(studio, files_mime([tmp_path / "exported.png"]))
    wait_idle(qtbot, studio, lambda: panel.noise.noise() == cleaning.Noise("speckle", 0.2, 9))
    assert np.array_equal(panel.wipe.pair()[1].pixels, after)


def test_a_sample_comes_with_noise_and_its_recipe_brings_it_back(panel, studio: Window, qtbot, tmp_path) -> None:
    click(panel, "Try a sample image")
    wait_idle(qtbot, studio, lambda: panel.noise.psnr.text() != "–")
    assert panel.wipe.pair()[0].size == (512, 512) and panel.noise.noise().strength == 0.1
    before = panel.wipe.pair()[0].pixels
    panel._export("after")
    wait_idle(qtbot, studio, lambda: places.exports().is_dir() and len(list(places.exports().iterdir())) == 1)
    exported = next(places.exports().iterdir())
    click(panel, "Sample")
    wait_idle(qtbot, studio, lambda: panel.wipe.pair()[0].size != (512, 512))
    assert drop(panel.wipe, files_mime([exported]))  # on the image itself, not beside it
    wait_idle(qtbot, studio, lambda: panel.wipe.pair()[1] is not None and panel.wipe.pair()[0].size == (512, 512))
    assert np.array_equal(panel.wipe.pair()[0].pixels, before)
    assert banner_text(studio) == ""


def test_changes_of_the_noise_are_undone_and_redone_with_the_keys(panel, studio: Window, qtbot, tmp_path) -> None:
    drop_and_wait(studio, panel, qtbot, photo(tmp_path / "clean.png"))
    control, track = Qt.KeyboardModifier.ControlModifier, panel.noise.strength.track
    first = panel.noise.noise()
    track.setFocus()
    QTest.keyClick(track, Qt.Key.Key_PageUp)
    one_step = panel.noise.noise()
    assert one_step.strength > 0
    panel.noise.kind.setFocus()
    QTest.keyClick(panel.noise.kind, Qt.Key.Key_Down)
    assert panel.noise.noise().kind != first.kind
    QTest.keyClick(track, Qt.Key.Key_Z, control)
    assert panel.noise.noise() == one_step
    QTest.keyClick(track, Qt.Key.Key_Z, control)
    assert panel.noise.noise() == first
    wait_idle(qtbot, studio, lambda: panel.wipe.pair()[1] is not None)
    assert np.array_equal(panel.wipe.pair()[0].pixels, decoding.decode(tmp_path / "clean.png"))
    QTest.keyClick(track, Qt.Key.Key_Z, control | Qt.KeyboardModifier.ShiftModifier)
    assert panel.noise.noise() == one_step
    clean = decoding.decode(tmp_path / "clean.png")
    wait_idle(qtbot, studio, lambda: not np.array_equal(panel.wipe.pair()[0].pixels, clean))
