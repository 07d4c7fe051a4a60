"""The Keras callback that writes the run folder while ``fit`` runs: curves, images, checkpoints, pause, NaN."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras

from models.core import state
from models.core.batches import Batches
from models.core.capabilities import HasSparsity
from models.core.datasets import Dataset
from models.core.disk.npz import Arrays
from models.core.doctor import rules
from models.core.errors import StorageError, UserError
from models.core.record import Run
from models.core.training.latest_metric import Latest
from models.core.training.messages import Changes, Hooks, Progress, StopRequest
from models.core.training.previews import Previews
from models.core.work import Callbacks

__all__ = ["Changes", "Diverged", "Hooks", "Progress", "Recorder", "StopRequest", "Stopped"]

CHECK_EVERY = 10  # steps between looks at whether the loss is still finite
MILESTONES = 2  # where two networks contest, a checkpoint is kept for good each time the run is this much longer
DRAW_COST = 10  # times what images take must pass within an epoch before the next ones
CURVE_POINTS = 2_000  # rows of metrics that a run aims for, beside one an epoch
LOOKS, FEWEST_STEPS = 20, 100  # looks at how far samples are from real images in a run, and steps between two


class Stopped(Exception):
    """Leaves ``fit`` at once after a pause or stop was asked for and everything is saved."""


class Diverged(UserError):
    """The loss is no longer a finite number."""


class Recorder(keras.callbacks.Callback):
    """Writes a run while Keras trains.

    Args:
        run: the run folder, open for writing.
        dataset: for the fixed validation images.
        batches: the training batches of a whole epoch; ``epoch`` is set here.
        epochs: epochs in all.
        seed: of the fixed codings.
        stop: looked at after every batch.
        hooks: who is told.
        changes: looked at after every batch, too.
        step: where this session begins.
        metrics: the running means of the epoch that was interrupted, if any.
        checkpoint_steps: save every so many steps (tests); else at epoch ends and every ``checkpoint_seconds``.
    """

    def __init__(
        self, run: Run, dataset: Dataset, batches: Batches, *, epochs: int, seed: int, stop: StopRequest, hooks: Hooks,
        changes: Changes | None = None, step: int = 0, metrics: Arrays | None = None,
        checkpoint_steps: int | None = None, checkpoint_seconds: float = 30.0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.run = run
        self.dataset = dataset
        self.batches = batches
        self.stop = stop
        self.hooks = hooks
        self.changes = changes or Changes()
        self.epochs = epochs
        self.seed = seed
        self.step = step
        self.steps_an_epoch = batches.whole_epoch
        self.steps = epochs * self.steps_an_epoch
        self.record_every = max(1, self.steps // CURVE_POINTS)
        self.checkpoint_steps, self.checkpoint_seconds = checkpoint_steps, checkpoint_seconds
        self.picture_epochs = max(1, epochs // 200)
        self.previews = Previews(run, dataset, seed, self._obstinately, Callbacks(cancelled=self.stop.event.is_set))
        self._metrics_to_restore = metrics
        self._before_validation: Arrays | None = None
        rows = run.metrics()
        self._seconds_before = float(rows[-1].get("seconds", 0.0)) if rows else 0.0
        self._begin = self._first_done = self._told = self._saved = self._drawn = time.monotonic()
        self._save_cost = self._draw_cost = 0.0
        self._milestone = max((entry.step for entry in run.checkpoints() if entry.milestone), default=0)
        self._first_step = step
        self._window: tuple[int, dict[str, float]] = (0, {})
        self.epoch = step // self.steps_an_epoch

    # --- time ---

    @property
    def seconds(self) -> float:
        """Seconds of training in all sessions of this run."""
        return self._seconds_before + time.monotonic() - self._begin

    def progress(self, phase: str, metrics: Mapping[str, float] | None = None) -> None:
        """Tell where training stands."""
        done = self.step - self._first_step - 1  # the first step of a session traces and does not count
        left, speed = None, 0.0
        if done > 0:
            a_step = (time.monotonic() - self._first_done) / done
            left = a_step * (self.steps - self.step)
            speed = self.batches.batch_size / a_step if a_step > 0 else 0.0
        epoch = min(self.epoch + 1, self.epochs)
        self.hooks.progress(
            Progress(phase, self.step, self.steps, epoch, self.epochs, self.seconds, left, speed, metrics or {})
        )

    # --- Keras' events ---

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the order of the images and bring back the means of a half-finished epoch."""
        self.epoch = self.batches.epoch = epoch
        self._window = (0, {})
        if self._metrics_to_restore is not None:
            state.restore_metrics(self.model, self._metrics_to_restore)
            self._metrics_to_restore = None
            self._window = self._until_last_row()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Count, look for NaN, write a row, save, stop."""
        self.step += 1
        now = time.monotonic()
        if self.step == self._first_step + 1:
            self._first_done = now
        in_epoch = self.step - self.epoch * self.steps_an_epoch
        last = in_epoch >= self.steps_an_epoch
        if self.step % CHECK_EVERY == 0 or last:
            self._check(logs or {})
        if self._row_due() and not last:  # the epoch's last row is written with its validation
            self._write_row(self._since_last_row(logs or {}))
        if now - self._told >= 0.1:
            self._told = now
            self.progress("training", {name: float(value) for name, value in (logs or {}).items()})
        changed = self._change()
        if changed or (self._checkpoint_due() and not last):
            self.checkpoint()
        if not last and now - self._drawn > max(15.0, DRAW_COST * self._draw_cost):
            self.pictures()
        if self.stop.event.is_set():
            self.checkpoint()
            raise Stopped

    def on_test_begin(self, logs: Any = None) -> None:
        """Remember the state: a validation must not change what training does next."""
        self._before_validation = state.capture(self.model)
        self.progress("validating")

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """A stop is obeyed in the middle of a validation too; resuming validates again."""
        if self.stop.event.is_set() and self._before_validation is not None:
            self._save(self._before_validation, None)
            raise Stopped

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Write the epoch's row, its images and, when due, a checkpoint."""
        if self._before_validation is not None:
            state.put_back(self.model, self._before_validation)
            self._before_validation = None
        logs = {name: float(value) for name, value in (logs or {}).items()}
        self._check(logs)
        final = epoch + 1 >= self.epochs
        if final or (epoch + 1) % self.picture_epochs == 0:
            self.pictures()
        learned = {name: value for name, value in logs.items() if not name.startswith("val_")}
        self._write_row({**logs, **self._since_last_row(learned)})  # with what was measured on the images
        self.epoch = epoch + 1
        if final or self._checkpoint_due(epoch_end=True):
            self.checkpoint(logs.get("val_loss", logs.get("loss")))
        self.progress("training", logs)

    def _change(self) -> bool:
        """Do what was asked for while training; it is noted in the run and, by a checkpoint, survives a crash."""
        asked = self.changes.take()
        if asked is None or not isinstance(self.model, HasSparsity):
            return False
        weight, target = asked
        self.model.set_sparsity(weight, target)
        note = {"step": self.step, "weight": weight, "target": target}
        self._obstinately(lambda: self.run.event("sparsity", note))
        return True

    # --- writing ---

    def _images_seen(self, step: int) -> int:
        in_epoch = step - self.epoch * self.steps_an_epoch
        return min(in_epoch * self.batches.batch_size, len(self.batches.rows))

    def _row_due(self) -> bool:
        """Every so many steps, and before that at steps 1, 2, 4, 8, ...: the first points of a curve come at once."""
        early = self.step < self.record_every and self.step & (self.step - 1) == 0
        return early or self.step % self.record_every == 0

    def _look_due(self) -> bool:
        """Whether the row of this step says how far samples are from real images: by the step, never by the clock."""
        every = max(FEWEST_STEPS, self.steps // LOOKS)
        every += -every % self.record_every  # a step that has a row
        return self.step >= self.steps or self.step % every == 0

    def _since_last_row(self, logs: Mapping[str, Any]) -> dict[str, float]:
        """Keras' logs are means since the epoch began; a curve wants the mean since its last point."""
        seen, (before, old) = self._images_seen(self.step), self._window
        means = {name: float(value) for name, value in logs.items()}
        self._window = (seen, means)
        if not before or seen <= before:
            return means
        kept = {metric.name for metric in self.model.metrics if isinstance(metric, Latest)}
        return {
            name: m if name in kept else (m * seen - old.get(name, 0.0) * before) / (seen - before)
            for name, m in means.items()
        }

    def _until_last_row(self) -> tuple[int, dict[str, float]]:
        """How many images the epoch had seen at its last row, and the means over them: its rows hold those of parts."""
        seen, sums = 0, {metric.name: 0.0 for metric in self.model.metrics}
        for row in self.run.metrics():
            if row["epoch"] == self.epoch + 1 and row["step"] <= self.step:
                part = self._images_seen(int(row["step"])) - seen
                sums = {name: total + float(row.get(name, 0.0)) * part for name, total in sums.items()}
                seen += part
        return seen, {name: total / seen for name, total in sums.items()} if seen else {}

    def _write_row(self, metrics: Mapping[str, float]) -> None:
        epoch = min(self.epoch + 1, self.epochs)
        looked = self.previews.distances(self.model) if self._look_due() else {}
        row = {"step": self.step, "epoch": epoch, "seconds": round(self.seconds, 3), **metrics, **looked}
        self._obstinately(lambda: self.run.append_metrics(row))

    def _check(self, logs: Mapping[str, Any]) -> None:
        bad = [name for name, value in logs.items() if not math.isfinite(float(value))]
        if bad:
            raise Diverged(
                f"Training diverged at step {self.step:,}: {', '.join(bad)} is no longer a finite number.",
                where=str(self.run.folder),
                advice="The last finite checkpoint is kept; resume it with half the learning rate.",
            )

    def _checkpoint_due(self, *, epoch_end: bool = False) -> bool:
        """Saving may cost at most a twentieth of the time, and at most ``checkpoint_seconds`` are ever at stake."""
        if self.checkpoint_steps is not None:
            return self.step % self.checkpoint_steps == 0
        since = time.monotonic() - self._saved
        return since >= self.checkpoint_seconds or (epoch_end and since >= 20 * self._save_cost)

    def checkpoint(self, metric: float | None = None) -> None:
        """Save everything that training needs to go on exactly."""
        self._save(state.capture(self.model), metric)

    def _save(self, arrays: Arrays, metric: float | None) -> None:
        begin = time.monotonic()
        epoch = self.step // self.steps_an_epoch
        kept = self.step >= MILESTONES * self._milestone and rules.suits(m.name for m in self.model.metrics)
        if kept:
            self._milestone = max(self.step, 1)
        self._obstinately(
            lambda: self.run.save_checkpoint(self.step, arrays, metric=metric, epoch=epoch, milestone=kept)
        )
        self._saved = time.monotonic()
        self._save_cost = self._saved - begin

    def _obstinately(self, write: Callable[[], object]) -> None:
        """Write; where the disk says no, ask whether to try again, with the model still in memory."""
        while True:
            try:
                write()
            except StorageError as error:
                if not self.hooks.trouble(error):
                    raise
            else:
                return

    def pictures(self) -> None:
        """Paint what the model can do now, from the same codings and validation images as at every other step."""
        state.settle(self.model)
        self._drawn = time.monotonic()
        self.previews.draw(self.model, self.step)
        self._draw_cost = time.monotonic() - self._drawn
