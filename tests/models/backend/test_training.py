"""Training into a run folder: what is written, exact resume, stops, NaN, a full disk, a lack of memory."""

import errno
import json
import math

import keras
import numpy as np
import pytest

from models import vae
from models.core import loading, state
from models.core.disk import files
from models.core.errors import ConfigError, RunFormatError, StorageError
from models.core.family import parse_config
from models.core.keras_internals import read_variable
from models.core.record import Run
from models.core.training import train
from models.core.training.recorder import Hooks, Recorder, StopRequest
from tests.tools.images import blobs
from tests.tools.trainings import final_weights, same, stop_at


def started(folder, dataset, **values):
    config = parse_config(vae.CONFIG, {"latent_size": 3, "batch_size": 16, "epochs": 3, **values})
    return train.start(folder, "vae", config, dataset)


def test_a_run_folder_tells_everything(tmp_path, dataset):
    run = started(tmp_path / "run", dataset)
    told = []
    outcome = train.train(run, dataset, hooks=Hooks(progress=told.append))
    assert (outcome.status, outcome.step, outcome.error) == ("finished", 15, None)
    rows = run.metrics()
    steps = [row["step"] for row in rows]
    assert steps == sorted(set(steps)) and steps[-1] == 15
    for row in rows:
        assert {"step", "epoch", "seconds", "loss", "reconstruction", "kl"} <= set(row)
    assert [("val_loss" in row) for row in rows if row["step"] % 5 == 0] == [True] * 3
    assert [step for step, _ in run.samples("samples")] == [0, 5, 10, 15]
    assert [step for step, _ in run.samples("reconstructions")] == [0, 5, 10, 15]
    assert len(run.stats()[-1]["codings"]["mean"]) == 3
    assert run.info.status == "finished" and run.checkpoints()[-1].step == 15
    assert told[-1].step == 15 and told[-1].seconds_left == 0
    on_disk = json.loads((tmp_path / "run" / "run.json").read_text())
    assert on_disk["config"]["latent_size"] == 3 and on_disk["versions"]["backend"] == keras.backend.backend()


def test_rows_hold_the_mean_since_the_last_row_not_since_the_epoch_began(tmp_path, dataset):
    run = started(tmp_path / "run", dataset, epochs=1)
    told = []
    train.train(run, dataset, hooks=Hooks(progress=told.append))
    rows = run.metrics()
    seen = np.cumsum([16, 16, 16, 16, 8])
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5]
    of_epoch = np.cumsum([row["loss"] * size for row, size in zip(rows, [16, 16, 16, 16, 8], strict=True)]) / seen
    assert of_epoch[-1] == pytest.approx(told[-1].metrics["loss"], rel=1e-5)  # Keras' mean over all images
    assert rows[-1]["loss"] != pytest.approx(of_epoch[-1], rel=1e-6)  # the last row is no other kind of number
    assert rows[3]["loss"] != pytest.approx(np.mean([row["loss"] for row in rows[:4]]), rel=1e-6)


@pytest.mark.parametrize("step", [1, 4, 5, 7, 12])
def test_a_pause_at_any_step_changes_nothing(tmp_path, dataset, monkeypatch, step):
    whole = started(tmp_path / "whole", dataset)
    train.train(whole, dataset)
    run = started(tmp_path / "paused", dataset)
    stop = StopRequest()
    with monkeypatch.context() as patched:
        patched.setattr(train, "Recorder", stop_at(step, stop))
        assert train.train(run, dataset, stop=stop).status == "paused"
    assert run.checkpoints()[-1].step == step
    run.close()
    again = Run.open(tmp_path / "paused", write=True)
    assert train.train(again, dataset).status == "finished"
    assert same(final_weights(whole), final_weights(again))
    left, right = whole.metrics(), again.metrics()
    assert [row["step"] for row in left] == [row["step"] for row in right]
    assert [row["loss"] for row in left] == pytest.approx([row["loss"] for row in right], rel=1e-4)
    assert [row.get("val_loss") for row in left] == [row.get("val_loss") for row in right]


