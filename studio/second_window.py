"""The right to be the first window of a home: a second one may be opened, and says that there is a first."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from models.core.disk import places
from models.core.errors import RunBusyError, UserError
from models.core.record.lock import Lock
from studio.workers.services import Services

NOTE = (
    "Another window of the studio is open. Both work and share their settings; a run can be trained in one of them "
    "only."
)


@contextlib.contextmanager
def told(services: Services) -> Iterator[None]:
    """While the window is open: hold the lock of the home, or say quietly that another window does."""
    lock = Lock(places.data())

    def take() -> bool:
        try:
            lock.acquire()
        except RunBusyError:
            return True
        except UserError:
            return False  # a home that cannot be written, which others say
        return False

    def tell(second: bool) -> None:
        if second:
            services.session.notice(NOTE)

    services.file_worker.ask("another window", lambda task: take(), tell, lambda error: None)  # taking it may wait
    try:
        yield
    finally:
        lock.release()
