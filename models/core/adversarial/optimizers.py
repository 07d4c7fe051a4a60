"""Keras' optimizers for two networks that learn against each other: a learning rate and a gradient norm for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from models.core.adam import Adam
from models.core.keras_internals import index_of, trained_variables


class _PerNetwork:
    """Mixed into an optimizer of Keras: scales each network's learning rate and notes its gradient norm.

    Args:
        factors: by network, what the learning rate is multiplied with.
        network_of: names the network that a variable belongs to.
        arguments: those of the Keras optimizer; ``learning_rate`` can be set later, the factors stay.

    ``norms`` holds the Euclidean norm of each network's last gradient. It is part of ``variables``, so that a
    checkpoint keeps it.
    """

    built: bool

    def __init__(self, factors: Mapping[str, float], network_of: Callable[[Any], str], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._network_names, self._rates = tuple(factors), tuple(float(factor) for factor in factors.values())
        self._network_of = network_of
        self._place: tuple[int, ...] = ()  # of each variable's network in _network_names
        self._norms: list[Any] = []
        self._slots: list[tuple[str, Any]] = []  # of each network, in the order in which Keras made them

    @property
    def norms(self) -> dict[str, Any]:
        """The scalar variables that hold each network's gradient norm, by its name."""
        return dict(zip(self._network_names, self._norms, strict=True))

    def build(self, variables: list[Any]) -> None:
        """Make the slots of the Keras optimizer, and one scalar a network."""
        if self.built:
            return
        super().build(variables)  # type: ignore[misc]
        self._place = tuple(self._network_names.index(self._network_of(variable)) for variable in variables)
        self._norms = [self._scalar(f"{name}_gradient") for name in self._network_names]

    def add_variable_from_reference(self, reference_variable: Any, *arguments: Any, **named: Any) -> Any:
        """Keras' own; the network that the new slot belongs to is remembered."""
        slot = super().add_variable_from_reference(reference_variable, *arguments, **named)  # type: ignore[misc]
        self._slots.append((self._network_of(reference_variable), slot))
        return slot

    def owned(self) -> dict[str, list[Any]]:
        """Slots and norm of each network, by its name; the count of the steps belongs to both and is not among them."""
        slots = {name: [slot for owner, slot in self._slots if owner == name] for name in self._network_names}
        return {name: [*slots[name], norm] for name, norm in self.norms.items()}

    def _scalar(self, name: str) -> Any:
        return self.add_variable(shape=(), name=name)  # type: ignore[attr-defined]

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        """Note the norms, then let the Keras optimizer do its step.

        A variable that took no part in the step has the gradient 0, as on JAX, where TensorFlow says None.
        """
        known = trained_variables(self) if trainable_variables is None else list(trainable_variables)
        grads = [ops.zeros_like(v) if g is None else g for g, v in zip(grads, known, strict=True)]
        if not self.built:
            self.build(known)
        squares: list[list[Any]] = [[] for _ in self._network_names]
        for gradient, variable in zip(grads, known, strict=True):
            squares[self._place[index_of(self, variable)]].append(ops.sum(ops.square(gradient)))
        for norm, parts in zip(self._norms, squares, strict=True):
            norm.assign(ops.sqrt(sum(parts)))
        return super().apply(grads, trainable_variables)  # type: ignore[misc]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One variable's step of the Keras optimizer, with its network's learning rate."""
        factor = self._rates[self._place[index_of(self, variable)]]
        super().update_step(gradient, variable, learning_rate * factor)  # type: ignore[misc]


class TwoRatesRMSprop(_PerNetwork, keras.optimizers.RMSprop):
    """RMSprop with a learning rate for each network."""


class TwoRatesAdam(_PerNetwork, Adam):
    """Adam with a learning rate for each network."""


class TwoRatesNadam(_PerNetwork, keras.optimizers.Nadam):
    """Nadam with a learning rate for each network."""


OPTIMIZERS: dict[str, Any] = {"rmsprop": TwoRatesRMSprop, "adam": TwoRatesAdam, "nadam": TwoRatesNadam}
