"""Run a worker process of `process_pool`: read calls from standard input, write results to standard output."""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import signal
import struct
import sys
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import IO, Any

_LENGTH = struct.Struct("<Q")
_PR_SET_PDEATHSIG = 1
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that stop a run. Workers ignore them, because a supervisor may send them to all processes at once."""
GC_THRESHOLD = 50_000
"""Number of new objects after which the cyclic garbage collector runs.

It is large: the objects of a call are freed at its end, so the collector is rarely needed.
"""
POLL_SECONDS = 1.0
"""Seconds between checks whether the parent process still runs, on systems without `PR_SET_PDEATHSIG`."""


def send(stream: IO[bytes], data: bytes) -> None:
    """Write one message: its length in 8 bytes, then `data`. Raises OSError."""
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """Read one message that `send` wrote, and return its data. Raises EOFError if the other process has ended."""
    length = _LENGTH.unpack(_read_exactly(stream, _LENGTH.size))[0]
    return _read_exactly(stream, length)


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the pipe is closed")
    return data


def main(parent: int) -> None:
    """Run calls until standard input is closed. If the process with the id `parent` ends, this process is killed."""
    gc.set_threshold(GC_THRESHOLD, 20, 20)
    _die_with_parent(parent)
    for number in STOPPING:
        # Set a handler that does nothing: programs that are started from here would inherit SIG_IGN.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _ignore_signal)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    calls, results = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null_fd = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null_fd, 0)
    os.close(null_fd)
    os.dup2(2, 1)  # keeps output of plugins out of the results
    with suppress(EOFError, BrokenPipeError):
        while True:
            send(results, _call(receive(calls)))


def _ignore_signal(number: int, frame: FrameType | None) -> None:
    """Do nothing: the parent process finishes the current batch, then ends this process."""


def _die_with_parent(parent: int) -> None:
    """Make sure that this process is killed when the process `parent` ends.

    On Linux, this process is killed as soon as the thread of `parent` that started it ends.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os._exit(1)


def _call(data: bytes) -> bytes:
    """Run one pickled call and return the pickled `(True, result)` or `(False, exception)`. Raises nothing."""
    try:
        function, args, kwargs = pickle.loads(data)
        return pickle.dumps((True, function(*args, **kwargs)), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        return _encoded_error(error)


def _encoded_error(error: BaseException) -> bytes:
    """Return the pickled `(False, error)`.

    If the exception cannot be pickled and unpickled, a RuntimeError with its type and text takes its place.
    """
    sent_error: Any = error if isinstance(error, Exception) else None
    try:
        data = pickle.dumps((False, sent_error), pickle.HIGHEST_PROTOCOL)
        if sent_error is not None and type(pickle.loads(data)[1]) is type(error):
            return data
    except Exception:
        sent_error = None
    return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
