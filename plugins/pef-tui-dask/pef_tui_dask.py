"""Write pictures on the workers of a Dask cluster: `--executor dask`.

The workers see the sources and the output folder under the same paths as pef-tui does. Plans, names and manifest stay
with pef-tui; a worker that dies costs its batch, which Dask gives to another.
"""

from __future__ import annotations

import asyncio
import logging
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
"""Seconds between two looks whether there are workers."""
LOGS = (
    "distributed",
    "distributed.client",
    "distributed.core",
    "tornado.application",
    "asyncio",
    "concurrent.futures",
)
"""What would print its own tracebacks where a worker or the scheduler goes away; pef-tui tells that in one line."""


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[plugins.dask]`."""

    scheduler: str = ""
    """Address of the scheduler, `tcp://host:8786`."""
    scheduler_file: str = ""
    """Or the file that `dask scheduler --scheduler-file` writes."""
    retries: Annotated[int, Meta(ge=0, le=100)] = 2
    seconds: Annotated[float, Meta(gt=0, le=3600)] = 30.0
    """To wait for the scheduler, for its first worker, and for another where the last one is gone."""


@hookimpl
def pef_settings() -> Iterator[SettingsTable]:
    """`[plugins.dask]`."""
    yield SettingsTable("dask", Options)


@hookimpl
def pef_executors(settings: Settings) -> Iterator[Executor]:
    """The cluster; nothing is connected before it is asked for."""
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
    """A connection to a scheduler, as an executor that closes it when it is shut down."""

    def __init__(self, options: Options) -> None:
        """Connect, and see that there is a worker. Raises ValueError without an address, OSError, TimeoutError."""
        if not (options.scheduler or options.scheduler_file):
            raise ValueError('[plugins.dask] needs `scheduler = "tcp://HOST:PORT"`')
        where = (
            {"address": options.scheduler}
            if options.scheduler
            else {"scheduler_file": options.scheduler_file}
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
        """How many calls the cluster works on at once: the threads of all its workers."""
        return sum(self._client.nthreads().values())

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        """Have a call worked on by any worker. Raises BrokenExecutor where the scheduler or all workers are gone."""
        future: futures.Future[Any] = futures.Future()
        self._open.add(future)
        if self._gone():
            self._open.discard(future)
            raise futures.BrokenExecutor(GONE)
        self._calls.submit(fn, *args, **kwargs).add_done_callback(partial(self._settle, future))
        return future

    def _settle(self, future: futures.Future[Any], done: futures.Future[Any]) -> None:
        """Tell what became of a call, unless it was given up."""
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
        """Give all calls up once the scheduler is gone, or all workers for too long: Dask would wait for ever."""
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
        """Let the calls end, or drop them, and the connection."""
        self._calls.shutdown(wait=wait and not cancel_futures and not self._gone())
        self._ended.set()
        if self._watcher is not threading.current_thread():
            self._watcher.join(5)  # it must not ask a client that is being closed
        self._client.close(timeout=5)
