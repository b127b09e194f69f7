"""The JSON line of one picture or video, and what reports state about its outcome."""

from __future__ import annotations

from datetime import timedelta

from msgspec import UNSET, Struct, UnsetType

from pef_tui.model import EPOCH, CaptureTime, Conflict, Outcome, TagEdit, Value, xmp_name

TAGS_WRITTEN = frozenset({"written", "sidecar"})
"""Outcomes of files whose tags were written, into the file or into an XMP file."""


class MediaLine(Struct):
    """The line of one picture or video. In a dry run it has the outcome that a run would have."""

    v: int
    type: str
    source: str
    """Path of the file below its source, with `/`. Bytes that are not UTF-8 are shown as `\\xff`."""
    root: int
    """Number of the source, from 0."""
    sidecar: str | None
    sidecar_root: int | None
    rule: str | None
    """Name of the rule that matched the sidecar; null without a sidecar."""
    outcome: str
    output: str | None
    """Path relative to DEST; null if no file was written."""
    writer: str
    taken: str | None
    """Capture time, ISO 8601 with the offset of local time (+00:00 if the time zone is unknown)."""
    zone: str
    tags: dict[str, Value | None]
    """Tags that are written into the file; with the outcome `sidecar`, into its XMP file. null removes the tag."""
    conflicts: tuple[Conflict, ...]
    warnings: tuple[str, ...]
    reason: str
    taken_from: str = ""
    """Origin of `taken`: `sidecar`, `file` (tags of the file), `name` (file name); empty if `taken` is unknown."""
    xmp_tags: dict[str, Value | None] = {}
    """With the outcome `written`: tags that only the XMP file contains, because the file itself cannot store them."""
    size: int = 0
    """Size of the file in its source, in bytes."""
    format: str = ""
    """Format of the file, by its content if it was read, else by its extension (`jpeg`); empty if unknown."""
    source_time: str | None = None
    """Modification time of the file in its source, ISO 8601 in UTC; null if a date cannot express it."""
    output_size: int | None = None
    """Size of the output in bytes; null if this run did not write it."""
    output_time: str | None = None
    """Modification time of the output, ISO 8601 in UTC; null if there is no output, or in a dry run."""
    xmp: str | None = None
    """Path, relative to DEST, of the XMP file that this run wrote for the file; null if it wrote none."""
    source_bytes: str | UnsetType = UNSET
    """Exact bytes of `source` in base64; absent if they are UTF-8."""
    sidecar_bytes: str | UnsetType = UNSET
    """Exact bytes of `sidecar` in base64; absent if they are UTF-8."""
    output_bytes: str | UnsetType = UNSET
    """Exact bytes of `output` in base64; absent if they are UTF-8."""
    xmp_bytes: str | UnsetType = UNSET
    """Exact bytes of `xmp` in base64; absent if they are UTF-8."""


def media_line(outcome: Outcome) -> MediaLine:
    """Return the JSON line of one picture or video."""
    from pef_tui.reporting.stats import format_of  # imported here because a run without work does not need it

    plan, match = outcome.plan, outcome.plan.match
    has_output = outcome.output is not None and outcome.mtime_ns != 0
    return MediaLine(
        1,
        "media",
        match.media.path,
        match.media.root,
        match.json.path if match.json else None,
        match.json.root if match.json else None,
        match.rule if match.json or match.sidecar else None,
        outcome.outcome,
        outcome.output,
        outcome.writer,
        iso_time(match.capture_time) if match.capture_time else None,
        match.capture_time.zone if match.capture_time else "",
        {edit.tag: edit.value for edit in written_edits(outcome)},
        plan.conflicts,
        all_warnings(outcome),
        outcome_reason(outcome),
        match.capture_time.source if match.capture_time else "",
        {edit.tag: edit.value for edit in xmp_only_edits(outcome)},
        match.media.size,
        format_of(outcome),
        _utc_time(match.media.mtime_ns),
        outcome.size if has_output and outcome.outcome != "unchanged" else None,
        _utc_time(outcome.mtime_ns) if has_output else None,
        xmp_name(outcome.output, outcome.short_xmp) if outcome.output is not None and outcome.xmp else None,
    )


def xmp_only_edits(outcome: Outcome) -> tuple[TagEdit, ...]:
    """Return the edits that only the XMP file contains, because the media file cannot store them.

    Return () unless the outcome is `written`.
    """
    if not outcome.beside or outcome.outcome != "written":
        return ()
    from pef_tui.xmp import can_write, to_xmp

    return tuple(edit for edit in to_xmp(outcome.beside) if can_write(edit.tag))


def written_edits(outcome: Outcome) -> tuple[TagEdit, ...]:
    """Return the edits that were written into the file (outcome `written`) or into its XMP file (outcome `sidecar`).

    Return () for other outcomes.
    """
    if outcome.outcome not in TAGS_WRITTEN:
        return ()
    edits = outcome.plan.edits if outcome.edits is None else outcome.edits
    if outcome.outcome == "written":
        return edits
    from pef_tui.xmp import can_write, to_xmp  # imported here because it imports the XML parser

    return tuple(edit for edit in to_xmp(edits) if can_write(edit.tag))


def all_warnings(outcome: Outcome) -> tuple[str, ...]:
    """Return the warnings of `outcome` and its Plan, each text once."""
    if not outcome.warnings:
        return outcome.plan.warnings
    return tuple(dict.fromkeys((*outcome.plan.warnings, *outcome.warnings)))


def outcome_reason(outcome: Outcome) -> str:
    """Return the reason of `outcome`, or else of its Plan or Match; "" if there is none."""
    plan = outcome.plan
    return outcome.reason or plan.reason or plan.match.reason or plan.match.excluded


def iso_time(capture_time: CaptureTime) -> str:
    """Return the local time as ISO 8601 with its UTC offset; with milliseconds if they are not 0."""
    local = capture_time.local
    return local.isoformat(timespec="milliseconds" if local.microsecond >= 1000 else "seconds")


def _utc_time(time_ns: int) -> str | None:
    """Return a time in nanoseconds since 1970 as ISO 8601 in UTC; None if it is not in the years 1 to 9999."""
    try:
        moment = EPOCH + timedelta(microseconds=time_ns // 1000)
    except OverflowError:
        return None
    return moment.isoformat(timespec="milliseconds" if moment.microsecond >= 1000 else "seconds")
