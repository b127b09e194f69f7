"""Set up a run: check sources, output, ExifTool, manifest and plugins, and whether anything changed since the last run.

Modules that plan and write are not imported here. A run without changes does not need them, and importing them would
take most of its time.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType

from msgspec.structs import replace

from pef_tui import __version__
from pef_tui.errors import DestLocked, DiskGone, ExifToolMissing, RunError, UsageError
from pef_tui.exiftool.locate import ExifToolInfo, assume_version, forget_version, locate
from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.filesystem.dest_check import DestCheck
from pef_tui.filesystem.disk_watch import SourceWatch
from pef_tui.hooks import Executor, Filter, Matcher, Scanner, SourceReader, Stage, Writer
from pef_tui.manifest.folder import MANIFEST_NAME
from pef_tui.manifest.lock import DestLock
from pef_tui.manifest.manifest import Manifest
from pef_tui.manifest.origin import check_links
from pef_tui.manifest.records import RunOpened
from pef_tui.model import Source
from pef_tui.output.staging import clean_staging
from pef_tui.pipeline.exit_codes import FAILED, error_code
from pef_tui.pipeline.output_mode import CopyOutput, choose_output_mode
from pef_tui.pipeline.source_args import as_sources, source_list
from pef_tui.planning.layout_template import Template
from pef_tui.planning.manual_matches import manual_matcher
from pef_tui.plugins.calls import TagMappers
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Progress
from pef_tui.resume import RunShape, RunSnapshot, is_current, read_snapshot
from pef_tui.settings import Settings, duration_seconds
from pef_tui.tags.decisions import Decisions, load


@dataclass
class RunSetup:
    """The checked settings, sources and plugins of a run, before it lists the files of its sources."""

    mode: CopyOutput
    """Whether outputs go to DEST (`CopyOutput`) or replace files in SOURCE (`InPlaceOutput`)."""
    settings: Settings
    host: PluginHost
    progress: Progress
    started_ns: int
    """Start of the run, in nanoseconds since 1970."""
    output: str
    root_mtime_ns: int
    """In place: modification time of SOURCE in nanoseconds, before the run creates anything in it; else 0."""
    decisions: Decisions
    scanners: dict[str, Scanner]
    sources: Sequence[Source]
    readers: Sequence[SourceReader]
    watches: Sequence[SourceWatch]
    """The watch of each source. It ends the run if the source is gone."""
    manifest: Manifest
    dest_check: DestCheck | None
    """Checks that DEST is still the folder with which the run began; None in a dry run."""
    exiftool: ExifToolInfo
    matchers: Sequence[Matcher]
    filters: Sequence[Filter]
    stages: Sequence[Stage]
    writers: Sequence[Writer]
    executors: Sequence[Executor]
    map_tags: TagMappers
    shape: RunShape
    snapshot: RunSnapshot | None
    """The snapshot of the last run; None if there is none, or if something changed since then."""
    is_recorded: bool = False
    """Whether the manifest records that the run began."""

    def record(self, disk: str = "", *, sync: bool = True) -> None:
        """Record in the manifest that the run began. Raises DiskGone, OSError.

        `disk`: names that the disk of DEST refuses, as text for the manifest. `sync`: whether to wait until the disk
        has stored the record.
        """
        self.check_dest()
        self.manifest.begin(_run_opened(self.settings, self.host, self.shape.plans, disk), sync=sync)
        self.is_recorded = True

    def record_failure(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Record in the manifest that the run failed as a whole because of `error`, and its exit code, if possible.

        Not after an error of a disk: what it holds is unknown, so nothing more is written. The arguments are those of
        an exit callback.
        """
        if not self.is_recorded or not isinstance(error, Exception) or isinstance(error, DiskGone | OSError):
            return
        code = error_code(error) if isinstance(error, RunError) else FAILED
        with suppress(OSError):
            self.manifest.end(self.progress.counts(), exit_code=code, stopped="error")

    def check_dest(self) -> None:
        """Raise DiskGone if DEST is no longer the folder with which the run began. Do nothing in a dry run."""
        if self.dest_check is not None:
            self.dest_check.check()


