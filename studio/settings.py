"""Settings that survive a restart, in one small JSON file that several windows of the studio may share."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.core.disk import files, places
from models.core.errors import UserError
from models.core.record import lock

log = logging.getLogger(__name__)
MAX_BYTES = 2**20  # ours have some thousands; they are read in the GUI thread before the window is there


class Settings:
    """A small JSON file; a damaged one is kept as ``.bad`` and the defaults are used.

    Every change reads the file again, changes one value and writes it, under a lock: what another window has set
    meanwhile stays. A value that could not be written is kept in memory and goes with the next one.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or places.data() / "settings.json"
        self._unsaved: dict[str, Any] = {}
        self.values: dict[str, Any] = {}
        self.values = self._read()

    def _read(self) -> dict[str, Any]:
        """What is in the file; what is known already where there is none, or where it is damaged."""
        if not self.path.exists():
            return self.values
        try:
            values = files.read_json(self.path, max_bytes=MAX_BYTES)
            if not isinstance(values, dict):
                raise UserError("The settings are not an object.", where=str(self.path))
        except (UserError, OSError) as error:
            log.warning("settings are damaged, defaults are used: %s", error)
            with contextlib.suppress(OSError):
                self.path.replace(self.path.with_suffix(".bad"))
            return self.values
        return values

    def get(self, name: str, default: Any) -> Any:
        """A value of the type of ``default``; a value of another type is ignored."""
        value = self.values.get(name, default)
        return value if default is None or isinstance(value, type(default)) else default

    def set(self, name: str, value: Any) -> None:
        """Change a value and write the file; a full disk loses a setting, never the program."""
        if self.values.get(name) != value:
            self.change(name, None, lambda old: value)

    def change(self, name: str, default: Any, how: Callable[[Any], Any]) -> None:
        """Make a new value of the one that is in the file now, as ``get`` would give it; ``how`` may be asked twice."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with lock.for_a_moment(self.path.with_suffix(".lock")):
                self.values = {**self._read(), **self._unsaved}
                self._put(name, default, how)
                files.write_json(self.path, self.values)
                self._unsaved.clear()
        except (UserError, OSError) as error:  # TimeoutError among them: somebody holds the lock and does not let go
            log.warning("settings could not be saved: %s", error)
            self._put(name, default, how)

    def _put(self, name: str, default: Any, how: Callable[[Any], Any]) -> None:
        value = json.loads(json.dumps(how(self.get(name, default))))
        self.values = {**self.values, name: value}
        self._unsaved[name] = value
