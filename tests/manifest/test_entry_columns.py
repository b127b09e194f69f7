"""Entries as columns of a record: what is put in comes out, what cannot be is no entry."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_cases import entry, recorded

from pef_tui.manifest import Entry, Ledger
from pef_tui.manifest.columns import pack, unpack
from pef_tui.manifest.format import WORDS, Done, Impossible, decode, encode

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
    word=st.sampled_from(WORDS),
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
)


@given(st.lists(entries, max_size=12))
def test_columns_give_back_what_was_put_in(rows: list[Entry]) -> None:
    done = decode(encode(pack(3, rows)))
    assert isinstance(done, Done) and done.batch == 3
    assert [unpack(done, number) for number in range(done.count)] == rows
    assert done.failed == sum(row.word == "failed" for row in rows)


def test_an_xmp_file_is_remembered_with_size_and_time() -> None:
    row = entry(b"a.jpg", xmp=True, xmp_size=7, xmp_mtime_ns=-9)
    assert unpack(pack(1, [row]), 0) == row


def test_a_duplicate_is_remembered_with_what_stands_for_it() -> None:
    row = entry(b"Trip/a.jpg", output=b"", word="duplicate", link=b"Photos from 2019/a.jpg")
    assert unpack(pack(1, [row]), 0) == row
    with pytest.raises(Impossible):
        unpack(pack(1, [entry(b"a.jpg", output=b"", link=b"../a.jpg")]), 0)


@pytest.mark.parametrize(
    "output", [b"../x", b"/etc/x", b"a/../../x", b"a//b", b".pef-tui/lock", b"a\0b", b"."]
)
def test_an_output_outside_dest_is_no_entry(output: bytes, tmp_path: Path) -> None:
    with pytest.raises(Impossible):
        unpack(pack(1, [entry(b"a.jpg", output=output)]), 0)
    recorded(tmp_path, entry(b"a.jpg", output=output), entry(b"b.jpg"))
    ledger = Ledger.open(str(tmp_path), read_only=True)
    assert ledger.get(b"a.jpg") is None and ledger.get(b"b.jpg") == entry(b"b.jpg")
    ledger.release()


@given(st.binary(max_size=200), st.integers(0, 10**6), st.integers(0, 255))
def test_no_record_makes_it_stumble(data: bytes, at: int, value: int) -> None:
    good = bytearray(encode(pack(1, [entry(b"folder/a.jpg"), entry(b"b.jpg", output=b"c/d")])))
    good[at % len(good)] = value
    for payload in (data, bytes(good)):
        try:
            record = decode(payload)
        except Impossible:
            continue
        if isinstance(record, Done):
            for number in range(record.count):
                try:
                    unpack(record, number)
                except Impossible:
                    continue
