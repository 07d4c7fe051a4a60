"""Presets by name: which there are, how one is downloaded, and how one becomes a run that every command can open.

No backend in here: a window offers them before one loads.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import models
from models.core.disk import places
from models.core.disk.operations import shown
from models.core.errors import ConfigError, StorageError, UserError
from models.core.family import parse_config
from models.core.hub import library, tiny
from models.core.record import Run, preset, sealed
from models.core.work import SILENT, Work

PRECISIONS = ("automatic", "float32", "bfloat16", "float16")
LICENCE = "Stability AI Community License"


class Known(NamedTuple):
    """A preset that has a name: its title, what it is, its weights in billions, and the sampling that suits it."""

    title: str
    about: str
    billions: float
    steps: int = 28
    guidance: float = 7.0

    @property
    def gigabytes(self) -> float:
        """To download, and of memory in half precision."""
        return 2.0 * self.billions * 1e9 / 2**30


PRESETS = {
    tiny.NAME: Known(
        "Tiny", "random weights, for trying the controls: made at once, its images mean nothing", 0.001, steps=8
    ),
    "stable_diffusion_3_medium": Known("3 medium", "Stable Diffusion 3 medium", 2.99),
    "stable_diffusion_3.5_medium": Known("3.5 medium", "Stable Diffusion 3.5 medium", 3.37),
    "stable_diffusion_3.5_large": Known("3.5 large", "Stable Diffusion 3.5 large", 9.05),
    "stable_diffusion_3.5_large_turbo": Known(
        "3.5 large turbo", "Stable Diffusion 3.5 large turbo, in 4 steps", 9.05, 4, 1.0
    ),
}
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}  # of a weight


def cost(name: str, precision: str, free: int) -> str:
    """What a preset of ``PRESETS`` takes, in words.

    Args:
        precision: one of ``PRECISIONS``.
        free: bytes of memory; 0 if unknown.
    """
    known = PRESETS[name]
    if name == tiny.NAME:
        return f"{known.about[0].upper()}{known.about[1:]}."
    weights = known.billions * 1e9
    whole, half = (weights * BYTES[kind] for kind in ("float32", "bfloat16"))
    needed = BYTES.get(precision, BYTES["float32"]) * weights
    memory = f"{_gigabytes(needed)} of memory"
    if precision not in BYTES:
        memory = f"{_gigabytes(whole)} of memory on a processor, {_gigabytes(half)} on a graphics card"
    left = f"; {_gigabytes(free)} are free" if free else ""
    if not free or needed <= free:
        advice = ""
    elif half <= free:
        advice = " Without a graphics card choose bfloat16."
    else:
        advice = " That is more than this machine can hold, unless its graphics card can."
    return (
        f"Up to {known.gigabytes:.1f} GB to download, once, under the {LICENCE}, which has to be accepted on Kaggle. "
        f"Its weights take {memory}{left}.{advice}"
    )


def _gigabytes(count: float) -> str:
    return f"{count / 2**30:.0f} GB"


def adopt(source: str, values: Mapping[str, Any], folder: Path | None = None, work: Work = SILENT) -> Path:
    """Make a run of a preset: the run refers to its files, which stay where they are.

    Args:
        source: a name of ``PRESETS``, which is downloaded unless that was done, or the folder of a preset.
        values: settings of the family: size, precision.
        folder: of the run; None for one named after the preset among the studio's runs.
        work: of the download.

    Returns:
        The folder of the run; the one that is there, if it refers to the same preset with the same settings.

    Raises:
        UserError: if KerasHub is not installed, or there is no network, or the licence was not accepted.
        RunFormatError: if the folder of the preset is not whole.
        ConfigError: naming the settings that do not suit.
        StorageError: if a run cannot be written there.
        Cancelled: if ``work`` is cancelled.
    """
    if lacks := library.missing():
        raise UserError("KerasHub is not installed.", advice=lacks)
    module, known = models.family(preset.FAMILY), PRESETS.get(source)
    usual = {"steps": known.steps, "guidance": known.guidance} if known else {}
    parse_config(module.CONFIG, {**usual, **values})  # refused before gigabytes come
    place = source if source == tiny.NAME else str(downloaded(source, work) if known else Path(source))
    config = parse_config(module.CONFIG, {"preset": place, **usual, **values})
    shape = module.outline(config).image_shape
    settings = config.model_dump(include={"preset", *usual, *values})
    name = source if known else Path(source).name
    there = _place(settings, folder, name)
    if not sealed.exists(there / "run.json"):
        made = Run.create(
            there, family=preset.FAMILY, config=settings, dataset=preset.described(shape), seed=0, versions={},
            title=there.name,
        )  # fmt: skip
        with made as run:
            run.set_status("finished")
    return there


def _place(settings: Mapping[str, Any], folder: Path | None, name: str) -> Path:
    """The folder of the run: one that holds a run of the same settings, or one that holds none."""
    for number in itertools.count(1):
        there = folder or places.runs() / (name if number == 1 else f"{name}-{number}")
        if not sealed.exists(there / "run.json"):
            break
        info = Run.open(there).info
        if (info.family, info.config) == (preset.FAMILY, settings):
            break
        if folder is not None:
            raise ConfigError({"--run": f"holds another run already: choose another folder (it is {shown(folder)!r})"})
    return there


def downloaded(name: str, work: Work = SILENT) -> Path:
    """The folder of a preset of ``PRESETS``; what is missing of it is downloaded, from where an earlier try stopped.

    Raises:
        UserError: if there is no network, or the licence was not accepted.
        StorageError: the disk said no.
        Cancelled: if ``work`` is cancelled.
    """
    hub = library.imported()
    handle = hub.models.StableDiffusion3Backbone.presets[name]["kaggle_handle"].removeprefix("kaggle://")
    kaggle = importlib.import_module("kagglehub")
    page = "kaggle.com/models/" + "/".join(handle.split("/")[:2])
    with _told(work), _explained(name, page):
        return Path(kaggle.model_download(handle))


@contextlib.contextmanager
def _explained(name: str, page: str) -> Iterator[None]:
    """Say in one sentence why a download failed."""
    from kagglehub.exceptions import DataCorruptionError, KaggleApiHTTPError
    from requests import RequestException

    try:
        yield
    except KaggleApiHTTPError as error:
        code = getattr(error.response, "status_code", None)
        if code in (401, 403):
            advice = (
                f"Sign in at {page}, accept the {LICENCE} there, and save an API token of your account as "
                "~/.kaggle/kaggle.json; then try again."
            )
            raise UserError("Kaggle gives this preset only to those who accepted its licence.", where=name,
                            advice=advice) from error  # fmt: skip
        raise UserError(f"Kaggle refused the download ({code}).", where=name, advice="Try again later.") from error
    except DataCorruptionError as error:
        advice = "Try again: the damaged file was removed."
        raise UserError("A file was damaged on its way.", where=name, advice=advice) from error
    except RequestException as error:
        advice = "Connect to the internet and try again: it goes on where it stopped. The preset tiny needs no network."
        raise UserError("This preset cannot be downloaded: there is no connection.", where=name,
                        advice=advice) from error  # fmt: skip
    except OSError as error:
        raise StorageError(f"The download cannot be written: {error}.", where=name,
                           advice="Free some space and try again.") from error  # fmt: skip


@contextlib.contextmanager
def _told(work: Work) -> Iterator[None]:
    """Let ``work`` see, and stop, what kagglehub shows as bars of tqdm; several files come at a time."""
    clients: Any = importlib.import_module("kagglehub.clients")
    lock, bars = threading.Lock(), list[Any]()

    class Bar:
        def __init__(self, total: int = 0, initial: int = 0, **_: Any) -> None:
            self.total, self.done = total, initial
            with lock:
                bars.append(self)

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *details: object) -> None:
            """Nothing is shown that would have to go."""

        def update(self, count: int) -> None:
            self.done += count
            work.check()
            with lock:
                work.tell("Downloading", sum(bar.done for bar in bars), sum(bar.total for bar in bars))

    before, clients.tqdm = clients.tqdm, Bar
    try:
        yield
    finally:
        clients.tqdm = before
