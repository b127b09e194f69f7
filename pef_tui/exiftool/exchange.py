"""Send one command to ExifTool, and receive both answers (stdout and stderr), complete and in time."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import subprocess
import tempfile
import time
from typing import IO, Protocol

from pef_tui.system_calls import HAS_MEMORY_FILES, memory_file

MAX_OUTPUT = 64 << 20
"""Limit of one answer in bytes. A longer output is no answer of ExifTool."""
_READ_SIZE = 1 << 16

_CONTROL = re.compile(rb"-(?:execute\d*|stay_open|common_args|config|echo\d?|@|if\d*|p|eval)", re.IGNORECASE)
_FORBIDDEN_FIRST = b"# \t\x0b\x0c"  # `in` is also true for b"", an empty argument
_UNSENDABLE = re.compile(rb"[\r\n\0]")
_NUMBER = re.compile(rb"-execute(\d+)\n\Z")
# Both patterns include the end of the line: the first digits of an incomplete number must not match.
_READY = re.compile(rb"\{ready(\d*)\}\r?\n\Z")
_POST = re.compile(rb"post(\d+)\r?\n\Z")


class ProcessError(Exception):
    """Raised if ExifTool did not answer. The message is for the user."""


class Died(ProcessError):
    """Raised if ExifTool ended, or if its output is not an answer to the command."""


class TimedOut(ProcessError):
    """Raised if ExifTool exceeded the time limit of the command."""


class Refused(ValueError):
    """Raised for an argument that ExifTool would split, or take as a command (`-execute`)."""


class Limit(Protocol):
    """An object that holds the time limit of the next command."""

    seconds: float
    """Time limit in seconds."""


class Exchange:
    """Takes the place of the subprocess that pyexiftool would start.

    A command is written to `stdin`. Its answers are read from `stdout` and `stderr`.
    """

    def __init__(self, popen: subprocess.Popen[bytes], limit: Limit) -> None:
        self.popen = popen
        self.stdin = self
        self.stdout: IO[bytes] = _answer_file()
        self.stderr: IO[bytes] = _answer_file()
        self._limit = limit
        assert popen.stdin and popen.stdout and popen.stderr
        self._pipes = (popen.stdin, popen.stdout, popen.stderr)
        for pipe in self._pipes:
            os.set_blocking(pipe.fileno(), False)

    def write(self, command: bytes) -> None:
        """Run `command`, which pyexiftool built, and store its answers in `stdout` and `stderr`.

        Raises Refused if the command has no number. Raises Died or TimedOut if there is no complete answer.
        """
        number = _NUMBER.search(command)
        if number is None:
            raise Refused("a command without its number")
        answers = self._run_command(command, number[1])
        for answer_file, answer in zip((self.stdout, self.stderr), answers, strict=True):
            answer_file.seek(0)
            answer_file.truncate()
            answer_file.write(answer)
            answer_file.flush()
            answer_file.seek(0)

    def flush(self) -> None:
        """Do nothing, because `write` has no buffer."""

    def poll(self) -> int | None:
        """Return the exit status of ExifTool, None while it runs."""
        return self.popen.poll()

    def request_stop(self) -> None:
        """Send ExifTool the command to end. If sending fails, do nothing."""
        with contextlib.suppress(OSError):
            self._pipes[0].write(b"-stay_open\nFalse\n")
            self._pipes[0].close()

    def close(self) -> None:
        """Close the pipes to ExifTool and the files of the answers."""
        for file in (*self._pipes, self.stdout, self.stderr):
            with contextlib.suppress(OSError):
                file.close()

    def _run_command(self, command: bytes, number: bytes) -> tuple[bytes, bytes]:
        """Send `command`, and return its answers on stdout and stderr.

        Sending and receiving overlap, so a full pipe blocks neither this program nor ExifTool. `number`: number of the
        command. Raises Died or TimedOut if there is no complete answer.
        """
        stdin, stdout, stderr = self._pipes
        readers = (_OutputReader(_READY, number), _OutputReader(_POST, number))
        unsent = memoryview(command)
        deadline = time.monotonic() + self._limit.seconds
        with selectors.DefaultSelector() as selector:
            selector.register(stdin, selectors.EVENT_WRITE)
            selector.register(stdout, selectors.EVENT_READ, readers[0])
            selector.register(stderr, selectors.EVENT_READ, readers[1])
            while unsent or not (readers[0].complete and readers[1].complete):
                seconds_left = deadline - time.monotonic()
                ready = selector.select(seconds_left) if seconds_left > 0 else []
                if not ready:
                    raise TimedOut(f"ExifTool did not answer within {self._limit.seconds:.0f} s")
                for key, _ in ready:
                    if key.data is not None:
                        if not key.data.read_available(key.fd):
                            selector.unregister(key.fileobj)
                        continue
                    unsent = unsent[_send(key.fd, unsent) :]
                    if not unsent:
                        selector.unregister(stdin)
        return bytes(readers[0].data), bytes(readers[1].data)


class _OutputReader:
    """Reads one output of ExifTool (stdout or stderr) up to the end of the answer to one command."""

    def __init__(self, end: re.Pattern[bytes], number: bytes) -> None:
        self.data = bytearray()
        self.complete = False
        self._end = end
        self._number = number

    def read_available(self, descriptor: int) -> bool:
        """Read the available bytes. Return whether more may follow.

        Raises Died if the output ends within an answer, is longer than `MAX_OUTPUT`, or belongs to another command.
        """
        try:
            block = os.read(descriptor, _READ_SIZE)
        except BlockingIOError:
            return True
        if not block and self.complete:
            return False
        if not block:
            raise Died("ExifTool ended in the middle of a command")
        self.data += block
        if len(self.data) > MAX_OUTPUT:
            raise Died("ExifTool does not stop talking")
        match = self._end.search(self.data, max(0, len(self.data) - 64))
        self.complete = match is not None
        if match is not None and match[1] != self._number:
            raise Died("ExifTool answered another command")
        return True


def check_argument(argument: str | bytes) -> bytes:
    """Return `argument` as the bytes to send.

    Raises Refused if ExifTool would split these bytes, or take them as a command.
    """
    try:
        sent = argument if isinstance(argument, bytes) else argument.encode()
    except UnicodeEncodeError as error:
        raise Refused(f"cannot be an argument of ExifTool: {argument!r:.80}") from error
    if sent == b"-" or sent[:1] in _FORBIDDEN_FIRST or _UNSENDABLE.search(sent) or _CONTROL.fullmatch(sent):
        raise Refused(f"cannot be an argument of ExifTool: {argument!r:.80}")
    return sent


def _answer_file() -> IO[bytes]:
    """Return a file for an answer. It is in memory, if the system supports that: a full disk then does no harm."""
    if HAS_MEMORY_FILES:
        return os.fdopen(memory_file("exiftool-answer"), "w+b")
    return tempfile.TemporaryFile()


def _send(descriptor: int, data: memoryview) -> int:
    try:
        return os.write(descriptor, data)
    except BlockingIOError:
        return 0
    except OSError as error:
        raise Died("ExifTool ended before it took the command") from error
