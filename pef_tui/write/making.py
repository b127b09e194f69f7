"""The worker's part of a batch: private copies, written, checked, with time and permissions, on the disk.

It knows nothing of the manifest and gives no file its name, so it may run in a thread, in another process, or on
another machine that sees the same folders.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from pef_tui import errors
from pef_tui.clock import CHECK, COPY, SYNC, WRITE, Clock
from pef_tui.fingerprint import of_descriptor
from pef_tui.hooks import Fit, Piece, Staged, Writer, WriterSession, Written
from pef_tui.model import Plan
from pef_tui.write.beside import complete_xmp, size_of, stage_xmp
from pef_tui.write.copies import Copy
from pef_tui.write.copying import LEAST_SHARED, SourceChanged, misfit
from pef_tui.write.dest import Dest, sync
from pef_tui.write.links import OWN_TIMES
from pef_tui.write.place import xmp_beside
from pef_tui.write.proof import Missing, is_questionable, is_to_be_restaged, lost_tags, put_beside, wanted
from pef_tui.write.replacing import FileFacts
from pef_tui.write.staging import FULL, OpenMedia, descriptor, extension_of, stage
from pef_tui.write.undo_book import like_original

_BROKEN = (*FULL, errno.EIO, errno.EROFS)
"""The disk itself fails: nothing is known of what it holds."""
SPARE = 1 << 20
"""Bytes that ExifTool needs free beside a copy's size to write it."""


class Tools(NamedTuple):
    """What a worker works with; its own, in one thread."""

    sessions: Mapping[str, WriterSession]
    open_media: OpenMedia
    writers: Sequence[Writer] = ()
    """In their order, asked for what the writer of a Plan declines; `sessions` has those too."""
    clock: Clock = Clock()
    missing: Missing | None = None
    """Reads back what writers wrote; without it their answers count as they are."""


def make(copies: Sequence[Copy], place: Dest, tools: Tools) -> None:
    """Make the private copies that are not there yet, and fill in what became of each; all is on the disk then.

    A file that cannot be read or written is a failure of its own. Raises OSError where the disk is full or fails,
    RunError where it does not keep what is written; the caller clears (`clear`).
    """
    composers = {writer.name: writer for writer in tools.writers if writer.compose is not None}
    for copy in copies:
        if not copy.name:
            with tools.clock.on(COPY):
                _stage(copy, place, tools, composers.get(copy.writer))
    _write_all([copy for copy in copies if copy.name and copy.writer], place, tools)
    with tools.clock.on(CHECK):
        _keep_tags(copies, place, tools)
        for copy in copies:
            _check(copy, place, tools)
    staged = [copy for copy in copies if copy.name]
    with tools.clock.on(COPY):
        for copy in staged:
            if not copy.shares:
                complete_xmp(copy, place)
            if copy.shares in OWN_TIMES:
                _dress(copy, place)
    with tools.clock.on(SYNC):
        if staged and not place.sync():
            _sync_each(staged, place)


def clear(place: Dest, copies: Sequence[Copy]) -> None:
    """Leave nothing of these copies in the staging folder, nor what writers left beside them."""
    stems = {copy.name.partition(".")[0] for copy in copies if copy.name}
    with suppress(OSError):
        for name in place.staged() if stems else ():
            if name.partition(".")[0] in stems:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=place.staging_fd)


def _stage(copy: Copy, place: Dest, tools: Tools, writer: Writer | None = None) -> None:
    """Make the private copy, as its writer composes it where that can; or say why there is none."""
    media = copy.plan.match.media
    name = f"{place.number()}{extension_of(copy.plan)}"
    try:
        with tools.open_media(media) as source:
            pieces = None
            if writer is not None and descriptor(source) is not None:
                with tools.clock.on(WRITE, copy.writer, _format_of(copy.plan)):
                    copy.written, pieces = _composed(copy, writer, source, place)
            copy.source = stage(place, name, source, media.size, media.mtime_ns, pieces)
    except SourceChanged as changed:
        copy.fail(str(changed), temporary=True)
    except OSError as error:
        if error.errno in FULL:
            raise
        copy.fail(f"cannot be read or copied: {error.strerror or error}", temporary=True)
    except Exception as error:
        copy.fail(f"cannot be read: {type(error).__name__}: {error}")
    else:
        copy.name = name
        stage_xmp(copy, place, tools.open_media)


