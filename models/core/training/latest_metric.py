"""A metric that is not a mean: the value of the last step, such as how far a network has grown."""

from __future__ import annotations

from typing import Any

import keras


class Latest(keras.metrics.Metric):
    """Holds what it was last given; a curve shows it as it is instead of as a mean since the last point."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.value = self.add_variable(shape=(), initializer="zeros", name="value")

    def update_state(self, value: Any, sample_weight: Any = None) -> None:
        """Take a new value; a weight changes nothing."""
        self.value.assign(value)

    def result(self) -> Any:
        """The last value as a number of its own: the variable itself would be 0 again once the metric is reset."""
        return self.value + 0.0
