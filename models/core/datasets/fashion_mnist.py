"""Fashion-MNIST (Zalando Research, 2017, MIT): 70,000 grey images of clothes.

It is looked for on this machine first, then downloaded, and if neither works a sample that comes with the program
is used. Whatever the source, the unpacked content must be what was published: its sha256 is below.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.datasets import DATASET_TITLES, Dataset
from models.core.datasets.arrays import read_arrays
from models.core.datasets.download import fetch
from models.core.datasets.idx import read_idx
from models.core.disk import places
from models.core.errors import DatasetError
from models.core.work import SILENT, Work, advance

LABELS = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
SAMPLE_SPLITS = (slice(0, 10_000), slice(10_000, 11_000), slice(11_000, 12_000))
SPLITS = (slice(0, 55_000), slice(55_000, 60_000), slice(60_000, 70_000))
ADDRESSES = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
SYSTEM = Path("/usr/share/datasets/fashion-mnist")  # Debian's package dataset-fashion-mnist
MAX_DOWNLOAD = 40_000_000

# (file, count, sha256 of the array's bytes): packers differ in the gzip header, the content does not
_IMAGES = (
    ("train-images-idx3-ubyte.gz", 60_000, "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012"),
    ("t10k-images-idx3-ubyte.gz", 10_000, "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a"),
)
_LABELS = (
    ("train-labels-idx1-ubyte.gz", 60_000, "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7"),
    ("t10k-labels-idx1-ubyte.gz", 10_000, "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9"),
)
_HOW = (
    "To get all 70,000, connect to the internet and load it again, install the Debian package dataset-fashion-mnist, "
    "or put the four original .gz files into {folder}."
)


def load(*, size: int | None = None, work: Work = SILENT) -> Dataset:
    """Load Fashion-MNIST, 28 x 28; the caller resizes it.

    The environment variable STUDIO_OFFLINE, set to anything, forbids the download.

    Raises:
        Cancelled: if ``work`` is cancelled.
        DatasetError: if even the sample cannot be read.
    """
    advance(work, "Loading Fashion-MNIST", 0, 1)
    own = places.cache() / "fashion-mnist"
    for folder, words in ((SYSTEM, "the system's datasets"), (_keras_cache(), "the Keras cache"), (own, "the cache")):
        try:
            images, labels = read_folder(folder)
        except DatasetError:
            continue  # absent or damaged: the next source is as good
        return _dataset(images, labels, SPLITS, f"Read from {words}, {folder}.", "")
    if not os.environ.get("STUDIO_OFFLINE"):
        try:
            _download(own, work)
            images, labels = read_folder(own)
            return _dataset(images, labels, SPLITS, f"Downloaded to {own}.", "")
        except DatasetError:
            pass  # offline, or the server's file is not the published one: the sample remains
    return _sample(own)


def read_folder(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Read the four original files.

    Returns:
        uint8 (70000, 28, 28, 1) and int32 (70000,): the training file first, then the test file.

    Raises:
        DatasetError: naming the file that is missing, damaged or not the published one.
    """
    images = [_verified(folder / name, 3, count, digest) for name, count, digest in _IMAGES]
    labels = [_verified(folder / name, 1, count, digest) for name, count, digest in _LABELS]
    return np.concatenate(images)[..., None], np.concatenate(labels).astype(np.int32)


def _verified(path: Path, dimensions: int, count: int, digest: str) -> NDArray[Any]:
    values = read_idx(path, dimensions=dimensions, count=count)
    if hashlib.sha256(values.tobytes()).hexdigest() != digest:
        raise DatasetError("This file is not the published one.", where=str(path), advice="Remove it and load again.")
    return values


def _keras_cache() -> Path:
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets" / "fashion-mnist"


def _download(folder: Path, work: Work) -> None:
    """Fetch what is missing or damaged, from the first address that has it."""
    for dimensions, files in ((1, _LABELS), (3, _IMAGES)):
        for name, count, digest in files:

            def check(path: Path, wanted: tuple[int, int, str] = (dimensions, count, digest)) -> None:
                _verified(path, *wanted)

            addresses = [address + name for address in ADDRESSES]
            fetch(addresses, folder / name, check, most=MAX_DOWNLOAD, work=work)


def _sample(own: Path) -> Dataset:
    path = places.resources() / "samples" / "fashion_mnist_sample.npz"
    arrays = read_arrays(path, {"images", "labels"})
    if set(arrays) != {"images", "labels"} or arrays["images"].shape != (SAMPLE_SPLITS[2].stop, 28, 28):
        advice = "Install the program again."
        raise DatasetError("The sample of Fashion-MNIST is damaged.", where=str(path), advice=advice)
    notice = f"This is a sample of {SAMPLE_SPLITS[2].stop:,} images. " + _HOW.format(folder=own)
    images, labels = arrays["images"][..., None], arrays["labels"].astype(np.int32)
    return _dataset(images, labels, SAMPLE_SPLITS, "The sample of Fashion-MNIST that comes with the program.", notice)


def _dataset(
    images: NDArray[np.uint8],
    labels: NDArray[np.int32],
    parts: tuple[slice, slice, slice],
    source: str,
    notice: str,
) -> Dataset:
    return Dataset(
        name="fashion_mnist",
        title=DATASET_TITLES["fashion_mnist"],
        images=images,
        train=parts[0],
        validation=parts[1],
        test=parts[2],
        labels=labels,
        label_names=LABELS,
        attributes=None,
        attribute_names=(),
        source=source,
        notice=notice,
    )
