"""Runs without changes are reported from the snapshot of the last run; runs with changes never are."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import tree
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from snapshot_cases import (
    TICK,
    YEAR,
    by_records,
    counts,
    export_in,
    export_of_the_past,
    folder,
    of_a,
    ran,
    reversed_bytes,
    reversed_text,
    same_times,
)

from pef_tui.cli.main import main
from pef_tui.manifest import Manifest
from pef_tui.pipeline import stages as chain
from pef_tui.sources.dir_entries import FINE_NS
from pef_tui.testing.export import sidecar, takeout


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return export_of_the_past(tmp_path / "export")


@pytest.fixture
def out(export: Path, tmp_path: Path) -> Path:
    """Return the output folder of a run."""
    out = tmp_path / "out"
    assert not ran(export, out).counts_only
    time.sleep(TICK)
    return out


def test_a_second_run_states_the_same_without_opening_or_writing_a_file(
    export: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree_before, long_way = tree(out), by_records(export, out)
    monkeypatch.setattr(chain, "run_stages", lambda *_: pytest.fail("nothing was to do"))
    for _ in range(2):
        second_run = ran(export, out)
        assert second_run.counts_only and counts(second_run) == counts(long_way)
    assert counts(second_run)[0] == {"unchanged": 4} and counts(second_run)[1:3] == (
        {"used": 3, "orphan": 1, "album": 1, "invalid": 1},
        1,
    )
    assert ran(export, out, dry_run=True).counts_only
    assert tree(out) == tree_before
    ledger = Manifest.open(str(out), read_only=True)
    assert [closed and sum(closed.counts.values()) for _, closed in ledger.runs] == [10, 10, 10]
    ledger.release()


def test_the_words_and_the_exit_code_are_the_same(
    export: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    report = (out / ".pef-tui" / "report.html").exists()
    arguments = ["--batch", "--no-config", str(export), "-o", str(out)]
    answer = []
    for seal in (True, False):
        if not seal:
            monkeypatch.setattr("pef_tui.pipeline.setup.read_snapshot", lambda data: None)
        assert main(arguments) == 0
        answer.append([line.partition(" files found")[0] for line in capfd.readouterr().err.splitlines()])
    assert answer[0] == answer[1] and any("4 done by an earlier run" in line for line in answer[0])
    assert (out / ".pef-tui" / "report.html").exists() == report


@pytest.mark.parametrize("options", [("--json",), ("-v",), ("--report", "page.html")])
def test_who_wants_every_file_gets_every_file(
    export: Path, out: Path, tmp_path: Path, options: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    options = tuple(str(tmp_path / word) if word.endswith(".html") else word for word in options)
    assert main(["--batch", "--no-config", str(export), "-o", str(out), *options]) == 0
    records = capfd.readouterr()
    page = tmp_path / "page.html"
    assert "alone.jpg" in records.out + records.err + (page.read_text() if page.exists() else "")


def test_a_run_that_wants_every_file_leaves_the_seal_unchanged(export: Path, out: Path) -> None:
    manifest = out / ".pef-tui" / "manifest"
    sizes, answer = [manifest.stat().st_size], []
    for by_count in (False, True):
        answer.append(counts(ran(export, out, by_count=by_count)))
        sizes.append(manifest.stat().st_size)
    assert answer[0] == answer[1]
    assert sizes[1] - sizes[0] < sizes[2] - sizes[1] + 50  # a run that uses the snapshot records none
    os.utime(out / YEAR / "a.jpg")
    assert not ran(export, out, by_count=False).counts_only
    assert counts(ran(export, out)) == answer[0]  # by a new snapshot, if the output was old enough for one


def other_file(path: Path) -> None:
    """Replace a file by another one of the same name and size."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)


Edit = Callable[[Path, Path], object]

