"""The writer `native`: writes tags without ExifTool, but only if ExifTool would write the same result.

All other edits are declined before a file is changed, and go to the next writer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from pef_tui.errors import RunError
from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.filesystem.copying import CopyMethods, assemble
from pef_tui.formats.iptc import drop_without_block
from pef_tui.hooks import Piece, Staged, Writer, Written
from pef_tui.model import Plan, TagEdit
from pef_tui.native import Declined
from pef_tui.native.editors import EDITORS

_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def native_writer() -> Writer:
    """Return the writer `native`. It comes before ExifTool in the order of the writers.

    It accepts undamaged files whose tags were read natively (without ExifTool).
    """
    return Writer(
        "native", accepts, NativeSession, order=100, compose=compose, _compose_aligned=compose_aligned
    )


def accepts(plan: Plan) -> bool:
    """Return whether the file of the Plan is undamaged, was read natively, and its format supports every edit."""
    metadata = plan.match.metadata
    if metadata is None or metadata.reader != "native" or metadata.damage or metadata.format not in EDITORS:
        return False
    try:
        EDITORS[metadata.format].check(applicable_edits(plan))
    except Declined:
        return False
    return True


def applicable_edits(plan: Plan) -> Sequence[TagEdit]:
    """Return the edits of the Plan. If the file has no IPTC block, edits of IPTC tags are left out."""
    return drop_without_block(plan.edits, plan.match.metadata.tags if plan.match.metadata else ())


def compose(plan: Plan, source: BinaryIO) -> tuple[Piece, ...] | Written:
    """Return the pieces of the file in `source` with the edits of the Plan. (Implements `hooks.Compose`.)

    Return `Written("unchanged")` if nothing changes, and `Written("declined", reason)` for any error except OSError.
    Raises only OSError.
    """
    return compose_aligned(plan, source, 0)


def compose_aligned(plan: Plan, source: BinaryIO, padding: int) -> tuple[Piece, ...] | Written:
    """Return the pieces as `compose` does, with `padding` bytes added before the data that moves. Raises only OSError.

    With the padding, the image data has the same offset within a disk block as in the source. The output then shares
    these blocks with the source (reflinks).
    """
    metadata = plan.match.metadata
    editor = EDITORS.get(metadata.format if metadata else "")
    if editor is None:
        return Written("declined", "a format that is left to ExifTool")
    try:
        pieces = editor.edit(applicable_edits(plan), source, plan.match.media.size, padding)
    except Declined as reason:
        return Written("declined", str(reason))
    except (OSError, RunError):
        raise
    except Exception as error:
        return Written("declined", f"{type(error).__name__}: {error}")
    return pieces or Written("unchanged")


class NativeSession:
    """Writes into copies of files without file descriptor (members of archives). A `hooks.WriterSession`."""

    def __init__(self) -> None:
        self._copy_methods = CopyMethods()

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        """Write the edits of each Plan into the copy of its file, and yield one result for each copy.

        Raises OSError (ENOSPC, EDQUOT) if the disk is full. Any other OSError yields `failed`.
        """
        for item in staged:
            try:
                yield self._write(item)
            except OSError as error:
                if error.errno in DISK_FULL:
                    raise
                reason = f"could not be written: {error.strerror or error}"
                yield Written("failed", reason, temporary=True)

    def close(self) -> None:
        """Do nothing, because the session holds no resources."""

    def _write(self, staged: Staged) -> Written:
        new = staged.path + ".new"
        with os.fdopen(os.open(staged.path, _READ_FLAGS), "rb") as source:
            pieces = compose(staged.plan, source)
            if isinstance(pieces, Written):
                return pieces
            target = os.open(new, _CREATE_FLAGS, 0o600)
            try:
                assemble(pieces, source.fileno(), target, self._copy_methods)
                os.replace(new, staged.path)
            except BaseException:
                os.unlink(new)
                raise
            finally:
                os.close(target)
        return Written("written")
