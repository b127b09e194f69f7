"""The writer `exiftool`: writes every format that ExifTool can write, with fallbacks for damaged files.

Each command to ExifTool writes one file. If ExifTool cannot write it, other ways are tried, in this order: without the
Interop directory (broken in many of Google's edited copies), with XMP only, into an XMP file beside the media file.

The ExifTool option `-m` is never used: it deletes a bad IFD0, and the bytes after the end of an MP4.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from pef_tui.exiftool import CommandResult, ExifToolProcess, ProcessError, arguments, fits
from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.formats import FORMATS, Class
from pef_tui.formats.iptc import drop_without_block
from pef_tui.hooks import Staged, Writer, Written
from pef_tui.model import Plan, TagEdit
from pef_tui.output.backup import Backup
from pef_tui.output.iptc import with_iptc, without_iptc
from pef_tui.output.xmp_writer import write_xmp_file
from pef_tui.system_calls import reserve
from pef_tui.xmp import can_write, to_xmp

_NO_MEDIA = re.compile(r"Not a valid|File is empty|Unknown file type|File not found")
_NO_VALUES = re.compile(r"Nothing to do")
_LOSS = re.compile(r"dropped|deleted|may be corrupt|[Ee]rror rebuilding")
"""Matches warnings that metadata of the camera is lost. ExifTool counts such a file as updated."""
_NO_EXIF = re.compile(r"Format error in file")
"""Matches the error for an EXIF block without a TIFF header.

From such a JPEG, exiv2 reads nothing, not even the XMP (seen with 0.27.6). digiKam and darktable use exiv2. So the tags
are written into an XMP file.
"""
_WRITE_ERROR = re.compile(r"Error (?:writing|creating|renaming|copying|closing)")
_SPARE = 1 << 20
"""Free bytes that writing a file may need, in addition to the size of the file."""


class Attempt(Struct, frozen=True):
    """One way to write a file: when it is tried, and with which ExifTool arguments."""

    description: str
    """How this attempt differs from the first one, as text of a warning; "" for the first attempt."""
    applies_to: re.Pattern[str]
    """Pattern of the first attempt's error. The attempt is made only if the error matches."""
    arguments: Callable[[Sequence[TagEdit], Class], list[str]]


def _without_interop(edits: Sequence[TagEdit], cls: Class) -> list[str]:
    return [*arguments(edits, cls), "-InteropIFD:all="]


def _xmp_only(edits: Sequence[TagEdit], cls: Class) -> list[str]:
    return arguments(to_xmp(edits), cls)


_ATTEMPTS = (
    Attempt("", re.compile(""), arguments),
    Attempt(
        "written without its Interop directory, which is damaged", re.compile("Interop"), _without_interop
    ),
    Attempt("only XMP was written, because the file is damaged", re.compile("."), _xmp_only),
)


def exiftool_writer(
    path: str,
    *,
    raw: bool = False,
    xmp_fallback: bool = True,
    process: Callable[[str], ExifToolProcess] = ExifToolProcess,
) -> Writer:
    """Return the writer that uses the ExifTool at `path`.

    It does not accept raw pictures unless `raw` is True, because they are originals. It does not accept files that are
    damaged, or that ExifTool would harm (`FileMetadata.closed`). If damage appears only during writing, the tags go
    into an XMP file; if `xmp_fallback` is False, the outcome is `failed`. `process`: starts the ExifTool process for a
    path.
    """

    def accepts(plan: Plan) -> bool:
        cls, state = format_class(plan), plan.match.metadata
        if (cls == "raw" and not raw) or (state is not None and (state.damage or state.closed)):
            return False
        return any(fits(edit.tag, cls) for edit in writable_edits(plan))

    return Writer(
        "exiftool", accepts, lambda: ExifToolSession(process(path), xmp_fallback=xmp_fallback), order=200
    )


def format_class(plan: Plan) -> Class:
    """Return the format class of the Plan's file, detected by its content; `none` if the format is unknown."""
    file_format = FORMATS.get(plan.match.metadata.format) if plan.match.metadata else None
    return file_format.cls if file_format else "none"


def writable_edits(plan: Plan) -> tuple[TagEdit, ...]:
    """Return the edits of `plan`. For a file without IPTC block, leave out the edits of IPTC tags."""
    return drop_without_block(plan.edits, plan.match.metadata.tags if plan.match.metadata else ())


