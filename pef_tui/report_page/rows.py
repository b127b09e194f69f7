"""One file as one row of the page."""

from __future__ import annotations

from pef_tui.model import Conflict, JsonRecord, Outcome, Record, Value
from pef_tui.report import iso, reason, warnings
from pef_tui.report_page.html import text

JSON_SECTION = "JSON files without a picture, and what is no JSON"
OTHER_SECTION = "Other files"
_WORD = 3000
"""Cells of all notes on one file."""


def row(record: Record) -> tuple[str, bytes] | None:
    """Section and row; None for a JSON file that did its part, which its picture's row stands for."""
    if isinstance(record, Outcome):
        return record.plan.match.folder or "The top folder", _media(record).encode()
    if isinstance(record, JsonRecord):
        if record.outcome not in ("orphan", "invalid"):
            return None
        return JSON_SECTION, _row(record.file.path, record.outcome, "", record.reason).encode()
    return OTHER_SECTION, _row(record.file.path, "other", "", "").encode()


def _media(outcome: Outcome) -> str:
    match = outcome.plan.match
    when = iso(match.taken).replace("T", " ") if match.taken is not None else ""
    notes = [*warnings(outcome)]
    if why := reason(outcome):
        notes.insert(0, why)
    name = match.media.name
    if outcome.output is not None and outcome.output.rpartition("/")[2] != name:
        notes.append(f"now {outcome.output}")
    elif outcome.output is not None and outcome.output.rpartition("/")[0] != match.folder:
        notes.append(f"now in {outcome.output.rpartition('/')[0] or 'the top folder'}")
    notes += [_conflict(conflict) for conflict in outcome.plan.conflicts]
    return _row(name, outcome.word, when, "; ".join(notes) if notes else "")


def _row(name: str, word: str, when: str, notes: str) -> str:
    return f"<tr><td>{text(name)}<td class={word}>{word}<td>{when}<td>{text(notes, _WORD) if notes else ''}\n"


def _conflict(conflict: Conflict) -> str:
    decided = {"keep": ", kept by decision", "google": ", replaced by decision"}.get(conflict.choice, "")
    return f"{conflict.tag} is {_value(conflict.file)}, Google says {_value(conflict.google)}{decided}"


def _value(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)[:200]
