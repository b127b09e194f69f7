"""The database for browsing the manifest (`history`). It is built from the journal, and updated with new records.

It is only a cache. If it does not match the journal exactly, it is built again. It is stored in `DEST/.pef-tui`, or in
memory if that folder is not writable.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterable
from contextlib import closing, suppress

import msgspec
from msgspec import Struct

from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.manifest.entry_columns import brief_entries, split_path
from pef_tui.manifest.folder import MANIFEST_NAME, open_state_dir
from pef_tui.manifest.journal import HEADER, frames
from pef_tui.manifest.manifest import Manifest
from pef_tui.manifest.records import BatchDone, EntriesForgotten, InvalidRecord, RunClosed, RunOpened, decode

FILE = "index.sqlite"
_SQLITE_FILES = (b"", b"-journal", b"-wal", b"-shm")
SCHEMA_VERSION = 2
"""Version of the tables. An index of another version is built again."""

_TABLES = f"""
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE state (inode INTEGER, size INTEGER, last INTEGER, sequence INTEGER, problems BLOB);
CREATE TABLE run (run TEXT, started INTEGER, version TEXT, options BLOB, ended INTEGER, counts BLOB,
    exit INTEGER, stopped TEXT);
CREATE TABLE folder (id INTEGER PRIMARY KEY, path BLOB UNIQUE);
CREATE TABLE entry (folder INTEGER, name BLOB, word INTEGER, conflict INTEGER, size INTEGER, reason BLOB, output BLOB,
    PRIMARY KEY (folder, name)) WITHOUT ROWID;
CREATE TABLE tally (folder INTEGER, word INTEGER, files INTEGER, conflicts INTEGER, bytes INTEGER,
    PRIMARY KEY (folder, word)) WITHOUT ROWID;
