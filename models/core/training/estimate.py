"""What a run will cost on this machine, measured before it starts: seconds a step, memory, number of weights."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.core import device
from models.core.family import Config, DataSpec
from models.core.keras_internals import all_layers

TIMED_STEPS = 3
FEW = 100  # training images; with fewer, no family here learns more than these images


@dataclass(frozen=True)
class Estimate:
    """``seconds`` for the whole run, ``bytes`` of memory beside the program itself, ``weights`` that are trained.

    ``warning`` says what a run of this length would not reach, or "".
    """

    seconds: float
    bytes: int
    weights: int
    warning: str = ""

    @property
    def too_large(self) -> bool:
        """Whether the run would take more than four fifths of the free memory."""
        free = device.memory_free()
        return bool(free) and self.bytes > 0.8 * free

    def words(self, per: str = "") -> str:
        """Say it in one sentence; ``per`` is what the time is for, such as " for every 10,000 images"."""
        gigabytes = max(0.1, self.bytes / 2**30)
        if self.too_large:
            needed = f"This needs about {gigabytes:,.1f} GB of memory, more than is free."
            return f"{needed} Use a smaller batch or model."
        time_needed = duration(max(1.0, self.seconds))
        return f"About {time_needed}{per} and {gigabytes:.1f} GB on this machine.\n{self.weights:,} weights"


def duration(seconds: float) -> str:
    """Seconds in words: "24 s", "1 min 10 s", "2 h 5 min"."""
    if not math.isfinite(seconds):
        return "an unknown time"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole < 600 else f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def too_short(module: Any, config: Config, spec: DataSpec, training_images: int) -> str:
    """What a run would not reach: with too few images, or a family that learns in phases in too few epochs; or ""."""
    steps = -(-training_images // config.batch_size) * config.epochs
    phases = str(module.too_short(config, spec, steps)) if hasattr(module, "too_short") else ""
    return " ".join(filter(None, (too_few(config, training_images), phases)))


def too_few(config: Config, training_images: int) -> str:
    """What so few training images mean for learning; "" if there are enough."""
    said = []
    if training_images < config.batch_size:
        said.append(
            f"A batch of {config.batch_size:,} is larger than the {training_images:,} training images, so every step "
            "sees all of them."
        )
    if training_images < FEW:
        said.append(
            f"{training_images:,} training images are too few to learn from: the model will memorise them. "
            f"Use {FEW:,} at least; thousands are better."
        )
    return " ".join(said)


def activations(model: Any, batch: int) -> int:
    """Bytes of what the layers of a network hold for one batch."""
    total = 0
    for layer in all_layers(model):
        output = getattr(layer, "output", None) if getattr(layer, "_inbound_nodes", None) else None
        shape = getattr(output, "shape", None)
        if shape is not None:
            total += int(np.prod([side or 1 for side in shape[1:]])) * batch * 4
    return total


def memory(model: Any, config: Config) -> tuple[int, int]:
    """Trained weights, and bytes for them, their gradients, two optimizer slots and the activations forth and back."""
    weights = int(sum(np.prod(v.shape) for v in model.trainable_variables))
    return weights, weights * 4 * 4 + 2 * activations(model, config.batch_size)


def estimate(module: Any, config: Config, spec: DataSpec, training_images: int) -> Estimate:
    """Build the model, take a few steps on noise and extrapolate.

    One that grows is measured at its largest: the run will cost less than that. A model that would not fit into memory
    is not run: its time is then infinite.

    Raises:
        ConfigError: if the config does not suit the images.
    """
    model = module.build(config, spec)
    weights, needed = memory(model, config)
    warning = too_short(module, config, spec, training_images)
    guess = Estimate(float("inf"), needed, weights, warning)
    if guess.too_large:
        return guess
    if hasattr(model, "finish_growing"):
        model.finish_growing()
    model.compile(optimizer=model.make_optimizer(), jit_compile=device.compiles())
    noise = np.random.default_rng(0).random((config.batch_size, *spec.image_shape), dtype=np.float32)
    from models.core.batches import no_conditions  # a window is drawn before Keras loads

    known = no_conditions(model, config.batch_size)
    model.train_on_batch(noise, known)  # traces
    begin = time.perf_counter()
    for _ in range(TIMED_STEPS):
        model.train_on_batch(noise, known)
    a_step = (time.perf_counter() - begin) / TIMED_STEPS
    steps = -(-training_images // config.batch_size) * config.epochs
    return Estimate(a_step * steps, needed, weights, warning)
