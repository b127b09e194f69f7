"""Make staged copies: private copies in the staging folder. Writers change these, never a file under its final name.

The name of a copy is a number and an extension, such as `17.jpg`. So no tool gets a file name from an export. The
extension follows from the content of the file.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import BinaryIO

from pef_tui.filesystem.copying import CHUNK, SourceChanged, assemble, copy_file
from pef_tui.filesystem.fingerprint import Fingerprint, fingerprint_descriptor, fingerprint_pieces
from pef_tui.filesystem.temp_files import write_at
from pef_tui.formats import FORMATS
from pef_tui.hooks import Piece
from pef_tui.model import Plan
from pef_tui.output.output_dir import OutputDir, open_staging

_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}")


def clean_staging(path: str) -> int:
    """Remove all files that earlier runs left in the staging folder, and return their number. Raises OSError.

    `path`: path of DEST. The caller must hold the lock of DEST.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        staging = open_staging(fd, create=False)
    except FileNotFoundError:
        return 0
    finally:
        os.close(fd)
    try:
        names = os.listdir(staging)
        for name in names:
            with suppress(FileNotFoundError):  # FUSE and NFS remove files that a killed run had open
                _remove(name, staging)
    finally:
        os.close(staging)
    return len(names)


def _remove(name: str, folder: int) -> None:
    present = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISDIR(present.st_mode):
        shutil.rmtree(name, dir_fd=folder)
    else:
        os.unlink(name, dir_fd=folder)


def extension_of(plan: Plan) -> str:
    """Return the extension for the staged copy of the Plan's file, such as `.jpg`.

    It is an extension of the format that the content has. If the format is unknown, it is the extension of the source
    file if harmless (1 to 10 ASCII letters or digits), else `.bin`.
    """
    match = plan.match
    if (
        match.metadata is not None
        and (file_format := FORMATS.get(match.metadata.format)) is not None
        and file_format.extensions
    ):
        source_extension = os.path.splitext(match.media.name)[1].lower()
        return source_extension if source_extension in file_format.extensions else file_format.extensions[0]
    source_extension = os.path.splitext(match.media.name)[1]
    return source_extension.lower() if _EXTENSION.fullmatch(source_extension) else ".bin"


Finish = Callable[[int, bytes], None]
"""A function that completes a copy. Its arguments are the descriptor and the fingerprint of the copy."""


def stage(
    dest: OutputDir,
    name: str,
    source: BinaryIO,
    size: int,
    mtime_ns: int,
    pieces: Sequence[Piece] | None = None,
    finish: Finish | None = None,
) -> bytes:
    """Make the file `name` in the staging folder from `source`, or from `pieces`. Return the fingerprint of `source`.

    `finish`: called before the copy is closed. `size`, `mtime_ns`: what the scan found. Raises SourceChanged if the
    source differs from them; for a member of an archive, only the size is compared. Raises OSError. An incomplete copy
    is removed.
    """
    fd = os.open(name, _CREATE_FLAGS, 0o600 if dest.in_place else dest.mode, dir_fd=dest.staging_fd)
    try:
        source_fd = file_descriptor(source)
        if source_fd is None:
            hasher = Fingerprint(size)
            copied = copy_stream(source, fd, size, hasher)
            source_digest = digest = hasher.digest()
        else:
            _compare(source_fd, size, mtime_ns)
            if pieces is None:
                copied = copy_file(source_fd, fd, size, dest.copy_methods)
            else:
                assemble(pieces, source_fd, fd, dest.copy_methods)
                copied = size
            source_digest = digest = fingerprint_descriptor(source_fd, size)
            if pieces is not None and finish is not None:
                digest = fingerprint_pieces(pieces, source_fd)
            _compare(source_fd, size, mtime_ns)
        if copied != size:
            raise SourceChanged(f"changed while the run was on: {copied} bytes instead of {size}")
        if finish is not None:
            finish(fd, digest)
        return source_digest
    except BaseException:
        with suppress(OSError):  # the next run removes what cannot be removed now
            os.unlink(name, dir_fd=dest.staging_fd)
        raise
    finally:
        os.close(fd)


def file_descriptor(source: BinaryIO) -> int | None:
    """Return the file descriptor of `source`; None for a member of an archive, which has none."""
    try:
        return source.fileno()
    except (OSError, AttributeError):
        return None


def _compare(fd: int, size: int, mtime_ns: int) -> None:
    present = os.fstat(fd)
    if not stat.S_ISREG(present.st_mode):
        raise SourceChanged("changed while the run was on: no regular file any more")
    if present.st_size != size or present.st_mtime_ns != mtime_ns:
        raise SourceChanged("changed while the run was on: another size or time than when it was found")


def copy_stream(source: BinaryIO, target: int, size: int, hasher: Fingerprint | None) -> int:
    """Copy a stream to the open file `target`, and return the number of copied bytes.

    At most `size` + 1 bytes are read. So a member of an archive that states a false length cannot fill the disk.
    `hasher`: gets the bytes; None for none. Raises OSError, and the errors of reading the stream.
    """
    copied = 0
    while copied <= size and (data := source.read(min(CHUNK, size + 1 - copied))):
        write_at(target, data, copied)
        if hasher is not None:
            hasher.update(data)
        copied += len(data)
    return copied
