from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from pef_tui.filesystem.record_store import BLOCK_RECORDS
from pef_tui.model import FileMetadata, Match, MediaFile, Outcome, Plan, TagEdit
from pef_tui.pipeline.verify_run import WrittenFiles

EDITS = (TagEdit("EXIF:DateTimeOriginal", "2019:07:01 12:34:56", "always", "date", "dates"),)
NAMES = ["a.jpg", "Müller/ü.jpg", os.fsdecode(b"odd\xff/\xfe.jpg"), "line\nbreak.jpg", "IPTC:x.jpg"]


def outcome(name: str, **tags: str) -> Outcome:
    state = FileMetadata("jpeg", {tag.replace("_", ":"): value for tag, value in tags.items()}, "native")
    media = MediaFile(1, f"in/{name}", 1234, 5)
    plan = Plan(Match(media, "in", metadata=state), "written", EDITS, f"out/{name}", key=os.fsencode(name))
    return Outcome(plan, "written", f"out/{name}", "native", xmp=(7, 8), short_xmp=True)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WrittenFiles:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return WrittenFiles()


@pytest.mark.parametrize("count", [1, BLOCK_RECORDS - 1, BLOCK_RECORDS, 3 * BLOCK_RECORDS + 1])
def test_what_was_written_comes_back_in_order_whatever_its_name(written: WrittenFiles, count: int) -> None:
    report = [outcome(NAMES[number % len(NAMES)]) for number in range(count)]
    for item in report:
        written.add(item)
    assert len(written) == count
    for state_before, state_after in zip(report, written.outcomes(), strict=True):
        old, new = state_before.plan, state_after.plan
        assert (state_after.outcome, state_after.output, state_after.xmp, state_after.short_xmp) == (
            "written",
            state_before.output,
            (7, 8),
            True,
        )
        assert (new.key, new.edits, new.output, new.xmp_edits) == (old.key, old.edits, old.output, ())
        assert (new.match.media.root, new.match.media.path, new.match.media.size) == (
            1,
            old.match.media.path,
            1234,
        )
        assert new.match.metadata is not None and new.match.metadata.format == "jpeg"
    written.close()


@pytest.mark.parametrize(
    ("tags", "block"),
    [
        ({}, False),
        ({"EXIF_Make": "IPTC:"}, False),
        ({"MIE-IPTC_x": "y"}, False),
        ({"A_b": "", "IPTC_Keywords": "y"}, True),
    ],
)
def test_whether_a_file_had_an_iptc_block_is_kept(
    written: WrittenFiles, tags: dict[str, str], block: bool
) -> None:
    written.add(outcome("a.jpg", **tags))
    [state_after] = written.outcomes()
    assert state_after.plan.match.metadata is not None
    assert any(tag.startswith("IPTC:") for tag in state_after.plan.match.metadata.tags) == block


def test_what_was_put_nowhere_is_not_kept(written: WrittenFiles) -> None:
    result = outcome("a.jpg")
    for item in (
        replace(result, output=None),
        replace(result, outcome="failed"),
        replace(result, outcome="unchanged"),
    ):
        written.add(item)
    assert not len(written) and not [*written.outcomes()]


def test_what_a_writer_put_there_counts_for_what_the_plan_says(written: WrittenFiles) -> None:
    written.add(replace(outcome("a.jpg"), edits=()))
    assert [one_outcome.plan.edits for one_outcome in written.outcomes()] == [()]