def _composed(
    copy: Copy, writer: Writer, source: BinaryIO, place: Dest
) -> tuple[Written, Sequence[Piece] | None]:
    """What the output consists of; None for the source as it is."""
    assert writer.compose is not None
    try:
        pieces = writer.compose(copy.plan, source)
        if writer.fit is not None and not isinstance(pieces, Written):
            pieces = _fitted(pieces, copy.plan, writer.fit, source, place)
    except OSError:
        raise
    except Exception as error:
        return Written("declined", f"{type(error).__name__}: {error}"), None
    return (pieces, None) if isinstance(pieces, Written) else (Written("written"), pieces)


def _fitted(pieces: Sequence[Piece], plan: Plan, fit: Fit, source: BinaryIO, place: Dest) -> Sequence[Piece]:
    """The same made so that the longest span shares its blocks with the source, where disk and format allow it."""
    if plan.match.media.size < LEAST_SHARED:
        return pieces
    block = place.block(source.fileno())
    if not (room := misfit(pieces, block)):
        return pieces
    source.seek(0)
    fitted = fit(plan, source, room)
    return pieces if isinstance(fitted, Written) or misfit(fitted, block) else fitted


def _format_of(plan: Plan) -> str:
    state = plan.match.state
    return state.format if state is not None else ""


def _write_all(copies: Sequence[Copy], place: Dest, tools: Tools) -> None:
    """Let writers write what is not composed; who declines is followed by the next that accepts the Plan."""
    waiting = [copy for copy in copies if copy.written is None]
    declined = [copy for copy in copies if copy.written is not None and copy.written.word == "declined"]
    while waiting or declined:
        waiting += [copy for copy in declined if _passed_on(copy, tools.writers)]
        groups: dict[str, list[Copy]] = {}
        for copy in waiting:
            groups.setdefault(copy.writer, []).append(copy)
        for name, group in groups.items():
            staged = [Staged(copy.plan, os.path.join(place.staging, copy.name)) for copy in group]
            for copy, written in zip(group, _answers(name, tools, staged), strict=False):
                copy.written = written
        declined = [copy for copy in waiting if copy.written is not None and copy.written.word == "declined"]
        waiting = []


def _passed_on(copy: Copy, writers: Sequence[Writer]) -> bool:
    """Hand a declined copy to the next writer; where there is none it stays as it is."""
    names = [writer.name for writer in writers]
    behind = writers[names.index(copy.writer) + 1 :] if copy.writer in names else ()
    heir = next((writer for writer in behind if writer.accepts(copy.plan)), None)
    if heir is None:
        reason = copy.written.reason if copy.written is not None else ""
        why = f"no writer can put tags into this file: {reason}"
        copy.written = Written("declined", why) if wanted(copy) else Written("unchanged", warnings=(why,))
        return False
    copy.writer = heir.name
    return True


def _answers(name: str, tools: Tools, staged: Sequence[Staged]) -> list[Written]:
    """One answer for each copy, whatever the writer does."""
    answers: list[Written] = []
    why = f"the writer {name} gave no answer"
    try:
        writing = iter(tools.sessions[name].write(staged))
        while True:
            each = staged[min(len(answers), len(staged) - 1)]
            with tools.clock.on(WRITE, name, _format_of(each.plan)):
                if (written := next(writing, None)) is None:
                    break
            answers.append(written)
    except errors.RunError:
        raise
    except KeyError:
        why = f"there is no writer {name}"
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        why = f"the writer {name} failed: {type(error).__name__}: {error}"
    return answers + [Written("failed", why, temporary=True)] * (len(staged) - len(answers))


