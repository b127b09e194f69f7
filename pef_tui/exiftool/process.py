"""A running ExifTool that answers command after command, and is replaced when it is sick or old."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from types import TracebackType

from exiftool.exceptions import ExifToolException
from msgspec import Struct

from pef_tui.exiftool.driver import Died, Driver, ProcessError, Refused, TimedOut

__all__ = ["Answer", "Died", "Process", "ProcessError", "Refused", "TimedOut"]

COMMANDS_A_PROCESS = 500
"""Perl's memory grows with every file; after this many commands a new process takes over."""
SECONDS = 60.0
"""A command's time on top of what its bytes need."""
BYTES_A_SECOND = 10_000_000
"""The slowest disk we wait for."""

_COMMON = ("-api", "LargeFileSupport=1", "-charset", "filename=utf8")
_COUNT = re.compile(rb"^ *(\d+) (?:image )?files? (updated|created|unchanged|weren't)", re.MULTILINE)
_PATH_BEHIND = re.compile(r" - /\S.*$")


class Answer(Struct, frozen=True):
    """What ExifTool said to one command."""

    status: int
    """Its exit status; 0 does not mean that anything was written."""
    stdout: bytes
    errors: tuple[str, ...] = ()
    """Texts of its `Error:` lines, without the file's name."""
    warnings: tuple[str, ...] = ()
    """Everything else on stderr, `Warning:` and the file's name taken off."""
    updated: int = 0
    created: int = 0
    unchanged: int = 0


class Process:
    """ExifTool, started when first needed and again after a death, a time-out, or 500 commands.

    The running ExifTool is killed by the kernel when the *thread* that made it start ends (Linux; that is how it
    cannot outlive a pef-tui that was killed). So a Process belongs to one thread, which lives as long as it does.
    """

    def __init__(self, path: str, seconds: float = SECONDS, recycle: int = COMMANDS_A_PROCESS) -> None:
        self.path = path
        self._seconds = seconds
        self._recycle = recycle
        self._commands = 0
        self._driver: Driver | None = None

    def run(self, args: Sequence[str | bytes], size: int = 0) -> Answer:
        """Carry out one command; `size` is how many bytes it has to read (it lengthens the time-out).

        Paths go in as bytes (`os.fsencode`): they may not be UTF-8. Raises Refused for an argument that cannot be sent
        as one line, Died or TimedOut when no answer came: then this ExifTool is gone, and the next call starts
        another. One more try is the caller's decision. Raises OSError when ExifTool cannot be started.
        """
        driver = self._ready()
        self._commands += 1
        driver.seconds = self._seconds + size / BYTES_A_SECOND
        try:
            stdout: bytes = driver.execute(*_COMMON, *args)
        except Refused:
            raise
        except ProcessError:
            self._drop()
            raise
        except (ExifToolException, ValueError) as error:
            self._drop()
            raise Died(f"ExifTool answered something else than an answer: {error}") from error
        except BaseException:
            self._drop()  # an interrupt in mid-command: what comes next would be the answer to this one
            raise
        return _answer(driver.last_status, stdout, driver.last_stderr, escaped="-E" in args)

    @property
    def pid(self) -> int | None:
        """Process number of the ExifTool that runs now."""
        return self._driver.pid if self._driver else None

    def close(self) -> None:
        """End ExifTool: by asking, then SIGINT (which lets it remove its temporary file), then SIGKILL."""
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.terminate()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ready(self) -> Driver:
        if self._commands >= self._recycle:
            self.close()
        if self._driver is None:
            driver = Driver(self.path)
            driver.run()
            self._driver, self._commands = driver, 0
        return self._driver

    def _drop(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.abandon()


def _answer(status: int, stdout: bytes, stderr: bytes, *, escaped: bool) -> Answer:
    """`escaped`: the command was given `-E`, by which ExifTool writes its own words as HTML too."""
    counts = {what: int(number) for number, what in _COUNT.findall(stdout)}
    errors: list[str] = []
    warnings: list[str] = []
    for line in stderr.decode("utf-8", "replace").splitlines():
        text = _PATH_BEHIND.sub("", html.unescape(line.strip()) if escaped else line.strip())
        if text.startswith("Error: "):
            errors.append(text.removeprefix("Error: "))
        elif text:
            warnings.append(text.removeprefix("Warning: "))
    return Answer(
        status,
        stdout,
        tuple(errors),
        tuple(warnings),
        counts.get(b"updated", 0),
        counts.get(b"created", 0),
        counts.get(b"unchanged", 0),
    )
