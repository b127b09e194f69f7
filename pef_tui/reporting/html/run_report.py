"""The report files of a run: the file of `--report`, and the report of the last run in DEST."""

from __future__ import annotations

from contextlib import suppress

from pef_tui.errors import UsageError
from pef_tui.filesystem.dest_check import device_of
from pef_tui.model import Record
from pef_tui.progress import Progress
from pef_tui.reporting.html.page import ReportPage
from pef_tui.reporting.html.report_file import report_problem
from pef_tui.reporting.stats import RunStats
from pef_tui.sanitize import safe
from pef_tui.settings import Settings


class RunReport:
    """Takes each record of a run, and writes the report files at the end."""

    def __init__(self, settings: Settings, figures: RunStats | None = None) -> None:
        """`figures`: statistics that `add` updates with each record, even if no report is written; None for none."""
        self._settings = settings
        self._figures = figures
        self._device = device_of(settings.report) if settings.report else -1
        self._page = ReportPage(figures) if settings.report or not settings.dry_run else None

    def check(self) -> None:
        """Raise UsageError if the file of `--report` cannot be written."""
        path = self._settings.report
        if path and (problem := report_problem(path)):
            raise UsageError(f"--report {safe(path, 200)}: {problem}")

    def add(self, record: Record) -> None:
        """Add one record. It is called in the thread of the run."""
        if self._figures is not None:
            self._figures.add(record)
        if self._page is not None:
            self._page.add(record)

    def _is_on_another_disk(self) -> bool:
        """Return whether the folder of the `--report` file is on another device than at the start of the run."""
        device = device_of(self._settings.report)
        return -1 not in (device, self._device) and device != self._device

    def finish(self, progress: Progress, error: str = "") -> str:
        """Write the report files. Return why the file of `--report` could not be written; "" if there was no problem.

        If all media are unchanged since an earlier run, the report in DEST is not replaced. `error`: why the run as a
        whole failed; "" if it did not.
        """
        page, settings = self._page, self._settings
        if page is None:
            return ""
        problem = ""
        try:
            if settings.report and self._is_on_another_disk():
                problem = f"--report {safe(settings.report, 200)}: its disk is not there any more"
            elif settings.report:
                page.write(settings.report, progress, settings.dry_run, error)
        except OSError as failure:
            problem = f"--report {safe(settings.report, 200)}: {failure.strerror or failure}"
        if (
            not (settings.dry_run or progress.counts_only)
            and progress.media_count > progress.media["unchanged"]
        ):
            with suppress(OSError):
                page.write_last(progress, error)
        page.close()
        return problem
