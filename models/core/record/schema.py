"""What a run folder may say: one model for each of its parts. Whatever does not fit is damaged: named, or left out.

``run.json`` itself is in runinfo.py and the list of checkpoints in checkpoints.py; here are the dataset that a run
remembers, the rows of its metrics, its events and its statistics.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Annotated, Any, Self
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

MAX_SIDE = 2048  # pixels of an image that a model can learn from
MAX_STEP = 10**18
_LARGEST = 1e300  # of a metric: what is larger overflows where curves are drawn
_STRICT = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)

Names = list[Annotated[str, Field(max_length=1_000)]]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class DatasetInfo(BaseModel):
    """What ``run.json`` says of the dataset (``datasets.recorded.described``); what it lacks has these values."""

    model_config = _STRICT

    name: str = Field("", max_length=5_000)
    path: str | None = Field(None, max_length=20_000)
    title: str = Field("", max_length=5_000)
    size: int | None = Field(None, ge=1, le=MAX_SIDE)
    fingerprint: str = Field("", max_length=200)
    rules: int = Field(1, ge=1)
    image_shape: list[int] | None = None  # only where the run says nothing of it
    label_names: Names = Field(default_factory=list, max_length=100_000)
    attribute_names: Names = Field(default_factory=list, max_length=100_000)
    words: Names = Field(default_factory=list, max_length=100_000)
    examples: Names = Field(default_factory=list, max_length=1_000)
    count: int = Field(0, ge=0)
    notice: str = Field("", max_length=100_000)
    skipped: int = Field(0, ge=0)

    @field_validator("image_shape")
    @classmethod
    def _is_shape(cls, shape: list[int] | None) -> list[int] | None:
        if shape and len(shape) == 3 and all(1 <= side <= MAX_SIDE for side in shape[:2]) and shape[2] in (1, 3):
            return shape
        raise ValueError(f"is no shape of images (height, width, 1 or 3): {str(shape)[:60]}")

    @field_validator("name", "path")
    @classmethod
    def _is_place(cls, text: str | None) -> str | None:
        if text is not None and ("\0" in text or b"\0" in unquote_to_bytes(text)):
            raise ValueError("holds a NUL character")
        return text


def completed(about: Mapping[str, Any]) -> dict[str, Any]:
    """What a run says of its dataset, checked; what every reader needs is there afterwards.

    Raises:
        ValidationError: naming each field that cannot be used.
    """
    found = DatasetInfo.model_validate(about)
    needed = ("name", "fingerprint", "label_names", "attribute_names", "count")
    return {**{key: getattr(found, key) for key in needed}, "title": found.name, **about}


_ROW: TypeAdapter[dict[str, int | float | None]] = TypeAdapter(
    dict[Annotated[str, Field(max_length=100)], int | float | None], config=ConfigDict(strict=True, allow_inf_nan=False)
)


def metric_row(line: bytes) -> dict[str, Any] | None:
    """A line of ``metrics.jsonl``: names of metrics and finite numbers or null; None if it is no such row.

    It has a ``step``; ``epoch``, a whole number, and ``seconds`` of training may be missing, but are never negative.
    """
    try:
        row = _ROW.validate_json(line)
    except ValidationError:
        return None
    if not all(value is None or -_LARGEST < value < _LARGEST for value in row.values()):
        return None
    step, epoch, seconds = row.get("step"), row.get("epoch", 0), row.get("seconds", 0.0)
    if not isinstance(step, int) or not 0 <= step < MAX_STEP:
        return None
    if not isinstance(epoch, int) or epoch < 0 or seconds is None or seconds < 0:
        return None
    return row


class EventRow(BaseModel):
    """A line of ``events.jsonl``."""

    model_config = _STRICT

    time: str = Field("", max_length=60)
    kind: str = Field(max_length=60)
    values: dict[str, Any]


class _Codings(BaseModel):
    model_config = _STRICT

    mean: list[float] = Field(min_length=1)
    std: list[float]

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if len(self.mean) != len(self.std):
            raise ValueError("mean and std have different lengths")
        return self


class _Sparsity(BaseModel):
    model_config = _STRICT

    weight: float = Field(ge=0.0)
    target: float = Field(ge=0.0, le=1.0)
    activations: list[list[float]] = Field(min_length=1)
    hoyer: float = 0.0
    share_active: float = 0.0
    share_quiet: float = 0.0

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if len({len(row) for row in self.activations}) != 1 or not self.activations[0]:
            raise ValueError("the rows of activations have different lengths")
        if "hoyer" in self.model_fields_set and not {"share_active", "share_quiet"} <= self.model_fields_set:
            raise ValueError("share_active and share_quiet are missing")
        return self


class _Coverage(BaseModel):
    model_config = _STRICT

    names: Names = Field(min_length=1)
    shares: list[Share]
    count: int = Field(ge=1)

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if len(self.names) != len(self.shares):
            raise ValueError("names and shares have different lengths")
        return self


_PARTS: dict[str, type[BaseModel]] = {"codings": _Codings, "sparsity": _Sparsity, "coverage": _Coverage}


def stats_row(values: Any) -> dict[str, Any] | None:
    """Statistics of one step without the parts that cannot be used; None if they do not even say which step it is."""
    step = values.get("step") if isinstance(values, dict) else None
    if type(step) is not int or not 0 <= step < MAX_STEP:
        return None
    kept = dict(values)
    for name, kind in _PARTS.items():
        try:
            if name in kept:
                kind.model_validate(kept[name])
        except ValidationError:
            del kept[name]
    return kept


class _Found(BaseModel):
    model_config = _STRICT

    kind: str
    sentence: str


class _Remedy(BaseModel):
    model_config = _STRICT

    title: str


class Treated(BaseModel):
    """The values of an event that says which remedy a run tries."""

    model_config = _STRICT

    parent: str
    step: int | None = Field(None, ge=0, lt=MAX_STEP)
    found: _Found
    remedy: _Remedy


def treated(values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The values of such an event with all that is needed of them; None if they are others."""
    with contextlib.suppress(ValidationError):
        return {**values, "step": Treated.model_validate(values).step}
    return None
