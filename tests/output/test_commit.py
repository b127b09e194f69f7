from __future__ import annotations

import ctypes
import errno
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest
from committing import MARK, TAKEN, FakeSession, RecorderOnManifest, beside, opener, plan, staged, tree

from pef_tui.errors import RunError
from pef_tui.hooks import Written
from pef_tui.manifest import Manifest
from pef_tui.model import MediaFile, Outcome, Plan
from pef_tui.output import output_dir as output_dir_module
from pef_tui.output.commit import carry_out
from pef_tui.output.output_dir import OutputDir, SyncFailed


@dataclass
class Bench:
    source: Path
    dest: Path
    place: OutputDir
    ledger: Manifest
    recorder: RecorderOnManifest

    def run(self, *plans: Plan, session: FakeSession | None = None) -> list[Outcome]:
        sessions = {"fake": session or FakeSession()}
        return carry_out(plans, self.place, sessions, opener(self.source), self.recorder)

    def put(self, name: str, data: bytes) -> None:
        (self.source / name).parent.mkdir(parents=True, exist_ok=True)
        (self.source / name).write_bytes(data)

    def reopen(self) -> None:
        self.ledger.release()
        self.ledger = Manifest.open(str(self.dest), read_only=False)
        self.recorder = RecorderOnManifest(self.ledger)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    source, dest = tmp_path / "source", tmp_path / "dest"
    source.mkdir()
    ledger = Manifest.open(str(dest), read_only=False)
    bench = Bench(source, dest, OutputDir(str(dest)), ledger, RecorderOnManifest(ledger))
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        bench.put(f"x/{name}", name.encode() * 100)
    yield bench
    bench.place.close()
    bench.ledger.release()


def test_each_file_gets_its_outcome_its_name_its_time_and_its_record(bench: Bench) -> None:
    session = FakeSession(b=beside, c=lambda path: Written("unchanged"))
    bench.put("d.png", b"d")
    outcomes = bench.run(
        plan(bench.source, "x/a.jpg"),
        plan(bench.source, "x/b.jpg"),
        plan(bench.source, "x/c.jpg"),
        plan(bench.source, "d.png", writer="", outcome="unmatched"),
        session=session,
    )
    assert [outcome.outcome for outcome in outcomes] == ["written", "sidecar", "copied", "unmatched"]
    assert tree(bench.dest) == {
        "x/a.jpg": (b"a.jpg" * 100 + MARK, TAKEN),
        "x/b.jpg": (b"b.jpg" * 100, TAKEN),
        "x/b.jpg.xmp": (b"<x/>", TAKEN),
        "x/c.jpg": (b"c.jpg" * 100, TAKEN),
        "d.png": (b"d", TAKEN),
    }
    assert outcomes[1].xmp == (4, TAKEN) and outcomes[0].xmp is None
    assert (outcomes[0].size, outcomes[0].mtime_ns, outcomes[0].output) == (505, TAKEN, "x/a.jpg")
    entry = bench.ledger.get(b"x/b.jpg")
    assert entry is not None and entry.xmp and entry.output == b"x/b.jpg"
    assert not staged(bench.dest)
    assert (bench.dest / "x/a.jpg").stat().st_mode & 0o777 == bench.place.mode
    assert all(name.partition(".")[0].isdigit() for name in session.seen)


