"""Experience replay: the discriminator keeps seeing old fakes, so that the generator cannot go round in circles.

Source: A. Shrivastava et al., "Learning from Simulated and Unsupervised Images through Adversarial Training", 2017,
section 2.3 (half of their batch comes from a buffer whose images are replaced at random).
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


class Replay(layers.Layer):
    """A buffer of old fakes. It is made of weights that are not trained, so that a checkpoint holds it.

    Args:
        shape: of an image, (height, width, channels) in [0, 1]; kept as bytes.
        conditions: how many numbers condition an image; 0 if it has no condition.
        size: how many fakes are kept; at least as many as a batch replays.
        share: of a batch that old fakes replace, 0 to 1; kept in hundredths.
        seed: of the places in the buffer.
    """

    def __init__(self, shape: tuple[int, int, int], conditions: int, size: int, share: float, seed: int) -> None:
        super().__init__(name="replay", trainable=False)
        self.size, self.hundredths = size, round(share * 100)
        self.places = keras.random.SeedGenerator(seed)
        self.images = self._kept((size, *shape), "uint8", "images")
        self.conditions = self._kept((size, conditions), "float32", "conditions") if conditions else None
        self.filled = self._kept((size,), "uint8", "filled")
        self.built = True

    def _kept(self, shape: tuple[int, ...], dtype: str, name: str) -> Any:
        return self.add_weight(shape=shape, dtype=dtype, initializer="zeros", trainable=False, name=name)

    def call(self, images: Any, conditions: Any = None) -> tuple[Any, Any]:
        """Put the first fakes of a batch into the buffer and give those back that lay there.

        Places that nothing was put into yet give the new fake back.

        Args:
            images: (b, height, width, channels) in [0, 1], without gradient.
            conditions: (b, conditions), or None.

        Returns:
            Images and conditions of the batch, the first ``share`` of them old.
        """
        count = ops.shape(images)[0] * self.hundredths // 100
        places = keras.random.shuffle(ops.arange(self.size, dtype="int32"), seed=self.places)[:count]  # all different
        known = ops.take(self.filled, places, axis=0) > 0  # (count,)
        new = ops.cast(ops.round(ops.clip(images[:count], 0.0, 1.0) * 255.0), "uint8")
        old = ops.cast(ops.take(self.images, places, axis=0), "float32") / 255.0
        old = ops.where(known[:, None, None, None], old, images[:count])
        self.images.assign(ops.scatter_update(self.images.value, places[:, None], new))
        if self.conditions is not None:
            before = ops.where(known[:, None], ops.take(self.conditions, places, axis=0), conditions[:count])
            self.conditions.assign(ops.scatter_update(self.conditions.value, places[:, None], conditions[:count]))
            conditions = ops.concatenate([before, conditions[count:]])
        self.filled.assign(ops.scatter_update(self.filled.value, places[:, None], ops.ones_like(places, "uint8")))
        return ops.concatenate([old, images[count:]]), conditions
