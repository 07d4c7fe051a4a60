"""Make ``fashion_mnist_sample.npz`` from the original files: 1,200 pictures of each of the ten kinds.

Run ``python resources/samples/make_sample.py`` in the checkout; the same files give the same bytes. Of each kind 1,000
come from the pictures to train with, 100 from those to validate with and 100 from the test file, so that the sample's
test pictures are test pictures of the whole dataset too.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from models.core.datasets import fashion_mnist

TAKEN = (1000, 100, 100)


def main() -> None:
    """Write the sample beside this file."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else fashion_mnist.SYSTEM
    images, labels = fashion_mnist.read_folder(folder)
    random = np.random.default_rng(0)
    chosen: list[int] = []
    for part, taken in zip(fashion_mnist.SPLITS, TAKEN, strict=True):
        of_part = np.arange(part.start, part.stop)
        kinds = [of_part[labels[part] == label] for label in range(len(fashion_mnist.LABELS))]
        chosen += sorted(int(i) for kind in kinds for i in random.choice(kind, taken, replace=False))
    target = Path(__file__).with_name("fashion_mnist_sample.npz")
    np.savez_compressed(target, images=images[chosen, :, :, 0], labels=labels[chosen].astype(np.uint8))
    print(f"{target}: {len(chosen):,} pictures, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
