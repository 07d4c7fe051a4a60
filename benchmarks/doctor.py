"""Twelve runs that are made to fail or to succeed on purpose, and what the GAN doctor says of each.

python benchmarks/doctor.py --seed 101

What each run should be is written down in CASES before it is made. ``--out`` keeps what the runs recorded, thinned, as
the test data in tests/data/doctor were made (``--seed 101 --out tests/data/doctor``).

Several threads add in another order each time, and a run that oscillates is chaotic: made again from the same seed, the
last case was once judged as collapsed, which for a while it may well be. The rules were made on seeds 1 to 12.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from models.core.doctor import rules  # noqa: E402 - the path comes first

ROWS = 120  # that are kept of a run
DENSE = {"optimizer": "adam", "beta_1": 0.5, "learning_rate": 2e-4, "batch_size": 64, "replay": True, "epochs": 6}
SMALL = {
    "optimizer": "adam", "learning_rate": 5e-4, "batch_size": 64, "width": 8, "latent_size": 32, "dropout": 0.2,
    "ema": 0.99, "epochs": 3,
}  # fmt: skip
NADAM = {"optimizer": "nadam", "learning_rate": 1e-3, "epochs": 2}
WEAK_GENERATOR = {"learning_rate": 1e-6, "separate_rates": True, "discriminator_rate": 100.0, "epochs": 2}
WEAK_DISCRIMINATOR = {"separate_rates": True, "discriminator_rate": 0.01, "epochs": 2}

# Name, what the doctor should say, family, settings; seeds are added.
CASES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("dense with replay", "healthy", "gan", DENSE),
    ("dense with replay, more codings", "healthy", "gan", {**DENSE, "latent_size": 64}),
    ("small DCGAN", "healthy", "dcgan", SMALL),
    ("small DCGAN, smoothed", "healthy", "dcgan", {**SMALL, "smoothing": True}),
    ("Nadam", "mode collapse", "gan", NADAM),
    ("Nadam, two codings", "mode collapse", "gan", {**NADAM, "latent_size": 2}),
    ("generator 100 times slower", "discriminator winning", "gan", WEAK_GENERATOR),
    ("generator 100 times slower, smoothed", "discriminator winning", "gan", {**WEAK_GENERATOR, "smoothing": True}),
    ("discriminator 100 times slower", "generator winning", "gan", WEAK_DISCRIMINATOR),
    ("the same with replay", "generator winning", "gan", {**WEAK_DISCRIMINATOR, "replay": True}),
    ("rate of 1", "diverged", "gan", {"learning_rate": 1.0, "epochs": 2}),
    ("textbook's losses without a remedy", "oscillating", "gan", {"epochs": 5}),
)


def thin(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most ROWS rows, each a mean of its neighbours, with four figures; what is not finite stays null."""
    import numpy as np

    rows = [row for row in rows if rules.suits(row)]
    kept = []
    for part in np.array_split(np.arange(len(rows)), min(ROWS, len(rows))):
        some = [rows[i] for i in part]
        row: dict[str, Any] = {"step": some[-1]["step"]}
        for name in rules.NEEDED:
            values = [one[name] for one in some]
            row[name] = None if None in values else float(f"{np.mean(values):.4g}")
        kept.append(row)
    return kept


def record(family: str, values: dict[str, Any], folder: Path, dataset: Any) -> dict[str, Any]:
    """Train one run and return what it recorded of its signals."""
    import models
    from models.core.training import train

    with train.start(folder, family, models.family(family).CONFIG(**values), dataset) as run:
        outcome = train.train(run, dataset, checkpoint_seconds=1e9)
        looks = [{"step": row["step"], **row["coverage"]} for row in run.stats() if "coverage" in row]
        for look in looks:
            look["shares"] = [round(share, 3) for share in look["shares"]]
        failed = "diverged" in str(outcome.error or "")
        return {"rows": thin(run.metrics()), "coverage": looks, "gave_up": failed}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=101, help="of the first run; the others follow")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of the cases, from 0 on")
    parser.add_argument("--out", type=Path, help="a folder for what was recorded, one JSON file a run")
    arguments = parser.parse_args()
    from models.core import datasets, device

    dataset = datasets.load("fashion_mnist")
    device.prepare()
    from models.core.evaluation import evaluator

    evaluator.evaluator_of(dataset)
    right = alarms = asked = 0
    for number, (name, expected, family, values) in enumerate(CASES):
        if arguments.only is not None and number not in arguments.only:
            continue
        begin = time.monotonic()
        seed = arguments.seed + number
        with tempfile.TemporaryDirectory() as place:
            found = record(family, {**values, "seed": seed}, Path(place) / "run", dataset)
        said = rules.diagnose(found["rows"], found["coverage"], gave_up=found["gave_up"])
        asked, right = asked + 1, right + (said.kind == expected)
        alarms += expected == "healthy" and said.ill
        mark = "right" if said.kind == expected else "WRONG"
        print(f"{mark}  {name} (seed {seed}, {time.monotonic() - begin:.0f} s): expected {expected}", flush=True)
        print(f"       {said.sentence}", flush=True)
        if arguments.out:
            arguments.out.mkdir(parents=True, exist_ok=True)
            about = {"name": name, "expected": expected, "family": family, "settings": {**values, "seed": seed}}
            text = json.dumps({**about, **found}, separators=(",", ":"))
            (arguments.out / f"run-{number:02d}.json").write_text(text + "\n", "utf-8")
    print(f"{right} of {asked} right; {alarms} healthy runs alarmed")
    return 0 if right >= asked - 2 and not alarms else 1


if __name__ == "__main__":
    sys.exit(main())
