"""What an archive holds, by folder and by path, on disk beyond a few MB: memory does not follow the number of members.

A temporary SQLite database without a name; the system takes it back however the program ends.
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
"""kB of the database that stay in memory: some 30,000 members."""

_TABLE = """
create table member (
    folder blob, name blob, size int, mtime_ns int, start int, packed int, crc int, method int,
    raw blob, small blob, fault text, mode int,
    excess int, link blob, holes blob, primary key (folder, name)
) without rowid
"""


class Member(Struct, frozen=True, gc=False):
    """One file in an archive."""

    path: str
    size: int
    mtime_ns: int
    start: int = 0
    """Where its header (zip) or its bytes (tar) begin, in the archive or in the unnamed file."""
    packed: int = 0
    """Bytes it takes in the archive."""
    crc: int = 0
    method: int = 0
    """How it is packed, by its number in zip archives."""
    raw: bytes | None = None
    """Its name as it is written, where that is not plain UTF-8."""
    small: bytes | None = None
    """Its bytes, where they are kept here."""
    fault: str = ""
    """Why its bytes are not read."""
    mode: int = 0
    """Kind of file as `stat` has it, 0 where it is not said."""
    excess: int = 0
    """Bytes to which it unpacks beyond what archives may unpack to (`UnpackLimits`)."""
    link: str = ""
    """The member whose other name it is, while that is not known."""
    holes: bytes | None = None
    """Where its bytes belong, where it has holes (`sparse.encoded`)."""


class Catalogue:
    """The members of one archive. Any thread may ask. Raises DiskFull where there is no room for it, OSError."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._closed = self._indexed = False
        with _told():
            self._base = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            for pragma in (f"cache_size=-{CACHE}", "journal_mode=off", "synchronous=off"):
                self._base.execute(f"pragma {pragma}").close()
            self._base.execute(_TABLE).close()
            self._base.execute("begin").close()

    def add(self, member: Member) -> bool:
        """Take a member in; False where there is one of this path, which stays."""
        return self._insert("insert or ignore", member)

    def put(self, member: Member) -> None:
        """Take a member in, in place of what is there of this path."""
        self._insert("insert or replace", member)

    def _insert(self, how: str, member: Member) -> bool:
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
            member.holes,
        )
        with self._lock, _told():
            return (
                self._base.execute(f"{how} into member values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", row).rowcount
                == 1
            )

    def get(self, path: str) -> Member | None:
        """The member of this path. Raises OSError once the archive is closed."""
        with self._lock, _told():
            if self._closed:
                raise OSError("the archive is closed")
            asked = self._base.execute("select * from member where folder = ? and name = ?", _key(path))
            found = asked.fetchone()
        return _member(found) if found is not None else None

    def at(self, start: int) -> Member | None:
        """A member that begins at this place."""
        with self._lock, _told():
            if not self._indexed:
                self._base.execute("create index by_start on member (start)").close()
                self._indexed = True
            row = self._base.execute("select * from member where start = ? limit 1", (start,)).fetchone()
        return _member(row) if row is not None else None

    def remove(self, path: str) -> None:
        """Forget the member of this path."""
        with self._lock, _told():
            self._base.execute("delete from member where folder = ? and name = ?", _key(path)).close()

    def clear(self) -> None:
        """Forget every member."""
        with self._lock, _told():
            self._base.execute("delete from member").close()

    def excess(self) -> float:
        """The `excess` of all readable members together."""
        with self._lock, _told():
            row = self._base.execute("select total(excess) from member where fault = ''").fetchone()
        return float(row[0])

    def fail_dense(self, smallest: int, fault: str) -> None:
        """Note why members of more than `smallest` bytes with an `excess` are not read."""
        words = "update member set fault = ? where fault = '' and size > ? and excess > 0"
        with self._lock, _told():
            self._base.execute(words, (fault, smallest)).close()

    def links(self) -> list[tuple[str, str]]:
        """Path and `link` of every member that has one."""
        with self._lock, _told():
            rows = self._base.execute("select * from member where link != x''").fetchall()
        return [(member.path, member.link) for member in map(_member, rows)]

    def folders(self) -> list[tuple[str, bool]]:
        """Every folder that holds a member, and whether a JSON file is among them."""
        words = "select folder, max(lower(substr(name, -5)) = '.json') from member group by folder"
        with self._lock, _told():
            return [(_text(folder), bool(json)) for folder, json in self._base.execute(words)]

    def within(self, folder: str) -> list[tuple[str, int, int, int, int]]:
        """Path, size, modification time (ns), checksum and beginning of each member of a folder, by path."""
        before = f"{folder}/" if folder else ""
        words = "select name, size, mtime_ns, crc, start from member where folder = ?"
        with self._lock, _told():
            rows = self._base.execute(words, (_bytes(folder),)).fetchall()
        return sorted((before + _text(name), *facts) for name, *facts in rows)

    def by_start(self) -> Iterator[Member]:
        """Every member in the order in which they lie in the archive."""
        with closing(self._base.cursor()) as asked, _told():
            for row in asked.execute("select * from member order by start"):
                yield _member(row)

    def fail(self, path: str, fault: str) -> None:
        """Note why a member is not read, unless that is noted already."""
        with self._lock, _told():
            words = "update member set fault = ? where folder = ? and name = ? and fault = ''"
            self._base.execute(words, (fault, *_key(path))).close()

    def close(self) -> None:
        """Let everything go."""
        with self._lock:
            self._closed = True
            self._base.close()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _member(row: tuple[Any, ...]) -> Member:
    folder, name, *rest = row
    rest[-2] = _text(rest[-2])
    return Member(_text(folder + b"/" + name if folder else name), *rest)


def _key(path: str) -> tuple[bytes, bytes]:
    folder, _, name = _bytes(path).rpartition(b"/")
    return folder, name


@contextmanager
def _told() -> Iterator[None]:
    """An error of the database as one of the disk, which it is."""
    try:
        yield
    except sqlite3.Error as error:
        where = os.environ.get("SQLITE_TMPDIR") or os.environ.get("TMPDIR") or "/var/tmp"
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
            raise DiskFull(
                f"the disk of {where} is full: the list of an archive's files is kept there for a while; make room, "
                "or name another folder in TMPDIR, and run again"
            ) from error
        raise OSError(errno.EIO, f"the list of an archive's files cannot be kept ({error})", where) from error
