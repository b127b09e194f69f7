from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from manifest_cases import FIRST_FORMAT, RUN, entry, path, recorded
from msgspec.structs import replace

from pef_tui.manifest import Manifest, NewerFormat
from pef_tui.manifest import manifest as manifest_module
from pef_tui.manifest.entry_columns import pack_entries
from pef_tui.manifest.journal import HEADER, frame
from pef_tui.manifest.records import Entry, FolderListing, encode


def test_the_last_record_of_a_key_counts(tmp_path: Path) -> None:
    ledger = Manifest.open(str(tmp_path), read_only=False)
    ledger.begin(RUN)
    twin = b"Album/a.jpg\x002"
    ledger.record_batch(
        ledger.record_intent([]), [entry(b"Album/a.jpg"), entry(twin, output=b"Album/a (2).jpg")]
    )
    assert ledger.get(b"Album/a.jpg") == entry(b"Album/a.jpg")
    newer = entry(b"Album/a.jpg", size=99)
    ledger.record_batch(ledger.record_intent([]), [newer])
    for _ in range(2):
        assert ledger.get(b"Album/a.jpg") == newer
        assert ledger.get(twin) == entry(twin, output=b"Album/a (2).jpg")
        assert ledger.get(b"Album/none.jpg") is None and ledger.get(b"a.jpg") is None
        ledger.release()
        ledger = Manifest.open(str(tmp_path), read_only=True)
    ledger.release()


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    odd = entry(b"\xff\xfe/\xe9.jpg", output=b"\xff\xfe/\xe9.jpg", reason="caf\udce9")
    recorded(tmp_path, odd)
    ledger = Manifest.open(str(tmp_path), read_only=True)
    assert ledger.get(odd.key) == odd
    assert ledger.entry_of_output(os.fsdecode(odd.output)) == odd
    ledger.release()


def test_an_output_is_found_by_its_path_wherever_it_lies(tmp_path: Path) -> None:
    moved = entry(b"Album/a.jpg", output=b"2019/07/a.jpg")
    ledger = Manifest.open(str(tmp_path), read_only=False)
    ledger.record_batch(ledger.record_intent([]), [moved, entry(b"Album/b.jpg")])
    assert ledger.entry_of_output("2019/07/a.jpg") == moved
    assert ledger.entry_of_output("Album/a.jpg") is None
    assert ledger.entry_of_output("Album/b.jpg") == entry(b"Album/b.jpg")
    ledger.record_batch(ledger.record_intent([]), [entry(b"Album/a.jpg")])
    assert ledger.entry_of_output("2019/07/a.jpg") is None
    assert ledger.entry_of_output("Album/a.jpg") == entry(b"Album/a.jpg")
    ledger.release()


@pytest.mark.parametrize("word", ["failed", "unchanged"])
def test_an_outcome_that_put_nothing_there_keeps_the_output(tmp_path: Path, word: str) -> None:
    recorded(tmp_path, entry(b"a.jpg", output_size=5, output_mtime_ns=6))
    recorded(
        tmp_path, entry(b"a.jpg", outcome=word, output=b"" if word == "failed" else b"a.jpg", output_size=77)
    )
    ledger = Manifest.open(str(tmp_path), read_only=True)
    actual = ledger.get(b"a.jpg")
    assert actual is not None
    assert (actual.outcome, actual.output, actual.output_size, actual.output_mtime_ns) == (
        word,
        b"a.jpg",
        5,
        6,
    )
    ledger.release()


def test_intents_without_done_are_unfinished_until_their_files_are_recorded(tmp_path: Path) -> None:
    ledger = Manifest.open(str(tmp_path), read_only=False)
    ledger.begin(RUN)
    ledger.record_batch(ledger.record_intent([(b"a.jpg", b"a.jpg")]), [entry(b"a.jpg")])
    ledger.record_intent([(b"b.jpg", b"b.jpg"), (b"c.jpg", b"x/c.jpg")])
    assert not ledger.has_unfinished_intent(b"b.jpg")
    ledger.release()
    ledger = Manifest.open(str(tmp_path), read_only=False)
    assert ledger.unfinished == {b"b.jpg": (b"b.jpg",), b"c.jpg": (b"x/c.jpg",)}
    assert ledger.has_unfinished_intent(b"c.jpg") and not ledger.has_unfinished_intent(b"a.jpg")
    ledger.begin(RUN)
    batch = ledger.record_intent([(b"b.jpg", b"b.jpg")])
    assert ledger.has_unfinished_intent(b"b.jpg")
    ledger.record_batch(batch, [entry(b"b.jpg")])
    assert not ledger.has_unfinished_intent(b"b.jpg")
    ledger.close({})
    ledger = Manifest.open(str(tmp_path), read_only=False)
    assert ledger.unfinished == {b"c.jpg": (b"x/c.jpg",)}
    ledger.release()


