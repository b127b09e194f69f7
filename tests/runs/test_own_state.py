"""`SOURCE/.pef-tui` before a run in place: links in it, and manifests and records made by others."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest
from commands import tree

from pef_tui.cli.main import main
from pef_tui.manifest import Manifest
from pef_tui.manifest.origin import state_origin
from pef_tui.output.undo_folder import undo_runs
from pef_tui.output.undo_format import ReplacedFile, UndoHeader
from pef_tui.output.undo_record import content_of, frame
from pef_tui.testing import jpeg, sidecar, takeout

PICTURE = "Google Photos/Photos from 2019/a.jpg"


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    spec = {f"Photos from 2019/{name}.jpg": sidecar(f"{name}.jpg", people=["Ana"]) for name in "ab"}
    return takeout(tmp_path / "export", spec)


def run(source: Path, *options: str) -> int:
    return main(["--batch", "--no-config", "-q", "--in-place", str(source), *options])


def undo(source: Path, case: str = "last", action: str = "--undo") -> int:
    return main(["--no-config", "-q", action, case, str(source)])


def unpacked(source: Path, to: Path) -> Path:
    """Copy the folder as an archive does: with other inodes and the same times."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.add(source, "x")
    data.seek(0)
    with tarfile.open(fileobj=data) as archive:
        archive.extractall(to, filter="data")
    return to / "x"


def another_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))


NAMES = ("", "manifest", "lock", "staging", "undo", "origin", "index.sqlite")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["folder", "file", "nothing"])
def test_a_link_is_never_followed(
    source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, kind: str
) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (away / "20200101-000000-abcd").mkdir()
    (away / "file").write_text("theirs")
    link = source / ".pef-tui" / name if name else source / ".pef-tui"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to({"folder": away, "file": away / "file", "nothing": away / "none"}[kind])
    state_before = tree(source), tree(tmp_path / "away")
    for way in (run, undo, lambda source: undo(source, "20200101-000000-abcd", "--forget")):
        assert way(source) == 1
        assert "is a symbolic link" in capfd.readouterr().err
    assert (tree(source), tree(away)) == state_before and (away / "20200101-000000-abcd").is_dir()
    link.unlink()
    assert run(source) == 0


def test_a_link_with_the_name_of_the_report_page_is_replaced(source: Path, tmp_path: Path) -> None:
    victim, page = tmp_path / "victim", source / ".pef-tui" / "report.html"
    victim.write_text("theirs")
    page.parent.mkdir()
    page.symlink_to(victim)
    assert run(source) == 0
    assert victim.read_text() == "theirs" and not page.is_symlink()


