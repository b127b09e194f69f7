"""The times in the list of planned files: the same before and after a run, also with decisions."""

from __future__ import annotations

from pathlib import Path

import pytest
from preview_cases import hour, outcome, planned_files

from pef_tui.config import load
from pef_tui.model import CaptureTime, FileMetadata, Match, MediaFile, Outcome, Plan
from pef_tui.preview.decisions import Choices
from pef_tui.preview.details import facts, no_tags_text, tag_lines, taken_text
from pef_tui.testing.demo_export import demo_files
from pef_tui.testing.export import takeout
from pef_tui.tui.session.session import Session

pytestmark = pytest.mark.exiftool


def _times(session: Session) -> dict[str, tuple[str, str]]:
    """Make a preview, and return outcome and time of each picture and video."""
    preview = session.start_preview()
    preview.join(120)
    files = session.planned_files
    assert preview.ending == "done" and files is not None
    rows = [row for row in range(len(files)) if not files.is_json(row)]
    return {files.path(row): (files.outcomes[row], taken_text(files, row, True).strip()) for row in rows}


def test_a_file_has_the_same_time_before_and_after_the_run(tmp_path: Path) -> None:
    takeout(tmp_path, demo_files())
    environ = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "PEF_TUI_LOAD_PLUGINS": ""}
    values = {"sources": [str(tmp_path / "Takeout")], "output": str(tmp_path / "out")}
    session = Session(load(values, environ), environ)
    before = _times(session)
    run = session.start_run()
    run.join(120)
    assert run.ending == "done"
    after = _times(session)
    assert {word for word, _ in after.values()} == {"unchanged"}
    assert {path: time for path, (_, time) in after.items()} == {
        path: time for path, (_, time) in before.items()
    }
    assert before["Photos from 2019/IMG_20190701_123456.jpg"][1] == "2019-07-01 12:34"
    session.close()


def test_a_time_follows_from_the_decision_on_its_date() -> None:
    files = planned_files(outcome("a.jpg", conflicts=(hour(),)), outcome("b.jpg"))
    choices = Choices(files)
    kept, google = "2019-07-01 11:00", "2019-07-01 18:53"
    assert taken_text(files, 0, True) == kept
    (group,) = files.groups.sorted()
    choices.decide("google", group)
    assert taken_text(files, 0, True) == google
    choices.decide("keep", row=0)
    assert taken_text(files, 0, True) == kept
    choices.undo()
    assert taken_text(files, 0, True) == google
    choices.undo()
    assert taken_text(files, 0, True) == kept


def test_the_details_tell_the_time_that_stays() -> None:
    record = outcome("a.jpg", conflicts=(hour(),))
    taken = {choice: _taken(record, choice) for choice in ("", "keep", "google")}
    assert taken[""] == taken["keep"] == "2019-07-01 11:00:00 local time; time from the file, not Google's"
    assert taken["google"] == "2019-07-01 18:53:20 UTC+02:00; time from Google"


def _taken(record: Outcome, choice: str) -> str:
    choices = {"date": choice} if choice else {}
    (text,) = [fact.text for fact in facts(record, "", choices) if fact.name == "Taken"]  # type: ignore[arg-type]
    return text


@pytest.mark.parametrize(
    ("word", "metadata", "text"),
    [
        ("unmatched", FileMetadata("jpeg"), "no tags of those"),
        ("unchanged", None, "an earlier run"),
        ("excluded", None, "does not read"),
    ],
)
def test_missing_tags_are_explained(word: str, metadata: FileMetadata | None, text: str) -> None:
    match = Match(
        MediaFile(0, "a.jpg", 1, 0), "", metadata=metadata, capture_time=CaptureTime(5.0, source="file")
    )
    record = Outcome(Plan(match, word), word)  # type: ignore[arg-type]
    assert not list(tag_lines(record)) and text in no_tags_text(record)


def test_the_tags_of_a_picture_without_sidecar_are_listed() -> None:
    record = outcome("a.jpg", word="unmatched", matched=False, edits=(), tags={"EXIF:Make": "Canon"})
    assert [line.tag for line in tag_lines(record)] == ["EXIF:Make"]
