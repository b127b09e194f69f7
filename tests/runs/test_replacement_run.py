"""What may be replaced: histories of runs into one output folder, and which picture has which name after each run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from commands import media
from commands import run_here as run_one
from replacement_cases import (
    JULY,
    YEAR,
    Drop,
    PutExport,
    PutUserFile,
    Run,
    Step,
    marks,
    outcomes_of,
    play,
    results,
    write_export,
)

from pef_tui.cli.main import main
from pef_tui.errors import RunError
from pef_tui.output import commit
from pef_tui.testing.export import sidecar, takeout


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TZ", "UTC")


A, B = f"{YEAR}/a.jpg", f"{YEAR}/a (2).jpg"

HISTORIES: dict[str, list[Step]] = {
    "a second export with another picture of the path": [
        PutExport("A", {A: "one"}),
        Run("A", {A: "one"}),
        Drop("A"),
        PutExport("B", {A: "two"}, taken=JULY + 9),
        Run("B", {A: "one", B: "two"}),
        Run("B", {A: "one", B: "two"}, outcomes={"unchanged"}),
        Run("B", {A: "one", B: "two"}, ("--force",)),
    ],
    "the second export at the place of the first": [
        PutExport("A", {A: "one"}),
        Run("A", {A: "one"}),
        Drop("A"),
        PutExport("A", {A: "two"}, taken=JULY + 9),
        Run("A", {A: "one", B: "two"}),
        Run("A", {A: "one", B: "two"}, outcomes={"unchanged"}),
    ],
    "pictures of equal size, time and sidecar": [
        PutExport("A", {A: "one"}),
        Run("A", {A: "one"}),
        PutExport("B", {A: "two"}),
        Run("B", {A: "one", B: "two"}),
        Run("A", {A: "one", B: "two"}, outcomes={"unchanged"}),
    ],
    "the first of two exports goes": [
        PutExport("A", {A: "one"}),
        PutExport("B", {A: "longer"}),
        Run("A B", {A: "one", B: "longer"}),
        Drop("A"),
        Run("B", {A: "one", B: "longer"}, outcomes={"unchanged"}),
    ],
    "sources in another order": [
        PutExport("A", {A: "one"}),
        PutExport("B", {A: "two"}),
        Run("A B", {A: "one", B: "two"}),
        Run("B A", {A: "one", B: "two"}, outcomes={"unchanged"}),
        Run("B A", {A: "one", B: "two"}, ("--force",)),
        Run("B A", {"a.jpg": "two", "a (2).jpg": "one"}, ("--layout", "{name}")),
        Run("A B", {"a.jpg": "two", "a (2).jpg": "one"}, ("--layout", "{name}"), outcomes={"unchanged"}),
    ],
    "folders without sidecars": [
        PutExport("card1", {"a.jpg": "one"}, bare=True),
        PutExport("card2", {"a.jpg": "two"}, bare=True),
        Run("card1", {"a.jpg": "one"}),
        Run("card2", {"a.jpg": "one", "a (2).jpg": "two"}),
        Run("card1 card2", {"a.jpg": "one", "a (2).jpg": "two"}),
    ],
    "archives and a layout": [
        PutExport("one.zip", {A: "one"}),
        PutExport("two.zip", {A: "two"}),
        Run("one.zip", {"2019/a.jpg": "one"}, ("--layout", "{year}/{name}")),
        Run("two.zip", {"2019/a.jpg": "one", "2019/a (2).jpg": "two"}, ("--layout", "{year}/{name}")),
    ],
    "the same photo, edited": [
        PutExport("A", {A: "one"}, url="https://photos.google.com/photo/1"),
        Run("A", {A: "one"}),
        Drop("A"),
        PutExport("B", {A: "edited"}, url="https://photos.google.com/photo/1"),
        Run("B", {A: "edited"}),
    ],
    "the same bytes with another sidecar": [
        PutExport("A", {A: "one"}),
        Run("A", {A: "one"}),
        PutExport("B", {A: "one"}, taken=JULY + 9),
        Run("B", {A: "one"}, outcomes={"written"}),
    ],
    "size and time kept by an edit, no photo named": [
        PutExport("A", {A: "one"}),
        Run("A", {A: "one"}),
        PutExport("A", {A: "two"}),
        Run("A", {A: "one", B: "two"}),
    ],
    "size and time kept by an edit of the same photo": [
        PutExport("A", {A: "one"}, url="https://photos.google.com/photo/1"),
        Run("A", {A: "one"}),
        PutExport("A", {A: "two"}, url="https://photos.google.com/photo/1"),
        Run("A", {A: "two"}, outcomes={"written"}),
    ],
    "a file of the user at the output": [
        PutExport("A", {A: "one"}),
        PutUserFile(f"{A}"),
        Run("A", {A: "mine", B: "one"}, outcomes={"written"}),
        Run("A", {A: "mine", B: "one"}, outcomes={"unchanged"}),
        Run("A", {A: "mine", B: "one"}, ("--force",)),
        Drop(f"out/{A}"),
        Run("A", {B: "one"}, outcomes={"unchanged"}),
    ],
    "a file of the user with the very time of the output": [
        PutExport("A", {A: "one"}),
        PutUserFile(f"{A}", mtime=JULY),
        Run("A", {A: "mine", B: "one"}),
    ],
    "an XMP file of the user where a picture is to be put": [
        PutExport("A", {A: "one"}),
        PutUserFile(f"{A}.xmp"),
        Run("A", {B: "one"}),
    ],
    "files of the user under two names": [
        PutExport("A", {A: "one"}, bare=True),
        PutUserFile(A),
        PutUserFile(B),
        Run("A", {A: "mine", B: "mine", f"{YEAR}/a (3).jpg": "one"}),
    ],
    "the manifest is lost": [
        PutExport("A", {A: "one", f"{YEAR}/c.jpg": "three"}),
        Run("A", {A: "one", f"{YEAR}/c.jpg": "three"}),
        Drop("out/.pef-tui"),
        Run("A", {A: "one", f"{YEAR}/c.jpg": "three"}),
        Drop("out/.pef-tui"),
        PutExport("B", {A: "two"}, taken=JULY + 9),
        Run("B", {A: "one", B: "two", f"{YEAR}/c.jpg": "three"}),
    ],
    "an output that was deleted": [
        PutExport("A", {A: "one"}),
        Run("A", {A: "one"}),
        Drop(f"out/{A}"),
        PutExport("B", {A: "two"}),
        Run("B", {B: "two"}),
        Run("A B", {A: "one", B: "two"}),
    ],
}


@pytest.mark.parametrize("name", HISTORIES)
def test_only_the_same_picture_replaces_an_output(name: str, tmp_path: Path) -> None:
    play(tmp_path, HISTORIES[name])


def test_an_output_edited_with_size_and_time_kept_is_left_alone(tmp_path: Path) -> None:
    write_export(tmp_path, PutExport("A", {A: "one"}))
    dest = tmp_path / "out"
    run_one(tmp_path / "A", dest)
    output = dest / A
    facts = output.stat()
    output.write_bytes(output.read_bytes().replace(b"PIC-one", b"PIC-mine")[: facts.st_size])
    os.utime(output, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    for options in (("-n",), ()):
        (line,) = media(run_one(tmp_path / "A", dest, "--tags=-people", "--force", *options)).values()
        assert (line["outcome"], line["output"]) == ("unchanged", A)
        assert "changed since" in line["warnings"][0]
    assert b"PIC-mine" in output.read_bytes()


def test_a_sidecar_changed_with_size_and_time_kept_is_read_again(tmp_path: Path) -> None:
    write_export(tmp_path, PutExport("A", {A: "one"}))
    dest = tmp_path / "out"
    assert main(["--batch", "-q", "--no-config", str(tmp_path / "A"), "-o", str(dest)]) == 0
    write_export(tmp_path, PutExport("A", {A: "one"}, taken=JULY + 86_400))
    (line,) = media(run_one(tmp_path / "A", dest)).values()
    assert line["outcome"] == "written" and line["taken"].startswith("2019-07-02")
    assert marks(dest) == {A: "one"}


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Path, str], None]:
    """Return a function that runs, and stops as if killed after files have their final names and before they are
    recorded.
    """

    def run(source: Path, dest: Path, *options: str) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(commit, "remove_stale_outputs", _die)
            run_one(source, dest, *options, status=1)

    return run


def _die(*_: object) -> None:
    raise RunError("killed")


def test_what_was_edited_after_a_kill_is_left_alone(tmp_path: Path, dying: Callable[..., None]) -> None:
    files = {f"{YEAR}/{name}.jpg": name for name in ("a", "b")}
    write_export(tmp_path, PutExport("A", files))
    source, dest = tmp_path / "A", tmp_path / "out"
    dying(source, dest)
    assert marks(dest) == files
    (dest / A).write_bytes(b"PIC-mine;")
    previewed = run_one(source, dest, "-n")
    lines = run_one(source, dest)
    assert marks(dest) == files | {A: "mine", B: "a"}
    assert results(lines) == results(previewed)
    warned = {line["source"] for line in lines if line["type"] == "media" and line["warnings"]}
    assert warned == {A}
    assert outcomes_of(run_one(source, dest)) == {"unchanged"}


def test_a_run_killed_over_finished_outputs_continues(tmp_path: Path, dying: Callable[..., None]) -> None:
    write_export(tmp_path, PutExport("A", {A: "one"}))
    source, dest = tmp_path / "A", tmp_path / "out"
    run_one(source, dest)
    complete = (dest / A).read_bytes()
    dying(source, dest, "--existing", "never")
    assert (dest / f"{A}.xmp").exists() and (dest / A).read_bytes() != complete
    (line,) = media(run_one(source, dest)).values()
    assert (line["outcome"], line["output"], line["warnings"]) == ("written", A, [])
    assert not (dest / f"{A}.xmp").exists() and (dest / A).read_bytes() == complete
    dying(source, dest, "--force")
    output = dest / A
    output.write_bytes(output.read_bytes() + b"edit")
    (line,) = media(run_one(source, dest, "--force")).values()
    assert line["outcome"] == "unchanged" and "changed since" in line["warnings"][0]
    assert output.read_bytes().endswith(b"edit")


def test_after_a_kill_another_picture_gets_a_number(tmp_path: Path, dying: Callable[..., None]) -> None:
    write_export(tmp_path, PutExport("A", {A: "one"}))
    write_export(tmp_path, PutExport("B", {A: "two"}, taken=JULY))
    dying(tmp_path / "A", tmp_path / "out")
    lines = run_one(tmp_path / "B", tmp_path / "out")
    assert marks(tmp_path / "out") == {A: "one", B: "two"}
    assert any("stopped run" in note and A in note for note in lines[-1]["notes"])
    run_one(tmp_path / "B", tmp_path / "out", str(tmp_path / "A"))
    assert marks(tmp_path / "out") == {A: "one", B: "two"}


TRIP = "Trip/a.jpg"


def _album(top: Path, mark: str = "one") -> Path:
    write_export(top, PutExport("A", {A: mark, TRIP: mark}))
    (top / "A" / "Trip" / "metadata.json").write_bytes(orjson.dumps({"title": "Trip"}))
    return top / "A"


@pytest.mark.parametrize("mode", ["none", "tag"])
@pytest.mark.parametrize("action", ["fails", "deleted", "edited", "source gone", "nothing"])
def test_a_duplicate_counts_only_while_its_original_is_there(tmp_path: Path, mode: str, action: str) -> None:
    source, dest = _album(tmp_path), tmp_path / "out"
    if action == "fails":
        dest.mkdir()
        (dest / YEAR).write_bytes(b"a file where the folder of the original has to be")
    lines = run_one(source, dest, "--albums", mode, status=3 if action == "fails" else 0)
    expected = {A: "one"}
    if action == "fails":
        assert media(lines)[TRIP]["outcome"] == "written"
        assert (dest / TRIP).read_bytes().count(b"PIC-one") == 1
        return
    assert media(lines)[TRIP]["outcome"] == "duplicate" and marks(dest) == expected
    if action == "deleted":
        (dest / A).unlink()
    elif action == "edited":
        (dest / A).write_bytes(b"PIC-mine;")
        expected = {A: "mine", TRIP: "one"}
    elif action == "source gone":
        (source / A).unlink()
        (dest / A).unlink()
        expected = {TRIP: "one"}
    run_one(source, dest, "--albums", mode)
    assert marks(dest) == expected
    second_run = run_one(source, dest, "--albums", mode)
    assert marks(dest) == expected
    assert outcomes_of(second_run) <= {"unchanged", "duplicate"}


def test_a_killed_run_with_another_layout_leaves_nothing_behind(
    tmp_path: Path, dying: Callable[..., None]
) -> None:
    write_export(tmp_path, PutExport("A", {A: "one", f"{YEAR}/b.jpg": "two"}))
    source, dest = tmp_path / "A", tmp_path / "out"
    dying(source, dest, "--layout", "{year}/{name}")
    assert marks(dest) == {"2019/a.jpg": "one", "2019/b.jpg": "two"}
    (dest / "2019/b.jpg").write_bytes(b"PIC-mine;")
    lines = media(run_one(source, dest))
    assert marks(dest) == {A: "one", f"{YEAR}/b.jpg": "two", "2019/b.jpg": "mine"}
    assert "2019/b.jpg" in lines[f"{YEAR}/b.jpg"]["warnings"][0] and not lines[A]["warnings"]
    dying(source, dest, "--layout", "{name}")
    assert outcomes_of(run_one(source, dest)) == {"written"}  # the earlier work is done again, and completed
    assert marks(dest) == {A: "one", f"{YEAR}/b.jpg": "two", "2019/b.jpg": "mine"}
    assert outcomes_of(run_one(source, dest)) == {"unchanged"}


def test_an_xmp_file_whose_picture_did_not_get_its_name_is_no_obstacle(tmp_path: Path) -> None:
    write_export(tmp_path, PutExport("A", {A: "one"}))
    source, dest = tmp_path / "A", tmp_path / "out"
    run_one(source, dest, "--existing", "never")
    (dest / A).unlink()
    shutil.rmtree(dest / ".pef-tui")
    run_one(source, dest, "--existing", "never")
    assert marks(dest) == {A: "one"} and (dest / f"{A}.xmp").exists()


@pytest.mark.parametrize("options", [(), ("--xmp", "always")])
def test_a_preview_looks_at_xmp_files_too(tmp_path: Path, options: tuple[str, ...]) -> None:
    source, dest = tmp_path / "A", tmp_path / "out"
    takeout(source, {f"{YEAR}/a.avi": sidecar("a.avi", taken=JULY)})
    run_one(source, dest)
    xmp_file = dest / YEAR / "a.avi.xmp"
    xmp_file.write_bytes(xmp_file.read_bytes() + b" ")
    takeout(source, {f"{YEAR}/a.avi": sidecar("a.avi", taken=JULY + 60)})
    previewed = run_one(source, dest, "-n", *options)
    lines = run_one(source, dest, *options)
    assert results(lines) == results(previewed)
    assert outcomes_of(lines) == {"unchanged"}
    assert xmp_file.read_bytes().endswith(b" ")
