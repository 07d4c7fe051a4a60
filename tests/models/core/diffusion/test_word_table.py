"""Tables of words: lists as people write them, and the sentence of each cell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.core.diffusion.word_table import MOST, entries, sentence, table_of
from models.core.errors import ConfigError


def test_entries_of_one_word_take_the_rest_from_the_last() -> None:
    assert entries("black, green,red  hair", "across") == ["black hair", "green hair", "red hair"]
    three = ["no glasses", "round glasses", "sunglasses"]
    assert entries("no glasses, round glasses, sunglasses", "down") == three
    assert entries("smiling", "down") == ["smiling"]
    with pytest.raises(ConfigError) as caught:
        entries(" , ", "down")
    assert set(caught.value.fields) == {"down"}


def test_more_is_said_with_with_and_and() -> None:
    assert sentence("a person", "red hair", "glasses") == "a person with red hair and glasses"
    assert sentence("a person with dark skin", "red hair") == "a person with dark skin and red hair"
    assert sentence("", "red hair", "glasses") == "red hair and glasses"
    assert sentence("a person") == "a person"


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=10), st.lists(st.sampled_from("de"), min_size=1))
def test_cells_come_row_by_row(across: list[str], down: list[str]) -> None:
    typed = ", ".join(across), " , ".join(down)
    if len(across) * len(down) > MOST:
        with pytest.raises(ConfigError):
            table_of("x", *typed)
        return
    found = table_of(" x ", *typed)
    at = [(one, other) for other in down for one in across]
    assert found.sentences == [f"x with {one} and {other}" for one, other in at]
    assert found.names == [f"{one}, {other}" for one, other in at]


def test_every_list_without_words_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        table_of("x", " , ", ",")
    assert set(caught.value.fields) == {"across", "down"}
