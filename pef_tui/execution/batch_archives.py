"""Let remote workers read members of archives. The run locates the members; the worker opens the archives."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from pef_tui.errors import DiskGone
from pef_tui.filesystem.disk_watch import LINE_ERRORS, SourceWatch
from pef_tui.lazy import lazy
from pef_tui.model import FileId, MediaFile, Plan, file_id
from pef_tui.sources.member_location import ArchiveFile, LocatesMembers, MemberLocation

if TYPE_CHECKING:
    from pef_tui.sources.archive_streams import SharedDescriptor

_SharedDescriptor = lazy("pef_tui.sources.archive_streams", "SharedDescriptor")
_open_zip_member = lazy("pef_tui.sources.zip_source", "open_member")
_open_tar_member = lazy("pef_tui.sources.tar_source", "open_member")


class SharedArchive(NamedTuple):
    """An archive that workers can open to read its members."""

    path: str
    """Path of the source, for messages."""
    reader: LocatesMembers


def source_files(plan: Plan) -> tuple[MediaFile, ...]:
    """Return the files that are read to produce the copy of a Plan: the media file, and its XMP file if there is
    one.
    """
    match = plan.match
    return (match.media, match.xmp.file) if match.xmp is not None else (match.media,)


def locate_members(
    plans: Iterable[Plan], archives: Mapping[int, SharedArchive]
) -> dict[FileId, MemberLocation] | None:
    """Return the location of each archive member that the Plans read. None if only this process can read one of them.

    `archives`: the archives of the run, by `Source.root`. Raises OSError.
    """
    locations: dict[FileId, MemberLocation] = {}
    for plan in plans:
        for file in source_files(plan):
            if (archive := archives.get(file.root)) is None:
                continue
            if (location := archive.reader.location(file.path)) is None:
                return None
            locations[file_id(file)] = location
    return locations


class BatchArchives:
    """The archives of one batch, opened in a worker."""

    def __init__(self, locations: Mapping[FileId, MemberLocation]) -> None:
        """Open the archives, and check that they are those that the run listed."""
        self._locations = locations
        self._open: dict[ArchiveFile, SharedDescriptor] = {}
        self.refused: dict[int, str] = {}
        """Why a source cannot be used, by the number of the source (`Source.root`)."""
        reasons: dict[ArchiveFile, str] = {}
        for (root, _), (archive, _) in locations.items():
            if archive not in reasons:
                reasons[archive] = self._check(archive)
            if reasons[archive]:
                self.refused[root] = reasons[archive]

    def _check(self, archive: ArchiveFile) -> str:
        """Open an archive. Return why it cannot be used; "" if it can be used."""
        try:
            descriptor = _open_repeatedly(archive.path)
            difference = archive.difference(os.fstat(descriptor.fd))
        except OSError as error:
            return error.strerror or str(error)
        except DiskGone as error:
            return str(error)
        if not difference:
            self._open[archive] = descriptor
        return difference

    def has_usable_sources(self, plan: Plan) -> bool:
        """Return whether all files of the Plan are in sources that this worker can use."""
        return all(file.root not in self.refused for file in source_files(plan))

    def open(self, file: MediaFile) -> BinaryIO | None:
        """Open a member as a seekable stream; return None if the file is not in an archive.

        Raises OSError, also while reading.
        """
        if (location := self._locations.get(file_id(file))) is None:
            return None
        archive, member = location
        descriptor = self._open[archive]
        stream: BinaryIO
        if archive.kind == "zip":
            stream = _open_zip_member(descriptor, member)
        else:
            stamp = (archive.size, archive.mtime_ns, archive.ctime_ns) if archive.ctime_ns else None
            stream = _open_tar_member(descriptor, member, stamp)
        return stream


def _open_repeatedly(path: str) -> SharedDescriptor:
    """Open an archive; again, if a server failed for a while. Raises OSError, DiskGone."""
    watch = SourceWatch(path)
    try:
        descriptor: SharedDescriptor = _SharedDescriptor(path, watch)
    except OSError as error:
        if error.errno not in LINE_ERRORS:
            raise
        descriptor = watch.repeat(lambda: _SharedDescriptor(path, watch))
    return descriptor
