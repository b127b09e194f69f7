"""The rows of the report page, one row for each file."""

from __future__ import annotations

from collections.abc import Iterator

from pef_tui.model import Conflict, JsonRecord, Outcome, Record, Value
from pef_tui.reporting.html.escape import text
from pef_tui.reporting.media_line import all_warnings, iso_time, outcome_reason
from pef_tui.reporting.stats import NO_SIDECAR, unmatched_cause

JSON_SECTION = "JSON files without a picture, and invalid ones"
OTHER_SECTION = "Other files"
_MAX_PEOPLE = 50
_MAX_DESCRIPTION = 300
"""Maximum number of names and of characters of the description that the search finds."""
_MAX_NOTES = 3000
"""Maximum width of all notes on one file, in cells."""


def row(record: Record) -> tuple[str, bytes] | None:
    """Return the name of the section and the HTML row of a record; None if the record gets no row.

    JSON files get a row only with the outcome `orphan` or `invalid`. Most others are sidecars, whose content is in the
    rows of their pictures.
    """
    if isinstance(record, Outcome):
        return record.plan.match.folder or "The top folder", _media(record).encode()
    if isinstance(record, JsonRecord):
        if record.outcome not in ("orphan", "invalid"):
            return None
        return JSON_SECTION, _row(record.file.path, record.outcome, "", record.reason).encode()
    return OTHER_SECTION, _row(record.file.path, "other", "", "").encode()


def _media(outcome: Outcome) -> str:
    match = outcome.plan.match
    capture_time = iso_time(match.capture_time).replace("T", " ") if match.capture_time is not None else ""
    notes = [*all_warnings(outcome)]
    if reason := outcome_reason(outcome):
        notes.insert(0, reason)
    name = match.media.name
    if outcome.output is not None and outcome.output.rpartition("/")[2] != name:
        notes.append(f"now {outcome.output}")
    elif outcome.output is not None and outcome.output.rpartition("/")[0] != match.folder:
        notes.append(f"now in {outcome.output.rpartition('/')[0] or 'the top folder'}")
    notes += [_conflict(conflict) for conflict in outcome.plan.conflicts]
    words = list(_search_words(outcome))
    return _row(name, outcome.outcome, capture_time, "; ".join(notes) if notes else "", "; ".join(words))


def _search_words(outcome: Outcome) -> Iterator[str]:
    """Yield what the search finds in a row in addition to its text: people, description, names of problems."""
    sidecar = outcome.plan.match.sidecar
    if sidecar is not None:
        yield from sidecar.names[:_MAX_PEOPLE]
        if isinstance(sidecar.description, str) and sidecar.description:
            yield sidecar.description[:_MAX_DESCRIPTION]
    for conflict in outcome.plan.conflicts:
        yield conflict_name(conflict.unit or conflict.tag, conflict.kind)
    if outcome.outcome == "unmatched" and unmatched_cause(outcome) == NO_SIDECAR:
        yield NO_SIDECAR


def conflict_name(unit: str, kind: str) -> str:
    """Return the name of a kind of conflicts, by which the search finds its files."""
    return f"{unit}: {kind}"


def _row(name: str, outcome: str, capture_time: str, notes: str, words: str = "") -> str:
    notes = text(notes, _MAX_NOTES) if notes else ""
    found_by = f' data-w="{text(words, _MAX_NOTES)}"' if words else ""
    return f"<tr{found_by}><td>{text(name)}<td class={outcome}>{outcome}<td>{capture_time}<td>{notes}\n"


def _conflict(conflict: Conflict) -> str:
    decided = {"keep": ", kept by decision", "google": ", replaced by decision"}.get(conflict.choice, "")
    return f"{conflict.tag} is {_value(conflict.file)}, Google says {_value(conflict.google)}{decided}"


def _value(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)[:200]
