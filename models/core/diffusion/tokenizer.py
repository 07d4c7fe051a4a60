"""Words become numbers: a sentence as tokens of a vocabulary. No backend in here: a window reads words with it, too.

    "a smiling person with red hair"  ->  [1, 4, 17, 5, 6, 12, 8, 0, 0, ...]

Token 0 is padding, 1 begins every sentence, 2 stands for every rare or unknown word; the words of the training captions
follow, the most frequent first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.core.datasets.captions import words_of

LENGTH = 24  # tokens of a sentence, the beginning counted; the rest of a longer one is not read
PADDING, BEGIN, RARE, FIRST = range(4)
Tokens = NDArray[np.int32]  # (n, LENGTH)


def tokens_of(sentences: Sequence[str], words: Sequence[str]) -> Tokens:
    """Sentences as tokens of a vocabulary, (n, LENGTH)."""
    numbers = {word: FIRST + number for number, word in enumerate(words)}
    found = np.full((len(sentences), LENGTH), PADDING, np.int32)
    found[:, 0] = BEGIN
    for row, sentence in zip(found, sentences, strict=True):
        read = [numbers.get(word, RARE) for word in words_of(sentence)][: LENGTH - 1]
        row[1 : 1 + len(read)] = read
    return found


def without_each(tokens: Tokens) -> Tokens:
    """A sentence (LENGTH,) without its first word, without its second, ...: (words, LENGTH), each masked as padding."""
    places = np.flatnonzero(tokens != PADDING)[1:]
    found = np.repeat(tokens[None], len(places), axis=0)
    found[np.arange(len(places)), places] = PADDING
    return found
