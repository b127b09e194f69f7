"""Everything about one planned file, as lines to be shown: what it is, what is in it now and what will be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Literal, NamedTuple

from pef_tui.charts.bars import bytes_words
from pef_tui.formats import FORMATS
from pef_tui.model import EPOCH, Choice, Conflict, JsonRecord, Match, Outcome, TagEdit, Value
from pef_tui.planned.store import UNKNOWN, Planned
from pef_tui.report import MEDIA_WORDS, reason, warnings
from pef_tui.tags.classes import tags_of

Change = Literal["", "new", "changed", "joined", "removed", "kept", "conflict"]
"""What happens to a tag; "" for what nobody touches."""
MARKS: dict[Change, str] = {
    "": " ", "new": "+", "changed": "~", "joined": "&", "removed": "-", "kept": "=", "conflict": "!",
}  # fmt: skip
REST = 40
"""Tags nobody touches that are shown."""


class Fact(NamedTuple):
    """A line of facts. Texts are not safe to show yet."""

    name: str
    text: str
    kind: Literal["fact", "title", "problem", "path"] = "fact"


class TagLine(NamedTuple):
    """One tag, before and after. Texts are not safe to show yet."""

    tag: str
    before: str
    after: str
    change: Change
    word: str
    """What the change is called: `new`, `keep the file's`."""


ZONES = {
    "file": "the file's own tag",
    "camera": "the camera's clock",
    "maker": "the camera's own notes",
    "gps-time": "the GPS time in the file",
    "gps": "the place",
    "name": "the file's name",
    "neighbour": "pictures taken around it",
    "option": "--timezone",
    "assumed": "assumed",
    "": "not known",
}
TOLD = {"sidecar": "Google", "file": "the file", "name": "the file's name"}
CHOSEN: dict[Choice, str] = {"": "undecided", "keep": "keep the file's", "google": "take Google's"}


def facts(outcome: Outcome, given: str = "") -> Iterator[Fact]:
    """What the file is, where it goes, what belongs to it. `given`: the sidecar that a person gave it."""
    plan, match = outcome.plan, outcome.plan.match
    media = match.media
    yield Fact("", media.name, "title")
    yield Fact("Outcome", MEDIA_WORDS[outcome.word])
    if why := reason(outcome):
        yield Fact("Why", why, "problem" if outcome.word in ("failed", "unmatched") else "fact")
    for warning in warnings(outcome):
        yield Fact("Warning", warning, "problem")
    state = match.state
    known = FORMATS.get(state.format) if state is not None else None
    words = f"{known.words}, " if known else ""
    yield Fact("File", f"{words}{bytes_words(media.size)}, dated {_utc(media.mtime_ns / 1e9)}")
    yield from _when(match)
    yield from _sidecar(match, given)
    if match.main:
        yield Fact("With", match.main, "path")
    yield Fact("From", media.path, "path")
    if plan.output is not None:
        yield Fact("To", plan.output, "path")
    if plan.writer:
        yield Fact("Writer", plan.writer)


def json_facts(record: JsonRecord) -> Iterator[Fact]:
    """What a JSON file without a picture tells."""
    file, sidecar = record.file, record.file.sidecar
    yield Fact("", file.name, "title")
    yield Fact(
        "Is", "a sidecar whose picture is missing" if record.outcome == "orphan" else "no JSON of Google's"
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
    """Every tag, before and after: those in conflict, those written, the rest. `choices`: by unit (or tag)."""
    plan, match = outcome.plan, outcome.plan.match
    held = tags_of(match)
    shown = set()
    for conflict in plan.conflicts:
        shown.add(conflict.tag)
        yield _conflict_line(conflict, (choices or {}).get(conflict.unit or conflict.tag, conflict.choice))
    for edit in (*plan.edits, *plan.xmp_edits):
        if edit.tag not in shown:
            shown.add(edit.tag)
            yield _edit_line(edit, held.get(edit.tag))
    for number, (tag, value) in enumerate(sorted(held.items())):
        if tag not in shown and number < REST:
            yield TagLine(tag, _text(value), _text(value), "", "stays")


def _conflict_line(conflict: Conflict, choice: Choice) -> TagLine:
    file, google = _text(conflict.file), _text(conflict.google)
    after = google if choice == "google" else file
    kind = ", ".join(str(part) for part in (conflict.differs, conflict.kind) if part) or "another value"
    word = f"{CHOSEN[choice]} ({kind}; Google: {google})"
    return TagLine(conflict.tag, file, after, "conflict", word)


def _edit_line(edit: TagEdit, held: Value | None) -> TagLine:
    if edit.value is None:
        return TagLine(edit.tag, _text(held), "", "removed", "removed")
    if held is None:
        return TagLine(edit.tag, "", _text(edit.value), "new", "new")
    change: Change = "joined" if edit.when == "merge" else "changed"
    return TagLine(edit.tag, _text(held), _text(edit.value), change, change)


def _text(value: Value | None) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _when(match: Match) -> Iterator[Fact]:
    taken = match.taken
    if taken is None:
        return
    local = taken.local
    zone = f"UTC{_offset(taken.offset)}" if taken.offset is not None else "zone not known, in UTC"
    told = TOLD.get(taken.told, taken.told)
    yield Fact("Taken", f"{local:%Y-%m-%d %H:%M:%S} {zone}; the moment from {told}")
    yield Fact("Zone", _zone(taken.zone))


def _zone(zone: str) -> str:
    words = ZONES.get(zone, zone)
    return f"from {words}" if zone and zone != "assumed" else words


def _offset(minutes: int) -> str:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return f"{sign}{hours:02}:{rest:02}"


def _sidecar(match: Match, given: str) -> Iterator[Fact]:
    if given:
        yield Fact("Sidecar", f"{given} (given by you; the next preview shows what comes of it)")
    elif match.json is not None:
        yield Fact("Sidecar", match.json.path, "path")
        yield Fact("Found by", f"rule {match.rule or ''}".strip())
    else:
        yield Fact("Sidecar", "none", "problem")


def _utc(seconds: float) -> str:
    try:
        return f"{(EPOCH + timedelta(seconds=seconds)).astimezone(UTC):%Y-%m-%d %H:%M}"
    except (OverflowError, ValueError):
        return "?"


def taken_words(planned: Planned, row: int, clock: bool) -> str:
    """The day it was taken, with the time where there is room."""
    seconds = planned.taken[row]
    width = 16 if clock else 10
    if seconds == UNKNOWN:
        return "-".ljust(width)
    try:
        return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M}"[:width]
    except OverflowError:
        return "?".ljust(width)


__all__ = ["CHOSEN", "MARKS", "Fact", "TagLine", "facts", "json_facts", "tag_lines", "taken_words"]
