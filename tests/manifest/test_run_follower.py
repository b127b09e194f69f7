"""Follow a run of another process by its manifest and its lock."""

from __future__ import annotations

from pathlib import Path

from manifest_cases import RUN, entry, path
from msgspec.structs import replace

from pef_tui.manifest import DestLock, Manifest
from pef_tui.manifest.run_follower import RunFollower


def test_a_folder_without_manifest_has_no_run(tmp_path: Path) -> None:
    assert RunFollower(str(tmp_path)).poll().state == "none"
    assert RunFollower(str(tmp_path / "missing")).poll().state == "none"


def test_the_counts_grow_until_the_end(tmp_path: Path) -> None:
    dest = str(tmp_path)
    follower = RunFollower(dest)
    with DestLock(dest):
        manifest = Manifest.open(dest, read_only=False)
        manifest.begin(RUN)
        manifest.record_batch(0, [entry(b"old.jpg")])
        manifest.close({"written": 1})
        manifest = Manifest.open(dest, read_only=False)
        manifest.begin(replace(RUN, started_ns=RUN.started_ns + 9))
        run = follower.poll()
        assert (run.state, run.started_ns, run.recorded.total()) == ("running", RUN.started_ns + 9, 0)
        assert "process" in run.holder
        manifest.record_batch(0, [entry(b"Trip/a.jpg"), entry(b"Trip/b.jpg", outcome="copied")])
        run = follower.poll()
        assert dict(run.recorded) == {"written": 1, "copied": 1} and run.latest == "Trip/b.jpg"
        manifest.record_batch(0, [entry(b"Trip/c\xff.jpg\x002", outcome="failed", output=b"", output_size=0)])
        run = follower.poll()
        assert run.recorded.total() == 3 and run.latest == "Trip/c\udcff.jpg"
        manifest.close({"written": 7, "copied": 1})
        run = follower.poll()
        assert run.state == "ended" and run.counts == {"written": 7, "copied": 1} and run.ended_ns
    assert RunFollower(dest).poll() == replace(run, holder="")


def test_a_killed_run_is_left(tmp_path: Path) -> None:
    manifest = Manifest.open(str(tmp_path), read_only=False)
    manifest.begin(RUN)
    manifest.record_batch(0, [entry(b"a.jpg")])
    manifest.release()
    run = RunFollower(str(tmp_path)).poll()
    assert run.state == "left" and run.recorded.total() == 1


def test_a_record_that_is_being_written_is_read_later(tmp_path: Path) -> None:
    manifest = Manifest.open(str(tmp_path), read_only=False)
    manifest.begin(RUN)
    follower = RunFollower(str(tmp_path))
    follower.poll()
    size = path(tmp_path).stat().st_size
    manifest.record_batch(0, [entry(b"a.jpg")])
    whole = path(tmp_path).read_bytes()
    with path(tmp_path).open("r+b") as file:
        file.truncate(size + 20)
        assert follower.poll().recorded.total() == 0
        file.seek(0)
        file.write(whole)
    assert follower.poll().recorded.total() == 1
    manifest.release()


def test_a_manifest_written_anew_is_read_from_the_start(tmp_path: Path) -> None:
    manifest = Manifest.open(str(tmp_path), read_only=False)
    manifest.begin(RUN)
    manifest.record_batch(0, [entry(b"a.jpg")])
    manifest.release()
    follower = RunFollower(str(tmp_path))
    assert follower.poll().recorded.total() == 1
    data = path(tmp_path).read_bytes()
    path(tmp_path).rename(tmp_path / "old")
    path(tmp_path).write_bytes(data)
    assert follower.poll().recorded.total() == 1