def test_a_stop_in_the_middle_of_a_validation_validates_again(tmp_path, dataset, monkeypatch):
    whole = started(tmp_path / "whole", dataset)
    train.train(whole, dataset)
    run = started(tmp_path / "stopped", dataset)
    stop = StopRequest()

    class Watch(Recorder):
        def on_test_batch_end(self, batch, logs=None):
            if self.step == 10:
                stop.ask("stopped")
            super().on_test_batch_end(batch, logs)

    with monkeypatch.context() as patched:
        patched.setattr(train, "Recorder", Watch)
        assert train.train(run, dataset, stop=stop).status == "stopped"
    assert 10 not in [row["step"] for row in run.metrics()]
    assert train.train(run, dataset).status == "finished"
    assert same(final_weights(whole), final_weights(run))
    assert [row.get("val_loss") for row in whole.metrics()] == [row.get("val_loss") for row in run.metrics()]


def test_a_crash_is_resumed_from_the_newest_checkpoint(tmp_path, dataset, monkeypatch):
    whole = started(tmp_path / "whole", dataset)
    train.train(whole, dataset, checkpoint_steps=2)
    run = started(tmp_path / "crashed", dataset)

    class Crash(Recorder):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)
            if self.step == 9:
                raise KeyboardInterrupt  # leaves at once, as a kill would: nothing is saved or closed

    with monkeypatch.context() as patched:
        patched.setattr(train, "Recorder", Crash)
        with pytest.raises(KeyboardInterrupt):
            train.train(run, dataset, checkpoint_steps=2)
    assert run.info.status == "training" and run.metrics()[-1]["step"] == 9
    run.close()
    again = Run.open(tmp_path / "crashed", write=True)
    assert again.interrupted is False and again.checkpoints()[-1].step == 8
    train.train(again, dataset, checkpoint_steps=2)
    assert same(final_weights(whole), final_weights(again))
    assert [row["step"] for row in again.metrics()] == [row["step"] for row in whole.metrics()]


def test_more_epochs_go_on_where_it_finished(tmp_path, dataset):
    whole = started(tmp_path / "whole", dataset, epochs=4)
    train.train(whole, dataset)
    run = started(tmp_path / "run", dataset, epochs=2)
    train.train(run, dataset)
    train.change(run, {"epochs": "4"})
    assert train.train(run, dataset).step == 20
    assert same(final_weights(whole), final_weights(run))
    with pytest.raises(ConfigError):
        train.change(run, {"epochs": 0})
    with pytest.raises(ConfigError) as caught:
        train.change(run, {"latent_size": 3, "epochs": 9})
    assert list(caught.value.fields) == ["latent_size"] and run.info.config["epochs"] == 4


def test_divergence_keeps_the_last_finite_checkpoint_and_half_the_rate_goes_on(tmp_path, dataset, monkeypatch):
    run = started(tmp_path / "run", dataset, epochs=4)

    class Poison(Recorder):
        def on_train_batch_end(self, batch, logs=None):
            if self.step + 1 >= 12:
                logs = {**(logs or {}), "loss": math.nan}
            super().on_train_batch_end(batch, logs)

    with monkeypatch.context() as patched:
        patched.setattr(train, "Recorder", Poison)
        outcome = train.train(run, dataset, checkpoint_steps=5)
    assert outcome.status == "failed" and "diverged" in outcome.error.what and outcome.step <= 20
    assert run.info.status == "failed" and "half the learning rate" in run.info.message
    assert all(np.isfinite(a).all() for a in final_weights(run).values())
    train.change(run, {"learning_rate": 5e-4, "epochs": None})
    assert train.train(run, dataset).status == "finished"


