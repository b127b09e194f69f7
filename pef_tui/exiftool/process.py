"""An ExifTool process that answers commands. It is replaced after a failure, and after many commands."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from types import TracebackType

from exiftool.exceptions import ExifToolException
from msgspec import Struct

from pef_tui.exiftool.driver import Died, Driver, ProcessError, Refused, TimedOut

__all__ = ["CommandResult", "Died", "ExifToolProcess", "ProcessError", "Refused", "TimedOut"]

COMMANDS_A_PROCESS = 500
"""Number of commands after which a new process is started: Perl's memory grows with each file."""
COMMAND_SECONDS = 60.0
"""Time limit of a command in seconds. Time for the bytes that the command reads is added."""
BYTES_A_SECOND = 10_000_000
"""Speed of the slowest supported disk, in bytes per second. Large files get more time, computed from this speed."""

_COMMON_ARGUMENTS = ("-api", "LargeFileSupport=1", "-charset", "filename=utf8")
_COUNT = re.compile(rb"^ *(\d+) (?:image )?files? (updated|created|unchanged|weren't)", re.MULTILINE)
_TRAILING_PATH = re.compile(r" - /\S.*$")


class CommandResult(Struct, frozen=True):
    """ExifTool's answer to one command."""

    status: int
    """Exit status of the command. The status 0 does not mean that anything was written."""
    stdout: bytes
    errors: tuple[str, ...] = ()
    """Texts of the `Error:` lines on stderr, without the name of the file."""
    warnings: tuple[str, ...] = ()
    """All other lines on stderr, without the word `Warning:` and the name of the file."""
    updated: int = 0
    created: int = 0
    unchanged: int = 0


class ExifToolProcess:
    """ExifTool, started on first use, and started again after a crash, a time-out, or 500 commands.

    On Linux, the kernel kills ExifTool when the *thread* that started it ends. So ExifTool cannot outlive a killed
    pef-tui. An ExifToolProcess therefore belongs to one thread, which must live as long as the process is used.
    """

    def __init__(
        self, path: str, seconds: float = COMMAND_SECONDS, recycle: int = COMMANDS_A_PROCESS
    ) -> None:
        self.path = path
        self._seconds = seconds
        self._recycle = recycle
        self._commands = 0
        self._driver: Driver | None = None

    def run(self, args: Sequence[str | bytes], size: int = 0) -> CommandResult:
        """Run one command and return its result. `size`: bytes that ExifTool must read; they extend the time limit.

        Pass paths as bytes (`os.fsencode`): a path may not be UTF-8. Raises Refused for an argument that cannot be sent
        as one line. Raises Died or TimedOut if there is no answer. ExifTool was then ended, and the next call starts it
        again; the caller decides whether to retry. Raises OSError if ExifTool cannot be started.
        """
        driver = self._running_driver()
        self._commands += 1
        driver.seconds = self._seconds + size / BYTES_A_SECOND
        try:
            stdout: bytes = driver.execute(*_COMMON_ARGUMENTS, *args)
        except Refused:
            raise
        except ProcessError:
            self._abandon()
            raise
        except (ExifToolException, ValueError) as error:
            self._abandon()
            raise Died(f"ExifTool answered something else than an answer: {error}") from error
        except BaseException:
            self._abandon()  # after an interrupt, the next output would belong to this command
            raise
        return _parse_answer(driver.last_status, stdout, driver.last_stderr, escaped="-E" in args)

    @property
    def pid(self) -> int | None:
        """Process number of the running ExifTool, None if it is not running."""
        return self._driver.pid if self._driver else None

    def close(self) -> None:
        """End ExifTool by its own command. If it still runs, send SIGINT; if it still runs, send SIGKILL.

        On SIGINT, ExifTool removes its temporary file.
        """
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.terminate()

    def __enter__(self) -> ExifToolProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _running_driver(self) -> Driver:
        if self._commands >= self._recycle:
            self.close()
        if self._driver is None:
            driver = Driver(self.path)
            driver.run()
            self._driver, self._commands = driver, 0
        return self._driver

    def _abandon(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.abandon()


def _parse_answer(status: int, stdout: bytes, stderr: bytes, *, escaped: bool) -> CommandResult:
    """Return the result of a command from its exit status and outputs.

    `escaped`: whether the command had the option `-E`. ExifTool then also writes its messages as HTML.
    """
    counts = {action: int(number) for number, action in _COUNT.findall(stdout)}
    errors: list[str] = []
    warnings: list[str] = []
    for line in stderr.decode("utf-8", "replace").splitlines():
        text = _TRAILING_PATH.sub("", html.unescape(line.strip()) if escaped else line.strip())
        if text.startswith("Error: "):
            errors.append(text.removeprefix("Error: "))
        elif text:
            warnings.append(text.removeprefix("Warning: "))
    return CommandResult(
        status,
        stdout,
        tuple(errors),
        tuple(warnings),
        counts.get(b"updated", 0),
        counts.get(b"created", 0),
        counts.get(b"unchanged", 0),
    )