"""
_COUNT = "INSERT INTO tally SELECT folder, word, count(*), sum(conflict), sum(size) FROM entry {} GROUP BY folder, word"


class IndexState(Struct, frozen=True):
    """The journal from which an index was built, and how much of the journal is in the index."""

    inode: int
    size: int
    """Number of bytes of the journal that were read."""
    last: int
    """Offset of the last frame (record of the journal) that was read; 0 if there is none."""
    sequence: int
    """Sequence number of the last frame that was read."""
    problems: bytes = b""


class IndexOutdated(Exception):
    """Raised if the index does not match the journal. It must then be built again."""


def open_index(dest: str, *, rebuild: bool = False) -> sqlite3.Connection | None:
    """Return the browsing index of DEST, updated from the journal. Raises OSError, NewerFormat.

    None if DEST has no journal. `rebuild`: build the index again, even if it exists.
    """
    state_fd = open_state_dir(dest, create=False)
    if state_fd is None:
        return None
    try:
        journal = os.open(
            MANIFEST_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=state_fd
        )
    except FileNotFoundError:
        return None
    finally:
        os.close(state_fd)
    path = os.path.join(os.fsencode(dest), STATE_DIR.encode(), FILE.encode())
    linked = any(os.path.islink(path + end) for end in _SQLITE_FILES)  # SQLite would follow symbolic links
    try:
        database = None if rebuild or linked else _existing_index(path, journal)
        if database is None and not linked:
            with suppress(OSError, sqlite3.Error):
                database = _new_index(dest, path)
        return database or _filled_index(dest, sqlite3.connect(":memory:"))
    finally:
        os.close(journal)


def _existing_index(path: bytes, journal: int) -> sqlite3.Connection | None:
    """Return the existing index at `path`, updated from the journal.

    None if there is no index, or if it is damaged or does not match the journal. `journal`: descriptor of the open
    journal.
    """
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        database = sqlite3.connect(path, isolation_level=None)
    except (OSError, sqlite3.Error):
        return None
    try:
        _set_pragmas(database)
        with database:
            database.execute("BEGIN IMMEDIATE")
            _catch_up(database, journal)
        return database
    except (IndexOutdated, InvalidRecord, sqlite3.Error, ValueError, TypeError, OSError):
        database.close()
        return None


def _new_index(dest: str, path: bytes) -> sqlite3.Connection:
    """Build an index beside the journal and return it. Raises OSError, sqlite3.Error, NewerFormat.

    It has a temporary name until it is complete. `path`: its final path.
    """
    _drop_unfinished(path)
    new = path + b".%d" % os.getpid()
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    try:
        with closing(_filled_index(dest, sqlite3.connect(new, isolation_level=None))):
            pass
        os.rename(new, path)
    except BaseException:
        os.unlink(new)
        raise
    database = sqlite3.connect(path, isolation_level=None)
    _set_pragmas(database)
    return database


def _drop_unfinished(path: bytes) -> None:
    """Remove incomplete indexes beside the index at `path`, left by processes that were killed. Raises OSError."""
    folder, name = os.path.split(path)
    for name_in_folder in os.listdir(folder):
        number = name_in_folder.removeprefix(name + b".")
        if number != name_in_folder and number.isdigit() and not os.path.exists(b"/proc/" + number):
            with suppress(OSError):
                os.unlink(os.path.join(folder, name_in_folder))


def _set_pragmas(database: sqlite3.Connection) -> None:
    """Turn off syncing (a broken index can be built again), and set the size of the cache to 64 MiB."""
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA journal_mode = MEMORY")
    database.execute("PRAGMA cache_size = -65536")


def _filled_index(dest: str, database: sqlite3.Connection) -> sqlite3.Connection:
    """Fill an empty database with the manifest of DEST and return it. Raises NewerFormat, OSError, sqlite3.Error."""
    manifest = Manifest.open(dest, read_only=True)
    try:
        _set_pragmas(database)
        with database:
            database.executescript(_TABLES)
            database.execute("BEGIN")
            _put_entries(database, manifest.live_records())
            database.execute(_COUNT.format(""))
            for run_opened, run_closed in manifest.runs:
                _begin(database, run_opened)
                if run_closed is not None:
                    _end(database, run_closed)
            inode, size, last, sequence = manifest.position
            problems = os.fsencode("\n".join(manifest.problems))
            database.execute(
                "INSERT INTO state VALUES (?, ?, ?, ?, ?)", (inode, size, last, sequence, problems)
            )
    finally:
        manifest.release()
    return database


def _catch_up(database: sqlite3.Connection, journal: int) -> None:
    """Add the records of the journal that are not in the index. `journal`: descriptor of the open journal.

    Raises IndexOutdated if the index does not match the journal. Raises InvalidRecord if a new record is damaged.
    """
    if database.execute("PRAGMA user_version").fetchone() != (SCHEMA_VERSION,):
        raise IndexOutdated
    tables = database.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()
    if tables != (_TABLES.count("CREATE TABLE"),):
        raise IndexOutdated
    [columns] = database.execute("SELECT * FROM state").fetchall()
    state, current_stat = IndexState(*columns), os.fstat(journal)
    if state.inode != current_stat.st_ino or current_stat.st_size < state.size:
        raise IndexOutdated
    touched: set[int] = set()
    last, sequence = state.last, state.sequence
    with os.fdopen(os.dup(journal), "rb", buffering=1 << 20) as file:
        start = state.last or len(HEADER)
        new_frames = frames(file, start, current_stat.st_size, sequence - 1 if state.last else sequence)
        if state.last and next(new_frames)[1] != sequence:
            raise IndexOutdated
        if current_stat.st_size == state.size:
            return
        for offset, number, payload in new_frames:
            touched |= _apply(database, payload)
            last, sequence = offset, number
    for folder in touched:
        database.execute("DELETE FROM tally WHERE folder = ?", (folder,))
        database.execute(_COUNT.format("WHERE folder = ?"), (folder,))
    database.execute(
        "UPDATE state SET size = ?, last = ?, sequence = ?", (current_stat.st_size, last, sequence)
    )


def _apply(database: sqlite3.Connection, payload: bytes) -> set[int]:
    """Add one record to the index. Return the numbers of the folders whose entries change.

    `payload`: the payload of a frame of the journal. Raises InvalidRecord.
    """
    match decode(payload):
        case BatchDone() as record:
            return _put_entries(database, [(record, range(record.count))])
        case EntriesForgotten() as forgotten:
            touched = set()
            for key in forgotten.keys:
                folder, name = split_path(key)
                number = _folder(database, folder)
                touched.add(number)
                database.execute("DELETE FROM entry WHERE folder = ? AND name = ?", (number, name))
            return touched
        case RunOpened() as run_opened:
            _begin(database, run_opened)
        case RunClosed() as run_closed:
            _end(database, run_closed)
    return set()


def _put_entries(
    database: sqlite3.Connection, records: Iterable[tuple[BatchDone, Iterable[int]]]
) -> set[int]:
    """Insert entries. Return the numbers of their folders.

    `records`: each record, with the indexes of its entries to insert.
    """
    folder_ids: dict[bytes, int] = {}
    for record, numbers in records:
        for folder in record.folders:
            if folder not in folder_ids:
                folder_ids[folder] = _folder(database, folder)
        ids = [folder_ids[folder] for folder in record.folders]
        rows = [(ids[folder], *columns) for folder, *columns in brief_entries(record, numbers)]
        database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    return set(folder_ids.values())


def _folder(database: sqlite3.Connection, path: bytes) -> int:
    database.execute("INSERT OR IGNORE INTO folder (path) VALUES (?)", (path,))
    [(number,)] = database.execute("SELECT id FROM folder WHERE path = ?", (path,)).fetchall()
    return int(number)


def _begin(database: sqlite3.Connection, run: RunOpened) -> None:
    options = msgspec.msgpack.encode(run.options)
    row = (run.run, run.started_ns, run.version, options)
    database.execute("INSERT INTO run VALUES (?, ?, ?, ?, NULL, NULL, NULL, NULL)", row)


def _end(database: sqlite3.Connection, run: RunClosed) -> None:
    exit_code = run.exit_code if run.exit_code >= 0 else None
    row = (run.ended_ns, msgspec.msgpack.encode(run.counts), exit_code, run.stopped)
    database.execute(
        "UPDATE run SET ended = ?, counts = ?, exit = ?, stopped = ? WHERE rowid = (SELECT max(rowid) FROM run)",
        row,
    )
