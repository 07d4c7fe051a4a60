"""Errors are data: what happened, which file or field, what to do next. The studio and the command line show them."""

from __future__ import annotations


class UserError(Exception):
    """An error that a person can act on; it is shown, never printed as a traceback.

    Args:
        what: one plain sentence that says what happened.
        where: the file, folder or field it happened in.
        advice: one sentence that says what to do next.
    """

    def __init__(self, what: str, *, where: str = "", advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.advice = advice

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        advice = f" {self.advice}" if self.advice else ""
        return f"{self.what}{place}{advice}"


class Cancelled(Exception):
    """A person stopped a long piece of work; nothing of it is left behind. Not an error, so never shown as one."""


class ConfigError(UserError):
    """Values of a config that cannot be used; ``fields`` maps each field's name to what is wrong with it."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        super().__init__("; ".join(f"{name} {problem}" for name, problem in fields.items()))


class DatasetError(UserError):
    """A dataset that cannot be found, read or used."""


class DatasetGone(DatasetError):
    """The dataset of a run is not where the run remembers it; the user may know where it is now."""


class ImageError(UserError):
    """One image that cannot be decoded or written."""


class RunFormatError(UserError):
    """A run folder, checkpoint or record whose content is not what our own code would have written."""


class RunBusyError(UserError):
    """A run folder that another process is writing."""


class StorageError(UserError):
    """The disk said no: full, read-only, gone."""


class NotFiniteError(UserError):
    """Weights that contain NaN or infinity; they are never saved."""
