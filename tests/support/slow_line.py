"""Model of a line to a distant server: how long calls take, how many there were, and which of them fail."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import TextIO


class Line:
    """A line on which each call takes `delay` seconds. Bytes pass one after another, `rate` in a second, in each
    direction.
    """

    def __init__(self, delay: float, rate: float) -> None:
        self._delay, self._rate = delay, rate
        self._lock = threading.Lock()
        self._free_at = {"read": 0.0, "write": 0.0}

    def wait(self, kind: str, size: int) -> None:
        """Wait as long as this call takes. `size`: number of its bytes, if `kind` is `read` or `write`.

        Calls of several threads wait at the same time, but their bytes pass one after another.
        """
        time.sleep(self._delay + (self._occupy(kind, size) if size else 0))

    def _occupy(self, kind: str, size: int) -> float:
        """Reserve the line for `size` bytes. Return the seconds until the last of them has passed."""
        with self._lock:
            present = time.monotonic()
            self._free_at[kind] = max(present, self._free_at[kind]) + size / self._rate
            return self._free_at[kind] - present


class CallLog:
    """Counts the calls that reached the server, and their bytes, by kind. Writes a line of text for each call.

    A line has the time, the kind, the path as a JSON string, and the number of bytes.
    """

    def __init__(self, lines: TextIO | None = None) -> None:
        self._lock = threading.Lock()
        self._lines = lines
        self.counts: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()

    def add(self, kind: str, path: str, size: int = 0) -> None:
        """Count a call before it is carried out. `size`: number of bytes that it reads or writes."""
        with self._lock:
            self.counts[kind] += 1
            if size:
                self.bytes[kind] += size
            if self._lines:
                self._lines.write(f"{time.time():.6f} {kind} {json.dumps(path)} {size}\n")

    def clear(self) -> None:
        """Set all counts to zero."""
        with self._lock:
            self.counts.clear()
            self.bytes.clear()


@dataclass(frozen=True)
class Fault:
    """A fault of the server: which calls it affects, how they fail, and how long."""

    error: str = ""
    """Name of the error that calls get, such as `ESTALE`. "": they get no answer and wait (the mount hangs)."""
    seconds: float | None = None
    """Seconds that the fault lasts, from the first call that it affects. None: until it is cleared."""
    calls: int | None = None
    """Number of calls that it affects. None: all."""
    kinds: Collection[str] | None = None
    """Kinds of calls that it affects, such as `rename`. None: all kinds."""
    below: str = ""
    """Beginning of the paths that it affects; "" for all paths. Paths begin with `/`, the root of the mount."""
    after: int = 0
    """Number of such calls that succeed before the first one that fails."""
    carried_out: bool = False
    """Whether the server carries out the calls, so that only its answers are lost."""

    def __post_init__(self) -> None:
        if self.error and not hasattr(errno, self.error):
            raise ValueError(f"{self.error!r} is not the name of an error")


class Faults:
    """The faults of the server, and the calls that wait because of them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._active: list[_ActiveFault] = []
        self._met = 0
        self._waiting = 0

    def add(self, fault: Fault) -> None:
        """Add this fault to the faults of the server."""
        with self._changed:
            self._active.append(_ActiveFault(fault))

    def clear(self) -> None:
        """End all faults. Calls that wait are carried out."""
        with self._changed:
            self._active.clear()
            self._changed.notify_all()

    @property
    def counts(self) -> dict[str, int]:
        """Return how many calls met a fault so far (`met`), and how many wait at present (`waiting`)."""
        with self._changed:
            return {"met": self._met, "waiting": self._waiting}

    def of_call(self, kind: str, path: str) -> _ActiveFault | None:
        """Return the fault that this call meets; None if it meets none. Count the call."""
        with self._changed:
            for active in self._active:
                if active.meets(kind, path):
                    self._met += 1
                    return active
        return None

    def strike(self, active: _ActiveFault) -> None:
        """Let a call meet its fault: wait until the fault has ended, or raise its OSError."""
        if active.fault.error:
            number = getattr(errno, active.fault.error)
            raise OSError(number, os.strerror(number))
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: active not in self._active, active.remaining())
            self._waiting -= 1


class _ActiveFault:
    """A fault, and the calls that it has affected so far."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._matching = self._met = 0
        self._ends = float("inf")

    def meets(self, kind: str, path: str) -> bool:
        """Return whether this call meets the fault, and count it."""
        fault = self.fault
        if (fault.kinds is not None and kind not in fault.kinds) or not path.startswith(fault.below):
            return False
        self._matching += 1
        if self._matching <= fault.after or (fault.calls is not None and self._met >= fault.calls):
            return False
        if not self._met and fault.seconds is not None:
            self._ends = time.monotonic() + fault.seconds
        if time.monotonic() > self._ends:
            return False
        self._met += 1
        return True

    def remaining(self) -> float | None:
        """Return the seconds until the fault ends; None if it has no end."""
        return None if self._ends == float("inf") else max(0.0, self._ends - time.monotonic())
