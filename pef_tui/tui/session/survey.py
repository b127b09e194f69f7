"""Count the files in the sources, for the Choose screen. Only listings are read; no file is opened."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from pef_tui.errors import RunError
from pef_tui.formats import by_extension
from pef_tui.hooks import Scanner
from pef_tui.model import MediaFile, Source
from pef_tui.pipeline.source_args import SourceList, as_sources, source_list
from pef_tui.plugins.calls import describe_error
from pef_tui.plugins.host import PluginHost
from pef_tui.sanitize import safe
from pef_tui.settings import Settings
from pef_tui.sources.export_parts import (
    DirectoryEntries,
    NumberedParts,
    numbered_parts,
    part_folders,
    unfinished_downloads,
)
from pef_tui.sources.part_state import PartState, part_state
from pef_tui.takeout import system_files
from pef_tui.takeout.containers import year_of
from pef_tui.takeout.languages import language_of
from pef_tui.takeout.system_files import is_part

_PACKED = (".tgz", ".tar.gz")


class Survey:
    """Counts the files in a thread. Any thread may read the counts. `is_over` is True after the last file."""

    def __init__(self, settings: Settings, make_host: Callable[[], PluginHost]) -> None:
        self.settings = settings
        self.parts = 0
        self.folders = 0
        self.photos = 0
        self.videos = 0
        self.sidecars = 0
        self.other_files = 0
        self.bytes = 0
        """Size in bytes of all files counted so far."""
        self.media_bytes = 0
        self.packed_bytes = 0
        """Size in bytes of the `.tgz` parts. The files in the parts are not counted here, because the survey would have
        to decompress the parts. The preview counts them.
        """
        self.years: Counter[int] = Counter()
        """Number of pictures and videos in year folders (`Photos from 2019`), by year."""
        self.languages: Counter[str] = Counter()
        """Number of folders by the language of their name (`Photos from 2019`: English), where it is recognized."""
        self.remarks: list[str] = []
        """How the sources differ from what the user chose, without losing a file. Each remark is one line."""
        self.warnings: list[str] = []
        """Which files are missing or not read. Each warning is one line with control characters escaped."""
        self.part_states: dict[str, PartState] = {}
        """State of each archive among the sources, by its path."""
        self.exports: list[NumberedParts] = []
        """The numbered parts among the sources, and in folders that are sources, by export."""
        self.downloads: list[str] = []
        """Paths of the unfinished downloads beside the sources."""
        self.error = ""
        """Why the sources cannot be read; "" if they can be read."""
        self.is_over = False
        self._unread_parts: Counter[str] = Counter()
        """Number of the archives that are named like parts but are no sources, by folder."""
        self._make_host = make_host
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="survey", daemon=True)

    @property
    def file_count(self) -> int:
        """Return the number of files counted so far."""
        return self.photos + self.videos + self.sidecars + self.other_files

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """Request that the thread ends. Return immediately."""
        self._ended.set()

    # -- in its own thread

    def _run(self) -> None:
        try:
            arguments = source_list(self.settings)
            self.remarks += arguments.remarks
            self.warnings += arguments.warnings
            self._add_parts(arguments)
            scanners = [scanner for _, scanner in self._make_host().collect("pef_scanners")]
            self._count_sources(as_sources(arguments.paths, scanners), scanners)
            self.warnings += self._about_unread_parts()
        except RunError as error:
            self.error = safe(str(error))
        except Exception as error:
            self.error = f"the sources cannot be read: {describe_error(error)}"
        self.is_over = True

    def _add_parts(self, arguments: SourceList) -> None:
        """Add the archives among the sources with their states, the numbered parts, and unfinished downloads."""
        paths = arguments.paths
        folders = [path for path in paths if os.path.isdir(path)]
        archives = [path for path in arguments.named if path not in folders]
        directories = DirectoryEntries()
        extracted = [part for folder in folders for part in part_folders(folder, directories)]
        self.exports = numbered_parts([*paths, *extracted])
        self.downloads += unfinished_downloads(folders, archives, directories)
        for path in paths:
            if path not in folders:
                self.part_states[path] = part_state(path)

    def _about_unread_parts(self) -> Iterator[str]:
        """Yield a warning for each folder below a source that contains parts of an export, which are not read."""
        advice = (
            "a run in place does not change them"
            if self.settings.in_place
            else "add this folder as a source to read them"
        )
        for folder, count in self._unread_parts.items():
            yield f"{safe(folder)}: {count} {'part' if count == 1 else 'parts'} of an export not read; {advice}"

    def _count_sources(self, sources: Sequence[Source], scanners: Sequence[Scanner]) -> None:
        by_name = {scanner.name: scanner for scanner in scanners}
        self.parts = len(sources)
        paths: set[str] = set()
        for source in sources:
            if source.path.lower().endswith(_PACKED):
                self.packed_bytes += os.stat(source.path).st_size
                continue
            unread: list[str] = []
            reader = by_name[source.scanner].open(source)
            try:
                for listing in reader.listings():
                    if self._ended.is_set():
                        return
                    if listing.files and listing.path not in paths:
                        paths.add(listing.path)
                        self.folders += 1
                        if language := language_of(listing.path.rpartition("/")[2]):
                            self.languages[language] += 1
                    self._count_files(listing.path, listing.files)
                    if parts := [file.path for file in listing.files if is_part(file.name)]:
                        unread += [listing.path, *parts]
                        self._unread_parts[os.path.join(source.path, listing.path).rstrip("/")] += len(parts)
                self.warnings += map(safe, _without(reader.problems(), unread))
            finally:
                reader.close()

    def _count_files(self, folder: str, files: Sequence[MediaFile]) -> None:
        media = 0
        for file in files:
            extension = os.path.splitext(file.name)[1].lower()
            self.bytes += file.size
            if system_files.system_reason(file.path):
                self.other_files += 1
            elif extension == ".json":
                self.sidecars += 1
            elif (format := by_extension(file.name)) is not None:
                media += 1
                self.media_bytes += file.size
                if format.kind == "video":
                    self.videos += 1
                else:
                    self.photos += 1
            else:
                self.other_files += 1
        if media and (year := year_of(folder.rpartition("/")[2])):
            self.years[year] += media


def _without(problems: Iterable[str], paths: Sequence[str]) -> Iterator[str]:
    """Yield the problems of a source that are not about one of `paths`, which one warning for all of them names."""
    beginnings = tuple(f"{path!r}: " for path in paths)
    return (problem for problem in problems if not problem.startswith(beginnings))


def language_words(survey: Survey) -> str:
    """Return the languages of the folder names in words, the most frequent language first; "" if unknown."""
    languages = [name for name, _ in Counter(dict(survey.languages)).most_common()]
    return f"names in {', '.join(languages)}" if languages else ""
