"""Details of one planned file, as lines for a screen: facts on the file, and each tag before and after the run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Literal, NamedTuple

from pef_tui.formats import FORMATS
from pef_tui.model import EPOCH, Choice, Conflict, JsonRecord, Match, Outcome, TagEdit, Value
from pef_tui.preview.planned_files import UNKNOWN, PlannedFiles
from pef_tui.reporting.charts.bars import size_text
from pef_tui.reporting.json_lines import MEDIA_WORDS
from pef_tui.reporting.local_time import kept_time
from pef_tui.reporting.media_line import all_warnings, outcome_reason
from pef_tui.tags.dates import UNIT as DATE
from pef_tui.tags.tag_lists import tags_of

Change = Literal["", "new", "changed", "joined", "removed", "kept", "conflict"]
"""How a tag changes; "" if it does not change. `joined`: texts are added to the list in the file. `kept`: the value of
the file stays although Google's differs."""
MARKS: dict[Change, str] = {
    "": " ", "new": "+", "changed": "~", "joined": "&", "removed": "-", "kept": "=", "conflict": "!",
}  # fmt: skip
MAX_UNCHANGED = 40
"""Maximum number of unchanged tags that are shown."""


class Fact(NamedTuple):
    """A label and a text about a file. Control characters in the text are not escaped yet (see `sanitize.safe`)."""

    name: str
    text: str
    kind: Literal["fact", "title", "problem", "path"] = "fact"


class TagLine(NamedTuple):
    """One tag, before and after the run. Control characters in the texts are not escaped yet (see `sanitize.safe`)."""

    tag: str
    before: str
    after: str
    change: Change
    outcome: str
    """The change in words, for instance `new` or `keep the file's`."""


ZONE_ORIGINS = {
    "file": "the file's own tag",
    "camera": "the camera's clock",
    "maker": "the camera's own notes",
    "gps-time": "the GPS time in the file",
    "gps": "the place",
    "name": "the file's name",
    "neighbour": "pictures taken around it",
    "option": "--timezone",
    "assumed": "assumed",
    "": "unknown",
}
"""Text for each origin of a time zone (`CaptureTime.zone`)."""
TIME_ORIGINS = {"sidecar": "Google", "file": "the file", "name": "the file's name"}
_OUTCOME_TEXTS = {
    "written": "will be written",
    "sidecar": "will get an XMP file",
    "duplicate": "duplicate",
    "failed": "will fail",
}
"""Texts for outcomes in a preview, where they differ from those after a run."""
CHOICE_TEXTS: dict[Choice, str] = {"": "undecided", "keep": "keep the file's", "google": "take Google's"}


def facts(outcome: Outcome, assigned: str = "", choices: dict[str, Choice] | None = None) -> Iterator[Fact]:
    """Yield the facts on a picture or video.

    `assigned`: name of the sidecar that the user assigned since the preview; "" if none was assigned. `choices`: see
    `tag_lines`.
    """
    plan, match = outcome.plan, outcome.plan.match
    media = match.media
    yield Fact("", media.name, "title")
    yield Fact("Outcome", _OUTCOME_TEXTS.get(outcome.outcome, MEDIA_WORDS[outcome.outcome]))
    if reason := outcome_reason(outcome):
        yield Fact("Why", reason, "problem" if outcome.outcome in ("failed", "unmatched") else "fact")
    for warning in all_warnings(outcome):
        yield Fact("Warning", warning, "problem")
    state = match.metadata
    file_format = FORMATS.get(state.format) if state is not None else None
    words = f"{file_format.words}, " if file_format else ""
    yield Fact("File", f"{words}{size_text(media.size)}, dated {_utc(media.mtime_ns / 1e9)}")
    yield from _time_facts(outcome, (choices or {}).get(DATE, ""))
    yield from _sidecar_facts(match, assigned)
    if match.main:
        yield Fact("With", match.main, "path")
    yield Fact("From", media.path, "path")
    if plan.output is not None:
        yield Fact("To", plan.output, "path")
    if plan.writer:
        yield Fact("Writer", plan.writer)


def json_facts(record: JsonRecord) -> Iterator[Fact]:
    """Yield the facts on a JSON file: a sidecar without a picture, or an invalid file."""
    file, sidecar = record.file, record.file.sidecar
    yield Fact("", file.name, "title")
    yield Fact(
        "Is",
        "a sidecar whose picture is missing"
        if record.outcome == "orphan"
        else "not a JSON file of Google Photos",
    )
    if record.reason:
        yield Fact("Why", record.reason, "problem")
    if sidecar is not None:
        yield Fact("Title", sidecar.title)
        if sidecar.taken is not None:
            yield Fact("Taken", f"{_utc(sidecar.taken)} UTC")
        if sidecar.names:
            yield Fact("People", ", ".join(sidecar.names))
        if sidecar.description:
            yield Fact("Text", sidecar.description)
    yield Fact("From", file.path, "path")


