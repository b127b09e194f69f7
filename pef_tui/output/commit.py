"""Carry out a batch of Plans. A crash at any instant loses at most the work of the batch.

The order is fixed:

1. `produce`, in this process or in a worker: make, write and check the staged copies, then sync the disk once.
2. Record the intent in the manifest: which copies will get which names. It is on the disk before the first rename.
3. Give the copies their final names, and sync the folders that got them.
4. Record the outcomes in the manifest.

So each file under a final name is complete. After a crash, the intent shows which files are the program's own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from pef_tui.errors import DiskFull, RunError
from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.hooks import OpenMedia, Writer, WriterSession
from pef_tui.model import MediaOutcome, Outcome, Plan
from pef_tui.output.links import NO_LINK, is_link_target_changed, stage_link
from pef_tui.output.output_dir import DestView, OutputDir, OutsideOutput, components
from pef_tui.output.produce import WorkerTools, clear_staged, produce
from pef_tui.output.publish import keep_if_user_changed, publish, replaced_record
from pef_tui.output.replacement import same_time
from pef_tui.output.staged_outputs import Recorder, StagedOutput
from pef_tui.output.staging import extension_of
from pef_tui.output.stale_outputs import remove_stale_outputs
from pef_tui.output.tag_proof import TagReadback
from pef_tui.output.undo_record import UndoRecord
from pef_tui.timing import PLACE, RECORD, StageTimer

Send = Callable[[Sequence[StagedOutput]], Sequence[StagedOutput]]
"""A function that sends copies to a remote worker and stores the results in them.

