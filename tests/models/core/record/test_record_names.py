"""Folders with names that people really have."""

import os
import sys
import unicodedata

import pytest

from models.core import record
from models.core.disk import trash
from models.core.errors import RunFormatError, StorageError
from models.core.record import Run
from tests.tools.record_tools import expected, is_whole, make_run, state

NAMES = [
    "é",
    unicodedata.normalize("NFD", "é"),
    "🙂👩‍👩‍👧",
    "שלום",
    "\u202ertl",
    "a b  c",
    " lead",
    "quo'te",
    "-dash",
]
NAMES += [
    "--",
    "#hash",
    "%41",
    "~",
    "$HOME",
    "`x`",
    "a;b",
    "(a)",
    "[a]",
    "{a}",
    "a&b",
    "ＷＩＤＥ",
    "\u200b",
    "x" * 200,
]
POSIX = [
    "trail ",
    "trail.",
    "new\nline",
    'double"quote',
    "a*b",
    "a?b",
    "a|b",
    "a:b",
    "tab\t",
    "back\\slash",
    "con",
    "x" * 255,
]
POSIX += [os.fsdecode(b"bytes-\xff\xfe"), "\x01", "\x7f", "ü" * 127, "<a>"]
if sys.platform != "win32":
    NAMES += POSIX


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_odd_folder_names(tmp_path, name):
    folder = tmp_path / name
    with make_run(folder) as run:  # create
        run.save_checkpoint(1, state(1), metric=1.0)  # save
        run.append_metrics({"step": 1})
        run.save_sample(1, "samples", b"x")
    with Run.open(folder, write=True) as run:  # resume
        entry, arrays = run.load_checkpoint(expected(state(1)))
        assert is_whole(entry, arrays) and run.notices == []
        assert run.samples("samples")[0][1].read_bytes() == b"x"
    assert [item.folder for item in record.list_runs(tmp_path)] == [folder]
    with pytest.raises(RunFormatError) as caught:
        make_run(folder)
    str(caught.value).encode()  # it can be shown
    deleted = record.delete_run(folder)
    assert os.listdir(tmp_path) == [trash.FOLDER] and record.list_runs(tmp_path) == []
    assert trash.restore(deleted) == folder and os.listdir(tmp_path) == [name]
    assert is_whole(*Run.open(folder).load_checkpoint(expected(state(1))))


def test_a_path_longer_than_260_characters_and_a_name_that_is_too_long(tmp_path):
    folder = tmp_path.joinpath(*["long" * 20] * 5)
    with make_run(folder) as run:
        run.save_checkpoint(1, state(1))
        assert is_whole(*run.load_checkpoint(expected(state(1))))
    for name in ("x" * 256, "nul\0"):
        with pytest.raises(StorageError):
            make_run(tmp_path / name)
