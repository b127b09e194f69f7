"""The objects that the planning stages share, made once for a run; and the queue for their results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from pef_tui.cross_folder.album_copies import AlbumCopies
from pef_tui.cross_folder.orphans import OrphanPass
from pef_tui.cross_folder.sidecar_only_albums import SidecarOnlyAlbums
from pef_tui.model import Match, Outcome, Plan, Record
from pef_tui.pipeline.context import RunContext
from pef_tui.pipeline.profile import HAND_OVER
from pef_tui.planning.occupied_names import Occupied, with_free_name
from pef_tui.planning.planner import Planner
from pef_tui.planning.repeated_files import RepeatedFiles
from pef_tui.planning.short_xmp import ShortXmpNames
from pef_tui.planning.trial_copy import TrialCopies
from pef_tui.planning.unused_decisions import UnusedDecisions
from pef_tui.planning.unused_filters import UnusedFilters
from pef_tui.progress import Progress
from pef_tui.readers.inspect import inspect
from pef_tui.reporting.album_list import AlbumList
from pef_tui.tags.xmp_files import with_xmp_tags


class PlanQueue(Protocol):
    """Receives every record and every Plan, in order. If the writers are slower, `put` waits.

    A stage puts a record into the queue as soon as it becomes known, and does not yield it to the next stage. The next
    stage waits for a Match; until then, the records of many unchanged Folders would stay in memory.
    """

    def put(self, item: Record | Plan) -> None:
        """Add one item. Raises ChannelClosed if the run was stopped."""


class PlanningParts:
    """The objects that the stages of planning share. Only one thread at a time may use them."""

    def __init__(self, context: RunContext) -> None:
        setup, settings = context.setup, context.settings
        self._context = context
        self._timer = setup.progress.timer
        self._previous_run = context.previous_run
        self._tag_queue = context.source_folders.io_queue()
        self.trial = TrialCopies(setup.writers, context.source_folders.open_media, context.scratch)
        self.occupied = Occupied(
            setup.manifest,
            settings.output,
            self.trial.is_adoptable,
            context.previous_run.has_new_bytes,
            alike=context.disk_names.folds_names,
            in_place=settings.in_place,
        )
        self.short_names = ShortXmpNames(settings, self.occupied)
        self.layout = setup.mode.make_layout(settings, self.occupied, context.disk_names)
        self._finish_plan = setup.mode.finish_plan(settings)
        self.planner = Planner(
            settings,
            setup.map_tags,
            setup.writers,
            self.layout,
            setup.decisions,
            self._with_final_output,
            lambda: setup.map_tags.incomplete_calls,
        )
        self.same_files = RepeatedFiles()
        self.unused_decisions = UnusedDecisions.of(setup.decisions)
        self.unused_filters = UnusedFilters(settings)
        self.albums = AlbumCopies(
            settings.albums, context.source_folders, no_links=context.disk_names.no_links
        )
        self.album_list = AlbumList(
            settings.output, self.albums.folders_by_sidecar, in_place=settings.in_place
        )
        self.orphans = OrphanPass(
            context.source_folders,
            context.previous_run,
            self.read_metadata,
            self.albums,
            self.same_files,
            replaced_in=setup.mode.replaced_in(settings.output),
        )
        self.album_sidecars = SidecarOnlyAlbums(
            settings,
            context.source_folders,
            setup.manifest,
            context.previous_run,
            self.layout,
            self.planner,
            self.albums,
            self.orphans,
        )

    def open(self) -> None:
        """Open DEST. `occupied` then sees which names are used there."""
        self.occupied.open()

    def close(self) -> None:
        """Remove the temporary folder of trial copies (outputs that are made for a comparison), and close DEST."""
        self.trial.close()
        self.occupied.close()

    def report_unused(self, progress: Progress) -> bool:
        """Add warnings to `progress` about decisions and filters that name what does not exist. Return whether there
        are any.
        """
        has_unused_decisions = self.unused_decisions.report(progress)
        return self.unused_filters.report(progress) or has_unused_decisions

    def _with_final_output(self, plan: Plan) -> Plan:
        """Return the Plan with its final output path, completed for the output mode (copy or in place)."""
        return self._finish_plan(self._with_free_name(plan))

    def _with_free_name(self, plan: Plan) -> Plan:
        """Return the Plan with names of its output and XMP file that no other file in DEST has."""
        is_free = self.layout.has_plain_names and not self.occupied.has_folder_of(plan)
        if is_free and not plan.short_xmp:
            return plan
        match = plan.match
        key = self._previous_run.entry_key(match)
        if not is_free:
            plan = with_free_name(
                plan, key, self._previous_run.previous_output(match), self.occupied, self.layout
            )
        return self.short_names.with_final_xmp_name(plan, key)

    # -- stages that a Match passes

    def read_metadata(self, matches: Iterator[Match]) -> Iterator[Match]:
        """Yield the Matches with the present tags of their media and XMP files."""
        context = self._context
        with_tags = inspect(
            matches,
            context.source_folders.open_media,
            context.read_tags,
            context.scratch,
            self._tag_queue,
        )
        embed = context.settings.raw == "embed"
        return self._timer.time_items("read tags", with_xmp_tags(with_tags, embed=embed))

    def look(self, matches: Iterator[Match]) -> Iterator[Match]:
        """Yield the Matches with all data for tag mappers: the present tags, and the results of plugin stages."""
        matches = self.read_metadata(matches)
        for stage in self._context.setup.stages:
            matches = self._timer.time_items(stage.name, stage.run(matches))
        return matches

    def plan(self, match: Match) -> Plan | Outcome:
        """Return the Plan of a Match; its outcome, if an earlier run carried out the same Plan.

        Raises OriginalUndecided if the Match is a copy in an album whose original has no Plan yet.
        """
        original = self.albums.original(match)
        if original is not None and not self.albums.links:
            self.layout.hold(match)
            return self._previous_run.reuse_if_same(self.albums.as_copy(Plan(match, "duplicate"), original))
        plan = self.planner.plan(self.albums.with_titles(match))
        if original is not None:
            plan = self.albums.as_copy(plan, original)
        return self._previous_run.reuse_if_same(plan)

    def promise_output(self, match: Match) -> str:
        """Claim and return the output path of a Match that is planned later.

        With a layout template, return "" and claim nothing: the template needs the tags of the file.
        """
        if self.layout.by_template:
            return ""
        output = self.layout.claim(match)
        if self.occupied.may_block(output):  # it may need another name
            self.layout.hold(match)
        return output


class ObservedQueue:
    """A PlanQueue that passes each item to `albums` and `album_sidecars`, then to another queue."""

    def __init__(
        self, parts: PlanningParts, queue: PlanQueue, around: Callable[..., Callable[..., None]]
    ) -> None:
        """`around`: takes the name of a stage and a function, and returns the function with its calls timed."""
        self._albums = parts.albums
        self._album_sidecars = parts.album_sidecars
        self._orphans = parts.orphans
        self._put = around(HAND_OVER, queue.put)

    def put(self, item: Record | Plan) -> None:
        """Add one item. Raises ChannelClosed if the run was stopped."""
        self._albums.observe(item)
        if self._orphans.has_album_folders:
            self._album_sidecars.observe(item)
        self._put(item)
