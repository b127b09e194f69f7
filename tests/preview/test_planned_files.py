"""The store of a preview: which parts of a record it keeps, and which rows a filter shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from preview_cases import hour, orphan, outcome, planned_files

from pef_tui.filesystem.record_store import BLOCK_RECORDS, RecordStore
from pef_tui.model import JsonRecord, Outcome
from pef_tui.preview import PlannedFiles, RowFilter, select_rows, sort_rows


def store() -> PlannedFiles:
    return planned_files(
        outcome("IMG_1.jpg", taken=300),
        outcome("Ähre.JPG", "Photos from 2020", "sidecar", taken=100, format="heic", size=5),
        orphan("IMG_9.jpg.json"),
        outcome(
            "IMG_3.png",
            word="unmatched",
            matched=False,
            reason="ambiguous: a, b",
            taken=None,
            format="png",
        ),
        outcome("img_4.mp4", "Trip", "copied", taken=200, conflicts=(hour(),), format="mp4", size=9),
        outcome("x.jpg", "Trip", "failed", warnings=("odd",), reason="cut short", taken=None),
    )


FILTERS: list[tuple[RowFilter, list[int]]] = [
    (RowFilter(), [0, 1, 2, 3, 4, 5]),
    (RowFilter(outcomes=("written",)), [0]),
    (RowFilter(outcomes=("written", "failed", "orphan")), [0, 2, 5]),
    (RowFilter(outcomes=("duplicate",)), []),
    (RowFilter(folder="Photos from 2019"), [0, 2, 3]),
    (RowFilter(folder="Nowhere"), []),
    (RowFilter(format="heic"), [1]),
    (RowFilter(format="bmp"), []),
    (RowFilter(rule="exact"), [0, 1, 4, 5]),
    (RowFilter(flag="conflict"), [4]),
    (RowFilter(flag="warning"), [5]),
    (RowFilter(flag="ambiguous"), [3]),
    (RowFilter(group=("date", "differs by 1 h")), [4]),
    (RowFilter(group=("date", "differs by 2 h")), []),
    (RowFilter(text="img_"), [0, 2, 3, 4]),
    (RowFilter(text="äHRE"), [1]),
    (RowFilter(text="trip"), [4, 5]),
    (RowFilter(text="2019/img_1"), [0]),
    (RowFilter(text="photos IMG_"), [0, 2, 3]),
    (RowFilter(text='"photos from 2019" png'), [3]),
    (RowFilter(text='"photos  from"'), []),
    (RowFilter(text="outcome:fail"), [5]),
    (RowFilter(text="outcome:written outcome:copied"), [0, 4]),
    (RowFilter(text="outcome:write outcome:copy"), [0, 4]),
    (RowFilter(text="OUTCOME:conflicts"), [4]),
    (RowFilter(text="outcome:ambiguous img"), [3]),
    (RowFilter(text="outcome:nothing"), []),
    (RowFilter(text="outcome:"), [0, 1, 2, 3, 4, 5]),
    (RowFilter(text="album:trip"), [4, 5]),
    (RowFilter(text="album:TRIP outcome:failed"), [5]),
    (RowFilter(text="year:1970"), [0, 1]),
    (RowFilter(text="year:1970-2019"), [0, 1, 4]),
    (RowFilter(text="year:1970 year:2019 img"), [0, 4]),
    (RowFilter(text="year:2018"), []),
    (RowFilter(text="colour:red"), []),
    (RowFilter(text="2019/g_1"), []),
    (RowFilter(text="trip/"), [4, 5]),
    (RowFilter(text="jpg\0"), [0, 1, 2, 5]),
    (RowFilter(text="jpg", folder="Trip", outcomes=("failed",)), [5]),
]


@pytest.mark.parametrize(("expected", "rows"), FILTERS)
def test_each_field_of_a_filter_narrows(expected: RowFilter, rows: list[int]) -> None:
    assert list(select_rows(store(), expected)) == rows


def test_a_search_finds_the_same_where_hits_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pef_tui.preview.names.MAX_LOOKUPS", 0)
    for expected, rows in FILTERS:
        assert list(select_rows(store(), expected)) == rows


@pytest.mark.parametrize("folders", [256, 257, 300])
def test_folders_are_reported_apart_however_many_there_are(folders: int) -> None:
    rows = planned_files(*(outcome(f"{number}.jpg", f"F{number % folders}") for number in range(2 * folders)))
    for number in (0, 1, 44, 255, folders - 1):
        assert list(select_rows(rows, RowFilter(folder=f"F{number}"))) == [number, number + folders]
        assert list(select_rows(rows, RowFilter(text=f"f{number}/{number}."))) == [number]
    ends = [number for number in range(2 * folders) if f"f{number % folders}".endswith("4")]
    assert list(select_rows(rows, RowFilter(text="4/"))) == ends


def test_rows_are_sorted_by_time_name_and_size() -> None:
    rows = store()
    names = ["img_1.jpg", "img_3.png", "img_4.mp4", "img_9.jpg.json", "x.jpg", "ähre.jpg"]
    assert [rows.names[row].casefold() for row in sort_rows(rows, "name") or ()] == names
    assert [rows.size[row] for row in sort_rows(rows, "size", down=True) or ()] == [
        1000,
        1000,
        1000,
        500,
        9,
        5,
    ]
    undecided = 1_561_978_800  # the file's own date, which a run keeps while the conflict is undecided
    assert [rows.taken[row] for row in sort_rows(rows, "taken") or ()][-3:] == [7300, 7500, undecided]
    assert list(sort_rows(rows, "listed", down=True) or ()) == [5, 4, 3, 2, 1, 0]
    assert sort_rows(rows, "listed") is None


def test_a_filter_keeps_the_order() -> None:
    rows = store()
    assert list(select_rows(rows, RowFilter(text="img"), sort_rows(rows, "name"))) == [0, 3, 4, 2]


def test_records_come_back_whole() -> None:
    records = [
        outcome(f"{number}.jpg", conflicts=(hour(),), people=("Ann",), place=(1.5, 2.5))
        for number in range(150)
    ]
    rows = planned_files(*records, orphan("z.json"))
    assert [rows.outcome(number) for number in range(150)] == records
    assert rows.json_record(150) == orphan("z.json")
    assert rows.outcome(150) is None and rows.json_record(0) is None


def test_a_name_that_is_not_utf8_is_kept_to_the_byte_in_the_list_and_shown_in_the_record() -> None:
    name = os.fsdecode(b"caf\xe9\n.jpg")
    rows = planned_files(outcome(name))
    assert os.fsencode(rows.names[0]) == b"caf\xe9\n.jpg"
    actual = rows.outcome(0)
    assert actual is not None and actual.plan.match.media.name == "caf\\xe9\n.jpg"
    assert list(select_rows(rows, RowFilter(text="CAF"))) == [0]


def test_json_goes_to_the_folder_of_the_media_beside_it() -> None:
    early = orphan("early.json", "Trip")
    rows = planned_files(early, outcome("a.jpg", "Trip"), orphan("alone.json", "Empty"))
    assert rows.path(0) == "Trip/early.json"
    assert rows.path(2) == "Takeout/Google Photos/Empty/alone.json"


def test_json_of_another_source_goes_to_the_folder_of_that_name() -> None:
    rows = planned_files(outcome("a.jpg", "Trip"), orphan("b.json", "Trip"))
    file = orphan("b.json", "Trip").file
    other_file = JsonRecord(type(file)(3, "other/Trip/c.json", 1, 1, "invalid", reason="no JSON"), "invalid")
    rows = planned_files(outcome("a.jpg", "Trip"), other_file)
    assert rows.path(1) == "Trip/c.json"


def test_json_that_did_its_part_makes_no_row() -> None:
    record = orphan("a.json")
    assert len(planned_files(JsonRecord(record.file, "used"), JsonRecord(record.file, "album"))) == 0


def test_counts_follow_the_rows() -> None:
    rows = store()
    assert rows.outcomes.counts() == {
        "written": 1, "sidecar": 1, "copied": 1, "unmatched": 1, "failed": 1, "orphan": 1,
    }  # fmt: skip
    assert rows.formats.counts() == {"jpeg": 2, "heic": 1, "": 1, "png": 1, "mp4": 1}


def test_more_than_a_bytes_worth_of_words_are_reported_as_others() -> None:
    rows = planned_files(*[outcome(f"{number}", format=f"f{number}") for number in range(300)])
    assert rows.formats.counts()["others"] == 300 - 254
    assert list(select_rows(rows, RowFilter(format="f7"))) == [7]


def test_a_spill_moves_to_a_file_and_leaves_no_name(tmp_path: Path) -> None:
    spill = RecordStore(str(tmp_path), in_memory=100)
    records = [outcome(f"{number}.jpg") for number in range(200)]
    for record in records:
        spill.append(record)
    import msgspec

    decode = msgspec.msgpack.Decoder(Outcome).decode
    assert [decode(spill.get(number)) for number in range(200)] == records
    assert not list(tmp_path.iterdir())
    spill.close()


def test_a_spill_that_can_have_no_file_stays_in_memory(tmp_path: Path) -> None:
    spill = RecordStore(str(tmp_path / "gone"), in_memory=100)
    for number in range(200):
        spill.append(outcome(f"{number}.jpg"))
    assert b"77.jpg" in spill.get(77)


def test_a_spill_reads_what_is_open_and_what_is_packed_alike(tmp_path: Path) -> None:
    import msgspec

    spill = RecordStore(str(tmp_path))
    names = [
        f"{number}\udcff.jpg" if number % 7 == 0 else f"{number}.jpg" for number in range(BLOCK_RECORDS + 9)
    ]
    for number, name in enumerate(names):
        spill.append(outcome(name))
        assert b"\\xff" in spill.get(number) if number % 7 == 0 else name.encode() in spill.get(number)
    decode = msgspec.msgpack.Decoder(Outcome).decode
    text = [name.replace("\udcff", "\\xff") for name in names]
    assert [decode(spill.get(number)).plan.match.media.name for number in range(len(names))] == text
    assert [record.plan.match.media.name for record in spill.records(Outcome)] == text


@pytest.mark.parametrize("count", [1, 2 * BLOCK_RECORDS])
def test_a_record_of_a_closed_store_cannot_be_read(count: int) -> None:
    """A closing screen may request a row after the next preview replaced the store."""
    closed = planned_files(*(outcome(f"IMG_{number}.jpg") for number in range(count)))
    closed.close()
    with pytest.raises(OSError, match="descriptor"):
        closed.outcome(count - 1)
