"""List the Folders of all sources, read their sidecars, and match their files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import BinaryIO

from pef_tui.filesystem.disk_watch import SourceWatch
from pef_tui.filesystem.parallel_io import IoQueue, io_queue
from pef_tui.hooks import Filter, Matcher, SourceReader
from pef_tui.manifest.manifest import Manifest
from pef_tui.model import Folder, JsonFile, MediaFile, Source
from pef_tui.planning.collect import CollectedFolder, collect_folder
from pef_tui.planning.exports import Exports, is_single_container, needs_survey
from pef_tui.progress import Progress
from pef_tui.sources.folders import folders
from pef_tui.sources.sidecar_reader import read_sidecars
from pef_tui.takeout.folder_spellings import NamesFolders, Spellings, common_spellings


class SourceFolders:
    """Gives a run access to its sources, which can be listed any number of times.

    Used by the planning thread alone, except `open_media` and `open_json`, which any thread may call.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        readers: Sequence[SourceReader],
        matchers: Sequence[Matcher],
        filters: Sequence[Filter],
        manifest: Manifest,
        progress: Progress,
        watches: Sequence[SourceWatch],
    ) -> None:
        """`readers`: the reader of each of `sources`, in the same order. `progress`: receives the problems of the
        readers.

        `watches`: for each source, an object that ends the run if the source is gone.
        """
        self.filters = filters
        self.exports = Exports(sources)
        """Assigns the files of the run to exports."""
        self._sources = sources
        self._readers = readers
        self._watches = watches
        self._matchers = matchers
        self._manifest = manifest
        self._progress = progress
        self._json_queue = self.io_queue()

    def io_queue(self) -> IoQueue:
        """Return a new queue for calls of one kind that read from the sources."""
        return io_queue(*(source.path for source in self._sources))

    @cached_property
    def _spellings(self) -> Spellings:
        """One spelling for each Folder name that the parts of an export spell differently."""
        return common_spellings(self._readers, lambda name: bool(self._manifest.folder(os.fsencode(name))))

    def list_folders(self, *, report_problems: bool = False) -> Iterator[Folder]:
        """Yield every Folder of the sources. Their JSON files are not read yet.

        `report_problems`: whether to report, at the end, which parts the readers could not list. Set it in one listing
        of a run only.
        """
        yield from folders(self._readers, self._spellings)
        self.check(range(len(self._watches)))
        for reader in self._readers if report_problems else ():
            lines = reader.problems()
            self._progress.source_problems += lines
            for line in lines:
                self._progress.notes.warn(line)
            self._progress.incomplete = self._progress.incomplete or not reader.whole()

    def read_sidecars(self, folders: Iterable[Folder]) -> Iterator[Folder]:
        """Yield `folders` with their JSON files read."""
        return read_sidecars(iter(folders), self.open_json, self._json_queue)

    def collect(self, folder: Folder, *, with_filters: bool = True) -> CollectedFolder:
        """Match and classify the files of a Folder whose JSON files were read."""
        filters = self.filters if with_filters else ()
        return collect_folder(folder, self._matchers, filters, self.open_media, self.exports)

    def collect_again(self, paths: Iterable[str]) -> Iterator[CollectedFolder]:
        """List, read and match again the Folders whose path is in `paths`, and yield them."""
        wanted = set(paths)
        if not wanted:
            return
        for folder in self.read_sidecars(folder for folder in self.list_folders() if folder.path in wanted):
            yield self.collect(folder)

    def survey_exports(self) -> None:
        """Find out from the listings which sources belong to different exports.

        Does nothing if the names of all sources show this.
        """
        containers = [
            len(reader.top_folders()) if isinstance(reader, NamesFolders) else -1 for reader in self._readers
        ]
        if is_single_container(containers):
            self.exports.assume_single_export()
        elif needs_survey(self._sources, containers):
            self.exports.survey(self.list_folders(), self.open_media)

    def close(self) -> None:
        """Close the readers. A listing that is in progress ends."""
        for reader in self._readers:
            reader.close()

    def open_media(self, media: MediaFile | JsonFile) -> BinaryIO:
        """Open a file of any source. Raises OSError if this fails, DiskGone if the source is gone."""
        return self._open(media.root, media.path)

    def open_json(self, file: JsonFile) -> BinaryIO:
        """Open a JSON file of any source. Raises OSError if this fails, DiskGone if the source is gone."""
        return self._open(file.root, file.path)

    def _open(self, root: int, path: str) -> BinaryIO:
        try:
            return self._readers[root].open(path)
        except OSError:
            self._watches[root].check()  # for readers of plugins, which have no watch of their own
            raise

    def check(self, roots: Iterable[int]) -> None:
        """Raise DiskGone if one of these sources is gone. `roots`: the numbers of the sources."""
        for root in roots:
            self._watches[root].check()
