"""A learning rate that rises and falls: its formula, what it does to a step, and a training that was interrupted."""

import keras
import numpy as np
import pytest
from keras import ops

from models import ddpm
from models.core.diffusion.learning_rate import FALL, WARM_UP, FallingAdam
from models.core.errors import ConfigError
from models.core.family import DataSpec
from models.core.training import train
from models.core.training.recorder import StopRequest
from tests.tools.diffusers import TINY
from tests.tools.images import blobs
from tests.tools.trainings import final_weights, same, stop_at

SETTINGS = {"size": "small", "timesteps": 100, "batch_size": 8, "ema": 0, "rate_schedule": "falling"}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(ddpm.SIZES, "small", TINY)


def test_the_rate_rises_stays_and_falls_to_nothing():
    optimizer = FallingAdam(learning_rate=0.1)
    optimizer.steps = 4_000
    found = [float(optimizer.factor(done)) for done in (0, WARM_UP // 2 - 1, WARM_UP, 2_400, 3_200, 4_000, 9_000)]
    np.testing.assert_allclose(found, [1 / WARM_UP, 0.5, 1.0, 1.0, 0.5, 0.0, 0.0], atol=1e-6)
    optimizer.steps = None  # nobody said when it ends: a fit() of one's own
    assert float(optimizer.factor(9_000)) == 1.0 and FALL < 1


def test_a_step_is_as_long_as_the_rate_allows():
    moved = {}
    for done in (0, WARM_UP, 1_000):
        optimizer = FallingAdam(learning_rate=0.1, beta_1=0.0, beta_2=0.0)  # whose step is the rate's, without memory
        optimizer.steps = 1_000
        variable = keras.Variable(ops.zeros((1,)))
        optimizer.build([variable])
        optimizer.iterations.assign(done)
        optimizer.apply([ops.ones((1,))], [variable])
        moved[done] = -float(variable[0])
    np.testing.assert_allclose(list(moved.values()), [0.1 / WARM_UP, 0.1, 0.0], rtol=1e-4)


def test_an_interrupted_training_ends_with_the_same_weights(tmp_path, monkeypatch):
    dataset = blobs(32, (8, 8, 1))
    config = ddpm.CONFIG(**SETTINGS, epochs=3)
    whole, run = (train.start(tmp_path / name, "ddpm", config, dataset) for name in ("whole", "paused"))
    assert train.train(whole, dataset).status == "finished"
    stop = StopRequest()
    with monkeypatch.context() as patched:
        patched.setattr(train, "Recorder", stop_at(5, stop))
        assert train.train(run, dataset, stop=stop).status == "paused"
    assert train.train(run, dataset).status == "finished"
    assert same(final_weights(whole), final_weights(run))


def test_the_textbook_s_network_keeps_its_optimizer():
    with pytest.raises(ConfigError, match="must be constant"):
        ddpm.build(ddpm.CONFIG(rate_schedule="falling"), DataSpec((8, 8, 1)))


def test_captions_suggest_text_to_image_and_names_of_classes_do_not():
    spoken = DataSpec((64, 64, 3), words=("a", "face"), examples=("a face",))
    suggested = ddpm.suggest(spoken)
    assert suggested["condition"] == "text" and suggested["patch"] == "4"
    assert ddpm.suggest(DataSpec((32, 32, 3), words=("a", "face")))["patch"] == "2"
    assert "condition" not in ddpm.suggest(DataSpec((64, 64, 3), 1, (), ("face",), ("a", "face")))
    model = ddpm.build(ddpm.CONFIG(**{**suggested, "size": "small"}), spoken)
    model.compile(optimizer=model.make_optimizer())
    model.plan(77)
    assert model.optimizer.steps == 77
