"""Tests that need a backend: they run on TensorFlow in ``make test`` and once more on JAX in CI."""

import pytest

from models.core.datasets import Dataset
from tests.tools.images import blobs


@pytest.fixture
def dataset() -> Dataset:
    return blobs()
