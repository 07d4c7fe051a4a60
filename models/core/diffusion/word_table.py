"""Tables of words: the same noise under many sentences, one list across and one down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.core.diffusion.capability import Diffuses, Sampling
from models.core.diffusion.prompt import Prompt, wanted
from models.core.diffusion.rates import States
from models.core.errors import ConfigError
from models.core.images import headings
from models.core.work import SILENT, Work

MOST = 100  # cells


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


class Table(NamedTuple):
    """Which sentence stands where.

    Attributes:
        sentences: of each cell, row by row.
        across: what the columns are called.
        down: what the rows are called.
    """

    sentences: list[str]
    across: list[str]
    down: list[str]

    @property
    def names(self) -> list[str]:
        """What each cell adds to the prompt, row by row."""
        return [f"{one}, {other}" for other in self.down for one in self.across]


def table_of(prompt: str, across: str, down: str) -> Table:
    """The table of a prompt and two lists, as they are typed.

    Raises:
        ConfigError: naming each list in which nothing stands, or both if there are more than ``MOST`` cells.
    """
    wrong: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for name, words in (("across", across), ("down", down)):
        try:
            found[name] = entries(words, name)
        except ConfigError as error:
            wrong |= error.fields
    if wrong:
        raise ConfigError(wrong)
    columns, rows = found["across"], found["down"]
    if len(columns) * len(rows) > MOST:
        problem = f"{len(columns)} by {len(rows)} are more than {MOST} images"
        raise ConfigError({"across": problem, "down": problem})
    begin = " ".join(prompt.split())
    return Table([sentence(begin, one, other) for other in rows for one in columns], columns, rows)


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


def sheet(images: NDArray[np.uint8], table: Table) -> NDArray[np.uint8]:
    """The table as one image, with the words of its columns and rows: images uint8 (n, h, w, c), row by row."""
    return headings.table(images, table.across, table.down)