EDITS: dict[str, Edit] = {
    "source edited": lambda export, out: (folder(export) / "a.jpg").write_bytes(b"x"),
    "source edited, size and time kept": lambda export, out: same_times(
        folder(export) / "a.jpg", reversed_bytes
    ),
    "source replaced": lambda export, out: same_times(folder(export) / "a.jpg", other_file),
    "source touched": lambda export, out: os.utime(folder(export) / "a.jpg"),
    "source deleted": lambda export, out: (folder(export) / "alone.jpg").unlink(),
    "source renamed": lambda export, out: (folder(export) / "a.jpg").rename(folder(export) / "A.jpg"),
    "source moved": lambda export, out: (folder(export) / "a.jpg").rename(folder(export, "Trip") / "a.jpg"),
    "source added": lambda export, out: shutil.copy(folder(export) / "a.jpg", folder(export) / "d.jpg"),
    "folder added": lambda export, out: shutil.copytree(folder(export), folder(export, "New")),
    "folder deleted": lambda export, out: shutil.rmtree(folder(export, "Trip")),
    "text added": lambda export, out: (export / "x.txt").write_text("x"),
    "link added": lambda export, out: (export / "link").symlink_to("nowhere"),
    "sidecar edited": lambda export, out: same_times(
        of_a(export), lambda path: path.write_text(path.read_text().replace("1500000000", "1500000001"))
    ),
    "sidecar added": lambda export, out: (folder(export) / "alone.jpg.json").write_text(
        json.dumps(sidecar("alone.jpg"))
    ),
    "sidecar deleted": lambda export, out: of_a(export).unlink(),
    "orphan deleted": lambda export, out: (folder(export) / "gone.jpg.json").unlink(),
    "output edited": lambda export, out: (out / YEAR / "a.jpg").write_bytes(b"mine"),
    "output edited, size and time kept": lambda export, out: same_times(out / YEAR / "a.jpg", reversed_bytes),
    "output touched": lambda export, out: os.utime(out / YEAR / "a.jpg"),
    "output cut": lambda export, out: same_times(
        out / YEAR / "a.jpg", lambda path: os.truncate(path, path.stat().st_size - 1)
    ),
    "output replaced": lambda export, out: same_times(out / YEAR / "a.jpg", other_file),
    "output deleted": lambda export, out: (out / "Trip" / "b.jpg").unlink(),
    "output folder deleted": lambda export, out: shutil.rmtree(out / "Trip"),
    "manifest deleted": lambda export, out: (out / ".pef-tui" / "manifest").unlink(),
    "manifest cut": lambda export, out: cut(out, 1),
    "manifest cut at its last record": lambda export, out: cut(out, None),
    "manifest damaged": lambda export, out: damaged(out),
}


def cut(out: Path, by: int | None) -> None:
    """Remove bytes from the end of the manifest; by default its last record."""
    path = out / ".pef-tui" / "manifest"
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"\xabPEF") if by is None else -by])


def damaged(out: Path) -> None:
    path = out / ".pef-tui" / "manifest"
    data = bytearray(path.read_bytes())
    data[data.index(b"a.jpg")] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_whatever_changed_is_looked_at(export: Path, out: Path, edit: Edit) -> None:
    edit(export, out)
    expected = by_records(export, out)
    actual = ran(export, out)
    assert not actual.counts_only and counts(actual) == counts(expected)


PLUGIN = """
from pef_tui import TagEdit, TagMapper, hookimpl

@hookimpl
def pef_tag_mappers():
    yield TagMapper("only", lambda match: [TagEdit("XMP-dc:Source", "{}", when="always")])
"""


@pytest.mark.parametrize(
    "fields",
    [
        {"timezone": "Asia/Tokyo"},
        {"existing": "never"},
        {"until": "2050-01-01"},
        {"unmatched": "skip"},
        {"albums": "tag"},
        {"force": True},
        {"retry_failed": True},
        {"plugin": ("no:tags",)},
    ],
    ids=str,
)
def test_another_option_is_another_question(export: Path, out: Path, fields: dict[str, Any]) -> None:
    assert not ran(export, out, **fields).counts_only


def test_a_plugin_and_decisions_are_part_of_the_question(export: Path, out: Path, tmp_path: Path) -> None:
    plugin, decisions = tmp_path / "only.py", tmp_path / "decisions.json"
    fields: dict[str, Any] = {"plugin": (str(plugin),), "decisions": str(decisions)}
    rule = '{"decisions": [{"folder": "Trip", "choice": "%s"}]}'
    for text, choice in (("one", "keep"), ("two", "keep"), ("two", "google")):
        plugin.write_text(PLUGIN.format(text))
        decisions.write_text(rule % choice)
        assert not ran(export, out, **fields).counts_only
        time.sleep(TICK)
        assert ran(export, out, **fields).counts_only
    assert not ran(export, out).counts_only


