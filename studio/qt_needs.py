"""What Qt needs from the system before it can open a window: shared libraries and a display. Linux only.

Qt itself aborts without them, with a sentence about xcb-cursor0 whatever is missing. Nothing here imports Qt.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

MODULES = ("QtCore", "QtGui", "QtWidgets")  # of PySide6, that the studio imports
# library -> package of Debian and Ubuntu, of Fedora
PACKAGES = {
    "libEGL.so.1": ("libegl1", "libglvnd-egl"),
    "libGL.so.1": ("libgl1", "libglvnd-glx"),
    "libGLX.so.0": ("libglx0", "libglvnd-glx"),
    "libGLdispatch.so.0": ("libglvnd0", "libglvnd"),
    "libICE.so.6": ("libice6", "libICE"),
    "libOpenGL.so.0": ("libopengl0", "libglvnd-opengl"),
    "libSM.so.6": ("libsm6", "libSM"),
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb"),
    "libX11.so.6": ("libx11-6", "libX11"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libfreetype.so.6": ("libfreetype6", "freetype"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libwayland-client.so.0": ("libwayland-client0", "libwayland-client"),
    "libwayland-cursor.so.0": ("libwayland-cursor0", "libwayland-cursor"),
    "libwayland-egl.so.1": ("libwayland-egl1", "libwayland-egl"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-render.so.0": ("libxcb-render0", "libxcb"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb"),
    "libxcb-shm.so.0": ("libxcb-shm0", "libxcb"),
    "libxcb-sync.so.1": ("libxcb-sync1", "libxcb"),
    "libxcb-util.so.1": ("libxcb-util1", "xcb-util"),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb"),
    "libxcb.so.1": ("libxcb1", "libxcb"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libz.so.1": ("zlib1g", "zlib"),
    "libzstd.so.1": ("libzstd1", "libzstd"),
}


def needed(path: Path) -> list[str]:
    """The names of the libraries that an ELF file of 64 bits asks for (DT_NEEDED); none if it is no such file.

    Raises:
        OSError: if it cannot be read.
    """
    content = path.read_bytes()
    if content[:6] != b"\x7fELF\x02\x01":
        return []
    try:
        return _dynamic(content)
    except (struct.error, ValueError):  # cut short: what else it needs does not matter then
        return []


def _dynamic(content: bytes) -> list[str]:
    begin, size, count = *struct.unpack_from("<Q", content, 32), *struct.unpack_from("<HH", content, 54)
    segments = [struct.unpack_from("<IIQQQQ", content, begin + size * number) for number in range(count)]
    loaded = [(virtual, offset, length) for kind, _, offset, virtual, _, length in segments if kind == 1]
    entries: list[tuple[int, int]] = []
    for kind, _, offset, _, _, length in segments:
        if kind == 2:  # PT_DYNAMIC
            entries += list(struct.iter_unpack("<qQ", content[offset : offset + length // 16 * 16]))
    table = next((value for tag, value in entries if tag == 5), 0)  # DT_STRTAB, an address
    place = next((offset + table - at for at, offset, length in loaded if at <= table < at + length), table)
    names = [value for tag, value in entries if tag == 1]
    return [content[place + n : content.index(b"\0", place + n)].decode("utf-8", "replace") for n in names]


def loads(name: str) -> str:
    """Try to load a library of the system; the name of the library that is not there, or "" if all is well."""
    try:
        ctypes.CDLL(name)
    except OSError as error:
        lacking, colon, _ = str(error).partition(": cannot open shared object file")
        return lacking if colon else name
    return ""


def missing(files: list[Path], own: Path, load: Callable[[str], str] = loads) -> list[str]:
    """The libraries of the system that these files lack, sorted; those in ``own`` are Qt's and are looked through."""
    load = functools.cache(load)
    found = set[str]()
    seen = set[Path]()
    todo = list(files)
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in needed(path):
            if (own / name).exists():
                todo.append(own / name)
            elif not name.startswith(("libpyside6", "libshiboken6", "ld-linux")) and (lacking := load(name)):
                found.add(lacking)
    return sorted(found)


def platforms() -> list[str]:
    """The platform plugins that Qt will try, in its order."""
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    if chosen:
        return [name.partition(":")[0] for name in chosen.split(";") if name]
    return (["wayland"] if os.environ.get("WAYLAND_DISPLAY") else []) + (["xcb"] if os.environ.get("DISPLAY") else [])


def problem(load: Callable[[str], str] = loads) -> str:
    """Say why Qt could not start here and what to do, or nothing."""
    found = importlib.util.find_spec("PySide6")
    if not sys.platform.startswith("linux") or found is None or not found.submodule_search_locations:
        return ""
    home = Path(found.submodule_search_locations[0])
    own, plugins = home / "Qt" / "lib", home / "Qt" / "plugins" / "platforms"
    if not plugins.is_dir():  # not from PyPI: the system's own Qt came with what it needs
        return ""
    modules = [path for name in MODULES if (path := home / f"{name}.abi3.so").exists()]
    worst = ""
    for name in platforms() or ["offscreen"]:
        words = _lacks(name, modules, plugins, own, load)
        if not words:
            return ""
        worst = worst or words
    return worst


def _lacks(name: str, modules: list[Path], plugins: Path, own: Path, load: Callable[[str], str]) -> str:
    """Say why one platform cannot be used, or nothing."""
    plugin = plugins / f"libq{name}.so"
    if not plugin.exists():
        there = ", ".join(sorted(path.stem.removeprefix("libq") for path in plugins.glob("libq*.so")))
        return f"Qt has no platform {name!r} (QT_QPA_PLATFORM); there are {there}."
    lacking = missing([*modules, plugin], own, load)
    if lacking:
        return "\n".join([f"Qt cannot start: this system lacks {', '.join(lacking)}.", *_install(lacking)])
    if name == "xcb" and not _display():
        display = os.environ.get("DISPLAY", "")
        without = "QT_QPA_PLATFORM=offscreen studio --tour DIR takes screenshots without one"
        return f"The display {display!r} (DISPLAY) cannot be opened. Start from a desktop session; {without}."
    return ""


def _install(lacking: list[str]) -> Iterator[str]:
    """The commands that install what is missing, for the families of systems that are known."""
    known = [name for name in lacking if name in PACKAGES]
    for number, words in enumerate(("Debian, Ubuntu: sudo apt-get install", "Fedora: sudo dnf install")):
        if known:
            yield f"{words} {' '.join(sorted({PACKAGES[name][number] for name in known}))}"
    if len(known) < len(lacking):
        others = ", ".join(name for name in lacking if name not in PACKAGES)
        yield f"Install the packages of your system that hold {others}"


def _display() -> bool:
    """Whether the X server of DISPLAY answers; asked as Qt's plugin asks it."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # nobody to ask
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    broken = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not broken
