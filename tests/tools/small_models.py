"""A small model of every family, with weights that have moved away from where they begin."""

from __future__ import annotations

from typing import Any

import numpy as np

import models
from models import ddpm, latent_diffusion
from models.core.diffusion.unet import Size
from models.core.family import DataSpec, parse_config
from models.core.keras_internals import read_variable

CLASSES = ("first", "second", "third")
TINY = Size(8, (1,), 1)
CASES: dict[str, tuple[str, tuple[int, int, int], dict[str, Any]]] = {
    "denoising": ("denoising", (8, 8, 1), {}),
    "denoising-photos": ("denoising", (8, 8, 3), {"architecture": "conv", "width": 8, "noise": "gaussian"}),
    "sparse": ("sparse", (8, 8, 1), {}),
    "vae": ("vae", (8, 8, 1), {}),
    "gan": ("gan", (8, 8, 1), {}),
    "dcgan": ("dcgan", (28, 28, 1), {"width": 4, "condition": "class"}),
    "progan": ("progan", (8, 8, 1), {"width": 4, "latent_size": 4, "batch_size": 4, "phase_images": 40}),
    "stylegan": ("stylegan", (8, 8, 1), {"width": 4, "latent_size": 4, "mapping_layers": 2, "style": "modulated"}),
    "stylegan-first": ("stylegan", (8, 8, 3), {"width": 4, "latent_size": 4, "mapping_layers": 2}),
    "ddpm": ("ddpm", (8, 8, 1), {"size": "small", "condition": "class", "timesteps": 100}),
    "ddpm-textbook": ("ddpm", (8, 8, 1), {}),
    "latent_diffusion": ("latent_diffusion", (8, 8, 1), {"size": "small", "width": 4, "autoencoder_steps": 1}),
}


def build(case: str, monkeypatch: Any) -> Any:
    """The model of a case; the U-Nets called small are smaller than a person could ask for."""
    for module in (ddpm, latent_diffusion):
        monkeypatch.setitem(module.SIZES, "small", TINY)
    key, shape, values = CASES[case]
    family = models.family(key)
    spec = DataSpec(shape, label_count=len(CLASSES), label_names=CLASSES)
    return family.build(parse_config(family.CONFIG, values), spec)


def moved(model: Any) -> Any:
    """The same model with other weights, biases and moving means; progressive growing is in the middle of a fade-in."""
    rng = np.random.default_rng(0)
    for variable in model.variables:
        if "float" in str(variable.dtype) and len(variable.shape) and "moving_variance" not in variable.path:
            change = 0.1 * rng.standard_normal(variable.shape, np.float32)
            variable.assign(read_variable(variable) + change)
    if hasattr(model, "stage"):
        model.steps_done.assign(model.schedule.start(1) + 3)
    return model
