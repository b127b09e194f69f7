"""Write the IPTC block of a file after ExifTool has written its other tags.

ExifTool would cut texts at the lengths of the IPTC standard. This module keeps them in full.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from msgspec.structs import replace

from pef_tui.filesystem.copying import CopyMethods, assemble
from pef_tui.hooks import Staged, Written
from pef_tui.model import TagEdit
from pef_tui.native import Declined
from pef_tui.native.iptc_edits import EDITABLE_TAGS
from pef_tui.native.jpeg import edit_iptc

_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def without_iptc(edits: Sequence[TagEdit]) -> tuple[TagEdit, ...]:
    """Return the edits for ExifTool: all except edits of IPTC tags, which this module writes."""
    return tuple(edit for edit in edits if edit.tag not in EDITABLE_TAGS)


def with_iptc(answer: Written, staged: Staged, edits: Sequence[TagEdit]) -> Written:
    """Write the IPTC edits into the copy after ExifTool. Return ExifTool's `answer` with these edits added.

    If the IPTC block is not supported, it stays unchanged, and the edits are not added. Raises OSError.
    """
    fields = [edit for edit in edits if edit.tag in EDITABLE_TAGS]
    if not fields or answer.outcome not in ("written", "unchanged"):
        return answer
    exiftool_edits = without_iptc(edits)
    written_edits = exiftool_edits if answer.edits is None else answer.edits
    has_iptc = written_edits == exiftool_edits and _write_block(staged, fields)
    if answer.outcome == "unchanged" and not has_iptc:
        return answer
    written_tags = {edit.tag for edit in (*written_edits, *(fields if has_iptc else ()))}
    edits_in_file = (
        tuple(edit for edit in edits if edit.tag in written_tags)
        if written_edits == exiftool_edits
        else written_edits
    )
    return replace(
        answer, outcome="written", edits=None if edits_in_file == staged.plan.edits else edits_in_file
    )


def _write_block(staged: Staged, fields: Sequence[TagEdit]) -> bool:
    """Write the edits `fields` into the IPTC block of the copy.

    Return False if the file is not a JPEG, or if its block is not supported. Raises OSError.
    """
    state = staged.plan.match.metadata
    if state is None or state.format != "jpeg":
        return False
    new_path = staged.path + ".new"
    with os.fdopen(os.open(staged.path, _READ_FLAGS), "rb") as source, suppress(Declined):
        pieces = edit_iptc(fields, source, os.fstat(source.fileno()).st_size)
        if not pieces:
            return True
        target = os.open(new_path, _CREATE_FLAGS, 0o600)
        try:
            assemble(pieces, source.fileno(), target, CopyMethods())
            os.replace(new_path, staged.path)
        except BaseException:
            os.unlink(new_path)
            raise
        finally:
            os.close(target)
        return True
    return False
