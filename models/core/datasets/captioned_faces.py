"""Voxel faces in words: people made of blocks, each with a caption that says some of what the renderer was asked for.

A person is one choice in each of eight groups, drawn from the seed. Its caption names most of them, in an order of its
own and with a synonym now and then: "a smiling person with green spiky hair, dark skin and no glasses". The same
choices are its attributes, so that an evaluation classifier can tell whether what was asked for came out.

The drawings are DiceBear's style "Voxel Art" (CC0 1.0), rendered once and cached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.datasets import DATASET_TITLES, Dataset, splits
from models.core.datasets.cache import open_cached
from models.core.datasets.faces import render, rendered
from models.core.disk import places
from models.core.work import SILENT, Work

COUNT = 10_000
SIZE = 64
SILENCE = 0.25  # how often a caption leaves a group out
_VERSION = 1  # of people and captions: a change makes a new cache


@dataclass(frozen=True)
class Choice:
    """One value of a group.

    Attributes:
        name: of the attribute, for a person.
        options: of the renderer.
        phrases: how a caption may put it.
    """

    name: str
    options: dict[str, Any]
    phrases: tuple[str, ...]


def _choices(option: str, known: dict[str, str], noun: str) -> tuple[Choice, ...]:
    """Choices that are one word before a noun: word -> what the renderer calls it."""
    return tuple(Choice(f"{word} {noun}", {option: [value]}, (word,)) for word, value in known.items())


HAIR = {
    "black": "#2c222b", "brown": "#7b4a2d", "blond": "#e8d4a8", "orange": "#e07b39", "red": "#d6455d",
    "purple": "#6d5acf", "green": "#3fb27f",
}  # fmt: skip
CUTS = {
    "short": "short", "spiky": "spiky", "curly": "curly", "afro": "afro", "bob": "bob", "long": "longStraight",
    "wavy": "longWavy", "braided": "braids",
}  # fmt: skip
SKIN = {"pale": "#f5d0b0", "tan": "#c99062", "brown": "#95562f", "dark": "#6a3d1f"}
BACKGROUND = {"blue": "#b6e3f4", "purple": "#c0aede", "pink": "#ffd5dc", "yellow": "#ffe8a3"}
SHIRT = {"blue": "#4c6ef5", "green": "#40c057", "yellow": "#fab005", "grey": "#495057"}
_FRAME: dict[str, Any] = {"scale": 1.45, "translateY": 17}  # some of the shirt is to be seen
_NO_GLASSES, _NO_BEARD = {"glassesProbability": 0}, {"beardProbability": 0}


def _glasses(variant: str) -> dict[str, Any]:
    return {"glassesProbability": 100, "glassesVariant": [variant]}


def _beard(variant: str) -> dict[str, Any]:
    return {"beardProbability": 100, "beardVariant": [variant]}


GROUPS: dict[str, tuple[Choice, ...]] = {
    "hair colour": _choices("hairColor", HAIR, "hair"),
    "haircut": _choices("topVariant", CUTS, "hair"),
    "skin": _choices("skinColor", SKIN, "skin"),
    "mouth": (
        Choice("smiling", {"mouthVariant": ["smile"]}, ("smiling", "happy")),
        Choice("laughing", {"mouthVariant": ["laugh"]}, ("laughing",)),
        Choice("grinning", {"mouthVariant": ["grin"]}, ("grinning",)),
        Choice("serious", {"mouthVariant": ["flat"]}, ("serious",)),
        Choice("frowning", {"mouthVariant": ["frown"]}, ("frowning", "sad")),
        Choice("surprised", {"mouthVariant": ["ooh"]}, ("surprised",)),
    ),
    "glasses": (
        Choice("no glasses", _NO_GLASSES, ("no glasses",)),
        Choice("round glasses", _glasses("round"), ("round glasses",)),
        Choice("square glasses", _glasses("square"), ("square glasses",)),
        Choice("sunglasses", _glasses("shades"), ("sunglasses",)),
    ),
    "beard": (
        Choice("no beard", _NO_BEARD, ("no beard",)),
        Choice("full beard", _beard("full"), ("a full beard",)),
        Choice("mustache", _beard("mustache"), ("a mustache", "a moustache")),
        Choice("goatee", _beard("goatee"), ("a goatee",)),
    ),
    "background": _choices("backgroundColor", BACKGROUND, "background"),
    "shirt": _choices("shirtColor", SHIRT, "shirt"),
}
ATTRIBUTES = tuple(choice.name for choices in GROUPS.values() for choice in choices)
EXAMPLES = tuple(phrase for choices in GROUPS.values() for choice in choices for phrase in choice.phrases)
RARE = ("background", "shirt")  # groups that half of the captions leave out
Person = dict[str, int]  # group -> which of its choices


def person(seed: int) -> Person:
    """The choices of one person."""
    rng = np.random.default_rng([seed, _VERSION])
    return {group: int(rng.integers(len(choices))) for group, choices in GROUPS.items()}


def picture(someone: Person, seed: int, size: int = SIZE) -> NDArray[np.uint8]:
    """Render a person, uint8 (size, size, 3); what is in no group (eyes, brows, nose) follows from the seed.

    Raises:
        DatasetError: if the renderer is not installed.
    """
    options = dict(_FRAME)
    for group, number in someone.items():
        options |= GROUPS[group][number].options
    return render(f"person-{seed}", size, options)[0]


def caption(someone: Person, seed: int) -> str:
    """What a person may be called: most groups, in some order."""
    rng = np.random.default_rng([seed, _VERSION, 1])
    said = {
        group: str(rng.choice(GROUPS[group][number].phrases))
        for group, number in someone.items()
        if rng.random() >= (0.5 if group in RARE else SILENCE)
    }
    return sentence(said, rng)


def sentence(said: dict[str, str], rng: np.random.Generator) -> str:
    """A caption of phrases by group: "a smiling person with green spiky hair, dark skin and no glasses"."""
    hair = " ".join(said[group] for group in ("hair colour", "haircut") if group in said)
    parts = [f"{hair} hair"] if hair else []
    parts += [f"{said['skin']} skin"] if "skin" in said else []
    parts += [said[group] for group in ("glasses", "beard") if group in said]
    parts += [f"a {said['shirt']} shirt"] if "shirt" in said else []
    parts = [str(part) for part in rng.permutation(np.array(parts, dtype=object))] if parts else []
    subject = f"a {said['mouth']} person" if "mouth" in said else "a person"
    behind = f" on a {said['background']} background" if "background" in said else ""
    if not parts:
        return subject + behind
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    return f"{subject} with {listed}{behind}"


def load(*, size: int | None = None, work: Work = SILENT, count: int = COUNT) -> Dataset:
    """Load faces and captions; the first time they are rendered, which takes about a minute.

    Args:
        size: height and width, 8 to 256; 64 by default.
        work: see ``models.core.datasets.load``.
        count: how many people. The first ones are the same, however many there are.

    Raises:
        DatasetError: if the renderer is not installed.
        StorageError: if the cache cannot be written.
        Cancelled: if ``work`` is cancelled; nothing is left behind.
    """
    side = size or SIZE
    target = places.cache() / "captioned_faces" / f"v{_VERSION}-{side}-{count}"
    cached = open_cached(target, ("captions",)) or rendered(target, side, count, _drawn, work)
    train, validation, test = splits(len(cached.images))
    return Dataset(
        name="captioned_faces",
        title=DATASET_TITLES["captioned_faces"],
        images=cached.images,
        train=train,
        validation=validation,
        test=test,
        labels=None,
        label_names=(),
        attributes=cached.attributes,
        attribute_names=ATTRIBUTES,
        source='Rendered on this machine from DiceBear\'s style "Voxel Art" (CC0 1.0).',
        captions=tuple(cached.words["captions"]),
    )


def _drawn(index: int, side: int) -> tuple[NDArray[np.uint8], list[bool], str]:
    someone = person(index)
    return picture(someone, index, side), known(someone), caption(someone, index)


def known(someone: Person) -> list[bool]:
    """The attributes of a person, in the order of ``ATTRIBUTES``."""
    return [someone[group] == number for group, choices in GROUPS.items() for number in range(len(choices))]