def set_up(settings: Settings, host: PluginHost, progress: Progress, stack: ExitStack) -> RunSetup:
    """Check everything that can be checked before the first file. `stack` closes what is opened.

    Raises UsageError, DestLocked, ExifToolMissing and RunError.
    """
    mode = choose_output_mode(settings)
    settings = mode.settings(settings)
    started_ns = time.time_ns()
    _check_layout(settings)
    _check_dates(settings)
    mode.check(settings)
    arguments = source_list(settings)
    paths = arguments.paths
    progress.notes += arguments.remarks
    for warning in arguments.warnings:
        progress.notes.warn(warning, is_loss=warning in arguments.losses)
    output = mode.output_path(settings, arguments)
    progress.notes += mode.overlap_notes(paths, output)
    root_mtime_ns = mode.root_mtime_ns(output)
    decisions = load(settings.decisions)
    host.settings = replace(host.settings, output=output)
    scanners = host.registered("pef_scanners", progress.notes)
    sources = as_sources(paths, scanners)
    by_name = {scanner.name: scanner for scanner in scanners}
    readers = [by_name[source.scanner].open(source) for source in sources]
    watches = [_watch(source, reader, progress) for source, reader in zip(sources, readers, strict=True)]
    progress.sources, progress.output = tuple(paths), output
    is_first_run = not os.path.lexists(os.path.join(output, STATE_DIR, MANIFEST_NAME))
    early = _exiftool(settings, progress) if is_first_run else None
    manifest, dest_check = _open_manifest(mode, settings, output, progress, stack)
    if progress.phase == "wait":  # the other run may have changed SOURCE in place meanwhile
        root_mtime_ns = mode.root_mtime_ns(output)
        progress.phase = "setup"
    snapshot = _last_snapshot(mode, settings, manifest, progress)
    is_assumed = snapshot is not None and snapshot.exiftool is not None and assume_version(*snapshot.exiftool)
    exiftool = early or _exiftool(settings, progress)
    setup = RunSetup(
        mode=mode,
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
        watches=watches,
        manifest=manifest,
        dest_check=dest_check,
        exiftool=exiftool,
        matchers=[*manual_matcher(decisions), *host.registered("pef_matchers", progress.notes)],
        filters=host.registered("pef_filters", progress.notes),
        stages=host.registered("pef_stages", progress.notes),
        writers=host.registered("pef_writers", progress.notes),
        executors=host.registered("pef_executors", progress.notes),
        map_tags=host.tag_mapper(progress.notes),
        shape=RunShape(b"", b""),
        snapshot=snapshot,
    )
    _check_built_in(host)
    setup.shape = _shape(setup)
    _drop_outdated_snapshot(setup, is_version_assumed=is_assumed)
    return setup


def _watch(source: Source, reader: SourceReader, progress: Progress) -> SourceWatch:
    """Return the SourceWatch of a source. It decides whether failed calls are repeated, and ends the run if it is gone.

    A reader that repeats failed calls, as built-in readers do, gets it as `watch`.
    """
    watch = SourceWatch(source.path)
    watch.stop, watch.notify = progress.stop, progress.notes.append
    if hasattr(reader, "watch"):
        reader.watch = watch
    return watch


def _drop_outdated_snapshot(setup: RunSetup, *, is_version_assumed: bool) -> None:
    """Set the snapshot of the last run to None if the sources, the options or DEST changed since then.

    `is_version_assumed`: whether the version of ExifTool is from the snapshot. If so, and the snapshot is outdated, run
    ExifTool to read its version.
    """
    snapshot = setup.snapshot
    if snapshot is None or (
        _has_executor(setup)
        and is_current(snapshot, setup.shape.attempts, setup.sources, setup.readers, setup.output)
    ):
        return
    setup.snapshot = None
    if is_version_assumed:
        _check_exiftool_again(setup, snapshot)


def _has_executor(setup: RunSetup) -> bool:
    """Return whether the executor that `--executor` names exists.

    Without it, a run that has work raises UsageError.
    """
    name = setup.settings.executor
    return name in ("auto", "threads") or any(executor.name == name for executor in setup.executors)


def _check_exiftool_again(setup: RunSetup, snapshot: RunSnapshot) -> None:
    """Run ExifTool to read its version. If `snapshot` has another version, register the writers and compute `_shape`
    again.

    Until now, the version of `snapshot` was assumed, because a run without work does not need ExifTool.
    """
    if snapshot.exiftool is None:
        return
    forget_version(snapshot.exiftool[0])
    if locate(setup.settings.exiftool) != setup.exiftool:
        setup.exiftool = _exiftool(setup.settings, setup.progress)
        setup.writers = setup.host.registered("pef_writers", setup.progress.notes)
        setup.shape = _shape(setup)


def _last_snapshot(
    mode: CopyOutput, settings: Settings, manifest: Manifest, progress: Progress
) -> RunSnapshot | None:
    """Return the snapshot of the last run. None if there is none, or if an option requires a look at all files."""
    if (
        not progress.accepts_counts_only
        or not mode.may_use_snapshot
        or settings.force
        or settings.retry_failed
    ):
        return None
    return read_snapshot(manifest.snapshot)


def _check_built_in(host: PluginHost) -> None:
    """Raise RunError if a built-in plugin failed. Files written without it would wrongly count as done."""
    if failed := host.failed_built_in:
        problems = "; ".join(note for note in host.notes if any(f"plugin {name}:" in note for name in failed))
        raise RunError(f"a part of pef-tui itself does not work: {problems or ', '.join(failed)}")


