"""Captions: words, vocabularies, and what classes are called."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.core import datasets
from models.core.datasets import captioned_faces, captions, celeba_words
from models.core.datasets.captions import captions_of, class_caption, unknown, vocabulary, words_of
from models.core.diffusion.prompt import Prompt, attributes_of, doubts, words_for
from models.core.disk import places
from models.core.errors import ConfigError


def test_words_are_lower_case_without_punctuation() -> None:
    assert words_of('A "smiling" person, with O\'Neill-like red_hair!') == [
        "a", "smiling", "person", "with", "o'neill-like", "red", "hair",
    ]  # fmt: skip
    assert words_of("Ein Mädchen mit Bärt 2") == ["ein", "mädchen", "mit", "bärt", "2"]
    assert words_of("  ,.! ") == []


@given(st.text(max_size=60))
def test_any_text_has_words_that_are_read_again_as_they_are(text: str) -> None:
    words = words_of(text)
    assert all(word == word.lower() and " " not in word for word in words)
    assert words_of(" ".join(words)) == [part for word in words for part in words_of(word)]


def test_a_vocabulary_holds_what_stands_in_two_captions_or_more_the_most_frequent_first() -> None:
    assert vocabulary(["a red cat", "a blue cat", "a dog dog"]) == ("a", "cat")
    assert vocabulary(["b a", "a b", "a"]) == ("a", "b")
    assert vocabulary([]) == ()


def test_unknown_words_come_with_near_ones() -> None:
    assert unknown("a smilling person zzz", ("a", "smiling", "person")) == {"smilling": ["smiling"], "zzz": []}
    said = doubts("a smilling zzz person", ("a", "smiling", "person"))
    assert said == "Unknown to the model: “smilling” (did you mean smiling?), “zzz”."
    assert doubts("a person", ("a", "person")) == ""


@pytest.mark.parametrize(
    ("name", "caption"),
    [("Sneaker", "a sneaker"), ("Ankle boot", "an ankle boot"), ("7", "the digit seven"),
     ("T-shirt/top", "a t-shirt or top")],
)  # fmt: skip
def test_classes_are_called_by_their_names(name: str, caption: str) -> None:
    assert class_caption(name) == caption


def test_a_dataset_with_classes_has_captions_and_one_without_has_none() -> None:
    digits = datasets.load("digits")
    spoken = captions_of(digits)
    assert len(spoken) == len(digits.images) and digits.labels is not None
    assert spoken[5] == f"the digit {captions.DIGITS[digits.labels[5]]}"
    assert set(digits.spec.words) == {"the", "digit", *captions.DIGITS} and len(digits.spec.examples) == 8


# --- Attributes in words ---


def test_attributes_are_read_from_words_and_written_again() -> None:
    names = ("glasses", "long hair", "no beard", "beard")
    asked = attributes_of("glasses, no long hair,no beard", names)
    assert asked == (("glasses", True), ("long hair", False), ("no beard", True))
    assert attributes_of(words_for(asked), names) == asked and attributes_of(" , ", names) == ()
    with pytest.raises(ConfigError, match="did you mean 'glasses'") as caught:
        attributes_of("glases", names, "--attributes")
    assert set(caught.value.fields) == {"--attributes"}


# --- Captioned faces ---


def test_faces_are_what_their_captions_say(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path))
    dataset = captioned_faces.load(size=16, count=40)
    again = captioned_faces.load(size=16, count=40)  # from the cache
    assert (places.cache() / "captioned_faces").is_dir()
    assert dataset.captions == again.captions and dataset.fingerprint == again.fingerprint
    assert np.array_equal(dataset.images, again.images) and dataset.attributes is not None
    assert dataset.attributes.shape == (40, len(captioned_faces.ATTRIBUTES))
    for row, caption in zip(dataset.attributes, dataset.captions, strict=True):
        there = {name for name, has in zip(captioned_faces.ATTRIBUTES, row, strict=True) if has}
        assert len(there) == len(captioned_faces.GROUPS)
        for kind in ("round glasses", "sunglasses", "goatee", "full beard", "surprised", "green shirt"):
            assert kind not in caption or kind in there, caption
    spoken = " ".join(dataset.captions)
    assert "hair" in spoken and len(set(dataset.captions)) > 35


def test_one_choice_changes_its_own_pixels_alone() -> None:
    someone = captioned_faces.person(3)
    before = captioned_faces.picture(someone, 3)
    other = {**someone, "shirt": (someone["shirt"] + 1) % 4}
    moved = np.any(captioned_faces.picture(other, 3) != before, axis=-1)
    assert 0 < moved.mean() < 0.2 and not moved[:40].any()


def test_a_caption_may_say_nothing_but_that_there_is_a_person() -> None:
    rng = np.random.default_rng(0)
    assert captioned_faces.sentence({}, rng) == "a person"
    assert captioned_faces.sentence({"mouth": "smiling", "background": "blue"}, rng) == (
        "a smiling person on a blue background"
    )
    assert captioned_faces.sentence({"haircut": "spiky", "skin": "dark"}, rng) in (
        "a person with spiky hair and dark skin", "a person with dark skin and spiky hair",
    )  # fmt: skip


# --- CelebA ---


def test_attributes_of_celeba_become_a_sentence() -> None:
    rng = np.random.default_rng(0)
    assert celeba_words.sentence([], rng) == "a person"
    assert celeba_words.sentence(["Attractive"], rng) == "an attractive person"
    assert celeba_words.sentence(["Male", "No_Beard"], rng) == "a man"
    assert celeba_words.sentence(["Male", "Smiling", "Black_Hair"], rng) == "a smiling man with black hair"
    assert celeba_words.sentence(["Rosy_Cheeks", "My_own"], rng) in (
        "a person with rosy cheeks and my own", "a person with my own and rosy cheeks",
    )  # fmt: skip


def test_the_order_of_attributes_is_drawn_from_the_seed_and_nothing_else_is_said() -> None:
    names = ("Black_Hair", "Eyeglasses", "Goatee", "Smiling", "Wearing_Hat")
    captions = celeba_words.captions(np.ones((30, 5), np.bool_), names)
    assert captions == celeba_words.captions(np.ones((30, 5), np.bool_), names)
    assert len(set(captions)) > 10
    assert {tuple(sorted(words_of(caption))) for caption in captions} == {
        tuple(
            sorted(["a", "smiling", "person", "with", "black", "hair", "eyeglasses", "a", "goatee", "and", "a", "hat"])
        )
    }
    one = celeba_words.captions(np.eye(5, dtype=np.bool_), names)
    assert one == ("a person with black hair", "a person with eyeglasses", "a person with a goatee", "a smiling person",
                   "a person with a hat")  # fmt: skip


# --- Words of a prompt ---


def test_another_word_stands_where_the_old_one_stood() -> None:
    prompt = Prompt(text="A person, with Green hair!", strengths=(1.0, 1.0, 1.0, 0.5, 2.0))
    assert prompt.with_word(3, "red").text == "A person, with red hair!"
    assert prompt.with_word(3, "red").strengths == (1.0, 1.0, 1.0, 1.0, 2.0)
    gone = prompt.with_word(3, "")
    assert gone.text == "A person, with hair!" and gone.strengths == (1.0, 1.0, 1.0, 2.0)
    assert prompt.with_word(4, "").text == "A person, with Green !"
    assert prompt.with_word(9, "red").text == prompt.text


@given(st.text(alphabet="ab ,.", max_size=20), st.integers(0, 5), st.floats(0, 2))
def test_strengths_stay_with_their_words(text: str, place: int, strength: float) -> None:
    prompt = Prompt(text=text).with_strength(place, strength)
    assert prompt.strength(place) == strength and prompt.with_strength(place, 1.0) == Prompt(text=text)
    words = words_of(text)
    if place < len(words):
        assert words_of(prompt.with_word(place, "new").text) == [*words[:place], "new", *words[place + 1 :]]


def test_a_falling_list_of_words_does_not_depend_on_how_many_images_there_are() -> None:
    few = replace(datasets.load("digits"), train=slice(0, 3))
    assert few.spec == datasets.load("digits").spec == datasets.outline("digits").spec
