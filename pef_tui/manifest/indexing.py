"""Making the index that `catalog` asks, and bringing it up to date.

It is never the truth: it is made anew from the journal when anything about it is in doubt. It lies in `DEST/.pef-tui`,
or in memory where that cannot be written.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterable
from contextlib import closing, suppress

import msgspec
from msgspec import Struct

from pef_tui.manifest.columns import briefs, split
from pef_tui.manifest.folder import NAME, OWN, open_folder
from pef_tui.manifest.format import Done, Forgotten, Impossible, RunClosed, RunOpened, decode
from pef_tui.manifest.journal import HEADER, frames
from pef_tui.manifest.ledger import Ledger

FILE = "index.sqlite"
_SQLITE_FILES = (b"", b"-journal", b"-wal", b"-shm")
SHAPE = 1
"""Of the tables; another number makes every index anew."""

_TABLES = f"""
PRAGMA user_version = {SHAPE};
CREATE TABLE state (inode INTEGER, size INTEGER, last INTEGER, sequence INTEGER, problems BLOB);
CREATE TABLE run (run TEXT, started INTEGER, version TEXT, options BLOB, ended INTEGER, counts BLOB);
CREATE TABLE folder (id INTEGER PRIMARY KEY, path BLOB UNIQUE);
CREATE TABLE entry (folder INTEGER, name BLOB, word INTEGER, conflict INTEGER, size INTEGER, reason BLOB, output BLOB,
    PRIMARY KEY (folder, name)) WITHOUT ROWID;
CREATE TABLE tally (folder INTEGER, word INTEGER, files INTEGER, conflicts INTEGER, bytes INTEGER,
    PRIMARY KEY (folder, word)) WITHOUT ROWID;
"""
_COUNT = "INSERT INTO tally SELECT folder, word, count(*), sum(conflict), sum(size) FROM entry {} GROUP BY folder, word"


class State(Struct, frozen=True):
    """Which journal an index was made from, and how far."""

    inode: int
    size: int
    """Bytes of the journal taken."""
    last: int
    """Where its last frame begins; 0 where there is none."""
    sequence: int
    """Of that frame."""
    problems: bytes = b""


class Doubt(Exception):
    """The index does not fit the journal."""


def up_to_date(dest: str, *, anew: bool = False) -> sqlite3.Connection | None:
    """The index of DEST as the journal is now; None without a journal. Raises OSError, NewerFormat.

    `anew`: whatever index is there, it is not used.
    """
    own = open_folder(dest, create=False)
    if own is None:
        return None
    try:
        journal = os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=own)
    except FileNotFoundError:
        return None
    finally:
        os.close(own)
    path = os.path.join(os.fsencode(dest), OWN.encode(), FILE.encode())
    linked = any(os.path.islink(path + end) for end in _SQLITE_FILES)  # SQLite would follow them
    try:
        database = None if anew or linked else _kept(path, journal)
        if database is None and not linked:
            with suppress(OSError, sqlite3.Error):
                database = _made(dest, path)
        return database or _filled(dest, sqlite3.connect(":memory:"))
    finally:
        os.close(journal)


def _kept(path: bytes, journal: int) -> sqlite3.Connection | None:
    """The index that is there, brought up to date; None where it cannot be trusted."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        database = sqlite3.connect(path, isolation_level=None)
    except (OSError, sqlite3.Error):
        return None
    try:
        _quick(database)
        with database:
            database.execute("BEGIN IMMEDIATE")
            _caught_up(database, journal)
        return database
    except (Doubt, Impossible, sqlite3.Error, ValueError, TypeError, OSError):
        database.close()
        return None


def _made(dest: str, path: bytes) -> sqlite3.Connection:
    """A new index beside the journal. Raises OSError, sqlite3.Error, NewerFormat."""
    _drop_unfinished(path)
    new = path + b".%d" % os.getpid()
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    try:
        with closing(_filled(dest, sqlite3.connect(new, isolation_level=None))):
            pass
        os.rename(new, path)
    except BaseException:
        os.unlink(new)
        raise
    database = sqlite3.connect(path, isolation_level=None)
    _quick(database)
    return database


def _drop_unfinished(path: bytes) -> None:
    """Remove what making an index left when it was killed."""
    folder, name = os.path.split(path)
    for found in os.listdir(folder):
        number = found.removeprefix(name + b".")
        if number != found and number.isdigit() and not os.path.exists(b"/proc/" + number):
            with suppress(OSError):
                os.unlink(os.path.join(folder, found))


