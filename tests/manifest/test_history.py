from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pef_tui.manifest import DestLock, Entry, EntryFilter, Manifest, Row, RunHistory, RunOpened, holder
from pef_tui.manifest import browse_index as browse_index_module
from pef_tui.manifest.entry_columns import brief_entries, pack_entries, unpack_entry
from pef_tui.manifest.records import OUTCOMES, InvalidRecord

RUN = RunOpened("r1", 1_700_000_000_000_000_000, "1.0", b"shape123", {"existing": "fill"})


def entry(key: bytes, word: str = "written", **fields: object) -> Entry:
    base = Entry(key, 10, 20, b"sidecar1", b"shape123", b"planplan", word, output=key, output_size=100)
    return replace(base, **fields)


ROWS = (
    entry(b"x/a.jpg"),
    entry(b"x/b.jpg", conflict=True),
    entry(b"x/b.jpg\x002", "copied", output=b"x/b (2).jpg"),
    entry(b"x/IMG_1.heic", "failed", reason="damaged \x1b[2J", output=b"", output_size=0),
    entry(b"\xff\xfe/\xe9.mp4", "sidecar", conflict=True),
    entry(b"top.png", "unmatched"),
)


def record(dest: Path, *entries: Entry, forget: tuple[bytes, ...] = (), run: RunOpened = RUN) -> None:
    ledger = Manifest.open(str(dest), read_only=False)
    ledger.begin(run)
    ledger.record_batch(ledger.record_intent([(row.key, row.output) for row in entries]), entries)
    if forget:
        ledger.forget(forget)
    ledger.close({"written": len(entries)})


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    record(tmp_path, *ROWS)
    return tmp_path


@pytest.fixture
def catalog(dest: Path) -> Iterator[RunHistory]:
    actual = RunHistory.open(str(dest))
    assert actual is not None
    yield actual
    actual.close()


def all_rows(catalog: RunHistory, expected: EntryFilter | None = None, limit: int = 2) -> list[Row]:
    rows: list[Row] = []
    while page := catalog.page(expected, rows[-1] if rows else None, limit):
        assert len(page) <= limit
        rows += page
    return rows


def test_pages_come_by_folder_and_name_and_leave_nothing_out(catalog: RunHistory) -> None:
    names = [(row.folder, row.name) for row in all_rows(catalog)]
    assert names == [
        ("", "top.png"),
        ("x", "IMG_1.heic"),
        ("x", "a.jpg"),
        ("x", "b.jpg"),
        ("x", "b.jpg\x002"),
        ("\udcff\udcfe", "\udce9.mp4"),
    ]
    row = all_rows(catalog, EntryFilter(outcomes=("failed",)))[0]
    assert row == Row("x", "IMG_1.heic", "failed", False, 0, "damaged \x1b[2J", "")


@pytest.mark.parametrize(
    ("expected", "counts"),
    [
        (EntryFilter(), {"written": 2, "copied": 1, "failed": 1, "sidecar": 1, "unmatched": 1}),
        (EntryFilter(outcomes=("written", "failed")), {"written": 2, "failed": 1}),
        (EntryFilter(folder="x"), {"written": 2, "copied": 1, "failed": 1}),
        (EntryFilter(folder=""), {"unmatched": 1}),
        (EntryFilter(folder="\udcff\udcfe"), {"sidecar": 1}),
        (EntryFilter(folder="none"), {}),
        (EntryFilter(text="img_"), {"failed": 1}),
        (EntryFilter(text="\udce9"), {"sidecar": 1}),
        (EntryFilter(text="%"), {}),
        (EntryFilter(conflict=True), {"written": 1, "sidecar": 1}),
        (EntryFilter(folder="x", outcomes=("written",), text="B", conflict=True), {"written": 1}),
    ],
)
def test_counts_and_pages_say_the_same(
    catalog: RunHistory, expected: EntryFilter, counts: dict[str, int]
) -> None:
    assert catalog.counts(expected) == counts
    assert Counter(row.outcome for row in all_rows(catalog, expected)) == counts


