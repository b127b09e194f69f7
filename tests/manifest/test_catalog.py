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

from pef_tui.manifest import Catalog, DestLock, Entry, Ledger, Row, RunOpened, Wanted, holder, indexing
from pef_tui.manifest.columns import briefs, pack, unpack
from pef_tui.manifest.format import WORDS, Impossible

RUN = RunOpened("r1", 1_700_000_000_000_000_000, "1.0", b"shape123", {"existing": "fill"})


def entry(key: bytes, word: str = "written", **more: object) -> Entry:
    base = Entry(key, 10, 20, b"sidecar1", b"shape123", b"planplan", word, output=key, output_size=100)
    return replace(base, **more)


ROWS = (
    entry(b"x/a.jpg"),
    entry(b"x/b.jpg", conflict=True),
    entry(b"x/b.jpg\x002", "copied", output=b"x/b (2).jpg"),
    entry(b"x/IMG_1.heic", "failed", reason="damaged \x1b[2J", output=b"", output_size=0),
    entry(b"\xff\xfe/\xe9.mp4", "sidecar", conflict=True),
    entry(b"top.png", "unmatched"),
)


def record(dest: Path, *entries: Entry, forget: tuple[bytes, ...] = (), run: RunOpened = RUN) -> None:
    ledger = Ledger.open(str(dest), read_only=False)
    ledger.begin(run)
    ledger.done(ledger.intend([(each.key, each.output) for each in entries]), entries)
    if forget:
        ledger.forget(forget)
    ledger.close({"written": len(entries)})


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    record(tmp_path, *ROWS)
    return tmp_path


@pytest.fixture
def catalog(dest: Path) -> Iterator[Catalog]:
    found = Catalog.open(str(dest))
    assert found is not None
    yield found
    found.close()


def everything(catalog: Catalog, wanted: Wanted | None = None, limit: int = 2) -> list[Row]:
    rows: list[Row] = []
    while page := catalog.page(wanted, rows[-1] if rows else None, limit):
        assert len(page) <= limit
        rows += page
    return rows


def test_pages_come_by_folder_and_name_and_leave_nothing_out(catalog: Catalog) -> None:
    names = [(row.folder, row.name) for row in everything(catalog)]
    assert names == [
        ("", "top.png"),
        ("x", "IMG_1.heic"),
        ("x", "a.jpg"),
        ("x", "b.jpg"),
        ("x", "b.jpg\x002"),
        ("\udcff\udcfe", "\udce9.mp4"),
    ]
    row = everything(catalog, Wanted(words=("failed",)))[0]
    assert row == Row("x", "IMG_1.heic", "failed", False, 0, "damaged \x1b[2J", "")


@pytest.mark.parametrize(
    ("wanted", "counts"),
    [
        (Wanted(), {"written": 2, "copied": 1, "failed": 1, "sidecar": 1, "unmatched": 1}),
        (Wanted(words=("written", "failed")), {"written": 2, "failed": 1}),
        (Wanted(folder="x"), {"written": 2, "copied": 1, "failed": 1}),
        (Wanted(folder=""), {"unmatched": 1}),
        (Wanted(folder="\udcff\udcfe"), {"sidecar": 1}),
        (Wanted(folder="none"), {}),
        (Wanted(text="img_"), {"failed": 1}),
        (Wanted(text="\udce9"), {"sidecar": 1}),
        (Wanted(text="%"), {}),
        (Wanted(conflict=True), {"written": 1, "sidecar": 1}),
        (Wanted(folder="x", words=("written",), text="B", conflict=True), {"written": 1}),
    ],
)
def test_counts_and_pages_say_the_same(catalog: Catalog, wanted: Wanted, counts: dict[str, int]) -> None:
    assert catalog.counts(wanted) == counts
    assert Counter(row.word for row in everything(catalog, wanted)) == counts


def test_folders_and_totals(catalog: Catalog) -> None:
    folders = catalog.folders(limit=2)
    folders += catalog.folders(after=folders[-1].path)
    told = [(each.path, each.files, each.failed, each.conflicts, each.bytes) for each in folders]
    assert told == [("", 1, 0, 0, 100), ("x", 4, 1, 1, 300), ("\udcff\udcfe", 1, 0, 1, 100)]
    totals = catalog.totals()
    assert (totals.files, totals.failed, totals.conflicts, totals.bytes) == (6, 1, 2, 500)


