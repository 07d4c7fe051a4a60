"""What experience replay and minibatch discrimination do for the dense GAN: classes covered and Fréchet distance.

python benchmarks/remedies.py --epochs 20 --seeds 1 2 3

Each of the four combinations is trained once a seed on Fashion-MNIST, with the family's own settings otherwise; then
the evaluator looks at 1,000 samples. The table goes to docs/remedies.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SAMPLES = 1000
ARMS: dict[str, dict[str, Any]] = {
    "no remedy": {},
    "experience replay": {"replay": True},
    "minibatch discrimination": {"minibatch": True},
    "both": {"replay": True, "minibatch": True},
}


def measure(values: dict[str, Any], seed: int, epochs: int, dataset: Any, images: int | None) -> dict[str, Any]:
    """Train one GAN, score it, and ask the doctor."""
    from dataclasses import replace

    from models import gan
    from models.core import loading
    from models.core.doctor import remedies
    from models.core.evaluation import scores
    from models.core.training import train

    if images is not None:  # the first of the training images only
        begin = dataset.train.start or 0
        dataset = replace(dataset, train=slice(begin, begin + images))
    config = gan.CONFIG(seed=seed, epochs=epochs, **values)
    with tempfile.TemporaryDirectory() as place, train.start(Path(place) / "run", "gan", config, dataset) as run:
        outcome = train.train(run, dataset, checkpoint_seconds=1e9)
        if outcome.error is not None:
            raise outcome.error
        model, entry = loading.load(run)
        found = scores.score(model, dataset, count=SAMPLES, seed=seed)
        said = remedies.examine(run)
    assert said is not None
    return {"covered": found.covered, "frechet": found.frechet, "real": found.frechet_real, "step": entry.step,
            "kind": said.kind}  # fmt: skip


def table(rows: dict[str, list[dict[str, Any]]], command: str) -> str:
    """The page as Markdown: one row a combination, the seeds side by side."""
    first = next(iter(rows.values()))[0]
    lines = [
        "# What the remedies do",
        "",
        f"The dense GAN on Fashion-MNIST, {first['step']:,} steps a run, {SAMPLES:,} samples evaluated. Made by",
        "",
        f"    {command}",
        "",
        "A class is covered if at least 2 % of the samples are classified as it. The Fréchet distance is between "
        f"features of the evaluation classifier; as many real images have {first['real']:.2f}, and smaller is better.",
        "",
        "The doctor was asked without the evaluation classifier: it had losses, accuracies and diversity, but no "
        "classes. A run without trouble in these is still not healthy if it covers few classes.",
        "",
        "| | classes covered, by seed | mean | Fréchet distance, by seed | mean | "
        "what the doctor said without classes |",
        "|---|---|---|---|---|---|",
    ]
    for name, runs in rows.items():
        covered = ", ".join(str(run["covered"]) for run in runs)
        distances = ", ".join(f"{run['frechet']:.1f}" for run in runs)
        means = [sum(run[key] for run in runs) / len(runs) for key in ("covered", "frechet")]
        kinds = ", ".join("no trouble seen" if run["kind"] == "healthy" else run["kind"] for run in runs)
        lines.append(f"| {name} | {covered} | {means[0]:.1f} | {distances} | {means[1]:.1f} | {kinds} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--images", type=int, help="train on so many images only, to try the script itself")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "remedies.md")
    arguments = parser.parse_args()
    from models.core import datasets, device

    dataset = datasets.load("fashion_mnist")
    device.prepare()
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ARMS}
    for seed in arguments.seeds:
        for name, values in ARMS.items():
            begin = time.monotonic()
            found = measure(values, seed, arguments.epochs, dataset, arguments.images)
            rows[name].append(found)
            took = time.monotonic() - begin
            print(f"{name}, seed {seed}: {found['covered']} classes, {found['frechet']:.1f} ({took:.0f} s)", flush=True)
    seeds = " ".join(map(str, arguments.seeds))
    command = f"python benchmarks/remedies.py --epochs {arguments.epochs} --seeds {seeds}"
    command += f" --images {arguments.images}" if arguments.images is not None else ""
    arguments.out.write_text(table(rows, command), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
