from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from pef_tui.model import Match, MediaFile, Outcome, Plan, State, TagEdit
from pef_tui.planned.spill import BLOCK
from pef_tui.verifying import Written

EDITS = (TagEdit("EXIF:DateTimeOriginal", "2019:07:01 12:34:56", "always", "date", "dates"),)
NAMES = ["a.jpg", "Müller/ü.jpg", os.fsdecode(b"odd\xff/\xfe.jpg"), "line\nbreak.jpg", "IPTC:x.jpg"]


def outcome(name: str, **tags: str) -> Outcome:
    state = State("jpeg", {tag.replace("_", ":"): value for tag, value in tags.items()}, "native")
    media = MediaFile(1, f"in/{name}", 1234, 5)
    plan = Plan(Match(media, "in", state=state), "written", EDITS, f"out/{name}", key=os.fsencode(name))
    return Outcome(plan, "written", f"out/{name}", "native", xmp=(7, 8), short_xmp=True)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return Written()


@pytest.mark.parametrize("count", [1, BLOCK - 1, BLOCK, 3 * BLOCK + 1])
def test_what_was_written_comes_back_in_order_whatever_its_name(written: Written, count: int) -> None:
    told = [outcome(NAMES[number % len(NAMES)]) for number in range(count)]
    for each in told:
        written.add(each)
    assert len(written) == count
    for before, after in zip(told, written.outcomes(), strict=True):
        old, new = before.plan, after.plan
        assert (after.word, after.output, after.xmp, after.short_xmp) == (
            "written",
            before.output,
            (7, 8),
            True,
        )
        assert (new.key, new.edits, new.output, new.xmp_edits) == (old.key, old.edits, old.output, ())
        assert (new.match.media.root, new.match.media.path, new.match.media.size) == (
            1,
            old.match.media.path,
            1234,
        )
        assert new.match.state is not None and new.match.state.format == "jpeg"
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
    written: Written, tags: dict[str, str], block: bool
) -> None:
    written.add(outcome("a.jpg", **tags))
    [after] = written.outcomes()
    assert after.plan.match.state is not None
    assert any(tag.startswith("IPTC:") for tag in after.plan.match.state.tags) == block


def test_what_was_put_nowhere_is_not_kept(written: Written) -> None:
    done = outcome("a.jpg")
    for each in (replace(done, output=None), replace(done, word="failed"), replace(done, word="unchanged")):
        written.add(each)
    assert not len(written) and not [*written.outcomes()]


def test_what_a_writer_put_there_counts_for_what_the_plan_says(written: Written) -> None:
    written.add(replace(outcome("a.jpg"), edits=()))
    assert [each.plan.edits for each in written.outcomes()] == [()]