def test_runs_come_with_their_ends(dest: Path) -> None:
    ledger = Ledger.open(str(dest), read_only=False)
    ledger.begin(replace(RUN, run="r2"))
    ledger.release()
    catalog = Catalog.open(str(dest))
    assert catalog is not None
    second, first = catalog.runs()
    assert (second.run, second.ended_ns, second.counts) == ("r2", None, {})
    assert (first.run, first.counts, first.options) == ("r1", {"written": 6}, {"existing": "fill"})
    assert first.ended_ns is not None
    catalog.close()


def look(dest: Path) -> tuple[list[Row], Counter[str], int]:
    catalog = Catalog.open(str(dest))
    assert catalog is not None
    said = everything(catalog, limit=100), Counter(catalog.counts()), len(catalog.runs(100))
    catalog.close()
    return said


def test_what_is_added_is_taken_without_reading_all_again(
    dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(dest)
    monkeypatch.setattr(indexing, "_filled", None)
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
def test_an_index_in_doubt_is_made_anew(dest: Path, spoil: object) -> None:
    before = look(dest)
    spoil(dest / ".pef-tui" / "index.sqlite")  # type: ignore[operator]
    assert look(dest) == before
    elsewhere = dest / ".pef-tui" / "elsewhere"
    assert not elsewhere.exists() or elsewhere.read_bytes() == b"mine"
    assert not list((dest / ".pef-tui").glob("index.sqlite.*"))


def test_an_index_of_another_journal_is_made_anew(dest: Path) -> None:
    look(dest)
    (dest / ".pef-tui" / "manifest").unlink()
    record(dest, entry(b"only.jpg"))
    assert [row.name for row in look(dest)[0]] == ["only.jpg"]


def test_a_compacted_journal_is_read_again(dest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = look(dest)
    monkeypatch.setattr("pef_tui.manifest.ledger.COMPACT_FROM", 0)
    record(dest, *ROWS)
    assert look(dest)[:2] == before[:2]


def test_damage_in_the_journal_is_told(dest: Path) -> None:
    path = dest / ".pef-tui" / "manifest"
    path.write_bytes(path.read_bytes() + b"torn")
    catalog = Catalog.open(str(dest))
    assert catalog is not None and catalog.counts().total() == 6
    assert "unfinished record" in catalog.problems[0]
    catalog.close()
    assert path.read_bytes().endswith(b"torn")


def test_without_a_manifest_there_is_none(tmp_path: Path) -> None:
    assert Catalog.open(str(tmp_path)) is None and Catalog.open(str(tmp_path / "none")) is None
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
def test_caught_up_is_the_same_as_made_anew(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[object]]
) -> None:
    dest = tmp_path_factory.mktemp("dest")
    for part in parts:
        entries = {each.key: each for each in part if isinstance(each, Entry)}
        record(dest, *entries.values(), forget=tuple(each for each in part if isinstance(each, bytes)))
        caught_up = look(dest)
    (dest / ".pef-tui" / "index.sqlite").unlink()
    assert look(dest) == caught_up


def test_who_is_at_work_is_told_without_taking_the_lock(dest: Path) -> None:
    if not os.path.exists("/proc/locks"):
        pytest.skip("the system does not show locks")
    assert holder(str(dest)) == "" and holder(str(dest / "none")) == ""
    with DestLock(str(dest)):
        assert holder(str(dest)).startswith(f"process {os.getpid()} on ")
    assert holder(str(dest)) == ""


@given(st.data())
@settings(max_examples=200)
def test_entries_in_brief_are_the_entries(data: st.DataObject) -> None:
    """Also of frames whose columns say what cannot be: those entries are left out."""
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
    done = pack(1, entries)
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(done.rows) - 1))
        changed = bytes([data.draw(st.integers(0, 255))])
        done = replace(done, rows=done.rows[:at] + changed + done.rows[at + 1 :])
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(done.ends) - 5))
        done = replace(done, ends=done.ends[:at] + b"\7" + done.ends[at + 1 :])
    expected = []
    for number in range(done.count):
        with suppress(Impossible):
            each = unpack(done, number)
            size = min(each.output_size, 2**63 - 1)
            expected.append((each.key, each.word, each.conflict, size, each.reason.encode(), each.output))
    found = []
    for folder, name, word, conflict, size, reason, output in briefs(done, range(done.count)):
        parent = done.folders[folder]
        key = parent + b"/" + name if parent else name
        found.append((key, WORDS[word], conflict, size, reason, output))
    assert found == expected
