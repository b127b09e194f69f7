"""What the screens share: the settings being edited, the survey, the preview, the run, and what they found."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pef_tui.config import Loaded
from pef_tui.model import Record
from pef_tui.plugins import PluginHost
from pef_tui.run.sources import default_output
from pef_tui.settings import Settings
from pef_tui.tui import keys
from pef_tui.tui.recent import Recent, remember
from pef_tui.tui.survey import Survey
from pef_tui.tui.work import Work

if TYPE_CHECKING:
    from pef_tui.figures import Figures
    from pef_tui.planned import Planned
    from pef_tui.tui.chore import Chore
    from pef_tui.verifying import Written

EDITED = "this session"
"""Origin of a value that was changed in the app."""


class Flow:
    """From choosing to done. Everything here belongs to the thread of the screens, but for the sinks."""

    def __init__(self, loaded: Loaded, environ: Mapping[str, str] = os.environ) -> None:
        self.settings: Settings = replace(loaded.settings, batch=False, json=False)
        """As they are being edited; a preview or a run takes them as they are when it starts."""
        self.origins = dict(loaded.origins)
        """Where each value comes from, by name."""
        self.environ = environ
        self.notes = [*loaded.notes, *keys.problems(loaded.settings.keys)]
        """What is to be told of the settings as they were read."""
        self.config = ""
        """The `--config` file, where one was given."""
        self.log = ""
        """Path of the log, where there is one."""
        self.survey: Survey | None = None
        self.preview: Work | None = None
        """The dry run under way or done."""
        self.planned: Planned | None = None
        """What the preview found, file by file."""
        self.run: Work | None = None
        """The real run under way or done."""
        self.figures: Figures | None = None
        """What the run did, added up."""
        self.written: Written | None = None
        """What the run put there, to be read back; None for a dry run."""
        self.chores: dict[str, Chore] = {}
        """What was done to the result of the run since, by name."""

    def change(self, **values: object) -> None:
        """Change settings for what is started from now on."""
        changed = {name for name, value in values.items() if getattr(self.settings, name) != value}
        self.settings = replace(self.settings, **values)
        self.origins.update(dict.fromkeys(changed, EDITED))

    def make_host(self, settings: Settings | None = None) -> PluginHost:
        """The plugins for these settings (default: those being edited). Raises ConfigError."""
        return PluginHost(settings or self.settings, only=self.environ.get("PEF_TUI_LOAD_PLUGINS"))

    @property
    def output(self) -> str:
        """DEST as it would be: as given, else beside the first source; in place the source; "" without any."""
        sources = self.settings.sources
        if self.settings.in_place:
            return os.path.realpath(sources[0]) if len(sources) == 1 else ""
        if self.settings.output or not sources:
            return self.settings.output
        if len(sources) == 1:
            return default_output(os.path.realpath(sources[0]))
        return os.path.join(os.path.dirname(os.path.realpath(sources[0])), "Photos-fixed")

    def _started(self, dry_run: bool) -> Settings:
        """The settings a preview or a run is started with."""
        if self.settings.in_place:
            return replace(self.settings, dry_run=dry_run)
        return replace(self.settings, dry_run=dry_run, output=self.output)

    # -- the survey, the preview and the run

    def start_survey(self) -> Survey:
        """Look at the sources anew."""
        if self.survey is not None:
            self.survey.end()
        settings = replace(self.settings, output=self.output)
        self.survey = Survey(settings, lambda: self.make_host(settings))
        self.survey.start()
        return self.survey

    def start_preview(self) -> Work:
        """Plan everything, write nothing; every record goes to `planned`."""
        from pef_tui.planned import Planned

        self.end_preview()
        if self.planned is not None:
            self.planned.close()
        planned = self.planned = Planned()
        settings = self._started(dry_run=True)
        self.preview = Work(settings, lambda: self.make_host(settings), planned.add, planned.finish)
        self.preview.start()
        return self.preview

    def end_preview(self) -> None:
        """Let no preview go on."""
        if self.preview is not None and not self.preview.over:
            self.preview.stop()
            self.preview.join()

    def start_run(self) -> Work:
        """Carry it out; every record goes to `figures` and to the report."""
        from pef_tui.figures import Figures
        from pef_tui.report_page import RunReport
        from pef_tui.verifying import Written

        self.end_preview()
        self._end_chores()
        figures = self.figures = Figures()
        settings = self._started(dry_run=self.settings.dry_run)
        told = RunReport(settings, figures)
        written = self.written = None if settings.dry_run else Written()

        def finish() -> None:
            if wrong := told.finish(run.progress, run.error):
                run.progress.notes.append(wrong)

        def add(record: Record) -> None:
            told.add(record)
            if written is not None:
                written.add(record)

        run = self.run = Work(settings, lambda: self.make_host(settings), add, finish)
        remember(self.environ, Recent(tuple(map(os.path.abspath, settings.sources)), settings.output))
        self.run.start()
        return self.run

    def read_back(self) -> Chore:
        """Read back everything that the run put there."""
        from pef_tui.tui.chore import reading_back

        assert self.run is not None and self.written is not None, "this is for a run that wrote"
        output = self.run.progress.output
        settings = replace(self.run.settings, output=output)
        return self._begun(reading_back(settings, lambda: self.make_host(settings), output, self.written))

    def undo(self) -> Chore:
        """Undo the run in place."""
        from pef_tui.tui.chore import undoing

        assert self.run is not None and self.run.progress.undo, "this is for a run in place"
        return self._begun(undoing(self.run.progress.output, self.run.progress.undo))

    def _begun(self, chore: Chore) -> Chore:
        self.chores[chore.name] = chore
        chore.start()
        return chore

    def _end_chores(self) -> None:
        for chore in self.chores.values():
            chore.end()
        self.chores.clear()
        if self.written is not None:
            self.written.close()
            self.written = None

    @property
    def running(self) -> bool:
        """Is a real run on?"""
        return self.run is not None and not self.run.over

    @property
    def preview_fits(self) -> bool:
        """Is there a preview, whole or under way, of just what the run would do now?"""
        preview = self.preview
        return (
            preview is not None
            and preview.ending in ("", "done")
            and preview.settings == self._started(dry_run=True)
        )

    @property
    def expected(self) -> int:
        """Files that a run will find: from the preview where it is whole, else from the survey; 0 for not known."""
        if self.preview is not None and self.preview.ending == "done":
            return self.preview.progress.found
        return self.survey.found if self.survey is not None and not self.survey.packed else 0

    def done_part(self, work: Work) -> float:
        """How much of a run or preview is done, from 0 to 1.

        By cost where the preview knows that of the whole, else by files.
        """
        if work.ending == "done":
            return 1.0
        preview = self.preview
        if work is self.run and preview is not None and preview.ending == "done" and preview.cost:
            part = work.cost / preview.cost
        else:
            part = work.progress.found / self.expected if self.expected else 0.0
        return min(part, 0.99)

    def close(self) -> None:
        """Nothing is wanted any more but the run."""
        if self.survey is not None:
            self.survey.end()
        self.end_preview()
        if not self.running:
            self._end_chores()
        if self.planned is not None:
            self.planned.close()