def test_weights_that_are_not_finite_are_never_saved(tmp_path, dataset):
    run = started(tmp_path / "run", dataset, epochs=1)
    model = loading.compiled(run)
    arrays = state.capture(model)
    arrays["weights/0000"][0] = np.nan
    with pytest.raises(Exception, match="NaN"):
        run.save_checkpoint(1, arrays)
    assert run.checkpoints() == []


def test_a_full_disk_asks_and_goes_on_with_nothing_lost(tmp_path, dataset, monkeypatch):
    whole = started(tmp_path / "whole", dataset)
    train.train(whole, dataset)
    run = started(tmp_path / "full", dataset)
    asked = []
    real = files.OPS.fsync

    def full(*args):
        if len(asked) < 2 and run.checkpoints():
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args)

    def trouble(error):
        asked.append(error)
        return True

    monkeypatch.setattr(files.OPS, "fsync", full)
    outcome = train.train(run, dataset, hooks=Hooks(trouble=trouble), checkpoint_steps=4)
    assert outcome.status == "finished" and len(asked) == 2 and isinstance(asked[0], StorageError)
    assert same(final_weights(whole), final_weights(run))


def test_a_full_disk_that_stays_full_pauses_the_run(tmp_path, dataset, monkeypatch):
    run = started(tmp_path / "full", dataset)
    real = files.OPS.fsync

    def full(*args):
        if run.checkpoints():
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args)

    with monkeypatch.context() as patched:
        patched.setattr(files.OPS, "fsync", full)
        outcome = train.train(run, dataset, checkpoint_steps=4)
    assert outcome.status == "paused" and "full" in str(outcome.error).lower()
    assert train.train(run, dataset).status == "finished"


def test_a_lack_of_memory_is_explained(tmp_path, dataset, monkeypatch):
    run = started(tmp_path / "run", dataset)

    class ResourceExhaustedError(Exception):
        pass

    class Starve(Recorder):
        def on_train_batch_end(self, batch, logs=None):
            raise ResourceExhaustedError("OOM when allocating tensor")

    with monkeypatch.context() as patched:
        patched.setattr(train, "Recorder", Starve)
        outcome = train.train(run, dataset)
    assert outcome.status == "failed" and "memory" in outcome.error.what and "batch size of 8" in outcome.error.advice
    assert train.train(run, dataset).status == "finished"


def test_another_dataset_is_refused(tmp_path, dataset):
    run = started(tmp_path / "run", dataset)
    outcome = train.train(run, blobs(80))
    assert outcome.status == "failed" and "dataset" in outcome.error.what


def test_inference_reads_the_weights_alone_and_refuses_another_model(tmp_path, dataset):
    run = started(tmp_path / "run", dataset)
    train.train(run, dataset)
    model, entry = loading.load(Run.open(tmp_path / "run"))
    weights = [a for name, a in final_weights(run).items() if name.startswith("weights")]
    assert entry.step == 15
    for variable, array in zip(model.weights, weights, strict=True):
        np.testing.assert_array_equal(read_variable(variable), array)
    other = started(tmp_path / "other", dataset, latent_size=5)
    with pytest.raises(RunFormatError):
        run.load_checkpoint(state.expected(loading.build(other), training=False), partial=True)


def test_weights_stored_as_float16_are_read_as_float32(tmp_path, dataset):
    run = started(tmp_path / "run", dataset)
    model = loading.compiled(run)
    halves = {name: a.astype(np.float16) for name, a in state.capture(model, training=False).items()}
    run.save_checkpoint(3, halves)
    loaded, _ = loading.load(run)
    for variable, array in zip(loaded.weights, halves.values(), strict=True):
        np.testing.assert_array_equal(read_variable(variable), array.astype(np.float32))


def test_a_start_that_has_no_room_leaves_nothing_behind(tmp_path, dataset, monkeypatch):
    monkeypatch.setattr(files, "free_bytes", lambda folder: 1000)
    with pytest.raises(StorageError, match="room"):
        started(tmp_path / "run", dataset)
    assert not (tmp_path / "run" / "run.json").exists()
