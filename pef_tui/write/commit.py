"""Carrying out a batch of Plans so that a crash at any instant costs at most the batch.

The worker's part (`making.make`: private copies, writing, check, one sync of the disk), here or elsewhere; intent,
which says what the copies are; the final names, sync of their folders, record. A file under its final name is whole, or
it is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from pef_tui import errors
from pef_tui.clock import PLACE, RECORD, Clock
from pef_tui.hooks import Writer, WriterSession
from pef_tui.model import Outcome, Plan
from pef_tui.write.copies import Books, Copy
from pef_tui.write.dest import Dest, DestView, SyncFailed
from pef_tui.write.former import remove_former
from pef_tui.write.links import NO_LINK, stage_link
from pef_tui.write.making import Tools, clear, make
from pef_tui.write.place import put_all, user_changed
from pef_tui.write.proof import Missing
from pef_tui.write.retime import retime
from pef_tui.write.staging import FULL, OpenMedia, extension_of

Send = Callable[[Sequence[Copy]], bool]
"""Has a worker elsewhere do its part (`making.make`) and fills in what became of each copy; False where that cannot
be, and it is to be done here. Raises what `make` raises."""


class DiskFull(errors.DiskFull):
    """The disk of DEST is full; nothing of the batch is half there."""

    def __init__(self, path: str, needed: int, free: int) -> None:
        super().__init__(
            f"the disk of {path} is full: {free:,} bytes are free, the files in hand need {needed:,}: "
            "make room and run again, what is done stays done"
        )
        self.needed = needed
        """Bytes that the files of the batch take."""
        self.free = free


def carry_out(
    batch: Sequence[Plan],
    place: Dest,
    sessions: Mapping[str, WriterSession],
    open_media: OpenMedia,
    books: Books,
    writers: Sequence[Writer] = (),
    send: Send | None = None,
    clock: Clock = Clock(),  # noqa: B008
    missing: Missing | None = None,
) -> list[Outcome]:
    """Carry out Plans; what became of each, in order. May run in several threads, a batch and its sessions in each.

    `writers`, in their order, are asked for what the writer of a Plan declines; `sessions` has those too. With `send`
    a worker elsewhere is asked first. `missing` reads back what writers wrote (`proof`).

    A file that cannot be read or written is a `failed` Outcome of its own. Raises
    DiskFull, and RunError where the disk does not keep what is written or the manifest cannot be recorded; the next
    run then redoes the batch.
    """
    copies = [Copy(plan) for plan in batch]
    tools = Tools(sessions, open_media, writers, clock, missing)
    try:
        return _carried_out(copies, place, tools, books, send)
    except OSError as error:
        if error.errno in FULL:
            clear(place, copies)
            needed = sum(plan.match.media.size for plan in batch)
            raise DiskFull(place.path, needed, place.free()) from None
        raise errors.RunError(f"{place.path}: {error.strerror or error}") from error
    finally:
        clear(place, copies)


def _carried_out(
    copies: Sequence[Copy], place: Dest, tools: Tools, books: Books, send: Send | None
) -> list[Outcome]:
    wanted = [
        copy for copy in copies if copy.plan.output is not None and not user_changed(copy, place, books)
    ]
    retimed = [copy for copy in wanted if place.undo is not None and copy.only_times]
    wanted = [copy for copy in wanted if place.undo is None or not copy.only_times]
    for copy in wanted:
        if copy.plan.link:
            _link(copy, place, books)
    if send is None or not wanted or not send(wanted):
        make(wanted, place, tools)
    staged = [copy for copy in wanted if copy.name]
    with tools.clock.on(RECORD):
        number = books.intend([*staged, *retimed]) if staged or retimed else 0
    if place.undo is not None:
        place.undo.record(staged, retimed, place)
        staged = [copy for copy in staged if copy.word != "failed"]
        for copy in retimed:
            retime(copy, place)
    with tools.clock.on(PLACE):
        put_all(staged, place, books)
        remove_former(copies, place, books)
    outcomes = [_outcome(copy) for copy in copies]
    with tools.clock.on(RECORD):
        books.done(number, outcomes)
    return outcomes


def _link(copy: Copy, place: Dest, books: Books) -> None:
    """Make the private copy a link; where the disk or what it leads to does not allow it, none is made."""
    name = f"{place.number()}{extension_of(copy.plan)}"
    if not stage_link(copy, name, place, books):
        copy.reason = NO_LINK.format(copy.plan.link)
        return
    copy.name, copy.writer = name, ""
    copy.reason = f"{copy.shares} with {copy.plan.link}"


def foreseen(plan: Plan, place: DestView, books: Books) -> Outcome | None:
    """What carrying out a Plan would come to because of what is in DEST; None where it comes to what the Plan says."""
    copy = Copy(plan)
    return _outcome(copy) if plan.output is not None and user_changed(copy, place, books) else None


def _outcome(copy: Copy) -> Outcome:
    plan = copy.plan
    if copy.writer != plan.writer and copy.word != "written" and not copy.shares:
        plan = replace(plan, writer=copy.writer)  # so that a later run that has a better writer plans it anew
    return Outcome(
        plan,
        copy.word,
        plan.output if copy.placed or copy.word == "unchanged" else None,
        copy.writer,
        copy.reason or plan.reason,
        (*plan.warnings, *copy.warnings),
        copy.size,
        copy.mtime_ns,
        copy.temporary or plan.temporary,
        copy.xmp_stat,
        copy.xmp_stat is not None and copy.short_xmp,
        copy.written.edits if copy.written is not None else None,
        beside=copy.beside,
        source_digest=copy.source,
        output_digest=copy.made.digest if copy.made is not None else b"",
        xmp_digest=copy.made_xmp.digest if copy.made_xmp is not None else b"",
    )


__all__ = ["FULL", "Books", "DiskFull", "OpenMedia", "Send", "SyncFailed", "carry_out", "foreseen"]
