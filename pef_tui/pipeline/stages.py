"""The stages of a run, in their order.

Planning, in its own thread (`Planning.run`):

1. produce: list the Folders of the sources, skip unchanged Folders, read the sidecars of changed Folders
2. match: match media with sidecars; report files that are excluded or unchanged
3. look: read the tags of the media; then run the stages of plugins
4. plan: decide what to write, with which writer, to which path
5. orphans: match media and sidecars that have no partner in their Folder with partners in other Folders
6. album copies: if an album has the sidecar of a picture of another Folder, plan a copy of the picture, or a link

Plans and records pass through a bounded queue (`prefetch`) to the thread of the run (`run_stages`):

7. write: carry out the Plans in batches, or preview them
8. report: yield the record of every file, and record the run
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack

from pef_tui.cross_folder.album_copies import OriginalUndecided
from pef_tui.cross_folder.file_state import FilePlanState
from pef_tui.cross_folder.sidecar_only_albums import without_copies
from pef_tui.execution.remote import RemoteExecutor
from pef_tui.execution.scheduler import Duplicates, with_duplicates
from pef_tui.model import Match, Plan, Record
from pef_tui.pipeline.context import RunContext, open_run
from pef_tui.pipeline.exit_codes import end_code
from pef_tui.pipeline.folder_stages import FolderStages
from pef_tui.pipeline.planning_parts import ObservedQueue, PlanningParts, PlanQueue
from pef_tui.pipeline.prefetch import prefetch
from pef_tui.pipeline.profile import WAIT
from pef_tui.pipeline.setup import RunSetup
from pef_tui.pipeline.write_stages import PreviewStage, WriteStage
from pef_tui.sources.file_count import FileCounter

QUEUE_SIZE = 1024
"""Number of Plans that may wait for a writer. ExifTool needs some seconds for them. They take a few MB of memory."""


def run_stages(setup: RunSetup, stack: ExitStack) -> Iterator[Record]:
    """Carry out or preview the run. Yield the record of each file as soon as it becomes known.

    `stack` closes everything that is opened. Raises OSError, RunError.
    """
    progress = setup.progress
    context = open_run(setup, stack)
    if progress.wants_total:
        counter = stack.enter_context(FileCounter(setup.readers))
        progress.counted = lambda: counter.total
    progress.begin_work(is_preview=context.settings.dry_run)
    planning = Planning(context)
    batches: Generator[list[Record | Plan], None, None] = prefetch(planning.run, QUEUE_SIZE)
    stack.callback(batches.close)
    stack.callback(context.source_folders.close)
    planned = progress.timer.time_items(WAIT, batches)
    same_files = planning.parts.same_files
    album_list = planning.parts.album_list
    if context.settings.dry_run:
        previewed = _carry_out(planning, context, planned, PreviewStage(context, stack))
        yield from without_copies(album_list.observe(same_files.with_repeated(previewed)), progress)
        planning.parts.report_unused(progress)
        progress.albums_listed = album_list.finish(dry_run=True)
        return
    write = WriteStage(context, stack)
    planning.remote_executor = write.remote_executor
    outcomes = same_files.with_repeated(_carry_out(planning, context, planned, write))
    recorded = context.snapshot_recorder.observe(context.folder_cache.observe(album_list.observe(outcomes)))
    yield from without_copies(recorded, progress)
    setup.check_dest()
    progress.albums_listed = album_list.finish(dry_run=False)
    _end(context, has_unused=planning.parts.report_unused(progress))


def _carry_out(
    planning: Planning,
    context: RunContext,
    planned: Iterator[list[Record | Plan]],
    stage: PreviewStage | WriteStage,
) -> Iterator[Record]:
    """Carry out or preview all Plans, and yield the records.

    At the end, make and carry out new Plans for duplicates whose original is not in DEST.
    """
    check = context.setup.mode.output_check(context.previous_run)
    duplicates = Duplicates(check, predicts=context.settings.dry_run)
    stop = context.setup.progress.stop
    return with_duplicates(planned, duplicates, stage.carry_out, planning.plan_duplicates, stop)


def _end(context: RunContext, *, has_unused: bool) -> None:
    """Record in the manifest that the run has ended. Raises OSError.

    `has_unused`: whether decisions or filters name files or albums that do not exist (`report_unused`). No snapshot is
    recorded then: with a snapshot, the next run would look at no file, and could not report these names again.
    """
    settings, progress, manifest = context.settings, context.setup.progress, context.setup.manifest
    context.previous_run.flush()
    mode = context.setup.mode
    if not progress.stop.is_set():
        progress.notes += mode.unclaimed_notes(manifest, settings.output)
    # Without a snapshot, the next run looks at all files. It must, because it finds other files, does other work
    # (`--retry-failed` handles only some files), or reports unused names again.
    is_repeated = has_unused or not mode.may_use_snapshot or settings.retry_failed
    snapshot = b"" if is_repeated else context.snapshot_recorder.encoded_snapshot(progress)
    context.setup.check_dest()
    progress.notes.add_missing(context.setup.host.notes)  # a loss in them changes the exit code
    manifest.close(progress.counts(), snapshot, exit_code=end_code(progress), stopped=progress.stop_reason)


class Planning:
    """The planning stages: from the listings of the sources to a Plan or a record for each file."""

    def __init__(self, context: RunContext) -> None:
        self.parts = PlanningParts(context)
        self.remote_executor: RemoteExecutor | None = None
        """Executor that writes files in other processes; None if threads write all files. Set it before calling
        `run`.
        """
        self._context = context
        self._previous_run = context.previous_run

    def run(self, queue: PlanQueue) -> None:
        """Put a Plan into the queue for each file that needs work, and a record for any other file. Raises OSError."""
        parts = self.parts
        queue = ObservedQueue(parts, queue, self._context.setup.progress.timer.time_calls)
        stages = FolderStages(self._context, parts, queue, self.remote_executor)
        parts.open()
        try:
            folders = stages.produce()
            changed_folders = stages.skip_unchanged(folders)
            matches = stages.match(stages.read(changed_folders))
            stages.plan(parts.look(matches))
            copies_of_orphans = self._plan_orphans(queue)
            parts.albums.set_all_decided()
            for match in copies_of_orphans:
                queue.put(parts.plan(match))
            for item in parts.album_sidecars.results(parts.look):
                queue.put(item)
        finally:
            parts.close()

    def _plan_orphans(self, queue: PlanQueue) -> list[Match]:
        """Put the Plans and records of orphans into the queue.

        Return the Matches that cannot be planned yet: they are copies, and their original has no Plan yet.
        """
        parts, layout = self.parts, self.parts.layout
        postponed = []
        path: str | None = None
        for result in parts.orphans.results(parts.look):
            if not isinstance(result, FilePlanState):
                queue.put(result)
                continue
            match, output = result.match, result.output
            if output and not layout.by_template and layout.is_takeable(output):
                layout.set_output(match, output)
            elif match.folder != path:
                path = match.folder
                layout.begin_folder(path, self._previous_run.take_previous_outputs(path))
            layout.set_previous_output(match, self._previous_run.previous_output(match))
            try:
                queue.put(parts.plan(match))
            except OriginalUndecided:
                postponed.append(match)
        return postponed

    def plan_duplicates(self, duplicates: Sequence[Plan]) -> Iterator[Record | Plan]:
        """Yield new Plans for duplicates whose original is not in DEST, for example because writing it failed.

        The first of several duplicates with the same bytes gets an output of its own. The others are its copies.
        """
        parts = self.parts
        parts.albums.forget_outputs({plan.link for plan in duplicates})
        parts.open()
        try:
            path: str | None = None
            for plan in duplicates:
                if plan.for_json:  # the file that an earlier run put there for a sidecar of an album stays
                    continue
                match = plan.match
                self._previous_run.reopen(match, plan.key)
                if match.folder != path:
                    path = match.folder
                    outputs = self._previous_run.take_previous_outputs(path)
                    parts.layout.begin_folder(path, outputs, parts.layout.held_claims(path))
                item = parts.plan(match)
                parts.albums.observe(item)
                yield item
        finally:
            parts.close()
