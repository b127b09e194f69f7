"""The writer `exiftool`: any format ExifTool can write, one file a command, and what to do with damaged files.

A file that ExifTool cannot write is tried again with less: without the Interop directory (broken in many of Google's
edited copies), then XMP only, then an XMP file beside it. Never `-m`: it deletes a bad IFD0 and bytes behind an MP4.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from pef_tui.exiftool import Answer, Process, ProcessError, arguments, fits
from pef_tui.formats import FORMATS, Class
from pef_tui.hooks import Staged, Writer, Written
from pef_tui.model import Plan, TagEdit
from pef_tui.write.iptc_beside import with_iptc, without_iptc
from pef_tui.write.kept import Kept
from pef_tui.write.xmp_writer import write_beside
from pef_tui.xmp import can_write, to_xmp

_NO_MEDIA = re.compile(r"Not a valid|File is empty|Unknown file type|File not found")
_NO_VALUES = re.compile(r"Nothing to do")
_LOSS = re.compile(r"dropped|deleted|may be corrupt|[Ee]rror rebuilding")
"""Warnings that something of the camera's is gone, though the file counts as updated."""
_NO_EXIF = re.compile(r"Format error in file")
"""The EXIF block has no TIFF header. exiv2, and so digiKam and darktable, then read nothing of a JPEG, not even its
XMP, so the tags go into an XMP file (seen with exiv2 0.27.6)."""
_WRITE_ERROR = re.compile(r"Error (?:writing|creating|renaming|copying|closing)")
_SPARE = 1 << 20
"""Bytes beyond the file's size that writing it may need."""


class Rung(Struct, frozen=True):
    """One way to write a file."""

    words: str
    """How it differs from the usual way; "" for that."""
    helps: re.Pattern[str]
    """What an error of the rungs before must say for this one to make sense."""
    arguments: Callable[[Sequence[TagEdit], Class], list[str]]


def _without_interop(edits: Sequence[TagEdit], cls: Class) -> list[str]:
    return [*arguments(edits, cls), "-InteropIFD:all="]


def _xmp_only(edits: Sequence[TagEdit], cls: Class) -> list[str]:
    return arguments(to_xmp(edits), cls)


_LADDER = (
    Rung("", re.compile(""), arguments),
    Rung("written without its Interop directory, which is damaged", re.compile("Interop"), _without_interop),
    Rung("only XMP was written, because the file is damaged", re.compile("."), _xmp_only),
)


def exiftool_writer(
    path: str, *, raw: bool = False, beside: bool = True, process: Callable[[str], Process] = Process
) -> Writer:
    """The writer that uses the ExifTool at `path`; raw pictures only with `raw` (they are originals).

    A file already known to be damaged is not taken, nor one that ExifTool would harm (`State.closed`). Where damage
    shows only when writing, an XMP file is the last resort, unless `beside` forbids it.
    """

    def accepts(plan: Plan) -> bool:
        cls, state = format_class(plan), plan.match.state
        if (cls == "raw" and not raw) or (state is not None and (state.damage or state.closed)):
            return False
        return any(fits(edit.tag, cls) for edit in wanted(plan))

    return Writer("exiftool", accepts, lambda: ExifToolSession(process(path), beside=beside), order=200)


def format_class(plan: Plan) -> Class:
    """Which tags the Plan's file takes, by its content; `none` where its format is not known."""
    known = FORMATS.get(plan.match.state.format) if plan.match.state else None
    return known.cls if known else "none"


def wanted(plan: Plan) -> tuple[TagEdit, ...]:
    """The Plan's edits; those of IPTC tags only where the file has an IPTC block already."""
    tags = plan.match.state.tags if plan.match.state else {}
    if any(tag.startswith("IPTC:") for tag in tags):
        return plan.edits
    return tuple(edit for edit in plan.edits if not edit.tag.startswith("IPTC:"))


