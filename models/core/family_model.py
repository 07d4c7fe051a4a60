"""What every family's model is beside its own mathematics: a model that Keras can copy and write, and that can be told.

``get_config`` holds the settings and the shape of the data, from which ``build`` of the family makes the model again;
so ``clone_model``, ``save`` and ``ModelCheckpoint`` work. ``fit``, ``evaluate`` and ``predict`` take images as datasets
hold them (uint8) or as functions hand them on (float32 in [0, 1]). ``ports`` and ``facts`` say what a program that
opens an exported network must know.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Mapping
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from models.core.contract import Contract
from models.core.errors import UserError
from models.core.family import DataSpec
from models.core.keras_internals import read_variable

ROWS = 64  # of an array that are looked at before a fit


@dataclasses.dataclass(frozen=True)
class Port:
    """What goes into an exported network or comes out of it.

    Attributes:
        meaning: for a person, one line.
        low, high: the range of its values, None where there is no bound.
        clip: whether values may lie outside and are to be clipped to the range.
    """

    meaning: str
    low: float | None = None
    high: float | None = None
    clip: bool = False


IMAGE = Port("images, (n, height, width, channels)", 0.0, 1.0)
CLIPPED = dataclasses.replace(IMAGE, clip=True)


def denoiser_ports(kind: str, strengths: tuple[float, float]) -> dict[str, Port]:
    """Of a denoiser that learned with this kind of noise at strengths from the first to the second."""
    clean = dataclasses.replace(CLIPPED, meaning="clean images; the sides of noisy ones are multiples of 4")
    level = Port(f"strength of the {kind} noise in each image", *strengths)
    return {"image": CLIPPED, "coding": Port("coding of an image", 0.0), "clean": clean, "level": level}


class FamilyModel(Contract, keras.Model):
    """A family's whole model; ``config`` and ``spec`` are what it was built from."""

    # names of the outputs of each network in ``parts()``, in the order of the alphabet: TensorFlow sorts them
    OUTPUTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "encoder": ("coding",), "decoder": ("image",), "generator": ("image",), "denoiser": ("clean",),
    }  # fmt: skip

    config: Any
    spec: DataSpec

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        keras.saving.register_keras_serializable("studio")(cls)

    # --- Copied and written by Keras ---

    def get_config(self) -> dict[str, Any]:
        """Settings and shape of the data, as JSON holds them."""
        spec = json.loads(json.dumps(dataclasses.asdict(self.spec)))
        return {"config": self.config.model_dump(mode="json"), "spec": spec}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Build the model again, with new weights.

        Raises:
            ConfigError: if the settings do not suit the data.
        """
        family = importlib.import_module(cls.__module__)
        spec: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in config["spec"].items()}
        return family.build(family.CONFIG(**config["config"]), DataSpec(**spec))

    def get_compile_config(self) -> Any:
        """Keras' own; an optimizer of the family is made again by ``make_optimizer``."""
        if self.compiled and not type(self.optimizer).__module__.startswith("keras."):
            rate = float(read_variable(self.optimizer.learning_rate))
            return {"family_optimizer": {"learning_rate": rate}, "jit_compile": self.jit_compile}
        return super().get_compile_config()

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as the model was, with slots that a file's can be read into."""
        if "family_optimizer" not in config:
            super().compile_from_config(config)
            return
        optimizer = self.make_optimizer()
        self.compile(optimizer=optimizer, jit_compile=config["jit_compile"])
        optimizer.learning_rate = config["family_optimizer"]["learning_rate"]
        optimizer.build(self.trainable_variables)

    def plan(self, left: int) -> None:
        """Told before a training how many steps are left to be done; for those whose settings change with them."""

    def make_optimizer(self) -> Any:
        """The optimizer that the settings ask for."""
        raise NotImplementedError

    # --- Images as datasets hold them ---

    def fit(self, x: Any = None, *arguments: Any, **named: Any) -> Any:
        """Keras' own, on images uint8 or float32 in [0, 1].

        Raises:
            UserError: if an array holds something else.
        """
        check_images(x)
        if self.optimizer is not None and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)  # a step that makes its slots itself is traced twice
        return super().fit(x, *arguments, **named)

    def evaluate(self, x: Any = None, *arguments: Any, **named: Any) -> Any:
        """Keras' own, on images uint8 or float32 in [0, 1].

        Raises:
            UserError: if an array holds something else.
        """
        check_images(x)
        return super().evaluate(x, *arguments, **named)

    def train_step(self, *arguments: Any) -> Any:
        """Keras' own; the batch comes last, on JAX after the state."""
        return super().train_step(*arguments[:-1], as_floats(arguments[-1]))

    def test_step(self, *arguments: Any) -> Any:
        """Keras' own."""
        return super().test_step(*arguments[:-1], as_floats(arguments[-1]))

    def predict_step(self, *arguments: Any) -> Any:
        """Keras' own."""
        return super().predict_step(*arguments[:-1], as_floats(arguments[-1]))

    # --- What another program must know of the exported networks ---

    def ports(self) -> dict[str, Port]:
        """What the inputs and outputs of the networks in ``parts()`` mean, by name."""
        return {"image": IMAGE, "coding": Port("coding of an image; sample new ones from N(0, I)")}

    def facts(self) -> dict[str, Any]:
        """What else is needed to use them, as JSON holds it: conditions, schedules, scales."""
        return {}


def check_images(x: Any) -> None:
    """Refuse an array of images that is neither uint8 nor float in [0, 1]; some of its rows are looked at.

    Raises:
        UserError: saying what it holds and what is wanted.
    """
    if not isinstance(x, np.ndarray) or not len(x) or x.dtype == np.uint8:
        return
    if not np.issubdtype(x.dtype, np.floating):
        raise _unwanted(f"are {x.dtype}")
    some = x[:: max(1, len(x) // ROWS)]
    low, high = float(some.min()), float(some.max())
    if not (low >= -1e-3 and high <= 1.0 + 1e-3):  # also if one of them is not a number
        raise _unwanted(f"reach from {low:g} to {high:g}")


def as_floats(batch: Any) -> Any:
    """Images of a batch, alone or first in a tuple, as float32 in [0, 1]; uint8 is divided by 255.

    Raises:
        UserError: if they are of another kind.
    """
    if isinstance(batch, tuple):
        return (as_floats(batch[0]), *batch[1:])
    kind = keras.backend.standardize_dtype(batch.dtype)
    if kind == "uint8":
        return ops.cast(batch, "float32") / 255.0
    if "float" not in kind:
        raise _unwanted(f"are {kind}")
    return batch


def _unwanted(found: str) -> UserError:
    advice = "Divide numbers from 0 to 255 by 255, or hand them over as uint8."
    return UserError(f"Images must be float32 in [0, 1] or uint8 from 0 to 255; these {found}.", advice=advice)
