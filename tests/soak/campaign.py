"""The soak campaign: hostile run folders, images, recipes, arrays, directions, settings, names and races.

    python -m tests.soak.campaign --minutes 60 [--seed 0] [--kinds runs images ...] [--keep FOLDER]

Each attack runs in a process with a limit of time and of memory. It is survived if the program reads what is whole and
refuses the rest in words; what raises something else, dies, hangs, computes for more than 10 s or takes more memory has
failed. Printed is how many were tried, survived and failed, by kind; each mutant that hurt is kept in a folder of its
kind and seed, with ``problem.txt`` beside it, and the same kind and seed make it again. The exit code is 1 if any did.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.tools.folders import ROOT

BATCH = 100  # attacks of one process
SECONDS, MEGABYTES = 60.0, 4096  # limits of one attack
BEGINNING = 300.0  # s until a process must have begun: it imports, on a busy machine


@dataclass
class Tally:
    """Figures of one kind."""

    tried: int = 0
    failed: list[int] = field(default_factory=list)  # seeds

    def __str__(self) -> str:
        return f"{self.tried:6d} tried, {self.tried - len(self.failed):6d} survived, {len(self.failed):4d} failed"


class Campaign:
    """Tries attacks in processes of their own.

    Args:
        keep: folder of the mutants; those that hurt stay there.
        module: name of the module whose ``ATTACKS`` are tried.
        seconds: limit of one attack by the clock.
    """

    def __init__(self, keep: Path, *, module: str = "tests.soak.attacks", seconds: float = SECONDS) -> None:
        self.keep, self.module, self.seconds = keep, module, seconds
        self.tallies: dict[str, Tally] = {}

    def run(self, kinds: Sequence[str], seed: int, minutes: float, batch: int = BATCH) -> None:
        """Try all kinds in turn until the time is over, each at least once."""
        end = time.monotonic() + 60 * minutes
        for first in itertools.count(seed, batch):
            for kind in kinds:
                self.batch(kind, first, batch)
            if time.monotonic() > end:
                return

    def batch(self, kind: str, first: int, count: int) -> None:
        """Try so many seeds of a kind; a process that dies or hangs is replaced for those that are left."""
        tally = self.tallies.setdefault(kind, Tally())
        last = first + count
        for _ in range(count):  # each process gets at least one seed further
            if first < last:
                first = self._process(kind, first, last - first, tally)

    def _process(self, kind: str, first: int, count: int, tally: Tally) -> int:
        """One process; the seed with which the next one goes on."""
        words = [sys.executable, "-m", "tests.soak.child", self.module, kind, str(first), str(count), str(self.keep)]
        own = {"STUDIO_HOME": self.keep / "home", "TMPDIR": self.keep / "scratch", "QT_QPA_PLATFORM": "offscreen"}
        (self.keep / "scratch").mkdir(parents=True, exist_ok=True)
        env = {**os.environ, "STUDIO_OFFLINE": "1", **{name: str(value) for name, value in own.items()}}
        with tempfile.TemporaryFile("w+") as errors:
            child = subprocess.Popen(
                [*words, str(MEGABYTES)], cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=errors
            )
            lines = _lines(child)
            current, done, limit, problem = None, first, BEGINNING, ""
            for _ in range(2 * count + 1):  # two lines an attack, and the end
                try:
                    line = lines.get(timeout=limit)
                except queue.Empty:
                    child.kill()
                    problem = f"still not done after {limit:.0f} s"
                    break
                if line is None:
                    errors.seek(0)
                    problem = f"the process ended with {child.wait(BEGINNING)}\n{errors.read()[-4000:]}"
                    break
                said = json.loads(line)
                limit, current = self.seconds, said.get("begin")
                if "end" in said:
                    done = said["end"] + 1
                    self._note(kind, said["end"], said["problem"], tally)
            child.wait(BEGINNING)
        if done == first + count:
            return done
        self._note(kind, done if current is None else current, problem, tally)
        return done + 1

    def _note(self, kind: str, seed: int, problem: str, tally: Tally) -> None:
        tally.tried += 1
        if problem:
            tally.failed.append(seed)
            folder = self.keep / f"{kind}-{seed}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "problem.txt").write_text(f"kind {kind}, seed {seed}\n{problem}\n", "utf-8", "backslashreplace")
            print(f"{kind} {seed}: {(problem.strip().splitlines() or ['?'])[-1]}", flush=True)

    @property
    def failed(self) -> int:
        """How many attacks hurt."""
        return sum(len(tally.failed) for tally in self.tallies.values())

    def table(self) -> str:
        """Figures by kind."""
        return "\n".join(f"{kind:12s} {tally}" for kind, tally in self.tallies.items())


def _lines(child: subprocess.Popen[str]) -> queue.Queue[str | None]:
    """What a process prints, line by line; None at its end."""
    found: queue.Queue[str | None] = queue.Queue()
    stream = child.stdout
    assert stream is not None

    def read() -> None:
        for line in stream:
            found.put(line)
        stream.close()
        found.put(None)

    threading.Thread(target=read, daemon=True).start()
    return found


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = list(importlib.import_module("tests.soak.attacks").ATTACKS)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0, help="of the first attack of each kind")
    parser.add_argument("--batch", type=int, default=BATCH, help="attacks of one kind before the next kind")
    parser.add_argument("--kinds", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--keep", type=Path, help="folder for what hurt; a temporary one by default")
    arguments = parser.parse_args(argv)
    keep = arguments.keep or Path(tempfile.mkdtemp(prefix="soak-"))
    campaign = Campaign(keep.resolve())
    begin = time.monotonic()
    campaign.run(arguments.kinds, arguments.seed, arguments.minutes, arguments.batch)
    print(campaign.table())
    print(f"{campaign.failed} failed in {(time.monotonic() - begin) / 60:.1f} minutes; what hurt is in {keep}")
    return 1 if campaign.failed else 0


if __name__ == "__main__":
    sys.exit(main())
