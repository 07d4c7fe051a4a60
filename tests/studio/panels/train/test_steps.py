"""Step mode: phases by buttons and keys on a copy of an adversarial run, with images, predictions and figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from models.core.disk import places
from models.core.errors import UserError
from studio import clipping
from studio.panels.train.steps.probability_tiles import ProbabilityTiles, words
from studio.panels.train.steps.step_view import FAINT
from studio.window import Window
from tests.tools.gui.denoisers import train
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import LEFT, button_of, click, open_panel, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")


@pytest.fixture(scope="module")
def gan_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("gan") / "run", "gan", latent_size=6, batch_size=64)


@pytest.fixture
def panel(gan_run: Path, studio: Window, qtbot):
    return open_panel(qtbot, studio, "train", copy_into_home(gan_run, "gan"))


@pytest.fixture
def steps(panel, studio: Window, qtbot):
    click(panel.view, "Step by step")
    wait_idle(qtbot, studio, lambda: not panel.steps.busy)
    return panel.steps


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def verdicts(steps) -> list[str]:
    return [*steps.fakes._captions, *steps.reals._captions]


def fakes(steps) -> np.ndarray:
    return np.stack([steps.fakes.image(i) for i in range(16)]).astype(int)


def alike(left: np.ndarray, right: np.ndarray) -> bool:
    """Up to one grey level: a backend may round otherwise the next time."""
    return int(np.abs(left - right).max()) <= 1


def test_buttons_take_phases_and_show_what_each_changed(panel, steps, studio: Window, qtbot) -> None:
    folder = panel.view.folder
    before = everything(folder)
    assert steps.isVisible() and not panel.view.isVisible() and not panel.new.isVisible()
    assert (steps.fakes.count(), steps.reals.count()) == (16, 16)
    assert "on a copy of step" in steps.head._subtitle.text() and not steps.shown.isVisible()
    begin, first = fakes(steps), verdicts(steps)
    click(steps.head, "Discriminator phase")
    assert all(not made.isEnabled() for made in (*steps.buttons.values(), steps.resetting))
    wait_idle(qtbot, studio, lambda: not steps.busy)
    figures = steps.changes.figures()
    assert figures["generator moved"] == "not at all" and figures["discriminator moved"] != "not at all"
    assert "→" in figures["discriminator loss"] and "→" in figures["generator loss"]
    assert alike(fakes(steps), begin) and "not one pixel" in steps.fakes_card._subtitle.text()
    assert steps._before is not None and not np.array_equal(steps._before.on_reals, steps._look.on_reals)
    click(steps.head, "Generator phase")
    wait_idle(qtbot, studio, lambda: not steps.busy)
    figures = steps.changes.figures()
    assert figures["discriminator moved"] == "not at all" and figures["generator moved"] != "not at all"
    assert not alike(fakes(steps), begin) and "rested" in steps.changes.sentence.text()
    click(steps.head, "Batch")
    wait_idle(qtbot, studio, lambda: not steps.busy)
    assert "not at all" not in steps.changes.figures().values()
    assert steps.taken == ("discriminator", "generator", "batch") and "D G B" in steps.changes.history.text()
    steps.grab()
    click(steps.head, "Reset")
    wait_idle(qtbot, studio, lambda: not steps.busy)
    assert alike(fakes(steps), begin) and verdicts(steps) == first and steps.taken == ()
    click(steps.head, "Back to the run")
    assert panel.view.isVisible() and panel.new.isVisible() and not steps.isVisible()
    assert everything(folder) == before


def test_keys_take_phases_reset_and_go_back(panel, steps, studio: Window, qtbot) -> None:
    assert steps.hasFocus()
    for key in (Qt.Key.Key_D, Qt.Key.Key_G, Qt.Key.Key_B):
        QTest.keyClick(steps, key)
        QTest.keyClick(steps, key)  # one at a time: this one comes too early
        wait_idle(qtbot, studio, lambda: not steps.busy)
    assert steps.taken == ("discriminator", "generator", "batch")
    steps.fakes.setFocus()
    QTest.keyClick(steps.fakes, Qt.Key.Key_G)  # from inside the card, too
    wait_idle(qtbot, studio, lambda: not steps.busy)
    assert steps.taken[-1] == "generator"
    made = steps.buttons["generator"]
    made.setFocus()
    QTest.keyClick(made, Qt.Key.Key_Space)
    wait_idle(qtbot, studio, lambda: not steps.busy)
    assert made.hasFocus() and len(steps.taken) == 5
    QTest.keyClick(made, Qt.Key.Key_R)
    wait_idle(qtbot, studio, lambda: not steps.busy)
    assert steps.taken == ()
    QTest.keyClick(steps, Qt.Key.Key_Escape)
    assert panel.view.isVisible()


@pytest.mark.parametrize("size", [(960, 520), *clipping.SIZES], ids=str)
def test_nothing_is_clipped(panel, steps, studio: Window, qtbot, size: tuple[int, int]) -> None:
    studio.resize(*size)
    QTest.keyClick(steps, Qt.Key.Key_G)
    wait_idle(qtbot, studio, lambda: not steps.busy)
    for _ in range(2):  # step mode, then the run
        QApplication.processEvents()
        assert (studio.width(), studio.height()) == size
        assert clipping.misfits(studio) == []
        panel.show_steps(False)


def test_the_fakes_before_and_the_difference_are_one_click_away(steps, studio: Window, qtbot) -> None:
    begin = fakes(steps)
    QTest.keyClick(steps, Qt.Key.Key_G)
    wait_idle(qtbot, studio, lambda: not steps.busy)
    after = fakes(steps)
    rects = steps.shown._rects()
    QTest.mouseClick(steps.shown, LEFT, pos=QPoint(*map(int, rects[1].center().toTuple())))
    assert alike(fakes(steps), begin)
    QTest.mouseClick(steps.shown, LEFT, pos=QPoint(*map(int, rects[2].center().toTuple())))
    change = fakes(steps)
    largest = max(np.abs(after.astype(int) - begin).max() - 1, 0) / 255  # pixels are rounded
    drawn = max(change.max() - 127.5, 127.5 - change.min()) / 127.5
    assert drawn > min(largest / FAINT, 1.0) - 0.02  # the largest change is drawn in full, if it is not faint
    raised = after > begin + 1  # each pixel that got lighter is light
    assert raised.any() and (change[raised] > 127).all()
    assert "grey" in steps.fakes_card._subtitle.text()
    QTest.mouseClick(steps.shown, LEFT, pos=QPoint(*map(int, rects[0].center().toTuple())))
    assert alike(fakes(steps), after)


def test_what_cannot_be_loaded_is_said_in_the_card(panel, studio: Window, qtbot) -> None:
    shutil.rmtree(panel.view.folder / "checkpoints")
    click(panel.view, "Step by step")
    wait_idle(qtbot, studio, panel.steps.error.isVisible)
    assert "checkpoint" in panel.steps.error.accessibleName()
    assert not panel.steps.buttons["batch"].isEnabled()
    click(panel.steps.head, "Back to the run")
    assert panel.view.isVisible()


def test_a_phase_that_fails_is_said_and_can_be_undone(steps, studio: Window, qtbot, monkeypatch) -> None:
    def fails(phase: str) -> None:
        raise UserError("It diverged.", advice="Reset.")

    monkeypatch.setattr(steps._stepper, "take", fails)
    QTest.keyClick(steps, Qt.Key.Key_B)
    wait_idle(qtbot, studio, steps.error.isVisible)
    assert steps.taken == () and "diverged" in steps.error.accessibleName()
    click(steps.head, "Reset")
    wait_idle(qtbot, studio, lambda: not steps.busy)
    assert not steps.error.isVisible()


def test_training_goes_on_and_ends_step_mode(panel, steps, studio: Window, qtbot) -> None:
    from studio.workers.jobs import Job

    QTest.keyClick(steps, Qt.Key.Key_B)
    folder = panel.view.folder
    studio.services.jobs.add(Job(folder, resume=True, epochs=2))
    wait_idle(qtbot, studio, lambda: not studio.services.jobs.running and panel.view.isVisible())
    assert not steps.isVisible() and button_of(panel.view, "Step by step").isEnabled()
    assert panel.view._steps[-1] > 0


def test_only_two_networks_can_be_stepped_and_their_curves_come_in_tabs(panel, tiny_run, studio: Window, qtbot) -> None:
    curves = panel.view.curves
    assert curves._segments.options() == ["Loss", "Accuracy", "Gradient", "Diversity"]
    assert set(curves.visible_names()) == {f"{v}{n}_loss" for v in ("", "val_") for n in ("discriminator", "generator")}
    curves._segments.choose(1)
    assert np.allclose(curves._view.viewRange()[1], [0, 1], atol=0.05) and curves._level.isVisible()
    assert curves._level.value() == 0.5 and not curves._log
    curves._segments.choose(2)
    assert curves._log and not curves._level.isVisible()
    assert curves.visible_names() == ["discriminator_gradient", "generator_gradient"]
    studio.open_run(copy_into_home(tiny_run))
    wait_idle(qtbot, studio, lambda: studio.session.model.folder == places.runs() / "tiny")
    assert not panel.stepwise.isVisible() and curves._segments.options()[0] == "All"


def test_a_tile_says_its_verdict_and_where_it_went(qtbot) -> None:
    tiles = ProbabilityTiles("Fakes")
    qtbot.addWidget(tiles)
    tiles.resize(400, 300)
    pictures = np.zeros((3, 8, 8, 1), np.uint8)
    tiles.show_probabilities(pictures, np.array([0.25, 0.5, 1.0], np.float32), np.array([0.5, 0.5, 0.0], np.float32))
    assert tiles._captions == ["0.25 ▼", "0.50", "1.00 ▲"] and words(0.1, None) == "0.10"
    assert "0.25" in tiles.accessibleDescription()
    tiles.show()
    plan = tiles._plan
    image = tiles.grab().toImage()
    ratio = tiles.devicePixelRatioF()
    bar = round((tiles.tile_rect(0).bottom() + 6) * ratio)
    left, right = (round((tiles.tile_rect(2).left() + plan.wide * share) * ratio) for share in (0.1, 0.9))
    assert image.pixelColor(left, bar) == image.pixelColor(right, bar)  # filled to the end
    left, right = (round((tiles.tile_rect(0).left() + plan.wide * share) * ratio) for share in (0.1, 0.9))
    assert image.pixelColor(left, bar) != image.pixelColor(right, bar)