def test_folders_and_totals(catalog: RunHistory) -> None:
    folders = catalog.folders(limit=2)
    folders += catalog.folders(last_path=folders[-1].path)
    report = [
        (folder.path, folder.files, folder.failed, folder.conflicts, folder.bytes) for folder in folders
    ]
    assert report == [("", 1, 0, 0, 100), ("x", 4, 1, 1, 300), ("\udcff\udcfe", 1, 0, 1, 100)]
    totals = catalog.totals()
    assert (totals.files, totals.failed, totals.conflicts, totals.bytes) == (6, 1, 2, 500)


def test_runs_come_with_their_ends(dest: Path) -> None:
    ledger = Manifest.open(str(dest), read_only=False)
    ledger.begin(replace(RUN, run="r2"))
    ledger.release()
    catalog = RunHistory.open(str(dest))
    assert catalog is not None
    second, first = catalog.runs()
    assert (second.run, second.ended_ns, second.counts) == ("r2", None, {})
    assert (first.run, first.counts, first.options) == ("r1", {"written": 6}, {"existing": "fill"})
    assert first.ended_ns is not None
    catalog.close()


def look(dest: Path) -> tuple[list[Row], Counter[str], int]:
    catalog = RunHistory.open(str(dest))
    assert catalog is not None
    counts: Counter[str] = Counter({str(word): count for word, count in catalog.counts().items()})
    content = all_rows(catalog, limit=100), counts, len(catalog.runs(100))
    catalog.close()
    return content


def test_what_is_added_is_taken_without_reading_all_again(
    dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(dest)
    monkeypatch.setattr(browse_index_module, "_filled_index", None)
    record(dest, entry(b"x/a.jpg", "failed"), entry(b"new/c.jpg"), forget=(b"top.png",))
    rows, counts, runs = look(dest)
    assert counts == {"failed": 2, "written": 2, "copied": 1, "sidecar": 1} and runs == 2
    assert len(rows) == 6
    assert look(dest) == (rows, counts, runs)


def _damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:3000] + b"\0" * 500)


def _other_shape(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")


def _no_tables(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE tally")


def _bad_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8192:] = b"\x5a" * (len(data) - 8192)
    path.write_bytes(data)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _link(path: Path) -> None:
    (path.parent / "elsewhere").write_bytes(b"mine")
    path.unlink()
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    "spoil", [_damaged, _bad_pages, _other_shape, _no_tables, _link, Path.unlink, _empty]
)
def test_an_index_in_doubt_is_made_again(dest: Path, spoil: object) -> None:
    state_before = look(dest)
    spoil(dest / ".pef-tui" / "index.sqlite")  # type: ignore[operator]
    assert look(dest) == state_before
    elsewhere = dest / ".pef-tui" / "elsewhere"
    assert not elsewhere.exists() or elsewhere.read_bytes() == b"mine"
    assert not list((dest / ".pef-tui").glob("index.sqlite.*"))


def test_an_index_of_another_journal_is_made_again(dest: Path) -> None:
    look(dest)
    (dest / ".pef-tui" / "manifest").unlink()
    record(dest, entry(b"only.jpg"))
    assert [row.name for row in look(dest)[0]] == ["only.jpg"]


