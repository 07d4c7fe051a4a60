"""A small finished run, trained once a session and copied into the home of each test that wants it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from models.core import datasets
from models.core.disk import places
from models.core.family import parse_config
from models.core.training import train

TINY = {"epochs": 1, "batch_size": 32, "latent_size": 4, "architecture": "dense"}


def train_tiny(folder: Path, **more: object) -> Path:
    """One epoch of a dense VAE on digits: one or two seconds."""
    import models

    config = parse_config(models.family("vae").CONFIG, {**TINY, **more})
    dataset = datasets.load("digits")
    run = train.start(folder, "vae", config, dataset)
    outcome = train.train(run, dataset)
    run.close()
    assert outcome.status == "finished", outcome
    return folder


def copy_into_home(run: Path, name: str = "tiny") -> Path:
    """Copy a run to where the studio looks for the user's own."""
    target = places.runs() / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(run, target)
    return target


def small_pictures(path: Path, count: int = 48, side: int = 8) -> Path:
    """An .npz dataset of grey images that trains in no time."""
    images = np.random.default_rng(0).integers(0, 256, (count, side, side, 1), np.uint8)
    np.savez(path, images=images)
    return path
