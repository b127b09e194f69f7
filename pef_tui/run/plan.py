"""From a Match to its Plan: which tags, by which writer, to which path. Preview and run share what is made here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import xxhash
from msgspec.msgpack import Encoder
from msgspec.structs import replace

from pef_tui.formats import FORMATS
from pef_tui.hooks import Writer
from pef_tui.model import Match, MediaOutcome, Plan, TagEdit
from pef_tui.run.inplace import in_place
from pef_tui.run.layout import Layout
from pef_tui.settings import Settings, wanted_tags
from pef_tui.state.inspect import PASSING
from pef_tui.tags.by_name import dates_from_name, is_dated_by_name, named_instant
from pef_tui.tags.classes import for_xmp_file
from pef_tui.tags.decisions import Decisions
from pef_tui.tags.kinds import described
from pef_tui.tags.policy import Choose, Settled, settle, units_left
from pef_tui.write.undo_folder import OwnNames

MapTags = Callable[[Match], Iterable[TagEdit]]
"""Every mapper in order, guarded: a mapper that raises is named in the problems and costs its own tags only."""

XMP_WRITER = "xmp"
"""Name of the writer that leaves the media as it is."""
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
        name: Callable[[Plan], Plan] = lambda plan: plan,
    ) -> None:
        """`name`: gives a Plan another output where something in DEST blocks the one it has claimed."""
        self._settings = settings
        self._map_tags = map_tags
        self._writers = writers
        self._layout = layout
        self._decisions = decisions or Decisions()
        self._name = name
        self._source = settings.output
        self._by_name = settings.dates_from_names and "dates" in wanted_tags(settings.tags)
        self._own = OwnNames(settings.output)

    def plan(self, match: Match) -> Plan:
        """The Plan of one Match whose state and time are filled; claims its output path."""
        plan = self._name(self._plan(match))
        if match.state is not None and match.state.damage.startswith(PASSING):
            plan = replace(plan, temporary=True)
        return in_place(plan, self._settings, self._source, self._own) if self._settings.in_place else plan

    def _plan(self, match: Match) -> Plan:
        if match.excluded:
            return Plan(match, "excluded", reason=match.excluded)
        state = match.state
        if state is not None and state.damage and not state.format:
            return self._untouched(match, "failed", state.damage)
        if match.sidecar is None:
            if self._settings.unmatched == "skip":
                return Plan(match, "unmatched", reason=match.reason)
            by_name = is_dated_by_name(match)
            if by_name and self._by_name and (match.xmp is None or not match.xmp.problem):
                return self._dated_by_name(match)
            return replace(self._untouched(match, "unmatched", match.reason), by_name=by_name)
        return self._with_tags(match)

    def _untouched(self, match: Match, outcome: MediaOutcome, reason: str) -> Plan:
        """Put there as it is."""
        time = self._moment(match) if match.sidecar is not None else match.media.mtime_ns
        return Plan(match, outcome, output=self._layout.claim(match), mtime_ns=time, reason=reason)

    def _dated_by_name(self, match: Match) -> Plan:
        """The date in the name of a file that nothing else dates; without a place for it, the file as it is."""
        plan = self._with_tags(match)
        if plan.outcome != "copied":
            return replace(plan, by_name=True, reason=match.reason)
        return replace(
            plan, by_name=True, outcome="unmatched", mtime_ns=match.media.mtime_ns, reason=match.reason
        )

    def _edits(self, match: Match) -> Iterable[TagEdit]:
        return self._map_tags(match) if match.sidecar is not None else dates_from_name(match)

    def _moment(self, match: Match) -> int:
        if match.sidecar is None:
            return _nanoseconds(named_instant(match), match)
        taken = match.taken.instant if match.taken else None
        return _nanoseconds(taken, match)

    def _with_tags(self, match: Match) -> Plan:
        existing = self._settings.existing
        asked = for_xmp_file(match) if existing == "never" else match
        choose = self._chooser(match)
        settled = settle(asked, self._edits(asked), "fill" if existing == "never" else existing, choose)
        plan = Plan(
            match,
            "copied",
            edits=tuple(settled.edits),
            output=self._layout.claim(match),
            mtime_ns=self._moment(match),
            conflicts=tuple([described(match, conflict) for conflict in settled.conflicts]),
            warnings=(*settled.warnings, *self._doubts(match)),
            short_xmp=self._settings.xmp_name == "short",
        )
        return self._with_xmp_file(self._with_writer(plan), settled, choose)

    def _chooser(self, match: Match) -> Choose | None:
        """What a person decided on conflicts of this file."""
        if not self._decisions:
            return None
        return lambda conflict: self._decisions.choose(match, described(match, conflict))

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

    def _with_xmp_file(self, plan: Plan, settled: Settled, choose: Choose | None) -> Plan:
        """The Plan with what goes into an XMP file besides: always, or because there is one to be completed."""
        match, settings = plan.match, self._settings
        if settings.xmp == "never" or settings.existing == "never":
            return plan
        if settings.xmp == "auto" and (plan.writer == XMP_WRITER or _is_told_beside(match)):
            return plan
        if (settings.xmp == "auto" and match.xmp is None) or (match.xmp is not None and match.xmp.problem):
            return plan
        asked = for_xmp_file(match)
        left = units_left(match, settled)
        beside = settle(asked, self._edits(asked), settings.existing, choose).edits
        edits = tuple([edit for edit in beside if (edit.unit or edit.tag) not in left])
        if plan.writer == XMP_WRITER:
            first = {edit.tag for edit in plan.edits}
            return replace(plan, edits=(*plan.edits, *(edit for edit in edits if edit.tag not in first)))
        if edits and not plan.edits:
            return replace(plan, outcome="sidecar", writer=XMP_WRITER, edits=edits)
        return replace(plan, xmp_edits=edits)

    def _doubts(self, match: Match) -> Iterable[str]:
        yield from match.doubts
        state = match.state
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


def _is_told_beside(match: Match) -> bool:
    """Does the XMP file only add to what the picture says, and is never complete by itself? That of a raw picture."""
    state = match.state
    return state is not None and not state.embed and bool(state.format) and FORMATS[state.format].cls == "raw"


def _nanoseconds(instant: float | None, match: Match) -> int:
    """An instant to the millisecond; the file's own time where there is none."""
    return match.media.mtime_ns if instant is None else round(instant * 1000) * 1_000_000


def digest(plan: Plan) -> bytes:
    """Eight bytes that differ when what would be put into the output differs."""
    parts: tuple[object, ...] = (plan.edits, plan.output, plan.mtime_ns, plan.writer)
    if plan.xmp_edits or plan.short_xmp:
        parts = (*parts, plan.xmp_edits, plan.short_xmp)
    if plan.link:
        parts = (*parts, plan.link)
    try:
        return xxhash.xxh3_64_digest(_encode(parts))
    except (UnicodeEncodeError, OverflowError):  # names that are no UTF-8, numbers of more than 64 bits
        return xxhash.xxh3_64_digest(repr(parts).encode("utf-8", "backslashreplace"))
