"""What all adversarial families share: two losses in one differentiable step, their remedies and their signals.

A generator G paints fakes from codings, a discriminator D tells them from real images (real = 1, fake = 0). Both
learn in the same step from the sum of two losses whose gradients cannot mix: D sees the fakes through
``stop_gradient``, and G's loss sees D through weights that are stopped.

    loss of D = 1/2 BCE(D(real), 1) + 1/2 BCE(D(stop(fake)), 0)
    loss of G = BCE(D_stopped(fake), 1)

Source: I. Goodfellow et al., "Generative Adversarial Nets", 2014, algorithm 1 with the loss of its section 3 for G.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from models.core.adversarial.config import GRADIENTS, NETWORKS, SIGNALS, AdversarialConfig, ClassicConfig
from models.core.adversarial.optimizers import OPTIMIZERS
from models.core.adversarial.probabilities import Probabilities
from models.core.adversarial.replay import Replay
from models.core.arrays import Codings, Images
from models.core.errors import ConfigError
from models.core.family import DataSpec
from models.core.family_model import FamilyModel
from models.core.inference import predict
from models.core.keras_internals import after_train_step, all_layers

EPSILON = 1e-7
NUDGE = 0.02  # of full scale: how far from a real image the discriminator's gradient is measured


class Adversarial(FamilyModel):
    """A generator and a discriminator that work with plain ``compile()`` and ``fit(images)``.

    Args:
        config: the settings.
        spec: the shape of the images, (height, width, channels) in [0, 1].
        networks: the generator, (b, codings) -> images in [0, 1]; the discriminator, images -> (b, 1) logits, which
            takes ``[images, conditions]`` if there are conditions; the generator once more, for the mean weights.
        conditions: how many numbers at the end of a coding are its condition.

    Raises:
        ConfigError: if the buffer for replay is smaller than a batch.
    """

    def __init__(
        self, config: AdversarialConfig, spec: DataSpec,
        networks: tuple[keras.Model, keras.Model, keras.Model | None], *, conditions: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.config = config
        self.spec = spec
        self.condition_size = conditions
        self.generator, self.discriminator, self.mean_generator = networks
        self.latent_size = int(self.generator.input_shape[-1])
        self.coding_std = config.truncation if isinstance(config, ClassicConfig) else 1.0  # of the codings of samples
        self.replay = None
        if isinstance(config, ClassicConfig) and config.replay:
            if config.replay_size < config.batch_size:
                raise ConfigError({"replay_size": f"must be at least the batch size, {config.batch_size}"})
            self.replay = Replay(spec.image_shape, conditions, config.replay_size, config.replay_share, config.seed + 1)
        if self.mean_generator is not None:
            self.mean_generator.trainable = False
            self.mean_generator.set_weights(self.generator.get_weights())
            self.mean_steps = self.add_weight(shape=(), initializer="zeros", trainable=False, name="mean_steps")
        self.noise = keras.random.SeedGenerator(config.seed)
        self.trackers = {name: keras.metrics.Mean(name=name) for name in (*SIGNALS, *GRADIENTS)}
        self.training_only = GRADIENTS  # metrics that a validation does not have
        self.noisy = any(isinstance(layer, keras.layers.Dropout) for layer in all_layers(self.discriminator))
        self.built = True

    # --- One step: what is computed and what is learned ---

    def call(self, images: Any, training: bool | None = None) -> Any:
        """Draw a coding without condition for each image: (b, h, w, c) -> (b, latent_size - conditions)."""
        return keras.random.normal((ops.shape(images)[0], self.latent_size - self.condition_size), seed=self.noise)

    def generate(self, codings: Any, conditions: Any, training: bool) -> Any:
        """Fakes of the generator that learns, (b, h, w, c) in [0, 1]; ``conditions`` (b, k) or None."""
        full = codings if conditions is None else ops.concatenate([codings, conditions], axis=-1)
        return self.generator(full, training=training)

    def logits(self, images: Any, conditions: Any, training: bool) -> Any:
        """Logits of the discriminator, (b, 1); more than 0 says real."""
        return self.discriminator(images if conditions is None else [images, conditions], training=training)

    def discriminator_loss(self, real: Any, fake: Any, conditions: tuple[Any, Any], training: bool) -> tuple[Any, Any]:
        """Mean cross-entropy of the discriminator on two batches in separate calls, and its logits of the real one.

        Args:
            real: (b, h, w, c).
            fake: (b, h, w, c); no gradient goes through it.
            conditions: of the real and of the fake images, each (b, k) or None.
            training: whether layers like dropout are active.
        """
        sure = self.logits(real, conditions[0], training)
        unsure = self.logits(ops.stop_gradient(fake), conditions[1], training)
        smooth = self.config.smoothing_amount if self.config.smoothing and training else 0.0
        loss = 0.5 * (cross_entropy(sure, 1.0 - smooth) + cross_entropy(unsure, 0.0))
        if training and self.config.gradient_penalty:
            loss += 0.5 * self.config.gradient_penalty * self.r1_penalty(real, conditions[0], sure)
        return loss, sure

    def r1_penalty(self, real: Any, condition: Any, seen: Any) -> Any:
        """Mean squared gradient of the logit at real images, without a second derivative (Mescheder et al. 2018, R1).

        For n ~ N(0, I) and a small step e, E[((D(x + e n) - D(x)) / e)^2] is close to |grad D(x)|^2. Both looks are
        without dropout, whose own noise would be taken for a gradient; ``seen``, the logits of the training, serve
        where there is none.
        """
        near = real + NUDGE * keras.random.normal(ops.shape(real), seed=self.noise)
        here = self.logits(real, condition, False) if self.noisy else seen
        change = self.logits(near, condition, False) - here
        return ops.mean(ops.square(change / NUDGE))

    def generator_loss(self, fake: Any, conditions: Any, training: bool) -> tuple[Any, Any]:
        """Cross-entropy of fakes that should pass for real, through a discriminator that stands still, and its logits.

        Nothing that the discriminator keeps (seeds, moving means) is changed by this look at it.
        """
        weights = [ops.stop_gradient(ops.convert_to_tensor(v)) for v in self.discriminator.trainable_variables]
        kept = [ops.convert_to_tensor(v) for v in self.discriminator.non_trainable_variables]
        inputs = fake if conditions is None else [fake, conditions]
        logits, _ = self.discriminator.stateless_call(weights, kept, inputs, training=training)
        return cross_entropy(logits, 1.0), logits

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The sum of both losses; buffer, mean weights and shares of conditions change in training only."""
        conditions = self.conditions_of(y)
        fake = self.generate(y_pred, conditions, training)
        shown, with_these = ops.stop_gradient(fake), conditions
        if training:
            if self.replay is not None:
                shown, with_these = self.replay(shown, conditions)
            self.note_step(conditions)
        first, real_logits = self.discriminator_loss(x, shown, (conditions, with_these), training)
        second, fake_logits = self.generator_loss(fake, conditions, training)
        found = {
            "discriminator_loss": first,
            "generator_loss": second,
            "real_accuracy": ops.mean(ops.cast(real_logits > 0.0, "float32")),
            "fake_accuracy": ops.mean(ops.cast(fake_logits <= 0.0, "float32")),
            "diversity": batch_std(fake) / (batch_std(x) + EPSILON),
        }
        for name, value in found.items():
            self.trackers[name].update_state(value, sample_weight=ops.shape(x)[0])
        return first + second + (self.penalties(x, fake) if training else 0.0)

    def penalties(self, real: Any, fake: Any) -> Any:
        """What the generator pays in training beside the contest, for (b, h, w, c) each: nothing here."""
        return 0.0

    def conditions_of(self, y: Any) -> Any:
        """What goes into both networks beside codings and images, (b, k); None here: a conditional family says more."""
        return None

    def note_step(self, conditions: Any) -> None:
        """Move the mean weights a step towards the generator's; at the beginning they follow quickly."""
        if self.mean_generator is None:
            return
        self.mean_steps.assign_add(1.0)
        memory = ops.minimum(self.config.ema, self.mean_steps / (self.mean_steps + 9.0))
        share = 1.0 - memory
        for mean, own in zip(self.mean_generator.weights, self.generator.weights, strict=True):
            mean.assign(memory * mean + share * own)

    # --- What the optimizer noted becomes a metric of the step ---

    def make_optimizer(self) -> keras.optimizers.Optimizer:
        """The optimizer of the config with a learning rate and a noted gradient norm for each network."""
        config, fakers = self.config, {id(v) for v in self.generator.trainable_variables}
        factor = config.discriminator_rate if config.separate_rates else 1.0
        more = {} if config.optimizer == "rmsprop" else {"beta_1": config.beta_1, "beta_2": config.beta_2}
        return OPTIMIZERS[config.optimizer](
            {"discriminator": factor, "generator": 1.0},
            lambda variable: "generator" if id(variable) in fakers else "discriminator",
            learning_rate=config.learning_rate, **more,
        )  # fmt: skip

    def train_step(self, *arguments: Any) -> Any:
        """Keras' own step, and the norms of the gradients that the optimizer noted in it."""
        answer = super().train_step(*arguments)
        norms = getattr(self.optimizer, "norms", None)  # the first step has built the optimizer
        return after_train_step(self, answer, norms, self._with_gradients)

    def _with_gradients(self, norms: Any) -> dict[str, Any]:
        """The logs of a training step; a Keras optimizer that notes no norms gives none."""
        for name, norm in (norms or {}).items():
            self.trackers[f"{name}_gradient"].update_state(norm)
        logs: dict[str, Any] = self.get_metrics_result()
        return logs if norms is not None else _without(logs, GRADIENTS)

    def test_step(self, *arguments: Any) -> Any:
        """Keras' own step; a validation has no gradients (and what else only training has)."""
        answer = super().test_step(*arguments)
        if keras.backend.backend() == "jax":
            return _without(answer[0], self.training_only), answer[1]
        return _without(answer, self.training_only)

    # --- What it can do: the capability Decodes ---

    @property
    def sampler(self) -> keras.Model:
        """The generator that images are painted with: the one of mean weights if there is one."""
        return self.generator if self.mean_generator is None else self.mean_generator

    def decode(self, codings: Codings) -> Images:
        """Paint codings: (n, latent_size) -> (n, h, w, c) in [0, 1]."""
        return predict(self.sampler, codings)[0]

    def sample_codings(self, count: int, seed: int) -> Codings:
        """Draw from N(0, I), brought nearer to 0 by the truncation: (count, latent_size)."""
        drawn = np.random.default_rng(seed).standard_normal((count, self.latent_size), dtype=np.float32)
        return np.asarray(self.coding_std * drawn, np.float32)

    # --- What it can do: the capability TakesPhases ---

    def owned(self) -> dict[str, list[Any]]:
        """What belongs to each network: the buffer of old fakes is shown to D, the mean weights follow G."""
        judges, paints = list(self.discriminator.variables), list(self.generator.variables)
        if self.replay is not None:
            judges += self.replay.variables
        if self.mean_generator is not None:
            paints += [*self.mean_generator.variables, self.mean_steps]
        return {"discriminator": judges, "generator": paints}

    def probabilities(self, images: Images, known: Any, codings: Codings) -> Probabilities:
        """Look at both networks without training: (n, h, w, c) real images and (m, latent_size) codings.

        The fakes are those of the generator that learns, not of the mean weights; ``known`` as ``fit`` takes it.
        """
        fakes = predict(self.generator, codings)[0]
        real, generated = ops.convert_to_tensor(images), ops.convert_to_tensor(fakes)
        asked = ops.convert_to_tensor(codings[:, -self.condition_size :]) if self.condition_size else None
        first, on_reals = self.discriminator_loss(real, generated, (self.conditions_of(known), asked), False)
        second, on_fakes = self.generator_loss(generated, asked, False)
        fooled, trusted = (np.asarray(ops.convert_to_numpy(ops.sigmoid(v)))[:, 0] for v in (on_fakes, on_reals))
        return Probabilities(fakes, fooled, trusted, dict(zip(NETWORKS, (float(first), float(second)), strict=True)))

    def parts(self) -> dict[str, keras.Model]:
        """The plain Keras network that paints, for export."""
        return {"generator": self.sampler}


def cross_entropy(logits: Any, label: float) -> Any:
    """Mean binary cross-entropy of logits (b, 1) with one label in [0, 1]: softplus(l) - label * l."""
    return ops.mean(ops.softplus(logits) - label * logits)


def batch_std(images: Any) -> Any:
    """Standard deviation over the batch, mean over pixels and channels: (b, h, w, c) -> scalar."""
    return ops.mean(ops.std(images, axis=0))


def _without(logs: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in logs.items() if name not in names}
