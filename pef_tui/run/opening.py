"""Opening a run that has something to do: what plans, remembers and records."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import BinaryIO

from msgspec.structs import replace

from pef_tui.exiftool.locate import Found, answered
from pef_tui.hooks import Executor, Filter, Matcher, SourceReader, Stage, Writer
from pef_tui.manifest.ledger import Ledger
from pef_tui.model import Folder, JsonFile, MediaFile, Source
from pef_tui.progress import Progress
from pef_tui.run.beginning import Begun
from pef_tui.run.disk_names import DiskNames, of_preview, of_run
from pef_tui.run.elsewhere import chosen
from pef_tui.run.exports import Exports, is_one, needs_survey
from pef_tui.run.listings import Listings
from pef_tui.run.plan import MapTags
from pef_tui.run.recording import RunBooks
from pef_tui.run.resume import Memory
from pef_tui.run.sealing import Sealing
from pef_tui.run.space import check_space
from pef_tui.scratch import scratch_folder
from pef_tui.settings import Settings
from pef_tui.state.inspect import ReadTags
from pef_tui.state.readers import TagReaders
from pef_tui.tags.decisions import Decisions
from pef_tui.takeout.join import folders
from pef_tui.takeout.scan import DirectoryReader
from pef_tui.takeout.spellings import NamesFolders, Spellings, spellings

JSON_THREADS = 4
"""Threads that read sidecars: they wait for the disk, not for the processor."""


@dataclass(frozen=True)
class Opened:
    """Everything a run holds while it goes on."""

    settings: Settings
    output: str
    progress: Progress
    ledger: Ledger
    memory: Memory
    listings: Listings
    sealing: Sealing
    books: RunBooks
    sources: Sequence[Source]
    readers: Sequence[SourceReader]
    matchers: Sequence[Matcher]
    filters: Sequence[Filter]
    stages: Sequence[Stage]
    writers: Sequence[Writer]
    executor: Executor | None
    """Where files are written, if not in threads."""
    map_tags: MapTags
    read_tags: ReadTags | None
    decisions: Decisions
    root_mtime_ns: int
    """In place: modification time of SOURCE before anything was made in it."""
    exports: Exports
    """Which files are of one export."""
    scratch: str
    """Where unnamed files lie for a while."""
    names: DiskNames
    """Which names the disk of DEST does not take."""
    threads: int = field(default=JSON_THREADS)

    @cached_property
    def spellings(self) -> Spellings:
        """Names of folders that parts spell differently, and the spelling that stands for each."""
        return spellings(self.readers, lambda name: bool(self.ledger.folder(os.fsencode(name))))

    def every_folder(self) -> Iterator[Folder]:
        """Every Folder of the sources."""
        yield from folders(self.readers, self.spellings)

    def folders(self) -> Iterator[Folder]:
        """Every Folder of the sources; then what could not be read of them is told."""
        yield from self.every_folder()
        for reader in self.readers:
            lines = reader.problems()
            self.progress.unread += lines
            self.progress.notes += lines
            self.progress.incomplete = self.progress.incomplete or not reader.whole()

    def survey_exports(self) -> None:
        """Find out from the listings which sources are of two exports, where no name says it."""
        containers = [
            len(reader.top_folders()) if isinstance(reader, NamesFolders) else -1 for reader in self.readers
        ]
        if is_one(containers):
            self.exports.believe_one()
        elif needs_survey(self.sources, containers):
            self.exports.survey(self.every_folder(), self.open_media)

    def close_readers(self) -> None:
        """End the listing of sources that is under way."""
        for reader in self.readers:
            reader.close()

    def open_media(self, media: MediaFile) -> BinaryIO:
        """Open a media file of any source. Raises OSError."""
        return self.readers[media.root].open(media.path)

    def open_json(self, file: JsonFile) -> BinaryIO:
        """Open a JSON file of any source. Raises OSError."""
        return self.readers[file.root].open(file.path)


def opened(start: Begun, stack: ExitStack) -> Opened:
    """Open everything; `stack` lets it go. Raises DiskFull where there is no room, UsageError, OSError."""
    settings, output, ledger, shape = start.settings, start.output, start.ledger, start.shape
    executor = chosen(settings.executor, start.executors)
    if not settings.dry_run:
        known = {
            root: reader.bytes
            for root, reader in enumerate(start.readers)
            if isinstance(reader, DirectoryReader) and reader.bytes is not None
        }
        check_space(settings, output, start.sources, start.scanners, ledger, known)
    names = _disk_names(start)
    open_media = _opener(start.readers)
    memory = Memory(
        ledger,
        output,
        shape,
        open_media,
        started_ns=start.started_ns,
        force=settings.force,
        retry_failed=settings.retry_failed,
        in_place=settings.in_place,
    )
    exports = Exports(start.sources)
    return Opened(
        settings=replace(settings, output=output),
        output=output,
        progress=start.progress,
        ledger=ledger,
        memory=memory,
        listings=Listings(
            ledger,
            memory,
            shape.plans,
            start.started_ns,
            record=not (settings.dry_run or settings.retry_failed),
            believe=not settings.force,
            relation=exports.relation,
        ),
        sealing=Sealing(ledger, shape, start.sources, start.readers, output, answered(start.exiftool.path)),
        books=RunBooks(ledger, shape, open_media, start.started_ns, in_place=settings.in_place),
        sources=start.sources,
        readers=start.readers,
        matchers=start.matchers,
        filters=start.filters,
        stages=start.stages,
        writers=start.writers,
        executor=executor,
        map_tags=start.map_tags,
        read_tags=_tag_reader(start.exiftool, settings, stack),
        decisions=start.decisions,
        root_mtime_ns=start.root_mtime_ns,
        exports=exports,
        scratch=scratch_folder(output, settings.dry_run),
        names=names,
    )


def _disk_names(start: Begun) -> DiskNames:
    """Which names the disk of DEST does not take; a run records it, and that it began. Raises OSError."""
    if start.settings.dry_run:
        noted = [] if start.settings.in_place else [run.disk for run, _ in reversed(start.ledger.runs)]
        return DiskNames() if start.settings.in_place else of_preview(start.output, noted)
    names, noted_names = (DiskNames(), "") if start.settings.in_place else of_run(start.output)
    start.record(noted_names)
    return names


def _tag_reader(exiftool: Found, settings: Settings, stack: ExitStack) -> ReadTags | None:
    """What reads the tags of files in ExifTool; None without one."""
    if not exiftool.usable:
        return None
    tag_readers = TagReaders(exiftool.path, settings.worker_count)
    stack.callback(tag_readers.close)
    return tag_readers.read


def _opener(readers: Sequence[SourceReader]) -> Callable[[MediaFile], BinaryIO]:
    return lambda media: readers[media.root].open(media.path)
