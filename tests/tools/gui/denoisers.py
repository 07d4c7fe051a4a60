"""Small models of the later families, trained for a moment on digits or on noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.core import datasets
from models.core.family import parse_config
from models.core.training import train as training

DDPM = {"timesteps": 100, "condition": "class", "ema": 0.0, "batch_size": 64}
CONV = {"architecture": "conv", "noise": "gaussian", "noise_low": 0.05, "noise_high": 0.2, "width": 8}
STYLES = {"latent_size": 8, "width": 8, "mapping_layers": 2, "batch_size": 16, "ema": 0.0}
SPARSE = {"latent_size": 12, "batch_size": 64}


def train(folder: Path, family: str, dataset: str = "digits", **values: object) -> Path:
    import models

    config = parse_config(models.family(family).CONFIG, {"epochs": 1, **values})
    data = datasets.load(dataset)
    run = training.start(folder, family, config, data)
    outcome = training.train(run, data)
    run.close()
    assert outcome.status == "finished", outcome
    return folder


def smooth(count: int = 48, side: int = 32) -> np.ndarray:
    """Pictures of soft colours: a denoiser learns them in seconds."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:side, 0:side] / side
    phase = rng.uniform(0, 6, (count, 1, 1, 3))
    waves = 0.5 + 0.4 * np.sin(phase + 5 * (x + y)[None, :, :, None])
    return np.rint(255 * waves).astype(np.uint8)


def train_styles(folder: Path, where: Path) -> Path:
    """Three steps on images of 8 x 8 pixels: it paints nothing nice, but every layer shows."""
    np.savez(where, images=smooth(48, 8))
    return train(folder, "stylegan", str(where), **STYLES)


def train_conv(folder: Path, where: Path, epochs: int = 20) -> Path:
    np.savez(where, images=smooth())
    return train(folder, "denoising", str(where), epochs=epochs, batch_size=8, learning_rate=5e-3, **CONV)
