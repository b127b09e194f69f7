"""The stage that carries out Plans in threads or other processes (`WriteStage`), or previews them (`PreviewStage`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

from pef_tui.execution.remote import AUTO, AUTO_FROM, THREADS, RemoteExecutor, local_only_reason
from pef_tui.execution.scheduler import Duplicates, WriteScheduler, execute_plans, preview
from pef_tui.execution.tag_readback import missing_edits
from pef_tui.execution.worker_setup import shared_archives, worker_setup
from pef_tui.exiftool.locate import locate
from pef_tui.hooks import WriterSession
from pef_tui.model import Outcome, Plan, Record
from pef_tui.output.commit import Send, carry_out, predict_outcome
from pef_tui.output.output_dir import DestView, OutputDir
from pef_tui.output.queues import OutputQueues
from pef_tui.pipeline.context import RunContext
from pef_tui.pipeline.verify import Verifier

PlanBatches = Iterator[list[Record | Plan]]


class PreviewStage:
    """Reports the outcomes that a run would have. It reads DEST, and writes nothing."""

    def __init__(self, context: RunContext, stack: ExitStack) -> None:
        self._stop = context.setup.progress.stop
        self._recorder = context.recorder
        self._view: DestView | None = None
        try:
            view = DestView(context.settings.output)
        except OSError:  # DEST does not exist yet, or cannot be read: the run reports that
            return
        stack.callback(view.close)
        if not context.settings.in_place:
            self._view = view

    def carry_out(self, planned: PlanBatches, duplicates: Duplicates) -> Iterator[Record]:
        """Yield the expected outcome of each Plan."""
        return preview(planned, self._stop, self._foresee, duplicates)

    def _foresee(self, plan: Plan) -> Outcome | None:
        """Return the outcome of a Plan if files in DEST cause another one than planned; else None."""
        return predict_outcome(plan, self._view, self._recorder) if self._view is not None else None


class WriteStage:
    """Carries out Plans in batches, with the number of workers in the settings."""

    def __init__(self, context: RunContext, stack: ExitStack) -> None:
        """`stack` closes the workers and files. Raises UsageError if the executor cannot be used, and OSError."""
        self._context = context
        self._progress = context.setup.progress
        output = context.settings.output
        queues = OutputQueues(output, [source.path for source in context.setup.sources])
        self._output_dir = OutputDir(output, dest_check=context.setup.dest_check, queues=queues)
        stack.callback(self._output_dir.close)
        stack.callback(self._output_dir.clear_staging)
        self._undo_record = context.setup.mode.begin_undo_record(
            self._output_dir, context.setup.root_mtime_ns, stack
        )
        if self._undo_record is not None:
            run = self._progress.undo = self._undo_record.run
            self._progress.notes.append(f"what this run changes can be undone: pef-tui --undo {run} SOURCE")
        self._verifier = _verifier(context, stack) if context.settings.verify else None
        self.remote_executor = _remote_executor(context, self._output_dir, stack)
        """Executor that writes files in other processes; None if threads write all files."""
        self._scheduler = WriteScheduler(
            context.setup.writers,
            context.settings.worker_count,
            self._carry_out_batch,
            self.remote_executor,
            lambda: queues.is_slow,
        )
        stack.callback(self._scheduler.close)

    def carry_out(self, planned: PlanBatches, duplicates: Duplicates) -> Iterator[Record]:
        """Carry out all Plans, and yield the outcomes of each batch when the batch ends."""
        return execute_plans(planned, self._scheduler, self._progress.stop, duplicates)

    def _carry_out_batch(
        self, batch: Sequence[Plan], sessions: Mapping[str, WriterSession], send: Send | None
    ) -> list[Outcome]:
        """Carry out one batch in the thread of a worker, and return its outcomes. With `--verify`, check them first.

        `sessions`: the worker's sessions of the writers, by name. `send`: sends copies to another process, which
        produces them; None if this process produces them.
        """
        context, verifier = self._context, self._verifier
        with self._progress.processing(len(batch), batch[0].match.media.path):
            context.source_folders.check({plan.match.media.root for plan in batch})
            hashes = verifier.source_hashes(batch) if verifier is not None else None
            outcomes = carry_out(
                batch,
                self._output_dir,
                sessions,
                context.source_folders.open_media,
                context.recorder,
                context.setup.writers,
                send,
                self._progress.timer,
                missing_edits,
                self._undo_record,
            )
            if verifier is None:
                return outcomes
            verified = verifier.check(outcomes, hashes)
            if wrong := [outcome for outcome in verified if outcome.verified is False]:
                context.recorder.record_outcomes(0, wrong)
            return verified


def _verifier(context: RunContext, stack: ExitStack) -> Verifier:
    settings = context.settings
    tool = locate(settings.exiftool).path
    open_media = context.source_folders.open_media
    verifier = Verifier(
        tool,
        settings.verify,
        settings.output,
        open_media,
        in_place=settings.in_place,
        sources=[source.path for source in context.setup.sources],
    )
    stack.callback(verifier.close)
    return verifier


def _remote_executor(context: RunContext, output_dir: OutputDir, stack: ExitStack) -> RemoteExecutor | None:
    """Return the executor that `--executor` names, ready to write files; None if threads write all files.

    Raises UsageError.
    """
    setup, name = context.setup, context.settings.executor
    reason = local_only_reason(context.settings)
    if reason and name not in (AUTO, THREADS):
        setup.progress.notes.append(f"--executor {name}: {reason}, so files are written in threads")
    if context.executor is None or reason:
        return None
    worker, has_plugin_writers = worker_setup(
        setup.host,
        setup.sources,
        setup.readers,
        setup.writers,
        output_dir=output_dir,
        exiftool=setup.progress.exiftool,
    )
    remote = RemoteExecutor(
        context.executor,
        worker,
        output_dir,
        setup.progress,
        full_plans=has_plugin_writers,
        archives=shared_archives(setup.sources, setup.readers),
    )
    stack.callback(remote.close)
    if name == AUTO:
        remote.start_after(AUTO_FROM)
    else:
        remote.start()
    return remote
