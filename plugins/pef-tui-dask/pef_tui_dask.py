"""Write pictures on the workers of a Dask cluster: `--executor dask`.

The workers need the sources and the output folder under the same paths as pef-tui. pef-tui itself plans, names the
files and writes the manifest. If a worker dies, Dask gives its batch of files to another worker.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import suppress
from functools import partial
from typing import Annotated, Any

from distributed import Client
from msgspec import Meta, Struct

from pef_tui import Executor, Settings, SettingsTable, hookimpl

GONE = "the scheduler is gone, or has no workers any more"
LOOK = 2.0
"""Seconds between two checks whether the cluster has workers."""
LOGS = (
    "distributed",
    "distributed.client",
    "distributed.core",
    "tornado.application",
    "asyncio",
    "concurrent.futures",
)
"""Loggers that print tracebacks when a worker or the scheduler disappears. pef-tui reports this in one line instead."""


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings in the table `[plugins.dask]` of config.toml."""

    scheduler: str = ""
    """Address of the scheduler, `tcp://host:8786`."""
    scheduler_file: str = ""
    """The file that `dask scheduler --scheduler-file` writes. It replaces the address."""
    retries: Annotated[int, Meta(ge=0, le=100)] = 2
    seconds: Annotated[float, Meta(gt=0, le=3600)] = 30.0
    """Seconds to wait for the scheduler, for its first worker, and for a new worker after all workers were lost."""


@hookimpl
def pef_settings() -> Iterator[SettingsTable]:
    """Yield the table `[plugins.dask]`, so that its settings are checked."""
    yield SettingsTable("dask", Options)


@hookimpl
def pef_executors(settings: Settings) -> Iterator[Executor]:
    """Yield the executor `dask`. It connects to the scheduler when it is opened."""
    options = settings.plugins["dask"]
    assert isinstance(options, Options)
    yield Executor(
        "dask",
        lambda: Cluster(options),
        "machines that share the disks",
        workers=lambda cluster: cluster.width() if isinstance(cluster, Cluster) else 1,
        here=False,
    )


class Cluster(futures.Executor):
    """An executor for a Dask scheduler. Its shutdown closes the connection."""

    def __init__(self, options: Options) -> None:
        """Connect to the scheduler, and wait for a worker.

        Raises ValueError if `options` have no address, and OSError or TimeoutError if no worker can be reached.
        """
        if not (options.scheduler or options.scheduler_file):
            raise ValueError('[plugins.dask] needs `scheduler = "tcp://HOST:PORT"`')
        where = (
            {"address": options.scheduler}
            if options.scheduler
            else {"scheduler_file": os.path.expanduser(options.scheduler_file)}
        )
        for name in LOGS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._client = Client(**where, timeout=options.seconds, name="pef-tui", set_as_default=False)
        try:
            self._client.wait_for_workers(1, timeout=options.seconds)
        except BaseException:
            self._client.close(timeout=1)
            raise
        self._calls = self._client.get_executor(pure=False, retries=options.retries)
        self._seconds = options.seconds
        self._open: set[futures.Future[Any]] = set()
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="dask", daemon=True)
        self._watcher.start()

    def width(self) -> int:
        """Return the number of calls that the cluster runs in parallel: the threads of all its workers."""
        return sum(self._client.nthreads().values())

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        """Run a call on any worker. Raises BrokenExecutor if the scheduler or all workers are lost."""
        future: futures.Future[Any] = futures.Future()
        self._open.add(future)
        if self._gone():
            self._open.discard(future)
            raise futures.BrokenExecutor(GONE)
        self._calls.submit(fn, *args, **kwargs).add_done_callback(partial(self._settle, future))
        return future

    def _settle(self, future: futures.Future[Any], done: futures.Future[Any]) -> None:
        """Set the result of a call in `future`, unless `_watch` has abandoned the call. `done`: the same call at
        Dask.
        """
        self._open.discard(future)
        with suppress(futures.InvalidStateError):
            if done.cancelled():
                future.set_exception(
                    futures.BrokenExecutor(GONE) if self._gone() else RuntimeError("dropped by Dask")
                )
            elif (error := done.exception()) is not None:
                future.set_exception(error)
            else:
                future.set_result(done.result())

    def _gone(self) -> bool:
        return self._ended.is_set() or self._client.status == "closed"

    def _watch(self) -> None:
        """End all calls with an error if the scheduler is lost, or all workers for too long, because Dask would wait
        forever.
        """
        alone = 0.0
        while not self._ended.wait(LOOK):
            with suppress(Exception, asyncio.CancelledError):
                alone = 0.0 if self._client.nthreads() else alone + LOOK
            if alone >= self._seconds or self._client.status == "closed":
                self._ended.set()
        for future in list(self._open):
            with suppress(futures.InvalidStateError):
                future.set_exception(futures.BrokenExecutor(GONE))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait until all calls have ended, or drop them with `cancel_futures`. Then close the connection."""
        self._calls.shutdown(wait=wait and not cancel_futures and not self._gone())
        self._ended.set()
        if self._watcher is not threading.current_thread():
            self._watcher.join(5)  # it must not use a client that is closing
        self._client.close(timeout=5)
