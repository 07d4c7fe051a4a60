"""Does a text model do as it is told? Measured with an evaluation classifier of rendered faces.

    python benchmarks/text_faces.py RUN [--prompts 500] [--seed 1] [--guidance 3] [--rounds 4] [--sheet FILE.png]

RUN learned from ``captioned_faces``. Each prompt names 3 to 6 attributes drawn at random; one image of each is sampled
with the model's default settings, and the classifier says which choice of each group it sees. Printed are, for each
group, the share of the asked attributes that came out, and beside it the classifier's own accuracy on rendered faces
that neither of them was trained on.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

FEWEST, MOST = 3, 6  # attributes of a prompt


def drawn(count: int, seed: int) -> tuple[list[str], list[dict[str, int]]]:
    """Prompts, and the choices that each asks for by group."""
    from models.core.datasets.captioned_faces import GROUPS, sentence

    rng = np.random.default_rng(seed)
    prompts, asked = [], []
    for _ in range(count):
        size = int(rng.integers(FEWEST, MOST + 1))
        groups = [str(group) for group in rng.permutation(list(GROUPS))[:size]]
        choices = {group: int(rng.integers(len(GROUPS[group]))) for group in groups}
        said = {group: str(rng.choice(GROUPS[group][number].phrases)) for group, number in choices.items()}
        prompts.append(sentence(said, rng))
        asked.append(choices)
    return prompts, asked


def chosen(probabilities: Any) -> dict[str, Any]:
    """The most probable choice of each group, (n,), of the classifier's probabilities of all attributes, (n, k)."""
    from models.core.datasets.captioned_faces import GROUPS

    found, begin = {}, 0
    for group, choices in GROUPS.items():
        found[group] = probabilities[:, begin : begin + len(choices)].argmax(axis=1)
        begin += len(choices)
    return found


def classifier(dataset: Any, rounds: int) -> Any:
    """An evaluation classifier that was trained so many times as long as the window's, with the rate raised again."""
    from models.core.evaluation import evaluator

    network = evaluator.build(dataset.image_shape, "attributes", len(dataset.attribute_names))
    for number in range(rounds):
        accuracy = evaluator.train(network, dataset, "attributes")
        print(f"classifier, round {number + 1} of {rounds}: {accuracy.mean():.2%} of all attributes", flush=True)
    return evaluator.Evaluator("attributes", dataset.attribute_names, accuracy, network)


def main() -> int:
    """Sample, look, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--prompts", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--guidance", type=float, default=None)
    parser.add_argument("--rounds", type=int, default=4, help="of training the classifier, a minute or two each")
    parser.add_argument("--sheet", type=Path, help="a .png with the first 64 images")
    arguments = parser.parse_args()
    from models.core import loading
    from models.core.datasets import recorded
    from models.core.datasets.captioned_faces import GROUPS
    from models.core.diffusion.capability import Sampling
    from models.core.images import convert, export
    from models.core.record import Run

    run = Run.open(arguments.run)
    dataset = recorded.load(run.info.dataset)
    model, entry = loading.load(run)
    evaluator = classifier(dataset, arguments.rounds)
    test = slice(dataset.test.start, dataset.test.stop)
    own = chosen(evaluator.predict(convert.to_float(np.asarray(dataset.images[test])))[1])
    true = chosen(np.asarray(dataset.attributes)[test].astype(float))
    prompts, asked = drawn(arguments.prompts, arguments.seed)
    sampling = Sampling.usual(model.rates, model.condition_kind)
    if arguments.guidance is not None:
        sampling = replace(sampling, guidance=arguments.guidance)
    begin = time.perf_counter()
    generated = model.sample(len(prompts), 0, conditions=model.condition.sentences(prompts), sampling=sampling)
    seconds = time.perf_counter() - begin
    if arguments.sheet:
        export.write_png(arguments.sheet, convert.grid(convert.to_uint8(generated[:64]), columns=8))
        print("\n".join(prompts[:64]))
    seen = chosen(evaluator.predict(generated)[1])
    print(f"{arguments.run}, step {entry.step}: {len(prompts)} prompts, {sampling}, {seconds:.0f} s")
    print(f"{'group':<14}{'asked':>7}{'as asked':>10}{'classifier':>12}")
    right, total = 0, 0
    for group in GROUPS:
        rows = [row for row, choices in enumerate(asked) if group in choices]
        hits = sum(int(seen[group][row]) == asked[row][group] for row in rows)
        right, total = right + hits, total + len(rows)
        accuracy = float((own[group] == true[group]).mean())
        print(f"{group:<14}{len(rows):>7}{hits / max(1, len(rows)):>10.1%}{accuracy:>12.1%}")
    print(f"{'all':<14}{total:>7}{right / max(1, total):>10.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
