"""An executor of processes that die with this one, and of which one may die without the others.

`concurrent.futures.ProcessPoolExecutor` gives up all its processes and calls when one is killed, leaves them behind
when the program is, and forks or imports the program's main module again. Here every process is started afresh by a
thread of its own, which hands it one call after the other through a pipe and starts another when it dies.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from queue import SimpleQueue
from typing import IO, Any, ParamSpec, TypeVar

from pef_tui.workers.serve import STOPPING, receive, send

Given = ParamSpec("Given")
Result = TypeVar("Result")
Call = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...], dict[str, Any]]

GRACE = 5.0
"""Seconds a process gets to end by itself once nothing more comes; its ExifTool may take two."""
_START = (
    "import sys; sys.path[:] = sys.argv[2:]; from pef_tui.workers.serve import main; main(int(sys.argv[1]))"
)


class WorkerDied(RuntimeError):
    """The process that worked on the call ended, or was killed."""


class Crew(Executor):
    """Up to so many processes, each started when a call comes and none is free."""

    def __init__(self, workers: int, *, quiet: bool = False) -> None:
        """`quiet`: what is printed in the processes goes nowhere, as behind a screen; else to standard error."""
        self._most = workers
        self._quiet = quiet
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._free = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._closed = False

    def submit(
        self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Result]:
        """Have a call worked on. Its function, arguments and result must pickle; raises BrokenExecutor once shut down.

        The Future raises what the call raises, WorkerDied where its process does not live to the end.
        """
        future: Future[Result] = Future()
        with self._lock:
            if self._closed:
                raise BrokenExecutor("no more calls are taken")
            self._calls.put((future, fn, args, kwargs))
            if not self._free.acquire(blocking=False) and len(self._threads) < self._most:
                name = f"process-{len(self._threads)}"
                self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
                self._threads[-1].start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls and end the processes when those there are done; `cancel_futures`: none is begun."""
        with self._lock:
            self._closed = True
            if cancel_futures:
                self._cancel_waiting()
            for _ in self._threads:
                self._calls.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _cancel_waiting(self) -> None:
        while not self._calls.empty():
            if (call := self._calls.get()) is not None:
                call[0].cancel()

    def _work(self) -> None:
        """The thread of one process: the kernel ends the process with this thread."""
        signal.pthread_sigmask(
            signal.SIG_BLOCK, STOPPING
        )  # the process lets them in once it knows what to do
        process: Process | None = None
        while (call := self._calls.get()) is not None:
            future, function, args, kwargs = call
            if future.set_running_or_notify_cancel():
                process = self._carry_out(process, future, (function, args, kwargs))
            self._free.release()
        if process is not None:
            process.end()

    def _carry_out(self, process: Process | None, future: Future[Any], call: object) -> Process | None:
        """Fill in the Future; the process for the next call, None where there is none any more."""
        try:
            data = pickle.dumps(call, pickle.HIGHEST_PROTOCOL)
            if process is not None and not process.alive:  # it was ended while it had nothing to do
                process.kill()
                process = None
            process = process or Process(quiet=self._quiet)
            answer = process.ask(data)
        except (EOFError, OSError) as error:
            if process is not None:
                process.kill()
            future.set_exception(WorkerDied(f"a process ended in the middle of its work ({error})"))
            return None
        except Exception as error:
            future.set_exception(error)
            return process
        try:
            good, result = pickle.loads(answer)
        except Exception as error:
            future.set_exception(error)
            return process
        (future.set_result if good else future.set_exception)(result)
        return process


class Process:
    """One process and its pipes; lives no longer than the thread that makes it."""

    def __init__(self, *, quiet: bool) -> None:
        """Start it. Raises OSError."""
        utf8 = ["-X", "utf8"] if sys.flags.utf8_mode else []
        self._popen = subprocess.Popen(
            [sys.executable, *utf8, "-P", "-c", _START, str(os.getpid()), *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else None,
            start_new_session=True,  # Ctrl-C of the terminal does not reach it
        )
        assert self._popen.stdin and self._popen.stdout
        self._to: IO[bytes] = self._popen.stdin
        self._from: IO[bytes] = self._popen.stdout

    def ask(self, data: bytes) -> bytes:
        """The answer to a call. Raises EOFError or OSError where the process ends instead."""
        send(self._to, data)
        return receive(self._from)

    @property
    def alive(self) -> bool:
        """Does it still run?"""
        return self._popen.poll() is None

    def end(self) -> None:
        """Let it end, or end it."""
        with contextlib.suppress(OSError):
            self._to.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(GRACE)
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._to, self._from):
            with contextlib.suppress(OSError):
                pipe.close()
