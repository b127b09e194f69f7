"""Watch the order of the calls that keep files safe: copies, sync, intent, names, sync of folders, record.

`tests/fault/mutations.py` removes one of these calls at a time. Then a check here, or a test of the package, must fail.
"""

from __future__ import annotations

import ast
import errno
import fcntl
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from commands import run_here

from pef_tui.cli.main import main
from pef_tui.manifest import manifest as manifest_module
from pef_tui.output import output_dir as output_dir_module
from pef_tui.output import undo_record as undo_record_module
from pef_tui.testing.export import sidecar, takeout


class Call(NamedTuple):
    """One call, and the path below DEST that it is about; "" for DEST itself."""

    name: str
    path: str
    to: str = ""
    flags: int = 0


class Watcher:
    """Records calls to the system that affect DEST."""

    def __init__(self, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out = str(out)
        self.calls: list[Call] = []
        self._patch = monkeypatch
        for name in ("fsync", "fdatasync"):
            self._spy(os, name, lambda fd, name=name: Call(name, self._of(fd)))
        for name in ("rename", "replace"):
            self._spy(os, name, self._renamed)
        self._spy(os, "mkdir", lambda path, mode=0, dir_fd=None: Call("mkdir", self._at(path, dir_fd)))
        self._spy(os, "unlink", lambda path, dir_fd=None: Call("unlink", self._at(path, dir_fd)))
        self._spy(os, "write", lambda fd, data: Call("write", self._of(fd)))
        self._spy(fcntl, "flock", lambda fd, how: Call("flock", self._of(fd), flags=how))
        self._spy(output_dir_module, "_SYNCFS", lambda fd: Call("syncfs", self._of(fd)))
        self._spy(os, "open", self._opened)

    def _spy(self, module: Any, name: str, report: Callable[..., Call | None]) -> None:
        real = getattr(module, name)

        def call(*args: Any, **fields: Any) -> Any:
            answer = report(*args, **fields)
            if answer is not None and not answer.path.startswith(("/", "pipe:", "socket:", "anon")):
                self.calls.append(answer)
            return real(*args, **fields)

        self._patch.setattr(module, name, call)

    def _of(self, fd: int) -> str:
        return self._below(os.readlink(f"/proc/self/fd/{fd}"))

    def _below(self, path: str) -> str:
        if path == self.out:
            return ""
        return path.removeprefix(self.out + "/") if path.startswith(self.out + "/") else f"/{path}"

    def _at(self, path: Any, dir_fd: int | None) -> str:
        text = os.fsdecode(path)
        if dir_fd is None or text.startswith("/"):
            return self._below(os.path.abspath(text))
        return self._below(os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), text))

    def _renamed(self, old: Any, new: Any, *, src_dir_fd: Any = None, dst_dir_fd: Any = None) -> Call:
        return Call("rename", self._at(old, src_dir_fd), self._at(new, dst_dir_fd))

    def _opened(self, path: Any, flags: int, mode: int = 0, *, dir_fd: int | None = None) -> Call | None:
        return Call("create", self._at(path, dir_fd), flags=flags) if flags & os.O_CREAT else None

    def where(self, name: str, path: str = ".*") -> list[int]:
        return [
            at
            for at, call in enumerate(self.calls)
            if call.name == name and re.fullmatch(path, call.to or call.path)
        ]


MANIFEST, STAGED = r"\.pef-tui/manifest", r"\.pef-tui/staging/\d.*"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    spec = {"Trip/a.avi": sidecar("a.avi"), "Trip/b.jpg": sidecar("b.jpg"), "Year/c.gif": None}
    return takeout(tmp_path / "export", spec)


@pytest.fixture
def watched(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watcher]:
    """Run into a new DEST."""
    monkeypatch.setenv("PATH", "/nowhere")
    with monkeypatch.context() as patch:
        watcher = Watcher(tmp_path / "out", patch)
        run_here(export, tmp_path / "out", "--workers", "1")
        yield watcher


def test_the_lock_is_taken_before_anything_is_made(watched: Watcher) -> None:
    [lock] = watched.where("flock", r"\.pef-tui/lock")
    assert watched.calls[lock].flags == fcntl.LOCK_EX | fcntl.LOCK_NB
    sample = [call.path for call in watched.calls[:lock] if call.name in ("create", "rename", "write")]
    assert set(sample) == {".pef-tui/lock"}


def test_what_is_intended_is_on_the_disk_before_the_first_name(watched: Watcher) -> None:
    first = watched.where("rename", r"(Trip|Year)/.*")[0]
    [sample] = watched.where("syncfs")
    outputs = [at for at in watched.where("write", MANIFEST) if at < first]
    synced = [at for at in watched.where("fdatasync", MANIFEST) if at < first]
    assert len(outputs) == len(synced) == 2  # one sync for the run, and one for the batch
    assert (
        outputs[0] < synced[0] < sample < outputs[1] < synced[1]
    )  # the intent has the hashes of the bytes on the disk


