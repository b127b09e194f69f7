"""Entries in columns of a record: unpacking returns the packed values; impossible values are no entry."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifest_cases import entry, recorded

from pef_tui.manifest import Entry, Manifest
from pef_tui.manifest.entry_columns import pack_entries, unpack_entry
from pef_tui.manifest.records import OUTCOMES, BatchDone, InvalidRecord, decode, encode

names = st.binary(min_size=1, max_size=12).map(lambda name: name.replace(b"/", b"-").replace(b"\0", b"-"))


keys = st.builds(lambda parts: b"/".join(parts), st.lists(names, min_size=1, max_size=3))


eight = st.one_of(st.just(b""), st.binary(min_size=8, max_size=8).filter(lambda value: value != bytes(8)))


outputs = keys.filter(lambda key: not {b".", b"..", b".pef-tui"} & set(key.split(b"/")))


entries = st.builds(
    Entry,
    key=keys,
    size=st.integers(0, 2**63),
    mtime_ns=st.integers(-(2**62), 2**62),
    sidecar=eight,
    shape=eight,
    plan=eight,
    outcome=st.sampled_from(OUTCOMES),
    reason=st.text(max_size=20),
    temporary=st.booleans(),
    output=st.one_of(st.just(b""), outputs),
    output_size=st.integers(0, 2**63),
    output_mtime_ns=st.integers(-(2**62), 2**62),
    racy=st.booleans(),
    content=eight,
    proof=st.one_of(eight, st.just(b"date")),
    version=st.integers(0, 2**63 - 1),
    source=eight,
    photo=eight,
    output_digest=eight,
    xmp_digest=eight,
    taken=st.one_of(st.none(), st.integers(-(2**62), 2**62)),
)


@given(st.lists(entries, max_size=12))
def test_columns_give_back_what_was_put_in(rows: list[Entry]) -> None:
    result = decode(encode(pack_entries(3, rows)))
    assert isinstance(result, BatchDone) and result.batch == 3
    assert [unpack_entry(result, number) for number in range(result.count)] == rows
    assert result.failed == sum(row.outcome == "failed" for row in rows)


def test_an_xmp_file_is_remembered_with_size_and_time() -> None:
    row = entry(b"a.jpg", xmp=True, xmp_size=7, xmp_mtime_ns=-9)
    assert unpack_entry(pack_entries(1, [row]), 0) == row


def test_a_duplicate_is_remembered_with_what_stands_for_it() -> None:
    row = entry(b"Trip/a.jpg", output=b"", outcome="duplicate", link=b"Photos from 2019/a.jpg")
    assert unpack_entry(pack_entries(1, [row]), 0) == row
    with pytest.raises(InvalidRecord):
        unpack_entry(pack_entries(1, [entry(b"a.jpg", output=b"", link=b"../a.jpg")]), 0)


@pytest.mark.parametrize(
    "output", [b"../x", b"/etc/x", b"a/../../x", b"a//b", b".pef-tui/lock", b"a\0b", b"."]
)
def test_an_output_outside_dest_is_no_entry(output: bytes, tmp_path: Path) -> None:
    with pytest.raises(InvalidRecord):
        unpack_entry(pack_entries(1, [entry(b"a.jpg", output=output)]), 0)
    recorded(tmp_path, entry(b"a.jpg", output=output), entry(b"b.jpg"))
    ledger = Manifest.open(str(tmp_path), read_only=True)
    assert ledger.get(b"a.jpg") is None and ledger.get(b"b.jpg") == entry(b"b.jpg")
    ledger.release()


@given(st.binary(max_size=200), st.integers(0, 10**6), st.integers(0, 255))
def test_a_damaged_record_is_an_entry_or_an_error_of_its_own(data: bytes, at: int, value: int) -> None:
    good = bytearray(encode(pack_entries(1, [entry(b"folder/a.jpg"), entry(b"b.jpg", output=b"c/d")])))
    good[at % len(good)] = value
    for payload in (data, bytes(good)):
        try:
            record = decode(payload)
        except InvalidRecord:
            continue
        if isinstance(record, BatchDone):
            for number in range(record.count):
                try:
                    unpacked = unpack_entry(record, number)
                except InvalidRecord:
                    continue
                assert isinstance(unpacked, Entry)
                assert unpacked.key