class ExifToolSession:
    """A hooks.WriterSession: one ExifTool, one thread."""

    def __init__(self, process: Process, *, beside: bool = True) -> None:
        self._process = process
        self._beside = beside

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        """Write each Plan's edits into its copy. Raises OSError (ENOSPC) when the disk is full."""
        for each in staged:
            yield self._write(each)

    @property
    def process(self) -> Process:
        """The ExifTool, which can read as well; for the thread of this session."""
        return self._process

    def close(self) -> None:
        """End ExifTool."""
        self._process.close()

    def _write(self, staged: Staged) -> Written:
        edits, cls = wanted(staged.plan), format_class(staged.plan)
        left_out = [edit.tag for edit in edits if not fits(edit.tag, cls)]
        notes = (f"this format cannot hold {', '.join(left_out)}",) if left_out else ()
        try:
            with Kept(staged.path) as kept:
                written = self._climb(kept, staged.plan, without_iptc(edits), cls, notes)
                return with_iptc(written, staged, edits)
        except ProcessError as error:
            return Written("failed", str(error), notes, temporary=True)
        except ValueError as error:
            return Written("failed", str(error), notes)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            return Written("failed", f"could not be written: {error}", notes, temporary=True)

    def _climb(
        self, kept: Kept, plan: Plan, edits: Sequence[TagEdit], cls: Class, notes: tuple[str, ...]
    ) -> Written:
        """Try one rung after the other, each on the copy as it was."""
        reason = ""
        args: list[str] = []
        for rung in _LADDER:
            if rung is _LADDER[-1] and self._beside and _NO_EXIF.search(reason):
                break
            before, args = args, rung.arguments(edits, cls)
            if not args or args == before or not rung.helps.search(reason):
                continue
            answer = self._command(args, kept)
            warnings = (*notes, *((f"{rung.words} ({reason})",) if rung.words else ()), *answer.warnings)
            lost = "; ".join(warning for warning in answer.warnings if _LOSS.search(warning))
            if answer.updated and not answer.errors and not (lost and kept.linked):
                said = to_xmp(edits) if rung is _LADDER[-1] else edits
                said = tuple(edit for edit in said if fits(edit.tag, cls))
                return _written(kept, warnings, None if said == plan.edits else said)
            if answer.unchanged and not answer.errors:
                return Written("unchanged", "", warnings)
            kept.fresh()
            error = "; ".join(answer.errors) or lost or "ExifTool wrote nothing and does not say why"
            if any(_NO_VALUES.search(warning) for warning in answer.warnings):
                return Written(
                    "failed", f"ExifTool takes none of the values: {'; '.join(answer.warnings)}", notes
                )
            if _NO_MEDIA.search(error) or not kept.size:
                return Written("failed", error, warnings)
            reason = reason or error
        if not reason:
            return Written("unchanged", "", notes)
        if not self._beside:
            return Written("failed", reason, notes)
        return _beside(kept.path, plan, edits, reason, notes)

    def _command(self, args: Sequence[str], kept: Kept) -> Answer:
        """Write into the copy; once more, on the copy as it was, when ExifTool dies or hangs or cannot write."""
        command: list[str | bytes] = ["-overwrite_original", *args, os.fsencode(kept.path)]
        kept.fresh()
        try:
            answer = self._process.run(command, kept.size)
            if not any(_WRITE_ERROR.match(error) for error in answer.errors):
                return answer
            _want_room(kept)
        except ProcessError:
            pass
        kept.fresh()
        try:
            return self._process.run(command, kept.size)
        except ProcessError:
            kept.fresh()
            raise


def _written(kept: Kept, warnings: tuple[str, ...], edits: tuple[TagEdit, ...] | None) -> Written:
    if kept.untouched() or os.lstat(kept.path).st_size == 0:
        kept.fresh()
        return Written("failed", "ExifTool says it was written, but it was not", warnings, temporary=True)
    return Written("written", "", warnings, edits=edits)


def _beside(path: str, plan: Plan, edits: Sequence[TagEdit], reason: str, notes: tuple[str, ...]) -> Written:
    """The last rung: the file stays as it is, its tags go into an XMP file."""
    said = [edit for edit in edits if edit.value is not None]
    if not any(can_write(edit.tag) for edit in to_xmp(said)):
        return Written("failed", reason, notes)
    return write_beside(path, said, f"damaged: {reason}", notes, fill=plan.match.xmp is None)


def _want_room(kept: Kept) -> None:
    """Raises OSError (ENOSPC, EDQUOT) if the disk has no room for the file once more.

    ExifTool says "Error writing output file" for a full disk, and for a picture that ends too early. When it says so,
    it has removed what it wrote.
    """
    probe = kept.path + ".room"
    number = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        if hasattr(os, "posix_fallocate"):  # macOS has none
            os.posix_fallocate(number, 0, kept.size + _SPARE)
    finally:
        os.close(number)
        os.unlink(probe)
