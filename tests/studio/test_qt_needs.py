"""What Qt lacks is said before Qt aborts: libraries with their packages, a display, a platform."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import PySide6
import pytest

from studio import qt_needs
from tests.tools.folders import ROOT

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has these libraries")


def without(*gone: str):
    """A system that has every library but these."""
    return lambda name: name if name in gone else ""


@pytest.fixture(autouse=True)
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


@linux
@pytest.mark.parametrize(
    ("lacking", "debian", "fedora"),
    [
        ("libGL.so.1", "libgl1", "libglvnd-glx"),
        ("libEGL.so.1", "libegl1", "libglvnd-egl"),
        ("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon"),
        ("libfontconfig.so.1", "libfontconfig1", "fontconfig"),
        ("libdbus-1.so.3", "libdbus-1-3", "dbus-libs"),
        ("libglib-2.0.so.0", "libglib2.0-0", "glib2"),
    ],
)
def test_offscreen_too_what_is_missing_is_named_with_its_packages(lacking: str, debian: str, fedora: str) -> None:
    said = qt_needs.problem(without(lacking))
    assert lacking in said
    assert f"apt-get install {debian}\n" in said + "\n" and f"dnf install {fedora}\n" in said + "\n"


@linux
def test_a_window_needs_more_than_the_tour(monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = without("libxcb-cursor.so.0", "libxcb-icccm.so.4")
    assert qt_needs.problem(cursor) == ""
    monkeypatch.setenv("DISPLAY", ":7777")
    said = qt_needs.problem(cursor)
    assert "lacks libxcb-cursor.so.0, libxcb-icccm.so.4" in said and "libxcb-cursor0 libxcb-icccm4" in said
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen:anything")
    assert qt_needs.problem(cursor) == ""


@linux
def test_a_second_platform_that_works_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb;offscreen")
    assert qt_needs.problem(without("libxcb-cursor.so.0")) == ""
    assert "libEGL" in qt_needs.problem(without("libEGL.so.1"))


@linux
def test_what_the_list_of_packages_lacks_is_named_all_the_same() -> None:
    said = qt_needs.problem(without("libstdc++.so.6", "libGL.so.1"))
    assert "libgl1" in said and "hold libstdc++.so.6" in said


@linux
def test_every_library_of_both_platforms_has_its_package() -> None:
    home = Path(PySide6.__path__[0])
    files = [home / "Qt" / "plugins" / "platforms" / f"libq{name}.so" for name in ("xcb", "offscreen", "wayland")]
    asked: list[str] = []

    def note(name: str) -> str:
        asked.append(name)
        return ""

    assert qt_needs.missing(files, home / "Qt" / "lib", note) == []
    base = ("libc.", "libm.", "libdl.", "librt.", "libpthread.", "libgcc_s.", "libstdc++.")
    assert sorted(set(name for name in asked if not name.startswith(base)) - set(qt_needs.PACKAGES)) == []
    assert len(set(asked) & set(qt_needs.PACKAGES)) > 20


def test_what_is_no_library_needs_nothing(tmp_path: Path) -> None:
    whole = Path(sys.executable).resolve().read_bytes()
    for content in (b"", b"\x7fELF", b"text", whole[:64], whole[:3000]):
        (tmp_path / "x.so").write_bytes(content)
        assert qt_needs.needed(tmp_path / "x.so") == []


@linux
@pytest.mark.parametrize(
    ("display", "platform", "words"),
    [(":7777", "", "display ':7777'"), ("", "xcb", "display ''"), ("", "nonsense", "no platform 'nonsense'")],
)
def test_a_display_that_cannot_be_opened_is_one_line_and_no_abort(display: str, platform: str, words: str) -> None:
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": platform}
    done = subprocess.run(
        [sys.executable, "-m", "studio"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        timeout=240,
    )  # fmt: skip
    home = Path(PySide6.__path__[0])
    lacking = qt_needs.missing([home / "Qt" / "plugins" / "platforms" / "libqxcb.so"], home / "Qt" / "lib")
    if platform != "nonsense" and lacking:  # a machine for the tour alone: said first, the display could not help
        words = f"this system lacks {', '.join(lacking)}"
    else:
        assert len(done.stderr.splitlines()) == 1 and "xcb-cursor0" not in done.stderr
    assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr


def test_a_home_that_cannot_be_written_is_one_line(own_home: Path) -> None:
    own_home.write_text("a file where the home should be")
    done = subprocess.run(
        [sys.executable, "-m", "studio"], cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 1 and "STUDIO_HOME" in done.stderr and len(done.stderr.splitlines()) == 1