def test_the_order_of_intent_sync_rename_and_record(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = bench.recorder.steps

    def noted(module: object, name: str, real: Callable[..., object]) -> None:
        def call(*args: object, **keywords: object) -> object:
            steps.append(name)
            return real(*args, **keywords)

        monkeypatch.setattr(module, name, call)

    noted(output_dir_module, "_SYNCFS", output_dir_module._SYNCFS or (lambda fd: 0))
    noted(os, "mkdir", os.mkdir)
    noted(os, "replace", os.replace)
    noted(os, "fsync", os.fsync)
    noted(os, "fdatasync", os.fdatasync)
    bench.run(plan(bench.source, "x/a.jpg"), plan(bench.source, "x/b.jpg"))
    assert steps == [
        "_SYNCFS",
        "intend",
        "fdatasync",
        "mkdir",
        "fsync",
        "replace",
        "replace",
        "fsync",
        "done",
        "fdatasync",
    ]


def test_without_syncfs_every_copy_is_synced(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_dir_module, "_SYNCFS", None)
    kinds = []
    real = os.fsync

    def fsync(fd: int) -> None:
        kinds.append("file" if os.path.isfile(f"/proc/self/fd/{fd}") else "folder")
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    bench.run(plan(bench.source, "x/a.jpg"), plan(bench.source, "x/b.jpg"), session=FakeSession(b=beside))
    assert kinds == ["file", "file", "file", "folder", "folder"]


def broken(path: str) -> Written:
    Path(path).write_bytes(b"half a pict")
    return Written("failed", "Truncated", temporary=True)


def emptied(path: str) -> Written:
    os.truncate(path, 0)
    return Written("written")


def removed(path: str) -> Written:
    Path(path).unlink()
    return Written("written")


def linked(path: str) -> Written:
    Path(path).unlink()
    Path(path).symlink_to("/etc/passwd")
    return Written("written")


def touched(path: str) -> Written:
    with Path(path).open("ab") as file:
        file.write(b"!")
    return Written("unchanged")


def littered(path: str) -> Written:
    Path(path + "_exiftool_tmp").write_bytes(b"rest")
    Path(path + ".orig").write_bytes(b"rest")
    return broken(path)


def died(path: str) -> Written:
    raise RuntimeError("ExifTool died")


def no_xmp(path: str) -> Written:
    return Written("sidecar")


@pytest.mark.parametrize(
    ("does", "reason", "temporary"),
    [
        (broken, "Truncated", True),
        (emptied, "left no file", False),
        (removed, "left no file", False),
        (linked, "left no file", False),
        (touched, "changed a file it said it left alone", False),
        (littered, "Truncated", True),
        (died, "RuntimeError: ExifTool died", True),
        (no_xmp, "left no XMP file", False),
    ],
)
def test_a_file_whose_writing_fails_is_put_there_unchanged(
    bench: Bench, does: Callable[[str], Written], reason: str, temporary: bool
) -> None:
    a, b = bench.run(
        plan(bench.source, "x/a.jpg"), plan(bench.source, "x/b.jpg"), session=FakeSession(b=does)
    )
    assert (a.outcome, b.outcome, b.temporary) == ("written", "failed", temporary) and reason in b.reason
    assert tree(bench.dest)["x/b.jpg"] == (b"b.jpg" * 100, TAKEN) and b.output == "x/b.jpg"
    assert not staged(bench.dest)


def test_a_writer_that_stops_answering_fails_only_what_is_left(bench: Bench) -> None:
    class Short(FakeSession):
        def write(self, staged):  # type: ignore[no-untyped-def]
            yield from super().write(staged[:1])

    a, b = bench.run(plan(bench.source, "x/a.jpg"), plan(bench.source, "x/b.jpg"), session=Short())
    assert (a.outcome, b.outcome) == ("written", "failed") and "gave no answer" in b.reason
    (c,) = bench.run(plan(bench.source, "x/c.jpg", writer="nobody"))
    assert c.outcome == "failed" and "no writer nobody" in c.reason and c.output == "x/c.jpg"


def test_a_source_that_cannot_be_read_fails_alone(bench: Bench) -> None:
    plans = [plan(bench.source, f"x/{name}.jpg") for name in "abc"]
    (bench.source / "x/a.jpg").unlink()
    (bench.source / "x/b.jpg").write_bytes(b"other")
    a, b, c = bench.run(*plans)
    assert [(o.outcome, o.temporary, o.output) for o in (a, b, c)] == [
        ("failed", True, None),
        ("failed", True, None),
        ("written", False, "x/c.jpg"),
    ]
    assert "No such file" in a.reason and "changed while the run was on" in b.reason
    assert list(tree(bench.dest)) == ["x/c.jpg"] and not staged(bench.dest)


def test_an_input_error_in_the_middle_of_a_member_fails_alone(bench: Bench) -> None:
    class Bad:
        def __enter__(self) -> Bad:
            return self

        def __exit__(self, *exc: object) -> None:
            pass

        def fileno(self) -> int:
            raise OSError("none")

        def read(self, size: int) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    real = opener(bench.source)

    def open_media(file: MediaFile) -> BinaryIO:
        return Bad() if file.name == "a.jpg" else real(file)  # type: ignore[return-value]

    plans = [plan(bench.source, "x/a.jpg"), plan(bench.source, "x/b.jpg")]
    a, b = carry_out(plans, bench.place, {"fake": FakeSession()}, open_media, bench.recorder)
    assert (a.outcome, b.outcome) == ("failed", "written") and "Input/output error" in a.reason


def test_a_second_time_replaces_what_is_ours(bench: Bench) -> None:
    bench.run(plan(bench.source, "x/a.jpg"), session=FakeSession(a=beside))
    bench.reopen()
    (second_run,) = bench.run(plan(bench.source, "x/a.jpg"))
    assert second_run.outcome == "written"
    assert list(tree(bench.dest)) == ["x/a.jpg"]  # the tags of the XMP file are in the picture now


def test_what_a_user_changed_is_left_alone(bench: Bench) -> None:
    bench.run(plan(bench.source, "x/a.jpg"), plan(bench.source, "x/b.jpg"), session=FakeSession(b=beside))
    (bench.dest / "x/a.jpg").write_bytes(b"cropped by hand")
    (bench.dest / "x/b.jpg.xmp").write_bytes(b"rated by hand")
    for _ in range(2):
        bench.reopen()
        a, b = bench.run(
            plan(bench.source, "x/a.jpg"), plan(bench.source, "x/b.jpg"), session=FakeSession(b=beside)
        )
        assert (a.outcome, b.outcome) == ("unchanged", "unchanged")
        assert a.warnings == b.warnings == ("the output was changed since and is left alone",)
        assert (bench.dest / "x/a.jpg").read_bytes() == b"cropped by hand"
        assert (bench.dest / "x/b.jpg.xmp").read_bytes() == b"rated by hand"
        assert not staged(bench.dest)


def test_what_is_not_ours_is_never_written_over(bench: Bench, tmp_path: Path) -> None:
    (bench.dest / "x").mkdir()
    (bench.dest / "x/a.jpg").write_bytes(b"somebody's")
    victim = tmp_path / "victim"
    victim.write_bytes(b"b.jpg" * 100 + MARK)  # exactly the bytes that would be written there
    (bench.dest / "x/b.jpg").symlink_to(victim)
    (bench.dest / "x/c.jpg").mkdir()
    outcomes = bench.run(*(plan(bench.source, f"x/{name}.jpg") for name in "abc"))
    assert [(o.outcome, o.output) for o in outcomes] == [("failed", None)] * 3
    assert all("did not put there" in outcome.reason for outcome in outcomes)
    assert (bench.dest / "x/a.jpg").read_bytes() == b"somebody's"
    assert (bench.dest / "x/b.jpg").is_symlink() and victim.read_bytes() == b"b.jpg" * 100 + MARK
    assert not staged(bench.dest)


def test_a_lost_manifest_is_repaired_by_comparing(bench: Bench) -> None:
    bench.run(plan(bench.source, "x/a.jpg"))
    tree_before = tree(bench.dest)
    bench.ledger.release()
    (bench.dest / ".pef-tui/manifest").unlink()
    bench.ledger = Manifest.open(str(bench.dest), read_only=False)
    bench.recorder = RecorderOnManifest(bench.ledger)
    (second_run,) = bench.run(plan(bench.source, "x/a.jpg"))
    assert second_run.outcome == "written" and tree(bench.dest) == tree_before
    assert bench.ledger.get(b"x/a.jpg") is not None


def test_a_folder_that_leads_out_of_dest_is_not_used(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (bench.dest / "x").symlink_to(tmp_path / "elsewhere")
    a, b = bench.run(plan(bench.source, "x/a.jpg"), plan(bench.source, "x/b.jpg", output="../b.jpg"))
    assert (a.outcome, b.outcome) == ("failed", "failed")
    assert not list((tmp_path / "elsewhere").iterdir()) and not (tmp_path / "b.jpg").exists()


def test_one_output_for_two_files_is_refused(bench: Bench) -> None:
    a, b = bench.run(
        plan(bench.source, "x/a.jpg", output="o.jpg"), plan(bench.source, "x/b.jpg", output="o.jpg")
    )
    assert (a.outcome, b.outcome) == ("written", "failed") and "same output" in b.reason
    assert tree(bench.dest)["o.jpg"][0] == b"a.jpg" * 100 + MARK


def test_nothing_is_put_there_for_a_plan_without_output(bench: Bench) -> None:
    (skipped,) = bench.run(plan(bench.source, "x/a.jpg", output=None, writer="", outcome="unmatched"))
    assert (skipped.outcome, skipped.output) == ("unmatched", None) and not tree(bench.dest)


@pytest.mark.parametrize("step", ["syncfs", "folder", "record"])
def test_a_failed_sync_stops_the_run_and_is_not_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    calls = []

    def fails(fd: int) -> int:
        calls.append(fd)
        raise OSError(errno.EIO, "Input/output error")

    def says_no(fd: int) -> int:
        calls.append(fd)
        return -1

    if step == "syncfs":
        monkeypatch.setattr(output_dir_module, "_SYNCFS", says_no)
        monkeypatch.setattr(ctypes, "get_errno", lambda: errno.EIO)
    else:
        monkeypatch.setattr(os, "fsync" if step == "folder" else "fdatasync", fails)
    with pytest.raises(RunError) as caught:
        bench.run(plan(bench.source, "x/a.jpg"))
    assert "Input/output error" in str(caught.value) and len(calls) == 1
    assert isinstance(caught.value, SyncFailed) or step == "record"
    assert not staged(bench.dest) and not tree(bench.dest)


def test_a_record_that_cannot_be_synced_leaves_the_batch_to_be_redone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([None, OSError(errno.EIO, "Input/output error")])

    def fdatasync(fd: int) -> None:
        if (error := next(answers)) is not None:
            raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fdatasync)
        with pytest.raises(RunError):
            bench.run(plan(bench.source, "x/a.jpg"))
        with pytest.raises(RunError, match="cannot be written any more"):
            bench.run(plan(bench.source, "x/b.jpg"))
    bench.reopen()
    outcomes = bench.run(plan(bench.source, "x/a.jpg"), plan(bench.source, "x/b.jpg"))
    assert [outcome.outcome for outcome in outcomes] == ["written", "written"]
    assert list(tree(bench.dest)) == ["x/a.jpg", "x/b.jpg"]


def test_batches_in_several_threads(bench: Bench) -> None:
    for number in range(60):
        bench.put(f"y{number % 3}/{number}.jpg", b"%d" % number)
    failures: list[BaseException] = []

    def work(part: int) -> None:
        try:
            plans = [plan(bench.source, f"y{n % 3}/{n}.jpg") for n in range(part, 60, 4)]
            assert {outcome.outcome for outcome in bench.run(*plans)} == {"written"}
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and len(tree(bench.dest)) == 60 and not staged(bench.dest)
    assert len(list(bench.ledger.entries())) == 60
