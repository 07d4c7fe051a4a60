"""Our Adam: Keras' own numbers, in fewer operations."""

import keras
import numpy as np
import pytest
from keras import ops

from models.core.adam import Adam
from models.core.adversarial.optimizers import TwoRatesAdam

SHAPES = ((3, 4), (5,), ())


def moved(optimizer, steps=6):
    """The variables after some steps with gradients of very different sizes."""
    draws = np.random.default_rng(1)
    variables = [keras.Variable(ops.ones(shape)) for shape in SHAPES]
    optimizer.build(variables)
    for step in range(steps):
        gradients = [draws.standard_normal(shape, np.float32) * 10.0 ** (step - 3) for shape in SHAPES]
        optimizer.apply([ops.convert_to_tensor(np.asarray(one)) for one in gradients], variables)
    return np.concatenate([np.asarray(variable).ravel() for variable in variables])


@pytest.mark.parametrize("arguments", [{}, {"global_clipnorm": 1.0}, {"beta_1": 0.5, "epsilon": 1e-3}, {"beta_1": 0.0}])
def test_it_moves_variables_as_keras_adam_does(arguments):
    ours, theirs = (kind(learning_rate=0.01, **arguments) for kind in (Adam, keras.optimizers.Adam))
    np.testing.assert_allclose(moved(ours), moved(theirs), rtol=2e-6)


def test_two_rates_are_two_learning_rates():
    fast = moved(TwoRatesAdam({"one": 2.0, "other": 1.0}, lambda variable: "one", learning_rate=0.01))
    np.testing.assert_allclose(fast, moved(keras.optimizers.Adam(learning_rate=0.02)), rtol=2e-6)


def test_the_largest_of_all_square_gradients_is_not_offered():
    with pytest.raises(TypeError, match="amsgrad"):
        Adam(learning_rate=0.01, amsgrad=True)


def test_no_trace_outlives_its_step():
    optimizer = Adam(learning_rate=0.01)
    moved(optimizer)
    assert optimizer._correction is None
