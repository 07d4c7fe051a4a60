"""Recipes of version 0.1 in the schema of today: the window wrote no schema number, the command line other names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.core.errors import RunFormatError

SAMPLING = ("sampler", "steps", "eta", "guidance", "seed", "count")


def modern(raw: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """A recipe of any version as one of today, not yet checked.

    Raises:
        RunFormatError: if it is of a newer version, or none that this program wrote.
    """
    if "schema_version" in raw:
        version = raw["schema_version"]
        if version != 2 or isinstance(version, bool):
            advice = "Update the studio to bring it back."
            raise RunFormatError(f"The recipe has schema {str(version)[:20]}; this version knows 2.", where=where,
                                 advice=advice)  # fmt: skip
        return dict(raw)
    if "tool" in raw:
        return _of_command(dict(raw), where)
    if "panel" in raw:
        return _of_window(dict(raw))
    raise RunFormatError("This file carries a note that is no recipe of this program.", where=where)


def _of_window(raw: dict[str, Any]) -> dict[str, Any]:
    if raw.get("path") in ("spherical", "linear", "drawn on the map"):
        raw.pop("path")  # only its name was written, not where it begins and ends
    return {"schema_version": 2, **raw}


def _of_command(raw: dict[str, Any], where: str) -> dict[str, Any]:
    """``sample``, ``interpolate``, ``reconstruct`` and ``denoise`` wrote tool, run, title, family and their numbers."""
    tool = raw["tool"]
    header = {"schema_version": 2, "run_id": raw.get("run"), "model": raw.get("title", ""), "made": str(tool)[:60]}
    if tool == "sample" and "sampler" in raw:
        if raw.get("from") is not None:
            text = "This sample began with an image that the recipe of version 0.1 does not hold."
            raise RunFormatError(text, where=where, advice="Make it again: sample --images IMAGE --from STEP.")
        label = raw.get("label")
        walk = {**{name: raw.get(name) for name in SAMPLING}, "repeats": 1, "label": -1 if label is None else label}
        return {**header, "panel": "diffusion", "mode": "reverse", "time": 0, "walk": walk}
    if tool == "sample":
        return {**header, "panel": "latent", "seed": raw.get("seed"), "count": raw.get("count")}
    if tool == "interpolate":
        path = {"kind": "arc", "start_seed": raw.get("begin"), "end_seed": raw.get("end"), "steps": raw.get("steps")}
        return {**header, "panel": "latent", "path": path}
    if tool == "denoise":
        return {**header, "panel": "denoise", "image": raw.get("image"), "told": raw.get("strength")}
    return {**header, "panel": ""}
