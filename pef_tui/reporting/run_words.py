"""How an earlier run ended, in words, for `--status` and the History."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pef_tui.sanitize import safe

if TYPE_CHECKING:
    from pef_tui.manifest import Run

_REASONS = {
    "user": "by the user",
    "max-errors": "after too many failed files",
    "output-closed": "because standard output was closed",
}


def run_end(run: Run) -> str:
    """Return how a run ended: `not finished`, `failed`, `stopped by SIGTERM`, `finished`, `finished with problems`."""
    if run.ended_ns is None:
        return "not finished"
    if run.stopped == "error":
        return "failed"
    if run.stopped:
        return f"stopped {_REASONS.get(run.stopped) or f'by {safe(run.stopped, 40)}'}"
    return "finished with problems" if run.exit_code else "finished"
