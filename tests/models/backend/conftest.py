"""Tests that need a backend: they run on TensorFlow in ``make test`` and once more on JAX in CI."""

from collections.abc import Iterator

import pytest

from models.core import device
from models.core.datasets import Dataset
from tests.tools.images import blobs


@pytest.fixture(scope="package", autouse=True)
def graphs_as_they_are_traced() -> Iterator[None]:
    """Tiny models spend their time in the compiler: without TensorFlow's rewriting of graphs, a sixth less."""
    if device.prepare().backend != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


@pytest.fixture
def dataset() -> Dataset:
    return blobs()