def _keep_tags(copies: Sequence[Copy], place: Dest, tools: Tools) -> None:
    """Have an XMP file beside each copy whose file does not say what was wanted, else make it a failure (`proof`)."""
    names = {writer.name for writer in tools.writers}
    asked = [copy for copy in copies if is_questionable(copy)]
    sound = [copy for copy in asked if copy.written and not _wrong(copy, copy.written, place)]
    for copy, missing in lost_tags(sound, place, tools.missing, tools.sessions, names):
        if not is_to_be_restaged(copy, missing) or _restaged(copy, place, tools):
            copy.written = put_beside(copy, place, missing, allowed="xmp" in names)


def _restaged(copy: Copy, place: Dest, tools: Tools) -> bool:
    """Make the copy anew from its source; False where that cannot be: it is a failure then. Raises OSError."""
    if place.free() < copy.plan.match.media.size + SPARE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    clear(place, (copy,))
    copy.name = ""
    _stage(copy, place, tools)
    return bool(copy.name)


def _check(copy: Copy, place: Dest, tools: Tools) -> None:
    """See whether the writer's answer is true; a copy that cannot be trusted is made anew from the source."""
    written = copy.written
    if written is None or not copy.name:
        return
    if written.word != "unchanged" and written.word != "declined":
        copy.word = written.word
    copy.reason, copy.temporary = written.reason or copy.reason, written.temporary
    copy.warnings = (*copy.warnings, *written.warnings)
    if written.word != "failed":
        if not (wrong := _wrong(copy, written, place)):
            return
        copy.reason, copy.temporary = wrong, False
    if place.undo is not None:  # in place the original stays where it is
        clear(place, (copy,))
        copy.name = ""
        copy.fail(copy.reason, temporary=copy.temporary)
        return
    reason, temporary = copy.reason, copy.temporary
    if _restaged(copy, place, tools):
        copy.fail(reason, temporary=temporary)


def _wrong(copy: Copy, written: Written, place: Dest) -> str:
    """What is wrong with a copy after writing; "" when nothing is."""
    size = size_of(place, copy.name)
    if not size:
        return f"the writer {copy.writer} left no file"
    if written.word != "written" and size != copy.plan.match.media.size:
        return f"the writer {copy.writer} changed a file it said it left alone"
    xmp = size_of(place, copy.xmp_name)
    if xmp == 0 or (xmp is None and written.word == "sidecar"):
        return f"the writer {copy.writer} left no XMP file"
    return ""


def _open_staged(place: Dest, name: str) -> int:
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place.staging_fd)


def _dress(copy: Copy, place: Dest) -> None:
    """Give a copy the permissions and the time of an output, and note what it is then."""
    for name in copy.names:
        fd = _open_staged(place, name)
        try:
            _set_mode_and_time(copy, name, fd, place)
            made = _facts(fd) if place.undo is None or copy.xmp else None
        finally:
            os.close(fd)
        if name == copy.name:
            copy.made = made
        else:
            copy.made_xmp = made


def _set_mode_and_time(copy: Copy, name: str, fd: int, place: Dest) -> None:
    moment = copy.plan.mtime_ns or copy.plan.match.media.mtime_ns
    try:
        with suppress(PermissionError, NotImplementedError):
            if place.undo is None:
                os.fchmod(fd, place.mode)
            else:
                output = copy.plan.output or ""
                if name == copy.xmp_name:
                    output = xmp_beside(copy, place, output, copy.plan.short_xmp)
                like_original(place, output, fd, place.mode)
        os.utime(fd, ns=(moment, moment))
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno in _BROKEN:
            raise
        copy.warn("the disk does not take its modification time")


def _facts(fd: int) -> FileFacts:
    found = os.fstat(fd)
    return FileFacts(found.st_size, found.st_mtime_ns, of_descriptor(fd, found.st_size))


def _sync_each(copies: Sequence[Copy], place: Dest) -> None:
    for copy in copies:
        for name in copy.names if copy.shares in OWN_TIMES else ():
            fd = _open_staged(place, name)
            try:
                sync(fd)
            finally:
                os.close(fd)
