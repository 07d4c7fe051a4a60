"""Adam as Keras has it, with what is the same for all variables computed once a step.

Keras corrects the bias of its means anew for each variable: half of the operations of a step, and networks of some
hundred variables take seconds to be traced before they learn anything. Here that is one number a step.

Source: D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2014, arXiv:1412.6980, algorithm 1 with
the order of operations at the end of its section 2.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class Adam(keras.optimizers.Adam):
    """Keras' Adam without its option ``amsgrad``; the arguments are Keras' own.

    ``factor`` is for optimizers whose learning rate changes with the steps.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(amsgrad=False, **{"name": "adam", **arguments})
        self._correction: Any = None  # of the step that is being made

    def factor(self, done: Any) -> Any:
        """What the learning rate is multiplied with after so many steps."""
        return 1.0

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        """Keras' own step."""
        step = ops.cast(self.iterations, "float32") + 1.0
        correction = ops.sqrt(1.0 - ops.power(self.beta_2, step)) / (1.0 - ops.power(self.beta_1, step))
        self._correction = correction * self.factor(self.iterations)
        try:
            return super().apply(grads, trainable_variables)
        finally:
            self._correction = None  # belongs to a trace, which would live as long as it is known

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One variable's step: m and v are the running means of gradient and square gradient."""
        place = self._get_variable_index(variable)
        m, v = self._momentums[place], self._velocities[place]
        self.assign_add(m, (gradient - m) * (1.0 - self.beta_1))
        self.assign_add(v, (ops.square(gradient) - v) * (1.0 - self.beta_2))
        rate = ops.cast(learning_rate, variable.dtype) * self._correction
        self.assign_sub(variable, rate * m / (ops.sqrt(v) + self.epsilon))
