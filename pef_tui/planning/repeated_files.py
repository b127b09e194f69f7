"""Report files that have the same name and bytes in several sources. Only one of them is put into DEST."""

from __future__ import annotations

from collections.abc import Iterator

from pef_tui.model import FileId, Match, MediaFile, Outcome, Plan, Record, file_id


class RepeatedFiles:
    """Holds back the outcome of each repeated file until the outcome of its original is known.

    The outcome `duplicate` states that the bytes are in DEST. If the original was excluded or failed, they are not. The
    repeated file then gets the outcome of the original. The planning thread adds files before it passes on the Plan of
    the original.
    """

    def __init__(self) -> None:
        self._waiting: dict[FileId, list[Match]] = {}

    def add(self, match: Match, original: MediaFile) -> None:
        """Store `match` until the outcome of `original` is known. Its file has the name and bytes of `original`."""
        self._waiting.setdefault(file_id(original), []).append(match)

    def with_repeated(self, records: Iterator[Record]) -> Iterator[Record]:
        """Yield the records. After the outcome of an original, also yield the outcomes of its repeated files."""
        for record in records:
            yield record
            if self._waiting and isinstance(record, Outcome) and not record.plan.for_json:
                for match in self._waiting.pop(file_id(record.plan.match.media), ()):
                    yield _outcome(match, record)


def _outcome(match: Match, original: Outcome) -> Outcome:
    path = original.plan.match.media.path
    if original.output is not None or original.outcome == "duplicate":
        reason = f"the same bytes are at {path}"
        return Outcome(Plan(match, "duplicate", reason=reason), "duplicate", reason=reason)
    reason = f"as {path}, which has the same bytes: {original.reason or original.plan.reason}"
    plan = Plan(match, original.outcome, reason=reason)
    return Outcome(plan, original.outcome, reason=reason, temporary=original.outcome == "failed")
