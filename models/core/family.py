"""What every family of models shares: its config, the shape of its data, and the capabilities a panel can ask for.

A family is one module. It has ``TITLE``, ``ABOUT``, ``CONFIG`` (its Config class), ``suggest(spec)`` and
``build(config, spec)``, which returns a ``keras.Model`` with the capabilities below. This file imports no Keras, so
that a window can be drawn before a backend loads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.core import arrays
from models.core.errors import ConfigError

Images = arrays.Images  # float32 (n, height, width, channels) in [0, 1]
Codings = arrays.Codings  # float32 (n, latent_size)


@dataclass(frozen=True)
class DataSpec:
    """What a model must know of its dataset before it is built.

    Attributes:
        image_shape: (height, width, channels).
        label_count: classes.
        attribute_names: what images may have.
        label_names: of the classes.
        words: of its captions, by frequency.
        examples: some of its captions.
    """

    image_shape: tuple[int, int, int]
    label_count: int = 0
    attribute_names: tuple[str, ...] = ()
    label_names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


def names_of(kind: str, spec: DataSpec) -> tuple[str, ...]:
    """The names of the conditions that a dataset offers, in the order of their numbers.

    Raises:
        ConfigError: if it has none of this kind.
    """
    if kind == "class":
        names = spec.label_names or tuple(str(label) for label in range(spec.label_count))
    else:
        names = spec.attribute_names
    if kind != "none" and len(names) < (2 if kind == "class" else 1):
        known = "classes" if kind == "class" else "attributes"
        raise ConfigError({"condition": f"must be none: this dataset has no {known}"})
    return names


@dataclass(frozen=True)
class Figure:
    """Computed curves that belong to an explanation; the studio draws them in the colours of its theme.

    ``lines`` are (name, height at each ``x``), ``top`` is where the height that begins at 0 ends, and ``mark`` is a
    place along x with its words. ``caption`` says in one sentence what is to be seen.
    """

    caption: str
    x: tuple[float, ...]
    lines: tuple[tuple[str, tuple[float, ...]], ...]
    x_label: str
    top: float
    mark: tuple[float, str]


@dataclass(frozen=True)
class About:
    """The "What am I looking at?" text of a family: three sentences, the equation, the paper, perhaps a figure."""

    text: str
    equation: str
    paper: str
    figure: Figure | None = None


def setting(
    default: Any,
    help_text: str,
    *,
    unit: str = "",
    group: str = "training",
    later: bool = False,
    title: str = "",
    **limits: Any,
) -> Any:
    """Declare a config field.

    Args:
        default: its value if nobody says otherwise.
        help_text: one sentence.
        unit: of the value, for the form.
        group: of the form.
        later: whether a run may go on with another value (the networks and the order of the images stay the same).
        title: what the form calls it, if not its name.
        **limits: pydantic's, such as ge and le.
    """
    extra: Any = {"unit": unit, "group": group, "later": later}
    return Field(default, description=help_text, json_schema_extra=extra, title=title or None, **limits)


class Config(BaseModel):
    """Fields that every family has. A family's own Config adds to them and may change the defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    epochs: int = setting(10, "Passes over the training images.", unit="passes", ge=1, le=100_000)
    batch_size: int = setting(32, "Images per training step.", unit="images", ge=1, le=4096)
    learning_rate: float = setting(1e-3, "Step size of the optimizer.", gt=0.0, le=1.0)
    seed: int = setting(42, "Seed of all random numbers: the same seed gives the same images.", ge=0, le=2**31 - 1)


C = TypeVar("C", bound=Config)


def changeable(config_class: type[Config]) -> list[str]:
    """The settings with which a run may go on otherwise than it began: epochs, learning rate, what is marked so."""
    marked = [name for name, info in config_class.model_fields.items() if (info.json_schema_extra or {}).get("later")]  # type: ignore[union-attr]
    return ["epochs", "learning_rate", *marked]


def parse_config(config_class: type[C], values: Mapping[str, Any]) -> C:
    """Validate ``values`` (strings from a command line are fine).

    Raises:
        ConfigError: with every bad field named at once.
    """
    try:
        return config_class.model_validate(dict(values))
    except ValidationError as error:
        fields: dict[str, str] = {}
        for item in error.errors(include_url=False):
            name = ".".join(str(part) for part in item["loc"]) or "config"
            fields[name] = _plain(item["type"], item["msg"], item.get("ctx") or {}, item.get("input"), config_class)
        raise ConfigError(fields) from None


def _plain(kind: str, message: str, context: Mapping[str, Any], given: Any, config_class: type[Config]) -> str:
    """Turn one pydantic error into the end of the sentence "<field> …"."""
    words = {
        "greater_than_equal": "must be at least {ge}",
        "greater_than": "must be more than {gt}",
        "less_than_equal": "must be at most {le}",
        "less_than": "must be less than {lt}",
        "literal_error": "must be one of {expected}",
        "extra_forbidden": "is not a setting of this family; it has " + ", ".join(config_class.model_fields),
        "int_parsing": "must be a whole number",
        "int_from_float": "must be a whole number",
        "int_type": "must be a whole number",
        "int_parsing_size": "must be a whole number of a sensible size",
        "float_parsing": "must be a number",
        "float_type": "must be a number",
        "finite_number": "must be a finite number",
        "bool_parsing": "must be true or false",
    }
    text = words[kind].format(**context) if kind in words else message[:1].lower() + message[1:]
    return text if kind == "extra_forbidden" else f"{text} (it is {str(given)[:60]!r})"


def check_sparsity(weight: float, target: float) -> None:
    """Refuse a weight or target that the model could not learn with.

    Raises:
        ConfigError: naming both at once.
    """
    wrong = {}
    if not 0.0 <= weight <= 10.0:
        wrong["weight"] = f"must be from 0 to 10 (it is {weight})"
    if not 0.0 < target < 1.0:
        wrong["target"] = f"must be between 0 and 1 (it is {target})"
    if wrong:
        raise ConfigError(wrong)