class ExifToolSession:
    """A `hooks.WriterSession` with one ExifTool process. Only one thread may use it."""

    def __init__(self, process: ExifToolProcess, *, xmp_fallback: bool = True) -> None:
        self._process = process
        self._xmp_fallback = xmp_fallback

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        """Write each Plan's edits into its staged copy, and yield the answers of the writer.

        Raises OSError (ENOSPC, EDQUOT) if the disk is full.
        """
        for copy in staged:
            yield self._write(copy)

    @property
    def process(self) -> ExifToolProcess:
        """The ExifTool process. It can also read files. Only the thread of this session may use it."""
        return self._process

    def close(self) -> None:
        """Stop the ExifTool process."""
        self._process.close()

    def _write(self, staged: Staged) -> Written:
        edits, cls = writable_edits(staged.plan), format_class(staged.plan)
        left_out = [edit.tag for edit in edits if not fits(edit.tag, cls)]
        notes = (f"this format cannot hold {', '.join(left_out)}",) if left_out else ()
        try:
            with Backup(staged.path) as backup:
                answer = self._try_attempts(backup, staged.plan, without_iptc(edits), cls, notes)
                return with_iptc(answer, staged, edits)
        except ProcessError as error:
            return Written("failed", str(error), notes, temporary=True)
        except ValueError as error:
            return Written("failed", str(error), notes)
        except OSError as error:
            if error.errno in DISK_FULL:
                raise
            return Written("failed", f"could not be written: {error}", notes, temporary=True)

    def _try_attempts(
        self, backup: Backup, plan: Plan, edits: Sequence[TagEdit], cls: Class, notes: tuple[str, ...]
    ) -> Written:
        """Try the attempts in order, each on the unchanged copy. Return the answer of the first that succeeds.

        If none succeeds, write the tags into an XMP file. If that fails too, the answer is `failed`, with the error of
        the first attempt. `notes`: warnings for every answer.
        """
        reason = ""
        args: list[str] = []
        for attempt in _ATTEMPTS:
            if attempt is _ATTEMPTS[-1] and self._xmp_fallback and _NO_EXIF.search(reason):
                break
            previous_args, args = args, attempt.arguments(edits, cls)
            if not args or args == previous_args or not attempt.applies_to.search(reason):
                continue
            answer = self._command(args, backup)
            warnings = (
                *notes,
                *((f"{attempt.description} ({reason})",) if attempt.description else ()),
                *answer.warnings,
            )
            lost = "; ".join(warning for warning in answer.warnings if _LOSS.search(warning))
            if answer.updated and not answer.errors and not (lost and backup.linked):
                sent_edits = to_xmp(edits) if attempt is _ATTEMPTS[-1] else edits
                sent_edits = tuple(edit for edit in sent_edits if fits(edit.tag, cls))
                return _checked_answer(backup, warnings, None if sent_edits == plan.edits else sent_edits)
            if answer.unchanged and not answer.errors:
                return Written("unchanged", "", warnings)
            backup.restore()
            error = "; ".join(answer.errors) or lost or "ExifTool wrote nothing and does not say why"
            if any(_NO_VALUES.search(warning) for warning in answer.warnings):
                return Written(
                    "failed", f"ExifTool takes none of the values: {'; '.join(answer.warnings)}", notes
                )
            if _NO_MEDIA.search(error) or not backup.size:
                return Written("failed", error, warnings)
            reason = reason or error
        if not reason:
            return Written("unchanged", "", notes)
        if not self._xmp_fallback:
            return Written("failed", reason, notes)
        return _write_xmp_fallback(backup.path, plan, edits, reason, notes)

    def _command(self, args: Sequence[str], backup: Backup) -> CommandResult:
        """Run ExifTool on the copy and return its result.

        If ExifTool dies, hangs or cannot write, restore the copy and run the command again. Raises ProcessError if
        ExifTool dies or hangs again. Raises OSError if the copy cannot be restored or the disk is full.
        """
        command: list[str | bytes] = ["-overwrite_original", *args, os.fsencode(backup.path)]
        backup.restore()
        try:
            answer = self._process.run(command, backup.size)
            if not any(_WRITE_ERROR.match(error) for error in answer.errors):
                return answer
            _check_room(backup)
        except ProcessError:
            pass
        backup.restore()
        try:
            return self._process.run(command, backup.size)
        except ProcessError:
            backup.restore()
            raise


def _checked_answer(backup: Backup, warnings: tuple[str, ...], edits: tuple[TagEdit, ...] | None) -> Written:
    if backup.is_unchanged() or os.lstat(backup.path).st_size == 0:
        backup.restore()
        return Written("failed", "ExifTool says it was written, but it was not", warnings, temporary=True)
    return Written("written", "", warnings, edits=edits)


def _write_xmp_fallback(
    path: str, plan: Plan, edits: Sequence[TagEdit], reason: str, notes: tuple[str, ...]
) -> Written:
    """Write the tags into an XMP file, as the last attempt, and return the answer. The media file stays unchanged.

    `reason`: the error of the first attempt. If XMP can hold none of the tags, the answer is `failed`, with `reason`.
    """
    edits_with_values = [edit for edit in edits if edit.value is not None]
    if not any(can_write(edit.tag) for edit in to_xmp(edits_with_values)):
        return Written("failed", reason, notes)
    return write_xmp_file(path, edits_with_values, f"damaged: {reason}", notes, fill=plan.match.xmp is None)


def _check_room(backup: Backup) -> None:
    """Check that the disk has room for a second copy of the file. Raises OSError (ENOSPC, EDQUOT) if it has not.

    ExifTool reports "Error writing output file" both for a full disk and for a picture that ends too early. This check
    distinguishes them. ExifTool has already removed its temporary file at this point.
    """
    probe = backup.path + ".room"
    number = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        reserve(number, backup.size + _SPARE)
    finally:
        os.close(number)
        os.unlink(probe)
