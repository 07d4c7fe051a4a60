"""What the tests of models that diffuse share: tiny ones, fresh or with something to say."""

import keras
import numpy as np

from models import ddpm
from models.core.diffusion import unet
from models.core.family import DataSpec, parse_config

NAMES = ("first", "second", "third")
TINY = unet.Size(8, (1,), 1)  # a modern network of a few thousand weights: what takes time is its tracing


def made(shape=(8, 8, 1), **values):
    """A DDPM of the size "small", which a fixture has made tiny."""
    config = parse_config(ddpm.CONFIG, {"size": "small", "timesteps": 100, **values})
    return ddpm.build(config, DataSpec(shape, len(NAMES), (), NAMES))


def stirred(**values):
    """A model whose network says something: a fresh one answers 0."""
    model = made(**values)
    rng = np.random.default_rng(3)
    for network in (model.network, model.mean_network):
        if network is not None:
            last = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)][-1]
            last.kernel.assign(rng.normal(0, 0.3, last.kernel.shape))
    return model