def test_bytes_are_on_the_disk_before_they_have_a_name(watched: Watcher) -> None:
    [synced] = watched.where("syncfs")
    assert synced > watched.where("create", STAGED)[-1]
    names = watched.where("rename", r"(Trip|Year)/.*")
    assert len(names) == 4 and synced < names[0]  # three pictures, one XMP file
    for at in names:
        assert re.fullmatch(STAGED, watched.calls[at].path)


def test_names_are_on_the_disk_before_they_are_recorded(watched: Watcher) -> None:
    last = watched.where("rename", r"(Trip|Year)/.*")[-1]
    recorded = next(at for at in watched.where("write", MANIFEST) if at > last)
    for folder in ("Trip", "Year"):
        names = watched.where("rename", rf"{folder}/.*")[-1]
        assert any(names < at < recorded for at in watched.where("fsync", folder)), folder
    assert any(at > recorded for at in watched.where("fdatasync", MANIFEST))
    report = watched.where("write", MANIFEST)
    assert watched.where("fdatasync", MANIFEST)[-1] > report[-1]  # also the end of the run
    result = next(at for at in watched.where("fdatasync", MANIFEST) if at > recorded)
    assert not any(recorded < at < result for at in report)  # before anything else is recorded


def test_a_new_folder_is_on_the_disk_before_anything_is_put_there(watched: Watcher) -> None:
    for folder in ("Trip", "Year"):
        sample, names = watched.where("mkdir", folder)[0], watched.where("rename", rf"{folder}/.*")[0]
        assert any(sample < at < names for at in watched.where("fsync", "")), folder


def whole(watcher: Watcher, start: int = 0) -> None:
    """Check that a new journal gets its name after its bytes are on the disk, and is appended to after its name is
    there.
    """
    [names] = [at for at in watcher.where("rename", MANIFEST) if at >= start]
    created = max(at for at in watcher.where("create", r"\.pef-tui/manifest\.new") if at < names)
    assert any(created < at < names for at in watcher.where("fsync", r"\.pef-tui/manifest\.new"))
    added = next(at for at in watcher.where("write", MANIFEST) if at > names)
    assert any(names < at < added for at in watcher.where("fsync", r"\.pef-tui"))


def test_a_new_manifest_is_whole(watched: Watcher) -> None:
    whole(watched)


def test_a_compacted_manifest_is_whole(
    export: Path, tmp_path: Path, watched: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest_module, "COMPACT_FROM", 0)
    run_here(export, tmp_path / "out", "--force")
    start = len(watched.calls)
    run_here(export, tmp_path / "out", "--workers", "1")
    names = watched.where("rename", MANIFEST)
    if [at for at in names if at >= start]:
        whole(watched, start)
    assert len(names) >= 2


def test_a_torn_end_is_kept_before_it_is_cut(export: Path, tmp_path: Path, watched: Watcher) -> None:
    manifest = tmp_path / "out" / ".pef-tui" / "manifest"
    manifest.write_bytes(manifest.read_bytes() + b"torn")
    start = len(watched.calls)
    run_here(export, tmp_path / "out")
    retained = r"\.pef-tui/manifest\.damaged-1"
    [created] = watched.where("create", retained)
    [saved] = watched.where("fsync", retained)
    cut = [at for at in watched.where("fsync", MANIFEST) if at > start]
    assert (
        start < created < saved < cut[0] < next(at for at in watched.where("write", MANIFEST) if at > start)
    )


def test_nothing_is_made_over_what_is_there(watched: Watcher) -> None:
    """Check that every created file is new, and that no link is followed. The lock is an exception: it stays."""
    created = [call for call in watched.calls if call.name == "create" and not call.path.startswith("/")]
    assert {call.path.rpartition(".")[2] for call in created} >= {"new", "avi", "jpg", "gif"}
    for call in created:
        assert call.flags & os.O_NOFOLLOW, call
        assert call.flags & os.O_EXCL or call.path == ".pef-tui/lock", call


