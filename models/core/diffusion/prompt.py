"""What a user asks a diffusion model for, in words: attributes, a sentence, and a sentence to lead away from.

No backend in here: windows, recipes and the command line hold it, and a model's ``condition`` makes arrays of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Protocol

from numpy.typing import NDArray

from models.core.datasets.captions import spans_of, unknown, words_of
from models.core.errors import ConfigError

Kind = Literal["none", "class", "attributes", "text"]
Asked = NDArray[Any]  # what is asked for as a network takes it, a row an image
Emphasis = Sequence[tuple[Asked, float]]  # what is asked for without a word, and how much more than 1 that word counts
MOST = 500  # characters of a sentence
STRONGEST = 2.0


class Offer(NamedTuple):
    """What a model can be asked for, and what is usual for it.

    Attributes:
        kind: of its condition.
        names: of classes or attributes, or the words that it knows; no words at all where it reads any sentence.
        examples: some captions.
        images: how many are made side by side if nobody says otherwise: one where each takes long.
        steps, guidance: of sampling, where the family's usual ones do not suit; 0 and None elsewhere.
    """

    kind: Kind = "none"
    names: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    images: int = 8
    steps: int = 0
    guidance: float | None = None


@dataclass(frozen=True)
class Prompt:
    """What is asked for.

    Attributes:
        attributes: each with whether images shall have it; the others are left open.
        text: a sentence.
        negative: a sentence that guidance leads away from; "" leads away from nothing in particular.
        strengths: how much each word of the sentence counts, by its place: 0 leaves it out, 1 takes it as it is, 2
            doubles its effect; 1 for those that are not listed.
    """

    attributes: tuple[tuple[str, bool], ...] = ()
    text: str = ""
    negative: str = ""
    strengths: tuple[float, ...] = ()

    def strength(self, place: int) -> float:
        """Of the word at a place."""
        return self.strengths[place] if place < len(self.strengths) else 1.0

    def with_strength(self, place: int, strength: float) -> Prompt:
        """The same with another strength of one word; strengths of 1 at the end are not listed."""
        known = [self.strength(number) for number in range(max(len(self.strengths), place + 1))]
        known[place] = strength
        while known and known[-1] == 1.0:
            known.pop()
        return replace(self, strengths=tuple(known))

    def with_strengths_of(self, asked: Iterable[tuple[str, float]], field: str = "strength") -> Prompt:
        """The same with other strengths of words, (word, strength), each wherever the word stands.

        Raises:
            ConfigError: naming ``field``, and each word that stands nowhere.
        """
        read = words_of(self.text)
        found, lost = self, list[str]()
        for word, strength in asked:
            places = [place for place, one in enumerate(read) if one == word.lower()]
            for place in places:
                found = found.with_strength(place, strength)
            if not places:
                lost.append(repr(word))
        if lost:
            known = ", ".join(read) or "it has none"
            raise ConfigError({field: f"is of a word of the prompt: {known} (it is {' and '.join(lost)})"})
        return found

    def with_word(self, place: int, word: str) -> Prompt:
        """The same with another word at a place; "" takes the word away, and its strength with it."""
        strengths = list(self.strengths)
        if place < len(strengths):
            strengths[place : place + 1] = [1.0] if word else []
        text = self.text
        for number, (begin, end) in enumerate(spans_of(text)):
            if number == place:
                text = text[:begin] + word + text[end if word else end + (text[end : end + 1] == " ") :]
        return replace(self, text=text.strip(), strengths=tuple(strengths))

    def numbers(self) -> dict[str, Any]:
        """For a recipe: what is asked for, alone."""
        found: dict[str, Any] = {}
        if self.attributes:
            found["attributes"] = [list(pair) for pair in self.attributes]
        if self.text or self.negative:
            found |= {"prompt": self.text, "negative": self.negative}
        if self.strengths:
            found["strengths"] = list(self.strengths)
        return found


class Conditioning(Protocol):
    """What a model can be asked for, and how that becomes arrays; ``conditions.Condition`` is it for every family."""

    names: tuple[str, ...]

    @property
    def offer(self) -> Offer:
        """What can be asked for, for a user."""
        ...

    def asked(self, prompt: Prompt, count: int) -> tuple[Asked | None, Asked | None]:
        """What a prompt asks for and what it leads away from, ``count`` times; None is nothing."""
        ...

    def emphasis(self, prompt: Prompt, count: int) -> Emphasis:
        """The words of a prompt whose strength is not 1, ``count`` times."""
        ...

    def nothing(self, count: int) -> Asked:
        """What asks for nothing, ``count`` times."""
        ...

    def without_each(self, text: str) -> Asked:
        """A sentence, then the same without its first word, without its second, ...: a row each."""
        ...

    def preview(self) -> Asked:
        """What a sheet of samples shows, a column each."""
        ...


def wanted(condition: Conditioning, prompt: Prompt, count: int) -> dict[str, Any]:
    """What a prompt asks for, ``count`` times, as the methods of a model that diffuses take it."""
    asked, negative = condition.asked(prompt, count)
    return {"conditions": asked, "negative": negative, "emphasis": condition.emphasis(prompt, count)}


def attributes_of(words: str, names: Sequence[str], field: str = "attributes") -> tuple[tuple[str, bool], ...]:
    """ "glasses, no beard" -> (("glasses", True), ("beard", False)).

    Raises:
        ConfigError: naming what a model with attributes of these ``names`` does not know.
    """
    found: dict[str, bool] = {}
    for part in filter(None, (one.strip() for one in words.split(","))):
        bare = part.removeprefix("no ").strip()
        if part in names:
            found[part] = True
        elif bare in names:
            found[bare] = False
        else:
            near = difflib.get_close_matches(part, names, 1, 0.6)
            advice = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"
            raise ConfigError({field: f"{part[:60]!r} is no attribute of this model: {advice}"})
    return tuple(found.items())


def words_for(attributes: Sequence[tuple[str, bool]]) -> str:
    """As ``attributes_of`` reads them."""
    return ", ".join(name if there else f"no {name}" for name, there in attributes)


def doubts(sentence: str, words: Sequence[str]) -> str:
    """Which words of a sentence a vocabulary lacks, and what is near them; "" if it knows them all, or has none."""
    if not words:
        return ""
    parts = [
        f"“{word}” (did you mean {' or '.join(near)}?)" if near else f"“{word}”"
        for word, near in unknown(sentence, words).items()
    ]
    return f"Unknown to the model: {', '.join(parts)}." if parts else ""
