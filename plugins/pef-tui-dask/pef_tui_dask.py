"""Write pictures on the workers of a Dask cluster: `--executor dask`.

The workers see the sources and the output folder under the same paths as pef-tui does. Plans, names and manifest stay
with pef-tui; a worker that dies costs its batch, which Dask gives to another.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Annotated, Any

from distributed import Client
from msgspec import Meta, Struct

from pef_tui import Executor, Settings, SettingsTable, hookimpl


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[plugins.dask]`."""

    scheduler: str = ""
    """Address of the scheduler, `tcp://host:8786`."""
    scheduler_file: str = ""
    """Or the file that `dask scheduler --scheduler-file` writes."""
    retries: Annotated[int, Meta(ge=0, le=100)] = 2
    seconds: Annotated[float, Meta(gt=0, le=3600)] = 30.0
    """To wait for the scheduler, and for its first worker."""


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
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is told by pef-tui
        self._client = Client(**where, timeout=options.seconds, name="pef-tui", set_as_default=False)
        try:
            self._client.wait_for_workers(1, timeout=options.seconds)
        except BaseException:
            self._client.close(timeout=1)
            raise
        self._calls = self._client.get_executor(pure=False, retries=options.retries)

    def width(self) -> int:
        """How many calls the cluster works on at once: the threads of all its workers."""
        return sum(self._client.nthreads().values())

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        """Have a call worked on by any worker."""
        future: futures.Future[Any] = self._calls.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the calls end, or drop them, and the connection."""
        self._calls.shutdown(wait=wait and not cancel_futures)
        self._client.close(timeout=5)
