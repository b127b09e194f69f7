"""Make the Plan of a Match: which tags are written, by which writer, to which path.

A run and a preview make equal Plans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import xxhash
from msgspec.msgpack import Encoder
from msgspec.structs import replace

from pef_tui.formats import FORMATS
from pef_tui.hooks import Writer
from pef_tui.model import Match, MediaOutcome, Plan, TagEdit
from pef_tui.planning.layout import Layout
from pef_tui.readers.inspect import TEMPORARY_DAMAGE
from pef_tui.settings import Settings, wanted_tags
from pef_tui.tags.conflict_kinds import with_kind
from pef_tui.tags.dates_from_names import dates_from_name, is_dated_by_name, named_instant
from pef_tui.tags.decisions import Decisions
from pef_tui.tags.policy import Choose, TagDecision, decide, units_kept_by_media
from pef_tui.tags.tag_lists import as_xmp_target

MapTags = Callable[[Match], Iterable[TagEdit]]
"""A function that calls all tag mappers in order, and returns their edits.

A mapper that raises an exception adds no edits. It is named in the problems of the run.
"""

XMP_WRITER = "xmp"
"""Name of the writer that writes an XMP file and leaves the media file unchanged."""
_encode = Encoder().encode
NOT_RECOGNISED = "its content is no format known here"


class Planner:
    """Makes the Plans of one run."""

    def __init__(
        self,
        settings: Settings,
        map_tags: MapTags,
        writers: Sequence[Writer],
        layout: Layout,
        decisions: Decisions | None = None,
        resolve_output: Callable[[Plan], Plan] = lambda plan: plan,
        incomplete_calls: Callable[[], int] = lambda: 0,
    ) -> None:
        """`resolve_output`: returns the Plan, with another output if a file in DEST blocks the claimed output.

        `decisions`: a person's decisions on conflicts; None if there are none.

        `incomplete_calls`: returns how many calls of `map_tags` returned without the edits of a mapper that failed.
        """
        self._settings = settings
        self._map_tags = map_tags
        self._writers = writers
        self._layout = layout
        self._decisions = decisions or Decisions()
        self._resolve_output = resolve_output
        self._incomplete_calls = incomplete_calls
        self._dates_from_names = settings.dates_from_names and "dates" in wanted_tags(settings.tags)

    def plan(self, match: Match) -> Plan:
        """Return the Plan of a Match, and claim its output path. The metadata and capture time must be known.

        It is `temporary` if the next run may make another Plan of the same files: the media file could not be read, or
        a mapper or a stage failed, so that its tags are missing.
        """
        incomplete_calls = self._incomplete_calls()
        plan = self._resolve_output(self._plan(match))
        is_unread = match.metadata is not None and match.metadata.damage.startswith(TEMPORARY_DAMAGE)
        if is_unread or match.incomplete or self._incomplete_calls() != incomplete_calls:
            plan = replace(plan, temporary=True)
        return plan

    def _plan(self, match: Match) -> Plan:
        if match.excluded:
            return Plan(match, "excluded", reason=match.excluded)
        state = match.metadata
        if state is not None and state.damage and not state.format:
            return self._without_tags(match, "failed", state.damage)
        if match.sidecar is None:
            if self._settings.unmatched == "skip":
                return Plan(match, "unmatched", reason=match.reason)
            by_name = is_dated_by_name(match)
            if by_name and self._dates_from_names and (match.xmp is None or not match.xmp.problem):
                return self._dated_by_name(match)
            return replace(self._without_tags(match, "unmatched", match.reason), by_name=by_name)
        return self._with_tags(match)

    def _without_tags(self, match: Match, outcome: MediaOutcome, reason: str) -> Plan:
        """Return the Plan of a file that is copied without new tags, for the given `reason`."""
        time = self._output_mtime(match) if match.sidecar is not None else match.media.mtime_ns
        return Plan(match, outcome, output=self._layout.claim(match), mtime_ns=time, reason=reason)

    def _dated_by_name(self, match: Match) -> Plan:
        """Return the Plan of a file whose only date is in its name.

        If no writer can write the date, the file is only copied.
        """
        plan = self._with_tags(match)
        if plan.outcome != "copied":
            return replace(plan, by_name=True, reason=match.reason)
        return replace(
            plan, by_name=True, outcome="unmatched", mtime_ns=match.media.mtime_ns, reason=match.reason
        )

    def _edits(self, match: Match) -> Iterable[TagEdit]:
        return self._map_tags(match) if match.sidecar is not None else dates_from_name(match)

    def _output_mtime(self, match: Match) -> int:
        if match.sidecar is None:
            return _nanoseconds(named_instant(match), match)
        instant = match.capture_time.instant if match.capture_time else None
        return _nanoseconds(instant, match)

    def _with_tags(self, match: Match) -> Plan:
        existing = self._settings.existing
        mapped = as_xmp_target(match) if existing == "never" else match
        choose = self._chooser(match)
        decision = decide(mapped, self._edits(mapped), "fill" if existing == "never" else existing, choose)
        plan = Plan(
            match,
            "copied",
            edits=tuple(decision.edits),
            output=self._layout.claim(match),
            mtime_ns=self._output_mtime(match),
            conflicts=tuple([with_kind(match, conflict) for conflict in decision.conflicts]),
            warnings=(*decision.warnings, *self._doubts(match)),
            short_xmp=self._settings.xmp_name == "short",
        )
        return self._with_xmp_file(self._with_writer(plan), decision, choose)

    def _chooser(self, match: Match) -> Choose | None:
        """Return a function that takes a conflict of this file, and returns a person's decision on it.

        None if there are no decisions.
        """
        if not self._decisions:
            return None
        return lambda conflict: self._decisions.choose(match, with_kind(match, conflict))

    def _with_writer(self, plan: Plan) -> Plan:
        if not plan.edits:
            return plan
        writer = next((writer for writer in self._writers if writer.accepts(plan)), None)
        if writer is None:
            return replace(plan, edits=(), warnings=(*plan.warnings, "no writer can put tags into this file"))
        if writer.name != XMP_WRITER:
            return replace(plan, outcome="written", writer=writer.name)
        if plan.match.xmp is not None and plan.match.xmp.problem:
            reason = (
                f"its tags have no place: the XMP file beside it is left as it is: {plan.match.xmp.problem}"
            )
            return replace(plan, outcome="failed", edits=(), reason=reason)
        return replace(plan, outcome="sidecar", writer=writer.name)

    def _with_xmp_file(self, plan: Plan, decision: TagDecision, choose: Choose | None) -> Plan:
        """Return the Plan with the edits of its XMP file. Without such edits, return it unchanged.

        There are edits with `--xmp always`, and if an existing XMP file must be completed.
        """
        match, settings = plan.match, self._settings
        if settings.xmp == "never" or settings.existing == "never":
            return plan
        if settings.xmp == "auto" and (plan.writer == XMP_WRITER or _has_partial_xmp(match)):
            return plan
        if (settings.xmp == "auto" and match.xmp is None) or (match.xmp is not None and match.xmp.problem):
            return plan
        mapped = as_xmp_target(match)
        skipped_units = units_kept_by_media(match, decision)
        xmp_edits = decide(mapped, self._edits(mapped), settings.existing, choose).edits
        edits = tuple([edit for edit in xmp_edits if (edit.unit or edit.tag) not in skipped_units])
        if plan.writer == XMP_WRITER:
            first = {edit.tag for edit in plan.edits}
            return replace(plan, edits=(*plan.edits, *(edit for edit in edits if edit.tag not in first)))
        if edits and not plan.edits:
            return replace(plan, outcome="sidecar", writer=XMP_WRITER, edits=edits)
        return replace(plan, xmp_edits=edits)

    def _doubts(self, match: Match) -> Iterable[str]:
        yield from match.doubts
        state = match.metadata
        if state is None:
            return
        if not state.format:
            yield NOT_RECOGNISED
        elif state.damage:
            yield f"damaged: {state.damage}"
        elif state.closed and state.reader != "native":
            yield state.closed
        elif not state.reader and FORMATS[state.format].cls != "none":
            yield "what the file already says could not be read (no ExifTool)"
        if match.xmp is not None and match.xmp.problem:
            yield f"the XMP file beside it is left as it is: {match.xmp.problem}"


def _has_partial_xmp(match: Match) -> bool:
    """Return whether the XMP file of a picture is never completed, because the picture is of a raw format.

    It then has only the tags that the picture itself lacks.
    """
    state = match.metadata
    return state is not None and not state.embed and bool(state.format) and FORMATS[state.format].cls == "raw"


def _nanoseconds(instant: float | None, match: Match) -> int:
    """Return `instant` (seconds since 1970) in nanoseconds, rounded to milliseconds.

    If None, return the modification time of the file.
    """
    return match.media.mtime_ns if instant is None else round(instant * 1000) * 1_000_000


def plan_digest(plan: Plan) -> bytes:
    """Return a hash (8 bytes) of what the Plan writes: edits, output path, modification time, writer, link."""
    parts: tuple[object, ...] = (plan.edits, plan.output, plan.mtime_ns, plan.writer)
    if plan.xmp_edits or plan.short_xmp:
        parts = (*parts, plan.xmp_edits, plan.short_xmp)
    if plan.link:
        parts = (*parts, plan.link)
    try:
        return xxhash.xxh3_64_digest(_encode(parts))
    except (UnicodeEncodeError, OverflowError):  # names that are not UTF-8, numbers of more than 64 bits
        return xxhash.xxh3_64_digest(repr(parts).encode("utf-8", "backslashreplace"))
