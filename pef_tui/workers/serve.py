"""The process at the other end: takes calls from its standard input and answers on its standard output."""

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
"""Signals that end a run well; those who send them may send them to all processes."""
UNSEEN = 50_000
"""Objects more before the collector of cycles looks for some: what a call brings is let go of as it ends."""
LOOK = 1.0
"""Seconds between two looks after the program that started it, where the kernel cannot be asked to do it."""


def send(stream: IO[bytes], data: bytes) -> None:
    """Write one message. Raises OSError."""
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """Read one message. Raises EOFError where the other side is gone."""
    length = _LENGTH.unpack(_exactly(stream, _LENGTH.size))[0]
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the pipe is closed")
    return data


def main(parent: int) -> None:
    """Work on calls until nobody asks any more; ends at once when the process `parent` does."""
    gc.set_threshold(UNSEEN, 20, 20)
    _live_with(parent)
    for number in STOPPING:
        # A handler, not SIG_IGN, which programs started from here would inherit.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _left_to_the_parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)  # what plugins print is not an answer
    with suppress(EOFError, BrokenPipeError):
        while True:
            send(answers, _answer(receive(calls)))


def _left_to_the_parent(number: int, frame: FrameType | None) -> None:
    """The program that started this one ends the batch in hand, then this process."""


def _live_with(parent: int) -> None:
    """Be killed when the thread that started this process ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)


def _answer(data: bytes) -> bytes:
    """`(True, result)` or `(False, exception)`, whatever happens."""
    try:
        function, args, kwargs = pickle.loads(data)
        return pickle.dumps((True, function(*args, **kwargs)), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        return _failure(error)


def _failure(error: BaseException) -> bytes:
    """The exception itself where it survives the way, else its words."""
    told: Any = error if isinstance(error, Exception) else None
    try:
        data = pickle.dumps((False, told), pickle.HIGHEST_PROTOCOL)
        if told is not None and type(pickle.loads(data)[1]) is type(error):
            return data
    except Exception:
        told = None
    return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
