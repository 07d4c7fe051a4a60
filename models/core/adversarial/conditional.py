"""Conditional adversarial models: a class or attributes as an extra input of both networks.

A coding carries its condition in its last numbers (a one-hot class, or one number in [0, 1] an attribute), so that
everything that works on codings works on conditions, too: a walk between two codings may go from one class to another.

Source: M. Mirza and S. Osindero, "Conditional Generative Adversarial Nets", 2014, equation 2.
"""

from __future__ import annotations

from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from models.core.adversarial.base import Adversarial
from models.core.adversarial.config import AdversarialConfig
from models.core.arrays import Codings, Images
from models.core.errors import UserError
from models.core.family import DataSpec, names_of
from models.core.keras_internals import read_variable

Kind = Literal["class", "attributes"]
REMEMBERED = 512  # conditions of training images that codings are drawn with


class ConditionalAdversarial(Adversarial):
    """An adversarial model whose last codings are a condition; it learns from ``fit(images, labels or attributes)``.

    Args:
        config: the settings.
        spec: the shape of the images and the names of classes and attributes.
        networks: as in ``Adversarial``; the discriminator takes ``[images, conditions]``.
        kind: "class" or "attributes".
    """

    def __init__(
        self, config: AdversarialConfig, spec: DataSpec,
        networks: tuple[keras.Model, keras.Model, keras.Model | None], kind: Kind,
    ) -> None:  # fmt: skip
        self.condition_kind: Kind = kind
        self.condition_names = names_of(kind, spec)
        super().__init__(config, spec, networks, conditions=len(self.condition_names))
        shape = (REMEMBERED, self.condition_size)
        self.seen = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="seen")
        self.seen.assign(np.resize(self.preview_conditions(), shape))

    def conditions_of(self, y: Any) -> Any:
        """Labels int (b,) become one-hot, attributes (b, k) numbers: (b, k) float32.

        Raises:
            UserError: if the model is fed with images alone.
        """
        if y is None:
            raise UserError(f"A model conditioned on {self.condition_kind} learns from images together with these.")
        if self.condition_kind == "attributes":
            return ops.cast(y, "float32")
        return ops.one_hot(ops.cast(ops.reshape(y, (-1,)), "int32"), self.condition_size, dtype="float32")

    def note_step(self, conditions: Any) -> None:
        """Remember the newest conditions beside what every adversarial model notes."""
        super().note_step(conditions)
        newest = ops.concatenate([self.seen.value, conditions])[-REMEMBERED:]
        self.seen.assign(ops.reshape(newest, (REMEMBERED, self.condition_size)))

    def owned(self) -> dict[str, list[Any]]:
        """The remembered conditions belong to what is painted."""
        owned = super().owned()
        return {**owned, "generator": [*owned["generator"], self.seen]}

    # --- What it can do: the capabilities Decodes and Conditions ---

    def sample_codings(self, count: int, seed: int) -> Codings:
        """The same, with conditions of training images drawn at random: (count, latent_size)."""
        codings, rng = super().sample_codings(count, seed), np.random.default_rng([seed, 1])
        seen = read_variable(self.seen)
        codings[:, -self.condition_size :] = seen[rng.integers(0, REMEMBERED, count)]
        return codings

    def decode(self, codings: Codings) -> Images:
        """Paint codings; their conditions are brought into [0, 1] first: (n, latent_size) -> (n, h, w, c) in [0, 1]."""
        within = np.array(codings, np.float32)
        np.clip(within[:, -self.condition_size :], 0.0, 1.0, out=within[:, -self.condition_size :])
        return super().decode(within)

    def decode_with(self, codings: Codings, conditions: Codings) -> Images:
        """Paint codings with other conditions than theirs: (n, latent_size), (n, k) in [0, 1] -> (n, h, w, c)."""
        other = np.array(codings, np.float32)
        other[:, -self.condition_size :] = conditions
        return self.decode(other)

    def facts(self) -> dict[str, Any]:
        """Where the condition goes: into the last numbers of a coding."""
        begin = self.latent_size - self.condition_size
        how = "one-hot" if self.condition_kind == "class" else "1 for each attribute that it has, else 0"
        place = {"network": "generator", "input": "coding", "from": begin, "to": self.latent_size, "encoding": how}
        return {"condition": {"kind": self.condition_kind, "names": list(self.condition_names), **place}}

    def preview_conditions(self) -> Codings:
        """Each class, or each attribute alone, as a row: (k, k)."""
        return np.eye(self.condition_size, dtype=np.float32)
