"""Stages that need one Folder at a time: skip unchanged Folders, read and match sidecars, plan."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from pef_tui.cross_folder.album_copies import OriginalUndecided
from pef_tui.execution.remote import RemoteExecutor
from pef_tui.model import Folder, Match, Outcome, Plan, Record, file_id
from pef_tui.pipeline.context import RunContext
from pef_tui.pipeline.planning_parts import PlanningParts, PlanQueue
from pef_tui.planning.collect import CollectedFolder


class FolderStages:
    """The stages as generators: each reads the results of the stage before.

    A file that needs no more work leaves the stages: its record goes into `queue` immediately.
    """

    def __init__(
        self,
        context: RunContext,
        parts: PlanningParts,
        queue: PlanQueue,
        remote_executor: RemoteExecutor | None = None,
    ) -> None:
        """`remote_executor`: gets the number of media to expect, and can start its processes early. None if threads
        write all files.
        """
        self._source_folders = context.source_folders
        self._folder_cache = context.folder_cache
        self._previous_run = context.previous_run
        self._progress = context.setup.progress
        self._timer = self._progress.timer
        self._entries_of = context.setup.manifest.folder
        self._parts = parts
        self._queue = queue
        self._remote_executor = remote_executor

    def produce(self) -> Iterator[Folder]:
        """Yield the Folders of the sources. With `--albums`, Folders with originals come before albums, which have
        copies.
        """
        with self._timer.time_block("scan"):
            self._source_folders.survey_exports()
        return self._timer.time_items("scan", self._parts.albums.folders())

    def skip_unchanged(self, folders: Iterator[Folder]) -> Iterator[Folder]:
        """Yield each Folder that changed since the last run.

        Also yield Folders with media that may be copies in albums, or may have copies there. The records of all other
        Folders come from the cache, and go into the queue.
        """
        parts = self._parts
        for folder in self._previous_run.output_statuses.query_ahead(folders, self._entries_of):
            files = (folder.media, folder.json, folder.other, folder.ignored)
            self._progress.listed += sum(map(len, files))
            parts.unused_decisions.add_folder(folder)
            parts.unused_filters.add_folder(folder)
            self._previous_run.sidecar_names.add_folder(folder)
            parts.layout.reserve_folder(folder.path)
            with self._timer.time_block("compare listings"):
                records = self._folder_cache.cached_records(folder)
            is_listed = records is not None and parts.album_list.keep_cached(folder.path, records)
            if records is None or not is_listed or parts.albums.concerns(folder):
                yield folder
                continue
            parts.unused_filters.add_cached(folder, parts.album_list.album(folder.path), records)
            for record in parts.orphans.keep_cached(folder, records):
                self._queue.put(record)
        self._progress.is_listed = True

    def read(self, folders: Iterator[Folder]) -> Iterator[Folder]:
        """Yield the Folders with their JSON files read."""
        return self._timer.time_items("read sidecars", self._source_folders.read_sidecars(folders))

    def match(self, folders: Iterator[Folder]) -> Iterator[Match]:
        """Yield the Matches of Folders that have work. Put the records of all other files into the queue."""
        parts = self._parts
        for folder in folders:
            parts.short_names.add_folder(folder)
            with self._timer.time_block("match"):
                collected = self._source_folders.collect(folder)
            parts.album_list.add_folder(folder.path, collected.folder.album)
            parts.unused_filters.add_titles(collected.folder.album, collected.matches)
            parts.album_sidecars.add_folder(collected)
            parts.orphans.weak.begin_folder(collected)
            self._folder_cache.begin_folder(collected)
            for json in collected.json:
                if not parts.orphans.keep_json(folder, json):
                    self._queue.put(json)
            own_xmp_files = self._previous_run.own_xmp_files(folder)
            for other in collected.other_records:
                if other.file.path not in own_xmp_files:
                    self._queue.put(other)
            yield from self._with_work(collected, self._included(collected))

    def _included(self, collected: CollectedFolder) -> list[Match]:
        """Return the Matches of the Folder that are planned.

        Media that a filter excludes are reported immediately. Media with the same bytes as another file are added to
        `same_files`, which reports them later.
        """
        included = []
        for match in collected.matches:
            if match.excluded:
                plan = Plan(match, "excluded", reason=match.excluded)
                self._queue.put(Outcome(plan, "excluded", reason=match.excluded))
            elif (original := collected.duplicates.get(file_id(match.media))) is not None:
                self._parts.same_files.add(match, original)
            else:
                included.append(self._parts.albums.with_copies(match))
        return included

    def _with_work(self, collected: CollectedFolder, matches: list[Match]) -> Iterator[Match]:
        """Yield all Matches of the Folder if at least one of them needs work.

        Otherwise, put the outcomes of an earlier run into the queue, and store orphans in `OrphanPass`.
        """
        parts = self._parts
        orphans = {file_id(match.media): match for match in parts.orphans.candidates(collected, matches)}
        unchanged = self._previous_run.unchanged_outcomes(collected.folder, matches, orphans.keys())
        outputs = {key: self._previous_run.planned_output(match) for key, match in orphans.items()}
        if len(unchanged) + len(orphans) == len(matches) and all(outputs.values()):
            for outcome in unchanged.values():
                self._queue.put(outcome)
            for key, match in orphans.items():
                parts.albums.set_undecided(match)
                parts.orphans.keep(match, "" if parts.layout.by_template else outputs[key])
            return
        parts.orphans.await_metadata(orphans.keys())
        if self._remote_executor is not None:
            self._remote_executor.expect(matches, len(unchanged))
        yield from matches

    def plan(self, matches: Iterator[Match]) -> None:
        """Put a Plan of each Match into the queue; its outcome, if an earlier run carried out the Plan.

        An orphan (a Match without sidecar in its Folder) is stored in `OrphanPass`, and planned after all Folders.
        """
        path: str | None = None
        for match in matches:
            if match.folder != path:
                path = match.folder
                self._parts.layout.begin_folder(path, self._previous_run.take_previous_outputs(path))
            with self._timer.time_block("plan"):
                item = self._plan_or_keep(match)
            if item is not None:
                self._queue.put(item)

    def _plan_or_keep(self, match: Match) -> Record | Plan | None:
        """Return the Plan of a Match, or its outcome if it needs no work. None if `OrphanPass` plans it later."""
        parts = self._parts
        if (outcome := self._previous_run.take_unchanged(match)) is not None:
            return outcome
        if parts.orphans.has_awaited(match):
            parts.albums.set_undecided(match)
            parts.orphans.keep(match, parts.promise_output(match))
            return None
        try:
            return parts.plan(match)
        except OriginalUndecided:
            without_metadata = replace(match, metadata=None, capture_time=None)
            parts.orphans.postpone(without_metadata, parts.promise_output(match))
            return None
