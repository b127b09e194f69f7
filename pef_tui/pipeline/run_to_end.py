"""Carry out a run to its end, for `--batch` and the app.

Each record is counted and passed to the caller. If the run fails, a line with the reason is returned.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import NamedTuple

from pef_tui.errors import DiskGone, RunError
from pef_tui.model import Record
from pef_tui.pipeline.exit_codes import FAILED, error_code
from pef_tui.progress import Progress
from pef_tui.sanitize import safe
from pef_tui.settings import Settings

log = logging.getLogger("pef_tui.pipeline.run")

FILTERS = ("only", "album", "skip", "include", "exclude", "since", "until")
"""Names of the settings that leave out files."""


class RunFailure(NamedTuple):
    """Why a run failed as a whole."""

    text: str
    """One line that is safe to show on a terminal."""
    error: Exception | None = None
    """The exception that ended the run; None if too many files failed."""

    @property
    def exit_code(self) -> int:
        """Exit code of `--batch` for this failure."""
        return error_code(self.error) if isinstance(self.error, RunError) else FAILED


def run_to_end(
    start: Callable[[], Iterator[Record]],
    settings: Settings,
    progress: Progress,
    receive: Callable[[Record], None],
    *,
    limit_name: str = "--max-errors",
    end_previews_at_once: bool = False,
) -> RunFailure | None:
    """Count each record of a run in `progress`, and pass it to `receive`. Return why the run failed; None if it did
    not.

    `start`: begins the run and returns its records. `limit_name`: name of the option or field for
    `settings.max_errors`. The message has it if the run is stopped after that many failed files.
    `end_previews_at_once`: whether a preview ends as soon as `progress.stop` is set, without the records of files that
    were already planned.
    """
    failure: RunFailure | None = None
    try:
        with closing(start()) as records:  # type: ignore[type-var]
            for record in records:
                progress.add(record)
                receive(record)
                if 0 < settings.max_errors <= progress.failed and not progress.stop.is_set():
                    count = f"{settings.max_errors:,} failed files"
                    failure = RunFailure(f"stopped after {count} ({limit_name}); the next run goes on")
                    progress.request_stop("max-errors", FAILED)
                if end_previews_at_once and settings.dry_run and progress.stop.is_set():
                    break
    except RunError as error:
        if isinstance(error, DiskGone):
            progress.set_not_reached()
        return RunFailure(safe(str(error)), error)
    except Exception as error:  # any error is reported in one line; finished files stay recorded
        from pef_tui.plugins.calls import describe_error

        log.exception("unexpected")
        return RunFailure(f"unexpected: {describe_error(error)}", error)
    if not progress.stop.is_set():
        _warn_of_filters(settings, progress)
    return failure


def _warn_of_filters(settings: Settings, progress: Progress) -> None:
    """Add a warning if the filters left out every picture and video: a filter is probably misspelled."""
    if progress.media_count and progress.media["excluded"] == progress.media_count:
        given = [name for name in FILTERS if getattr(settings, name)]
        filters = f" ({', '.join(f'--{name} {_filter_text(getattr(settings, name))}' for name in given)})"
        progress.notes.warn(
            f"all {progress.media_count:,} pictures and videos were left out by filters{filters if given else ''}"
        )


def _filter_text(value: str | tuple[str, ...]) -> str:
    return ", ".join(safe(text, 60) for text in ((value,) if isinstance(value, str) else value))
