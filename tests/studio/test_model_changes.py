"""Another model comes: what was asked of the one before ends with it, and no panel asks the new one what it cannot."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from models.core import datasets
from models.core.disk import places
from models.core.errors import UserError
from models.core.latent import direction_files
from models.core.latent.direction_files import Direction
from models.core.record import Run
from studio.panels.denoise import cleaning
from studio.widgets.progress import ProgressRow
from studio.window import Window
from studio.workers.recipes import recipe_of
from studio.workers.worker import Task, Worker
from tests.tools.answers import Answers, wait
from tests.tools.bounds import until
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import thread_done, wait_idle

KEYS = (Qt.Key.Key_R, Qt.Key.Key_Space, Qt.Key.Key_K, Qt.Key.Key_F, Qt.Key.Key_Left, Qt.Key.Key_Right)
CTRL = Qt.KeyboardModifier.ControlModifier
UNABLE = {"latent", "arithmetic", "styles", "diffusion", "neurons", "transfer"}  # of a model that only denoises


def shipped(studio: Window, qtbot, name: str) -> None:
    studio.open_run(places.pretrained() / name)
    wait_idle(qtbot, studio, lambda: studio.session.model is not None and studio.session.model.folder.name == name)


@pytest.fixture
def asked(studio: Window, monkeypatch) -> list[str]:
    """The keys of all questions to the current model."""
    keys: list[str] = []
    question = studio.services.inference.question

    def listened(key: str, *arguments: Any, **more: Any) -> Task:
        keys.append(key)
        return question(key, *arguments, **more)

    monkeypatch.setattr(studio.services.inference, "question", listened)
    return keys


def test_what_is_asked_of_a_model_is_forgotten_with_it_and_nothing_else_is(qtbot) -> None:
    worker, answers, began, gate = Worker("test"), Answers(), threading.Event(), threading.Event()

    def running(task: Task) -> str:
        began.set()
        assert gate.wait(30)
        assert task.cancelled
        return "of the old model"

    worker.ask("running", running, answers.then, answers.failed, of_model=True)
    assert began.wait(30)
    worker.ask("waiting", lambda task: "never", answers.then, answers.failed, of_model=True)
    worker.ask("export", lambda task: "export", answers.then, answers.failed)
    worker.ask("both", lambda task: "never", answers.then, answers.failed, of_model=True)
    worker.ask("both", lambda task: "both", answers.then, answers.failed)  # asked again, of nobody
    worker.forget_model()
    worker.ask("waiting", lambda task: "of the new model", answers.then, answers.failed, of_model=True)
    gate.set()
    wait(qtbot, worker)
    assert answers.good == ["export", "both", "of the new model"] and not answers.bad
    assert worker.close()
    worker.deleteLater()


def test_a_question_is_put_to_the_model_that_was_current_when_it_was_asked(
    studio: Window, qtbot, tiny_run, styles_run
) -> None:
    """The other model is loaded already, or is about to be: the question still meets the one that was shown."""
    inference, met, answers = studio.services.inference, [], Answers()
    first = copy_into_home(tiny_run)
    studio.open_run(first)
    wait_idle(qtbot, studio, lambda: studio.session.model is not None)
    old = inference._model

    def work(model: object, task: Task) -> str:
        met.append(model)
        return "answer"

    studio.open_run(styles_run)
    inference.question("test", work, answers.then, answers.failed)  # waits until the other one is loaded
    until(
        lambda: thread_done(inference), "the other model", seconds=600
    )  # no event is handled: the window shows the old one
    assert len(met) == 1 and met[0] is old
    wait_idle(qtbot, studio, lambda: studio.session.model is not None and studio.session.model.folder == styles_run)
    assert inference._model is not old
    assert not answers.good and not answers.bad  # nobody waits for it any more
    inference.question("test", work, answers.then, answers.failed)
    wait_idle(qtbot, studio)
    assert met[-1] is inference._model and answers.good == ["answer"]


def test_a_question_is_put_to_the_weights_that_are_shown(studio: Window, qtbot, tiny_run) -> None:
    """An export that was asked for at one step was made by the weights of the next, and its recipe named the first."""
    inference, answers, late, gate = studio.services.inference, Answers(), Answers(), threading.Event()
    folder = copy_into_home(tiny_run)
    studio.open_run(folder)
    wait_idle(qtbot, studio, lambda: studio.session.model is not None)
    first = min(entry.step for entry in Run.open(folder).checkpoints())
    assert studio.session.model.step != first

    def work(model: Any, task: Task) -> float:
        return sum(float(np.abs(weights).sum()) for weights in model.get_weights())

    def held(model: Any, task: Task) -> float:
        assert gate.wait(60)
        return work(model, task)

    def opened(info: Any, found: None) -> None:
        studio.session.set_model(info)
        inference.question("turn", work, late.then, late.failed, in_turn=True)
        gate.set()

    inference.question("before", work, answers.then, answers.failed)
    wait_idle(qtbot, studio)
    inference.open_for(folder, lambda run: first, lambda model, info: None, opened, answers.failed)
    until(
        lambda: thread_done(inference), "the other weights", seconds=600
    )  # no event is handled: the old ones are shown
    inference.question("held", held, answers.then, answers.failed)
    inference.question("turn", work, answers.then, answers.failed, in_turn=True)  # waits; the next takes its place
    wait_idle(qtbot, studio, lambda: bool(late.good))
    inference.question("after", work, late.then, late.failed)
    wait_idle(qtbot, studio)
    assert studio.session.model.step == first and not answers.bad and not late.bad
    assert answers.good[0] == answers.good[1] and len(answers.good) == 2
    assert late.good[0] == late.good[1] != answers.good[0]


def test_a_model_that_does_not_come_leaves_the_one_that_is_shown(studio: Window, qtbot, tiny_run, tmp_path) -> None:
    inference, answers, refused = studio.services.inference, Answers(), []
    studio.open_run(copy_into_home(tiny_run))
    wait_idle(qtbot, studio, lambda: studio.session.model is not None)
    shown = inference._model
    inference.open(places.pretrained() / "dcgan-fashion", lambda info: None, refused.append)
    until(lambda: not inference._waiting, "the begin of loading")
    inference.open(tmp_path / "nothing", lambda info: None, refused.append)  # the newer wish wins, and fails
    inference.question("test", lambda model, task: model is shown, answers.then, answers.failed)
    wait_idle(qtbot, studio, lambda: bool(refused))
    assert len(refused) == 1 and isinstance(refused[0], UserError)
    assert answers.good == [True]


def test_styles_asks_nothing_of_a_model_without_styles(studio: Window, qtbot, styles_run, caplog) -> None:
    """It was 'Something went wrong: AssertionError': stylegan, theme, ddpm, and then Styles comes to the front."""
    studio.show_panel("home")
    studio.open_run(styles_run)
    wait_idle(qtbot, studio, lambda: studio.session.model is not None)
    QTest.keyClick(studio, Qt.Key.Key_T, CTRL)
    shipped(studio, qtbot, "ddpm-fashion")
    studio.show_panel("styles")
    wait_idle(qtbot, studio)
    assert not studio.panels["styles"].error.isVisible()
    assert studio.panels["styles"].empty.isVisible()
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


def test_panels_ask_nothing_of_a_model_that_they_cannot_use(studio: Window, qtbot, asked, styles_run, caplog) -> None:
    """Each has met a model that it can use; then comes one that only denoises, learns more, and is looked at.

    Keys ask nothing either: R on Latent asked a text model for codings, "Something went wrong: AttributeError".
    """
    for able in (places.pretrained() / "vae-fashion", styles_run):
        studio.open_run(able)
        wait_idle(qtbot, studio, lambda able=able: studio.session.model and studio.session.model.folder == able)
        for key in UNABLE:
            studio.show_panel(key)
            wait_idle(qtbot, studio)
    shipped(studio, qtbot, "denoiser-photos")
    del asked[:]
    for key in UNABLE:
        studio.show_panel(key)
        studio.session.weights_changed.emit()
        for pressed in KEYS:
            QTest.keyClick(studio.panels[key], pressed)
        studio.session.asked_to_restore.emit(recipe_of(studio.session.model, key, codings=[0.0] * 10))
        wait_idle(qtbot, studio)
    assert asked == []
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


@pytest.mark.parametrize("panel", ["neurons", "latent"])
def test_a_dataset_that_comes_late_is_not_encoded_by_the_next_model(
    studio: Window, qtbot, monkeypatch, asked, panel: str
) -> None:
    """The dataset was loaded for a model that encodes; meanwhile one came that cannot."""
    gate, real = threading.Event(), datasets.load

    def slow(*arguments: Any, **more: Any) -> Any:
        assert gate.wait(60)
        return real(*arguments, **more)

    monkeypatch.setattr(datasets, "load", slow)
    studio.show_panel(panel)
    studio.open_run(places.pretrained() / "vae-fashion")
    qtbot.waitUntil(lambda: studio.session.model is not None and not studio.services.file_worker.idle, timeout=60_000)
    studio.open_run(places.pretrained() / "dcgan-fashion")
    qtbot.waitUntil(lambda: studio.session.model.folder.name == "dcgan-fashion", timeout=60_000)
    gate.set()
    wait_idle(qtbot, studio)
    assert not {"map", "neurons"} & set(asked)
    assert not [row for row in studio.panels[panel].findChildren(ProgressRow) if row.isVisible()]


def test_a_photo_that_comes_late_waits_for_a_model_that_denoises(studio: Window, qtbot, asked, caplog) -> None:
    panel = studio.panels["denoise"]
    studio.show_panel("denoise")
    shipped(studio, qtbot, "denoiser-photos")
    shipped(studio, qtbot, "dcgan-fashion")
    del asked[:]
    panel.open(cleaning.sample_path(cleaning.SAMPLES[0]))
    wait_idle(qtbot, studio)
    assert not [key for key in asked if key.startswith("denoise")]
    shipped(studio, qtbot, "denoiser-photos")
    wait_idle(qtbot, studio, lambda: panel.wipe.pair()[1] is not None)  # its questions follow one from another
    assert panel.wipe.pair()[1].pixels.shape == panel.wipe.pair()[0].pixels.shape
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


def test_the_player_of_a_path_stops_with_its_model(studio: Window, qtbot, asked) -> None:
    shipped(studio, qtbot, "vae-fashion")
    studio.show_panel("latent")
    wait_idle(qtbot, studio)
    path = studio.panels["latent"].path
    path.play()
    assert path.player.playing
    shipped(studio, qtbot, "denoiser-photos")
    assert not path.player.playing
    del asked[:]
    qtbot.wait(300)
    QApplication.processEvents()
    assert asked == []


def test_a_direction_that_is_removed_late_leaves_its_namesake_of_another_model(
    studio: Window, qtbot, tiny_run, monkeypatch
) -> None:
    """The file is removed as asked; the panel has gone on to another model, which has a direction of that name."""
    gate, real, panel = threading.Event(), direction_files.remove, studio.panels["arithmetic"]

    def slow(direction: Direction) -> None:
        assert gate.wait(60)
        real(direction)

    def smile() -> Direction:
        info = studio.session.model
        return Direction("smile", np.ones(info.latent_size, np.float32), "here", None, info.run_id)

    shipped(studio, qtbot, "vae-fashion")
    panel.change(panel.equation.with_direction(smile(), 1.0))
    panel.named.save(0)
    wait_idle(qtbot, studio)
    monkeypatch.setattr(direction_files, "remove", slow)
    panel.named.remove(0)
    studio.open_run(places.pretrained() / "dcgan-fashion")
    qtbot.waitUntil(lambda: studio.session.model.folder.name == "dcgan-fashion", timeout=60_000)
    panel.change(panel.equation.with_direction(smile(), 1.0))
    gate.set()
    wait_idle(qtbot, studio)
    assert [one.name for one in panel.equation.directions] == ["smile"]
    assert panel.equation.directions[0].run_id == studio.session.model.run_id
