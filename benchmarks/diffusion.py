"""How fast the textbook's diffusion network is trained and walked, beside the textbook's own eager loop.

    python benchmarks/diffusion.py
    python benchmarks/diffusion.py --timesteps 400 --images 32
    python benchmarks/diffusion.py --trained RUN

All in one process and one after the other, so that ratios hold on a noisy machine. The weights are fresh, unless a run
is given: speed does not depend on them. The eager loop calls the network as the textbook does, ``model(...)`` a step,
and is timed over a few hundred steps unless ``--whole-loop`` is said.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from models.core import device
from models.core.diffusion.capability import Sampling
from models.core.errors import Cancelled
from models.core.work import Callbacks

EAGER_STEPS = 300


def textbook_loop(model: Any, count: int, steps: int) -> float:
    """Seconds of the textbook's eager loop for the first ``steps`` of all: x_(t-1) from x_t by its own formula."""
    from keras import ops, random

    network, schedule = model.sampler, model.schedule
    x = random.normal((count, *model.state_shape), seed=0)
    begin = time.perf_counter()
    for t in range(len(schedule) - 1, len(schedule) - 1 - steps, -1):
        noise = random.normal(x.shape) if t > 1 else ops.zeros(x.shape)
        seen = network([x, ops.full((count,), t, dtype="int32")], training=False)
        alpha = float(schedule[t] / schedule[t - 1])
        x = (x - (1 - alpha) / float(1 - schedule[t]) ** 0.5 * seen) / alpha**0.5 + (1 - alpha) ** 0.5 * noise
    return time.perf_counter() - begin


def walked(model: Any, count: int, sampling: Sampling) -> tuple[float, float]:
    """Seconds to the first step and to the last of a walk."""
    begin = time.perf_counter()
    stamps = [time.perf_counter() for _ in model.reverse(sampling, count=count)]
    return stamps[0] - begin, stamps[-1] - begin


def cancelled_after(model: Any, count: int) -> float:
    """Seconds from asking a walk to stop to its end."""
    event, asked = threading.Event(), [0.0]

    def ask() -> None:
        asked[0] = time.perf_counter()
        event.set()

    timer = threading.Timer(0.3, ask)
    timer.start()
    try:
        for _ in model.reverse(Sampling("ddpm"), count=count, work=Callbacks(cancelled=event.is_set)):
            pass
    except Cancelled:
        return time.perf_counter() - asked[0]
    timer.cancel()
    raise SystemExit("Sampling ended before it could be cancelled: take more time steps.")


def training_step(model: Any, batch: int, steps: int = 20) -> tuple[float, float]:
    """Seconds of the first step, which traces, and the median of the others."""
    model.compile(optimizer=model.make_optimizer(), jit_compile=device.compiles())
    images = np.random.default_rng(0).random((batch, *model.spec.image_shape), np.float32)
    seconds = []
    for _ in range(steps + 1):
        begin = time.perf_counter()
        model.train_on_batch(images)
        seconds.append(time.perf_counter() - begin)
    return seconds[0], statistics.median(seconds[1:])


def model_of(arguments: argparse.Namespace, size: str) -> Any:
    """The network of a run, or a fresh one for 28 x 28 grey images."""
    from models import ddpm
    from models.core import loading, record
    from models.core.family import DataSpec

    if arguments.trained:
        return loading.load(record.Run.open(arguments.trained))[0]
    return ddpm.build(ddpm.CONFIG(size=size, timesteps=arguments.timesteps), DataSpec((28, 28, 1)))


def sampling(arguments: argparse.Namespace) -> None:
    """Print what walks cost."""
    model = model_of(arguments, "textbook")
    count, timesteps = arguments.images, len(model.schedule) - 1
    walked(model, count, Sampling(steps=2))  # traces
    looks = timesteps if arguments.whole_loop else min(EAGER_STEPS, timesteps)
    textbook_loop(model, count, 2)
    eager = textbook_loop(model, count, looks) / looks
    print(f"{count} images, T = {timesteps}, {device.prepare()}")
    print(f"textbook's eager loop: {eager * 1e3:.1f} ms a step over {looks} steps, {eager * timesteps:.1f} s for all")
    for words, way in (
        ("DDPM, all steps", Sampling("ddpm")),
        ("DDIM, 50 steps", Sampling("ddim", 50)),
        ("DPM-Solver++(2S), 25 steps", Sampling("dpm_solver", 25)),
    ):
        _, seconds = walked(model, count, way)
        print(f"{words}: {seconds:.2f} s, {eager * timesteps / seconds:.1f} times faster than the eager loop")
    firsts = [walked(model, count, Sampling("ddim", 1))[0] for _ in range(20)]
    print(f"first sampling step: median {statistics.median(firsts) * 1e3:.0f} ms, longest {max(firsts) * 1e3:.0f} ms")
    stops = [cancelled_after(model, count) for _ in range(5)]
    print(f"cancel: median {statistics.median(stops) * 1e3:.0f} ms, longest {max(stops) * 1e3:.0f} ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timesteps", type=int, default=4000)
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--trained", type=Path, help="a run instead of fresh weights")
    parser.add_argument("--whole-loop", action="store_true", help="time all steps of the eager loop")
    parser.add_argument("--only", choices=["sampling", "training"])
    arguments = parser.parse_args()
    device.prepare()
    if arguments.only != "training":
        sampling(arguments)
    if arguments.only != "sampling":
        for size, batch in (("textbook", 32), ("small", 64)):
            first, later = training_step(model_of(arguments, size), batch)
            print(f"training, {size}, batch {batch}: {later * 1e3:.0f} ms a step (the first, traced: {first:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
