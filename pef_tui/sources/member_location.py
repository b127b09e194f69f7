"""Describe where members of archives are. With this, another process reads them without listing the archive again.

A location is sent to a worker together with a Plan. The worker opens the archive by its path, and checks that it is the
file that this run listed. Then it reads the member with the checks that this run would use.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

from msgspec import Struct

if TYPE_CHECKING:  # it imports SQLite, which a run without archives does not need
    from pef_tui.sources.member_index import ArchiveMember


class ArchiveFile(Struct, frozen=True):
    """A file with the data of members: an archive, or the unpacked data of a compressed tar archive.

    All fields except `path` and `kind` identify the file. A field that is 0 is not compared.
    """

    path: str
    """Absolute path."""
    kind: Literal["zip", "tar"]
    """Meaning of `ArchiveMember.start`: offset of the member's header (`zip`), or of its data (`tar`)."""
    size: int
    """Size in bytes when the archive was listed. It is always compared."""
    mtime_ns: int = 0
    """Modification time in nanoseconds."""
    ctime_ns: int = 0
    """Change time in nanoseconds, for archives without checksums."""
    device: int = 0
    """Number of the device, if the path has a meaning only on this machine."""
    inode: int = 0
    """Number of the file on its device, together with `device`."""

    def difference(self, status: os.stat_result) -> str:
        """Return how the file with this `status` differs from the listed file; "" if it is the same."""
        if (self.device or self.inode) and (status.st_dev, status.st_ino) != (self.device, self.inode):
            return "another file has its name"
        if status.st_size != self.size:
            return f"it has {status.st_size:,} bytes instead of {self.size:,}"
        if self.mtime_ns and status.st_mtime_ns != self.mtime_ns:
            return "it has another modification time"
        if self.ctime_ns and status.st_ctime_ns != self.ctime_ns:
            return "it has another change time"
        return ""


class MemberLocation(NamedTuple):
    """The archive that contains a member, and the member's entry in the list of the archive."""

    archive: ArchiveFile
    member: ArchiveMember


@runtime_checkable
class LocatesMembers(Protocol):
    """A reader of an archive whose members other processes can read."""

    def share_members(self) -> None:
        """Allow other machines to read the members too. Call it before the first listing."""

    def location(self, path: str) -> MemberLocation | None:
        """Return the location of the listed member `path`; None if only this process can read it.

        Raises OSError.
        """
