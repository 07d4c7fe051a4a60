"""What each word of a prompt did to an image: measured by leaving it out, not read off attention.

    map of a word = sum over the steps of mean over channels of |x_0 of the whole prompt - x_0 without that word|

A word that is left out is masked as padding, so that the others keep their places; a text encoder that knows no mask
reads the sentence without it. All sentences of a step go through the network at once. Attention would not do: the text
encoder has mixed the words, and their mean is another way in.

The sum belongs to one walk: it is measured at the states that this walk went through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.core.datasets.captions import words_of
from models.core.diffusion.tokenizer import LENGTH
from models.core.work import SILENT, Work

if TYPE_CHECKING:
    from models.core.diffusion.rates import States
    from models.core.diffusion.reverse import ReverseProcess

Maps = NDArray[np.float32]  # (words, height, width) of the states, at least 0


def words_read(prompt: str) -> list[str]:
    """The words of a prompt that a model reads: as many as a sentence has tokens for."""
    return words_of(prompt)[: LENGTH - 1]


def seconds(prompt: str, sampled: float, guidance: float) -> float:
    """About how long the maps of a prompt take, if making its image took ``sampled`` seconds, all evaluations alike."""
    return sampled * (len(words_read(prompt)) + 1) / (1.0 if guidance == 1.0 else 2.0)


def effects(model: ReverseProcess, prompt: str, t: int, x: States, work: Work = SILENT) -> Maps:
    """How much each word of a prompt moves what the model expects of one state x_t (height, width, channels).

    Raises:
        ConfigError: if the model takes no text.
        Cancelled: if ``work`` is cancelled.
    """
    rows = model.condition.without_each(prompt)
    states = np.repeat(x[None], len(rows), axis=0)
    predicted = model.predictor(rows, rows, 1.0, work=work)(states, t)
    x_0, _ = model.rates.seen(states, t, predicted, model.prediction)
    if model.clip is not None:
        x_0 = np.clip(x_0, -model.clip, model.clip)
    return np.asarray(np.abs(x_0[1:] - x_0[:1]).mean(axis=-1), np.float32)


def by_step(model: ReverseProcess, prompt: str, steps: list[tuple[int, States]], work: Work = SILENT) -> Maps:
    """The maps of each step of a walk whose states (t, x_t (height, width, channels)) are known; their sum is the map.

    Returns:
        (steps, words, height, width); 0 at t = 0, where nothing is left to do.

    Raises:
        ConfigError: if the model takes no text.
        Cancelled: if ``work`` is cancelled.
    """
    height, width, _ = model.state_shape
    found = np.zeros((len(steps), len(words_read(prompt)), height, width), np.float32)
    for number, (t, x) in enumerate(steps):
        work.check()
        if t:
            found[number] = effects(model, prompt, t, x, work)
        work.tell("Effect of each word", number + 1, len(steps))
    return found


def amounts(maps: Maps) -> NDArray[np.float32]:
    """How much each word did in all, (words,): 1 for the one that did most, 0 for one that did nothing."""
    each = maps.mean(axis=(1, 2))
    return np.asarray(each / max(float(each.max(initial=0.0)), 1e-12), np.float32)
