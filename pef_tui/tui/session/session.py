"""The state of one session of the app: edited settings, survey, preview, run, and their results."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pef_tui.config import Loaded
from pef_tui.model import Record
from pef_tui.pipeline.source_args import default_output
from pef_tui.plugins.host import PluginHost
from pef_tui.settings import Settings
from pef_tui.tui import keys
from pef_tui.tui.session.recent import Recent, remember
from pef_tui.tui.session.run_thread import RunThread
from pef_tui.tui.session.survey import Survey

if TYPE_CHECKING:
    from pef_tui.pipeline.verify_run import WrittenFiles
    from pef_tui.preview import PlannedFiles
    from pef_tui.reporting.stats import RunStats
    from pef_tui.tui.session.checks import Checks
    from pef_tui.tui.session.task import Task

EDITED = "this session"
"""Origin (in `Session.origins`) of a value that was changed in the app."""

_WITHOUT_EFFECT = (
    "decisions",
    "theme",
    "on_hangup",
    "no_title",
    "no_bell",
    "report",
    "workers",
    "log",
    "profile",
)
SETTINGS_WITHOUT_EFFECT = {name: getattr(Settings(), name) for name in _WITHOUT_EFFECT}
"""Settings that do not change which files a preview shows and how, with their default values."""


class Session:
    """State shared by all screens, used only in the thread of the screens.

    Only the functions that receive records are called in the thread of the run or preview.
    """

    def __init__(self, loaded: Loaded, environ: Mapping[str, str] = os.environ) -> None:
        self.settings: Settings = replace(loaded.settings, batch=False, json=False)
        """Settings as edited in the app. Later changes do not affect a preview or run in progress."""
        self.origins = dict(loaded.origins)
        """Origin of each value, by the name of the setting."""
        self.environ = environ
        self.notes = [*loaded.notes, *keys.problems(loaded.settings.keys)]
        """Notes on the loaded settings, for instance unknown variables, shown before a run."""
        self.config = ""
        """Path of the file of `--config`; "" if it is not set."""
        self.log = ""
        """Path of the log file; "" if there is no log."""
        self.survey: Survey | None = None
        self.checks: Checks | None = None
        """The checks of the Choose screen; None before this screen was opened."""
        self.preview: RunThread | None = None
        """The last dry run, in progress or ended."""
        self.planned_files: PlannedFiles | None = None
        """The files of the last preview; None before a preview."""
        self.run: RunThread | None = None
        """The last real run, in progress or ended."""
        self.stats: RunStats | None = None
        """Statistics of the run; None before a run."""
        self.written_files: WrittenFiles | None = None
        """Files that the last real run wrote, for the task `verify`; None before a run, and with `--dry-run`."""
        self.tasks: dict[str, Task] = {}
        """Tasks on the result of the run (`verify`, `undo`), by name."""
        self._started_tasks: list[Task] = []
        """All tasks, also those of the History screen."""

    def change(self, **values: object) -> None:
        """Change settings. Runs in progress are not affected."""
        changed = {name for name, value in values.items() if getattr(self.settings, name) != value}
        self.settings = replace(self.settings, **values)
        self.origins.update(dict.fromkeys(changed, EDITED))

    def make_host(self, settings: Settings | None = None) -> PluginHost:
        """Return a new plugin host for `settings`; None for the edited settings. Raises ConfigError."""
        return PluginHost(settings or self.settings, only=self.environ.get("PEF_TUI_LOAD_PLUGINS"))

    @property
    def output(self) -> str:
        """Return the path of DEST: the setting `output`, or else a directory beside the first source.

        In place, return the source. Return "" if there are no sources.
        """
        sources = self.settings.sources
        if self.settings.in_place:
            return os.path.realpath(sources[0]) if len(sources) == 1 else ""
        if self.settings.output or not sources:
            return self.settings.output
        if len(sources) == 1:
            return default_output(os.path.realpath(sources[0]))
        return os.path.join(os.path.dirname(os.path.realpath(sources[0])), "Photos-fixed")

    def run_settings(self, dry_run: bool) -> Settings:
        """Return the settings for a run that starts now, with the path of DEST filled in.

        `dry_run`: the settings are for a preview.
        """
        if self.settings.in_place:
            return replace(self.settings, dry_run=dry_run)
        return replace(self.settings, dry_run=dry_run, output=self.output)

    # -- the survey, the preview and the run

    def start_survey(self) -> Survey:
        """Start a survey, which counts the files of the sources in a thread, and return it. End an earlier survey."""
        if self.survey is not None:
            self.survey.end()
        settings = replace(self.settings, output=self.output)
        self.survey = Survey(settings, lambda: self.make_host(settings))
        self.survey.start()
        return self.survey

    def start_preview(self) -> RunThread:
        """Start a preview and return it. Its records are added to `planned_files`."""
        from pef_tui.preview import PlannedFiles

        self.end_preview()
        if self.planned_files is not None:
            self.planned_files.close()
        planned_files = self.planned_files = PlannedFiles()
        settings = self.run_settings(dry_run=True)
        self.preview = RunThread(
            settings, lambda: self.make_host(settings), planned_files.add, planned_files.finish
        )
        self.preview.progress.counted = lambda: self.expected_files or None
        self.preview.start()
        return self.preview

    def end_preview(self) -> None:
        """Stop a preview in progress, and wait until it has ended."""
        if self.preview is not None and not self.preview.is_over:
            self.preview.stop()
            self.preview.join()

    def start_run(self) -> RunThread:
        """Start the run and return it. Its records are added to `stats` and to the report."""
        from pef_tui.pipeline.verify_run import WrittenFiles
        from pef_tui.reporting.html import RunReport
        from pef_tui.reporting.stats import RunStats

        self.end_preview()
        self._end_tasks()
        stats = self.stats = RunStats()
        settings = self.run_settings(dry_run=self.settings.dry_run)
        report = RunReport(settings, stats)
        written_files = self.written_files = None if settings.dry_run else WrittenFiles()

        def finish() -> None:
            if problem := report.finish(run.progress, run.error):
                run.progress.notes.append(problem)

        def add(record: Record) -> None:
            report.add(record)
            if written_files is not None:
                written_files.add(record)

        run = self.run = RunThread(settings, lambda: self.make_host(settings), add, finish)
        run.progress.counted = lambda: self.expected_files or None
        remember(self.environ, Recent(tuple(map(os.path.abspath, settings.sources)), settings.output))
        self.run.start()
        return self.run

    def verify(self) -> Task:
        """Start and return a task that reads back every file that the run wrote, and compares it."""
        from pef_tui.tui.session.task import verify_task

        assert self.run is not None and self.written_files is not None, (
            "only a run that wrote can be verified"
        )
        output = self.run.progress.output
        settings = replace(self.run.settings, output=output)
        task = verify_task(settings, lambda: self.make_host(settings), output, self.written_files)
        self.tasks[task.name] = task
        return self.start_task(task)

    def undo(self) -> Task:
        """Start and return a task that undoes the in-place run."""
        from pef_tui.tui.session.task import undo_task

        assert self.run is not None and self.run.progress.undo, "only an in-place run can be undone"
        task = self.tasks["undo"] = undo_task(self.run.progress.output, self.run.progress.undo)
        return self.start_task(task)

    def start_task(self, task: Task) -> Task:
        """Start and return a task, which ends before the next run and before the end of the session."""
        self._started_tasks.append(task)
        task.start()
        return task

    def _end_tasks(self) -> None:
        for task in self._started_tasks:
            task.end()
        self._started_tasks.clear()
        self.tasks.clear()
        if self.written_files is not None:
            self.written_files.close()
            self.written_files = None

    @property
    def is_running(self) -> bool:
        """Return whether a run (not a preview) is in progress."""
        return self.run is not None and not self.run.is_over

    @property
    def is_preview_current(self) -> bool:
        """Return whether there is a preview with the current settings, complete or in progress."""
        preview = self.preview
        return (
            preview is not None
            and preview.ending in ("", "done")
            and preview.settings == self.run_settings(dry_run=True)
        )

    @property
    def is_preview_outdated(self) -> bool:
        """Return whether a setting that changes what a run does was changed since the preview began.

        Decisions are not compared, because the Review screen always shows the current decisions.
        """
        return self.preview is not None and (
            replace(self.preview.settings, **SETTINGS_WITHOUT_EFFECT)
            != replace(self.run_settings(dry_run=True), **SETTINGS_WITHOUT_EFFECT)
        )

    @property
    def expected_files(self) -> int:
        """Return how many files a run will find, from a complete preview, or else from the survey; 0 if unknown."""
        if self.preview is not None and self.preview.ending == "done":
            return self.preview.progress.file_count
        return self.survey.file_count if self.survey is not None and not self.survey.packed_bytes else 0

    def done_fraction(self, run: RunThread) -> float:
        """Return the completed part of a run or preview, from 0 to 1.

        If a preview is complete, progress of the run is measured in `cost` (estimated seconds); otherwise in files.
        """
        if run.ending == "done":
            return 1.0
        preview = self.preview
        if run is self.run and preview is not None and preview.ending == "done" and preview.cost:
            fraction = run.cost / preview.cost
        else:
            fraction = run.progress.file_count / self.expected_files if self.expected_files else 0.0
        return min(fraction, 0.99)

    def close(self) -> None:
        """Stop the survey, the preview and the tasks. A run in progress continues."""
        if self.survey is not None:
            self.survey.end()
        self.end_preview()
        if not self.is_running:
            self._end_tasks()
        if self.planned_files is not None:
            self.planned_files.close()
