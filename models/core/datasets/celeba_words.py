"""CelebA's attributes in words: "a smiling young man with black hair, eyeglasses and a goatee"."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SEED = 1  # of the order of words: another one makes other captions
_BEFORE = {  # the person
    "Attractive": "attractive", "Bald": "bald", "Chubby": "chubby", "Smiling": "smiling", "Young": "young",
}  # fmt: skip
_MAN = "Male"
_SILENT = {"No_Beard"}  # says that something is missing
_AFTER = {  # "with ..."; any other attribute is its name in lower case
    "5_o_Clock_Shadow": "a five o'clock shadow", "Big_Lips": "big lips", "Big_Nose": "a big nose", "Blurry": "blur",
    "Double_Chin": "a double chin", "Goatee": "a goatee", "Mouth_Slightly_Open": "a slightly open mouth",
    "Mustache": "a mustache", "Oval_Face": "an oval face", "Pointy_Nose": "a pointy nose",
    "Receding_Hairline": "a receding hairline", "Wearing_Earrings": "earrings", "Wearing_Hat": "a hat",
    "Wearing_Lipstick": "lipstick", "Wearing_Necklace": "a necklace", "Wearing_Necktie": "a necktie",
}  # fmt: skip


def captions(attributes: NDArray[np.bool_], names: Sequence[str]) -> tuple[str, ...]:
    """A caption an image: what it has, in an order drawn from a seed; what it lacks is left out.

    Args:
        attributes: (n, k).
        names: (k,) as CelebA's file has them.
    """
    return tuple(
        sentence([name for name, has in zip(names, row, strict=True) if has], np.random.default_rng([number, _SEED]))
        for number, row in enumerate(attributes.tolist())
    )


def sentence(has: Sequence[str], rng: np.random.Generator) -> str:
    """Attributes as one sentence, in an order that ``rng`` draws."""
    drawn = [has[place] for place in rng.permutation(len(has))]
    before = [_BEFORE[name] for name in drawn if name in _BEFORE]
    person = " ".join([*before, "man" if _MAN in drawn else "person"])
    first = f"{'an' if person[0] in 'aeiou' else 'a'} {person}"
    parts = [
        _AFTER.get(name, name.replace("_", " ").lower().strip())
        for name in drawn
        if name not in _BEFORE and name != _MAN and name not in _SILENT
    ]
    if not parts:
        return first
    return f"{first} with {' and '.join(filter(None, (', '.join(parts[:-1]), parts[-1])))}"
