"""The evaluator: a small classifier, trained on the labelled images, that predicts the labels of generated ones.

It is trained once for each dataset, from a fixed seed, and kept among the caches. It tells classes apart, or, where a
dataset has no classes but attributes, says of each attribute whether it is there.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from models.core import device
from models.core.arrays import Codings, Images, check_images
from models.core.batches import Batches
from models.core.datasets import Dataset
from models.core.disk import files, npz, places
from models.core.errors import RunFormatError, StorageError, UserError
from models.core.images import convert
from models.core.inference import predict
from models.core.keras_internals import read_variable
from models.core.work import SILENT, Work

log = logging.getLogger(__name__)
VERSION = 1  # of the network and of how it is trained; another one makes every evaluator anew
SEED = 17
BATCH = 128
FEATURES = 128
RATE = 2e-3
COVERED = 0.02  # a class with at least this share of the samples counts as covered

Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluator:
    """A trained classifier.

    Attributes:
        kind: "class" or "attributes".
        names: of the classes or attributes.
        accuracy: on the test images, 0 to 1: of all classes together, (1,), or of each attribute, (k,).
        network: images -> features (n, 128) and probabilities (n, k).
    """

    kind: Literal["class", "attributes"]
    names: tuple[str, ...]
    accuracy: NDArray[np.float64]
    network: Any

    def predict(self, images: Images) -> tuple[Codings, Codings]:
        """Features (n, 128) and probabilities (n, k) in [0, 1] of images (n, h, w, c) in [0, 1]."""
        check_images(images, "Evaluator.predict")
        features, probabilities = predict(self.network, images)
        return features, probabilities

    def labels(self, images: Images) -> NDArray[np.int64]:
        """The predicted class of each image, (n,); or 0 or 1 for each attribute, (n, k)."""
        return self.labels_of(self.predict(images)[1])

    def labels_of(self, probabilities: Codings) -> NDArray[np.int64]:
        """The labels that probabilities (n, k) predict: a class each, (n,), or 0 or 1 an attribute, (n, k)."""
        if self.kind == "class":
            return np.asarray(probabilities.argmax(axis=1), np.int64)
        return (probabilities > 0.5).astype(np.int64)


# --- Predicted labels of samples ---


def shares(predicted: NDArray[np.int64], names: tuple[str, ...]) -> Shares:
    """The share of samples predicted as each class, or as having each attribute, (k,) in [0, 1].

    Args:
        predicted: (n,) classes, or (n, k) zeros and ones; n at least 1.
        names: of the k classes or attributes.
    """
    if predicted.ndim == 2:
        return np.asarray(predicted.mean(axis=0), np.float64)
    return np.bincount(predicted, minlength=len(names)) / len(predicted)


def covered(found: Shares) -> int:
    """How many classes have a share of at least 2 %."""
    return int((found >= COVERED).sum())


def agreement(predicted: NDArray[np.int64], labels: NDArray[np.int64]) -> Shares:
    """The share of predicted labels that are right, in [0, 1].

    Args:
        predicted: (n,) classes or (n, k) attributes.
        labels: the right ones, of the same shape.

    Returns:
        (1,) for classes; one number an attribute, (k,), for attributes.
    """
    return np.atleast_1d((predicted == labels).mean(axis=0))


# --- Where it comes from ---


def kind_of(dataset: Dataset) -> Literal["class", "attributes"]:
    """What an evaluator of this dataset would tell apart.

    Raises:
        UserError: if the dataset has neither classes nor attributes, or no images to test with.
    """
    advice = "Use a dataset with labels, for instance fashion_mnist, digits or faces."
    if dataset.test.stop <= dataset.test.start or dataset.train.stop <= dataset.train.start:
        raise UserError(
            "This dataset has too few images for an evaluation classifier.", where=dataset.name, advice=advice
        )
    if dataset.labels is not None and len(dataset.label_names) >= 2:
        return "class"
    if dataset.attributes is not None and dataset.attribute_names:
        return "attributes"
    raise UserError(
        "This dataset has neither classes nor attributes to evaluate by.", where=dataset.name, advice=advice
    )


def evaluator_of(dataset: Dataset, *, work: Work = SILENT) -> Evaluator:
    """The evaluator of a dataset: read from the cache, or trained now (a minute or two) and put there.

    Args:
        dataset: with classes or attributes.
        work: told (what is being done, steps done, steps in all); checked after every step.

    Raises:
        UserError: if the dataset has no labels to evaluate by.
        Cancelled: if ``work`` is cancelled.
    """
    found, network = _load(dataset)
    if found is not None:
        return found
    kind = kind_of(dataset)
    accuracy = train(network, dataset, kind, work=work)
    _write(path_of(dataset), network, accuracy)
    return Evaluator(kind, names_of(dataset), accuracy, network)


def cached(dataset: Dataset) -> Evaluator | None:
    """The evaluator of a dataset if there is one in the cache; None if not: nothing is trained.

    Raises:
        UserError: if the dataset has no labels to evaluate by.
    """
    return _load(dataset)[0] if kind_of(dataset) and path_of(dataset).exists() else None


def names_of(dataset: Dataset) -> tuple[str, ...]:
    """What an evaluator of this dataset tells apart: its classes, else its attributes."""
    return dataset.label_names if kind_of(dataset) == "class" else dataset.attribute_names


def _load(dataset: Dataset) -> tuple[Evaluator | None, keras.Model]:
    """The evaluator in the cache, or None, and its network (with fresh weights if there is none)."""
    kind, names = kind_of(dataset), names_of(dataset)
    network = build(dataset.image_shape, kind, len(names))
    accuracy = _read(path_of(dataset), network, 1 if kind == "class" else len(names))
    return (None if accuracy is None else Evaluator(kind, names, accuracy, network)), network


def path_of(dataset: Dataset) -> Path:
    """The file of the cache with the evaluator of a dataset."""
    key = hashlib.sha256(f"{VERSION} {dataset.fingerprint}".encode()).hexdigest()
    return places.cache() / "judges" / f"{key[:32]}.npz"


def build(shape: tuple[int, int, int], kind: str, count: int) -> keras.Model:
    """A network of strided convolutions for images of any size, with fresh weights."""
    inits = (keras.initializers.HeNormal(seed=seed) for seed in itertools.count(SEED * 1_000))
    image = keras.Input(shape, name="image")
    x = image
    width = 32
    side = min(shape[:2])
    while side > 8 or width == 32:  # at least one level; each halves the sides
        x = layers.Conv2D(width, 5 if width == 32 else 3, 2, "same", use_bias=False, kernel_initializer=next(inits))(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        width, side = 64, -(-side // 2)
    x = layers.Conv2D(width, 3, 1, "same", use_bias=False, kernel_initializer=next(inits))(x)
    x = layers.Flatten()(layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x)))
    features = layers.Dense(FEATURES, "relu", kernel_initializer=next(inits), name="features")(x)
    x = layers.Dropout(0.4, seed=SEED)(features)
    activation = "softmax" if kind == "class" else "sigmoid"
    probabilities = layers.Dense(count, activation, kernel_initializer=next(inits), name="probabilities")(x)
    return keras.Model(image, [features, probabilities], name="evaluator")


def epochs_for(count: int, shape: tuple[int, int, int]) -> int:
    """Passes over the training images: about 2,600 steps for small images, 1,000 for large ones; 2 to 60."""
    steps = 2600 if shape[0] * shape[1] <= 32 * 32 else 1000
    return max(2, min(60, round(steps * BATCH / count)))


def train(network: keras.Model, dataset: Dataset, kind: str, *, work: Work = SILENT) -> Shares:
    """Train an evaluator on the training images; return its accuracy on the test images, (1,) or (k,).

    Raises:
        Cancelled: if ``work`` is cancelled.
    """
    labels = dataset.labels if kind == "class" else dataset.attributes
    assert labels is not None
    targets = labels.astype(np.int32) if kind == "class" else labels.astype(np.float32)
    batches = Batches(dataset.images, dataset.train, BATCH, seed=SEED, conditions=targets)
    epochs = epochs_for(len(batches.rows), dataset.image_shape)
    rate = keras.optimizers.schedules.CosineDecay(RATE, epochs * len(batches))
    classifier = keras.Model(network.inputs, network.outputs[1])
    loss = "sparse_categorical_crossentropy" if kind == "class" else "binary_crossentropy"
    classifier.compile(keras.optimizers.Adam(rate), loss, jit_compile=device.compiles())
    progress = _Progress(batches, epochs, work)
    classifier.fit(batches, epochs=epochs, shuffle=False, callbacks=[progress], verbose=0)
    test = convert.to_float(np.asarray(dataset.images[dataset.test]))
    names = tuple(str(number) for number in range(network.outputs[1].shape[-1]))
    evaluator = Evaluator("class" if kind == "class" else "attributes", names, np.zeros(1), network)
    return agreement(evaluator.labels(test), labels[dataset.test].astype(np.int64))


class _Progress(keras.callbacks.Callback):
    """Tells progress, stops when asked, and gives each epoch an order of its own."""

    def __init__(self, batches: Batches, epochs: int, work: Work) -> None:
        super().__init__()
        self.batches = batches
        self.total = epochs * len(batches)
        self.done = 0
        self.work = work

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.batches.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.done += 1
        self.work.check()
        if self.done % 10 == 0 or self.done == self.total:
            self.work.tell("Training the evaluation classifier", self.done, self.total)


# --- The cache ---


def _arrays(network: keras.Model) -> dict[str, Any]:
    """Seeds of dropout are left out: an evaluator that is read is not trained any further."""
    weights = [v for v in network.variables if "seed_generator" not in v.path]
    return {f"weights/{number:04d}": variable for number, variable in enumerate(weights)}


def _read(path: Path, network: keras.Model, count: int) -> Shares | None:
    """Give the network the weights of the cache; None if there are none, or none that can be trusted."""
    variables = _arrays(network)
    expected = {name: (tuple(v.shape), np.dtype(str(v.dtype))) for name, v in variables.items()}
    expected["accuracy"] = ((count,), np.dtype(np.float64))
    try:
        with files.opened(path) as stream:
            arrays = npz.read_npz(stream, expected)
    except FileNotFoundError:
        return None
    except (OSError, RunFormatError) as error:  # its archive has a checksum of each array
        log.warning("the evaluator %s is damaged and is trained again: %s", path, error)
        return None
    if not all(np.isfinite(array).all() for array in arrays.values()) or math.isclose(arrays["accuracy"].max(), 0.0):
        return None
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return arrays["accuracy"]


def _write(path: Path, network: keras.Model, accuracy: Shares) -> None:
    """Put it into the cache.

    Raises:
        StorageError: if the disk says no.
    """
    arrays = {name: read_variable(v) for name, v in _arrays(network).items()}
    arrays["accuracy"] = accuracy.astype(np.float64)

    def write(stream: BinaryIO) -> None:
        npz.write_npz(stream, arrays)

    try:
        files.make_folder(path.parent)
        files.clean_stray(path.parent)
        files.write_atomic(path, write)
    except StorageError as error:
        error.advice = "Free some space, or set STUDIO_HOME to a folder on another disk."
        raise
