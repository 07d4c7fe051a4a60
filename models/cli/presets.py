"""What the command ``preset`` does once its arguments are read: a model that others trained becomes a run."""

from __future__ import annotations

from argparse import Namespace

from models.cli.commands import Say
from models.cli.denoise_transfer import counting
from models.core.disk.operations import shown
from models.core.hub import library, presets, tiny


def preset_(arguments: Namespace, say: Say) -> int:
    """The command ``preset``; without a name it lists those that there are."""
    source = arguments.preset
    if source is None:
        for name, known in presets.PRESETS.items():
            if say.as_json:
                say.object("preset", name=name, about=known.about, billions=known.billions, lacks=library.missing())
            else:
                size = "" if name == tiny.NAME else f", {known.gigabytes:.1f} GB to download"
                print(f"{name}: {known.about}{size}")
        if lacks := library.missing():
            say.line(lacks)
        return 0
    if source in presets.PRESETS and source != tiny.NAME:
        gigabytes = presets.PRESETS[source].gigabytes
        say.line(f"{source}: up to {gigabytes:.1f} GB to download unless it is there, under the {presets.LICENCE}.")
    given = {"size": arguments.size, "precision": arguments.precision}
    values = {name: value for name, value in given.items() if value is not None}
    with counting(say, "bytes") as work:
        folder = presets.adopt(source, values, arguments.run, work)
    say.line(f"Use it like any run: sample {shown(folder)} --prompt ... --count 1 --out FILE.png")
    say.result(run=str(folder))
    return 0
