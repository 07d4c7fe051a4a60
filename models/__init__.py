"""What learns: families of generative image models in Keras 3, without Qt and without a fixed backend."""

from __future__ import annotations

import importlib
from types import ModuleType

from models.core import device
from models.core.errors import ConfigError

__version__ = "0.1.0"  # of the whole program; pyproject.toml reads it here

# The ONE place where a family is registered: key -> module, imported only when somebody asks for it.
FAMILIES: dict[str, str] = {
    "denoising": "models.denoising",
    "sparse": "models.sparse",
    "vae": "models.vae",
    "gan": "models.gan",
    "dcgan": "models.dcgan",
    "progan": "models.progan",
    "stylegan": "models.stylegan",
    "ddpm": "models.ddpm",
    "latent_diffusion": "models.latent_diffusion",
}


def family(key: str) -> ModuleType:
    """Import the module of a family.

    Raises:
        ConfigError: if there is no such family.
    """
    if key not in FAMILIES:
        raise ConfigError({"family": f"{key!r} is not known; choose one of {', '.join(FAMILIES)}"})
    device.prepare()
    return importlib.import_module(FAMILIES[key])
