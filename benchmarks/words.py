"""Do the maps of words lie where the words do something, and does a replaced word change that alone?

    python benchmarks/words.py RUN [--prompts 200] [--seed 1] [--step 2]

RUN learned from ``captioned_faces``. Printed are

- of prompts with a glasses word, and of those with a mouth word: the share whose map is brightest in that part of the
  face, where the renderer changes for some person when nothing but that group changes;
- of prompts with a hair colour: the share of its map that lies where the renderer changes for the person that an
  evaluation classifier sees in the image, when nothing but the hair colour changes;
- the hair colour replaced at a step of the walk, same noise: how often the classifier sees the new one, how many of the
  other groups it sees as before, and how far pixels move that the renderer would not change, as a share of how far two
  images of other noise lie apart.
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
sys.path.insert(0, str(ROOT / "benchmarks"))

PEOPLE = 40  # whose renderings say where a group is
CHANGED = 8  # of 255: a pixel that differs by more has changed
SAID = ("hair colour", "haircut", "skin", "mouth", "glasses", "beard")


def prompts_of(count: int, seed: int) -> tuple[list[str], list[dict[str, int]], list[dict[str, str]]]:
    """Sentences of all six groups, the choice of each group, and its phrase."""
    from models.core.datasets.captioned_faces import GROUPS, sentence

    rng = np.random.default_rng(seed)
    sentences, asked, phrases = [], [], []
    for _ in range(count):
        choices = {group: int(rng.integers(len(GROUPS[group]))) for group in SAID}
        said = {group: str(rng.choice(GROUPS[group][number].phrases)) for group, number in choices.items()}
        sentences.append(sentence(said, rng))
        asked.append(choices)
        phrases.append(said)
    return sentences, asked, phrases


def region(group: str, size: int) -> Any:
    """Where some person changes when nothing but a group does, bool (size, size)."""
    from models.core.datasets.captioned_faces import GROUPS, person, picture

    found = np.zeros((size, size), bool)
    for seed in range(PEOPLE):
        someone = person(seed)
        looks = [picture({**someone, group: number}, seed, size).astype(int) for number in range(len(GROUPS[group]))]
        for look in looks[1:]:
            found |= np.abs(look - looks[0]).max(axis=-1) > CHANGED
    return found


def changes(someone: dict[str, int], group: str, other: int, size: int) -> Any:
    """Where this person changes with another choice of a group, bool (size, size)."""
    from models.core.datasets.captioned_faces import picture

    before, after = (picture({**someone, group: number}, 0, size).astype(int) for number in (someone[group], other))
    return np.abs(after - before).max(axis=-1) > CHANGED


def places(sentence: str, phrase: str) -> list[int]:
    """Where the words of a phrase stand in a sentence."""
    from models.core.datasets.captions import words_of

    words, wanted = words_of(sentence), words_of(phrase)
    for begin in range(len(words) - len(wanted) + 1):
        if words[begin : begin + len(wanted)] == wanted:
            return list(range(begin, begin + len(wanted)))
    raise ValueError(f"{phrase!r} is not in {sentence!r}")


class Measured:
    """What was found so far."""

    def __init__(self) -> None:
        self.hits: dict[str, list[bool]] = {"glasses": [], "mouth": []}
        self.shares: list[float] = []  # of the map of a hair colour
        self.obeyed: list[bool] = []
        self.kept: list[bool] = []
        self.moved: list[float] = []
        self.images: list[Any] = []

    def tell(self, step: int) -> None:
        """Print it."""
        for group, found in self.hits.items():
            print(f"map of a {group} word brightest in that part of the face: {np.mean(found):.1%} of {len(found)}")
        good = np.mean(np.array(self.shares) >= 0.8)
        print(f"map of a hair colour where it paints: mean {np.mean(self.shares):.1%}, 80% or more in {good:.1%}")
        apart = np.mean([np.abs(a - b).mean() for a, b in zip(self.images, self.images[1:], strict=False)])
        print(f"hair colour replaced at step {step}: seen as the new one {np.mean(self.obeyed):.1%}")
        print(f"other groups seen as before: {np.mean(self.kept):.1%}")
        print(f"the rest of the image moves {np.mean(self.moved) / apart:.2f} of the distance of two faces")


class Bench:
    """A model, its evaluation classifier, and where groups show."""

    def __init__(self, folder: Path, step: int) -> None:
        from models.core import loading
        from models.core.datasets import recorded
        from models.core.diffusion.capability import Sampling
        from models.core.evaluation.evaluator import evaluator_of
        from models.core.record import Run

        run = Run.open(folder)
        dataset = recorded.load(run.info.dataset)
        self.model, self.entry = loading.load(run)
        self.evaluator, self.size, self.step = evaluator_of(dataset), dataset.image_shape[0], step
        self.sampling = Sampling.usual(self.model.rates, "text")
        self.parts = {group: region(group, self.size) for group in ("glasses", "mouth")}

    def seen(self, image: Any) -> dict[str, int]:
        """The choice of each group that the classifier sees."""
        from text_faces import chosen

        return {group: int(found[0]) for group, found in chosen(self.evaluator.predict(image)[1]).items()}

    def walk(self, sentence: str, seed: int, start: Any = None) -> list[Any]:
        """All steps of one image."""
        from models.core.diffusion.prompt import Prompt, wanted

        how = replace(self.sampling, seed=seed)
        return list(self.model.reverse(how, **wanted(self.model.condition, Prompt(text=sentence), 1), start=start))

    def one(self, prompt: tuple[str, dict[str, int], dict[str, str]], rng: Any, found: Measured) -> None:
        """One prompt: its maps, and its hair colour replaced."""
        from models.core.datasets.captioned_faces import GROUPS
        from models.core.diffusion import words

        sentence, asked, said = prompt
        seed, colours = int(rng.integers(2**31)), GROUPS["hair colour"]
        steps = self.walk(sentence, seed)
        maps = words.by_step(self.model, sentence, [(step.t, step.x[0]) for step in steps]).sum(axis=0)
        for group, mask in self.parts.items():
            if group == "mouth" or asked["glasses"]:  # "no glasses" puts nothing there
                one = maps[places(sentence, said[group])].sum(axis=0)
                found.hits[group].append(bool(mask[np.unravel_index(one.argmax(), one.shape)]))
        image = self.model.pictures(steps[-1].x)
        seen = self.seen(image)
        other = (asked["hair colour"] + 1 + int(rng.integers(len(colours) - 1))) % len(colours)
        hair = changes(seen, "hair colour", other, self.size)
        one = maps[places(sentence, said["hair colour"])].sum(axis=0)
        found.shares.append(float(one[hair].sum() / max(float(one.sum()), 1e-12)))
        at = steps[min(self.step, len(steps) - 2)]
        rest = sentence.replace(said["hair colour"], colours[other].phrases[0], 1)
        after = self.model.pictures(self.walk(rest, seed, (at.t, at.x))[-1].x)
        now = self.seen(after)
        found.obeyed.append(now["hair colour"] == other)
        found.kept += [now[group] == seen[group] for group in SAID if group != "hair colour"]
        found.moved.append(float(np.abs(after - image)[0][~hair].mean()))
        found.images.append(image[0])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--step", type=int, default=2, help="at which the word is replaced")
    arguments = parser.parse_args()
    bench, found = Bench(arguments.run, arguments.step), Measured()
    rng, begin = np.random.default_rng(arguments.seed), time.perf_counter()
    for prompt in zip(*prompts_of(arguments.prompts, arguments.seed), strict=True):
        bench.one(prompt, rng, found)
    seconds = time.perf_counter() - begin
    print(f"{arguments.run}, step {bench.entry.step}: {arguments.prompts} prompts, {seconds:.0f} s")
    found.tell(arguments.step)
    return 0


if __name__ == "__main__":
    sys.exit(main())
