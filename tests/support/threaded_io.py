"""Run every call of `parallel_io` in threads, as on a disk that was found slow."""

from __future__ import annotations

from pef_tui.filesystem import parallel_io


def force_threads() -> None:
    """Make every device count as slow, in this process and in processes that it forks."""
    parallel_io.SLOW_SECONDS = -1.0
    parallel_io.ParallelIo.is_slow = lambda self, device: True  # type: ignore[method-assign]
