"""The record of training: everything about run folders, under one name.

``Run`` is one folder (runfolder.py); ``list_runs`` and its like see many (runs.py). The parts they are made of:
files.py (atomic writing), sealed.py (small files with a fingerprint, kept twice), npz.py (arrays), checkpoints.py,
timeline.py (metrics, samples, statistics, events), runinfo.py (run.json) and lock.py (one writer).
"""

from models.core.disk.npz import Arrays, Expected
from models.core.record.checkpoints import CheckpointEntry
from models.core.record.info import SCHEMA, RunInfo, Status
from models.core.record.listing import RunSummary, check_space, delete_run, find_run, list_runs, new_folder
from models.core.record.run import Run

__all__ = [
    "SCHEMA",
    "Arrays",
    "CheckpointEntry",
    "Expected",
    "Run",
    "RunInfo",
    "RunSummary",
    "Status",
    "check_space",
    "delete_run",
    "find_run",
    "list_runs",
    "new_folder",
]
