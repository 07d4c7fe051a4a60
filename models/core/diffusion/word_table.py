"""Tables of words: the same noise under many sentences, one list across and one down."""

from __future__ import annotations

from models.core.errors import ConfigError

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


def cells(prompt: str, across: list[str], down: list[str]) -> list[str]:
    """The sentence of each cell, row by row.

    Raises:
        ConfigError: if there are more than ``MOST``.
    """
    if len(across) * len(down) > MOST:
        problem = f"{len(across)} by {len(down)} are more than {MOST} images"
        raise ConfigError({"across": problem, "down": problem})
    return [sentence(prompt, one, other) for other in down for one in across]
