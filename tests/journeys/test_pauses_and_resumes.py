"""Pause, come back, go on: from Train, from Home, after stopping, and after the window was closed in the middle."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.core.disk import places
from models.core.record import Run
from models.core.record.lock import held_by_other
from studio.frame.status_line import StatusLine
from studio.window import Window
from studio.workers.jobs import Job
from tests.tools.gui.windows import LONG, banner_text, click, open_window, wait_idle

VALUES = {"epochs": 400, "batch_size": 128, "latent_size": 4, "architecture": "dense"}


def begin(window: Window, qtbot, name: str = "long", **values: object) -> Path:
    """A run that would take long, in the middle of its training."""
    folder = places.runs() / name
    window.services.jobs.add(Job(folder, "vae", {**VALUES, **values}, "digits"))
    qtbot.waitUntil(
        lambda: bool(window.services.jobs.progress and window.services.jobs.progress.step > 20), timeout=LONG
    )
    return folder


def shorten(folder: Path) -> int:
    """Let the run end two epochs from where it stands; returns the step it will end at."""
    with Run.open(folder, write=True) as run:
        done = run.checkpoints()[-1].epoch
        run.set_config({**run.info.config, "epochs": done + 2})
    return (done + 2) * 12  # 1,437 images in batches of 128


def words(status: StatusLine) -> str:
    return status._what.text()


@pytest.mark.parametrize("how", ["Pause", "Stop"])
def test_ends_in_the_middle_and_goes_on_in_train(studio: Window, qtbot, how: str) -> None:
    studio.show_panel("train")
    folder = begin(studio, qtbot)
    click(studio.status, how)
    wait_idle(qtbot, studio)
    status = {"Pause": "paused", "Stop": "stopped"}[how]
    run = Run.open(folder)
    assert run.info.status == status
    assert words(studio.status) == f"{status.capitalize()} and saved"
    assert not held_by_other(folder)
    at = run.checkpoints()[-1].step
    assert at > 0
    end = shorten(folder)
    train = studio.panels["train"]
    click(train, "Resume")
    assert studio.services.jobs.running
    wait_idle(qtbot, studio)
    after = Run.open(folder)
    assert after.info.status == "finished"
    assert after.checkpoints()[-1].step == end > at
    steps = [row["step"] for row in after.metrics()]
    assert steps == sorted(set(steps)) and steps[-1] == end
    assert train.longer.isVisible() and not train.resume.isVisible()
    assert banner_text(studio) == ""


def test_looks_at_train_only_after_the_run_began(studio: Window, qtbot) -> None:
    folder = begin(studio, qtbot)
    assert [panel.TITLE for panel in studio.panels.built()] == ["Home"]
    studio.show_panel("train")
    train = studio.panels["train"]
    qtbot.waitUntil(lambda: train.view.folder == folder, timeout=LONG)
    assert train.new.queue.isVisible() and not train.new.start.isVisible()
    qtbot.waitUntil(lambda: train.new.cost.text().startswith("Time and memory will be"), timeout=LONG)
    click(studio.status, "Stop")
    wait_idle(qtbot, studio, lambda: train.new.cost.text().startswith("About"))


def test_goes_on_from_home_although_the_run_changed_meanwhile(studio: Window, qtbot) -> None:
    folder = begin(studio, qtbot)
    click(studio.status, "Pause")
    wait_idle(qtbot, studio)
    studio.show_panel("home")
    end = shorten(folder)
    with Run.open(folder, write=True) as run:
        run.set_status("stopped")  # the shelf is made anew while its own button is being clicked
    click(studio.panels["home"], "Resume")
    assert studio.stack.currentWidget() is studio.panels["train"]
    wait_idle(qtbot, studio)
    assert Run.open(folder).info.status == "finished"
    assert Run.open(folder).checkpoints()[-1].step == end


def test_closing_the_window_pauses_and_the_next_window_goes_on(studio: Window, qtbot) -> None:
    folder = begin(studio, qtbot)
    studio.close()
    run = Run.open(folder)
    assert run.info.status == "paused"
    assert not held_by_other(folder)
    assert not studio.services.jobs._thread.is_alive()
    at = run.checkpoints()[-1].step
    end = shorten(folder)
    second = open_window(qtbot)
    assert not second.services.jobs.running  # nothing starts by itself
    second.show_panel("home")
    click(second.panels["home"], "Resume")
    wait_idle(qtbot, second)
    assert Run.open(folder).info.status == "finished"
    assert Run.open(folder).checkpoints()[-1].step == end > at


def test_a_run_whose_pictures_are_gone_cannot_go_on_but_is_not_locked(studio: Window, qtbot, tmp_path) -> None:
    from tests.tools.gui.runs import small_pictures

    data = small_pictures(tmp_path / "own.npz")
    folder = places.runs() / "own"
    studio.services.jobs.add(Job(folder, "vae", {**VALUES, "epochs": 1}, str(data)))
    wait_idle(qtbot, studio, lambda: studio.session.model is not None)
    data.unlink()
    studio.services.jobs.add(Job(folder, resume=True, epochs=2))
    wait_idle(qtbot, studio)
    assert "The dataset of this run is not there any more" in banner_text(studio)
    assert not held_by_other(folder)
    small_pictures(data)
    studio.services.jobs.add(Job(folder, resume=True, epochs=2))
    wait_idle(qtbot, studio)
    assert Run.open(folder).info.status == "finished"
    assert Run.open(folder).checkpoints()[-1].epoch == 2


def test_a_run_cancelled_before_it_began_leaves_no_folder(studio: Window, qtbot, tmp_path) -> None:
    from models.core import record

    folder = record.new_folder(places.runs(), "vae", "nothing")
    studio.services.jobs.add(Job(folder, "vae", VALUES, str(tmp_path / "nothing.npz")))
    wait_idle(qtbot, studio)
    assert "There is no such dataset" in banner_text(studio)
    assert not folder.exists()
