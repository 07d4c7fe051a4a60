"""What a run shows of itself while it learns: images and statistics from fixed codings and fixed images."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from models.core import state
from models.core.arrays import Images
from models.core.capabilities import Decodes, Denoises, Encodes, HasSparsity, Reconstructs, TakesPhases
from models.core.datasets import Dataset
from models.core.datasets.rows import evenly
from models.core.errors import Cancelled, UserError
from models.core.evaluation import metrics, samples, swd
from models.core.evaluation.coverage import coverage
from models.core.evaluation.evaluator import Evaluator, cached, kind_of
from models.core.images import convert, export
from models.core.record import Run
from models.core.work import SILENT, Work

SAMPLES, SAMPLE_COLUMNS = 16, 4
RECONSTRUCTIONS = 8
STATISTICS = 512  # images whose codings are looked at
HEAT_IMAGES = 24  # rows of the image of units by images
REST = 20  # times what a look at the classes takes must pass before the next one
COMPARED, DIRECTIONS = 256, 64  # images whose patches are compared, and projections: about a second

Write = Callable[[Callable[[], object]], None]  # writes obstinately


class Rests:
    """Holds slow work back: after each time it rests for ``REST`` times what that took.

    Not after the first time, which also traces and says nothing of the others.
    """

    def __init__(self) -> None:
        self._times, self._until = 0, 0.0

    @property
    def due(self) -> bool:
        """Whether it has rested long enough."""
        return time.monotonic() >= self._until

    @contextlib.contextmanager
    def timed(self) -> Iterator[None]:
        """Around the work; if it is given up, it is due at once."""
        begin = time.monotonic()
        yield
        if self._times:
            now = time.monotonic()
            self._until = now + REST * (now - begin)
        self._times += 1


class Previews:
    """Draws what a model can do, by its capabilities, into a run.

    Args:
        run: open for writing.
        dataset: for the fixed validation images.
        seed: of the fixed codings and of the noise.
        write: calls a function that writes, again if need be.
        work: checked now and then; if it is cancelled, what is being drawn is given up.
    """

    def __init__(self, run: Run, dataset: Dataset, seed: int, write: Write, work: Work = SILENT) -> None:
        self.run = run
        self.dataset = dataset
        self.seed = seed
        self.write = write
        self.work = work
        self._classes = Rests()

    def draw(self, model: Any, step: int) -> None:
        """Write samples, reconstructions (above: the originals), denoised images and statistics for one step."""
        with contextlib.suppress(Cancelled):
            self._draw(model, step)

    def _draw(self, model: Any, step: int) -> None:
        some = self._some_images(RECONSTRUCTIONS)
        if samples.draws(model):  # from the same codings or noise at every step
            sheet = samples.sheet(model, SAMPLE_COLUMNS, SAMPLES, SAMPLE_COLUMNS, self.seed, work=self.work)
            self._picture(step, "samples", *sheet)
        if isinstance(model, Reconstructs):
            self._picture(step, "reconstructions", np.concatenate([some, model.reconstruct(some)]), len(some))
        if isinstance(model, Denoises):  # three rows: disturbed, cleaned, original
            disturbed = model.disturb(some, self.seed)
            shown = np.concatenate([disturbed, model.denoise(disturbed, work=self.work), some])
            self._picture(step, "denoised", shown, len(some))
        values = {**self._codings(model), **self._coverage(model, step)}
        if values:
            self.write(lambda: self.run.save_stats(step, values))

    def _codings(self, model: Any) -> dict[str, Any]:
        """Mean and spread of each coding; of a sparse model also what each unit does with a few images."""
        if not isinstance(model, Encodes):
            return {}
        codings = model.encode(self._some_images(STATISTICS))
        values: dict[str, Any] = {"codings": {"mean": codings.mean(0).tolist(), "std": codings.std(0).tolist()}}
        if isinstance(model, HasSparsity):
            weight, target = model.sparsity()
            heat = np.round(codings[:HEAT_IMAGES].astype(np.float64), 3).tolist()
            measured = metrics.sparseness(codings)
            values["sparsity"] = {"weight": weight, "target": target, "activations": heat, **measured}
        return values

    def _coverage(self, model: Any, step: int) -> dict[str, Any]:
        """The share of each class among samples, if an evaluator of this dataset is in the cache: none is trained here.

        Images that are walked to cost too much to look at before anything is learned.
        """
        if not samples.draws(model) or (not step and not isinstance(model, Decodes)):
            return {}
        if self._evaluator is None or not self._classes.due:
            return {}
        with self._classes.timed():
            return {"coverage": coverage(model, self._evaluator, self.seed, work=self.work)}

    @cached_property
    def _evaluator(self) -> Evaluator | None:
        """The evaluator of classes in the cache, read when the first samples are drawn.

        None for attributes: they do not exclude each other.
        """
        try:
            return cached(self.dataset) if kind_of(self.dataset) == "class" else None
        except UserError:  # neither classes nor attributes: nothing to judge by
            return None

    def distances(self, model: Any) -> dict[str, float]:
        """Sliced Wasserstein distance from real images by scale, as metrics such as swd_64: about a second of work.

        Only where two networks contest, whose losses say nothing of quality. Given up by nothing: when it is due is
        decided by the step, so that a run that was interrupted has it at the same steps as one that was not.
        """
        if not (isinstance(model, Decodes) and isinstance(model, TakesPhases)):
            return {}
        real = self._some_images(COMPARED)
        if not swd.sides(real.shape[1:]):
            return {}
        state.settle(model)
        samples = model.decode(model.sample_codings(len(real), self.seed))
        found = swd.distances(samples, real, seed=self.seed, directions=DIRECTIONS)
        return {f"swd_{scale.partition(' ')[0]}": value for scale, value in found.items()}

    def _some_images(self, count: int) -> Images:
        held_out = self.dataset.validation
        part = held_out if held_out.stop > held_out.start else self.dataset.train
        return convert.to_float(np.asarray(self.dataset.images[evenly(part, count)]))

    def _picture(self, step: int, kind: str, pictures: Images, columns: int) -> None:
        sheet = convert.grid(convert.to_uint8(pictures), columns=columns, gap=0)
        self.write(lambda: self.run.save_sample(step, kind, export.png_bytes(sheet)))
