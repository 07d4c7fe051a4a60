"""The training thread through the window: a full disk, no memory, a loss that is no number, random stops."""

from __future__ import annotations

import errno
import random
from pathlib import Path

import pytest

from models.core.disk import files, places
from models.core.disk.operations import Operations
from models.core.record import Run
from models.core.record.lock import held_by_other
from models.core.training.recorder import Recorder
from studio.window import Window
from studio.workers.jobs import Ended, Job
from tests.tools.gui.windows import LONG, banner_text, button_of, click, wait_idle

VALUES = {"epochs": 3, "batch_size": 64, "latent_size": 4, "architecture": "dense"}
pytestmark = pytest.mark.usefixtures("app_theme")


def add(window: Window, name: str, **values: object) -> Path:
    folder = places.runs() / name
    window.services.jobs.add(Job(folder, "vae", {**VALUES, **values}, "digits"))
    return folder


class FullDisk(Operations):
    """A disk that is full from the moment somebody says so."""

    full = False
    refused = 0

    def write(self, descriptor: int, data: memoryview) -> int:
        if self.full:
            self.refused += 1
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(descriptor, data)


def test_a_full_disk_stops_nothing_but_time(studio: Window, qtbot, monkeypatch) -> None:
    """Fault C-14: the model waits in memory until there is room; nothing is lost."""
    disk = FullDisk()
    monkeypatch.setattr(files, "OPS", disk)
    save = Run.save_checkpoint

    def save_on_a_full_disk(run: Run, step: int, *arguments, **named):
        disk.full = disk.full or (step > 0 and not disk.refused)
        return save(run, step, *arguments, **named)

    monkeypatch.setattr(Run, "save_checkpoint", save_on_a_full_disk)
    folder = add(studio, "full")
    qtbot.waitUntil(lambda: "The disk is full" in banner_text(studio), timeout=LONG)
    assert "bytes are needed" in banner_text(studio) and "bytes are free" in banner_text(studio)
    assert studio.services.jobs.running
    assert Run.open(folder).checkpoints()[-1].step == 0  # the old one is whole
    refused = disk.refused
    click(studio.banner, "Try again")  # still full: it asks again
    qtbot.waitUntil(lambda: disk.refused > refused and bool(banner_text(studio)), timeout=LONG)
    studio.session.notice("Something else.")
    studio.banner.dismiss()  # the question comes back behind the other notice
    assert "The disk is full" in banner_text(studio)
    disk.full = False
    click(studio.banner, "Try again")
    wait_idle(qtbot, studio, lambda: not studio.services.jobs.running)
    run = Run.open(folder)
    assert run.info.status == "finished"
    assert banner_text(studio) == ""
    steps = [row["step"] for row in run.metrics()]
    assert steps == list(range(1, run.checkpoints()[-1].step + 1))


def test_away_with_the_question_pauses_and_the_run_can_go_on(studio: Window, qtbot, monkeypatch) -> None:
    disk = FullDisk()
    monkeypatch.setattr(files, "OPS", disk)
    append = Run.append_metrics

    def append_to_a_full_disk(run: Run, row):
        disk.full = disk.full or (row["step"] >= 5 and not disk.refused)
        return append(run, row)

    monkeypatch.setattr(Run, "append_metrics", append_to_a_full_disk)
    folder = add(studio, "full")
    qtbot.waitUntil(lambda: "The disk is full" in banner_text(studio), timeout=LONG)
    disk.full = False
    studio.banner.dismiss()
    wait_idle(qtbot, studio, lambda: not studio.services.jobs.running)
    assert Run.open(folder).info.status == "paused"
    assert not held_by_other(folder)
    studio.show_panel("train")
    click(studio.panels["train"], "Resume")
    wait_idle(qtbot, studio, lambda: not studio.services.jobs.running)
    assert Run.open(folder).info.status == "finished"


def fail_at(monkeypatch, step: int, error: Exception) -> None:
    """Raise once, after a step of training, as the backend would."""
    real, raised = Recorder.on_train_batch_end, []

    def batch_end(recorder: Recorder, batch: int, logs=None) -> None:
        real(recorder, batch, logs)
        if recorder.step >= step and not raised:
            raised.append(True)
            raise error

    monkeypatch.setattr(Recorder, "on_train_batch_end", batch_end)