def test_a_compacted_journal_is_read_again(dest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state_before = look(dest)
    monkeypatch.setattr("pef_tui.manifest.manifest.COMPACT_FROM", 0)
    record(dest, *ROWS)
    assert look(dest)[:2] == state_before[:2]


def test_damage_in_the_journal_is_reported(dest: Path) -> None:
    path = dest / ".pef-tui" / "manifest"
    path.write_bytes(path.read_bytes() + b"torn")
    catalog = RunHistory.open(str(dest))
    assert catalog is not None and catalog.counts().total() == 6
    assert "unfinished record" in catalog.problems[0]
    catalog.close()
    assert path.read_bytes().endswith(b"torn")


def test_without_a_manifest_there_is_none(tmp_path: Path) -> None:
    assert RunHistory.open(str(tmp_path)) is None and RunHistory.open(str(tmp_path / "none")) is None
    assert list(tmp_path.iterdir()) == []


def test_the_index_is_private_and_leaves_nothing_beside(dest: Path) -> None:
    (dest / ".pef-tui" / "index.sqlite.999999999").write_bytes(b"of a process that was killed")
    look(dest)
    assert not list((dest / ".pef-tui").glob("index.sqlite.*"))
    assert (dest / ".pef-tui" / "index.sqlite").stat().st_mode & 0o777 == 0o600


keys = st.sampled_from([b"a", b"b", b"x/a", b"x/b", b"x/a\x002", b"y/a"])
steps = st.lists(
    st.one_of(
        st.tuples(keys, st.sampled_from(["written", "failed", "copied"])).map(lambda pair: entry(*pair)), keys
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(steps, min_size=1, max_size=4))
def test_caught_up_is_the_same_as_made_again(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[object]]
) -> None:
    dest = tmp_path_factory.mktemp("dest")
    for part in parts:
        entries = {item.key: item for item in part if isinstance(item, Entry)}
        record(dest, *entries.values(), forget=tuple(item for item in part if isinstance(item, bytes)))
        caught_up = look(dest)
    (dest / ".pef-tui" / "index.sqlite").unlink()
    assert look(dest) == caught_up


def test_who_is_at_work_is_reported_without_taking_the_lock(dest: Path) -> None:
    if not os.path.exists("/proc/locks"):
        pytest.skip("the system does not show locks")
    assert holder(str(dest)) == "" and holder(str(dest / "none")) == ""
    with DestLock(str(dest)):
        assert holder(str(dest)).startswith(f"process {os.getpid()} on ")
    assert holder(str(dest)) == ""


@given(st.data())
@settings(max_examples=200)
def test_entries_in_brief_are_the_entries(data: st.DataObject) -> None:
    """Read frames whose columns have impossible values. Their entries are left out."""
    texts = st.sampled_from(
        [b"a.jpg", b"..", b".", b"", b"a/b", b"../c", b"d\0" + b"2", b".hid", b".pef-tui"]
    )
    folders = st.sampled_from([b"x", b"", b"x/..", b".pef-tui", b"y/z", b"/r"])
    entries = []
    for _ in range(data.draw(st.integers(1, 6))):
        folder, name = data.draw(folders), data.draw(texts)
        key = folder + b"/" + name if folder else name
        output = data.draw(st.sampled_from([key, b"", b"o/p.jpg", b"../q"]))
        size = data.draw(st.sampled_from([0, 5, 2**63 - 1]))
        entries.append(entry(key, output=output, output_size=size, conflict=data.draw(st.booleans())))
    batch = pack_entries(1, entries)
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(batch.rows) - 1))
        modified = bytes([data.draw(st.integers(0, 255))])
        batch = replace(batch, rows=batch.rows[:at] + modified + batch.rows[at + 1 :])
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(batch.ends) - 5))
        batch = replace(batch, ends=batch.ends[:at] + b"\7" + batch.ends[at + 1 :])
    expected = []
    for number in range(batch.count):
        with suppress(InvalidRecord):
            item = unpack_entry(batch, number)
            size = min(item.output_size, 2**63 - 1)
            expected.append((item.key, item.outcome, item.conflict, size, item.reason.encode(), item.output))
    results = []
    for folder_number, name, word, conflict, length, reason, output in brief_entries(
        batch, range(batch.count)
    ):
        parent = batch.folders[folder_number]
        path = parent + b"/" + name if parent else name
        results.append((path, OUTCOMES[word], conflict, length, reason, output))
    assert results == expected
