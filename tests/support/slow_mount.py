"""Mount a folder over a slow line (`slow_disk`), for a test or a measurement, with faults on request."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fuse_mount import serving, unmount
from slow_line import Fault

PROGRAM = Path(__file__).with_name("slow_disk.py")


class SlowMount:
    """A mounted slow disk. Any thread may call its methods."""

    def __init__(self, folder: Path, path: Path, server: subprocess.Popen[str]) -> None:
        self.folder = folder
        """The folder below the mount. It has the same files, and answers immediately."""
        self.path = path
        """Path of the mount."""
        self._server = server
        self._lock = threading.Lock()

    def _command(self, **command: Any) -> dict[str, Any]:
        """Send one command to the server, and return its answer. Raises RuntimeError if it refuses or has ended."""
        assert self._server.stdin is not None and self._server.stdout is not None
        try:
            with self._lock:
                self._server.stdin.write(json.dumps(command) + "\n")
                self._server.stdin.flush()
                line = self._server.stdout.readline()
        except BrokenPipeError:
            line = ""
        answer: dict[str, Any] = json.loads(line or '{"error": "the server has ended"}')
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def calls(self) -> Counter[str]:
        """Return the number of calls that reached the server since the last `reset`, by kind."""
        return Counter(self._command(do="calls")["calls"])

    def bytes(self) -> Counter[str]:
        """Return the number of bytes that were read and written since the last `reset`: keys `read` and `write`."""
        return Counter(self._command(do="calls")["bytes"])

    def reset(self) -> None:
        """Set the counts of calls and bytes to zero."""
        self._command(do="reset")

    def set_fault(self, fault: Fault) -> None:
        """Add this fault to the faults that the server has."""
        self._command(do="fault", **asdict(fault))

    def clear_faults(self) -> None:
        """End all faults. Calls that wait because of a fault are carried out."""
        self._command(do="clear")

    def faults_met(self) -> int:
        """Return how many calls met a fault since the start of the mount."""
        return int(self._command(do="calls")["met"])

    def await_fault(self, seconds: float = 60) -> None:
        """Wait until a call meets a fault. Raises TimeoutError after `seconds`."""
        end = time.monotonic() + seconds
        while not self.faults_met():
            if time.monotonic() > end:
                raise TimeoutError(f"no call met a fault within {seconds} seconds")
            time.sleep(0.01)

    def detach(self) -> None:
        """Unmount immediately, as `umount -l` does: open files stay usable, and paths lead to the empty folder
        below.
        """
        unmount(self.path)

    def crash(self) -> None:
        """Kill the server. The mount stays, and every call to it fails with ENOTCONN."""
        self._server.kill()
        self._server.wait()


@contextmanager
def mounted(
    place: Path,
    *,
    delay_ms: float = 2.0,
    mb_s: float | None = None,
    cache_seconds: float = 1.0,
    threads: int = 10,
    log: Path | None = None,
    name: str = "slow",
) -> Iterator[SlowMount]:
    """Mount `place/NAME` over the folder `place/NAME.below` for the `with` block. Create both if they are missing.

    `delay_ms`: milliseconds that each call takes. `mb_s`: MB/s in each direction; None for no limit. `cache_seconds`:
    how long the kernel remembers names and attributes. `threads`: how many calls are answered at the same time. `log`:
    file that gets a line for each call.

    Raises MountFailed. A test must call `fuse_mount.require_fuse` first.
    """
    folder, path = place / f"{name}.below", place / name
    for each in (folder, path):
        each.mkdir(parents=True, exist_ok=True)
    arguments = [str(folder), str(path), f"--delay-ms={delay_ms}", f"--cache-seconds={cache_seconds}"]
    for option, value in (("--mb-s", mb_s), ("--threads", threads), ("--log", log)):
        if value is not None:
            arguments.append(f"{option}={value}")
    with serving(PROGRAM, path, arguments) as server:
        yield SlowMount(folder, path, server)
