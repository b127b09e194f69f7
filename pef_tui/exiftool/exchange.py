"""One command to ExifTool and both its answers, whole and in time, or an error."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import subprocess
import tempfile
import time
from typing import IO, Protocol

MOST_OUTPUT = 64 << 20
"""Bytes of one answer; more is not ExifTool's."""
_BLOCK = 1 << 16

_CONTROL = re.compile(rb"-(?:execute\d*|stay_open|common_args|config|echo\d?|@|if\d*|p|eval)", re.IGNORECASE)
_NEVER_FIRST = b"# \t\x0b\x0c"  # b"" is in it too: an empty argument
_UNSENDABLE = re.compile(rb"[\r\n\0]")
_NUMBER = re.compile(rb"-execute(\d+)\n\Z")
# With the line's end: a number that is still arriving must not be taken for another number.
_READY = re.compile(rb"\{ready(\d*)\}\r?\n\Z")
_POST = re.compile(rb"post(\d+)\r?\n\Z")


class ProcessError(Exception):
    """ExifTool did not answer. The message is for people."""


class Died(ProcessError):
    """It ended, or said what is no answer to what was asked."""


class TimedOut(ProcessError):
    """It took too long."""


class Refused(ValueError):
    """An argument that cannot be one line to ExifTool, or would be a command of its own."""


class Limit(Protocol):
    """Tells how many seconds the next command may take."""

    seconds: float


class Exchange:
    """Stands where pyexiftool has its subprocess: `stdin` to write a command to, `stdout` and `stderr` to read from."""

    def __init__(self, popen: subprocess.Popen[bytes], limit: Limit) -> None:
        self.popen = popen
        self.stdin = self
        self.stdout: IO[bytes] = _memory()
        self.stderr: IO[bytes] = _memory()
        self._limit = limit
        assert popen.stdin and popen.stdout and popen.stderr
        self._pipes = (popen.stdin, popen.stdout, popen.stderr)
        for pipe in self._pipes:
            os.set_blocking(pipe.fileno(), False)

    def write(self, command: bytes) -> None:
        """Carry out a command as pyexiftool builds it; its answers are then in `stdout` and `stderr`."""
        number = _NUMBER.search(command)
        if number is None:
            raise Refused("a command without its number")
        answers = self._converse(command, number[1])
        for kept, answer in zip((self.stdout, self.stderr), answers, strict=True):
            kept.seek(0)
            kept.truncate()
            kept.write(answer)
            kept.flush()
            kept.seek(0)

    def flush(self) -> None:
        """Nothing is held back."""

    def poll(self) -> int | None:
        """Exit status of ExifTool, None while it runs."""
        return self.popen.poll()

    def say_goodbye(self) -> None:
        """Ask ExifTool to end."""
        with contextlib.suppress(OSError):
            self._pipes[0].write(b"-stay_open\nFalse\n")
            self._pipes[0].close()

    def close(self) -> None:
        """Let go of pipes and files."""
        for file in (*self._pipes, self.stdout, self.stderr):
            with contextlib.suppress(OSError):
                file.close()

    def _converse(self, command: bytes, number: bytes) -> tuple[bytes, bytes]:
        """Send and listen at once, so that no full pipe can stop either side."""
        stdin, stdout, stderr = self._pipes
        sides = (_Side(_READY, number), _Side(_POST, number))
        rest = memoryview(command)
        deadline = time.monotonic() + self._limit.seconds
        with selectors.DefaultSelector() as selector:
            selector.register(stdin, selectors.EVENT_WRITE)
            selector.register(stdout, selectors.EVENT_READ, sides[0])
            selector.register(stderr, selectors.EVENT_READ, sides[1])
            while rest or not (sides[0].complete and sides[1].complete):
                left = deadline - time.monotonic()
                ready = selector.select(left) if left > 0 else []
                if not ready:
                    raise TimedOut(f"ExifTool did not answer within {self._limit.seconds:.0f} s")
                for key, _ in ready:
                    if key.data is not None:
                        if not key.data.listen(key.fd):
                            selector.unregister(key.fileobj)
                        continue
                    rest = rest[_send(key.fd, rest) :]
                    if not rest:
                        selector.unregister(stdin)
        return bytes(sides[0].said), bytes(sides[1].said)


class _Side:
    """What ExifTool says on one of its two outputs, up to the end of one answer."""

    def __init__(self, end: re.Pattern[bytes], number: bytes) -> None:
        self.said = bytearray()
        self.complete = False
        self._end = end
        self._number = number

    def listen(self, descriptor: int) -> bool:
        """Take what is there; is more to come? Raises Died for an end too early, too much, or another answer."""
        try:
            block = os.read(descriptor, _BLOCK)
        except BlockingIOError:
            return True
        if not block and self.complete:
            return False
        if not block:
            raise Died("ExifTool ended in the middle of a command")
        self.said += block
        if len(self.said) > MOST_OUTPUT:
            raise Died("ExifTool does not stop talking")
        found = self._end.search(self.said, max(0, len(self.said) - 64))
        self.complete = found is not None
        if found is not None and found[1] != self._number:
            raise Died("ExifTool answered another command")
        return True


def check(argument: str | bytes) -> bytes:
    """The argument as it is sent. Raises Refused for what ExifTool would not take as one argument, or as a command."""
    try:
        sent = argument if isinstance(argument, bytes) else argument.encode()
    except UnicodeEncodeError as error:
        raise Refused(f"cannot be an argument of ExifTool: {argument!r:.80}") from error
    if sent == b"-" or sent[:1] in _NEVER_FIRST or _UNSENDABLE.search(sent) or _CONTROL.fullmatch(sent):
        raise Refused(f"cannot be an argument of ExifTool: {argument!r:.80}")
    return sent


def _memory() -> IO[bytes]:
    """A file for answers: in memory where the system has such files, so that a full disk does not matter."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("exiftool-answer"), "w+b")
    return tempfile.TemporaryFile()


def _send(descriptor: int, rest: memoryview) -> int:
    try:
        return os.write(descriptor, rest)
    except BlockingIOError:
        return 0
    except OSError as error:
        raise Died("ExifTool ended before it took the command") from error