def tag_lines(outcome: Outcome, choices: dict[str, Choice] | None = None) -> Iterator[TagLine]:
    """Yield a line for each tag: tags with conflicts, then edited tags, then at most `MAX_UNCHANGED` unchanged tags.

    `choices`: current decisions, by unit or tag of the conflict. For a conflict without an entry there, the decision
    that the preview applied is shown.
    """
    plan, match = outcome.plan, outcome.plan.match
    existing = tags_of(match)
    listed_tags = set()
    for conflict in plan.conflicts:
        listed_tags.add(conflict.tag)
        yield _conflict_line(conflict, (choices or {}).get(conflict.unit or conflict.tag, conflict.choice))
    for edit in (*plan.edits, *plan.xmp_edits):
        if edit.tag not in listed_tags:
            listed_tags.add(edit.tag)
            yield _edit_line(edit, existing.get(edit.tag))
    for number, (tag, value) in enumerate(sorted(existing.items())):
        if tag not in listed_tags and number < MAX_UNCHANGED:
            yield TagLine(tag, _text(value), _text(value), "", "stays")


def _conflict_line(conflict: Conflict, choice: Choice) -> TagLine:
    file, google = _text(conflict.file), _text(conflict.google)
    new_value = google if choice == "google" else file
    kind = ", ".join(str(part) for part in (conflict.differs, conflict.kind) if part) or "another value"
    word = f"{CHOICE_TEXTS[choice]} ({kind}; Google: {google})"
    return TagLine(conflict.tag, file, new_value, "conflict", word)


def _edit_line(edit: TagEdit, existing: Value | None) -> TagLine:
    if edit.value is None:
        return TagLine(edit.tag, _text(existing), "", "removed", "removed")
    if existing is None:
        return TagLine(edit.tag, "", _text(edit.value), "new", "new")
    change: Change = "joined" if edit.when == "merge" else "changed"
    return TagLine(edit.tag, _text(existing), _text(edit.value), change, change)


def _text(value: Value | None) -> str:
    """Return the value of a tag as text; "" for None."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def no_tags_text(outcome: Outcome) -> str:
    """Return why `tag_lines` has no lines for a picture or video."""
    if outcome.plan.match.metadata is not None:
        return "The file has no tags of those that a run reads."
    if outcome.outcome == "unchanged":
        return "The tags are not listed: an earlier run has done this file, so it is not read again."
    return "The tags are not listed: the run does not read this file."


def _time_facts(outcome: Outcome, choice: Choice) -> Iterator[Fact]:
    """Yield the time that the file has after the run, and its zone. `choice`: the decision on a conflict of dates."""
    capture_time, kept = outcome.plan.match.capture_time, kept_time(outcome)
    if kept is not None and choice != "google":
        yield Fact("Taken", f"{_local(kept)} local time; time from the file, not Google's")
        return
    if capture_time is None:
        if outcome.recorded_time is not None:
            yield Fact("Taken", f"{_local(outcome.recorded_time)} local time; recorded by an earlier run")
        return
    local = capture_time.local
    zone = f"UTC{_offset(capture_time.offset)}" if capture_time.offset is not None else "zone unknown, in UTC"
    origin = TIME_ORIGINS.get(capture_time.source, capture_time.source)
    yield Fact("Taken", f"{local:%Y-%m-%d %H:%M:%S} {zone}; time from {origin}")
    yield Fact("Zone", _zone(capture_time.zone))


def _zone(zone: str) -> str:
    words = ZONE_ORIGINS.get(zone, zone)
    return f"from {words}" if zone and zone != "assumed" else words


def _offset(minutes: int) -> str:
    """Return a UTC offset as text: `+05:30`."""
    sign, (hours, remaining_minutes) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return f"{sign}{hours:02}:{remaining_minutes:02}"


def _sidecar_facts(match: Match, assigned: str) -> Iterator[Fact]:
    if assigned:
        yield Fact("Sidecar", f"{assigned} (assigned by you; the next preview shows the result)")
    elif match.json is not None:
        yield Fact("Sidecar", match.json.path, "path")
        yield Fact("Found by", f"rule {match.rule or ''}".strip())
    else:
        yield Fact("Sidecar", "none", "problem")


def _local(seconds: int) -> str:
    """Return a local time, in seconds since 1970 as if it were UTC, as text; "?" if it is out of range."""
    try:
        return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}"
    except OverflowError:
        return "?"


def _utc(seconds: float) -> str:
    """Return a time in seconds since 1970 as text, in UTC to the minute; "?" if it is out of range."""
    try:
        return f"{(EPOCH + timedelta(seconds=seconds)).astimezone(UTC):%Y-%m-%d %H:%M}"
    except (OverflowError, ValueError):
        return "?"


def taken_text(files: PlannedFiles, row: int, clock: bool) -> str:
    """Return the date on which the file of `row` was taken, with the time of day if `clock`, padded to a fixed width.

    The text is "-" if the date is unknown, and "?" if it is out of range.
    """
    seconds = files.taken[row]
    width = 16 if clock else 10
    if seconds == UNKNOWN:
        return "-".ljust(width)
    try:
        return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M}"[:width]
    except OverflowError:
        return "?".ljust(width)


__all__ = [
    "CHOICE_TEXTS",
    "MARKS",
    "Fact",
    "TagLine",
    "facts",
    "json_facts",
    "no_tags_text",
    "tag_lines",
    "taken_text",
]