@pytest.mark.parametrize("case", ["run", "records", "kept"])
def test_links_among_undo_records_are_not_followed(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.setattr("pef_tui.output.undo_record.LONGEST", -1)
    assert run(source) == 0
    [folder] = (source / ".pef-tui" / "undo").iterdir()
    path = {"run": folder, "records": folder / "records", "kept": next(folder.glob("0-*"))}[case]
    moved = tmp_path / "moved"
    path.rename(moved)
    path.symlink_to(moved)
    tree_after = tree(source)
    assert undo(source) != 0
    assert case == "kept" or tree(source) == tree_after
    assert moved.exists() and path.is_symlink()


def prepared(source: Path, *records: UndoHeader | ReplacedFile) -> Path:
    folder = source / ".pef-tui" / "undo" / "20991231-235959-abcd"
    folder.mkdir(parents=True)
    (folder / "records").write_bytes(b"".join(map(frame, records)))
    return folder


def hash_of(path: Path) -> bytes:
    with path.open("rb", 0) as stream:
        return content_of(stream)


HOSTILE_PATHS = (
    "/etc/hostname", "../away/file", "Google Photos/../../away/file", ".pef-tui/manifest", "out/file", "", "a\0b"
)  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_paths_of_prepared_records_stay_below_source(source: Path, tmp_path: Path, path: str) -> None:
    away = source.parent / "away"
    away.mkdir()
    (away / "file").write_text("theirs")
    (source / "out").symlink_to(away)
    (source / ".pef-tui").mkdir()
    (source / ".pef-tui" / "manifest").write_text("x")
    size, content = 6, hash_of(away / "file")
    prepared(source, UndoHeader(1, 1), ReplacedFile(path.encode(), b"k", "none", 1, size, content))
    assert undo(source, "20991231-235959-abcd") == 3
    assert (away / "file").read_text() == "theirs"


@pytest.mark.parametrize("retained", ["{away}", "../../../../away/file", "..", ".", "", "records/", "x\0y"])
def test_originals_of_prepared_records_lie_beside_them(source: Path, tmp_path: Path, retained: str) -> None:
    away = source.parent / "away"
    away.mkdir()
    (away / "file").write_text("secret")
    picture = source / PICTURE
    bytes_before = picture.read_bytes()
    facts = len(bytes_before), hash_of(picture), 6, 1, 1, hash_of(away / "file")
    retained = retained.format(away=away / "file")
    former = ReplacedFile(
        PICTURE.encode(), b"k", "whole", 1, *facts, backup_name=retained, link_name=retained
    )
    prepared(source, UndoHeader(1, 1), former)
    assert undo(source, "20991231-235959-abcd") == 1
    assert picture.read_bytes() == bytes_before


def test_records_made_elsewhere_are_taken_by_name_only(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """In a copy on another machine, `last` is refused, or is a run of this user. A run given by name is undone."""
    original = tree(source)
    assert run(source) == 0
    [name] = [each.name for each in undo_runs(str(source))]
    tree_after = tree(source)
    copy = unpacked(source, tmp_path / "elsewhere")
    another_user(monkeypatch, tmp_path)
    assert undo(copy) == 2 and name in capfd.readouterr().err
    assert tree(copy) == tree_after
    (copy / PICTURE).with_name("c.jpg").write_bytes(jpeg(8))
    json = next(copy.glob("Google Photos/*/a.jpg*.json"))
    json.with_name("c.jpg.json").write_text(json.read_text().replace("a.jpg", "c.jpg"))
    tree_before = tree(copy)
    assert run(copy) == 0
    assert undo(copy) == 0 and tree(copy) == tree_before
    assert undo(copy) == 2
    assert undo(copy, name) == 0
    assert {path: content for path, content in tree(copy).items() if "c.jpg" not in path} == original


def test_a_manifest_made_elsewhere_hides_no_file(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The manifest lists every current picture as complete."""
    prepared_by = tmp_path / "prepared"
    shutil.copytree(source, prepared_by)
    assert run(source) == 0
    ledger = Manifest.open(str(source), read_only=True)
    entries = list(ledger.entries())
    ledger.release()
    from msgspec.structs import replace

    hostile = Manifest.open(str(prepared_by), read_only=False)
    facts = {entry.key: (prepared_by / os.fsdecode(entry.output)).stat() for entry in entries}
    hostile.record_batch(
        1,
        [
            replace(
                entry,
                size=facts[entry.key].st_size,
                mtime_ns=facts[entry.key].st_mtime_ns,
                output_size=facts[entry.key].st_size,
                output_mtime_ns=facts[entry.key].st_mtime_ns,
                racy=False,
            )
            for entry in entries
        ],
    )
    hostile.close({})
    os.utime(prepared_by / ".pef-tui" / "manifest", (1.6e9, 1.6e9))
    monkeypatch.setattr("pef_tui.manifest.origin._SLACK_NS", -1)  # as if it had been unpacked a minute later
    for options in (("-n",), ()):
        assert main(["--batch", "--no-config", "--in-place", str(prepared_by), *options]) == 0
        assert "2 pictures and videos: 2 written" in capfd.readouterr().err
    assert tree(prepared_by) == tree(source)
    assert (prepared_by / ".pef-tui" / "manifest.elsewhere-1").exists()
    assert run(prepared_by) == 0 and tree(prepared_by) == tree(source)
    assert not (prepared_by / ".pef-tui" / "manifest.elsewhere-2").exists()


@pytest.mark.parametrize("way", ["moved", "another home", "no home", "copied by the same user"])
def test_what_this_user_made_is_believed(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    tree_before = tree(source)
    assert run(source) == 0
    tree_after = tree(source)
    if way == "moved":
        source = source.rename(tmp_path / "moved")
    elif way == "another home":
        another_user(monkeypatch, tmp_path)
    elif way == "no home":
        monkeypatch.setenv("XDG_STATE_HOME", "")
        monkeypatch.setenv("HOME", "relative")
    else:
        source = unpacked(source, tmp_path / "copy")
    assert state_origin(str(source), os.environ) == "here"
    assert run(source) == 0 and tree(source) == tree_after
    assert undo(source) == 0 and tree(source) == tree_before


def test_a_state_of_an_earlier_build_is_believed_where_it_was_made(source: Path, tmp_path: Path) -> None:
    """Such a state has no origin file. Its manifest was last changed at the end of its last run."""
    tree_before = tree(source)
    assert run(source) == 0
    (source / ".pef-tui" / "origin").unlink()
    assert state_origin(str(source), os.environ) == "here"
    assert run(source) == 0
    assert (source / ".pef-tui" / "origin").exists()
    assert undo(source) == 0 and tree(source) == tree_before


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"id": "../../x", "folder": 1, "file": 1}', b"\xff" * 100]
)
def test_an_origin_file_that_says_nonsense_is_none(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes
) -> None:
    assert run(source) == 0
    (source / ".pef-tui" / "origin").write_bytes(text)
    assert state_origin(str(source), os.environ) == "elsewhere"
    tree_after = tree(source)
    assert run(source) == 0 and tree(source) == tree_after
    assert state_origin(str(source), os.environ) == "here"


@pytest.mark.parametrize("end", ["", "-journal", "-wal", "-shm"])
def test_the_index_follows_no_link(
    source: Path, tmp_path: Path, end: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(source) == 0
    victim = tmp_path / "victim"
    victim.write_bytes(b"theirs" * 1000)
    for path in source.glob(".pef-tui/index.sqlite*"):
        path.unlink()
    (source / ".pef-tui" / f"index.sqlite{end}").symlink_to(victim)
    for _ in range(2):
        assert main(["--no-config", "--status", "-o", str(source)]) == 0
        assert "2 pictures and videos" in capfd.readouterr().out
    assert victim.read_bytes() == b"theirs" * 1000