def test_failed_and_forgotten(tmp_path: Path) -> None:
    failed = entry(b"x/f.jpg", outcome="failed", output=b"", reason="damaged")
    recorded(tmp_path, failed, entry(b"x/g.jpg", outcome="failed", output=b""), entry(b"x/a.jpg"))
    recorded(tmp_path, entry(b"x/g.jpg"))
    ledger = Manifest.open(str(tmp_path), read_only=False)
    assert ledger.failed_keys == {b"x/f.jpg"}
    ledger.forget([b"x/f.jpg"])
    assert ledger.get(b"x/f.jpg") is None and ledger.failed_keys == set()
    ledger.release()
    ledger = Manifest.open(str(tmp_path), read_only=True)
    assert ledger.get(b"x/f.jpg") is None and ledger.get(b"x/a.jpg") == entry(b"x/a.jpg")
    assert sorted(ledger.outputs()) == [b"x/a.jpg", b"x/g.jpg"]
    ledger.release()


def test_a_listing_is_void_when_a_file_of_the_folder_is_recorded(tmp_path: Path) -> None:
    ledger = Manifest.open(str(tmp_path), read_only=False)
    ledger.record_listing(FolderListing(b"x", b"listing1", b"shape123"))
    ledger.record_listing(FolderListing(b"y", b"listing2", b"shape123", b"told"))
    ledger.record_batch(ledger.record_intent([]), [entry(b"x/a.jpg")])
    for _ in range(2):
        assert ledger.listing(b"x") is None and ledger.listing(b"y") == FolderListing(
            b"y", b"listing2", b"shape123", b"told"
        )
        ledger.release()
        ledger = Manifest.open(str(tmp_path), read_only=True)
    ledger.release()


def test_runs_are_remembered_with_their_ends(tmp_path: Path) -> None:
    recorded(tmp_path, entry(b"a.jpg"))
    ledger = Manifest.open(str(tmp_path), read_only=False)
    ledger.begin(replace(RUN, run="r2"))
    ledger.release()
    ledger = Manifest.open(str(tmp_path), read_only=True)
    (first, end), (second, none) = ledger.runs
    assert (first, second.run, none) == (RUN, "r2", None) and end is not None and end.counts == {"written": 1}
    ledger.release()


def test_reading_only_makes_and_changes_nothing(tmp_path: Path) -> None:
    ledger = Manifest.open(str(tmp_path / "none"), read_only=True)
    assert ledger.get(b"a.jpg") is None and not ledger.unfinished and not list(ledger.outputs())
    with pytest.raises(OSError):
        ledger.begin(RUN)
    ledger.release()
    assert not list(tmp_path.iterdir())
    recorded(tmp_path, entry(b"a.jpg"))
    with path(tmp_path).open("ab") as file:
        file.write(b"torn")
    bytes_before = path(tmp_path).read_bytes()
    ledger = Manifest.open(str(tmp_path), read_only=True)
    assert ledger.problems and ledger.get(b"a.jpg") == entry(b"a.jpg")
    ledger.release()
    assert path(tmp_path).read_bytes() == bytes_before and os.listdir(path(tmp_path).parent) == ["manifest"]


def test_damage_in_the_middle_costs_its_frame_and_is_reported_once(tmp_path: Path) -> None:
    for name in (b"a.jpg", b"b.jpg", b"c.jpg"):
        recorded(tmp_path, entry(name))
    data = path(tmp_path).read_bytes()
    at = data.rindex(b"b.jpg")
    path(tmp_path).write_bytes(data[:at] + b"!" + data[at + 1 :])
    for report in (1, 0):
        ledger = Manifest.open(str(tmp_path), read_only=False)
        assert len(ledger.problems) == report
        actual = [ledger.get(name) is not None for name in (b"a.jpg", b"b.jpg", b"c.jpg")]
        assert actual == [True, False, True]
        assert ledger.has_unfinished_intent(b"b.jpg")
        ledger.release()


def test_a_header_lost_is_written_again(tmp_path: Path) -> None:
    recorded(tmp_path, entry(b"a.jpg"))
    data = path(tmp_path).read_bytes()
    for damaged in (b"", HEADER[:5], b"?" + data[1:]):
        path(tmp_path).write_bytes(damaged)
        Manifest.open(str(tmp_path), read_only=False).release()
        assert path(tmp_path).read_bytes().startswith(HEADER)
        ledger = Manifest.open(str(tmp_path), read_only=False)
        assert (ledger.get(b"a.jpg") is not None) == (len(damaged) > 20) and not ledger.problems
        ledger.release()


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path(tmp_path).parent.mkdir()
    path(tmp_path).write_bytes(b"pef-tui manifest 12\n")
    with pytest.raises(NewerFormat):
        Manifest.open(str(tmp_path), read_only=True)


