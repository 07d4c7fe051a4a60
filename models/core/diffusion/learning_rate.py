"""Adam whose learning rate rises at the beginning of a training and falls towards its end."""

from __future__ import annotations

from typing import Any

from keras import ops

from models.core.adam import Adam

WARM_UP = 200  # steps in which the rate rises: Adam's first steps are as long as it, whatever the gradients
FALL = 0.4  # share of the training, its end, in which the rate falls to 0: the noise of the last steps is averaged away


class FallingAdam(Adam):
    """Adam, warmed up, with a linear fall at the end once ``steps`` is known.

    Source: A. Defazio et al., "When, Why and How Much? Adaptive Learning Rate Scheduling by Refinement", 2023.

    Attributes:
        steps: how many the training will have in all; None lets the rate stay. It is to be set before the first step.
    """

    steps: int | None = None

    def factor(self, done: Any) -> Any:
        """What the learning rate is multiplied with after so many steps, in 0..1."""
        rise = ops.minimum((ops.cast(done, "float32") + 1.0) / WARM_UP, 1.0)
        if self.steps is None:
            return rise
        left = (self.steps - ops.cast(done, "float32")) / (FALL * self.steps)
        return ops.minimum(rise, ops.clip(left, 0.0, 1.0))