def _quick(database: sqlite3.Connection) -> None:
    """A broken index is made anew: nothing is synced."""
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA journal_mode = MEMORY")
    database.execute("PRAGMA cache_size = -65536")


def _filled(dest: str, database: sqlite3.Connection) -> sqlite3.Connection:
    """All of the manifest. Raises NewerFormat, OSError, sqlite3.Error."""
    ledger = Ledger.open(dest, read_only=True)
    try:
        _quick(database)
        with database:
            database.executescript(_TABLES)
            database.execute("BEGIN")
            _put(database, ledger.live())
            database.execute(_COUNT.format(""))
            for opened, closed in ledger.runs:
                _begin(database, opened)
                if closed is not None:
                    _end(database, closed)
            inode, size, last, sequence = ledger.position
            problems = os.fsencode("\n".join(ledger.problems))
            database.execute(
                "INSERT INTO state VALUES (?, ?, ?, ?, ?)", (inode, size, last, sequence, problems)
            )
    finally:
        ledger.release()
    return database


def _caught_up(database: sqlite3.Connection, journal: int) -> None:
    """Take what the journal has more. Raises Doubt, Impossible."""
    if database.execute("PRAGMA user_version").fetchone() != (SHAPE,):
        raise Doubt
    tables = database.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()
    if tables != (_TABLES.count("CREATE TABLE"),):
        raise Doubt
    [columns] = database.execute("SELECT * FROM state").fetchall()
    state, now = State(*columns), os.fstat(journal)
    if state.inode != now.st_ino or now.st_size < state.size:
        raise Doubt
    touched: set[int] = set()
    last, sequence = state.last, state.sequence
    with os.fdopen(os.dup(journal), "rb", buffering=1 << 20) as file:
        start = state.last or len(HEADER)
        found = frames(file, start, now.st_size, sequence - 1 if state.last else sequence)
        if state.last and next(found)[1] != sequence:
            raise Doubt
        if now.st_size == state.size:
            return
        for place, number, payload in found:
            touched |= _learnt(database, payload)
            last, sequence = place, number
    for folder in touched:
        database.execute("DELETE FROM tally WHERE folder = ?", (folder,))
        database.execute(_COUNT.format("WHERE folder = ?"), (folder,))
    database.execute("UPDATE state SET size = ?, last = ?, sequence = ?", (now.st_size, last, sequence))


def _learnt(database: sqlite3.Connection, payload: bytes) -> set[int]:
    """Take one record; the folders it touches. Raises Impossible."""
    match decode(payload):
        case Done() as done:
            return _put(database, [(done, range(done.count))])
        case Forgotten() as forgotten:
            touched = set()
            for key in forgotten.keys:
                folder, name = split(key)
                number = _folder(database, folder)
                touched.add(number)
                database.execute("DELETE FROM entry WHERE folder = ? AND name = ?", (number, name))
            return touched
        case RunOpened() as opened:
            _begin(database, opened)
        case RunClosed() as closed:
            _end(database, closed)
    return set()


def _put(database: sqlite3.Connection, records: Iterable[tuple[Done, Iterable[int]]]) -> set[int]:
    """Put entries in, given by their records and numbers; the folders they are of."""
    known: dict[bytes, int] = {}
    for done, numbers in records:
        for folder in done.folders:
            if folder not in known:
                known[folder] = _folder(database, folder)
        at = [known[folder] for folder in done.folders]
        rows = [(at[folder], *rest) for folder, *rest in briefs(done, numbers)]
        database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    return set(known.values())


def _folder(database: sqlite3.Connection, path: bytes) -> int:
    database.execute("INSERT OR IGNORE INTO folder (path) VALUES (?)", (path,))
    [(number,)] = database.execute("SELECT id FROM folder WHERE path = ?", (path,)).fetchall()
    return int(number)


def _begin(database: sqlite3.Connection, run: RunOpened) -> None:
    options = msgspec.msgpack.encode(run.options)
    row = (run.run, run.started_ns, run.version, options)
    database.execute("INSERT INTO run VALUES (?, ?, ?, ?, NULL, NULL)", row)


def _end(database: sqlite3.Connection, run: RunClosed) -> None:
    row = (run.ended_ns, msgspec.msgpack.encode(run.counts))
    database.execute("UPDATE run SET ended = ?, counts = ? WHERE rowid = (SELECT max(rowid) FROM run)", row)
