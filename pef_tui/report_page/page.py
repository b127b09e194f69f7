"""Writes the page: fed record by record while the run goes on, put in its place when it is over."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

from pef_tui import __version__
from pef_tui.figures import Figures
from pef_tui.model import Record
from pef_tui.progress import Progress
from pef_tui.report import MEDIA_WORDS
from pef_tui.report_page import parts
from pef_tui.report_page.html import text
from pef_tui.report_page.place import LAST, put
from pef_tui.report_page.rows import JSON_SECTION, OTHER_SECTION, row
from pef_tui.report_page.spool import Spool
from pef_tui.scratch import scratch_folder

_FILES = (
    "<table><thead><tr><th scope=col>file<th scope=col>outcome<th scope=col>taken<th scope=col>notes<tbody>"
)
MOST_OPEN = 200
"""Rows of a page whose folders are shown open from the start."""


class ReportPage:
    """One run's report. `add` is called by one thread; memory does not follow the number of files."""

    def __init__(self, figures: Figures | None = None, scratch: str | None = None) -> None:
        """`figures`: those of the run where somebody adds them up already. `scratch`: folder for an unnamed file."""
        self._adds = figures is None
        self.figures = figures if figures is not None else Figures()
        """The run, added up."""
        self._spool = Spool(scratch_folder("", True) if scratch is None else scratch)
        self._files = 0

    def add(self, record: Record) -> None:
        """One record of the run."""
        if self._adds:
            self.figures.add(record)
        found = row(record)
        if found is not None:
            self._spool.add(*found)
            self._files += 1

    def write(self, path: str, progress: Progress, dry_run: bool, error: str = "") -> None:
        """Put the page at a path, in place of what lies there. Raises OSError."""
        put(path, self._page(progress, dry_run, error))

    def write_last(self, progress: Progress, error: str = "") -> str:
        """Put it into DEST as the last run's; where it lies, "" for a run that never got to its output."""
        folder = os.path.join(progress.output, os.path.dirname(LAST))
        if not progress.output or os.path.islink(folder) or not os.path.isdir(folder):
            return ""
        path = os.path.join(progress.output, LAST)
        self.write(path, progress, False, error)
        return path

    def close(self) -> None:
        """Let the unnamed file go."""
        self._spool.close()

    def _page(self, progress: Progress, dry_run: bool, error: str) -> Iterator[bytes]:
        title = f"pef-tui: {progress.media_count:,} pictures and videos"
        yield _head(title).encode()
        now = datetime.now().astimezone()
        yield f"<h1>{title}</h1><p class=soft>{now:%Y-%m-%d %H:%M} by pef-tui {__version__}\n".encode()
        conflicts = parts.conflicts(self.figures)
        yield _navigation(bool(conflicts)).encode()
        yield parts.summary(progress, dry_run, error).encode()
        yield parts.charts(self.figures).encode()
        yield parts.problems(progress, self.figures).encode()
        yield conflicts.encode()
        yield _finder().encode()
        for section, count in sorted(self._spool.sections(), key=_order):
            opened = " open" if self._files <= MOST_OPEN else ""
            named = f"{text(section)} <span class=soft>{count:,}</span>"
            yield f"<details class=f{opened}><summary>{named}</summary>{_FILES}\n".encode()
            yield from self._spool.rows(section)
            yield b"</table></details>\n"
        yield f"</section></main><script>{_asset('page.js')}</script></body></html>\n".encode()


def _order(section: tuple[str, int]) -> tuple[int, str]:
    """Folders by name, then what is in none."""
    name = section[0]
    return {JSON_SECTION: 1, OTHER_SECTION: 2}.get(name, 0), name


@cache
def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _head(title: str) -> str:
    digest = base64.b64encode(hashlib.sha256(_asset("page.js").encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">'
        f"<title>{title}</title><style>{_asset('page.css')}</style></head><body><main>\n"
    )


def _navigation(conflicts: bool) -> str:
    links = {"pictures": "Pictures", "problems": "Problems", "conflicts": "Conflicts", "files": "Files"}
    shown = (
        f'<a href="#{name}">{title}</a>' for name, title in links.items() if conflicts or name != "conflicts"
    )
    return f"<nav>{' '.join(shown)}</nav>\n"


def _finder() -> str:
    words = "".join(f"<option>{word}</option>" for word in (*MEDIA_WORDS, "orphan", "invalid", "other"))
    return (
        "<section id=files><h2>Files</h2>"
        '<div id=find hidden><input type=search aria-label="Search" placeholder="part of a name, folder or note">'
        f'<select aria-label="Outcome"><option value="">every outcome</option>{words}</select>'
        "<output aria-live=polite></output></div>\n"
    )
