"""Kinds of image files: which can be read on this machine, and which are images that nothing here can read."""

from __future__ import annotations

import os

from PIL import features


def _register_heif() -> bool:
    """Teach Pillow to read HEIC, if the extra "heif" is installed and its library can be loaded."""
    try:
        import pillow_heif

        pillow_heif.register_heif_opener()
    except (ImportError, OSError):
        return False
    return True


_ALWAYS = (".png", ".apng", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff")
_AVIF = (".avif", ".avifs")
_HEIF = (".heic", ".heif", ".hif", ".heics")
HAS_AVIF = bool(features.check("avif"))
HAS_HEIF = _register_heif()
SUFFIXES = (*_ALWAYS, *(_AVIF if HAS_AVIF else ()), *(_HEIF if HAS_HEIF else ()))  # of files that can be read
FORMATS = (
    "PNG",
    "JPEG",
    "WEBP",
    "BMP",
    "GIF",
    "TIFF",
    *(["AVIF"] if HAS_AVIF else []),
    *(["HEIF"] if HAS_HEIF else []),
)
FIRST_SUFFIXES = _ALWAYS  # what the first version of the program read

_OTHERS = {
    "JPEG XL": (".jxl",),
    "JPEG 2000": (".jp2", ".j2k", ".jpf", ".jpx", ".jpm", ".j2c", ".jpc"),
    "Targa": (".tga", ".icb", ".vda", ".vst"),
    "Photoshop": (".psd", ".psb"),
    "GIMP": (".xcf",),
    "Krita": (".kra",),
    "vector": (".svg", ".svgz", ".eps", ".ai", ".wmf", ".emf"),
    "icon": (".ico", ".icns", ".cur"),
    "netpbm": (".ppm", ".pgm", ".pbm", ".pnm", ".pam", ".pfm"),
    "high dynamic range": (".exr", ".hdr"),
    "texture": (".dds", ".ktx", ".ktx2"),
    "medical": (".dcm", ".dicom", ".nii", ".mha"),
    "JPEG XR": (".jxr", ".wdp", ".hdp"),
    "raw camera": (
        ".raw", ".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".raf", ".orf", ".rw2", ".rwl",
        ".pef", ".srw", ".3fr", ".fff", ".iiq", ".erf", ".kdc", ".dcr", ".mrw", ".x3f", ".mos", ".gpr",
    ),
    "other": (".pcx", ".xbm", ".xpm", ".sgi", ".ras", ".qoi", ".flif", ".bpg", ".fits", ".heifs", ".mpo", ".jps"),
}  # fmt: skip
_UNREADABLE = {suffix: kind for kind, suffixes in _OTHERS.items() for suffix in suffixes}
_INSTALL = "HEIC images need the package pillow-heif: pip install 'generative-studio[heif]'."


def suffix_of(name: str | bytes) -> str:
    """The ending of a file's name in small letters, ".png" for instance; "" without one."""
    return os.path.splitext(os.fsdecode(name))[1].lower()


def is_image(name: str | bytes) -> bool:
    """Whether a file's name says that it is an image, whether or not it can be read here."""
    suffix = suffix_of(name)
    return suffix in SUFFIXES or suffix in _UNREADABLE or suffix in (*_AVIF, *_HEIF)


def unreadable(name: str | bytes) -> str:
    """Why an image of this name cannot be read here, one sentence; "" for a name that promises nothing of the kind."""
    suffix = suffix_of(name)
    if suffix in SUFFIXES:
        return ""
    if suffix in _HEIF:
        return _INSTALL
    if suffix in _AVIF:
        return "AVIF images cannot be read by the Pillow that is installed."
    kind = _UNREADABLE.get(suffix)
    words = "Images" if kind == "other" else f"{kind[:1].upper()}{kind[1:]} images" if kind else ""
    return f"{words} ({suffix}) cannot be read here." if kind else ""