def test_out_of_memory_is_explained_and_the_next_run_trains(studio: Window, qtbot, monkeypatch) -> None:
    """Fault C-21."""
    import tensorflow as tf

    fail_at(monkeypatch, 7, tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"))
    folder = add(studio, "large")
    wait_idle(qtbot, studio, lambda: not studio.services.jobs.running)
    assert "ran out of memory" in banner_text(studio)
    assert "batch size of 32" in banner_text(studio)
    assert Run.open(folder).info.status == "failed"
    assert not held_by_other(folder)
    assert studio.services.jobs._thread.is_alive()
    second = add(studio, "small", batch_size=32, epochs=1)
    wait_idle(qtbot, studio, lambda: not studio.services.jobs.running)
    assert Run.open(second).info.status == "finished"


def test_an_error_before_the_first_checkpoint_stays_on_the_screen(studio: Window, qtbot, monkeypatch) -> None:
    def none(run, dataset, **named):
        raise MemoryError("no memory for the weights")

    monkeypatch.setattr("models.core.training.train._prepare", none)
    add(studio, "never")
    wait_idle(qtbot, studio, lambda: not studio.services.jobs.running)
    wait_idle(qtbot, studio)
    assert "ran out of memory" in banner_text(studio)


def test_a_loss_that_is_no_number_can_be_resumed_at_half_the_rate(studio: Window, qtbot, monkeypatch) -> None:
    """Fault C-20: found within ten steps, the last finite checkpoint is kept, and a click goes on from it."""
    studio.show_panel("train")
    train, rates = studio.panels["train"], []
    check = Recorder._check

    def poisoned(recorder: Recorder, logs) -> None:
        rates.append(float(recorder.model.optimizer.learning_rate))
        bad = {"loss": float("nan")} if recorder.step >= 30 and rates[-1] > 6e-4 else {}
        check(recorder, {**logs, **bad})

    monkeypatch.setattr(Recorder, "_check", poisoned)
    folder = add(studio, "steep", learning_rate=0.001)
    wait_idle(qtbot, studio, lambda: not studio.services.jobs.running)
    assert "diverged at step 30" in banner_text(studio)
    run = Run.open(folder)
    assert run.info.status == "failed"
    assert run.checkpoints()[-1].step < 30
    assert button_of(train, "Resume at half the rate").isVisible()
    click(train, "Resume at half the rate")
    wait_idle(qtbot, studio, lambda: not studio.services.jobs.running)
    after = Run.open(folder)
    assert after.info.status == "finished"
    assert after.info.config["learning_rate"] == 0.0005
    assert rates[-1] == pytest.approx(0.0005)


def test_twenty_random_stops_and_starts_leave_a_consistent_state(studio: Window, qtbot) -> None:
    """Fault C-23."""
    jobs, ended, rng = studio.services.jobs, [], random.Random(5)
    jobs.ended.connect(ended.append)
    folder, noted_before = add(studio, "often", epochs=2000, batch_size=256), ""
    for cycle in range(20):
        aim = rng.choice([0, 0, 1, 3, 10])  # at once, or after some steps of this session
        begun = jobs.progress.step if jobs.progress else 0
        qtbot.waitUntil(
            lambda a=aim, b=begun: a == 0 or bool(jobs.progress and jobs.progress.step >= b + a), timeout=LONG
        )
        status = rng.choice(["paused", "stopped"])
        jobs.ask_to_stop(status)
        qtbot.waitUntil(lambda c=cycle: len(ended) == c + 1, timeout=LONG)
        last: Ended = ended[-1]
        assert last.error is None and last.status in (status, "cancelled")  # the latter before it had begun
        assert not jobs.running and not held_by_other(folder)
        if (folder / "run.json").exists():
            noted = Run.open(folder).info.status
            assert noted == (noted_before if last.status == "cancelled" else status)
            noted_before = noted
            jobs.add(Job(folder, resume=True))
        else:  # it was stopped before it had begun
            add(studio, "often", epochs=2000, batch_size=256)
        assert jobs.running
    jobs.ask_to_stop()
    wait_idle(qtbot, studio)
    assert banner_text(studio) == ""
    assert [t.name for t in __import__("threading").enumerate()].count("training") == 1


def test_jobs_wait_in_a_queue_and_can_be_taken_out(studio: Window, qtbot) -> None:
    order: list[str] = []
    studio.services.jobs.ended.connect(lambda ended: order.append(ended.job.folder.name))
    add(studio, "one", epochs=1)
    add(studio, "two", epochs=1)
    add(studio, "three", epochs=1)
    jobs = studio.services.jobs
    assert len(jobs.queue) == 2
    assert "2 runs queued" in studio.panels["train"].new.waiting.text()
    jobs.remove(jobs.queue[0])
    wait_idle(qtbot, studio, lambda: len(order) == 2 and not jobs.running)
    assert order == ["one", "three"]


def test_a_pause_is_answered_at_once_and_holds_the_queue(studio: Window, qtbot) -> None:
    studio.show_panel("train")
    new, jobs, status = studio.panels["train"].new, studio.services.jobs, studio.status
    begun: list[str] = []
    jobs.started.connect(lambda job: begun.append(job.folder.name))
    folder = add(studio, "first", epochs=2000)
    add(studio, "second", epochs=1)
    qtbot.waitUntil(lambda: bool(jobs.progress and jobs.progress.step > 3), timeout=LONG)
    click(status, "Pause")
    assert "Pausing after this step" in status._what.text()  # before any event was handled
    assert not button_of(status, "Pause").isEnabled()
    jobs.progressed.emit(jobs.progress)  # what was still on its way does not unsay it
    assert "Pausing after this step" in status._what.text()
    wait_idle(qtbot, studio, lambda: not jobs.running)
    assert Run.open(folder).info.status == "paused"
    assert begun == ["first"] and len(jobs.queue) == 1
    assert new.waiting.text() == "1 run queued, paused" and new.go_on.isVisible()
    click(studio.panels["train"], "Resume")
    assert begun == ["first", "first"] and len(jobs.queue) == 1
    assert new.waiting.text() == "1 run queued" and not new.go_on.isVisible()
    qtbot.waitUntil(lambda: bool(jobs.progress and jobs.progress.step > 6), timeout=LONG)
    click(status, "Stop")
    assert "Stopping after this step" in status._what.text()
    wait_idle(qtbot, studio, lambda: len(begun) == 3 and not jobs.running)
    assert begun[-1] == "second"
    assert Run.open(places.runs() / "second").info.status == "finished"


def test_a_run_added_while_a_pause_takes_effect_waits_too(studio: Window, qtbot) -> None:
    jobs = studio.services.jobs
    add(studio, "first", epochs=2000)
    qtbot.waitUntil(lambda: bool(jobs.progress and jobs.progress.step > 3), timeout=LONG)
    jobs.ask_to_stop("paused")
    add(studio, "second", epochs=1)
    wait_idle(qtbot, studio, lambda: not jobs.running)
    assert [job.folder.name for job in jobs.queue] == ["second"]
    studio.show_panel("train")
    click(studio.panels["train"].new, "Continue queue")
    wait_idle(qtbot, studio, lambda: not jobs.running)
    assert Run.open(places.runs() / "second").info.status == "finished"


def test_a_queue_that_never_began_leaves_no_empty_folders(studio: Window, qtbot) -> None:
    jobs = studio.services.jobs
    add(studio, "first", epochs=2000)
    for name in ("second", "third"):
        (places.runs() / name).mkdir(parents=True)
        add(studio, name)
    jobs.remove(jobs.queue[0])
    assert not (places.runs() / "second").exists()
    qtbot.waitUntil(lambda: bool(jobs.progress and jobs.progress.step > 3), timeout=LONG)
    assert studio.services.close()
    assert not (places.runs() / "third").exists() and (places.runs() / "first" / "run.json").exists()


def test_starting_before_the_estimate_is_there_says_when_it_comes(studio: Window, qtbot) -> None:
    studio.show_panel("train")
    train = studio.panels["train"]
    train.view.curves_card.set_subtitle("epoch 3, step 5,157")
    train.new.choose_dataset("digits")
    assert train.new.cost.text().startswith("Estimating")
    train.new.form.set_values({"epochs": "2000"})
    click(train.new, "Start")
    assert train.new.cost.text() == "Time and memory will be estimated when training has finished."
    assert "5,157" not in train.view.curves_card._subtitle.text()
    qtbot.waitUntil(
        lambda: bool(studio.services.jobs.progress and studio.services.jobs.progress.step >= 2), timeout=LONG
    )
    folder = studio.services.jobs.current.folder
    assert [row["step"] for row in Run.open(folder).metrics()][:2] == [1, 2]  # the curve begins at once
    studio.services.jobs.ask_to_stop("stopped")
    wait_idle(qtbot, studio, lambda: not studio.services.jobs.running)
    qtbot.waitUntil(lambda: train.new.cost.text().startswith("About"), timeout=LONG)


def test_nothing_is_measured_for_a_form_that_nobody_sees(studio: Window, qtbot) -> None:
    train = studio.panels["train"]
    train.new._timer.setInterval(0)
    train.new._dataset_chosen()
    qtbot.waitUntil(lambda: train.new._due, timeout=LONG)
    wait_idle(qtbot, studio)
    assert train.new.cost.text().startswith("Estimating")
    studio.show_panel("train")
    wait_idle(qtbot, studio, lambda: train.new.cost.text().startswith("About"))
