"""The state of a model as plain arrays by name, and back: what a checkpoint holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from models.core.disk.npz import Arrays, Expected
from models.core.keras_internals import read_variable


def settle(model: Any) -> None:
    """On JAX ``fit`` keeps the state outside the variables; bring it back before anybody reads them."""
    sync = getattr(model, "jax_state_sync", None)
    if sync is not None:
        sync()


def _groups(model: Any, training: bool) -> Iterable[tuple[str, list[Any]]]:
    """Variables by group, in the order in which our own code made them: names of Keras change from build to build."""
    variables = list(model.variables)
    yield "weights", [v for v in variables if not _is_random(v)]
    if training:
        yield "random", [v for v in variables if _is_random(v)]
        yield "optimizer", list(model.optimizer.variables)
        yield "metrics", list(model.metrics_variables)


def _is_random(variable: Any) -> bool:
    return "seed_generator" in variable.path


def _named(model: Any, training: bool) -> Iterable[tuple[str, Any]]:
    for group, variables in _groups(model, training):
        for index, variable in enumerate(variables):
            yield f"{group}/{index:04d}", variable


def _dtype(name: str, variable: Any) -> np.dtype[Any]:
    """Random state is kept as int64 whatever the backend uses, so that a run can change its backend."""
    return np.dtype(np.int64) if name.startswith("random/") else np.dtype(str(variable.dtype))


def expected(model: Any, *, training: bool) -> Expected:
    """Names, shapes and dtypes that a checkpoint of this model must hold; without ``training`` the weights alone."""
    return {name: (tuple(v.shape), _dtype(name, v)) for name, v in _named(model, training)}


def capture(model: Any, *, training: bool = True) -> Arrays:
    """Copy what training needs to go on exactly: weights, random state, optimizer slots, metrics; or weights alone."""
    settle(model)
    return {name: np.asarray(read_variable(v), _dtype(name, v)) for name, v in _named(model, training)}


def restore(model: Any, arrays: Arrays, *, training: bool) -> None:
    """Write arrays back into a model built and compiled by the same code."""
    for name, variable in _named(model, training):
        variable.assign(arrays[name].astype(str(variable.dtype)))


def put_back(model: Any, before: Arrays) -> None:
    """Undo what a validation did to the state that is not trained: random draws and moving averages."""
    settle(model)
    for name, variable in _named(model, True):
        if name.startswith(("weights/", "random/")) and not variable.trainable:
            variable.assign(before[name].astype(str(variable.dtype)))


def restore_metrics(model: Any, arrays: Arrays) -> None:
    """Bring the running means of a half-finished epoch back."""
    for name, variable in _named(model, True):
        if name.startswith("metrics/"):
            variable.assign(arrays[name])
