"""``run.json``: what a run is, in one small sealed file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.core.disk.operations import shown
from models.core.errors import RunFormatError
from models.core.record import sealed
from models.core.record.timeline import plain

SCHEMA = 1
FILE = "run.json"
Status = Literal["new", "training", "paused", "stopped", "finished", "failed"]


class RunInfo(BaseModel):
    """What ``run.json`` holds.

    ``dataset`` has name, size, fingerprint, image_shape, label_names, attribute_names and counts.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False)

    schema_version: int = Field(SCHEMA, ge=1)
    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    family: str = Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")
    config: dict[str, Any]
    dataset: dict[str, Any]
    seed: int
    versions: dict[str, str]
    status: Status = "new"
    message: str = ""
    created: str = Field(max_length=40)
    title: str = ""


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
        fields = ", ".join(sorted({".".join(map(str, item["loc"])) for item in error.errors()}))
        newer = type(version) is int and version > SCHEMA
        what = "This run was written by a newer version." if newer else "run.json is not one of ours."
        advice = "Install the newer version of the program." if newer else "Restore it, or choose another run."
        raise RunFormatError(
            f"{what} Fields that cannot be used: {fields}.", where=shown(path), advice=advice
        ) from error
