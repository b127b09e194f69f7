"""Files that are there twice: the same name and bytes in several sources, of which one is put into DEST."""

from __future__ import annotations

from collections.abc import Iterator

from pef_tui.model import Match, MediaFile, Outcome, Plan, Record

FileId = tuple[int, str]


class SameFiles:
    """Holds what is told of such a file back until the outcome of the one that stands for it is known.

    `duplicate` says that the bytes are in DEST. Where they are not, because the other file was left out or failed, so
    is this one. Filled by the planning thread, before the other file's Plan is handed over.
    """

    def __init__(self) -> None:
        self._waiting: dict[FileId, list[Match]] = {}

    def hold(self, match: Match, original: MediaFile) -> None:
        """A file, and the one whose outcome decides on it."""
        self._waiting.setdefault(_id(original), []).append(match)

    def completed(self, records: Iterator[Record]) -> Iterator[Record]:
        """The records, and behind the outcome of each file those of the files that are the same."""
        for record in records:
            yield record
            if self._waiting and isinstance(record, Outcome) and not record.plan.for_json:
                for match in self._waiting.pop(_id(record.plan.match.media), ()):
                    yield _outcome(match, record)


def _id(media: MediaFile) -> FileId:
    return media.root, media.path


def _outcome(match: Match, original: Outcome) -> Outcome:
    path = original.plan.match.media.path
    if original.output is not None or original.word == "duplicate":
        reason = f"the same bytes are at {path}"
        return Outcome(Plan(match, "duplicate", reason=reason), "duplicate", reason=reason)
    reason = f"as {path}, which has the same bytes: {original.reason or original.plan.reason}"
    plan = Plan(match, original.word, reason=reason)
    return Outcome(plan, original.word, reason=reason, temporary=original.word == "failed")