It returns the copies that no worker can produce. The caller calls `produce` for these. It raises what `produce` raises.
"""


class BatchDiskFull(DiskFull):
    """Raised if the disk of DEST is full. The staged copies of the batch have been removed."""

    def __init__(self, path: str, needed: int, free: int) -> None:
        super().__init__(
            f"the disk of {path} is full: {free:,} bytes are free, the files in hand need {needed:,}: "
            "make room and run again, what is done stays done"
        )
        self.needed = needed
        """Total size of the source files of the batch, in bytes."""
        self.free = free


def carry_out(
    batch: Sequence[Plan],
    output_dir: OutputDir,
    sessions: Mapping[str, WriterSession],
    open_media: OpenMedia,
    recorder: Recorder,
    writers: Sequence[Writer] = (),
    send: Send | None = None,
    timer: StageTimer = StageTimer(),  # noqa: B008
    readback: TagReadback | None = None,
    undo: UndoRecord | None = None,
) -> list[Outcome]:
    """Carry out the Plans of `batch` and return their Outcomes, in the order of the Plans.

    Several threads may call this function, each with its own batch and sessions.

    `sessions`: the open session of every writer, by the name of the writer. `writers`: all writers, in order of
    preference. If the writer of a Plan declines the file, the next one that accepts the Plan is used. `send`: if given,
    it is called first, to produce the copies in a remote worker. `readback`: reads tags back from the written files
    (see `tag_proof`). `undo`: only for runs in place; it records the originals before they are replaced.

    A file that cannot be read or written gets the outcome `failed`. These errors end the run; the next run repeats the
    batch:

    - BatchDiskFull: the disk of DEST is full.
    - DiskGone: DEST is not the folder with which the run began. This is checked before anything is written, and before
      the intent is recorded.
    - RunError: the disk does not keep what is written, or the manifest cannot be written.
    """
    output_dir.check_disk()
    copies = [StagedOutput(plan) for plan in batch]
    tools = WorkerTools(sessions, open_media, writers, timer, readback)
    try:
        return _carried_out(copies, output_dir, tools, recorder, send, undo)
    except OSError as error:
        output_dir.check_disk()
        if error.errno in DISK_FULL:
            clear_staged(output_dir, copies)
            needed = sum(plan.match.media.size for plan in batch)
            raise BatchDiskFull(output_dir.path, needed, output_dir.free_bytes()) from None
        raise RunError(f"{output_dir.path}: {error.strerror or error}") from error
    finally:
        clear_staged(output_dir, copies)


def _carried_out(
    copies: Sequence[StagedOutput],
    output_dir: OutputDir,
    tools: WorkerTools,
    recorder: Recorder,
    send: Send | None,
    undo: UndoRecord | None,
) -> list[Outcome]:
    queues = output_dir.queues
    with_output = [copy for copy in copies if copy.plan.output is not None]
    recorded = [copy for copy in with_output if replaced_record(copy, output_dir, recorder) is not None]
    is_changed = queues.check.run(lambda copy: keep_if_user_changed(copy, output_dir, recorder), recorded)
    changed = {id(copy) for copy, changed in zip(recorded, is_changed, strict=True) if changed}
    active = [copy for copy in with_output if id(copy) not in changed]
    retimed = [copy for copy in active if output_dir.in_place and copy.only_times]
    active = [copy for copy in active if not (output_dir.in_place and copy.only_times)]
    queues.stage.run(
        lambda copy: _link(copy, output_dir, recorder), [copy for copy in active if copy.plan.link]
    )
    remaining = send(active) if send is not None and active else active
    produce(remaining, output_dir, tools)
    output_dir.check_disk()
    staged = [copy for copy in active if copy.name]
    with tools.timer.time_block(RECORD):
        number = recorder.record_intent([*staged, *retimed]) if staged or retimed else 0
    if undo is not None:
        undo.record(staged, retimed, output_dir)
        staged = [copy for copy in staged if copy.outcome != "failed"]
        queues.finish.run(lambda copy: _set_time(copy, output_dir), retimed)
    with tools.timer.time_block(PLACE):
        publish(staged, output_dir, recorder)
        remove_stale_outputs(copies, output_dir, recorder)
    outcomes = [_outcome(copy) for copy in copies]
    with tools.timer.time_block(RECORD):
        recorder.record_outcomes(number, outcomes)
    return outcomes


def _set_time(copy: StagedOutput, output_dir: OutputDir) -> None:
    """Set the modification time of an original that needs no tags, in a run in place. Its bytes do not change.

    If this fails, the outcome of `copy` becomes `failed`. An original that was changed since the scan keeps its time,
    and `copy` gets a warning.
    """
    if copy.outcome == "failed":
        return
    media, moment = copy.plan.match.media, copy.plan.mtime_ns
    try:
        folder, name = components(copy.plan.output or "")
        with output_dir.folder(folder, create=False) as fd:
            present = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if present.st_size != media.size or not same_time(present.st_mtime_ns, media.mtime_ns):
                copy.keep_user_change()
                return
            os.utime(name, ns=(present.st_atime_ns, moment), dir_fd=fd, follow_symlinks=False)
            copy.mtime_ns = os.stat(name, dir_fd=fd, follow_symlinks=False).st_mtime_ns
            copy.size, copy.published = present.st_size, True
    except (OSError, OverflowError, OutsideOutput) as error:
        copy.fail(f"its modification time cannot be set: {error}", temporary=True)


def _link(copy: StagedOutput, output_dir: OutputDir, recorder: Recorder) -> None:
    """Stage the copy as a link to another output.

    If no link is possible, store the reason in `copy`. `produce` then makes a normal copy.
    """
    name = output_dir.new_name(extension_of(copy.plan))
    if not stage_link(copy, name, output_dir, recorder):
        copy.reason = NO_LINK.format(copy.plan.link)
        return
    copy.name, copy.writer = name, ""
    copy.reason = f"{copy.link_kind} with {copy.plan.link}"


def predict_outcome(plan: Plan, output_dir: DestView, recorder: Recorder) -> Outcome | None:
    """Return the Outcome that existing files in DEST cause; None if the Plan can be carried out as planned."""
    if plan.output is None:
        return None
    copy = StagedOutput(plan)
    if keep_if_user_changed(copy, output_dir, recorder):
        return _outcome(copy)
    if not plan.link or not plan.writer or not is_link_target_changed(plan.link, output_dir, recorder):
        return None
    word: MediaOutcome = "sidecar" if plan.writer == "xmp" else "written"
    return Outcome(plan, word, plan.output, plan.writer, NO_LINK.format(plan.link), plan.warnings)


def _outcome(copy: StagedOutput) -> Outcome:
    plan = copy.plan
    if copy.writer != plan.writer and copy.outcome != "written" and not copy.link_kind:
        plan = replace(plan, writer=copy.writer)  # a later run with a better writer plans the file again
    return Outcome(
        plan,
        copy.outcome,
        plan.output if copy.published or copy.outcome == "unchanged" else None,
        copy.writer,
        copy.reason or plan.reason,
        (*plan.warnings, *copy.warnings),
        copy.size,
        copy.mtime_ns,
        copy.temporary or plan.temporary,
        copy.xmp_stat,
        copy.xmp_stat is not None and copy.short_xmp,
        copy.answer.edits if copy.answer is not None else None,
        beside=copy.xmp_only_edits,
        source_digest=copy.source_digest,
        output_digest=copy.facts.digest if copy.facts is not None else b"",
        xmp_digest=copy.xmp_facts.digest if copy.xmp_facts is not None else b"",
    )
