"""Kills and signals at random moments of a training, as often as asked: does it resume, is the result bit-identical?

    python benchmarks/kills.py --kills 20 [--family vae] [--signal KILL] [--studio] [--steps 600]

A reference run (600 steps unless told otherwise) is trained without interruption. Others with the same seed are ended
at uniformly random moments and resumed to their end; their final weights are then compared by sha256, and their curves
by step. The moments are steps drawn uniformly, plus up to 0.15 s, so that they fall into steps, validations, images
and checkpoints alike. With ``--signal TERM`` (or INT, HUP) the program is asked to end: it must have saved, with the
status "paused". With ``--studio`` the one that trains is the window, offscreen, and the command line resumes it.
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
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from models.core.record import Run  # noqa: E402

EVERY = 25
IMAGES, BATCH, STEPS_AN_EPOCH = 480, 32, 12  # of 480 images 384 are trained on
SECONDS = 600.0  # nothing is measured with it
FAMILIES = {  # settings that suit digits of 8 x 8, and the size to which they are enlarged
    "vae": ({}, 8),
    "dcgan": ({"latent_size": 8, "width": 16}, 28),
    "progan": ({"latent_size": 8, "phase_images": 1000}, 16),
}

STUDIO = """
import json, sys
import studio.__main__ as start
import studio.window as window
from PySide6.QtCore import QTimer
from pathlib import Path
from studio.workers.jobs import Job
folder, family, dataset, values = Path(sys.argv[1]), sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
begin = window.Window.start_backend

def begun(self):
    begin(self)
    self.services.jobs.add(Job(folder, family, values, dataset))
    timer, told = QTimer(self), [0]

    def look():
        progress = self.services.jobs.progress
        if progress is not None and progress.step != told[0]:
            told[0] = progress.step
            print(json.dumps({"step": progress.step}), flush=True)

    timer.timeout.connect(look)
    timer.start(1)

window.Window.start_backend = begun
sys.exit(start.main([]))
"""


@dataclass(frozen=True)
class Training:
    """What is trained again and again: a family on digits, with one seed.

    Attributes:
        family: its key.
        dataset: an .npz file of digits, of a size that suits the family.
        epochs: of the whole run.
        scratch: folder of all that is written.
    """

    family: str
    dataset: Path
    epochs: int
    scratch: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of every process: a home of its own, no screen."""
        return {**os.environ, "STUDIO_HOME": str(self.scratch / "home"), "QT_QPA_PLATFORM": "offscreen"}

    @property
    def values(self) -> dict[str, object]:
        """The settings."""
        return {"batch_size": BATCH, "seed": 1, "epochs": self.epochs, **FAMILIES[self.family][0]}

    def words(self, folder: Path, *, studio: bool = False) -> list[str]:
        """The command that trains a new run in a folder, with the textbook's settings: so does the window."""
        if studio:
            values = json.dumps(self.values)
            return [sys.executable, "-c", STUDIO, str(folder), self.family, str(self.dataset), values]
        settings = [word for name, value in self.values.items() for word in ("--set", f"{name}={value}")]
        return command("train", self.family, "--dataset", str(self.dataset), "--defaults", *settings, "--run",
                       str(folder))  # fmt: skip

    def resumed(self, folder: Path) -> bool:
        """Resume a run to its end; whether that worked."""
        done = subprocess.run(
            command("resume", str(folder)), cwd=ROOT, env=self.environment, capture_output=True, check=False
        )
        return done.returncode == 0 and Run.open(folder).info.status == "finished"


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "models", *words, "--checkpoint-steps", str(EVERY), "--json"]


def digits(path: Path, size: int) -> Path:
    """The digits as an .npz file, each pixel repeated and the border cut to a size."""
    from sklearn.datasets import load_digits

    values = np.rint(load_digits().images[:IMAGES] * (255.0 / 16.0)).astype(np.uint8)
    times = -(-size // 8)
    np.savez(path, images=np.kron(values, np.ones((1, times, times), np.uint8))[:, :size, :size, None])
    return path


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


def ended_once(words: list[str], env: dict[str, str], target: int, jitter: float, what: signal.Signals) -> int:
    """Send a signal ``jitter`` seconds after a training told of step ``target``; the last step it told of."""
    process = subprocess.Popen(words, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    step = 0
    for line in process.stdout:
        told = json.loads(line).get("step")  # None before the run exists: nothing could be lost yet
        if told is not None and told >= target:
            step = told
            break
    time.sleep(jitter)
    process.send_signal(what)
    for line in process.stdout:
        with contextlib.suppress(ValueError):  # the last line may be torn
            step = max(step, json.loads(line).get("step") or 0)
    process.wait(SECONDS)
    return step


def reference(training: Training) -> tuple[str, list[int]]:
    """The weights and the steps of the curves of a run that nobody interrupts."""
    folder = training.scratch / "whole"
    subprocess.run(training.words(folder), cwd=ROOT, env=training.environment, stdout=subprocess.DEVNULL, check=True)
    rows = Run.open(folder).metrics()
    print(f"reference: {rows[-1]['step']} steps in {rows[-1]['seconds']:.1f} s, sha256 {weights(folder)[:16]}")
    return weights(folder), [row["step"] for row in rows]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--family", choices=list(FAMILIES), default="vae")
    parser.add_argument("--signal", choices=["KILL", "TERM", "INT", "HUP"], default="KILL")
    parser.add_argument("--studio", action="store_true", help="end a studio that trains, not a command")
    arguments = parser.parse_args()
    epochs = max(1, arguments.steps // STEPS_AN_EPOCH)
    rng, begin = random.Random(arguments.seed), time.monotonic()
    scratch = Path(tempfile.mkdtemp())
    dataset = digits(scratch / "digits.npz", FAMILIES[arguments.family][1])
    training = Training(arguments.family, dataset, epochs, scratch)
    right, steps = reference(training)
    what = signal.Signals[f"SIG{arguments.signal}"]
    same = resumed = 0
    for number in range(arguments.kills):
        folder = scratch / f"killed-{number}"
        target, jitter = rng.randrange(max(1, steps[-1] - 10)), rng.uniform(0.0, 0.15)
        words = training.words(folder, studio=arguments.studio)
        step = ended_once(words, training.environment, target, jitter, what)
        run = Run.open(folder)
        kept, status = run.checkpoints()[-1].step, run.info.status
        good = (what == signal.SIGKILL or status in ("paused", "finished")) and training.resumed(folder)
        resumed += good
        identical = good and weights(folder) == right
        same += identical
        complete = [row["step"] for row in Run.open(folder).metrics()] == steps
        found = ("bit-identical" if identical else "DIFFERENT") + (", curves whole" if complete else ", curves BROKEN")
        print(f"{what.name} {number + 1}: told of step {step}, {status} at {kept}, {found}", flush=True)
        shutil.rmtree(folder)
    shutil.rmtree(scratch)
    print(f"{resumed} of {arguments.kills} resumed, {same} bit-identical, {time.monotonic() - begin:.0f} s")
    return 0 if resumed == same == arguments.kills else 1


if __name__ == "__main__":
    sys.exit(main())