def test_an_exiftool_that_comes_or_changes_is_part_of_the_question(
    export: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pef_tui.exiftool import locate

    requests: list[str] = []

    def ask_version(path: str) -> tuple[str, bool]:
        requests.append(path)
        return "13.54", False

    monkeypatch.setattr(locate, "_run_version_command", ask_version)
    monkeypatch.setattr(locate, "_VERSIONS", {})
    tool = tmp_path / "exiftool"
    tool.write_text("#!/bin/false")
    tool.chmod(0o755)
    fields: dict[str, Any] = {"exiftool": str(tool)}
    monkeypatch.setattr("pef_tui.pipeline.context._tag_reader", lambda *_: None)
    first = ran(export, out, **fields)
    assert not first.counts_only and len(requests) == 1
    locate._VERSIONS.clear()
    time.sleep(TICK)
    second = ran(export, out, **fields)
    assert second.counts_only and len(requests) == 1 and second.exiftool == "13.54"  # stored version used
    locate._VERSIONS.clear()
    (export / "x.txt").write_text("x")
    assert not ran(export, out, **fields).counts_only and len(requests) == 2  # ExifTool is run
    locate._VERSIONS.clear()
    tool.write_text("#!/bin/true")
    ran(export, out, **fields)
    assert len(requests) == 3  # another program file: ExifTool is run


def test_another_part_and_a_missing_one_are_looked_at(export: Path, out: Path, tmp_path: Path) -> None:
    part = takeout(tmp_path / "part2", {f"{YEAR}/alone.jpg.json": sidecar("alone.jpg", taken=1.4e9)})
    time.sleep(2 * FINE_NS / 1e9)
    assert not ran(export, part, out).counts_only
    time.sleep(TICK)
    assert ran(export, part, out).counts_only
    assert not ran(export, out).counts_only


def test_an_archive_is_known_by_its_file(export: Path, tmp_path: Path) -> None:
    for form, name in (("zip", "part.zip"), ("gztar", "part.tar.gz")):
        shutil.make_archive(str(tmp_path / "part"), form, export)
        part, out = tmp_path / name, tmp_path / f"out-{form}"
        time.sleep(2 * FINE_NS / 1e9)
        assert not ran(part, out).counts_only
        time.sleep(TICK)
        second_run = ran(part, out)
        assert second_run.counts_only and counts(second_run) == counts(by_records(part, out))
        os.utime(part)
        assert not ran(part, out).counts_only


def test_an_old_manifest_says_nothing_of_what_came_after(export: Path, out: Path, tmp_path: Path) -> None:
    manifest, retained = out / ".pef-tui" / "manifest", tmp_path / "kept"
    shutil.copy2(manifest, retained)
    same_times(of_a(export), reversed_text)
    ran(export, out)
    same_times(of_a(export), reversed_text)
    shutil.copy2(retained, manifest)
    time.sleep(TICK)
    expected = by_records(export, out)
    actual = ran(export, out)
    assert not actual.counts_only and counts(actual) == counts(expected)


def test_an_output_folder_that_was_moved_is_the_same(export: Path, out: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    out.rename(moved)
    assert counts(ran(export, moved)) == counts(by_records(export, moved))
    assert ran(export, moved).counts_only
    copied = tmp_path / "copied"
    shutil.copytree(moved, copied)
    assert not ran(export, copied).counts_only
    assert ran(export, copied).counts_only


# -- any changes, in any order


def edited(export: Path, out: Path, number: int, kind: int) -> None:
    """Make one change to an existing file."""
    all_items = sorted(path for root in (export, out) for path in root.rglob("*") if path.is_file())
    path = [path for path in all_items if ".pef-tui" not in path.parts][number % 10]
    if kind == 0:
        path.unlink()
    elif kind == 1:
        path.write_bytes(path.read_bytes() + b"x")
    elif kind == 2:
        same_times(path, reversed_bytes)
    elif kind == 3:
        os.utime(path, (1e9, 1e9))
    elif kind == 4:
        shutil.copy(path, path.with_name(f"copy{number}{path.suffix}"))
    elif kind == 5:
        path.rename(path.with_name(f"new{number}{path.suffix}"))


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 7)), min_size=1, max_size=4))
def test_whatever_happens_the_same_is_reported_as_without_a_seal(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]]
) -> None:
    place = tmp_path_factory.mktemp("any")
    export, out = export_in(place / "export"), place / "out"
    for number, kind in [(0, 9), *steps]:
        edited(export, out, number, kind)
        time.sleep(2 * FINE_NS / 1e9)
        for _ in range(2):
            expected = by_records(export, out)
            actual = ran(export, out)
            assert counts(actual) == counts(expected)
        assert actual.counts_only or kind != 9