def _shape(setup: RunSetup) -> RunShape:
    """Return the two digests of a RunShape.

    `plans` covers everything that Plans depend on: options, plugins, decisions, and whether ExifTool can be used.
    `attempts` also covers everything that may let a failed file succeed: path and version of ExifTool, and the options
    for hard links, symbolic links and archives.
    """
    settings, exiftool = setup.settings, setup.exiftool
    tool = b"exiftool" if exiftool.usable else b""
    plans = _digest(setup.host.shape(settings) + tool + setup.decisions.content)
    options = settings.hard_links, settings.symlinks, settings.unpack_ratio
    attempts = repr((exiftool.path, exiftool.version, *options))
    return RunShape(plans, _digest(plans + attempts.encode("utf-8", "backslashreplace")))


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=8).digest()


def _check_layout(settings: Settings) -> None:
    """Raise UsageError if `--layout` is no valid template."""
    try:
        Template(settings.layout or "{name}")
    except ValueError as error:
        raise UsageError(f"layout {settings.layout!r}: {error}") from None


def _check_dates(settings: Settings) -> None:
    """Raise UsageError if `--since` is later than `--until`."""
    if settings.since and settings.until and settings.since > settings.until:
        raise UsageError(
            f"--since {settings.since} is after --until {settings.until}: no file can have such a date"
        )


def _exiftool(settings: Settings, progress: Progress) -> ExifToolInfo:
    """Return the ExifTool that was found. Its `usable` is False if it cannot be used.

    Raises ExifToolMissing if an option requires ExifTool and it cannot be used.
    """
    tool = locate(settings.exiftool)
    if tool.usable:
        progress.exiftool = tool.version
        if tool.warning and not (settings.no_exiftool_advice or progress.has_exiftool_advice):
            progress.has_exiftool_advice = True
            progress.notes.append(f"{tool.warning}: {tool.advice} (--no-exiftool-advice silences this)")
        return tool
    if settings.exiftool or settings.writer == "exiftool" or settings.verify:
        raise ExifToolMissing(f"{tool.problem}; {tool.advice}")
    progress.notes.warn(f"{tool.problem}: {_without_exiftool(settings)}; to install it: {tool.advice}")
    return tool


def _without_exiftool(settings: Settings) -> str:
    """Return a text for the user that states what a run without ExifTool does not do."""
    if settings.existing == "never":
        return "what raw pictures and odd files already say is not known"
    return (
        "tags go into most JPEG, HEIC, AVIF, PNG, WebP, GIF, TIFF, MP4 and MOV files, but those of everything else go "
        "into XMP files beside it, and what such files already say is not known"
    )


def _open_manifest(
    mode: CopyOutput, settings: Settings, output: str, progress: Progress, stack: ExitStack
) -> tuple[Manifest, DestCheck | None]:
    """Open the manifest of DEST, and return it with the check that DEST stays the same folder. `stack` closes both.

    In a dry run, the check is None. Any other run creates and locks DEST first. Raises DestLocked if another run holds
    the lock, and RunError if DEST cannot be used.
    """
    dest_check = None
    try:
        check_links(output)
        if not settings.dry_run:
            os.makedirs(output, exist_ok=True)
            lock = stack.enter_context(_dest_lock(settings, output, progress))
            dest_check = DestCheck(output, lock.folder)
            stack.callback(dest_check.close)
            dest_check.stop, dest_check.notify = progress.stop, progress.notes.append
            progress.dest_identity = dest_check.identity
            clean_staging(output)
            progress.notes += mode.adopt_state(output)
        manifest = mode.open_manifest(output, read_only=settings.dry_run)
    except OSError as error:
        raise RunError(f"DEST {output}: {error.strerror or error}") from None
    stack.callback(manifest.release)
    for problem in manifest.problems:
        progress.notes.warn(problem)
    return manifest, dest_check


def _dest_lock(settings: Settings, output: str, progress: Progress) -> DestLock:
    """Return the lock of DEST. It waits for another run as long as `--lock-wait` allows."""

    def on_wait(error: DestLocked) -> None:
        progress.phase = "wait"
        progress.notes.append(f"{error}; waiting for its end, at most {settings.lock_wait}")
        progress.show_notes()

    return DestLock(output, duration_seconds(settings.lock_wait), on_wait=on_wait, stop=progress.stop)


def _run_opened(settings: Settings, host: PluginHost, shape: bytes, disk: str) -> RunOpened:
    """Return the manifest record of a run that begins: options that are not the defaults, plugins, and `disk`.

    `shape`: digest of everything that Plans depend on. `disk`: names that the disk of DEST refuses, as text.
    """
    options = {
        name: repr(getattr(settings, name))
        for name in settings.__struct_fields__
        if name != "plugins" and getattr(settings, name) != getattr(Settings(), name)
    }
    plugins = {plugin.name: plugin.version for plugin in host.plugins if plugin.state == "loaded"}
    return RunOpened(uuid.uuid4().hex[:12], time.time_ns(), __version__, shape, options, plugins, disk)
