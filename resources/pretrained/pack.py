"""Make a small run folder that ships with the program: the weights alone, as float16, and some of its pictures.

    python resources/pretrained/pack.py RUN resources/pretrained/NAME --title "vae-fashion"

The curves are thinned to about 600 points; optimizer slots and all but a few sample sheets go. The result opens like
any other run.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from models.core import device, record

SHEETS = 6
ROWS = 600


def pack(source: Path, target: Path, title: str, *, sheets: int = SHEETS, pictures: bool = True) -> None:
    """Copy what a shipped model needs; without ``pictures`` no sheet that shows images of the dataset."""
    device.prepare()
    from models.core import loading, state

    run = record.Run.open(source)
    model, entry = loading.load(run)
    info = run.info
    dataset = {**info.dataset, "name": Path(info.dataset["name"]).name}  # not where it lay on this machine
    made = record.Run.create(
        target, family=info.family, config=info.config, dataset=dataset, seed=info.seed, versions=info.versions,
        title=title,
    )  # fmt: skip
    rows = run.metrics()
    for index, row in enumerate(rows):
        if index % max(1, len(rows) // ROWS) == 0 or any(name.startswith("val_") for name in row):
            made.append_metrics(row)
    for kind in ("samples", "reconstructions", "denoised"):
        found = run.samples(kind) if pictures else []
        if not found:
            continue
        for index in sorted({round(i) for i in np.linspace(0, len(found) - 1, sheets)}):
            made.save_sample(found[index][0], kind, found[index][1].read_bytes())
    generated = {step for step, _ in made.samples("samples")}
    for row in run.stats():
        if int(row["step"]) in generated:
            made.save_stats(int(row["step"]), {name: value for name, value in row.items() if name != "step"})
    weights = {name: a.astype(np.float16) for name, a in state.capture(model, training=False).items()}
    made.save_checkpoint(entry.step, weights, metric=entry.metric, epoch=entry.epoch)
    made.set_status("finished")
    made.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--title", required=True)
    parser.add_argument("--sheets", type=int, default=SHEETS, help="how many sample sheets of each kind stay")
    parser.add_argument("--without-pictures", action="store_true", help="where the dataset may not be shown")
    arguments = parser.parse_args()
    pack(
        arguments.run,
        arguments.target,
        arguments.title,
        sheets=arguments.sheets,
        pictures=not arguments.without_pictures,
    )
