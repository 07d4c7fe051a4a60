"""What the tests of the run folder share: small runs, a disk that fails, and children that are killed."""

import errno
import itertools
import os
import time
from pathlib import Path

import numpy as np

from models.core.disk import files
from models.core.disk.operations import Operations
from models.core.errors import RunBusyError, StorageError
from models.core.record import Run
from models.core.record import lock as lock_module
from models.core.record.lock import Lock

META = {
    "family": "vae",
    "config": {"epochs": 3, "learning_rate": 0.001},
    "dataset": {"name": "digits", "size": 10, "fingerprint": "ab", "image_shape": [8, 8, 1]},
    "seed": 7,
    "versions": {"keras": "3"},
}


def make_run(folder, **more):
    return Run.create(Path(folder), **{**META, **more})


def state(step, size=64):
    """Arrays that say which step they are of, in every element."""
    return {
        "weights/0": np.full((size // 8, 8), step, np.float32),
        "slots/0": np.arange(size, dtype=np.float64) + step,
        "step": np.asarray(step, np.int64),
        "flags": np.ones(5, bool),
    }


def expected(arrays):
    return {name: (array.shape, array.dtype) for name, array in arrays.items()}


def same(left, right):
    return left.keys() == right.keys() and all(
        left[name].dtype == right[name].dtype and np.array_equal(left[name], right[name]) for name in left
    )


def is_whole(entry, arrays, size=64):
    """Whether a loaded checkpoint is, to the last element, what was saved at the step its entry names."""
    return same(arrays, state(entry.step, size))


class Shim(Operations):
    """The real disk, but call number ``n`` (from 1) fails with ``code``, or writes half where code is "short"."""

    def __init__(self, n, code):
        self.n, self.code = n, code
        self.calls = 0
        self.fired = ""

    def _do(self, name, *arguments):
        self.calls += 1
        real = getattr(super(), name)
        if self.calls != self.n:
            return real(*arguments)
        if self.code == "short":
            self.fired = name
            return real(arguments[0], arguments[1][: len(arguments[1]) // 2]) if name == "write" else real(*arguments)
        self.fired = name
        if name == "close":
            real(*arguments)  # a failing close frees the descriptor all the same
        raise OSError(self.code, os.strerror(self.code))


def _failing(name):
    def call(self, *arguments):
        return self._do(name, *arguments)

    return call


for _name in ("open", "write", "end", "truncate", "fsync", "close", "replace", "fsync_folder", "unlink", "mkdir"):
    setattr(Shim, _name, _failing(_name))


class Full(Operations):
    """A disk with room for a number of bytes; what is unlinked gives room back only when ``free`` is called."""

    def __init__(self, room):
        self.room = room

    def write(self, descriptor, data):
        if self.room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count = super().write(descriptor, data[: self.room])
        self.room -= count
        return count

    def free(self):
        self.room = 10**9


def save_for_ever(folder, size, started):
    """Child: save checkpoints of a growing step until killed; ``started`` gets each acknowledged step."""
    run = Run.open(Path(folder), write=True)
    newest = run.checkpoints()[-1].step if run.checkpoints() else 0
    started.send(newest)
    for step in itertools.count(newest + 1):
        run.save_checkpoint(step, state(step, size))
        started.send(step)


def race(folder, barrier, answers):
    """Child: wait for the other, then try to become the writer; the winner keeps the lock until both have tried."""
    lock_module._PATIENCE = 3  # both wait for the loser in each of the rounds
    lock = Lock(Path(folder))
    for _ in range(20):
        barrier.wait(30)
        try:
            lock.acquire()
            answers.put("writer")
        except RunBusyError as error:
            answers.put("busy" if "process" in error.what else "unnamed")
        barrier.wait(30)
        lock.release()


def hold(folder, started):
    """Child: take the lock and keep it until killed."""
    lock = Lock(Path(folder))
    lock.acquire()
    started.send(os.getpid())
    time.sleep(600)


def save_with_small_files(folder, limit, answers):
    """Child: save under the operating system's own limit for the size of a file, then without it."""
    import resource

    run = Run.open(Path(folder), write=True)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        run.save_checkpoint(2, state(2, 100_000))
        answers.send("saved")
    except StorageError as error:
        answers.send(str(error))
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    answers.send(run.save_checkpoint(3, state(3, 100_000)).step)
    run.close()


def use(monkeypatch, operations):
    monkeypatch.setattr(files, "OPS", operations)
    return operations


def snapshot(folder):
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}
