"""What the screens share: the settings being edited, the survey, the preview, the run, and what they found."""

from __future__ import annotations

import os
from collections.abc import Mapping

from msgspec.structs import replace

from pef_tui.config import Loaded
from pef_tui.model import Record
from pef_tui.plugins import PluginHost
from pef_tui.settings import Settings
from pef_tui.tui.work import Work


class Flow:
    """From choosing to done. Everything here belongs to the thread of the screens, but for the sinks."""

    def __init__(self, loaded: Loaded, environ: Mapping[str, str] = os.environ) -> None:
        self.settings: Settings = replace(loaded.settings, batch=False)
        """As they are being edited; a preview or a run takes them as they are when it starts."""
        self.origins = dict(loaded.origins)
        """Where each value comes from; `this session` once it was changed here."""
        self.environ = environ
        self.preview: Work | None = None
        """The dry run under way or done."""
        self.run: Work | None = None
        """The real run under way or done."""

    def change(self, **values: object) -> None:
        """Change settings for what is started from now on."""
        changed = {name for name, value in values.items() if getattr(self.settings, name) != value}
        self.settings = replace(self.settings, **values)
        self.origins.update(dict.fromkeys(changed, "this session"))

    def make_host(self, settings: Settings | None = None) -> PluginHost:
        """The plugins for these settings (default: those being edited). Raises ConfigError."""
        return PluginHost(settings or self.settings, only=self.environ.get("PEF_TUI_LOAD_PLUGINS"))

    # -- the preview and the run

    def start_preview(self) -> Work:
        """Plan everything, write nothing; every record goes to `take_planned`."""
        self.end_preview()
        settings = replace(self.settings, dry_run=True)
        self.preview = Work(settings, lambda: self.make_host(settings), self.take_planned)
        self.preview.start()
        return self.preview

    def end_preview(self) -> None:
        """Let no preview go on."""
        if self.preview is not None and not self.preview.over:
            self.preview.stop()
            self.preview.join()

    def start_run(self) -> Work:
        """Carry it out; every record goes to `take_done`."""
        self.end_preview()
        settings = self.settings
        self.run = Work(settings, lambda: self.make_host(settings), self.take_done)
        self.run.start()
        return self.run

    @property
    def running(self) -> bool:
        """Is a real run on?"""
        return self.run is not None and not self.run.over

    # -- sinks, called in the thread of the run

    def take_planned(self, record: Record) -> None:
        """One record of the preview."""

    def take_done(self, record: Record) -> None:
        """One record of the run."""
