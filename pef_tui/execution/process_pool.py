"""A pool of worker processes that end together with the program, and that survives the death of a worker.

`concurrent.futures.ProcessPoolExecutor` is not suitable, for these reasons:

- If one process is killed, it gives up all processes and calls.
- If the program is killed, its processes keep running.
- It forks the program, or imports its main module again.

Here every process has a thread in the program. The thread starts the process and sends it one call after the other
through a pipe. If the process dies, the thread starts another one.
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

from pef_tui.execution.process_worker import STOPPING, receive, send

Params = ParamSpec("Params")
Result = TypeVar("Result")
Call = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...], dict[str, Any]]

END_SECONDS = 5.0
"""Seconds that a process has to exit by itself before it is killed. Its ExifTool may need 2 s of them."""
_START = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from pef_tui.execution.process_worker import main; main(int(sys.argv[1]))"
)


class WorkerDied(RuntimeError):
    """Raised if the process that ran a call ended or was killed."""


class ProcessPool(Executor):
    """A pool of up to `workers` processes. It starts a process for a call if no process is free."""

    def __init__(self, workers: int, *, quiet: bool = False) -> None:
        """`quiet`: True to discard what the processes print, False to print it to standard error.

        The app sets `quiet`: such output would overwrite its screen.
        """
        self._max_processes = workers
        self._quiet = quiet
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._free_threads = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._closed = False

    def submit(
        self, fn: Callable[Params, Result], /, *args: Params.args, **kwargs: Params.kwargs
    ) -> Future[Result]:
        """Schedule the call `fn(*args, **kwargs)` and return its Future. Raises BrokenExecutor after `shutdown`.

        Function, arguments and result must be picklable. The Future raises what the call raises, or WorkerDied if the
        process ends during the call.
        """
        future: Future[Result] = Future()
        with self._lock:
            if self._closed:
                raise BrokenExecutor("no more calls are taken")
            self._calls.put((future, fn, args, kwargs))
            if not self._free_threads.acquire(blocking=False) and len(self._threads) < self._max_processes:
                name = f"process-{len(self._threads)}"
                self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
                self._threads[-1].start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more calls, and end the processes when all calls are done.

        `wait`: return only after the processes have ended. `cancel_futures`: cancel the calls that are not started.
        """
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
        """Run the thread of one process: start the process and send it calls until `shutdown`.

        On Linux, the kernel kills the process when this thread ends (`PR_SET_PDEATHSIG`).
        """
        # The new process inherits this mask. It unblocks the signals after it has set its handlers.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        process: WorkerProcess | None = None
        while (call := self._calls.get()) is not None:
            future, function, args, kwargs = call
            if future.set_running_or_notify_cancel():
                process = self._carry_out(process, future, (function, args, kwargs))
            self._free_threads.release()
        if process is not None:
            process.end()

    def _carry_out(
        self, process: WorkerProcess | None, future: Future[Any], call: object
    ) -> WorkerProcess | None:
        """Run one call and set its Future. Return the process for the next call; None if the process ended."""
        try:
            data = pickle.dumps(call, pickle.HIGHEST_PROTOCOL)
            if process is not None and not process.is_alive:  # killed while it was idle
                process.kill()
                process = None
            process = process or WorkerProcess(quiet=self._quiet)
            response = process.call(data)
        except (EOFError, OSError) as error:
            if process is not None:
                process.kill()
            future.set_exception(WorkerDied(f"a process ended in the middle of its work ({error})"))
            return None
        except Exception as error:
            future.set_exception(error)
            return process
        try:
            succeeded, result = pickle.loads(response)
        except Exception as error:
            future.set_exception(error)
            return process
        (future.set_result if succeeded else future.set_exception)(result)
        return process


class WorkerProcess:
    """One worker process and its pipes. The process ends when the thread that starts it ends."""

    def __init__(self, *, quiet: bool) -> None:
        """Start the process. Raises OSError."""
        utf8 = ["-X", "utf8"] if sys.flags.utf8_mode else []
        self._popen = subprocess.Popen(
            [sys.executable, *utf8, "-P", "-c", _START, str(os.getpid()), *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else None,
            start_new_session=True,  # Ctrl-C does not reach the process
        )
        assert self._popen.stdin and self._popen.stdout
        self._stdin: IO[bytes] = self._popen.stdin
        self._stdout: IO[bytes] = self._popen.stdout

    def call(self, data: bytes) -> bytes:
        """Send a pickled call and return the pickled response. Raises EOFError or OSError if the process ends."""
        send(self._stdin, data)
        return receive(self._stdout)

    @property
    def is_alive(self) -> bool:
        """Whether the process is running."""
        return self._popen.poll() is None

    def end(self) -> None:
        """Ask the process to exit. If it still runs after `END_SECONDS`, kill it."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(END_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill the process and close its pipes."""
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._stdin, self._stdout):
            with contextlib.suppress(OSError):
                pipe.close()
