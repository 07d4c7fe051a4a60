"""Power loss (C-13): however much of twenty saves a disk kept, there is a good checkpoint on it.

The model: what was written to a file but not synced may be there, missing, cut or zeros; what was done to the names in
a folder that was not synced may have happened or not, each on its own.
"""

import itertools
import shutil

import pytest

from models.core.disk import files
from models.core.disk.operations import Operations
from models.core.errors import RunFormatError
from models.core.record import Run
from tests.tools.record_tools import expected, is_whole, make_run, state, use

WANTED = expected(state(0))
VARIANTS = ("whole", "missing", "half", "zeros", "holes", "last byte")


class Recorder(Operations):
    """The real disk, with a list of what was asked of it; ``skip`` names calls that a careless program would forget."""

    def __init__(self, skip=()):
        self.log, self.skip = [], skip
        self._names, self._count = {}, itertools.count()

    def open(self, path, flags):
        descriptor = super().open(path, flags)
        self._names[descriptor] = number = next(self._count)
        self.log.append(("create", path, number))
        return descriptor

    def write(self, descriptor, data):
        count = super().write(descriptor, data)
        self.log.append(("write", self._names[descriptor], bytes(data[:count])))
        return count

    def fsync(self, descriptor):
        if "fsync" not in self.skip:
            self.log.append(("fsync", self._names[descriptor]))

    def fsync_folder(self, folder):
        if "fsync_folder" not in self.skip:
            self.log.append(("fsync_folder", folder))

    def replace(self, source, target):
        super().replace(source, target)
        self.log.append(("replace", source, target))

    def unlink(self, path):
        super().unlink(path)
        self.log.append(("unlink", path))

    def mkdir(self, folder):
        super().mkdir(folder)
        self.log.append(("mkdir", folder))


