"""The rows of a large report, in script files beside the page, which the page loads when it shows or searches them.

A page that is opened as a file must not `fetch` other files, but it may load scripts. Each file calls `pefRows` with
its number and its rows by section.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from msgspec.json import encode

from pef_tui.system_calls import sync_file

INLINE_BYTES = 8_000_000
"""Maximum size of the rows that are in the page itself. The rows of larger reports are in files."""
FILE_BYTES = 2_000_000
"""Size at which a file of rows ends."""
FOLDER_SUFFIX = ".rows"
"""End of the name of the folder with the files, which begins with the name of the page."""
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class RowFiles:
    """Writes the rows of one report. The names of the files differ for each report, so that an older page keeps its
    files until it is replaced.
    """

    def __init__(self, page: str, mode: int) -> None:
        """`page`: path of the page. `mode`: permissions of the files. Raises OSError if the folder cannot be made."""
        self.folder = page + FOLDER_SUFFIX
        self._mode = mode
        self._token = secrets.token_hex(4)
        self._count = 0
        self._size = 0
        self._waiting: list[tuple[int, list[str]]] = []
        with suppress(FileExistsError):
            os.mkdir(self.folder, 0o700)
        if os.path.islink(self.folder):
            raise NotADirectoryError(20, "is a link", self.folder)
        os.chmod(self.folder, mode | (mode & 0o444) >> 2)

    @property
    def prefix(self) -> str:
        """Return the part of the address of each file before its number, relative to the page."""
        return f"{os.path.basename(self.folder)}/{self._token}-"

    def add(self, section: int, blocks: Iterable[bytes]) -> tuple[int, int]:
        """Add the rows of a section, one line each. Return the numbers of the first and the last file with its rows.

        Raises OSError.
        """
        first = self._count
        rows: list[str] = []
        for row in _lines(blocks):
            if not rows:
                self._waiting.append((section, rows))
            rows.append(row.decode())
            self._size += len(row)
            if self._size >= FILE_BYTES:
                self._write()
                rows = []
        return first, self._count if rows else max(first, self._count - 1)

    def finish(self) -> None:
        """Write the last file. Raises OSError."""
        if self._waiting:
            self._write()

    def remove(self) -> None:
        """Remove the files of this report."""
        _remove(self.folder, lambda name: name.startswith(self._token))

    def remove_others(self) -> None:
        """Remove the files of earlier reports of the same name."""
        _remove(self.folder, lambda name: not name.startswith(self._token))

    def _write(self) -> None:
        path = os.path.join(self.folder, f"{self._token}-{self._count}.js")
        with os.fdopen(os.open(path, _CREATE, self._mode), "wb") as stream:
            os.fchmod(stream.fileno(), self._mode)
            stream.write(b"pefRows(%d,%s)\n" % (self._count, encode(self._waiting)))
            stream.flush()
            sync_file(stream.fileno())
        self._count += 1
        self._size = 0
        self._waiting = []


def remove_row_files(page: str) -> None:
    """Remove the files of rows of an earlier report, if a new one has all rows in its page."""
    folder = page + FOLDER_SUFFIX
    if os.path.isdir(folder) and not os.path.islink(folder):
        _remove(folder, lambda name: True)
        with suppress(OSError):
            os.rmdir(folder)


def _remove(folder: str, is_old: Callable[[str], bool]) -> None:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _is_row_file(entry.name) and is_old(entry.name):
                with suppress(OSError):
                    os.unlink(entry.path)


def _is_row_file(name: str) -> bool:
    """Return whether a name is one that this module gives, so that no other file is removed."""
    token, _, rest = name.partition("-")
    number, dot, end = rest.partition(".")
    return len(token) == 8 and number.isdigit() and dot + end == ".js"


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of `blocks`; each block ends with a whole line."""
    for block in blocks:
        yield from block.splitlines()
