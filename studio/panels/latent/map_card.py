"""The card with the map of the encoded dataset: loads, encodes, lays out; every spot on it stands for a coding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal, Slot

from models.core.capabilities import Encodes
from models.core.datasets import recorded
from models.core.datasets.rows import evenly
from models.core.errors import UserError
from models.core.images import convert
from models.core.latent import paths
from models.core.latent.tsne import neighbour_chart
from models.core.work import advance
from studio.panels.latent.map import LatentMap
from studio.session import ModelInfo
from studio.widgets.card import Card, EmptyState, Segmented
from studio.widgets.progress import ProgressRow
from studio.workers.services import Services
from studio.workers.worker import Task

POINTS = 2_000
PARTS = 20  # in which these are encoded; a cancel waits for one of them at most
NEIGHBOUR_POINTS = 800  # t-SNE is slower
TO_COME = "The map appears once the dataset is encoded."
Array = NDArray[np.float32]


class MapCard(Card):
    """Emits the coding of a clicked spot and those of a drawn path."""

    ready = Signal()  # the map is laid out (anew)
    picked = Signal(object)  # (latent_size,)
    path_moving = Signal(object)  # (k, latent_size)
    path_drawn = Signal(object)  # (k, latent_size)

    def __init__(self, services: Services, show_error: Callable[[UserError], None], path_frames: int) -> None:
        super().__init__("Map", "click a spot, draw a path")
        self.services = services
        self._show_error = show_error
        self._frames = path_frames
        self.codings: Array = np.zeros((0, 1), np.float32)
        self.labels: NDArray[np.int32] | None = None
        self._label_names: tuple[str, ...] = ()
        self._pictures: NDArray[np.uint8] = np.zeros((0, 1, 1, 1), np.uint8)
        self._charts: dict[int, paths.Chart] = {}
        self.layout_kind = Segmented(["PCA", "t-SNE"])
        self.layout_kind.setToolTip("PCA keeps directions, t-SNE keeps similar images together")
        self.layout_kind.chosen.connect(lambda index: self._lay_out())
        self.tools.addWidget(self.layout_kind)
        self.map = LatentMap()
        self.map.setToolTip("Click any spot to decode it; drag to draw a path through the codings")
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self._cancel)
        self.empty = EmptyState("map-trifold", TO_COME, "Load the dataset")
        self.empty.asked.connect(self._load)
        self.body.addWidget(self.progress)
        self.body.addWidget(self.map, 1)
        self.body.addWidget(self.empty, 1)
        self.map.picked.connect(lambda x, y: self._tell(self.picked, np.array([[x, y]], np.float32), single=True))
        self.map.path_moving.connect(lambda path: self._tell(self.path_moving, path))
        self.map.path_drawn.connect(lambda path: self._tell(self.path_drawn, path))
        self._info: ModelInfo | None = None

    @property
    def chart(self) -> paths.Chart | None:
        """The map that is shown."""
        return self._charts.get(self.layout_kind.index())

    def show_model(self, info: ModelInfo) -> None:
        """Encode the dataset of another model; a model that cannot encode has no map."""
        self._info = info
        self._charts = {}
        self._cancel()
        self.codings = np.zeros((0, 1), np.float32)
        self.map.hide()
        self.empty.show()
        if not info.can(Encodes):
            words = "This model has no encoder, so there is no map."
            self.empty.set_text(words, offer=False)
            return
        self.empty.set_text(TO_COME)
        self._load()

    # --- loading and encoding ---

    def _load(self) -> None:
        info = self._info
        if info is None:
            return
        self.progress.begin("Loading the dataset")
        self.services.file_worker.ask(
            "map",
            lambda task: self._some_pictures(task, info),
            self._encode,
            self._failed,
            self.progress.advance,
            of_model=True,
        )

    def _some_pictures(self, task: Task, info: ModelInfo) -> tuple[Any, ...]:
        dataset = recorded.load(info.data, work=task)
        shown = evenly(slice(0, len(dataset.images)), POINTS)
        labels, names = dataset.labels, dataset.label_names
        if labels is None and dataset.attributes is not None and dataset.attribute_names:
            name = dataset.attribute_names[0]  # without labels the first attribute colours the map
            labels, names = dataset.attributes[:, 0].astype(np.int32), (f"no {name}", name)
        return np.asarray(dataset.images[shown]), None if labels is None else labels[shown], names

    @Slot(object)
    def _encode(self, found: tuple[Any, ...]) -> None:
        self._pictures, self.labels, self._label_names = found
        self.encode_again()

    def encode_again(self) -> None:
        """Encode the images with the weights of today."""
        pictures = self._pictures
        if self._info is None or not self._info.can(Encodes) or not len(pictures):
            return

        def work(model: Any, task: Task) -> Array:
            parts = []
            for number, part in enumerate(np.array_split(pictures, PARTS)):
                advance(task, "Encoding", number, PARTS)
                parts.append(model.encode(convert.to_float(part)))
            return np.concatenate(parts)

        self.services.inference.question("map", work, self._encoded, self._failed, self.progress.advance)

    @Slot(object)
    def _encoded(self, codings: Array) -> None:
        self.progress.end()
        self.codings = codings
        self._charts = {0: paths.principal_chart(codings)}
        self._lay_out()

    def _lay_out(self) -> None:
        if not len(self.codings):
            return
        if self.layout_kind.index() == 1 and 1 not in self._charts:
            self._find_neighbours()
            return
        chart = self.chart
        assert chart is not None
        every = 1 if self.layout_kind.index() == 0 else self._every()
        labels = None if self.labels is None else self.labels[::every]
        self.map.set_points(chart.points, labels, self._label_names, self._pictures[::every])
        self.empty.hide()
        self.map.show()
        self.ready.emit()

    def _every(self) -> int:
        """Of which codings t-SNE takes one: all where they are few."""
        return max(1, len(self.codings) // NEIGHBOUR_POINTS)

    def _find_neighbours(self) -> None:
        some = self.codings[:: self._every()]
        file_worker = self.services.file_worker

        def work(task: Task) -> paths.Chart:
            return neighbour_chart(some, work=task)

        self.progress.begin("t-SNE")
        file_worker.ask("map", work, self._neighbours_found, self._failed, self.progress.advance, of_model=True)

    @Slot(object)
    def _neighbours_found(self, chart: paths.Chart) -> None:
        self.progress.end()
        self._charts[1] = chart
        self._lay_out()

    def _failed(self, error: UserError) -> None:
        self.progress.end()
        self.empty.set_text(f"{error.what} {error.advice}")

    def _cancel(self) -> None:
        self.services.file_worker.cancel("map")
        self.services.inference.cancel("map")
        self.progress.end()
        if self.chart is None and self._charts:
            self.layout_kind.choose(0)  # the map that is shown is still the other one

    # --- between map and codings ---

    def _tell(self, signal: Any, spots: NDArray[np.floating[Any]], *, single: bool = False) -> None:
        chart = self.chart
        if chart is None or not len(spots):
            return
        if not single:
            spots = paths.resample(np.asarray(spots, np.float32), self._frames)
        codings = chart.coding(np.asarray(spots, np.float32))
        signal.emit(codings[0] if single else codings)

    def mark(self, coding: Array) -> None:
        """Show where the current coding lies."""
        chart = self.chart
        if chart is not None:
            x, y = chart.spot(coding[None])[0]
            self.map.set_marker((float(x), float(y)))

    def nearest(self, coding: Array) -> str:
        """The encoded image that is nearest to a coding, in words."""
        if not len(self.codings):
            return ""
        distances = np.linalg.norm(self.codings - coding, axis=1)
        index = int(distances.argmin())
        name = ""
        if self.labels is not None and self._label_names:
            name = self._label_names[int(self.labels[index])].lower() + ", "
        return f"nearest encoded image: {name}distance {distances[index]:.1f}"