def test_on_a_disk_that_cannot_be_synced_at_once_every_file_is(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(output_dir_module, "_SYNCFS", lambda fd: 0)
    with monkeypatch.context() as patch:
        watcher = Watcher(tmp_path / "out", patch)
        patch.setattr(output_dir_module, "_SYNCFS", None)
        run_here(export, tmp_path / "out", "--workers", "1")
    synced, names = watcher.where("fsync", STAGED), watcher.where("rename", r"(Trip|Year)/.*")
    assert {watcher.calls[at].path for at in synced} >= {watcher.calls[at].path for at in names}
    assert max(synced) < min(names)


def test_nothing_in_the_package_creates_a_file_over_another() -> None:
    """Check that every file created in DEST is new and no link. The lock is an exception: it stays."""
    package = Path(output_dir_module.__file__).parents[1]
    creating = 0
    for folder in ("manifest", "output", "native"):
        for path in (package / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.BinOp):
                    continue
                flags = ast.unparse(node)
                if flags.startswith("os.O_") and "os.O_CREAT" in flags:
                    creating += 1
                    complete = _whole_expression(path, node)
                    assert "O_NOFOLLOW" in complete, f"{path.name}:{node.lineno}"
                    assert "O_EXCL" in complete or path.name == "lock.py", f"{path.name}:{node.lineno}"
    assert creating > 8


def _whole_expression(path: Path, node: ast.BinOp) -> str:
    """Return the outermost expression of flags that contains this one, with the flags added in the same call."""
    best = ast.unparse(node)
    for other in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(other, ast.BinOp)
            and other.lineno == node.lineno
            and len(text := ast.unparse(other)) > len(best)
        ):
            best = text
    return best


def test_in_place_and_back_names_are_on_the_disk_after_every_change(
    export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with monkeypatch.context() as patch:
        watcher = Watcher(export, patch)
        assert main(["--batch", "--no-config", "--in-place", str(export), "--workers", "1"]) == 0
        record = r"\.pef-tui/undo/[^/]+"
        names = watcher.where("rename", r"Google Photos/Trip/.*")
        assert names
        assert max(watcher.where("create", record + "/.*")) < min(names)
        for path in (record, r"\.pef-tui/undo", record + "/.+"):
            assert min(watcher.where("fsync", path)) < min(names), path
        undone = len(watcher.calls)
        assert main(["--no-config", "--undo", "last", str(export)]) == 0
    restored = [at for at in watcher.where("rename", r"Google Photos/Trip/b.jpg") if at > undone]
    gone = [at for at in watcher.where("unlink", r"Google Photos/Trip/a.avi.xmp") if at > undone]
    assert restored and gone
    for at in restored + gone:
        assert watcher.calls[at + 1] == Call("fsync", "Google Photos/Trip")


def test_what_is_taken_away_from_its_former_place_is_gone_from_the_disk(
    export: Path, tmp_path: Path, watched: Watcher
) -> None:
    start = len(watched.calls)
    run_here(export, tmp_path / "out", "--layout", "all/{name}", "--workers", "1")
    gone = [at for at in watched.where("unlink", r"(Trip|Year)/.*") if at > start]
    assert len(gone) == 4
    for folder in ("Trip", "Year"):
        last = max(at for at in gone if watched.calls[at].path.startswith(folder))
        assert watched.calls[last + 1] == Call("fsync", folder)


@pytest.mark.parametrize("links", [True, False], ids=["linked", "copied"])
def test_in_place_what_a_file_was_is_on_the_disk_before_it_is_replaced_and_before_it_is_back(
    export: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(undo_record_module, "LONGEST", -1)  # every original is kept whole
    bytes_before = (export / "Google Photos" / "Trip" / "b.jpg").read_bytes()
    synced: dict[str, int] = {}

    def no_links(*args: object, **fields: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    with monkeypatch.context() as patch:
        real = os.fsync
        if not links:
            patch.setattr(os, "link", no_links)
        patch.setattr(os, "fsync", lambda fd: (synced.update({_path(fd): os.fstat(fd).st_size}), real(fd))[1])
        watcher = Watcher(export, patch)
        assert main(["--batch", "--no-config", "--in-place", str(export), "--workers", "1"]) == 0
        [names] = watcher.where("rename", r"Google Photos/Trip/b.jpg")
        record = r"\.pef-tui/undo/[^/]+"
        report = max(at for at in watcher.where("fsync", record + "/records") if at < names)
        assert any(report < at < names for at in watcher.where("fsync", record))
        if not links:
            retained = watcher.where("create", record + r"/\d+-.*")
            for sample in retained:
                [at] = watcher.where("fsync", re.escape(watcher.calls[sample].path))
                assert sample < at < names
            assert len(bytes_before) in {
                synced[str(export / watcher.calls[sample].path)] for sample in retained
            }
        assert main(["--no-config", "--undo", "last", str(export)]) == 0
    restored = watcher.where("rename", r"Google Photos/Trip/b.jpg")[1]
    staged = re.escape(watcher.calls[restored].path)
    assert any(at < restored for at in watcher.where("fsync", staged))
    assert synced[str(export / watcher.calls[restored].path)] == len(bytes_before)
    assert (export / "Google Photos" / "Trip" / "b.jpg").read_bytes() == bytes_before


def _path(fd: int) -> str:
    return os.readlink(f"/proc/self/fd/{fd}")
