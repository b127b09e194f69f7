"""Produce the staged copies of a batch.

To produce a copy means: copy the source, write tags, check the result, set time and permissions, and sync. This module
does not use the manifest, and gives no file its final name. So it can run in a thread, in another process, or on
another machine that mounts the same folders.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from pef_tui import errors
from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.filesystem.copying import SourceChanged
from pef_tui.hooks import OpenMedia, Staged, Writer, WriterSession, Written
from pef_tui.output.finishing import finish_copy, sync_each
from pef_tui.output.links import WITH_OWN_TIMES
from pef_tui.output.output_dir import OutputDir
from pef_tui.output.source_copy import DestError, copy_source, format_of
from pef_tui.output.staged_outputs import StagedOutput
from pef_tui.output.tag_proof import (
    TagReadback,
    is_questionable,
    is_to_be_restaged,
    lost_tags,
    required_edits,
    write_lost_tags,
)
from pef_tui.output.xmp_files import complete_xmp, stage_xmp, staged_size
from pef_tui.timing import CHECK, COPY, SYNC, WRITE, StageTimer

SPARE = 1 << 20
"""Free bytes that ExifTool needs to write a copy, in addition to the size of the copy."""


class WorkerTools(NamedTuple):
    """The objects that one worker thread needs to produce copies."""

    sessions: Mapping[str, WriterSession]
    open_media: OpenMedia
    writers: Sequence[Writer] = ()
    """All writers, in order of preference. `sessions` has a session of each.

    If a writer declines a file, the next one that accepts the Plan is used.
    """
    timer: StageTimer = StageTimer()
    readback: TagReadback | None = None
    """Reads tags back from the written files. None: the answers of the writers are trusted."""


def produce(copies: Sequence[StagedOutput], output_dir: OutputDir, tools: WorkerTools) -> None:
    """Make the staged copies that do not exist yet, and store the results in `copies`. On return, all are on the disk.

    If a file cannot be read or written, the outcome of its copy becomes `failed`. Raises OSError if the disk is full or
    has an error. Raises RunError if the disk does not keep what is written. After an error, the caller must call
    `clear_staged`.
    """
    queues = output_dir.queues
    composers = {writer.name: writer for writer in tools.writers if writer.compose is not None}

    def stage_one(copy: StagedOutput) -> None:
        with tools.timer.time_block(COPY):
            _stage(copy, output_dir, tools, composers.get(copy.writer), finish=not copy.writer)

    def check(copy: StagedOutput) -> None:
        with tools.timer.time_block(CHECK):
            _check(copy, output_dir, tools)

    def finish(copy: StagedOutput) -> None:
        with tools.timer.time_block(COPY):
            if not copy.link_kind:
                complete_xmp(copy, output_dir)
            if copy.link_kind in WITH_OWN_TIMES:
                finish_copy(copy, output_dir)

    queues.stage.run(stage_one, [copy for copy in copies if not copy.name])
    _write_all([copy for copy in copies if copy.name and copy.writer], output_dir, tools)
    if output_dir.is_served:
        _write_again(copies, output_dir, tools)
    with tools.timer.time_block(CHECK):
        _save_lost_tags(copies, output_dir, tools)
    for queue, function in ((queues.check, check), (queues.finish, finish)):
        # Work that needs no call to the disk must not count: the queue would take the disk for a fast one.
        waits = {
            id(copy): copy for copy in copies if copy.name and (copy.may_have_xmp or not copy.staged_facts)
        }
        for copy in copies:
            if copy.name and id(copy) not in waits:
                function(copy)
        queue.run(function, waits.values())
    staged = [copy for copy in copies if copy.name]
    with tools.timer.time_block(SYNC):
        if staged and not output_dir.sync():
            sync_each(staged, output_dir)


def clear_staged(output_dir: OutputDir, copies: Sequence[StagedOutput]) -> None:
    """Remove the files of `copies` from the staging folder, and files that writers left beside them.

    The folder is not listed for copies that were published and that no writer had.
    """
    remaining = [
        copy
        for copy in copies
        if copy.name and not (copy.published and copy.staged_facts and not copy.may_have_xmp)
    ]
    stems = {_stem(copy.name) for copy in remaining}
    folders = sorted({stem.rpartition("/")[0] for stem in stems})
    output_dir.queues.remove.run(lambda folder: _clear_folder(output_dir, folder, stems), folders)


def _clear_folder(output_dir: OutputDir, folder: str, stems: Collection[str]) -> None:
    """Remove the files with these stems from one folder of the staging folder. An error ends the removal."""
    with suppress(OSError):
        for path in output_dir.staged_names(folder):
            if _stem(path) in stems:
                with suppress(FileNotFoundError):
                    os.unlink(path, dir_fd=output_dir.staging_fd)


def _clear_copy(output_dir: OutputDir, copy: StagedOutput) -> None:
    stem = _stem(copy.name)
    _clear_folder(output_dir, stem.rpartition("/")[0], (stem,))
    copy.name = ""


def _stem(path: str) -> str:
    return path.partition(".")[0]


def _stage(
    copy: StagedOutput,
    output_dir: OutputDir,
    tools: WorkerTools,
    writer: Writer | None = None,
    *,
    finish: bool = False,
) -> None:
    """Make the staged copy. If `writer` is given, it composes the copy from pieces of the source.

    A composed copy is finished immediately. So is any copy if `finish` is set. On failure, the reason is stored in
    `copy`. Raises OSError only if the disk of DEST is full or has an error. Raises DiskGone.
    """
    copy.staged_facts = None
    try:
        with tools.open_media(copy.plan.match.media) as source:
            name, facts = copy_source(copy, output_dir, tools.timer, writer, source, finish=finish)
    except (errors.RunError, DestError):
        raise
    except SourceChanged as error:
        copy.fail(str(error), temporary=True)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        copy.fail(f"cannot be read or copied: {error.strerror or error}", temporary=True)
    except Exception as error:
        copy.fail(f"cannot be read: {type(error).__name__}: {error}")
    else:
        copy.name, copy.staged_facts = name, facts
        copy.may_have_xmp = copy.may_have_xmp or bool(copy.plan.match.xmp or copy.plan.xmp_edits)
        stage_xmp(copy, output_dir, tools.open_media)


def _write_all(copies: Sequence[StagedOutput], output_dir: OutputDir, tools: WorkerTools) -> None:
    """Let the writers write the copies that were not composed, and have no answer yet.

    If a writer declines a copy, the next writer that accepts the Plan writes it.
    """
    waiting = [copy for copy in copies if copy.answer is None]
    declined = [copy for copy in copies if copy.answer is not None and copy.answer.outcome == "declined"]
    while waiting or declined:
        waiting += [copy for copy in declined if _pass_on(copy, tools.writers)]
        groups: dict[str, list[StagedOutput]] = {}
        for copy in waiting:
            groups.setdefault(copy.writer, []).append(copy)
        for name, group in groups.items():
            staged = [Staged(copy.plan, os.path.join(output_dir.staging, copy.name)) for copy in group]
            for copy in group:
                copy.may_have_xmp = True
            for copy, answer in zip(group, _collect_answers(name, tools, staged), strict=False):
                copy.answer = answer
        declined = [copy for copy in waiting if copy.answer is not None and copy.answer.outcome == "declined"]
        waiting = []


def _write_again(copies: Sequence[StagedOutput], output_dir: OutputDir, tools: WorkerTools) -> None:
    """Make and write again each copy whose writer failed for a temporary reason, such as the server of DEST.

    While the server does not answer, wait first. Raises DiskGone.
    """
    failed = [
        copy
        for copy in copies
        if copy.name and copy.answer and copy.answer.outcome == "failed" and copy.answer.temporary
    ]
    if not failed:
        return
    output_dir.await_answer()
    for copy in failed:
        _clear_copy(output_dir, copy)
        copy.answer = None
        _stage(copy, output_dir, tools)
    _write_all([copy for copy in failed if copy.name], output_dir, tools)


def _pass_on(copy: StagedOutput, writers: Sequence[Writer]) -> bool:
    """Assign a declined copy to the next writer that accepts its Plan. Return whether there is one.

    If there is none, set the final answer of the copy.
    """
    names = [writer.name for writer in writers]
    later_writers = writers[names.index(copy.writer) + 1 :] if copy.writer in names else ()
    next_writer = next((writer for writer in later_writers if writer.accepts(copy.plan)), None)
    if next_writer is None:
        reason = copy.answer.reason if copy.answer is not None else ""
        reason = f"no writer can put tags into this file: {reason}"
        copy.answer = (
            Written("declined", reason) if required_edits(copy) else Written("unchanged", warnings=(reason,))
        )
        return False
    copy.writer = next_writer.name
    return True


def _collect_answers(name: str, tools: WorkerTools, staged: Sequence[Staged]) -> list[Written]:
    """Let the writer `name` write the copies. Return exactly one answer for each copy.

    A copy gets the answer `failed` if the writer gives none or raises an exception. Raises RunError, and OSError if the
    disk is full.
    """
    answers: list[Written] = []
    reason = f"the writer {name} gave no answer"
    try:
        writing = iter(tools.sessions[name].write(staged))
        while True:
            staged_copy = staged[min(len(answers), len(staged) - 1)]
            with tools.timer.time_block(WRITE, name, format_of(staged_copy.plan)):
                if (answer := next(writing, None)) is None:
                    break
            answers.append(answer)
    except errors.RunError:
        raise
    except KeyError:
        reason = f"there is no writer {name}"
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            raise
        reason = f"the writer {name} failed: {type(error).__name__}: {error}"
    return answers + [Written("failed", reason, temporary=True)] * (len(staged) - len(answers))


def _save_lost_tags(copies: Sequence[StagedOutput], output_dir: OutputDir, tools: WorkerTools) -> None:
    """Write an XMP file for each copy that lacks tags after writing.

    If that fails, the answer for the copy becomes `failed` (see `tag_proof`).
    """
    names = {writer.name for writer in tools.writers}
    questionable = [copy for copy in copies if is_questionable(copy)]
    intact = [copy for copy in questionable if copy.answer and not _find_fault(copy, copy.answer, output_dir)]
    for copy, missing in lost_tags(intact, output_dir, tools.readback, tools.sessions, names):
        copy.may_have_xmp = True
        if not is_to_be_restaged(copy, missing) or _restage(copy, output_dir, tools):
            copy.answer = write_lost_tags(copy, output_dir, missing, allowed="xmp" in names)


def _restage(copy: StagedOutput, output_dir: OutputDir, tools: WorkerTools) -> bool:
    """Make the copy again from its source. Return whether that succeeded.

    If not, the outcome of the copy is `failed`. Raises OSError (ENOSPC) if the disk has too little room.
    """
    if output_dir.free_bytes() < copy.plan.match.media.size + SPARE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    _clear_copy(output_dir, copy)
    _stage(copy, output_dir, tools, finish=True)
    return bool(copy.name)


def _check(copy: StagedOutput, output_dir: OutputDir, tools: WorkerTools) -> None:
    """Compare the answer of the writer with the files that it left.

    If the copy cannot be trusted, its outcome becomes `failed`. The copy is then made again from the source, without
    tags. In place, it is removed instead, and the original stays.
    """
    answer = copy.answer
    if answer is None or not copy.name:
        return
    if answer.outcome != "unchanged" and answer.outcome != "declined":
        copy.outcome = answer.outcome
    copy.reason, copy.temporary = answer.reason or copy.reason, answer.temporary
    copy.warnings = (*copy.warnings, *answer.warnings)
    if answer.outcome != "failed":
        if not (fault := _find_fault(copy, answer, output_dir)):
            return
        copy.reason, copy.temporary = fault, False
    if output_dir.in_place:  # an original stays: a copy without tags must not replace it
        _clear_copy(output_dir, copy)
        copy.fail(copy.reason, temporary=copy.temporary)
        return
    reason, temporary = copy.reason, copy.temporary
    if _restage(copy, output_dir, tools):
        copy.fail(reason, temporary=temporary)


def _find_fault(copy: StagedOutput, answer: Written, output_dir: OutputDir) -> str:
    """Return the fault in the files of a copy after writing; "" if there is none."""
    size = copy.staged_facts.size if copy.staged_facts else staged_size(output_dir, copy.name)
    if not size:
        return f"the writer {copy.writer} left no file"
    if answer.outcome != "written" and size != copy.plan.match.media.size:
        return f"the writer {copy.writer} changed a file it said it left alone"
    xmp = staged_size(output_dir, copy.xmp_name) if copy.may_have_xmp else None
    if xmp == 0 or (xmp is None and answer.outcome == "sidecar"):
        return f"the writer {copy.writer} left no XMP file"
    return ""
