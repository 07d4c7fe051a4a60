"""Captions of a dataset: those that came with it, or what its classes are called; and the words that they use."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.core.datasets import Dataset

MOST_WORDS = 2_000  # of a vocabulary; rarer ones share one token
LEAST = 2  # captions that a word must stand in to have a token of its own
EXAMPLES = 8
SHOWN = 12  # words of a line
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def words_of(caption: str) -> list[str]:
    """The words of a caption: lower case, without punctuation."""
    return [word.lower() for word in _WORD.findall(caption)]


def spans_of(caption: str) -> list[tuple[int, int]]:
    """Where each word of a caption begins and ends, in characters."""
    return [found.span() for found in _WORD.finditer(caption)]


def captions_of(dataset: Dataset) -> tuple[str, ...]:
    """A caption an image, (n,): its own, else what its class is called; () if nothing is known."""
    if dataset.captions or dataset.labels is None:
        return dataset.captions
    spoken = [class_caption(name) for name in dataset.label_names]
    return tuple(spoken[label] for label in dataset.labels)


def class_caption(name: str) -> str:
    """ "Sneaker" -> "a sneaker", "7" -> "the digit seven"."""
    if len(name) == 1 and name in "0123456789":
        return f"the digit {DIGITS[int(name)]}"
    first = name.lower().replace("_", " ").replace("/", " or ").strip()
    return f"{'an' if first[:1] in 'aeiou' else 'a'} {first}"


def frequencies(captions: Sequence[str]) -> Counter[str]:
    """In how many captions each word stands."""
    found: Counter[str] = Counter()
    for caption, times in Counter(captions).items():
        found.update(dict.fromkeys(words_of(caption), times))
    return found


def with_word(captions: Sequence[str], word: str) -> list[int]:
    """The numbers of the captions in which a word stands."""
    wanted = word.lower()
    return [row for row, said in enumerate(captions) if wanted in said.lower() and wanted in words_of(said)]


def in_words(dataset: Dataset) -> str:
    """How many captions came with a dataset, how many words they use, and the most frequent of those."""
    there = sum(map(bool, dataset.captions))
    said = ", ".join(f"{word} {count:,}" for word, count in list(dataset.word_counts.items())[:SHOWN])
    return f"{there:,} of {len(dataset.captions):,} images, {len(dataset.word_counts):,} words: {said}"


def vocabulary(captions: Sequence[str]) -> tuple[str, ...]:
    """The words that get a token of their own: the most frequent first, equal ones by the alphabet."""
    found = sorted(frequencies(captions).items(), key=lambda item: (-item[1], item[0]))
    return tuple(word for word, count in found[:MOST_WORDS] if count >= LEAST)


def unknown(sentence: str, words: Sequence[str]) -> dict[str, list[str]]:
    """The words of a sentence that a vocabulary lacks, each with at most three that are spelled like it."""
    known = set(words)
    return {word: difflib.get_close_matches(word, words, 3, 0.6) for word in words_of(sentence) if word not in known}


def described(dataset: Dataset) -> dict[str, Any]:
    """What a run keeps of them: the words, and some captions of training images as examples."""
    if not dataset.captions:
        return described_classes(dataset.label_names) if dataset.label_names else {}
    train = dataset.captions[dataset.train]
    return {"words": list(vocabulary(train)), "examples": list(dict.fromkeys(filter(None, train)))[:EXAMPLES]}


def described_classes(names: Sequence[str]) -> dict[str, Any]:
    """The words of what classes are called, and some of them; the same however many images of each there are."""
    return described_all([class_caption(name) for name in names])


def described_all(sentences: Sequence[str]) -> dict[str, Any]:
    """The words of sentences, each with a token of its own, and some of the sentences."""
    words = vocabulary([sentence for sentence in sentences for _ in range(LEAST)])
    return {"words": list(words), "examples": list(sentences[:EXAMPLES])}
