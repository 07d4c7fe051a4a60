"""Does style mixing mean something? What changes with another coarse source, and what with another fine one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Images
from models.core.capabilities import Decodes
from models.core.datasets import Dataset
from models.core.datasets.rows import evenly
from models.core.errors import UserError
from models.core.evaluation.evaluator import Evaluator
from models.core.images import convert
from models.core.styles import mixing
from models.core.styles.mixing import MixesStyles, Styles
from models.core.work import SILENT, Work

COLOURS = {"hair": "dark hair", "skin": "dark skin"}  # what has a colour, and the attribute that tells where it is
SEEN = 4000  # training images from which the places of hair and skin are found
AT_ONCE = 96  # images that are painted between two reports

Mask = NDArray[np.bool_]  # (height, width)


@dataclass(frozen=True)
class Row:
    """One thing that may change.

    Attributes:
        name: an attribute, or what has a colour.
        kind: "judged" (a share of images whose verdict changes, in [0, 1]) or "colour" (mean move in RGB, of 255).
        coarse: what happens if the coarse source is another one.
        fine: what happens if the fine source is another one.
    """

    name: str
    kind: str
    coarse: float
    fine: float

    @property
    def factor(self) -> float:
        """How many times as much the source does that should do it: coarse for what is judged, fine for colours."""
        more, less = (self.coarse, self.fine) if self.kind == "judged" else (self.fine, self.coarse)
        return more / less if less else float("inf")

    def data(self) -> dict[str, Any]:
        """Everything as JSON can hold it; a factor that is infinite becomes null."""
        return {**asdict(self), "factor": self.factor if np.isfinite(self.factor) else None}


def places(dataset: Dataset) -> dict[str, Mask]:
    """Where hair and skin are: the pixels whose mean colour depends most on the attribute that tells them dark.

    Raises:
        UserError: if the dataset does not know these attributes.
    """
    if dataset.attributes is None or not set(COLOURS.values()) <= set(dataset.attribute_names):
        advice = "Choose a run that was trained on faces."
        raise UserError(
            "This dataset has no attributes for dark hair and dark skin.", where=dataset.name, advice=advice
        )
    chosen = evenly(dataset.train, SEEN)
    seen, known = convert.to_float(np.asarray(dataset.images[chosen])), dataset.attributes[chosen]
    found = {}
    for what, attribute in COLOURS.items():
        has = known[:, dataset.attribute_names.index(attribute)]
        apart = np.linalg.norm(seen[has].mean(axis=0) - seen[~has].mean(axis=0), axis=-1)
        found[what] = np.asarray(apart > 0.5 * apart.max(), np.bool_)
    return found


def score(
    model: Any, dataset: Dataset, evaluator: Evaluator, *, crossover: int, truncation: float = 0.8, count: int = 500,
    seed: int = 0, work: Work = SILENT,
) -> list[Row]:  # fmt: skip
    """Mix ``count`` pairs of images, then exchange the coarse source, then the fine one, and look what changed.

    Args:
        model: paints from codings and mixes styles.
        dataset: faces; it says where hair and skin are.
        evaluator: of this dataset's attributes.
        crossover: the first layer that is painted with the fine source's style.
        truncation: of the styles.
        count: pairs, at least 1.
        seed: of the codings.
        work: told (what, done, total).

    Raises:
        UserError: if dataset or model do not suit.
    """
    if not (isinstance(model, MixesStyles) and isinstance(model, Decodes)):
        raise UserError("This model does not mix styles.", advice="Choose a StyleGAN.")
    where = places(dataset)
    drawn = mixing.truncate(model.styles(model.sample_codings(4 * count, seed)), model.mean_style(), truncation)
    coarse, other_coarse, fine, other_fine = np.split(drawn, 4)
    mixed = [(coarse, fine), (other_coarse, fine), (coarse, other_fine)]
    together = np.concatenate([mixing.mix(first, second, crossover) for first, second in mixed])
    generated = np.split(_paint(model, together, work), len(mixed))
    predicted = [evaluator.labels(images) for images in generated]
    rows = []
    for column, name in enumerate(evaluator.names):
        changed = [float((labels[:, column] != predicted[0][:, column]).mean()) for labels in predicted[1:]]
        rows.append(Row(name, "judged", *changed))
    for what, mask in where.items():
        means = [255.0 * images[:, mask].mean(axis=1) for images in generated]  # (count, 3) each
        moved = [float(np.linalg.norm(mean - means[0], axis=1).mean()) for mean in means[1:]]
        rows.append(Row(what, "colour", *moved))
    return rows


def _paint(model: MixesStyles, styles: Styles, work: Work) -> Images:
    found = []
    for begin in range(0, len(styles), AT_ONCE):
        found.append(model.synthesize(styles[begin : begin + AT_ONCE]))
        work.tell("Mixing styles", min(begin + AT_ONCE, len(styles)), len(styles))
    return np.concatenate(found)
