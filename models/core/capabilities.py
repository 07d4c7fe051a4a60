"""What a model can do, as protocols that panels and commands ask for by ``isinstance``; no family is named there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, runtime_checkable

from models.core.adversarial.probabilities import Probabilities
from models.core.arrays import Codings, Images
from models.core.diffusion.capability import Diffuses
from models.core.diffusion.prompt import Offer
from models.core.styles.mixing import MixesStyles
from models.core.work import SILENT, Work


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
    """Removes noise from images."""

    noise_kind: str
    noise_range: tuple[float, float]

    def denoise(
        self,
        images: Images,
        *,
        strength: float | None = None,
        work: Work = SILENT,
    ) -> Images:
        """Return clean images (n, height, width, 1 or 3) in [0, 1]; a model of any size keeps size and colour.

        Args:
            images: (n, height, width, 1 to 4) in [0, 1].
            strength: how strong the noise is, for a model that wants to know; None lets it judge by itself.
            work: told (pieces done, pieces in all); checked before every piece; ``Cancelled`` is raised if it says so.
        """
        ...

    def effect(self, shape: tuple[int, int, int]) -> str:
        """Say what happens to size and colour of an image (height, width, channels); "" if nothing does."""
        ...

    def disturb(self, images: Images, seed: int) -> Images:
        """Return the images with noise of the kind that the model was trained on, in [0, 1]."""
        ...


@runtime_checkable
class HasSparsity(Protocol):
    """Has coding units of which only a few should be active at a time, and a penalty for those that are."""

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

    def probabilities(self, images: Images, known: Any, codings: Codings) -> Probabilities:
        """Return how both networks do on real images (and what is known of them) and on fakes of some codings.

        Nothing is drawn and nothing changes.
        """
        ...


@runtime_checkable
class Grows(Protocol):
    """Goes on with larger images from what a model of smaller ones can do."""

    def grow_from(self, smaller: Any) -> bool:
        """Set the layers that the smaller model lacks so that nothing is lost; the others have its weights.

        Returns:
            False, and nothing is changed, where that cannot be done.
        """
        ...


CAPABILITIES: tuple[type, ...] = (
    Reconstructs, Encodes, Decodes, Denoises, HasSparsity, Conditions, TakesPhases, MixesStyles, Diffuses,
)  # fmt: skip


def coding_offer(model: object) -> Offer:
    """What the last numbers of a model's codings ask for, one number a name; nothing if they are all noise."""
    return Offer(model.condition_kind, model.condition_names) if isinstance(model, Conditions) else Offer()


def capabilities(model: object) -> frozenset[str]:
    """The names of the capabilities that a model has, for panels that live in another thread."""
    return frozenset(kind.__name__ for kind in CAPABILITIES if isinstance(model, kind))
