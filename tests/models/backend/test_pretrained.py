"""The runs that ship with the program open, load without a remark, and do what they are there for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.core import datasets, images, places, training
from models.core.family import Decodes, Denoises, Encodes
from models.core.record import Run

SHIPPED = sorted(folder.name for folder in (Path(__file__).parents[3] / "resources" / "pretrained").iterdir()
                 if folder.is_dir())  # fmt: skip


def test_each_family_that_panels_need_is_there() -> None:
    assert {"denoiser-photos", "sparse-fashion", "vae-faces", "vae-fashion"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_it_loads_and_works(name: str) -> None:
    run = Run.open(places.pretrained() / name)
    assert run.info.title == name and run.info.status == "finished" and run.metrics()
    model, entry = training.load(run)
    assert entry.step >= run.metrics()[-1]["step"]
    if isinstance(model, Decodes):
        painted = model.decode(model.sample_codings(2, 0))
        assert painted.shape == (2, *run.info.dataset["image_shape"]) and 0.01 < painted.std() < 0.6
    if isinstance(model, Denoises):
        grey = np.full((1, 40, 40, 3), 0.5, np.float32)
        noisy = grey + np.random.default_rng(0).normal(0, 0.1, grey.shape).astype(np.float32)
        assert np.abs(model.denoise(noisy) - grey).mean() < 0.3 * np.abs(noisy - grey).mean()


def test_the_sparse_one_is_as_good_and_as_sparse_as_the_textbooks() -> None:
    run = Run.open(places.pretrained() / "sparse-fashion")
    last = run.metrics()[-1]
    assert last["val_loss"] <= 0.0099 and abs(last["val_mean_activation"] - 0.1) <= 0.01
    model, _ = training.load(run)
    assert isinstance(model, Encodes)
    data = datasets.load("fashion_mnist")
    pictures = images.to_float(np.asarray(data.images[data.validation][:1000]))
    codings = model.encode(pictures)
    assert abs(codings.mean() - 0.1) <= 0.01
    assert float(np.mean((model.decode(codings) - pictures) ** 2)) <= 0.011
