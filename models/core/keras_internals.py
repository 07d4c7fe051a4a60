"""Every place where this project leans on what Keras does not promise: after an update of Keras look here first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


def read_variable(variable: Any) -> NDArray[Any]:
    """A copy of a variable's values, of its shape and dtype.

    ``keras.ops.convert_to_numpy`` gives the same, with a DeprecationWarning of NumPy 2 for every variable: 68,000 in
    the tests. A bare ``np.asarray`` would not be a copy on JAX.
    """
    return np.array(np.asarray(variable))


def all_layers(model: Any, *, itself: bool = False) -> list[Any]:
    """Every layer of a model, those inside nested models too; with ``itself`` the model comes first."""
    return list(model._flatten_layers(include_self=itself))


class LayerName(NamedTuple):
    """What Keras calls a layer's kind, and whether the layer's name is no more than that.

    Layers without a name of their own are numbered in the order in which a process builds them: the same layer of the
    same model is conv2d_3 once and conv2d_41 when other models were built before.
    """

    kind: str
    automatic: bool

    @classmethod
    def of(cls, layer: Any) -> LayerName:
        """Look at a layer."""
        from keras.src.utils.naming import to_snake_case  # here, because a window is drawn before Keras loads

        kind = to_snake_case(type(layer).__name__)
        return cls(kind, layer.name == kind or layer.name.removeprefix(f"{kind}_").isdecimal())


def trained_variables(optimizer: Any) -> list[Any]:
    """The variables that an optimizer was built for, in its order."""
    return list(optimizer._trainable_variables)


def index_of(optimizer: Any, variable: Any) -> int:
    """The place of a variable among those that an optimizer was built for."""
    return int(optimizer._get_variable_index(variable))


def after_train_step(
    model: Any, answer: Any, noted: Mapping[str, Any] | None, update: Callable[[Any], dict[str, Any]]
) -> Any:
    """Update metrics after ``keras.Model.train_step`` from variables that the step has changed, on any backend.

    On JAX a step hands its state through (trainable, non-trainable, optimizer and metrics variables, as lists of
    values), so a variable's own value is that of before: the new values are looked up by the variables' places.

    Args:
        model: the model whose step it was.
        answer: what Keras' ``train_step`` returned: logs, and on JAX the state.
        noted: optimizer variables by name, or None.
        update: is given the values of ``noted`` after the step, updates metrics and returns the logs.
    """
    import keras  # here, because a window is drawn before Keras loads, and what it shows reads variables

    if keras.backend.backend() != "jax":
        return update(noted)
    _, state = answer
    metrics = dict(zip((id(v) for v in model.metrics_variables), state[3], strict=True))
    slots = dict(zip((id(v) for v in model.optimizer.variables), state[2], strict=True))
    values = None if noted is None else {name: slots[id(variable)] for name, variable in noted.items()}
    with keras.StatelessScope([(v, metrics[id(v)]) for v in model.metrics_variables]) as scope:
        logs = update(values)
    return logs, (*state[:3], [scope.get_current_value(v) for v in model.metrics_variables])


def function_around(model: Any, kind: str, step: Callable[..., Any], make: Callable[..., Any]) -> Callable[..., Any]:
    """Keras' compiled function of the kind "train" or "test" around another step than the model's own.

    Keras keeps one function of a kind and traces ``model.train_step`` or ``model.test_step`` into it, so the step is
    the model's own while ``make``, Keras' ``make_train_function`` or ``make_test_function``, makes one.
    """
    kept = getattr(model, f"{kind}_function")
    setattr(model, f"{kind}_step", step)
    try:
        make(force=True)
        made: Callable[..., Any] = getattr(model, f"{kind}_function")
    finally:
        delattr(model, f"{kind}_step")
        setattr(model, f"{kind}_function", kept)
    return made
