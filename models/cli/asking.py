"""What a command asks a model for: a class, attributes, or a sentence, as its arguments say."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.core.arrays import Codings
from models.core.capabilities import Conditions
from models.core.diffusion.capability import Diffuses
from models.core.diffusion.prompt import Kind, Prompt, attributes_of, doubts, wanted
from models.core.errors import ConfigError

ARGUMENTS: dict[Kind, tuple[str, ...]] = {
    "class": ("label",), "attributes": ("attributes",), "text": ("prompt", "negative", "strength"),
}  # fmt: skip
FLAGS = {
    "label": "--class", "attributes": "--attributes", "prompt": "--prompt", "negative": "--negative",
    "strength": "--strength",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A class by its number (None for none), or a prompt."""

    label: int | None = None
    prompt: Prompt = field(default_factory=Prompt)

    @property
    def anything(self) -> bool:
        """Whether something is asked for."""
        return self.label is not None or self.prompt != Prompt()

    def conditions(self, model: Diffuses, count: int) -> dict[str, Any]:
        """For a model that diffuses, ``count`` times, as its methods take it."""
        if self.label is not None:
            return {"conditions": np.full(count, self.label, np.int32)}
        return wanted(model.condition, self.prompt, count) if self.anything else {}

    def codings(self, model: Conditions, codings: Codings) -> Codings:
        """Codings (n, latent_size) with what is asked for in their last numbers; the rest of them stays."""
        changed, names = np.array(codings, np.float32), model.condition_names
        begin = changed.shape[1] - len(names)
        if self.label is not None:
            changed[:, begin:] = np.eye(len(names), dtype=np.float32)[self.label]
        for name, there in self.prompt.attributes:
            changed[:, begin + names.index(name)] = float(there)
        return changed


def asked_of(arguments: Namespace, model: Any) -> Asked:
    """What is asked for.

    Raises:
        ConfigError: naming what the model cannot be asked for, or does not know.
    """
    conditioned = isinstance(model, Diffuses | Conditions)
    kind: Kind = model.condition_kind if conditioned else "none"
    names = model.condition_names if conditioned else ()
    given = {name: value for name in FLAGS if (value := getattr(arguments, name, None)) is not None}
    allowed = ARGUMENTS.get(kind, ())
    if wrong := {FLAGS[name]: _only_for(name) for name in given if name not in allowed}:
        raise ConfigError(wrong)
    if "label" in given:
        return Asked(_class(given["label"], names))
    if "attributes" in given:
        return Asked(prompt=Prompt(attributes_of(given["attributes"], names, FLAGS["attributes"])))
    prompt = Prompt(text=given.get("prompt", ""), negative=given.get("negative", ""))
    return Asked(prompt=prompt.with_strengths_of(given.get("strength", ()), FLAGS["strength"]))


def warnings(asked: Asked, model: Any) -> list[str]:
    """Words of the sentences that the model has never read."""
    sentences = (asked.prompt.text, asked.prompt.negative)
    return [said for one in sentences if one and (said := doubts(one, model.condition_names))]


def _only_for(name: str) -> str:
    kind = next(kind for kind, names in ARGUMENTS.items() if name in names)
    what = {"class": "classes", "attributes": "attributes", "text": "text"}[kind]
    return f"is only for models conditioned on {what}"


def _class(wanted: str, names: tuple[str, ...]) -> int:
    if wanted in names:
        return names.index(wanted)
    if wanted.isascii() and wanted.isdigit() and int(wanted) < len(names):
        return int(wanted)
    raise ConfigError({"--class": f"must be one of {', '.join(names)} (it is {wanted[:60]!r})"})
