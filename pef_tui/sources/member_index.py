"""An index of the members of an archive, by folder and path, which needs little memory.

It is an unnamed temporary SQLite database. The system deletes it however the program ends. Above a few MB it is on
disk, so memory does not grow with the number of members.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Lock
from typing import Any

from msgspec import Struct

from pef_tui.errors import DiskFull

CACHE = 4096
"""Size of the database's cache in kB, enough for some 30,000 members."""

_TABLE = """
create table member (
    folder blob, name blob, size int, mtime_ns int, start int, packed int, crc int, method int,
    raw blob, small blob, fault text, mode int,
    excess int, link blob, holes blob, primary key (folder, name)
) without rowid
"""


class ArchiveMember(Struct, frozen=True, gc=False):
    """One file in an archive."""

    path: str
    size: int
    mtime_ns: int
    start: int = 0
    """Offset in bytes: of the header (zip) or of the data (tar) in the archive; for a compressed tar archive, of the
    data in the unnamed file.
    """
    packed: int = 0
    """Size of the data in the archive, in bytes."""
    crc: int = 0
    method: int = 0
    """Number of the compression method, as in zip archives."""
    raw: bytes | None = None
    """The name in the archive as bytes, if `path` in UTF-8 is different; else None."""
    small: bytes | None = None
    """The content, if it is stored in the index; else None."""
    fault: str = ""
    """Why the content cannot be read; "" if it can."""
    mode: int = 0
    """File type as in `stat`; 0 if the archive does not state it."""
    excess: int = 0
    """Number of decompressed bytes beyond the accepted multiple of the compressed bytes (`UnpackLimits.excess`)."""
    link: str = ""
    """For a hard link: path of its target, while the target is not known; else ""."""
    sparse_map: bytes | None = None
    """For a sparse file (with holes): the map of its data, from `tar_sparse.encode_map`; else None."""