def test_compaction_keeps_what_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_module, "COMPACT_FROM", 100)
    ledger = Manifest.open(str(tmp_path), read_only=False)
    ledger.begin(RUN)
    ledger.record_intent([(b"lost.jpg", b"lost.jpg")])
    ledger.release()
    expected: dict[bytes, Entry] = {}
    for turn in range(4):
        ledger = Manifest.open(str(tmp_path), read_only=False)
        ledger.begin(replace(RUN, run=f"r{turn}"))
        for folder in range(6):
            rows = [entry(b"f%d/%d.jpg" % (folder, n), size=turn) for n in range(turn, 40)]
            expected |= {row.key: row for row in rows}
            ledger.record_batch(ledger.record_intent([(row.key, row.output) for row in rows]), rows)
        ledger.forget([b"f0/%d.jpg" % turn])
        expected.pop(b"f0/%d.jpg" % turn)
        ledger.record_listing(FolderListing(b"f1", b"listing%d" % turn, b"shape123"))
        ledger.close({"written": turn})
    ledger = Manifest.open(str(tmp_path), read_only=True)
    assert {row.key: row for row in ledger.entries()} == expected
    assert all(ledger.get(key) == row for key, row in expected.items())
    assert ledger.listing(b"f1") == FolderListing(b"f1", b"listing3", b"shape123")
    assert ledger.unfinished == {b"lost.jpg": (b"lost.jpg",)}
    assert [stream.run for stream, _ in ledger.runs] == ["r1", "r0", "r1", "r2", "r3"]
    ledger.release()
    assert path(tmp_path).stat().st_size < 60 * 6 * (40 + 39 + 38 + 37)


def test_many_folders_of_one_file_each(tmp_path: Path) -> None:
    rows = [entry(b"%d/a.jpg" % n) for n in range(3000)]
    ledger = Manifest.open(str(tmp_path), read_only=False)
    ledger.record_batch(ledger.record_intent([]), rows)
    ledger.release()
    ledger = Manifest.open(str(tmp_path), read_only=True)
    assert all(
        ledger.get(row.key) == row and ledger.entry_of_output(os.fsdecode(row.key)) for row in rows[::10]
    )
    assert list(ledger.entries()) == rows
    ledger.release()


def test_threads_record_at_once(tmp_path: Path) -> None:
    ledger = Manifest.open(str(tmp_path), read_only=False)

    def work(number: int) -> None:
        for turn in range(20):
            row = entry(b"same/%d-%d.jpg" % (number, turn))
            ledger.record_batch(ledger.record_intent([(row.key, row.output)]), [row])
            assert ledger.get(row.key) == row

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.close({})
    ledger = Manifest.open(str(tmp_path), read_only=True)
    assert len(list(ledger.entries())) == 80 and not ledger.problems and not ledger.unfinished
    ledger.release()


def test_a_folder_that_is_a_link_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "dest").mkdir()
    (tmp_path / "dest" / ".pef-tui").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        Manifest.open(str(tmp_path / "dest"), read_only=False)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_hundred_thousand_entries_load_fast_and_small(tmp_path: Path) -> None:
    rows = [entry(b"Photos from 20%02d/IMG_%08d.jpg" % (n // 1000, n)) for n in range(100_000)]
    data = [HEADER]
    for number, at in enumerate(range(0, len(rows), 200), 1):
        data.append(frame(number, encode(pack_entries(number, rows[at : at + 200]))))
    path(tmp_path).parent.mkdir()
    path(tmp_path).write_bytes(b"".join(data))
    assert path(tmp_path).stat().st_size < 110 * len(rows)
    ledger = Manifest.open(str(tmp_path), read_only=True)
    assert ledger.get(rows[54_321].key) == rows[54_321]
    ledger.release()


def test_the_first_format_is_read_for_ever(tmp_path: Path) -> None:
    """`fixtures/manifest-1` is never written again, because users have such manifests."""
    path(tmp_path).parent.mkdir()
    path(tmp_path).write_bytes((Path(__file__).parent / "fixtures" / "manifest-1").read_bytes())
    for read_only in (True, False):
        ledger = Manifest.open(str(tmp_path), read_only=read_only)
        assert {row.key: row for row in ledger.entries()} == {row.key: row for row in FIRST_FORMAT}
        assert ledger.runs[0][0] == RUN and ledger.runs[0][1] is not None and not ledger.problems
        assert ledger.unfinished == {b"x/left.jpg": (b"x/left.jpg",)}
        assert ledger.listing(b"y") == FolderListing(b"y", b"listing1", b"shape123")
        assert ledger.get(b"x/gone.jpg") is None
        ledger.release()
