"""The sparse family: the penalty on activity, changing it while training, and a record that remembers."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from models import sparse
from models.core import datasets, loading, state
from models.core.capabilities import HasSparsity, capabilities
from models.core.errors import ConfigError
from models.core.evaluation import metrics
from models.core.family import DataSpec
from models.core.keras_internals import read_variable
from models.core.record import Run
from models.core.training import train
from models.core.training.messages import Changes, Hooks, Progress, StopRequest

SPEC = DataSpec((8, 8, 1))
IMAGES = np.random.default_rng(0).random((96, 8, 8, 1), np.float32)


def made(**values: object) -> sparse.SparseAutoencoder:
    return sparse.build(sparse.CONFIG(latent_size=20, **values), SPEC)


def fitted(**values: object) -> tuple[sparse.SparseAutoencoder, dict[str, list[float]]]:
    model = made(**values)
    model.compile(optimizer=model.make_optimizer())
    return model, model.fit(IMAGES, batch_size=32, epochs=2, verbose=0, validation_data=(IMAGES,)).history


def test_it_can_do_what_its_panels_need() -> None:
    assert capabilities(made()) == {"Reconstructs", "Encodes", "Decodes", "HasSparsity"}


@pytest.mark.parametrize("target", [0.05, 0.1, 0.5])
def test_kl_is_the_textbook_formula(target: float) -> None:
    activations = np.random.default_rng(1).random((16, 7)).astype(np.float32)
    q = activations.astype(np.float64).mean(axis=0)
    wanted = (target * np.log(target / q) + (1 - target) * np.log((1 - target) / (1 - q))).sum()
    found = float(sparse.kl_penalty(ops.convert_to_tensor(activations), target))
    assert found == pytest.approx(wanted, rel=1e-4)


def test_kl_is_zero_on_target_and_finite_where_a_unit_is_always_or_never_active() -> None:
    assert float(sparse.kl_penalty(ops.full((4, 3), 0.1), 0.1)) == pytest.approx(0.0, abs=1e-6)
    assert np.isfinite(float(sparse.kl_penalty(ops.convert_to_tensor([[0.0, 1.0]]), 0.1)))


def test_the_figure_draws_the_price_that_is_paid_and_two_others() -> None:
    figure = sparse.costs(0.1)
    lines = {name: np.array(heights) for name, heights in figure.lines}
    for place in (3, 60, 150):
        paid = float(sparse.kl_penalty(ops.full((1, 1), figure.x[place]), 0.1))
        assert lines["KL divergence"][place] == pytest.approx(paid, abs=1e-5)
    q = np.array(figure.x)
    assert np.allclose(lines["MSE"], (q - 0.1) ** 2) and np.allclose(lines["MAE"], abs(q - 0.1))
    assert figure.mark[0] == 0.1 and sparse.ABOUT.figure == figure


def test_l1_is_the_mean_over_images_of_the_sum_over_units() -> None:
    activations = np.random.default_rng(1).random((16, 7)).astype(np.float32)
    found = float(sparse.l1_penalty(ops.convert_to_tensor(activations)))
    assert found == pytest.approx(np.abs(activations).sum(axis=1).mean(), rel=1e-5)


@pytest.mark.parametrize("penalty", ["l1", "kl"])
def test_plain_fit_learns_and_the_curves_add_up(penalty: str) -> None:
    model, history = fitted(penalty=penalty)
    assert {"loss", "reconstruction", "penalty", "mean_activation", "share_active", "val_penalty"} <= set(history)
    parts = np.add(history["reconstruction"], history["penalty"])
    np.testing.assert_allclose(history["loss"], parts, rtol=1e-4)
    assert history["val_loss"][-1] < history["val_loss"][0]
    means = model.unit_means(IMAGES)
    assert means.shape == (20,)
    np.testing.assert_allclose(means.mean(), history["val_mean_activation"][-1], rtol=1e-3)
    assert model.unit_activations(IMAGES[:3]).shape == (3, 20)


def test_codings_are_drawn_from_what_training_saw() -> None:
    model, _ = fitted()
    codings = model.sample_codings(400, 3)
    np.testing.assert_array_equal(codings, model.sample_codings(400, 3))
    mean, square = read_variable(model.usual)
    assert codings.min() >= 0 and codings.max() <= 1
    np.testing.assert_allclose(codings.mean(axis=0), mean, atol=0.03)  # cut at 0, so a little more
    np.testing.assert_allclose(codings.std(axis=0), np.sqrt(np.maximum(square - mean**2, 0)), atol=0.03)
    generated = model.decode(codings[:5])
    assert generated.shape == (5, 8, 8, 1) and generated.min() >= 0 and generated.max() <= 1


@pytest.mark.parametrize("penalty", ["l1", "kl"])
def test_units_begin_as_the_textbooks_do_whatever_the_target(penalty: str) -> None:
    model = made(target=0.1, penalty=penalty)
    biases = [variable for variable in model.trainable_variables if variable.name == "bias"]
    assert len(biases) == 4 and not any(read_variable(bias).any() for bias in biases)
    nothing = np.zeros((4, 8, 8, 1), np.float32)
    np.testing.assert_allclose(model.unit_means(nothing), 0.5, atol=1e-6)
    paid = float(sparse.kl_penalty(ops.convert_to_tensor(model.encode(nothing)), 0.1))
    assert paid > 5  # far from 0: the units have something to learn


def test_sparseness_tells_a_constant_from_a_sparse_coding_of_the_same_mean() -> None:
    constant = np.full((5, 100), 0.1, np.float32)
    few = np.zeros((5, 100), np.float32)
    few[:, :10] = 1.0
    assert metrics.sparseness(constant) == {"hoyer": pytest.approx(0.0, abs=1e-6), "share_active": 0.0,
                                            "share_quiet": 0.0}  # fmt: skip
    assert metrics.sparseness(few) == {"hoyer": pytest.approx((10 - 10**0.5) / 9), "share_active": 0.1,
                                       "share_quiet": 0.9}  # fmt: skip
    one = np.eye(4, dtype=np.float32)
    assert metrics.sparseness(one)["hoyer"] == pytest.approx(1.0)
    for values in (constant, few, one, np.zeros((2, 3), np.float32)):
        wanted = metrics.sparseness(values)["hoyer"]
        assert float(ops.mean(sparse.hoyer(ops.convert_to_tensor(values)))) == pytest.approx(wanted, abs=1e-5)


def test_what_fit_records_of_sparsity_is_what_the_codings_are() -> None:
    model, history = fitted()
    found = metrics.sparseness(model.encode(IMAGES))
    for name, value in found.items():
        assert history[f"val_{name}"][-1] == pytest.approx(value, abs=1e-4), name
    assert {name for group in sparse.CURVES for name in group.metrics} >= set(found)


def test_a_changed_price_counts_from_the_next_batch_on() -> None:
    model, _ = fitted(penalty="l1")
    before = model.train_on_batch(IMAGES, return_dict=True)["penalty"]
    model.set_sparsity(1.0, 0.3)
    model.reset_metrics()
    after = model.train_on_batch(IMAGES, return_dict=True)["penalty"]
    assert after > 1000 * before
    assert model.sparsity() == (1.0, pytest.approx(0.3))


@pytest.mark.parametrize(("weight", "target"), [(-0.1, 0.1), (11, 0.1), (0.1, 0), (0.1, 1), (float("nan"), 0.5)])
def test_a_price_out_of_range_is_refused_where_it_is_asked_for(weight: float, target: float) -> None:
    model = made()
    with pytest.raises(ConfigError):
        model.set_sparsity(weight, target)
    with pytest.raises(ConfigError):
        Changes().sparsity(weight, target)


def test_the_newest_wish_wins_and_is_taken_once() -> None:
    changes = Changes()
    changes.sparsity(0.1, 0.2)
    changes.sparsity(0.3, 0.4)
    assert changes.take() == (0.3, 0.4)
    assert changes.take() is None


def started(folder: Path, **values: object) -> tuple[Run, datasets.Dataset]:
    dataset = datasets.load("digits")
    config = sparse.CONFIG(latent_size=20, epochs=2, batch_size=64, **values)
    return train.start(folder, "sparse", config, dataset), dataset


def weights(run: Run) -> dict[str, np.ndarray]:
    model = loading.compiled(run)
    return run.load_checkpoint(state.expected(model, training=True))[1]


def change_at(step: int, changes: Changes, stop: StopRequest | None = None) -> Hooks:
    def look(progress: Progress) -> None:
        if progress.step == step and progress.phase == "training":
            changes.sparsity(0.02, 0.3)
            if stop:
                stop.ask()

    return Hooks(progress=look)


class EveryStep(Changes):
    """Asks for a change at one step and, if wanted, for a stop some steps later; does not depend on the clock."""

    def __init__(self, at: int, stop: StopRequest, stop_at: int = 0) -> None:
        super().__init__()
        self.at, self.stop, self.stop_at, self.seen = at, stop, stop_at, 0

    def take(self) -> tuple[float, float] | None:
        self.seen += 1
        if self.seen == self.stop_at:
            self.stop.ask()
        return (0.02, 0.3) if self.seen == self.at else super().take()


def test_a_change_while_training_is_noted_and_survives_stop_and_resume(tmp_path: Path) -> None:
    straight, dataset = started(tmp_path / "straight")
    with straight:
        train.train(straight, dataset, changes=EveryStep(5, StopRequest()))
        wanted = weights(straight)

    broken, dataset = started(tmp_path / "broken")
    stop = StopRequest()
    with broken:
        assert train.train(broken, dataset, stop=stop, changes=EveryStep(5, stop, 9)).status == "paused"
    with Run.open(tmp_path / "broken", write=True) as again:
        assert train.train(again, dataset).status == "finished"
        found = weights(again)
        model, _ = loading.load(again)
    assert isinstance(model, HasSparsity)
    assert model.sparsity() == (pytest.approx(0.02), pytest.approx(0.3))
    assert wanted.keys() == found.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(array, found[name], err_msg=name)
    event = json.loads((tmp_path / "broken" / "events.jsonl").read_text().splitlines()[0])
    assert event["kind"] == "sparsity" and event["values"] == {"step": 5, "weight": 0.02, "target": 0.3}


def test_a_change_is_in_a_checkpoint_at_once(tmp_path: Path) -> None:
    """A process that is killed after the change goes on with it: the checkpoint of that very step has it."""
    run, dataset = started(tmp_path / "run")
    stop = StopRequest()

    class Killed(BaseException):
        pass

    class Kill(EveryStep):
        def take(self) -> tuple[float, float] | None:
            if self.seen == 6:
                raise Killed
            return super().take()

    with run, pytest.raises(Killed):
        train.train(run, dataset, changes=Kill(5, stop))
    model, entry = loading.load(Run.open(tmp_path / "run"))
    assert entry.step == 5
    assert model.sparsity() == (pytest.approx(0.02), pytest.approx(0.3))


def test_a_run_shows_units_and_price(tmp_path: Path) -> None:
    run, dataset = started(tmp_path / "run")
    with run:
        train.train(run, dataset)
        last = run.stats()[-1]
    assert last["sparsity"]["target"] == pytest.approx(0.1)
    assert np.shape(last["sparsity"]["activations"]) == (24, 20)
    assert np.shape(last["codings"]["mean"]) == (20,)
    measured = metrics.sparseness(np.array(last["sparsity"]["activations"]))
    for name, value in measured.items():  # of 24 images there, of up to 512 here
        assert last["sparsity"][name] == pytest.approx(value, abs=0.1)


def test_keras_callbacks_work() -> None:
    model = made()
    model.compile(optimizer=model.make_optimizer())
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=1, min_delta=1e9)  # nothing is ever good enough
    model.fit(IMAGES, epochs=5, verbose=0, validation_data=(IMAGES,), callbacks=[stopping])
    assert stopping.stopped_epoch == 1
