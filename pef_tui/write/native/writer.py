"""The writer `native`: files written without ExifTool, and only what comes out as ExifTool writes it.

Everything else is declined before anything is touched, and goes to the next writer.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from pef_tui.hooks import Piece, Staged, Writer, Written
from pef_tui.model import Plan, TagEdit
from pef_tui.write.copying import Ways, assemble
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.editors import EDITORS

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def native_writer() -> Writer:
    """The writer for sound files of some formats whose tags were read natively; it comes before ExifTool."""
    return Writer("native", accepts, NativeSession, order=100, compose=compose, fit=fit)


def accepts(plan: Plan) -> bool:
    """Was the file wholly understood, and is every edit one that is known for its format?"""
    state = plan.match.state
    if state is None or state.reader != "native" or state.damage or state.format not in EDITORS:
        return False
    try:
        EDITORS[state.format].check(edits_of(plan))
    except Declined:
        return False
    return True


def edits_of(plan: Plan) -> Sequence[TagEdit]:
    """The Plan's edits; those of IPTC tags only where the file has an IPTC block already."""
    tags = plan.match.state.tags if plan.match.state else {}
    if any(edit.tag.startswith("IPTC:") for edit in plan.edits) and not any(
        tag.startswith("IPTC:") for tag in tags
    ):
        return [edit for edit in plan.edits if not edit.tag.startswith("IPTC:")]
    return plan.edits


def compose(plan: Plan, source: BinaryIO) -> tuple[Piece, ...] | Written:
    """A hooks.Compose: what the file in `source` consists of with the Plan's edits made. Raises OSError alone."""
    return fit(plan, source, 0)


def fit(plan: Plan, source: BinaryIO, room: int) -> tuple[Piece, ...] | Written:
    """A hooks.Fit: the same with `room` bytes more before what is moved."""
    state = plan.match.state
    editor = EDITORS.get(state.format if state else "")
    if editor is None:
        return Written("declined", "a format that is left to ExifTool")
    try:
        pieces = editor.edit(edits_of(plan), source, plan.match.media.size, room)
    except Declined as reason:
        return Written("declined", str(reason))
    except OSError:
        raise
    except Exception as error:
        return Written("declined", f"{type(error).__name__}: {error}")
    return pieces or Written("unchanged")


class NativeSession:
    """A hooks.WriterSession for copies that could not be composed from their source (members of archives)."""

    def __init__(self) -> None:
        self._ways = Ways()

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        """Write each Plan's edits into its copy. Raises OSError (ENOSPC, EDQUOT) when the disk is full."""
        for each in staged:
            try:
                yield self._write(each)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise
                why = f"could not be written: {error.strerror or error}"
                yield Written("failed", why, temporary=True)

    def close(self) -> None:
        """Nothing to let go of."""

    def _write(self, staged: Staged) -> Written:
        new = staged.path + ".new"
        with os.fdopen(os.open(staged.path, _READ), "rb") as source:
            pieces = compose(staged.plan, source)
            if isinstance(pieces, Written):
                return pieces
            target = os.open(new, _CREATE, 0o600)
            try:
                assemble(pieces, source.fileno(), target, self._ways)
                os.replace(new, staged.path)
            except BaseException:
                os.unlink(new)
                raise
            finally:
                os.close(target)
        return Written("written")
