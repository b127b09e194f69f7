"""Wait while the server of a source or of DEST does not answer, and end the run if it is gone.

The rules for a call that failed (docs/safety.md explains them to users):

1. If the folder is gone (unmounted, unplugged, another disk in its place), DiskGone ends the run at once.
2. On a disk of this machine, only the file of the call fails.
3. On a served file system (`mounts.is_served`), an error of `LINE_ERRORS` may be temporary. A *probe* makes the kinds
of calls that the run needs, once a second, until it succeeds. If it fails for WAIT_SECONDS, DiskGone ends the run.
4. After a successful probe, the failed call is repeated: at once, and again after a second. If it still fails, only the
file of the call fails.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from threading import Event, RLock
from typing import TypeVar

from pef_tui.errors import DiskGone
from pef_tui.filesystem.mounts import is_served
from pef_tui.system_calls import drop_cached

WAIT_SECONDS = 60.0
"""Seconds that a served file system may fail before the run ends."""
PROBE_SECONDS = 1.0
"""Seconds between two probes, and before the second repetition of a call."""
REPETITIONS = 2
"""Number of times that a failed call is repeated while the probe succeeds."""
_NAMES = (
    *("EIO", "ESTALE", "ETIMEDOUT", "EREMOTEIO", "EAGAIN", "ENOLINK", "ECOMM", "EPROTO"),
    *("EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ENETRESET", "ENONET"),
    *("ECONNRESET", "ECONNABORTED", "ECONNREFUSED", "ENOBUFS", "ESHUTDOWN"),
)
LINE_ERRORS = frozenset(number for name in _NAMES if (number := getattr(errno, name, None)) is not None)
"""Numbers of errors that may be temporary: errors of a server, or of the line to it."""
GONE_ERRORS = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ENOTCONN, errno.ENODEV, errno.ENXIO, errno.ELOOP))
"""Numbers of errors of the top folder that show that it is gone."""

_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
Result = TypeVar("Result")


class DiskWatch:
    """Watches the file system of one folder during a run. Thread-safe.

    One thread waits for an answer. Other threads with an error wait for the result of that thread.
    """

    def __init__(self, description: str, device: int, probe: Callable[[], object]) -> None:
        """`description`: name of the folder in messages, which the user knows. `device`: its device number.

        `probe`: makes calls as the run does. It raises DiskGone if another folder is in the place of the folder, and
        OSError.
        """
        self.description = description
        """Name of the folder in messages."""
        self._is_served = is_served(device)
        self._probe = probe
        self.stop = Event()
        """If set, all waiting ends."""
        self.notify: Callable[[str], object] = lambda note: None
        """Called with a line for the user when waiting begins."""
        self._lock = RLock()
        self._gone: DiskGone | None = None

    @property
    def is_served(self) -> bool:
        """Whether errors of this file system may be temporary (rule 3)."""
        return self._is_served

    def repeat(self, call: Callable[[], Result]) -> Result:
        """Return the result of `call`. Repeat it while `recovers` returns True. Raises DiskGone, and the OSError of
        `call`.
        """
        attempt = 1
        while True:
            try:
                return call()
            except OSError as error:
                if not self.recovers(error, attempt):
                    raise
            attempt += 1

    def recovers(self, error: OSError, attempt: int) -> bool:
        """Return whether to repeat a failed call. `attempt`: how often it has failed, from 1 on.

        While the file system does not answer, wait first. Raises DiskGone.
        """
        self.await_answer()
        if not self._is_served or error.errno not in LINE_ERRORS or attempt > REPETITIONS:
            return False
        if attempt > 1:
            self.stop.wait(PROBE_SECONDS)
        return True

    def await_answer(self) -> None:
        """Wait until the probe succeeds. Raises DiskGone if the folder is gone or does not answer in time."""
        with self._lock:
            waited = 0.0
            while True:
                if self._gone is not None:
                    raise self._gone
                try:
                    self._probe()
                    return
                except DiskGone as gone:
                    self._gone = gone
                except OSError as error:
                    if not self._may_pass(error, waited):
                        return
                    if not waited:
                        reason = error.strerror or str(error)
                        seconds = f"{WAIT_SECONDS:.0f} s"
                        self.notify(f"{self.description} does not answer ({reason}): waiting up to {seconds}")
                    self.stop.wait(PROBE_SECONDS)
                    waited += PROBE_SECONDS

    def _may_pass(self, error: OSError, waited: float) -> bool:
        """Return whether to probe again after an error of the probe. False if the error is not about the folder.

        Set `_gone` if the run must end. `waited`: seconds since the first error of the probe.
        """
        if error.errno in GONE_ERRORS:
            self._gone = gone(self.description, error.strerror or str(error))
            return True
        if not self._is_served or error.errno not in LINE_ERRORS:
            return False
        if waited >= WAIT_SECONDS or self.stop.is_set():
            self._gone = DiskGone(
                f"{self.description} does not answer ({error.strerror or error}): run again when it does, "
                "what is done stays done"
            )
        return True


class SourceWatch(DiskWatch):
    """Watches one source: a directory or an archive."""

    def __init__(self, path: str) -> None:
        """`path`: path of the source. Its device number is noted now."""
        self._path = path
        self._device = _device_of(path)
        self._last_read = ""
        super().__init__(f"the source {path}", max(self._device, 0), self._probe_source)

    def note_read(self, path: str) -> None:
        """Store that a file of the source could be opened. The probe then reads it too. `path`: path of the file."""
        self._last_read = path

    def check(self) -> None:
        """Raise DiskGone if the source is gone, or on another device than at the start of the run."""
        try:
            self._check_device()
        except OSError as error:
            if error.errno in GONE_ERRORS or error.errno in LINE_ERRORS:
                self.await_answer()

    def _check_device(self) -> None:
        if self._device != -1 and os.stat(self._path).st_dev != self._device:
            raise gone(self.description)

    def _probe_source(self) -> None:
        """Look up the source. On a served file system, also list it, and read the file that was read last."""
        self._check_device()
        if not self.is_served:
            return
        with suppress(NotADirectoryError), os.scandir(self._path) as entries:
            next(entries, None)
        try:
            fd = os.open(self._last_read or self._path, _FILE)
        except FileNotFoundError:  # the file that was read last was deleted
            self._last_read = ""
            return
        try:
            drop_cached(fd)  # the bytes must come from the server, not from memory
            with suppress(IsADirectoryError):
                os.pread(fd, 1, 0)
        finally:
            os.close(fd)


def gone(description: str, reason: str = "") -> DiskGone:
    """Return the error for a folder that is gone. `reason`: the report of the system; "" for none."""
    return DiskGone(
        f"{description} is not there any more{f' ({reason})' if reason else ''}: its disk was unmounted, "
        "unplugged or replaced; mount it again and run again, what is done stays done"
    )


def _device_of(path: str) -> int:
    try:
        return os.stat(path).st_dev
    except OSError:
        return -1
