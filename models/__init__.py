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

# Families that others have trained: they are opened and used like any run, and never learn here.
TRAINED: dict[str, str] = {"stable_diffusion": "models.stable_diffusion"}


def family(key: str) -> ModuleType:
    """Import the module of a family, of one that comes trained as well.

    Raises:
        ConfigError: if there is no such family.
    """
    known = {**FAMILIES, **TRAINED}
    if key not in known:
        raise ConfigError({"family": f"{key!r} is not known; choose one of {', '.join(FAMILIES)}"})
    device.prepare()
    return importlib.import_module(known[key])
