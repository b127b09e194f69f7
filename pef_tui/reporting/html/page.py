"""Build the report page: add each record during the run, and write the page at the end."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

from pef_tui import __version__
from pef_tui.filesystem.dest_check import folder_identity
from pef_tui.filesystem.temp_files import temp_dir
from pef_tui.model import Record
from pef_tui.progress import Progress
from pef_tui.reporting.html import parts
from pef_tui.reporting.html.escape import text
from pef_tui.reporting.html.report_file import LAST_REPORT, allow_search, report_mode, write_atomically
from pef_tui.reporting.html.row_files import INLINE_BYTES, RowFiles, remove_row_files
from pef_tui.reporting.html.rows import JSON_SECTION, OTHER_SECTION, row
from pef_tui.reporting.html.spool import Spool
from pef_tui.reporting.json_lines import MEDIA_WORDS
from pef_tui.reporting.stats import RunStats

_FILES = (
    "<table><thead><tr><th scope=col>file<th scope=col>outcome<th scope=col>taken<th scope=col>notes<tbody>"
)
MAX_EXPANDED = 200
"""Maximum number of rows of a page whose folders are expanded when it is opened; in larger pages they are collapsed."""


class ReportPage:
    """The report page of one run. Only one thread calls `add`.

    The memory that it uses does not grow with the number of files, because rows are stored in a temporary file.
    """

    def __init__(self, figures: RunStats | None = None, scratch: str | None = None) -> None:
        """`figures`: statistics that the caller updates; None for own statistics, which `add` updates.

        `scratch`: directory of the temporary file; None for the directory of dry runs (TMPDIR, else /var/tmp).
        """
        self._updates_figures = figures is None
        self.figures = figures if figures is not None else RunStats()
        """Statistics of the run."""
        self._spool = Spool(temp_dir("", True) if scratch is None else scratch)
        self._files = 0

    def add(self, record: Record) -> None:
        """Add one record of the run."""
        if self._updates_figures:
            self.figures.add(record)
        section_row = row(record)
        if section_row is not None:
            self._spool.add(*section_row)
            self._files += 1

    def write(self, path: str, progress: Progress, dry_run: bool, error: str = "") -> None:
        """Write the page to `path`, and replace an existing file. Raises OSError.

        The rows of a large report are in files in a folder beside it (see `row_files`). Who may read the folder of the
        page, or DEST if the page is in its `.pef-tui`, may read the page too.
        """
        mode = report_mode(path)
        if self._spool.size <= INLINE_BYTES:
            write_atomically(
                path, self._page(progress, dry_run, error, self._inline_sections()), mode, ignores_umask=True
            )
            remove_row_files(path)
            return
        files = RowFiles(path, mode)
        try:
            sections = list(self._sections_in_files(files))
            files.finish()
            write_atomically(
                path, self._page(progress, dry_run, error, sections, files.prefix), mode, ignores_umask=True
            )
        except BaseException:
            files.remove()
            raise
        files.remove_others()

    def write_last(self, progress: Progress, error: str = "") -> str:
        """Write the page into DEST as the report of the last run, and return its path.

        Return "" if DEST has no `.pef-tui` folder, if `.pef-tui` is a link, or if it is not the folder with which the
        run began. Raises OSError.
        """
        folder = os.path.join(progress.output, os.path.dirname(LAST_REPORT))
        if not progress.output or os.path.islink(folder) or not os.path.isdir(folder):
            return ""
        if progress.dest_identity not in (None, folder_identity(os.lstat(folder))):
            return ""
        path = os.path.join(progress.output, LAST_REPORT)
        allow_search(folder, progress.output)
        self.write(path, progress, False, error)
        return path

    def close(self) -> None:
        """Close the temporary file."""
        self._spool.close()

    def _sections(self) -> list[tuple[str, int]]:
        """Return the name and the number of rows of each section, in the order of the page."""
        return sorted(self._spool.sections(), key=_section_key)

    def _inline_sections(self) -> Iterator[bytes]:
        open_attribute = " open" if self._files <= MAX_EXPANDED else ""
        for section, count in self._sections():
            yield _section_head(section, count, open_attribute)
            yield from self._spool.rows(section)
            yield b"</table></details>\n"

    def _sections_in_files(self, files: RowFiles) -> Iterator[bytes]:
        """Write the rows into files, and yield the sections without rows, each with the numbers of its files."""
        for number, (section, count) in enumerate(self._sections()):
            first, last = files.add(number, self._spool.rows(section))
            yield _section_head(section, count, f' data-files="{first} {last}"') + b"</table></details>\n"

    def _page(
        self, progress: Progress, dry_run: bool, error: str, sections: Iterable[bytes], rows_prefix: str = ""
    ) -> Iterator[bytes]:
        """Yield the page. `rows_prefix`: beginning of the addresses of the files with rows; "" if there are none."""
        title = f"pef-tui: {progress.media_count:,} pictures and videos"
        yield _head(title).encode()
        created = datetime.now().astimezone()
        yield f"<h1>{title}</h1><p class=soft>{created:%Y-%m-%d %H:%M} by pef-tui {__version__}\n".encode()
        conflicts = parts.conflicts(self.figures)
        yield _navigation(bool(conflicts)).encode()
        yield parts.summary(progress, dry_run, error).encode()
        yield parts.charts(self.figures).encode()
        yield parts.problems(progress, self.figures).encode()
        yield conflicts.encode()
        yield _search_box(rows_prefix).encode()
        yield from sections
        yield f"</section></main><script>{_asset('page.js')}</script></body></html>\n".encode()


def _section_head(section: str, count: int, attributes: str) -> bytes:
    summary = f"{text(section)} <span class=soft>{count:,}</span>"
    return f"<details class=f{attributes}><summary>{summary}</summary>{_FILES}\n".encode()


def _section_key(section: tuple[str, int]) -> tuple[int, str]:
    """Return the sort key of a section, so that folders by name come first, then JSON files, then other files.

    `section`: name of the section, and the number of its rows.
    """
    name = section[0]
    return {JSON_SECTION: 1, OTHER_SECTION: 2}.get(name, 0), name


@cache
def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _head(title: str) -> str:
    digest = base64.b64encode(hashlib.sha256(_asset("page.js").encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}' 'strict-dynamic'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">'
        f"<title>{title}</title><style>{_asset('page.css')}</style></head><body><main>\n"
    )


def _navigation(conflicts: bool) -> str:
    links = {"pictures": "Pictures", "problems": "Problems", "conflicts": "Conflicts", "files": "Files"}
    anchors = (
        f'<a href="#{name}">{title}</a>' for name, title in links.items() if conflicts or name != "conflicts"
    )
    return f"<nav>{' '.join(anchors)}</nav>\n"


def _search_box(rows_prefix: str) -> str:
    words = "".join(f"<option>{word}</option>" for word in (*MEDIA_WORDS, "orphan", "invalid", "other"))
    return (
        f'<section id=files data-rows="{text(rows_prefix)}"><h2>Files</h2>'
        '<div id=find hidden><input type=search aria-label="Search"'
        ' placeholder="name, folder, person, description, note">'
        f'<select aria-label="Outcome"><option value="">every outcome</option>{words}</select>'
        "<output aria-live=polite></output></div>\n"
    )
