"""The reports of one run: where `--report` says, and the last run's in DEST."""

from __future__ import annotations

from contextlib import suppress

from pef_tui.display import safe
from pef_tui.errors import UsageError
from pef_tui.figures import Figures
from pef_tui.model import Record
from pef_tui.progress import Progress
from pef_tui.report_page.page import ReportPage
from pef_tui.report_page.place import report_problem
from pef_tui.settings import Settings


class RunReport:
    """Takes every record of a run, writes the pages when it is over."""

    def __init__(self, settings: Settings, figures: Figures | None = None) -> None:
        """`figures`: where the run is to be added up besides, whether or not a page is wanted."""
        self._settings = settings
        self._figures = figures
        self._page = ReportPage(figures) if settings.report or not settings.dry_run else None

    def check(self) -> None:
        """Raises UsageError where the report that was asked for cannot be written."""
        path = self._settings.report
        if path and (problem := report_problem(path)):
            raise UsageError(f"--report {safe(path, 200)}: {problem}")

    def add(self, record: Record) -> None:
        """One record, in the thread of the run."""
        if self._figures is not None:
            self._figures.add(record)
        if self._page is not None:
            self._page.add(record)

    def finish(self, progress: Progress, error: str = "") -> str:
        """Write what is wanted; what went wrong with the report that was asked for, "" for nothing.

        A run that found everything done leaves the last run's report in DEST as it is.
        """
        page, settings = self._page, self._settings
        if page is None:
            return ""
        wrong = ""
        try:
            if settings.report:
                page.write(settings.report, progress, settings.dry_run, error)
        except OSError as failure:
            wrong = f"--report {safe(settings.report, 200)}: {failure.strerror or failure}"
        if not (settings.dry_run or progress.held) and progress.media_count > progress.media["unchanged"]:
            with suppress(OSError):
                page.write_last(progress, error)
        page.close()
        return wrong
