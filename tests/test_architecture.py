"""The drawing of the rooms in docs/architecture.md is that of the imports."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "docs" / "architecture.py"


def test_the_drawing_of_the_architecture_is_that_of_the_code() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_old_drawing_is_told(tmp_path: Path) -> None:
    text = SCRIPT.read_text("utf-8").replace('ROOT / "docs" / "architecture.md"', f"Path({str(tmp_path / 'a.md')!r})")
    text = text.replace("Path(__file__).resolve().parents[1]", f"Path({str(ROOT)!r})")
    (tmp_path / "a.md").write_text(
        (ROOT / "docs" / "architecture.md").read_text("utf-8").replace("studio/frame", "studio/cellar")
    )
    script = tmp_path / "architecture.py"
    script.write_text(text)
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "is old" in done.stdout, done.stdout + done.stderr
