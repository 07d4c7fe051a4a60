"""What our training costs beside a plain ``fit`` of the same network: seconds an epoch, in turn, in one process each.

python benchmarks/training.py --epochs 3
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def plain(epochs: int) -> None:
    """Keras' own fit on arrays in memory, with the same validation; prints seconds an epoch."""
    from models.core import device

    device.prepare()
    import keras

    from models import vae
    from models.core import datasets
    from models.core.images import convert

    data = datasets.load("fashion_mnist")
    x = convert.to_float(data.images[data.train])
    held_out = convert.to_float(data.images[data.validation])
    model = vae.build(vae.CONFIG(), data.spec)
    model.compile(optimizer=model.make_optimizer(), jit_compile=device.compiles())
    stamps = [time.perf_counter()]
    tick = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: stamps.append(time.perf_counter()))
    model.fit(x, validation_data=(held_out,), epochs=epochs, batch_size=128, verbose=0, callbacks=[tick])
    print(" ".join(f"{b - a:.2f}" for a, b in itertools.pairwise(stamps)))


def ours(epochs: int) -> None:
    """The command line's way: run folder, curves, images, checkpoints; prints seconds an epoch."""
    from models.core import device

    device.prepare()
    from models import vae
    from models.core import datasets
    from models.core.training import train

    data = datasets.load("fashion_mnist")
    run = train.start(Path(tempfile.mkdtemp()) / "run", "vae", vae.CONFIG(epochs=epochs), data)
    train.train(run, data)
    seconds = [row["seconds"] for row in run.metrics() if "val_loss" in row]
    print(" ".join(f"{b - a:.2f}" for a, b in itertools.pairwise([0.0, *seconds])))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--only", choices=["plain", "ours"])
    arguments = parser.parse_args()
    if arguments.only:
        {"plain": plain, "ours": ours}[arguments.only](arguments.epochs)
        return 0
    for _ in range(2):
        for name in ("plain", "ours"):
            words = [sys.executable, __file__, "--only", name, "--epochs", str(arguments.epochs)]
            done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
            print(f"{name:6s} seconds an epoch: {done.stdout.strip()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
