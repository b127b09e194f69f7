"""Edits of an IPTC block where ExifTool writes everything else.

ExifTool would cut the texts of the block at the lengths of the standard; here they stay byte for byte.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from msgspec.structs import replace

from pef_tui.hooks import Staged, Written
from pef_tui.model import TagEdit
from pef_tui.write.copying import Ways, assemble
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.iptc_edits import KNOWN
from pef_tui.write.native.jpeg import edit_iptc

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def without_iptc(edits: Sequence[TagEdit]) -> tuple[TagEdit, ...]:
    """The edits that are left to ExifTool."""
    return tuple(edit for edit in edits if edit.tag not in KNOWN)


def with_iptc(written: Written, staged: Staged, edits: Sequence[TagEdit]) -> Written:
    """Put the edits of IPTC into the copy that ExifTool wrote; where that cannot be, its block stays as it is.

    Raises OSError.
    """
    fields = [edit for edit in edits if edit.tag in KNOWN]
    if not fields or written.word not in ("written", "unchanged"):
        return written
    others = without_iptc(edits)
    said = others if written.edits is None else written.edits
    done = said == others and _has_put(staged, fields)
    if written.word == "unchanged" and not done:
        return written
    made = {edit.tag for edit in (*said, *(fields if done else ()))}
    found = tuple(edit for edit in edits if edit.tag in made) if said == others else said
    return replace(written, word="written", edits=None if found == staged.plan.edits else found)


def _has_put(staged: Staged, fields: Sequence[TagEdit]) -> bool:
    """Was anything put into the block of the copy? Raises OSError."""
    state = staged.plan.match.state
    if state is None or state.format != "jpeg":
        return False
    new = staged.path + ".new"
    with os.fdopen(os.open(staged.path, _READ), "rb") as source, suppress(Declined):
        pieces = edit_iptc(fields, source, os.fstat(source.fileno()).st_size)
        if not pieces:
            return True
        target = os.open(new, _CREATE, 0o600)
        try:
            assemble(pieces, source.fileno(), target, Ways())
            os.replace(new, staged.path)
        except BaseException:
            os.unlink(new)
            raise
        finally:
            os.close(target)
        return True
    return False
