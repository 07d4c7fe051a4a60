"""The studio starts whatever lies in the place of its files: a pipe that is opened would hold it up for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
CODE = """
import sys
from pathlib import Path
from studio.__main__ import start_logs
from studio.session import Settings

folder = Path(sys.argv[1])
settings = Settings(folder / "settings.json")
settings.set("theme", "dark")
start_logs(folder)
print(settings.values, Settings(folder / "settings.json").values)
"""


@pytest.mark.parametrize("names", [["settings.json"], ["studio.log"], ["settings.json", "studio.log"]])
def test_settings_and_log_are_not_waited_for(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        os.mkfifo(tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "{'theme': 'dark'} {'theme': 'dark'}"
    assert [path for path in tmp_path.glob("studio*.log") if path.is_file()]
