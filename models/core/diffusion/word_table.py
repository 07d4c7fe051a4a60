"""Tables of words: the same noise under many sentences, one list across and one down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.core.diffusion.capability import Diffuses, Sampling
from models.core.diffusion.prompt import Prompt, wanted
from models.core.diffusion.rates import States
from models.core.errors import ConfigError
from models.core.images import convert
from models.core.work import SILENT, Work

MOST = 100  # cells
GAP, GROUND = 2, 128  # pixels and grey between the images of a sheet


def entries(words: str, field: str) -> list[str]:
    """What stands in a list: "black, green, red hair" -> ["black hair", "green hair", "red hair"].

    Entries of one word take the rest from the last one; "no glasses, round glasses, sunglasses" stays as it is.

    Raises:
        ConfigError: naming ``field``, if nothing stands there.
    """
    found = [" ".join(part.split()) for part in words.split(",") if part.strip()]
    if not found:
        raise ConfigError({field: "must be words with commas between them"})
    _, _, noun = found[-1].partition(" ")
    return [f"{one} {noun}" if noun and " " not in one else one for one in found]


def sentence(prompt: str, *parts: str) -> str:
    """A prompt with more in it: "a person" and "red hair", "glasses" -> "a person with red hair and glasses"."""
    said = [part for part in parts if part]
    if not said:
        return prompt
    begin = f"{prompt} {'and' if ' with ' in f' {prompt} ' else 'with'} " if prompt else ""
    return begin + " and ".join(said)


def cells(prompt: str, across: list[str], down: list[str]) -> list[str]:
    """The sentence of each cell, row by row.

    Raises:
        ConfigError: if there are more than ``MOST``.
    """
    if len(across) * len(down) > MOST:
        problem = f"{len(across)} by {len(down)} are more than {MOST} images"
        raise ConfigError({"across": problem, "down": problem})
    return [sentence(prompt, one, other) for other in down for one in across]


def fill(model: Diffuses, sampling: Sampling, prompt: Prompt, sentences: Sequence[str], work: Work = SILENT) -> States:
    """The states (n, h, w, c) at the end of n walks from one noise, each with a sentence; all in one batch.

    Args:
        prompt: says what all of them lead away from.
        work: told how far it is, in images.
    """
    rows = [wanted(model.condition, replace(prompt, text=one, strengths=()), 1) for one in sentences]
    conditions = np.concatenate([row["conditions"] for row in rows])
    negative = None if rows[0]["negative"] is None else np.concatenate([row["negative"] for row in rows])
    first = next(iter(model.reverse(sampling, count=1)))
    start = (first.t, np.repeat(first.x, len(sentences), axis=0))
    for step in model.reverse(sampling, conditions=conditions, negative=negative, start=start, work=work):
        work.tell("Sampling", (first.t - step.t) * len(sentences) // first.t, len(sentences))
    return step.x


def sheet(images: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """The table as one image: images uint8 (n, h, w, c), row by row, with grey lines between them."""
    return convert.grid(images, columns=columns, gap=GAP, ground=GROUND)
