"""The exit code of a session."""

from __future__ import annotations

import signal

from pef_tui.batch import DONE, FAILED, SOME_FAILED, code_of
from pef_tui.errors import RunError
from pef_tui.tui.work import Work


def exit_code(run: Work | None, failed: bool = False) -> int:
    """Of the last run; without one, whether the screen failed."""
    if run is None:
        return FAILED if failed else DONE
    if run.ending == "failed":
        return code_of(run.failure) if isinstance(run.failure, RunError) else FAILED
    if run.ending == "stopped":
        return 128 + signal.SIGINT
    return SOME_FAILED if run.progress.failed or run.progress.incomplete else DONE
