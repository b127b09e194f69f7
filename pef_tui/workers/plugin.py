"""The built-in plugin `workers`: processes of this machine."""

from __future__ import annotations

from collections.abc import Iterator

from pef_tui.deferred import deferred
from pef_tui.hooks import Executor, hookimpl
from pef_tui.settings import Settings

_Crew = deferred("pef_tui.workers.crew", "Crew")


@hookimpl
def pef_executors(settings: Settings) -> Iterator[Executor]:
    """`processes`: one for each of `--workers`; threads share one processor while Python itself is at work."""
    yield Executor(
        "processes",
        lambda: _Crew(settings.worker_count, quiet=not settings.batch),
        "more than one processor for writing JPEGs",
    )
