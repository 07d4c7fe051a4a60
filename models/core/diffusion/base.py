"""What all families that diffuse share: one step of training, mean weights, and the walk from noise to images.

A network is shown x_t and t and predicts the noise eps that is in x_t (Ho et al. 2020, algorithm 1):

    loss = distance(eps, network(sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps, t, class))

or the velocity, in which direction x_t moves on its way (rates.py); on the straight lines of a rectified flow

    loss = distance(eps - x_0, network((1 - s) x_0 + s eps, t, class)),  s = t / T     (Liu et al. 2022, equation 1)

With classes, the class is left out now and then, so that one network predicts with and without it (classifier-free
guidance, Ho and Salimans 2022, algorithm 1).
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from models.core.diffusion.conditions import Condition
from models.core.diffusion.config import DiffusionConfig, rates_of
from models.core.diffusion.prompt import Asked
from models.core.diffusion.rates import Prediction, States
from models.core.diffusion.reverse import ReverseProcess
from models.core.diffusion.samplers import Predict
from models.core.family import DataSpec
from models.core.family_model import FamilyModel, Port
from models.core.inference import predict_all, sizes_for
from models.core.work import Work

NOISES = 64  # rows of noise that a validation uses again and again
GOLDEN = 0.6180339887498949  # times of a validation: multiples of it, modulo 1, are spread evenly
OPEN = 0.25  # share of attributes that training leaves open


def distance(kind: str, errors: Any) -> Any:
    """Mean over all values of Huber (quadratic up to 1), absolute or squared errors: (b, ...) -> (b,)."""
    size = ops.abs(errors)
    if kind == "huber":
        each = ops.where(size <= 1.0, 0.5 * ops.square(errors), size - 0.5)
    else:
        each = size if kind == "mae" else ops.square(errors)
    return ops.mean(each, axis=tuple(range(1, len(errors.shape))))


class Diffuser(ReverseProcess, FamilyModel):
    """A noise predictor that works with plain ``compile()`` and ``fit(images)`` or ``fit(images, conditions)``.

    Args:
        config: the settings.
        spec: the shape of the images, (height, width, channels) in [0, 1], and the names of the classes.
        networks: the one that learns, [x_t, t] or [x_t, t, what is asked for] -> noise; and once more for mean
            weights, or None.
        condition: what it is told beside the noisy image.
    """

    OUTPUTS: ClassVar = {**FamilyModel.OUTPUTS, "denoiser": ("noise",)}

    def __init__(
        self, config: DiffusionConfig, spec: DataSpec, networks: tuple[keras.Model, keras.Model | None],
        condition: Condition | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.config = config
        self.spec = spec
        self.condition = condition or Condition()
        self.condition_names, self.condition_kind = self.condition.names, self.condition.kind
        self.rates = rates_of(config)
        self.schedule = self.rates.alpha_bar
        path = np.stack([self.rates.signal, self.rates.noise], axis=1)
        self.table = path.astype(np.float32)  # (T + 1, 2): of x_0 and eps
        self.slopes = np.stack(self.rates.slopes(), axis=1).astype(np.float32)  # (T + 1, 2): how they change
        self.network, self.mean_network = networks
        self.batches = sizes_for(self.network)  # how many states it is shown at a time
        self.steps_done = self.add_weight(shape=(), initializer="zeros", trainable=False, name="steps_done")
        if self.mean_network is not None:
            self.mean_network.trainable = False
            self.mean_network.set_weights(self.network.get_weights())
        self.draws = keras.random.SeedGenerator(config.seed)
        self.error_tracker = keras.metrics.Mean(name="noise_mse")
        self.built = True

    @property
    def state_shape(self) -> tuple[int, int, int]:
        """Of what is diffused, (height, width, channels)."""
        return tuple(self.network.input_shape[0][1:])

    # --- One step: what is computed and what is learned ---

    def call(self, images: Any, training: bool | None = None) -> dict[str, Any]:
        """Draw a time (b,), noise (b, h, w, c) and whether the class is told (b,) for each image (b, h, w, c)."""
        count = ops.shape(images)[0]
        time = self.drawn_times(count)
        told = keras.random.uniform((count,), seed=self.draws) >= self.config.drop
        noise = keras.random.normal((count, *self.state_shape), seed=self.draws)
        if self.condition_kind == "attributes":  # some are left open, so that one can ask for a few of them
            each = keras.random.uniform((count, len(self.condition_names)), seed=self.draws)
            told = ops.logical_and(told[:, None], each >= OPEN)
        return {"time": time, "noise": noise, "told": told}

    def drawn_times(self, count: Any) -> Any:
        """Times 1..T, (b,): uniform, or sigmoid(N(0, 1)) of T (Esser et al. 2024, section 3.1)."""
        if self.config.drawn_times == "uniform":
            return keras.random.randint((count,), 1, self.config.timesteps + 1, seed=self.draws)
        share = ops.sigmoid(keras.random.normal((count,), seed=self.draws))
        time = ops.cast(ops.ceil(share * self.config.timesteps), "int32")
        return ops.clip(time, 1, self.config.timesteps)

    def fixed(self, images: Any) -> dict[str, Any]:
        """The same for a validation: fixed by how many images it has seen, so that batches of any size agree."""
        place = ops.cast(self.error_tracker.count, "int32") + ops.arange(ops.shape(images)[0], dtype="int32")  # (b,)
        share = ops.cast(place % 4_096, "float32") * GOLDEN + 0.5
        share = share - ops.floor(share)
        if self.config.drawn_times == "logit_normal":  # else its loss could not be compared with the training's
            share = ops.sigmoid(math.sqrt(2.0) * ops.erfinv(2.0 * share - 1.0))
        time = ops.cast(share * self.config.timesteps, "int32") + 1
        noise = keras.random.normal((NOISES, *self.state_shape), seed=self.config.seed)
        told = ops.ones_like(place, dtype="bool")
        time = ops.minimum(time, self.config.timesteps)
        return {"time": time, "noise": ops.take(noise, place % NOISES, axis=0), "told": told}

    def state_of(self, images: Any) -> Any:
        """What is diffused, as a tensor: images (b, h, w, c) in [0, 1] -> [-1, 1]."""
        return 2.0 * images - 1.0

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean distance of what the network should say, noise or velocity, and what it says."""
        loss, squares = self.noise_loss(self.state_of(x), y, y_pred if training else self.fixed(x), training)
        self.error_tracker.update_state(squares)
        if training:
            self.note_step()
        return loss

    def noise_loss(self, states: Any, y: Any, draw: dict[str, Any], training: bool) -> tuple[Any, Any]:
        """The loss of clean states (b, h, w, c) with drawn times and noises, and mean squared errors (b,)."""
        rates = ops.take(self.table, draw["time"], axis=0)[:, None, None, :]  # (b, 1, 1, 2)
        noisy = rates[..., :1] * states + rates[..., 1:] * draw["noise"]
        inputs = [noisy, draw["time"]]
        if self.condition_kind != "none":
            inputs.append(self.condition.left_out(self.condition.known(y), draw["told"]))
        predicted = self.network(inputs, training=training)
        if self.config.prediction == "noise":
            errors = draw["noise"] - predicted
            return ops.mean(distance(self.config.loss, errors)), distance("mse", errors)
        slopes = ops.take(self.slopes, draw["time"], axis=0)[:, None, None, :]
        errors = slopes[..., :1] * states + slopes[..., 1:] * draw["noise"] - predicted
        # The noise that follows from a velocity is wrong by signal_t times as much (Rates.seen).
        return ops.mean(distance(self.config.loss, errors)), distance("mse", rates[..., :1] * errors)

    def steps_learned(self) -> Any:
        """How many steps the noise predictor has learned, a scalar."""
        return self.steps_done

    def note_step(self) -> None:
        """Count, and move the mean weights a step towards the network's; at the beginning they follow quickly."""
        self.steps_done.assign_add(1.0)
        if self.mean_network is None:
            return
        steps = self.steps_learned()
        memory = ops.minimum(self.config.ema, steps / (steps + 9.0))
        share = 1.0 - memory
        for mean, own in zip(self.mean_network.weights, self.network.weights, strict=True):
            mean.assign(memory * mean + share * own)

    # --- What it can do: the capability Diffuses, in reverse.py ---

    @property
    def sampler(self) -> keras.Model:
        """The network that images are painted with: the one of mean weights if there is one."""
        return self.network if self.mean_network is None else self.mean_network

    @property
    def prediction(self) -> Prediction:
        """What the network predicts."""
        predicted: Prediction = self.config.prediction
        return predicted

    @property
    def shape_of_images(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.spec.image_shape

    def told(self, rows: Asked, work: Work) -> Predict:
        """The network as ``(x_t, t) -> noise`` or velocity, told what each row asks for."""

        def predict(x: States, t: int) -> States:
            inputs = [x, np.full(len(x), t, np.int32), *([rows] if self.condition_kind != "none" else [])]
            return predict_all(self.sampler, inputs, sizes=self.batches, work=work)[0]

        return predict

    def parts(self) -> dict[str, keras.Model]:
        """The plain Keras network inside, for export."""
        return {"denoiser": self.sampler}

    def ports(self) -> dict[str, Port]:
        """What goes in and out of it."""
        noisy = Port("x_t = signal_t x_0 + noise_t noise, rates as the schedule says; images as x_0 are 2 image - 1")
        return {
            **super().ports(), "noisy": noisy, "noise": Port("the noise in x_t"),
            "time": Port("t of each x_t", 1, self.config.timesteps),
            **self.condition.ports(),
        }  # fmt: skip

    def facts(self) -> dict[str, Any]:
        """The schedule, and where a class goes."""
        known = {
            "kind": self.config.schedule, "timesteps": self.config.timesteps, "predicts": self.config.prediction
        }  # fmt: skip
        rates = {"signal": self.rates.signal.tolist(), "noise": self.rates.noise.tolist()}
        found: dict[str, Any] = {"schedule": {**known, "alpha_bar": self.schedule.tolist(), **rates}}
        if self.condition_kind != "none":
            place = {"network": "denoiser", "input": self.condition.input, "encoding": self.condition.encoding}
            found["condition"] = {"kind": self.condition_kind, "names": list(self.condition_names), **place}
        return found
