"""Open a run that has work to do: executor, previous run, folder cache, recorders, access to the sources."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from msgspec.structs import replace

from pef_tui.execution.remote import choose_executor
from pef_tui.exiftool.locate import ExifToolInfo, known_version
from pef_tui.filesystem.parallel_io import io_queue
from pef_tui.filesystem.temp_files import temp_dir
from pef_tui.hooks import Executor
from pef_tui.pipeline.disk_space import check_space
from pef_tui.pipeline.setup import RunSetup
from pef_tui.planning.disk_names import DiskNames
from pef_tui.planning.source_folders import SourceFolders
from pef_tui.readers.inspect import ReadTags
from pef_tui.readers.reader_pool import TagReaders
from pef_tui.resume import FolderCache, ManifestRecorder, PreviousRun, SnapshotRecorder
from pef_tui.settings import Settings
from pef_tui.sources.directory import DirectoryReader
from pef_tui.sources.member_location import LocatesMembers


@dataclass(frozen=True)
class RunContext:
    """The setup of a run with work to do, and all objects that `open_run` opened for it.

    Only modules of `pipeline` use this class. Other packages get the objects that they need, one by one.
    """

    setup: RunSetup
    settings: Settings
    """The settings of `setup`, with `output` as an absolute path."""
    source_folders: SourceFolders
    previous_run: PreviousRun
    folder_cache: FolderCache
    snapshot_recorder: SnapshotRecorder
    recorder: ManifestRecorder
    executor: Executor | None
    """The plugin whose processes write files; None if threads write all files."""
    read_tags: ReadTags | None
    """Reads the tags of files with ExifTool; None if ExifTool cannot be used."""
    scratch: str
    """Directory in which unnamed temporary files are created."""
    disk_names: DiskNames
    """Which names the disk of DEST refuses or changes."""


def open_run(setup: RunSetup, stack: ExitStack) -> RunContext:
    """Open and return all objects that a run with work needs. `stack` closes them.

    Raises DiskFull if DEST has too little room, UsageError if `--executor` names no executor, and OSError.
    """
    settings, manifest, shape = replace(setup.settings, output=setup.output), setup.manifest, setup.shape
    executor = choose_executor(settings.executor, setup.executors)
    if not settings.dry_run:
        _check_space(setup)
        if executor is not None and not executor.here:
            _share_members(setup)
    disk_names = _disk_names(setup)
    source_folders = SourceFolders(
        setup.sources, setup.readers, setup.matchers, setup.filters, manifest, setup.progress, setup.watches
    )
    previous_run = PreviousRun(
        manifest,
        setup.output,
        shape,
        source_folders.open_media,
        started_ns=setup.started_ns,
        force=settings.force,
        retry_failed=settings.retry_failed,
        in_place=settings.in_place,
        shares_outputs=settings.albums != "folder",
    )
    return RunContext(
        setup=setup,
        settings=settings,
        source_folders=source_folders,
        previous_run=previous_run,
        folder_cache=FolderCache(
            manifest,
            previous_run,
            shape.plans,
            setup.started_ns,
            record=not (settings.dry_run or settings.retry_failed),
            use_stored=not settings.force,
            relation=source_folders.exports.relation_digest,
        ),
        snapshot_recorder=SnapshotRecorder(
            manifest, shape, setup.sources, setup.readers, setup.output, known_version(setup.exiftool.path)
        ),
        recorder=ManifestRecorder(
            manifest,
            shape,
            source_folders.open_media,
            setup.started_ns,
            in_place=settings.in_place,
            queue=io_queue(*(source.path for source in setup.sources)),
        ),
        executor=executor,
        read_tags=_tag_reader(setup.exiftool, settings, stack),
        scratch=temp_dir(setup.output, settings.dry_run),
        disk_names=disk_names,
    )


def _share_members(setup: RunSetup) -> None:
    """Allow the workers of other machines to read members of archives."""
    for reader in setup.readers:
        if isinstance(reader, LocatesMembers):
            reader.share_members()


def _check_space(setup: RunSetup) -> None:
    """Raise DiskFull if the disk of DEST has no room for the run.

    Directories whose files were counted during the setup are not listed again.
    """
    known_bytes = {
        root: reader.bytes
        for root, reader in enumerate(setup.readers)
        if isinstance(reader, DirectoryReader) and reader.bytes is not None
    }
    check_space(setup.settings, setup.output, setup.sources, setup.scanners, setup.manifest, known_bytes)


def _disk_names(setup: RunSetup) -> DiskNames:
    """Return which names the disk of DEST refuses. Raises OSError.

    A run that writes (no dry run) also records in the manifest that it began, and these names.
    """
    if setup.settings.dry_run:
        return setup.mode.predict_disk(setup.output, setup.manifest)
    setup.check_dest()
    names, recorded_names = setup.mode.probe_disk(setup.output)
    setup.record(recorded_names)
    return names


def _tag_reader(exiftool: ExifToolInfo, settings: Settings, stack: ExitStack) -> ReadTags | None:
    """Return a function that reads the tags of files with ExifTool; None if ExifTool cannot be used."""
    if not exiftool.usable:
        return None
    tag_readers = TagReaders(exiftool.path, settings.worker_count)
    stack.callback(tag_readers.close)
    return tag_readers.read