class Disk:
    """What has surely reached the disk, and what may have."""

    def __init__(self):
        self.data, self.synced = {}, {}
        self.names, self.pending = {}, []  # path -> number of the file (None: a folder); calls not yet synced

    def do(self, call):
        kind, *details = call
        if kind == "write":
            self.data[details[0]] += details[1]
        elif kind == "fsync":
            self.synced[details[0]] = len(self.data[details[0]])
        elif kind == "fsync_folder":
            mine = [item for item in self.pending if item[1].parent == details[0]]
            self.names = self.after(mine)
            self.pending = [item for item in self.pending if item not in mine]
        else:
            if kind == "create":
                self.data[details[1]], self.synced[details[1]] = b"", 0
            self.pending.append(call)

    def after(self, calls):
        """The names, had just these of the pending calls happened; a renamed file takes its content along."""
        names = dict(self.names)
        numbers = {call[1]: call[2] for call in self.pending if call[0] == "create"}
        for kind, path, *more in calls:
            if kind == "create":
                names[path] = more[0]
            elif kind == "mkdir":
                names[path] = None
            elif kind == "unlink":
                names.pop(path, None)
            else:
                names[more[0]] = names.pop(path, numbers.get(path))
        return names

    def subsets(self):
        """All subsets of the pending calls; of many, those that leave out or take few, and all beginnings."""
        count = len(self.pending)
        if count <= 4:
            sizes = range(count + 1)
            return [list(some) for size in sizes for some in itertools.combinations(self.pending, size)]
        few = [[call] for call in self.pending] + [[c for c in self.pending if c is not call] for call in self.pending]
        return few + [self.pending[:size] for size in range(count + 1)]

    def content(self, number, variant):
        data, safe = self.data[number], self.synced[number]
        lost = data[safe:]
        return (
            data[:safe]
            + {
                "whole": lost,
                "missing": b"",
                "half": lost[: len(lost) // 2],
                "zeros": bytes(len(lost)),
                "holes": lost[: len(lost) // 2] + bytes(len(lost) - len(lost) // 2),
                "last byte": lost[:-1],
            }[variant]
        )

    def crash_states(self):
        """Every state after a crash now, once: path -> content (None: a folder)."""
        seen = set()
        for some, variant in itertools.product(self.subsets(), VARIANTS):
            names = self.after(some)
            files_now = {
                path: None if number is None else self.content(number, variant) for path, number in names.items()
            }
            key = frozenset(files_now.items())
            if key not in seen:
                seen.add(key)
                yield files_now


def record(folder, monkeypatch, saves, skip=()):
    """The calls of a run's creation and its saves, with ("saved", step) where a save was acknowledged."""
    recorder = use(monkeypatch, Recorder(skip))
    with make_run(folder) as run:
        for step in range(1, saves + 1):
            run.save_checkpoint(step, state(step), metric=float(step % 7))
            recorder.log.append(("saved", step))
    monkeypatch.undo()
    return recorder.log


class Work:
    """A folder on the real disk that is given one crash state after the other; only what differs is written."""

    def __init__(self, folder, source):
        self.folder, self.source, self.there = folder, source, {}

    def clear(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.there = {}

    def put(self, files_now):
        """What lies in a folder that is not there is not there."""
        inside = {path: content for path, content in files_now.items() if self.has_parents(path, files_now)}
        if not self.there or any(content is None and path not in inside for path, content in self.there.items()):
            self.clear()
        for path in self.there.keys() - inside.keys():
            self.target(path).unlink()
        for path, content in sorted(inside.items()):
            if content is None:
                self.target(path).mkdir(exist_ok=True)
            elif self.there.get(path) != content:
                self.target(path).write_bytes(content)
        self.there = inside

    def target(self, path):
        return self.folder / path.relative_to(self.source)

    def has_parents(self, path, files_now):
        return path.parent == self.source or path.parent in files_now


def problem(folder, saved, *, write):
    """What is wrong with the run in this state, if anything."""
    try:
        with Run.open(folder, write=write) as run:
            entry, arrays = run.load_checkpoint(WANTED)
    except RunFormatError as error:
        return f"{error} after step {saved} was saved" if saved else None
    if not is_whole(entry, arrays):
        return f"step {entry.step} is not what was saved"
    return f"step {saved} was saved, {entry.step} is there" if entry.step < saved else None


def check(log, source, work, *, stop=False):
    """Try every crash state after every call. Returns how many, and what was wrong."""
    disk, work = Disk(), Work(work, source)
    saved, count, problems, before = 0, 0, [], set()
    for call in log:
        if call[0] == "saved":
            saved = call[1]
        elif call[0] == "mkdir" and call[1] == source:
            continue  # the run's folder is the disk here
        elif call[0] != "fsync_folder" or call[1] == source or source in call[1].parents:
            disk.do(call)
        now = set()
        for files_now in disk.crash_states():
            key = (saved, frozenset(files_now.items()))
            now.add(key)
            if key in before:
                continue
            count += 1
            work.put(files_now)
            wrong = problem(work.folder, saved, write=count % 8 == 0)
            if count % 8 == 0:
                work.clear()  # opening for writing tidied up
            if wrong:
                problems.append(f"{wrong} ({call[0]})")
                if stop:
                    return count, problems
        before = now
    return count, problems


def test_no_crash_state_of_twenty_saves_loses_an_acknowledged_checkpoint(tmp_path, monkeypatch):
    log = record(tmp_path / "run", monkeypatch, 20)
    assert [call for call in log if call[0] == "saved"] == [("saved", step) for step in range(1, 21)]
    count, problems = check(log, tmp_path / "run", tmp_path / "work")
    assert problems == []
    assert count >= 5000


@pytest.mark.parametrize("skip", ["fsync", "fsync_folder"])
def test_a_forgotten_sync_is_found(tmp_path, monkeypatch, skip):
    """The proof that the test above can fail."""
    log = record(tmp_path / "run", monkeypatch, 4, skip={skip})
    _, problems = check(log, tmp_path / "run", tmp_path / "work", stop=True)
    assert problems


def test_a_manifest_written_before_its_checkpoint_is_found(tmp_path, monkeypatch):
    """Another careless program: the rename of the checkpoint is moved behind that of the manifest."""
    log = record(tmp_path / "run", monkeypatch, 6)
    renames = [place for place, call in enumerate(log) if call[0] == "replace" and call[2].name == "step-5.npz"]
    last = max(place for place, call in enumerate(log) if call[0] == "saved")
    log.insert(last - 1, log.pop(renames[0]))
    assert check(log, tmp_path / "run", tmp_path / "work", stop=True)[1]


def test_the_real_disk_is_synced(tmp_path, monkeypatch):
    """The recorder leaves syncing out; the real operations do it."""
    synced = []
    monkeypatch.setattr("os.fsync", synced.append)
    files.write_bytes(tmp_path / "a", b"x")
    assert len(synced) == 2
