"""What every family of models shares: its config, the shape of its data, and the capabilities a panel can ask for.

A family is one module. It has ``TITLE``, ``ABOUT``, ``CONFIG`` (its Config class), ``suggest(spec)`` and
``build(config, spec)``, which returns a ``keras.Model`` with the capabilities below. This file imports no Keras, so
that a window can be drawn before a backend loads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.core import arrays
from models.core.diffuses import Diffuses
from models.core.errors import ConfigError
from models.core.styles import MixesStyles
from models.core.verdicts import Verdicts

Images = arrays.Images  # float32 (n, height, width, channels) in [0, 1]
Codings = arrays.Codings  # float32 (n, latent_size)


@dataclass(frozen=True)
class DataSpec:
    """What a model must know of its dataset before it is built: ``image_shape`` is (height, width, channels)."""

    image_shape: tuple[int, int, int]
    label_count: int = 0
    attribute_names: tuple[str, ...] = ()
    label_names: tuple[str, ...] = ()


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
    default: Any, help_text: str, *, unit: str = "", group: str = "training", later: bool = False, **limits: Any
) -> Any:
    """Declare a config field.

    Args:
        default: its value if nobody says otherwise.
        help_text: one sentence.
        unit: of the value, for the form.
        group: of the form.
        later: whether a run may go on with another value (the networks and the order of the images stay the same).
        **limits: pydantic's, such as ge and le.
    """
    extra: Any = {"unit": unit, "group": group, "later": later}
    return Field(default, description=help_text, json_schema_extra=extra, **limits)


class Config(BaseModel):
    """Fields that every family has. A family's own Config adds to them and may change the defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    epochs: int = setting(10, "How often the model sees every training image.", unit="passes", ge=1, le=100_000)
    batch_size: int = setting(32, "How many images one step looks at.", unit="images", ge=1, le=4096)
    learning_rate: float = setting(1e-3, "How far one step moves the weights.", gt=0.0, le=1.0)
    seed: int = setting(42, "Every random draw comes from it: same seed, same images.", ge=0, le=2**31 - 1)


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


@runtime_checkable
class Reconstructs(Protocol):
    """Squeezes an image through the model and paints it again."""

    def reconstruct(self, images: Images) -> Images:
        """Return images of the same shape in [0, 1]."""
        ...


@runtime_checkable
class Encodes(Protocol):
    """Finds the coding of an image."""

    latent_size: int

    def encode(self, images: Images) -> Codings:
        """Return one coding an image."""
        ...


@runtime_checkable
class Decodes(Protocol):
    """Paints an image from a coding."""

    latent_size: int

    def decode(self, codings: Codings) -> Images:
        """Return one image in [0, 1] a coding."""
        ...

    def sample_codings(self, count: int, seed: int) -> Codings:
        """Draw ``count`` codings from the prior; the same seed gives the same codings."""
        ...


@runtime_checkable
class Denoises(Protocol):
    """Removes noise from pictures."""

    noise_kind: str
    noise_range: tuple[float, float]

    def denoise(
        self,
        images: Images,
        *,
        strength: float | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Images:
        """Return clean pictures (n, height, width, 1 or 3) in [0, 1]; a model of any size keeps size and colour.

        Args:
            images: (n, height, width, 1 to 4) in [0, 1].
            strength: how strong the noise is, for a model that wants to know; None lets it judge by itself.
            progress: called with (pieces done, pieces in all).
            cancelled: asked before every piece; ``Cancelled`` is raised if it says so.
        """
        ...

    def effect(self, shape: tuple[int, int, int]) -> str:
        """Say what happens to size and colour of a picture (height, width, channels); "" if nothing does."""
        ...

    def disturb(self, images: Images, seed: int) -> Images:
        """Return the pictures with noise of the kind that the model was trained on, in [0, 1]."""
        ...


@runtime_checkable
class HasSparsity(Protocol):
    """Has coding units of which only a few should be active at a time, and a price for those that are."""

    latent_size: int

    def unit_activations(self, images: Images) -> Codings:
        """Return how active each unit is, (n, units) in [0, 1]."""
        ...

    def unit_means(self, images: Images) -> Codings:
        """Return the mean activation of each unit over the images, (units,)."""
        ...

    def sparsity(self) -> tuple[float, float]:
        """Return (weight of the penalty, target of the mean activation) as they are now."""
        ...

    def set_sparsity(self, weight: float, target: float) -> None:
        """Change weight and target; a training that runs goes on with them."""
        ...


@runtime_checkable
class Conditions(Decodes, Protocol):
    """Paints what it is asked for: a class, or attributes. The last numbers of a coding are its condition."""

    condition_kind: Literal["class", "attributes"]
    condition_names: tuple[str, ...]

    def decode_with(self, codings: Codings, conditions: Codings) -> Images:
        """Paint codings (n, latent_size) with other conditions (n, names) in [0, 1]; a class is one-hot."""
        ...

    def preview_conditions(self) -> Codings:
        """Return one condition a row for the columns of a sheet, (columns, names) in [0, 1]."""
        ...


@runtime_checkable
class TakesPhases(Protocol):
    """Two networks that learn against each other; one of them can be held still while the other learns."""

    def owned(self) -> Mapping[str, list[Any]]:
        """Return the variables that belong to each network, by its name: weights, statistics, random state."""
        ...

    def verdicts(self, images: Images, known: Any, codings: Codings) -> Verdicts:
        """Return how both networks do on real images (and what is known of them) and on fakes of some codings.

        Nothing is drawn and nothing changes.
        """
        ...


@runtime_checkable
class Grows(Protocol):
    """Goes on with larger pictures from what a model of smaller ones can do."""

    def grow_from(self, smaller: Any) -> bool:
        """Set the layers that the smaller model lacks so that nothing is lost; the others have its weights.

        Returns:
            False, and nothing is changed, where that cannot be done.
        """
        ...


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


CAPABILITIES: tuple[type, ...] = (
    Reconstructs, Encodes, Decodes, Denoises, HasSparsity, Conditions, TakesPhases, MixesStyles, Diffuses,
)  # fmt: skip


def capabilities(model: object) -> frozenset[str]:
    """The names of the capabilities that a model has, for panels that live in another thread."""
    return frozenset(kind.__name__ for kind in CAPABILITIES if isinstance(model, kind))
