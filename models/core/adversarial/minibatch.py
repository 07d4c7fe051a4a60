"""Minibatch discrimination: the discriminator sees how alike the images of a batch are.

Source: T. Salimans et al., "Improved Techniques for Training GANs", 2016, section 3.2.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("studio")
class MinibatchDiscrimination(layers.Layer):
    """Appends to each image's features how near it is to the other images of its batch.

    With M_i = f(x_i) T, a matrix of ``kernels`` rows of ``dimensions`` numbers:

        o(x_i)_b = sum over j != i of exp(-sum_c |M_ibc - M_jbc|)

    Real and fake images must come in separate calls: a batch of both would give the fakes away by itself.

    Args:
        kernels: B, how many numbers are appended.
        dimensions: C, how many numbers each of them compares.
        seed: of the weights T.
    """

    def __init__(self, kernels: int, dimensions: int, seed: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.kernels = kernels
        self.dimensions = dimensions
        self.seed = seed

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make T, (features, kernels * dimensions)."""
        init = keras.initializers.GlorotUniform(seed=self.seed)
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.kernels * self.dimensions), initializer=init, name="kernel"
        )

    def call(self, features: Any) -> Any:
        """(b, features) -> (b, features + kernels)."""
        m = ops.reshape(ops.matmul(features, self.kernel), (-1, self.kernels, self.dimensions))
        distance = ops.sum(ops.abs(m[:, None] - m[None]), axis=-1)  # (b, b, kernels)
        nearness = ops.sum(ops.exp(-distance), axis=1) - 1.0  # without the image itself, which is at distance 0
        return ops.concatenate([features, nearness], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(b, features + kernels)."""
        return (*input_shape[:-1], int(input_shape[-1] or 0) + self.kernels)

    def get_config(self) -> dict[str, Any]:
        """What the layer can be made again from."""
        own = {"kernels": self.kernels, "dimensions": self.dimensions, "seed": self.seed}
        return {**super().get_config(), **own}
