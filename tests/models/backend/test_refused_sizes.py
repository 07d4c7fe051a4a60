"""A family that refuses the size of the images names one that would do, and it does."""

from __future__ import annotations

import re

import pytest

import models
from models.core import datasets
from models.core.adversarial.resolutions import instead
from models.core.errors import ConfigError, DatasetError
from models.core.family import Config, DataSpec, parse_config
from models.core.training.estimate import FEW, too_few, too_short

CONV = {"architecture": "conv"}
CASES = [
    ("vae", (30, 30, 3), CONV), ("vae", (16, 20, 1), CONV), ("denoising", (30, 30, 1), CONV),
    ("dcgan", (20, 20, 1), {}), ("dcgan", (200, 150, 3), {}), ("dcgan", (31, 31, 3), {}),
    ("progan", (9, 9, 1), {}), ("stylegan", (33, 35, 3), {}), ("ddpm", (30, 30, 1), {}),
    ("ddpm", (128, 128, 3), {}), ("latent_diffusion", (63, 41, 1), {}),
]  # fmt: skip


@pytest.mark.parametrize(("family", "shape", "values"), CASES)
def test_a_size_that_would_do_is_named(family: str, shape: tuple[int, int, int], values: dict[str, str]) -> None:
    module = models.family(family)
    config = parse_config(module.CONFIG, values)
    with pytest.raises(ConfigError) as caught:
        module.build(config, DataSpec(shape))
    (found,) = re.findall(r"--size (\d+)$", str(caught.value))
    module.build(config, DataSpec((int(found), int(found), shape[2])))


def test_the_nearest_size_is_named() -> None:
    assert instead((30, 30, 3), range(8, 65, 4)).endswith("--size 32")
    assert instead((300, 100, 3), range(8, 65, 4)).endswith("--size 64")
    assert instead((1, 1, 3), (16, 8)).endswith("--size 8")


@pytest.mark.parametrize(("size", "named"), [(0, 8), (-4, 8), (7, 8), (257, 256), (4000, 256)])
def test_a_size_out_of_range_names_the_nearest(size: int, named: int) -> None:
    with pytest.raises(DatasetError) as caught:
        datasets.load("digits", size=size)
    assert f"--size {named} " in caught.value.advice


def test_too_many_images_name_the_largest_size_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "MAX_BYTES", 1797 * 20 * 20)
    with pytest.raises(DatasetError) as caught:
        datasets.load("digits", size=21)
    assert "--size 20." in caught.value.advice
    assert datasets.load("digits", size=20).image_shape == (20, 20, 1)


def test_too_few_images_are_said() -> None:
    config = Config(batch_size=64)
    assert too_few(config, FEW) == ""
    assert "63 training images" in too_few(config, 63) and "batch of 64" in too_few(config, 63)
    assert "batch" not in too_few(config, 64) and "memorise" in too_few(config, 64)
    assert "batch of 64" in too_short(models.family("vae"), config, DataSpec((8, 8, 1)), 3)
