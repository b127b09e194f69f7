"""Make sure that no file counts as written without its tags, whichever writer wrote it.

A writer's answer (`Written`) states what it did with a file. Two writers are trusted: `native` builds a file from
pieces that it has checked, and `xmp` writes a packet that it has parsed. Files of all other writers are read back.
Edits that are missing in a file are written into an XMP file beside it. If that is impossible, the outcome is `failed`,
with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from pef_tui.formats.iptc import has_block
from pef_tui.hooks import WriterSession, Written
from pef_tui.model import TagEdit
from pef_tui.native.iptc_edits import EDITABLE_TAGS as IN_XMP_TOO
from pef_tui.output.output_dir import OutputDir
from pef_tui.output.staged_outputs import StagedOutput
from pef_tui.output.xmp_writer import SUFFIX, write_xmp_file
from pef_tui.xmp import can_write, to_xmp

_CHECKED = frozenset({"native", "xmp"})
"""Writers whose answers `written`, `sidecar` and `unchanged` are trusted. Their files are not read back."""
_XMP_CHECKED = frozenset({*_CHECKED, "exiftool"})
"""Writers whose answer `sidecar` (tags are in an XMP file) is trusted: they write it with `write_xmp_file`."""
_NOT_IN_FILE = "its tags cannot be read back from the file"


class ReadbackRequest(NamedTuple):
    """A file to read back, and the edits that it should contain."""

    format: str
    path: str
    edits: tuple[TagEdit, ...]


class TagReadback(Protocol):
    """A function that reads files and returns the edits that are missing in each file."""

    def __call__(
        self, requests: Sequence[ReadbackRequest], sessions: Mapping[str, WriterSession], *, exiftool: bool
    ) -> list[tuple[TagEdit, ...]]:
        """Return the missing edits of each file, in the order of `requests`.

        For a file that cannot be read, return all of its edits. `exiftool`: whether `sessions` has a session of the
        writer `exiftool`.
        """


def is_questionable(copy: StagedOutput) -> bool:
    """Return whether required tags (`required_edits`) may be missing after a writer's answer.

    Tags may be missing if the writer declined them, or if its answer is not trusted. Return False if there is no answer
    or no copy.
    """
    answer = copy.answer
    if answer is None or not copy.name:
        return False
    return _is_refused(copy, answer) or _is_doubtful(copy, answer)


def lost_tags(
    copies: Sequence[StagedOutput],
    output_dir: OutputDir,
    missing: TagReadback | None,
    sessions: Mapping[str, WriterSession],
    names: set[str],
) -> list[tuple[StagedOutput, tuple[TagEdit, ...]]]:
    """Return the copies whose files lack required tags, each with its missing edits.

    `missing`: reads the files back; None if all writers are trusted. `sessions`: an open session of each writer, by the
    name of the writer. `names`: the names of all writers of the run.
    """
    lost: list[tuple[StagedOutput, tuple[TagEdit, ...]]] = []
    doubtful: list[StagedOutput] = []
    for copy in copies:
        if copy.answer is None or not is_questionable(copy) or not (edits := required_edits(copy)):
            continue
        if _is_refused(copy, copy.answer):
            lost.append((copy, edits))
        else:
            doubtful.append(copy)
    if doubtful and missing is not None:
        requests = [_request(copy, output_dir) for copy in doubtful]
        answers = missing(requests, sessions, exiftool="exiftool" in names)
        lost += [(copy, edits) for copy, edits in zip(doubtful, answers, strict=True) if edits]
    return lost


def required_edits(copy: StagedOutput) -> tuple[TagEdit, ...]:
    """Return the edits that must be in the media file or the XMP file of a copy.

    IPTC edits are left out if the file has no IPTC block: they apply only to an existing block. IPTC keywords and
    captions are always left out: XMP has the same values.
    """
    state, edits = copy.plan.match.metadata, copy.plan.edits
    block = state is not None and has_block(state.tags)
    return tuple(
        edit for edit in edits if not edit.tag.startswith("IPTC:") or (block and edit.tag not in IN_XMP_TOO)
    )


def _is_refused(copy: StagedOutput, answer: Written) -> bool:
    return answer.outcome == "declined" or (copy.writer == "xmp" and answer.outcome == "unchanged")


def _is_doubtful(copy: StagedOutput, answer: Written) -> bool:
    if answer.outcome == "failed":
        return False
    return copy.writer not in (_XMP_CHECKED if answer.outcome == "sidecar" else _CHECKED)


def _request(copy: StagedOutput, output_dir: OutputDir) -> ReadbackRequest:
    path, state = os.path.join(output_dir.staging, copy.name), copy.plan.match.metadata
    edits = required_edits(copy)
    if copy.answer is not None and copy.answer.outcome == "sidecar":
        return ReadbackRequest(
            "xmp", path + SUFFIX, tuple(edit for edit in to_xmp(edits) if can_write(edit.tag))
        )
    return ReadbackRequest(state.format if state is not None else "", path, edits)


def is_to_be_restaged(copy: StagedOutput, missing: Sequence[TagEdit]) -> bool:
    """Return whether ExifTool changed the file, but wrote none of the values. The copy must then be made again.

    `missing`: the edits that the file lacks. False for other writers: a plugin may have written more than the edits, so
    its file is kept.
    """
    if copy.answer is None or copy.answer.outcome != "written" or copy.writer != "exiftool":
        return False
    missing_tags = {edit.tag for edit in missing}
    return not any(
        edit.value not in (None, ()) and edit.tag not in missing_tags for edit in required_edits(copy)
    )


def write_lost_tags(
    copy: StagedOutput, output_dir: OutputDir, missing: Sequence[TagEdit], *, allowed: bool
) -> Written:
    """Write all edits of a copy into its XMP file, and return the new answer. The media file lacks the edits `missing`.

    If the file has the other edits, `copy.xmp_only_edits` is set to the missing ones. `allowed`: whether the run may
    write XMP files; if not, the answer is `failed`. Raises OSError (ENOSPC, EDQUOT) if the disk is full.
    """
    writer_answer = copy.answer
    assert writer_answer is not None
    reason = writer_answer.reason or _reason(writer_answer, missing)
    edits_with_values = [edit for edit in required_edits(copy) if edit.value is not None]
    if not allowed or not any(can_write(edit.tag) for edit in to_xmp(edits_with_values)):
        return Written("failed", reason, writer_answer.warnings)
    path = os.path.join(output_dir.staging, copy.name)
    fill = copy.plan.match.xmp is None
    answer = write_xmp_file(path, edits_with_values, reason, writer_answer.warnings, fill=fill)
    if answer.outcome != "sidecar":
        return replace(
            answer,
            outcome="failed",
            reason="; ".join((reason, *answer.warnings[len(writer_answer.warnings) :])),
        )
    if writer_answer.outcome != "written" or is_to_be_restaged(copy, missing):
        return answer
    missing_tags = {edit.tag for edit in missing}
    copy.xmp_only_edits = tuple(edit for edit in missing if edit.value is not None)
    edits_in_file = tuple(edit for edit in required_edits(copy) if edit.tag not in missing_tags)
    return replace(answer, outcome="written", edits=edits_in_file)


def _reason(answer: Written, missing: Sequence[TagEdit]) -> str:
    """Return the text for the user that states why the tags are not in the file."""
    tags = [edit.tag for edit in missing]
    tag_list = ", ".join(tags[:3]) + (f" and {len(tags) - 3} more" if len(tags) > 3 else "")
    warnings = "; ".join(answer.warnings)
    return f"{_NOT_IN_FILE}: {tag_list}" + (f" ({warnings})" if warnings else "")
