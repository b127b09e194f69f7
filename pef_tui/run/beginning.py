"""Beginning a run: sources, output, ExifTool, manifest and plugins, checked; and did anything change since the last?

What plans and writes is not loaded yet: a run that finds everything as it was needs none of it.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from msgspec.structs import replace

from pef_tui import __version__
from pef_tui.errors import ExifToolMissing, RunError, UsageError
from pef_tui.exiftool.locate import Found, ask_again, believe, locate
from pef_tui.hooks import Executor, Filter, Matcher, Scanner, SourceReader, Stage, Writer
from pef_tui.manifest.folder import NAME, OWN
from pef_tui.manifest.format import RunOpened
from pef_tui.manifest.ledger import Ledger
from pef_tui.manifest.lock import DestLock
from pef_tui.manifest.origin import check_links, made
from pef_tui.model import Match, Source, TagEdit
from pef_tui.plugins import PluginHost
from pef_tui.progress import Progress
from pef_tui.run.inplace import names_kept, own_state, source_in_place
from pef_tui.run.seal import Seal, holds, read
from pef_tui.run.shapes import RunShape
from pef_tui.run.sources import as_sources, output_path, source_list
from pef_tui.run.template import Template
from pef_tui.settings import Settings
from pef_tui.tags.by_hand import by_hand
from pef_tui.tags.decisions import Decisions, load
from pef_tui.write.staging import clean_staging


@dataclass
class Begun:
    """What a run knows before it looks into a source."""

    settings: Settings
    host: PluginHost
    progress: Progress
    started_ns: int
    """By the clock of this machine."""
    output: str
    root_mtime_ns: int
    """In place: modification time of SOURCE before anything was made in it."""
    decisions: Decisions
    scanners: dict[str, Scanner]
    sources: Sequence[Source]
    readers: Sequence[SourceReader]
    ledger: Ledger
    exiftool: Found
    matchers: Sequence[Matcher]
    filters: Sequence[Filter]
    stages: Sequence[Stage]
    writers: Sequence[Writer]
    executors: Sequence[Executor]
    map_tags: Callable[[Match], list[TagEdit]]
    shape: RunShape
    seal: Seal | None
    """What the last run said, where nothing changed since."""

    def record(self, disk: str = "", *, sync: bool = True) -> None:
        """The manifest is to say that the run began; of one that does nothing it need not be sure. Raises OSError."""
        self.ledger.begin(_run_opened(self.settings, self.host, self.shape.plans, disk), sync=sync)


def begun(settings: Settings, host: PluginHost, progress: Progress, stack: ExitStack) -> Begun:
    """Check everything that can be before the first file; `stack` lets it go. Raises what `pipeline.run` raises."""
    settings = names_kept(settings)
    started_ns = time.time_ns()
    _check_layout(settings)
    paths, named, notes = source_list(settings)
    progress.notes += notes
    output = source_in_place(settings, paths) if settings.in_place else output_path(settings.output, named)
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
    start = Begun(
        settings=settings,
        host=host,
        progress=progress,
        started_ns=started_ns,
        output=output,
        root_mtime_ns=root_mtime_ns,
        decisions=decisions,
        scanners=by_name,
        sources=sources,
        readers=readers,
        ledger=ledger,
        exiftool=exiftool,
        matchers=[*by_hand(decisions), *host.registered("pef_matchers", progress.notes)],
        filters=host.registered("pef_filters", progress.notes),
        stages=host.registered("pef_stages", progress.notes),
        writers=host.registered("pef_writers", progress.notes),
        executors=host.registered("pef_executors", progress.notes),
        map_tags=host.map_tags(progress.notes),
        shape=RunShape(b"", b""),
        seal=seal,
    )
    _all_ours(host)
    start.shape = _shape(start)
    if seal is not None and not (
        _known_executor(start) and holds(seal, start.shape.attempts, sources, readers, output)
    ):
        start.seal = None
        if believed:
            _ask_exiftool(start, seal)
    return start


def _known_executor(start: Begun) -> bool:
    """Is there what `--executor` names? If not, it is told when it is wanted."""
    name = start.settings.executor
    return name in ("auto", "threads") or any(each.name == name for each in start.executors)


def _ask_exiftool(start: Begun, seal: Seal) -> None:
    """ExifTool is going to be needed: what it is, is asked after all."""
    if seal.exiftool is None:
        return
    ask_again(seal.exiftool[0])
    if locate(start.settings.exiftool) != start.exiftool:
        start.exiftool = _exiftool(start.settings, start.progress)
        start.writers = start.host.registered("pef_writers", start.progress.notes)
        start.shape = _shape(start)


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


def _shape(start: Begun) -> RunShape:
    """What shapes Plans: options, plugins and decisions, and whether ExifTool is there; and what may cure a failure."""
    settings, exiftool = start.settings, start.exiftool
    tool = b"exiftool" if exiftool.usable else b""
    plans = _digest(start.host.shape(settings) + tool + start.decisions.content)
    options = settings.hard_links, settings.symlinks, settings.unpack_ratio
    cures = repr((exiftool.path, exiftool.version, *options))
    return RunShape(plans, _digest(plans + cures.encode("utf-8", "backslashreplace")))


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=8).digest()


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
        check_links(output)
        if not settings.dry_run:
            os.makedirs(output, exist_ok=True)
            stack.enter_context(DestLock(output))
            clean_staging(output)
            if settings.in_place:
                progress.notes += own_state(output)
        if settings.dry_run and settings.in_place and made(output, os.environ) == "elsewhere":
            ledger = Ledger(None, read_only=True)
        else:
            ledger = Ledger.open(output, read_only=settings.dry_run)
    except OSError as error:
        raise RunError(f"DEST {output}: {error.strerror or error}") from None
    stack.callback(ledger.release)
    progress.notes.extend(ledger.problems)
    return ledger


def _run_opened(settings: Settings, host: PluginHost, shape: bytes, disk: str) -> RunOpened:
    options = {
        name: repr(getattr(settings, name))
        for name in settings.__struct_fields__
        if name != "plugins" and getattr(settings, name) != getattr(Settings(), name)
    }
    plugins = {plugin.name: plugin.version for plugin in host.plugins if plugin.state == "loaded"}
    return RunOpened(uuid.uuid4().hex[:12], time.time_ns(), __version__, shape, options, plugins, disk)
