"""Opening a run: sources, output, ExifTool, manifest and registered plugins, checked before the first file."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import BinaryIO

from msgspec.structs import replace

from pef_tui import __version__
from pef_tui.errors import ExifToolMissing, RunError, UsageError
from pef_tui.exiftool.locate import Found, answered, ask_again, believe, locate
from pef_tui.hooks import Executor, Filter, Matcher, SourceReader, Stage, Writer
from pef_tui.manifest.folder import NAME, OWN
from pef_tui.manifest.format import RunOpened
from pef_tui.manifest.ledger import Ledger
from pef_tui.manifest.lock import DestLock
from pef_tui.model import Folder, JsonFile, MediaFile, Source
from pef_tui.plugins import PluginHost
from pef_tui.progress import Progress
from pef_tui.run.elsewhere import chosen
from pef_tui.run.inplace import names_kept, source_in_place
from pef_tui.run.listings import Listings
from pef_tui.run.plan import MapTags
from pef_tui.run.resume import Memory, RunBooks
from pef_tui.run.seal import Seal, Sealing, holds, read
from pef_tui.run.sources import as_sources, distinct, given_paths, missing_parts, output_path
from pef_tui.run.space import check_space
from pef_tui.run.template import Template
from pef_tui.scratch import scratch_folder
from pef_tui.settings import Settings
from pef_tui.state.inspect import ReadTags
from pef_tui.state.readers import TagReaders
from pef_tui.tags.by_hand import by_hand
from pef_tui.tags.decisions import Decisions, load
from pef_tui.takeout.join import folders
from pef_tui.write.staging import clean_staging

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
    seal: Seal | None
    """What the last run said, where nothing changed since."""
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
    scratch: str
    """Where unnamed files lie for a while."""
    threads: int = field(default=JSON_THREADS)

    def folders(self) -> Iterator[Folder]:
        """Every Folder of the sources; then what could not be read of them is told."""
        yield from folders(self.readers)
        for reader in self.readers:
            lines = reader.problems()
            self.progress.unread += lines
            self.progress.notes += lines
            self.progress.incomplete = self.progress.incomplete or not reader.whole()

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


def opened(settings: Settings, host: PluginHost, progress: Progress, stack: ExitStack) -> Opened:
    """Check everything and open it; `stack` lets it go. Raises what `pipeline.run` raises."""
    settings = names_kept(settings)
    started_ns = time.time_ns()
    _check_layout(settings)
    paths, notes = distinct(given_paths(settings))
    progress.notes += [*notes, *missing_parts(paths)]
    output = source_in_place(settings, paths) if settings.in_place else output_path(settings.output, paths)
    root_mtime_ns = os.stat(output).st_mtime_ns if settings.in_place else 0
    decisions = load(settings.decisions)
    host.settings = replace(host.settings, output=output)
    scanners = host.registered("pef_scanners", progress.notes)
    sources = as_sources(paths, scanners)
    by_name = {scanner.name: scanner for scanner in scanners}
    readers = [by_name[source.scanner].open(source) for source in sources]
    progress.sources, progress.output = tuple(paths), output
    early = None if os.path.lexists(os.path.join(output, OWN, NAME)) else _exiftool(settings, progress)
    ledger = _ledger(settings, output, progress, stack)
    seal = _seal(settings, ledger, progress)
    believed = seal is not None and seal.exiftool is not None and believe(*seal.exiftool)
    exiftool = early or _exiftool(settings, progress)
    matchers = [*by_hand(decisions), *host.registered("pef_matchers", progress.notes)]
    filters = host.registered("pef_filters", progress.notes)
    stages = host.registered("pef_stages", progress.notes)
    writers = host.registered("pef_writers", progress.notes)
    executor = chosen(settings.executor, host.registered("pef_executors", progress.notes))
    map_tags = host.map_tags(progress.notes)
    _all_ours(host)
    shape = _shape(host, settings, exiftool, decisions)
    if seal is not None and not holds(seal, shape, sources, readers, output):
        if believed and seal.exiftool is not None:
            ask_again(seal.exiftool[0])
            if locate(settings.exiftool) != exiftool:
                exiftool = _exiftool(settings, progress)
                writers = host.registered("pef_writers", progress.notes)
                shape = _shape(host, settings, exiftool, decisions)
        seal = None
    if seal is None and not settings.dry_run:
        check_space(settings, output, sources, by_name, ledger)
    open_media = _opener(readers)
    memory = Memory(
        ledger,
        output,
        shape,
        open_media,
        started_ns=started_ns,
        force=settings.force,
        retry_failed=settings.retry_failed,
        in_place=settings.in_place,
    )
    if not settings.dry_run:
        ledger.begin(_run_opened(settings, host, shape))
    return Opened(
        settings=replace(settings, output=output),
        output=output,
        progress=progress,
        ledger=ledger,
        memory=memory,
        listings=Listings(ledger, memory, shape, started_ns, record=not settings.dry_run),
        sealing=Sealing(ledger, shape, sources, readers, output, answered(exiftool.path)),
        seal=seal,
        books=RunBooks(ledger, shape, open_media, started_ns, in_place=settings.in_place),
        sources=sources,
        readers=readers,
        matchers=matchers,
        filters=filters,
        stages=stages,
        writers=writers,
        executor=executor,
        map_tags=map_tags,
        read_tags=_tag_reader(exiftool, settings, stack),
        decisions=decisions,
        root_mtime_ns=root_mtime_ns,
        scratch=scratch_folder(output, settings.dry_run),
    )


def _seal(settings: Settings, ledger: Ledger, progress: Progress) -> Seal | None:
    """What the last run left for this one, where it may go by that."""
    if not progress.by_count or settings.in_place or settings.force or settings.retry_failed:
        return None
    return read(ledger.seal)


def _all_ours(host: PluginHost) -> None:
    """Raises RunError where a part of our own gave nothing: what is written without it would count as done."""
    if lame := host.troubled_built_in:
        told = "; ".join(note for note in host.notes if any(f"plugin {name}:" in note for name in lame))
        raise RunError(f"a part of pef-tui itself does not work: {told or ', '.join(lame)}")


def _shape(host: PluginHost, settings: Settings, exiftool: Found, decisions: Decisions) -> bytes:
    """What shapes Plans: options, plugins and decisions, and whether ExifTool is there."""
    tool = b"exiftool" if exiftool.usable else b""
    return hashlib.blake2b(host.shape(settings) + tool + decisions.content, digest_size=8).digest()


def _check_layout(settings: Settings) -> None:
    """Raises UsageError where `layout` is no template."""
    try:
        Template(settings.layout or "{name}")
    except ValueError as error:
        raise UsageError(f"layout {settings.layout!r}: {error}") from None
    if settings.in_place and (settings.layout or settings.albums not in ("folder", "tag")):
        raise UsageError(
            "in place, everything stays where it is: --layout and --albums link or none cannot be"
        )


def _tag_reader(exiftool: Found, settings: Settings, stack: ExitStack) -> ReadTags | None:
    """What reads the tags of files in ExifTool; None without one."""
    if not exiftool.usable:
        return None
    tag_readers = TagReaders(exiftool.path, settings.worker_count)
    stack.callback(tag_readers.close)
    return tag_readers.read


def _opener(readers: Sequence[SourceReader]) -> Callable[[MediaFile], BinaryIO]:
    return lambda media: readers[media.root].open(media.path)


def _exiftool(settings: Settings, progress: Progress) -> Found:
    """The ExifTool to use. Raises ExifToolMissing where it was asked for and cannot be used."""
    found = locate(settings.exiftool)
    if found.usable:
        progress.exiftool = found.version
        if found.warning:
            progress.notes.append(f"{found.warning}: {found.advice}")
        return found
    if settings.exiftool or settings.writer == "exiftool" or settings.verify:
        raise ExifToolMissing(f"{found.problem}; {found.advice}")
    progress.notes.append(f"{found.problem}: {_without_exiftool(settings)}; to install it: {found.advice}")
    return found


def _without_exiftool(settings: Settings) -> str:
    """What a run without ExifTool costs."""
    if settings.existing == "never":
        return "what raw pictures and odd files already say is not known"
    return (
        "tags go into most JPEG, HEIC, AVIF, PNG, WebP, GIF, TIFF, MP4 and MOV files, but those of everything else go "
        "into XMP files beside it, and what such files already say is not known"
    )


def _ledger(settings: Settings, output: str, progress: Progress, stack: ExitStack) -> Ledger:
    """The manifest of DEST, held by this run unless it is a dry run. Raises DestHeld, RunError."""
    try:
        if not settings.dry_run:
            os.makedirs(output, exist_ok=True)
            stack.enter_context(DestLock(output))
            clean_staging(output)
        ledger = Ledger.open(output, read_only=settings.dry_run)
    except OSError as error:
        raise RunError(f"DEST {output}: {error.strerror or error}") from None
    stack.callback(ledger.release)
    progress.notes.extend(ledger.problems)
    return ledger


def _run_opened(settings: Settings, host: PluginHost, shape: bytes) -> RunOpened:
    options = {
        name: repr(getattr(settings, name))
        for name in settings.__struct_fields__
        if name != "plugins" and getattr(settings, name) != getattr(Settings(), name)
    }
    plugins = {plugin.name: plugin.version for plugin in host.plugins if plugin.state == "loaded"}
    return RunOpened(uuid.uuid4().hex[:12], time.time_ns(), __version__, shape, options, plugins)
