"""The process in which attacks are tried: a line before and a line after each tell the campaign which one hurt.

python -m tests.soak.child MODULE KIND FIRST COUNT FOLDER MEGABYTES
"""

from __future__ import annotations

import gc
import importlib
import json
import random
import resource
import sys
import time
import traceback
from pathlib import Path

from tests.soak import mutations

CPU_SECONDS = 10.0  # no reader may compute longer over one file


def attempt(attack: object, kind: str, seed: int, folder: Path) -> str:
    """Try one attack; what was wrong, or nothing. A folder that hurt is kept."""
    folder.mkdir(parents=True)
    begin = time.process_time()
    problem = ""
    try:
        attack(random.Random(f"{kind} {seed}"), folder)  # type: ignore[operator]
    except BaseException:  # noqa: BLE001 - whatever comes through is what is looked for
        problem = traceback.format_exc()
    spent = time.process_time() - begin
    if not problem and spent > CPU_SECONDS:
        problem = f"{spent:.1f} s of processor time"
    if not problem:
        mutations.tidy(folder)
    return problem


def main() -> None:
    module, kind, first, count, folder, megabytes = sys.argv[1:]
    attack = importlib.import_module(module).ATTACKS[kind]
    limit = int(megabytes) * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for seed in range(int(first), int(first) + int(count)):
        print(json.dumps({"begin": seed}), flush=True)
        problem = attempt(attack, kind, seed, Path(folder) / f"{kind}-{seed}")
        print(json.dumps({"end": seed, "problem": problem}), flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
