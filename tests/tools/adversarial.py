"""Small adversarial models, and their gradients."""

from __future__ import annotations

import keras
import numpy as np

from models import dcgan, gan
from models.core.family import DataSpec

GREY = DataSpec((8, 8, 1))
IMAGES = np.random.default_rng(0).random((32, 8, 8, 1), np.float32)
EVERYTHING = {
    "replay": True, "replay_size": 40, "minibatch": True, "smoothing": True, "separate_rates": True,
    "gradient_penalty": 1.0,
}  # fmt: skip
JAX = keras.backend.backend() == "jax"


def dense(**values):
    return gan.build(gan.CONFIG(**{"latent_size": 6, "batch_size": 16, **values}), GREY)


def compiled(**values):
    model = dense(**values)
    model.compile(optimizer=model.make_optimizer(), jit_compile=JAX)
    model.optimizer.build(model.trainable_variables)
    return model


def of(model, images, conditions=None):
    """Both losses of one step, as they are added in compute_loss."""
    images = keras.ops.convert_to_tensor(images)
    fake = model.generate(model(images), conditions, True)
    first, _ = model.discriminator_loss(images, fake, (conditions, conditions), True)
    return first, model.generator_loss(fake, conditions, True)[0]


def gradients(model, images, which, conditions=None):
    """The gradient of one of the two losses for the weights of (discriminator, generator); None counts as zero."""
    networks = (model.discriminator.trainable_variables, model.generator.trainable_variables)
    every = [*networks[0], *networks[1]]
    if JAX:
        import jax

        def loss(values):
            with keras.StatelessScope(list(zip(every, values, strict=True))):
                return of(model, images, conditions)[which]

        found = jax.grad(loss)([v.value for v in every])
    else:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = of(model, images, conditions)[which]
        found = tape.gradient(loss, [v.value for v in every])
    flat = [np.zeros(v.shape) if g is None else np.asarray(g) for g, v in zip(found, every, strict=True)]
    return flat[: len(networks[0])], flat[len(networks[0]) :]


def conditional():
    config = dcgan.CONFIG(latent_size=5, width=4, condition="class", minibatch=True)
    return dcgan.build(config, DataSpec((28, 28, 1), 3, (), ("a", "b", "c")))
