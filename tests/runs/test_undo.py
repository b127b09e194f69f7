"""Undo runs in place whose records are damaged, cut, incomplete after a kill, or made by others; and originals with
links.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from commands import tree

from pef_tui.cli.main import main
from pef_tui.manifest import Manifest
from pef_tui.output import undo_record as undo_record_module
from pef_tui.output.undo import UndoneFile
from pef_tui.output.undo_folder import undo_runs
from pef_tui.pipeline.undo_run import undo_run
from pef_tui.testing import jpeg, sidecar, takeout

FOLDER = "Google Photos/Photos from 2019"


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Make two pictures that are written, a video that gets an XMP file, and a picture whose time is set."""
    spec = {
        f"{FOLDER[14:]}/a.jpg": sidecar("a.jpg", people=["Ana"]),
        f"{FOLDER[14:]}/b.jpg": sidecar("b.jpg", people=["Bo"]),
        "Trip/c.avi": sidecar("c.avi", taken=1.4e9),
    }
    return takeout(tmp_path / "export", spec)


def json_of(media: Path) -> Path:
    [result] = media.parent.glob(f"{media.name}*.json")
    return result


def run(source: Path, *options: str) -> int:
    return main(["--batch", "--no-config", "-q", "--in-place", str(source), *options])


def undo(source: Path, case: str = "last") -> int:
    return main(["--no-config", "-q", "--undo", case, str(source)])


def forget(source: Path, case: str = "last") -> int:
    return main(["--no-config", "-q", "--forget", case, str(source)])


def records(source: Path) -> Path:
    [result] = source.glob(".pef-tui/undo/*/records")
    return result


def undone_files(source: Path) -> list[UndoneFile]:
    return list(undo_run(str(source), undo_runs(str(source))[-1].name))


