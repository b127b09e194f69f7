"""The store of a preview: what is kept of a record, and which rows a filter lets through."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from planned_cases import hour, orphan, outcome, planned

from pef_tui.model import JsonRecord, Outcome
from pef_tui.planned import Filter, Planned, ordered, select
from pef_tui.planned.spill import BLOCK, Spill


def store() -> Planned:
    return planned(
        outcome("IMG_1.jpg", taken=300),
        outcome("Ähre.JPG", "Photos from 2020", "sidecar", taken=100, format="heic", size=5),
        orphan("IMG_9.jpg.json"),
        outcome(
            "IMG_3.png", word="unmatched", matched=False, reason="ambiguous: a, b", taken=None, format="png"
        ),
        outcome("img_4.mp4", "Trip", "copied", taken=200, conflicts=(hour(),), format="mp4", size=9),
        outcome("x.jpg", "Trip", "failed", warnings=("odd",), reason="cut short", taken=None),
    )


FILTERS: list[tuple[Filter, list[int]]] = [
    (Filter(), [0, 1, 2, 3, 4, 5]),
    (Filter(words=("written",)), [0]),
    (Filter(words=("written", "failed", "orphan")), [0, 2, 5]),
    (Filter(words=("duplicate",)), []),
    (Filter(folder="Photos from 2019"), [0, 2, 3]),
    (Filter(folder="Nowhere"), []),
    (Filter(format="heic"), [1]),
    (Filter(format="bmp"), []),
    (Filter(rule="exact"), [0, 1, 4, 5]),
    (Filter(flag="conflict"), [4]),
    (Filter(flag="warning"), [5]),
    (Filter(flag="ambiguous"), [3]),
    (Filter(group=("date", "differs by 1 h")), [4]),
    (Filter(group=("date", "differs by 2 h")), []),
    (Filter(text="img_"), [0, 2, 3, 4]),
    (Filter(text="äHRE"), [1]),
    (Filter(text="trip"), [4, 5]),
    (Filter(text="2019/img_1"), [0]),
    (Filter(text="2019/g_1"), []),
    (Filter(text="trip/"), [4, 5]),
    (Filter(text="jpg\0"), [0, 1, 2, 5]),
    (Filter(text="jpg", folder="Trip", words=("failed",)), [5]),
]


@pytest.mark.parametrize(("wanted", "rows"), FILTERS)
def test_each_field_of_a_filter_narrows(wanted: Filter, rows: list[int]) -> None:
    assert list(select(store(), wanted)) == rows


def test_a_search_finds_the_same_where_hits_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pef_tui.planned.names.SPARSE", 0)
    for wanted, rows in FILTERS:
        assert list(select(store(), wanted)) == rows


@pytest.mark.parametrize("folders", [256, 257, 300])
def test_folders_are_told_apart_however_many_there_are(folders: int) -> None:
    rows = planned(*(outcome(f"{number}.jpg", f"F{number % folders}") for number in range(2 * folders)))
    for number in (0, 1, 44, 255, folders - 1):
        assert list(select(rows, Filter(folder=f"F{number}"))) == [number, number + folders]
        assert list(select(rows, Filter(text=f"f{number}/{number}."))) == [number]
    ends = [number for number in range(2 * folders) if f"f{number % folders}".endswith("4")]
    assert list(select(rows, Filter(text="4/"))) == ends


def test_rows_are_sorted_by_time_name_and_size() -> None:
    rows = store()
    names = ["img_1.jpg", "img_3.png", "img_4.mp4", "img_9.jpg.json", "x.jpg", "ähre.jpg"]
    assert [rows.names[row].casefold() for row in ordered(rows, "name") or ()] == names
    assert [rows.size[row] for row in ordered(rows, "size", down=True) or ()] == [1000, 1000, 1000, 500, 9, 5]
    assert [rows.taken[row] for row in ordered(rows, "taken") or ()][-3:] == [7300, 7400, 7500]
    assert list(ordered(rows, "told", down=True) or ()) == [5, 4, 3, 2, 1, 0]
    assert ordered(rows, "told") is None


def test_a_filter_keeps_the_order() -> None:
    rows = store()
    assert list(select(rows, Filter(text="img"), ordered(rows, "name"))) == [0, 3, 4, 2]


def test_records_come_back_whole() -> None:
    records = [
        outcome(f"{number}.jpg", conflicts=(hour(),), people=("Ann",), place=(1.5, 2.5))
        for number in range(150)
    ]
    rows = planned(*records, orphan("z.json"))
    assert [rows.outcome(number) for number in range(150)] == records
    assert rows.json_record(150) == orphan("z.json")
    assert rows.outcome(150) is None and rows.json_record(0) is None


def test_a_name_that_is_not_utf8_is_kept_to_the_byte_in_the_list_and_shown_in_the_record() -> None:
    name = os.fsdecode(b"caf\xe9\n.jpg")
    rows = planned(outcome(name))
    assert os.fsencode(rows.names[0]) == b"caf\xe9\n.jpg"
    found = rows.outcome(0)
    assert found is not None and found.plan.match.media.name == "caf\\xe9\n.jpg"
    assert list(select(rows, Filter(text="CAF"))) == [0]


def test_json_goes_to_the_folder_of_the_media_beside_it() -> None:
    early = orphan("early.json", "Trip")
    rows = planned(early, outcome("a.jpg", "Trip"), orphan("alone.json", "Empty"))
    assert rows.path(0) == "Trip/early.json"
    assert rows.path(2) == "Takeout/Google Photos/Empty/alone.json"


def test_json_of_another_source_goes_to_the_folder_of_that_name() -> None:
    rows = planned(outcome("a.jpg", "Trip"), orphan("b.json", "Trip"))
    file = orphan("b.json", "Trip").file
    other = JsonRecord(type(file)(3, "other/Trip/c.json", 1, 1, "invalid", reason="no JSON"), "invalid")
    rows = planned(outcome("a.jpg", "Trip"), other)
    assert rows.path(1) == "Trip/c.json"


def test_json_that_did_its_part_makes_no_row() -> None:
    record = orphan("a.json")
    assert len(planned(JsonRecord(record.file, "used"), JsonRecord(record.file, "album"))) == 0


def test_counts_follow_the_rows() -> None:
    rows = store()
    assert rows.words.counts() == {
        "written": 1, "sidecar": 1, "copied": 1, "unmatched": 1, "failed": 1, "orphan": 1,
    }  # fmt: skip
    assert rows.formats.counts() == {"jpeg": 2, "heic": 1, "": 1, "png": 1, "mp4": 1}


def test_more_than_a_bytes_worth_of_words_are_told_as_others() -> None:
    rows = planned(*[outcome(f"{number}", format=f"f{number}") for number in range(300)])
    assert rows.formats.counts()["others"] == 300 - 254
    assert list(select(rows, Filter(format="f7"))) == [7]


def test_a_spill_moves_to_a_file_and_leaves_no_name(tmp_path: Path) -> None:
    spill = Spill(str(tmp_path), in_memory=100)
    records = [outcome(f"{number}.jpg") for number in range(200)]
    for record in records:
        spill.append(record)
    import msgspec

    decode = msgspec.msgpack.Decoder(Outcome).decode
    assert [decode(spill.get(number)) for number in range(200)] == records
    assert not list(tmp_path.iterdir())
    spill.close()


def test_a_spill_that_can_have_no_file_stays_in_memory(tmp_path: Path) -> None:
    spill = Spill(str(tmp_path / "gone"), in_memory=100)
    for number in range(200):
        spill.append(outcome(f"{number}.jpg"))
    assert b"77.jpg" in spill.get(77)


def test_a_spill_reads_what_is_open_and_what_is_packed_alike(tmp_path: Path) -> None:
    import msgspec

    spill = Spill(str(tmp_path))
    names = [f"{number}\udcff.jpg" if number % 7 == 0 else f"{number}.jpg" for number in range(BLOCK + 9)]
    for number, name in enumerate(names):
        spill.append(outcome(name))
        assert b"\\xff" in spill.get(number) if number % 7 == 0 else name.encode() in spill.get(number)
    decode = msgspec.msgpack.Decoder(Outcome).decode
    shown = [name.replace("\udcff", "\\xff") for name in names]
    assert [decode(spill.get(number)).plan.match.media.name for number in range(len(names))] == shown
    assert [each.plan.match.media.name for each in spill.all(Outcome)] == shown


@pytest.mark.parametrize("count", [1, 2 * BLOCK])
def test_a_record_of_a_closed_store_cannot_be_read(count: int) -> None:
    """A screen on its way out may ask for a row after the next preview replaced the store."""
    closed = planned(*(outcome(f"IMG_{number}.jpg") for number in range(count)))
    closed.close()
    with pytest.raises(OSError, match="descriptor"):
        closed.outcome(count - 1)
