"""kill -9 at random moments of a run, as often as asked: does it resume, and is the result bit-identical?

    python benchmarks/kills.py --kills 20

A reference run (600 steps unless told otherwise) is trained without interruption. Others with the same seed are killed
at uniformly random moments and resumed to their end; their final weights are then compared by sha256, and their curves
by step. The moments are steps drawn uniformly, plus up to 0.15 s, so that kills fall into steps, validations, images
and checkpoints alike.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from models.core.record import Run  # noqa: E402

EVERY = 25
STEPS_AN_EPOCH = 12  # 1,439 digits in batches of 120
TRAIN = ["train", "vae", "--dataset", "digits", "--set", "batch_size=120", "--seed", "1"]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "models", *words, "--checkpoint-steps", str(EVERY), "--json"]


def weights(folder: Path) -> str:
    """The sha256 of the weights, random state and optimizer slots in the newest checkpoint."""
    run = Run.open(folder)
    path = folder / "checkpoints" / run.checkpoints()[-1].file
    digest = hashlib.sha256()
    with np.load(path, allow_pickle=False) as arrays:
        for name in sorted(arrays.files):
            if not name.startswith("metrics/"):
                digest.update(name.encode() + arrays[name].tobytes())
    return digest.hexdigest()


def killed_once(folder: Path, epochs: int, target: int, jitter: float, env: dict[str, str]) -> tuple[int, int]:
    """Kill a run ``jitter`` seconds after it told of step ``target``; the last step it told of, and the newest kept."""
    words = command(*TRAIN, "--epochs", str(epochs), "--run", str(folder))
    process = subprocess.Popen(words, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    step = 0
    for line in process.stdout:
        step = json.loads(line).get("step") or 0
        if step >= target:
            break
    time.sleep(jitter)
    process.send_signal(signal.SIGKILL)
    for line in process.stdout:
        with contextlib.suppress(ValueError):  # the last line may be torn
            step = max(step, json.loads(line).get("step") or 0)
    process.wait()
    return step, Run.open(folder).checkpoints()[-1].step


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    epochs = max(1, arguments.steps // STEPS_AN_EPOCH)
    steps = epochs * STEPS_AN_EPOCH
    rng = random.Random(arguments.seed)
    scratch = Path(tempfile.mkdtemp())
    env = {**os.environ, "STUDIO_HOME": str(scratch / "home")}
    begin = time.monotonic()
    subprocess.run(
        command(*TRAIN, "--epochs", str(epochs), "--run", str(scratch / "whole")),
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    reference = weights(scratch / "whole")
    rows = Run.open(scratch / "whole").metrics()
    seconds = rows[-1]["seconds"]
    print(f"reference: {rows[-1]['step']} steps in {seconds:.1f} s, sha256 {reference[:16]}")
    same = resumed = 0
    for number in range(arguments.kills):
        folder = scratch / f"killed-{number}"
        step, kept = killed_once(folder, epochs, rng.randrange(steps - 10), rng.uniform(0.0, 0.15), env)
        done = subprocess.run(
            command("resume", str(folder)), cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        again = Run.open(folder)
        complete = [row["step"] for row in again.metrics()] == [row["step"] for row in rows]
        good = done.returncode == 0 and again.info.status == "finished"
        resumed += good
        identical = good and weights(folder) == reference
        same += identical
        words = ("bit-identical" if identical else "DIFFERENT") + (", curves whole" if complete else ", curves BROKEN")
        print(f"kill {number + 1}: told of step {step}, resumed at {kept}, {words}", flush=True)
        shutil.rmtree(folder)
    shutil.rmtree(scratch)
    print(f"{resumed} of {arguments.kills} resumed, {same} bit-identical, {time.monotonic() - begin:.0f} s")
    return 0 if resumed == same == arguments.kills else 1


if __name__ == "__main__":
    sys.exit(main())
