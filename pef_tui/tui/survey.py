"""A first look at the sources while they are being chosen: counted as it streams, nothing opened but listings."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence

from pef_tui.display import safe
from pef_tui.errors import RunError
from pef_tui.formats import by_extension
from pef_tui.guard import reason
from pef_tui.hooks import Scanner
from pef_tui.model import MediaFile, Source
from pef_tui.plugins import PluginHost
from pef_tui.run.sources import as_sources, source_list
from pef_tui.settings import Settings
from pef_tui.takeout import system_files
from pef_tui.takeout.containers import year_of
from pef_tui.takeout.languages import language_of

_PACKED = (".tgz", ".tar.gz")


class Survey:
    """What is there, counted by a thread of its own that anyone may read. `over` once everything was seen."""

    def __init__(self, settings: Settings, make_host: Callable[[], PluginHost]) -> None:
        self.settings = settings
        self.parts = 0
        self.folders = 0
        self.photos = 0
        self.videos = 0
        self.sidecars = 0
        self.others = 0
        self.bytes = 0
        """Of everything counted."""
        self.media_bytes = 0
        self.packed = 0
        """Bytes of parts that cannot be looked into without unpacking them: the preview counts those."""
        self.years: Counter[int] = Counter()
        """Pictures and films in the folders of each year."""
        self.languages: Counter[str] = Counter()
        """Year folders by the language of their names, as far as that is known."""
        self.notes: list[str] = []
        """What is to be told, each in one line that is safe to show."""
        self.error = ""
        """Why these sources cannot be taken at all."""
        self.over = False
        self._make_host = make_host
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="survey", daemon=True)

    @property
    def found(self) -> int:
        """Files counted."""
        return self.photos + self.videos + self.sidecars + self.others

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def end(self) -> None:
        """Nobody wants to know any more."""
        self._ended.set()

    # -- in its own thread

    def _look(self) -> None:
        try:
            paths, _, notes = source_list(self.settings)
            self.notes += notes
            scanners = [scanner for _, scanner in self._make_host().collect("pef_scanners")]
            self._read(as_sources(paths, scanners), scanners)
        except RunError as error:
            self.error = safe(str(error))
        except Exception as error:
            self.error = f"the sources cannot be looked at: {reason(error)}"
        self.over = True

    def _read(self, sources: Sequence[Source], scanners: Sequence[Scanner]) -> None:
        by_name = {scanner.name: scanner for scanner in scanners}
        self.parts = len(sources)
        seen: set[str] = set()
        for source in sources:
            if source.path.lower().endswith(_PACKED):
                self.packed += os.stat(source.path).st_size
                continue
            reader = by_name[source.scanner].open(source)
            try:
                for listing in reader.listings():
                    if self._ended.is_set():
                        return
                    if listing.files and listing.path not in seen:
                        seen.add(listing.path)
                        self.folders += 1
                        if language := language_of(listing.path.rpartition("/")[2]):
                            self.languages[language] += 1
                    self._count(listing.path, listing.files)
                self.notes += map(safe, reader.problems())
            finally:
                reader.close()

    def _count(self, folder: str, files: Sequence[MediaFile]) -> None:
        media = 0
        for file in files:
            extension = os.path.splitext(file.name)[1].lower()
            self.bytes += file.size
            if system_files.reason(file.path):
                self.others += 1
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
                self.others += 1
        if media and (year := year_of(folder.rpartition("/")[2])):
            self.years[year] += media


def language_words(survey: Survey) -> str:
    """Which language the export is in, as far as the names of its folders tell; "" where they do not."""
    known = [name for name, _ in Counter(dict(survey.languages)).most_common()]
    return f"names in {', '.join(known)}" if known else ""
