"""``run.json``: what a run is, in one small sealed file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from models.core.disk.operations import shown
from models.core.errors import RunFormatError
from models.core.record import sealed
from models.core.record.schema import completed
from models.core.record.timeline import plain

SCHEMA = 1
FILE = "run.json"
Status = Literal["new", "training", "paused", "stopped", "finished", "failed"]


def _dataset(about: dict[str, Any]) -> dict[str, Any]:
    """What the run says of its dataset, completed; ValueError that names the fields that cannot be used."""
    try:
        return completed(about)
    except ValidationError as error:
        raise ValueError(wrong_fields(error)) from error


def wrong_fields(error: ValidationError, most: int = 8) -> str:
    """The names of the fields that do not fit, of a few of them at most."""
    found = sorted({".".join(map(str, item["loc"])) + _inner(item) for item in error.errors(include_url=False)})
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(name[:100] for name in found[:most]) + more


def _inner(item: Any) -> str:
    """Of the dataset, which of its fields it is."""
    inner = item.get("ctx", {}).get("error") if item["loc"] == ("dataset",) else None
    return f" ({inner})" if inner is not None else ""


class RunInfo(BaseModel):
    """What ``run.json`` holds.

    ``dataset`` is what ``run_models.DatasetInfo`` describes: name, size, fingerprint, image_shape, label_names,
    attribute_names and count; only ``size`` and ``image_shape`` may be missing.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False)

    schema_version: int = Field(SCHEMA, ge=1)
    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    family: str = Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")
    config: dict[str, Any]
    dataset: Annotated[dict[str, Any], AfterValidator(_dataset)]
    seed: int = Field(ge=0, lt=2**63)
    versions: dict[str, str]
    status: Status = "new"
    message: str = Field("", max_length=20_000)
    created: str = Field(max_length=40)
    title: str = Field("", max_length=5_000)


def write_info(folder: Path, info: RunInfo) -> None:
    """Write ``run.json`` and its copy; StorageError if the disk says no."""
    sealed.write_sealed(folder / FILE, plain(info.model_dump()))


def read_info(folder: Path) -> tuple[RunInfo, RunFormatError | None]:
    """Read ``run.json`` or its copy.

    Returns:
        What it says, and what was wrong with ``run.json`` itself (None if it was fine). A newer schema is read
        as far as this version understands it.

    Raises:
        RunFormatError: there is no run here, or both files are damaged.
    """
    path = folder / FILE
    if not sealed.exists(path):
        advice = "Choose the folder that holds run.json, or a run by its name in the list of runs."
        raise RunFormatError("This folder holds no run.", where=shown(folder), advice=advice)
    values, damage = sealed.read_sealed(path)
    version = values.get("schema_version")
    if type(version) is int and version > SCHEMA and values.get("status") not in get_args(Status):
        values = {**values, "status": "finished"}
    try:
        return RunInfo.model_validate(values), damage
    except ValidationError as error:
        fields = wrong_fields(error)
        newer = type(version) is int and version > SCHEMA
        what = "This run was written by a newer version." if newer else "run.json is not one of ours."
        advice = "Install the newer version of the program." if newer else "Restore it, or choose another run."
        raise RunFormatError(
            f"{what} Fields that cannot be used: {fields}.", where=shown(path), advice=advice
        ) from error
