"""A tiny StyleGAN."""

from __future__ import annotations

from models import stylegan
from models.core.family import DataSpec
from models.core.keras_internals import read_variable

TINY = {"latent_size": 6, "width": 6, "batch_size": 8, "mapping_layers": 2}
SPEC = DataSpec((16, 16, 3))


def tiny(spec=SPEC, **values):
    return stylegan.build(stylegan.CONFIG(**{**TINY, **values}), spec)


def array(tensor):
    return read_variable(tensor)
