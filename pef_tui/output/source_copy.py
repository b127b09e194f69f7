"""Copy a source into the staging folder, or compose the copy from pieces.

If a server fails with a temporary error, the copy is made again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, cast

from pef_tui import errors
from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.filesystem.copying import MIN_SHARED, SourceChanged, alignment_gap
from pef_tui.hooks import AlignPieces, Piece, Writer, Written
from pef_tui.model import MediaFile, Plan
from pef_tui.output.finishing import Finisher
from pef_tui.output.output_dir import OutputDir
from pef_tui.output.replacement import FileFacts
from pef_tui.output.staged_outputs import StagedOutput
from pef_tui.output.staging import copy_stream, extension_of, file_descriptor, stage
from pef_tui.system_calls import HAS_MEMORY_FILES, memory_file
from pef_tui.timing import WRITE, StageTimer

Recovers = Callable[[OSError, int], bool]


MAX_IN_MEMORY = 16 << 20
"""Size in bytes up to which a member of an archive is read into memory. Each worker has one such file at a time."""


class DestError(OSError):
    """Raised for an error of the disk of DEST. It distinguishes such an error from one of the source."""


def copy_source(
    copy: StagedOutput,
    output_dir: OutputDir,
    timer: StageTimer,
    writer: Writer | None,
    source: BinaryIO,
    *,
    finish: bool,
) -> tuple[str, FileFacts | None]:
    """Make the staged copy of the open `source`. Return its name, and its facts if it is finished (see `Finisher`).

    `writer`: if given, it composes the copy from pieces of the source, and the copy is finished. `finish`: whether to
    finish the copy in any case. A failed copy is made again while `DiskWatch.recovers` returns True.

    Raises SourceChanged, DiskGone, OSError. Raises DestError if the copy was complete: the error is then not one of the
    source.
    """
    media, attempt = copy.plan.match.media, 1
    while True:
        name = output_dir.new_name(extension_of(copy.plan))
        finisher = Finisher(copy, name, output_dir)
        try:
            with ExitStack() as stack:
                file, pieces = source, None
                if writer is not None and file_descriptor(source) is None:
                    file = stack.enter_context(_in_memory(source, media))
                if writer is not None and file_descriptor(file) is not None:
                    with timer.time_block(WRITE, copy.writer, format_of(copy.plan)):
                        copy.answer, pieces = _compose(copy, writer, file, output_dir)
                    finish = copy.answer.outcome != "declined"
                mtime_ns = media.mtime_ns if file is source else os.fstat(file.fileno()).st_mtime_ns
                copy.source_digest = stage(
                    output_dir, name, file, media.size, mtime_ns, pieces, finisher if finish else None
                )
            return name, finisher.facts
        except OSError as error:
            if error.errno in DISK_FULL or not _recovers(error, attempt, source, output_dir):
                if finisher.has_begun:
                    raise DestError(error.errno, error.strerror) from error
                raise
        source.seek(0)
        attempt += 1


@contextmanager
def _in_memory(source: BinaryIO, media: MediaFile) -> Iterator[BinaryIO]:
    """Yield a file in memory with the bytes of a member of an archive. A writer can then compose the output from it.

    So the output is written once, and not staged first and changed afterwards. Yield `source` itself, not read yet, if
    the member is larger than MAX_IN_MEMORY, or if the system has no files in memory (only Linux has). Raises
    SourceChanged, OSError, and the errors of reading the archive.
    """
    if media.size > MAX_IN_MEMORY or not HAS_MEMORY_FILES:
        yield source
        return
    with os.fdopen(memory_file("member"), "w+b", buffering=0) as file:
        copied = copy_stream(source, file.fileno(), media.size, None)
        if copied != media.size:
            raise SourceChanged(f"changed while the run was on: {copied} bytes instead of {media.size}")
        file.seek(0)
        yield cast(BinaryIO, file)


def _recovers(error: OSError, attempt: int, source: BinaryIO, output_dir: OutputDir) -> bool:
    """Return whether to make a failed copy again, because the error of the source or of DEST may be temporary.

    `attempt`: how often making the copy has failed. While a server does not answer, wait first. Raises DiskGone.
    """
    is_repeated = output_dir.recovers(error, attempt)
    source_recovers: Recovers | None = getattr(source, "recovers", None)  # of FileStream
    return (source_recovers is not None and source_recovers(error, attempt)) or is_repeated


def _compose(
    copy: StagedOutput, writer: Writer, source: BinaryIO, output_dir: OutputDir
) -> tuple[Written, Sequence[Piece] | None]:
    """Return the answer of the writer, and the pieces of the output. The pieces are None if nothing changes."""
    assert writer.compose is not None
    try:
        pieces = writer.compose(copy.plan, source)
        if writer._compose_aligned is not None and not isinstance(pieces, Written):
            pieces = _align(pieces, copy.plan, writer._compose_aligned, source, output_dir)
    except (OSError, errors.RunError):
        raise
    except Exception as error:
        return Written("declined", f"{type(error).__name__}: {error}"), None
    return (pieces, None) if isinstance(pieces, Written) else (Written("written"), pieces)


def _align(
    pieces: Sequence[Piece], plan: Plan, align: AlignPieces, source: BinaryIO, output_dir: OutputDir
) -> Sequence[Piece]:
    """Return pieces whose longest span starts at a disk block. It can then share disk blocks with the source.

    Return `pieces` unchanged if the file is too small, if the disk shares no blocks, or if the writer cannot align
    them.
    """
    if plan.match.media.size < MIN_SHARED:
        return pieces
    block = output_dir.shared_block_size(source.fileno())
    if not (room := alignment_gap(pieces, block)):
        return pieces
    source.seek(0)
    aligned = align(plan, source, room)
    return pieces if isinstance(aligned, Written) or alignment_gap(aligned, block) else aligned


def format_of(plan: Plan) -> str:
    """Return the name of the format of the Plan's file; "" if it is unknown."""
    state = plan.match.metadata
    return state.format if state is not None else ""