@pytest.fixture
def ran(source: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Return an export before and after a run in place."""
    shutil.copytree(source, tmp_path / "before")
    assert run(source) == 0
    return tmp_path / "before", source


def every_damage(data: bytes, step: int) -> list[tuple[str, bytes]]:
    """Return the bytes with a bit flipped at every place, and cut at every place."""
    result = [
        (f"flip {at}", data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        for at in range(0, len(data), step)
    ]
    return result + [(f"cut {at}", data[:at]) for at in range(0, len(data), step)]


@pytest.mark.parametrize("complete", [False, True])
def test_a_damaged_record_costs_its_own_file_only_and_nothing_is_deleted(
    source: Path, tmp_path: Path, complete: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if complete:
        monkeypatch.setattr(undo_record_module, "LONGEST", -1)
    shutil.copytree(source, tmp_path / "before")
    tree_before = tree(tmp_path / "before")
    assert run(source) == 0
    tree_after, data = tree(source), records(source).read_bytes()
    place = records(source).parent.relative_to(source)
    faults: list[tuple[str, Any, Any]] = []
    for number, (kind, bad) in enumerate(every_damage(data, 7)):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(source, copy)
        (copy / place / "records").write_bytes(bad)
        lines = undone_files(copy)
        current = tree(copy)
        names = {line.path for line in lines if line.outcome == "left"}
        retained = (copy / place / "records").exists()
        wrong = {path for path in tree_before if current[path] != tree_before[path]} | (
            current.keys() - tree_before.keys()
        )
        if wrong != names or {current[path] for path in wrong} != {tree_after[path] for path in wrong}:
            faults.append((kind, wrong, names))
        if bool(names) != retained or any(not line.damaged for line in lines if line.outcome == "left"):
            faults.append((kind, "deleted" if not retained else "not deleted", lines))
        shutil.rmtree(copy)
    assert faults == []


def test_a_damaged_list_of_the_files_costs_nothing(ran: tuple[Path, Path], tmp_path: Path) -> None:
    state_before, source = ran
    names = records(source).with_name("files")
    for number, (kind, bad) in enumerate(every_damage(names.read_bytes(), 5)):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(source, copy)
        (copy / names.relative_to(source)).write_bytes(bad)
        assert {line.outcome for line in undone_files(copy)} == {"restored"}, kind
        assert tree(copy) == tree(state_before), kind
        shutil.rmtree(copy)


def test_the_exit_code_and_the_words_name_what_is_damaged(
    ran: tuple[Path, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    state_before, source = ran
    data = bytearray(records(source).read_bytes())
    data[data.index(b"b.jpg") + 40] ^= 1
    records(source).write_bytes(data)
    for _ in range(2):
        assert undo(source) == 1
        message = capfd.readouterr()
        assert f"not restored: {FOLDER}/b.jpg" in message.out and "undo record is damaged" in message.err
        assert records(source).read_bytes() == data
    modified = {path for path, content in tree(source).items() if content != tree(state_before).get(path)}
    assert modified == {f"{FOLDER}/b.jpg"}


def older(source: Path) -> None:
    """Leave the record in the state of earlier releases, which had no list of the files."""
    records(source).with_name("files").unlink()


def test_a_record_of_an_earlier_build_is_checked_too(ran: tuple[Path, Path], tmp_path: Path) -> None:
    state_before, source = ran
    older(source)
    data = records(source).read_bytes()
    for number, (kind, bad) in enumerate(every_damage(data, 5)):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(source, copy)
        (copy / records(source).relative_to(source)).write_bytes(bad)
        lines = undone_files(copy)
        assert any(line.damaged for line in lines), kind
        names = {line.path for line in lines if line.outcome == "left" and line.path}
        wrong = {path for path in tree(state_before) if tree(copy)[path] != tree(state_before)[path]}
        assert names <= wrong | tree(source).keys() - tree(state_before).keys(), kind
        shutil.rmtree(copy)
    assert {line.outcome for line in undone_files(source)} == {"restored"} and tree(source) == tree(
        state_before
    )


@pytest.mark.parametrize("harm", ["gone", "bytes", "link", "folder"])
def test_an_original_that_is_kept_whole_is_checked_before_it_is_put_back(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    monkeypatch.setattr(undo_record_module, "LONGEST", -1)
    tree_before, data = tree(source), (source / FOLDER / "a.jpg").read_bytes()
    assert run(source) == 0
    tree_after = tree(source)
    [retained] = [path for path in records(source).parent.glob("*-*") if path.read_bytes() == data]
    retained.unlink()
    if harm == "bytes":
        retained.write_bytes(data[:-1] + b"?")
    elif harm == "link":
        (tmp_path / "secret").write_bytes(data)
        retained.symlink_to(tmp_path / "secret")
    elif harm == "folder":
        retained.mkdir()
    assert undo(source) == 1 and records(source).exists()
    [wrong] = [path for path in tree_before if tree(source)[path] != tree_before[path]]
    assert tree(source)[wrong] == tree_after[wrong]


def test_what_was_edited_since_stays_whatever_was_changed(ran: tuple[Path, Path]) -> None:
    """Restore the bytes of a written file, the time of a file that only got a time, and remove a created XMP file."""
    state_before, source = ran
    edits: dict[str, Callable[[Path], object]] = {
        f"{FOLDER}/a.jpg": lambda path: path.write_bytes(path.read_bytes() + b"mine"),
        "Google Photos/Trip/c.avi": lambda path: os.utime(path, (1.7e9, 1.7e9)),
        "Google Photos/Trip/c.avi.xmp": lambda path: path.write_text("mine"),
    }
    for name, edit in edits.items():
        edit(source / name)
    edited = tree(source)
    assert undo(source) == 3
    current = tree(source)
    assert current[f"{FOLDER}/b.jpg"] == tree(state_before)[f"{FOLDER}/b.jpg"]
    for name in (f"{FOLDER}/a.jpg", "Google Photos/Trip/c.avi.xmp"):
        assert current[name] == edited[name]


def test_a_time_that_was_set_since_stays(source: Path) -> None:
    spec = source / "Google Photos" / "Trip"
    (spec / "c.avi").unlink()
    (spec / "d.jpg").write_bytes(jpeg(9))
    assert run(source, "--tags=-dates,-gps,-people,-text,-favourites") == 0
    path = source / FOLDER / "a.jpg"
    os.utime(path, (1.7e9, 1.7e9))
    assert undo(source) == 3
    assert path.stat().st_mtime == 1.7e9


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("complete", [True, False])
def test_files_with_several_names_are_linked_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool, complete: bool
) -> None:
    if complete:
        monkeypatch.setattr(undo_record_module, "LONGEST", -1)
    first = source / FOLDER / "a.jpg"
    other_file = (source / "Google Photos" / "Trip" / "a.jpg") if inside else tmp_path / "other.jpg"
    os.link(first, other_file)
    if inside:
        shutil.copy(json_of(first), other_file.parent)
    tree_before = tree(source)
    for _ in range(3):
        assert run(source, "--hard-links", "replace") == 0
        assert not first.samefile(other_file) and first.stat().st_nlink == 1
        assert undo(source) == 0
        assert tree(source) == tree_before
        assert first.samefile(other_file) and first.stat().st_nlink == 2


def test_one_name_is_not_linked_to_bytes_that_changed_under_the_other(source: Path, tmp_path: Path) -> None:
    first, other_file = source / FOLDER / "a.jpg", tmp_path / "other.jpg"
    os.link(first, other_file)
    original = first.read_bytes()
    assert run(source, "--hard-links", "replace") == 0
    other_file.write_bytes(b"mine now")
    assert undo(source) == 0
    assert first.read_bytes() == original and other_file.read_bytes() == b"mine now"


def killed_before_names(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends when its records are on the disk, before it replaces a file."""
    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr("pef_tui.output.commit.publish", _stop)
        patch.setattr(undo_record_module.UndoRecord, "close", lambda self: None)
        patch.setattr(Manifest, "close", _stop)
        run(source)


def _stop(*args: object, **fields: object) -> None:
    raise KeyboardInterrupt


def test_links_of_our_own_after_a_kill_are_no_reason_to_refuse(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo_record_module, "LONGEST", -1)
    tree_before = tree(source)
    for _ in range(2):
        killed_before_names(source, monkeypatch)
    assert (source / FOLDER / "a.jpg").stat().st_nlink == 3
    assert run(source) == 0
    assert b"Ana" in (source / FOLDER / "a.jpg").read_bytes()
    for _ in undo_runs(str(source)):
        assert undo(source) == 0
    assert tree(source) == tree_before and not list((source / ".pef-tui" / "undo").iterdir())
    assert (source / FOLDER / "a.jpg").stat().st_nlink == 1


def test_names_of_others_are_still_a_reason_beside_our_own(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo_record_module, "LONGEST", -1)
    killed_before_names(source, monkeypatch)
    os.link(source / FOLDER / "a.jpg", tmp_path / "other.jpg")
    original = (tmp_path / "other.jpg").read_bytes()
    assert run(source) == 3
    assert (source / FOLDER / "a.jpg").read_bytes() == original


EMPTY: dict[str, Callable[[Path], object]] = {
    "nothing": lambda run: None,
    "no records": lambda run: (run / "files").touch(),
    "no frame": lambda run: (run / "records").touch(),
    "half removed": lambda run: run.rename(f"{run}.forgotten"),
}


@pytest.mark.parametrize("kind", EMPTY)
@pytest.mark.parametrize("name", ["99991231-235959-abcd", "20000101-000000-abcd", "zzz"])
def test_a_run_without_records_is_passed_over_and_removed(
    ran: tuple[Path, Path], kind: str, name: str
) -> None:
    state_before, source = ran
    folder = source / ".pef-tui" / "undo" / name
    folder.mkdir()
    EMPTY[kind](folder)
    assert undo(source) == 0
    assert tree(source) == tree(state_before)
    assert not list((source / ".pef-tui" / "undo").iterdir())


def test_an_empty_run_alone_is_undone_to_nothing(source: Path) -> None:
    tree_before = tree(source)
    (source / ".pef-tui" / "undo" / "99991231-235959-abcd").mkdir(parents=True)
    assert undo(source) == 0 and tree(source) == tree_before
    assert undo(source) == 2


def test_originals_without_records_are_not_removed(ran: tuple[Path, Path]) -> None:
    state_before, source = ran
    lost = source / ".pef-tui" / "undo" / "20000101-000000-abcd"
    lost.mkdir()
    (lost / "0-abcdabcd").write_bytes(b"the only copy")
    assert undo(source) == 0 and tree(source) == tree(state_before)
    assert undo(source) == 1
    assert (lost / "0-abcdabcd").read_bytes() == b"the only copy"
    assert forget(source) == 0 and not lost.exists()


def test_the_last_run_is_the_last_by_time(source: Path) -> None:
    first = tree(source)
    assert run(source) == 0
    records(source).parent.rename(source / ".pef-tui" / "undo" / "zzz")
    second = tree(source)
    (source / FOLDER / "a.jpg").write_bytes(jpeg(77))
    assert run(source) == 0
    assert undo(source) == 0
    remaining = {path: kind for path, kind in second.items() if not path.endswith("a.jpg")}
    assert {path: kind for path, kind in tree(source).items() if not path.endswith("a.jpg")} == remaining
    assert [each.name for each in undo_runs(str(source))] == ["zzz"]
    assert undo(source) == 3
    remaining = {path: kind for path, kind in first.items() if not path.endswith("a.jpg")}
    assert {path: kind for path, kind in tree(source).items() if not path.endswith("a.jpg")} == remaining


def test_a_killed_removal_leaves_nothing_that_looks_like_a_record(source: Path) -> None:
    """Kill `--forget` and `--undo` at every call that removes or renames a file."""
    assert run(source) == 0
    code = (
        "import os, sys\n"
        "left = int(sys.argv[1])\n"
        "def dying(real):\n"
        "    def call(*args, **more):\n"
        "        global left\n"
        "        left -= 1\n"
        "        if left < 0: os._exit(9)\n"
        "        return real(*args, **more)\n"
        "    return call\n"
        "for name in ('unlink', 'rmdir', 'rename'):\n"
        "    setattr(os, name, dying(getattr(os, name)))\n"
        "    os.supports_dir_fd.add(getattr(os, name))\n"
        "from pef_tui.cli.main import main\n"
        "sys.exit(main(sys.argv[2:]))\n"
    )
    ends = []
    for calls in range(12):
        copy = source.with_name(f"copy{calls}")
        shutil.copytree(source, copy)
        result = subprocess.run(
            [sys.executable, "-c", code, str(calls), "--no-config", "-q", "--forget", "last", str(copy)],
            check=False,
        )
        ends.append(result.returncode)
        assert undo(copy) in (0, 2)
        assert not list((copy / ".pef-tui" / "undo").iterdir())
        shutil.rmtree(copy)
    assert ends[0] == 9 and ends[-1] == 0


def test_a_folder_of_many_runs_is_undone_one_by_one(source: Path) -> None:
    state_before = [tree(source)]
    json = json_of(source / FOLDER / "b.jpg")
    for people in ("Cleo", "Dan"):
        assert run(source) == 0
        state_before.append(tree(source))
        json.write_text(json.read_text().replace("Bo", people).replace("Cleo", people))
        os.utime(json, (time.time() - 10_000,) * 2)
    for state in reversed(state_before[:-1]):
        assert undo(source) == 0
        current = tree(source)
        assert {name: kind for name, kind in current.items() if not name.endswith(".json")} == {
            name: kind for name, kind in state.items() if not name.endswith(".json")
        }