class MemberIndex:
    """The members of one archive; thread-safe. All methods raise DiskFull if the disk is full, else OSError."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._closed = self._indexed = False
        with _database_errors():
            self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            for pragma in (f"cache_size=-{CACHE}", "journal_mode=off", "synchronous=off"):
                self._database.execute(f"pragma {pragma}").close()
            self._database.execute(_TABLE).close()
            self._database.execute("begin").close()

    def add(self, member: ArchiveMember) -> bool:
        """Add a member. Return whether it was added: if a member has the same path, the earlier one stays."""
        return self._insert("insert or ignore", member)

    def add_or_replace(self, member: ArchiveMember) -> None:
        """Add a member. It replaces a member with the same path."""
        self._insert("insert or replace", member)

    def _insert(self, statement: str, member: ArchiveMember) -> bool:
        row = (
            *_key(member.path),
            member.size,
            member.mtime_ns,
            member.start,
            member.packed,
            member.crc,
            member.method,
            member.raw,
            member.small,
            member.fault,
            member.mode,
            member.excess,
            _bytes(member.link),
            member.sparse_map,
        )
        with self._lock, _database_errors():
            return (
                self._database.execute(
                    f"{statement} into member values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", row
                ).rowcount
                == 1
            )

    def get(self, path: str) -> ArchiveMember | None:
        """Return the member with the path `path`; None if there is none. Raises OSError after `close`."""
        with self._lock, _database_errors():
            if self._closed:
                raise OSError("the archive is closed")
            cursor = self._database.execute("select * from member where folder = ? and name = ?", _key(path))
            row = cursor.fetchone()
        return _member(row) if row is not None else None

    def starting_at(self, start: int) -> ArchiveMember | None:
        """Return a member whose `start` is the offset `start`; None if there is none."""
        with self._lock, _database_errors():
            if not self._indexed:
                self._database.execute("create index by_start on member (start)").close()
                self._indexed = True
            row = self._database.execute("select * from member where start = ? limit 1", (start,)).fetchone()
        return _member(row) if row is not None else None

    def remove(self, path: str) -> None:
        """Remove the member with the path `path`, if there is one."""
        with self._lock, _database_errors():
            self._database.execute("delete from member where folder = ? and name = ?", _key(path)).close()

    def clear(self) -> None:
        """Remove all members."""
        with self._lock, _database_errors():
            self._database.execute("delete from member").close()

    def excess(self) -> float:
        """Return the sum of the `excess` of all members without a fault, in bytes."""
        with self._lock, _database_errors():
            row = self._database.execute("select total(excess) from member where fault = ''").fetchone()
        return float(row[0])

    def set_dense_faults(self, smallest: int, fault: str) -> None:
        """Set `fault` for each member that has no fault, an `excess` above 0, and more than `smallest` bytes."""
        statement = "update member set fault = ? where fault = '' and size > ? and excess > 0"
        with self._lock, _database_errors():
            self._database.execute(statement, (fault, smallest)).close()

    def links(self) -> list[tuple[str, str]]:
        """Return `path` and `link` of every hard link whose target was not known when the link was added."""
        with self._lock, _database_errors():
            rows = self._database.execute("select * from member where link != x''").fetchall()
        return [(member.path, member.link) for member in map(_member, rows)]

    def folders(self) -> list[tuple[str, bool]]:
        """Return each folder that has members, and whether it has a JSON file directly in it."""
        statement = "select folder, max(lower(substr(name, -5)) = '.json') from member group by folder"
        with self._lock, _database_errors():
            return [(_text(folder), bool(json)) for folder, json in self._database.execute(statement)]

    def in_folder(self, folder: str) -> list[tuple[str, int, int, int, int]]:
        """Return path, size, modification time (ns), checksum and offset of each member in `folder`, sorted by path."""
        prefix = f"{folder}/" if folder else ""
        statement = "select name, size, mtime_ns, crc, start from member where folder = ?"
        with self._lock, _database_errors():
            rows = self._database.execute(statement, (_bytes(folder),)).fetchall()
        return sorted((prefix + _text(name), *facts) for name, *facts in rows)

    def count(self) -> int:
        """Return the number of members."""
        with self._lock, _database_errors():
            [(count,)] = self._database.execute("select count(*) from member").fetchall()
        return int(count)

    def by_start(self) -> Iterator[ArchiveMember]:
        """Yield every member, ordered by its offset in the archive."""
        with closing(self._database.cursor()) as cursor, _database_errors():
            for row in cursor.execute("select * from member order by start"):
                yield _member(row)

    def set_fault(self, path: str, fault: str) -> None:
        """Set the fault of the member with the path `path`, unless it has a fault already."""
        with self._lock, _database_errors():
            statement = "update member set fault = ? where folder = ? and name = ? and fault = ''"
            self._database.execute(statement, (fault, *_key(path))).close()

    def close(self) -> None:
        """Delete the database."""
        with self._lock:
            self._closed = True
            self._database.close()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _member(row: tuple[Any, ...]) -> ArchiveMember:
    folder, name, *fields = row
    fields[-2] = _text(fields[-2])
    return ArchiveMember(_text(folder + b"/" + name if folder else name), *fields)


def _key(path: str) -> tuple[bytes, bytes]:
    folder, _, name = _bytes(path).rpartition(b"/")
    return folder, name


@contextmanager
def _database_errors() -> Iterator[None]:
    """Convert errors of SQLite that come from the disk: to DiskFull if the disk is full, else to OSError."""
    try:
        yield
    except sqlite3.Error as error:
        directory = os.environ.get("SQLITE_TMPDIR") or os.environ.get("TMPDIR") or "/var/tmp"
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
            raise DiskFull(
                f"the disk of {directory} is full: the list of an archive's files is kept there for a while; "
                "make room, or name another folder in TMPDIR, and run again"
            ) from error
        raise OSError(
            errno.EIO, f"the list of an archive's files cannot be kept ({error})", directory
        ) from error
