"""The rule that no file counts as written without its tags, whoever wrote it.

The writer `native` makes a file of pieces it has checked, and the writer `xmp` a packet it has parsed: what they say is
true by construction. Every other answer is compared with what the file says. Edits that it does not say go into an XMP
file beside it; where that cannot be, the outcome is `failed`, with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from pef_tui.hooks import WriterSession, Written
from pef_tui.model import TagEdit
from pef_tui.write.copies import Copy
from pef_tui.write.dest import Dest
from pef_tui.write.native.iptc_edits import KNOWN as IN_XMP_TOO
from pef_tui.write.xmp_writer import SUFFIX, write_beside
from pef_tui.xmp import can_write, to_xmp

_PROVED = frozenset({"native", "xmp"})
"""Writers whose `written`, `sidecar` and `unchanged` need no second look."""
_BESIDE = frozenset({*_PROVED, "exiftool"})
"""Writers that put XMP files beside pictures through `write_beside`."""
_NOWHERE = "its tags cannot be read back from the file"


class Asked(NamedTuple):
    """A file to be read back."""

    format: str
    path: str
    edits: tuple[TagEdit, ...]


class Missing(Protocol):
    """Tells which of the edits each file does not say."""

    def __call__(
        self, asked: Sequence[Asked], sessions: Mapping[str, WriterSession], *, exiftool: bool
    ) -> list[tuple[TagEdit, ...]]:
        """In order; all the edits of a file that cannot be read."""


def is_questionable(copy: Copy) -> bool:
    """May it be that what a writer left does not say what was wanted?"""
    written = copy.written
    if written is None or not copy.name:
        return False
    return _is_refused(copy, written) or _is_doubtful(copy, written)


def lost_tags(
    copies: Sequence[Copy],
    place: Dest,
    missing: Missing | None,
    sessions: Mapping[str, WriterSession],
    names: set[str],
) -> list[tuple[Copy, tuple[TagEdit, ...]]]:
    """The copies whose files do not say all that was wanted, each with the edits that are missing.

    `names`: of the writers of the run.
    """
    lost: list[tuple[Copy, tuple[TagEdit, ...]]] = []
    doubtful: list[Copy] = []
    for copy in copies:
        if copy.written is None or not is_questionable(copy) or not (edits := wanted(copy)):
            continue
        if _is_refused(copy, copy.written):
            lost.append((copy, edits))
        else:
            doubtful.append(copy)
    if doubtful and missing is not None:
        asked = [_asked(copy, place) for copy in doubtful]
        answers = missing(asked, sessions, exiftool="exiftool" in names)
        lost += [(copy, edits) for copy, edits in zip(doubtful, answers, strict=True) if edits]
    return lost


def wanted(copy: Copy) -> tuple[TagEdit, ...]:
    """The edits of a copy but those of IPTC that say nothing new: of an IPTC block XMP has keywords and caption too."""
    state, edits = copy.plan.match.state, copy.plan.edits
    block = state is not None and any(tag.startswith("IPTC:") for tag in state.tags)
    return tuple(
        edit for edit in edits if not edit.tag.startswith("IPTC:") or (block and edit.tag not in IN_XMP_TOO)
    )


def _is_refused(copy: Copy, written: Written) -> bool:
    return written.word == "declined" or (copy.writer == "xmp" and written.word == "unchanged")


def _is_doubtful(copy: Copy, written: Written) -> bool:
    if written.word == "failed":
        return False
    return copy.writer not in (_BESIDE if written.word == "sidecar" else _PROVED)


def _asked(copy: Copy, place: Dest) -> Asked:
    path, state = os.path.join(place.staging, copy.name), copy.plan.match.state
    edits = wanted(copy)
    if copy.written is not None and copy.written.word == "sidecar":
        return Asked("xmp", path + SUFFIX, tuple(edit for edit in to_xmp(edits) if can_write(edit.tag)))
    return Asked(state.format if state is not None else "", path, edits)


def is_to_be_restaged(copy: Copy, missing: Sequence[TagEdit]) -> bool:
    """Did ExifTool change the file without putting any of the values into it?

    What a plugin writes may be more than edits tell: its file stays as it made it.
    """
    if copy.written is None or copy.written.word != "written" or copy.writer != "exiftool":
        return False
    left = {edit.tag for edit in missing}
    return not any(edit.value not in (None, ()) and edit.tag not in left for edit in wanted(copy))


def put_beside(copy: Copy, place: Dest, missing: Sequence[TagEdit], *, allowed: bool) -> Written:
    """Put all the edits of a copy into its XMP file; what is to be told of that.

    The edits that only the XMP file says are then `copy.beside`. Raises OSError (ENOSPC, EDQUOT).
    """
    was = copy.written
    assert was is not None
    why = was.reason or _reason(was, missing)
    said = [edit for edit in wanted(copy) if edit.value is not None]
    if not allowed or not any(can_write(edit.tag) for edit in to_xmp(said)):
        return Written("failed", why, was.warnings)
    path = os.path.join(place.staging, copy.name)
    fill = copy.plan.match.xmp is None
    answer = write_beside(path, said, why, was.warnings, fill=fill)
    if answer.word != "sidecar":
        return replace(answer, word="failed", reason="; ".join((why, *answer.warnings[len(was.warnings) :])))
    if was.word != "written" or is_to_be_restaged(copy, missing):
        return answer
    left = {edit.tag for edit in missing}
    copy.beside = tuple(edit for edit in missing if edit.value is not None)
    there = tuple(edit for edit in wanted(copy) if edit.tag not in left)
    return replace(answer, word="written", edits=there)


def _reason(written: Written, missing: Sequence[TagEdit]) -> str:
    """Why the tags are not in the file."""
    tags = [edit.tag for edit in missing]
    shown = ", ".join(tags[:3]) + (f" and {len(tags) - 3} more" if len(tags) > 3 else "")
    said = "; ".join(written.warnings)
    return f"{_NOWHERE}: {shown}" + (f" ({said})" if said else "")
