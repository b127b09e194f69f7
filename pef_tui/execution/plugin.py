"""The built-in plugin `workers`: an executor that runs batches in processes of this machine."""

from __future__ import annotations

from collections.abc import Iterator

from pef_tui.hooks import Executor, hookimpl
from pef_tui.lazy import lazy
from pef_tui.settings import Settings

_ProcessPool = lazy("pef_tui.execution.process_pool", "ProcessPool")


@hookimpl
def pef_executors(settings: Settings) -> Iterator[Executor]:
    """Yield the executor `processes`, with `--workers` processes.

    Processes make native writing of JPEGs faster: threads of Python code share one processor.
    """
    yield Executor(
        "processes",
        lambda: _ProcessPool(settings.worker_count, quiet=not settings.batch),
        "more than one processor for writing JPEGs",
    )
