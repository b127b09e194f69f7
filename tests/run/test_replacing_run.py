"""What may be replaced: histories of whole runs into one output folder, and which picture has which name after each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from commands import media
from commands import run_here as run_one
from replacing_cases import (
    JULY,
    YEAR,
    Drop,
    Own,
    Put,
    Run,
    Step,
    marks,
    outcomes_of,
    play,
    put,
    results,
)

from pef_tui.cli import main
from pef_tui.errors import RunError
from pef_tui.testing.export import sidecar, takeout
from pef_tui.write import commit


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TZ", "UTC")


A, B = f"{YEAR}/a.jpg", f"{YEAR}/a (2).jpg"

HISTORIES: dict[str, list[Step]] = {
    "a second export with another picture of the path": [
        Put("A", {A: "one"}),
        Run("A", {A: "one"}),
        Drop("A"),
        Put("B", {A: "two"}, taken=JULY + 9),
        Run("B", {A: "one", B: "two"}),
        Run("B", {A: "one", B: "two"}, outcomes={"unchanged"}),
        Run("B", {A: "one", B: "two"}, ("--force",)),
    ],
    "the second export at the place of the first": [
        Put("A", {A: "one"}),
        Run("A", {A: "one"}),
        Drop("A"),
        Put("A", {A: "two"}, taken=JULY + 9),
        Run("A", {A: "one", B: "two"}),
        Run("A", {A: "one", B: "two"}, outcomes={"unchanged"}),
    ],
    "pictures of equal size, time and sidecar": [
        Put("A", {A: "one"}),
        Run("A", {A: "one"}),
        Put("B", {A: "two"}),
        Run("B", {A: "one", B: "two"}),
        Run("A", {A: "one", B: "two"}, outcomes={"unchanged"}),
    ],
    "the first of two exports goes": [
        Put("A", {A: "one"}),
        Put("B", {A: "longer"}),
        Run("A B", {A: "one", B: "longer"}),
        Drop("A"),
        Run("B", {A: "one", B: "longer"}, outcomes={"unchanged"}),
    ],
    "sources in another order": [
        Put("A", {A: "one"}),
        Put("B", {A: "two"}),
        Run("A B", {A: "one", B: "two"}),
        Run("B A", {A: "one", B: "two"}, outcomes={"unchanged"}),
        Run("B A", {A: "one", B: "two"}, ("--force",)),
        Run("B A", {"a.jpg": "two", "a (2).jpg": "one"}, ("--layout", "{name}")),
        Run("A B", {"a.jpg": "two", "a (2).jpg": "one"}, ("--layout", "{name}"), outcomes={"unchanged"}),
    ],
    "folders without sidecars": [
        Put("card1", {"a.jpg": "one"}, bare=True),
        Put("card2", {"a.jpg": "two"}, bare=True),
        Run("card1", {"a.jpg": "one"}),
        Run("card2", {"a.jpg": "one", "a (2).jpg": "two"}),
        Run("card1 card2", {"a.jpg": "one", "a (2).jpg": "two"}),
    ],
    "archives and a layout": [
        Put("one.zip", {A: "one"}),
        Put("two.zip", {A: "two"}),
        Run("one.zip", {"2019/a.jpg": "one"}, ("--layout", "{year}/{name}")),
        Run("two.zip", {"2019/a.jpg": "one", "2019/a (2).jpg": "two"}, ("--layout", "{year}/{name}")),
    ],
    "the same photo, edited": [
        Put("A", {A: "one"}, url="https://photos.google.com/photo/1"),
        Run("A", {A: "one"}),
        Drop("A"),
        Put("B", {A: "edited"}, url="https://photos.google.com/photo/1"),
        Run("B", {A: "edited"}),
    ],
    "the same bytes with another sidecar": [
        Put("A", {A: "one"}),
        Run("A", {A: "one"}),
        Put("B", {A: "one"}, taken=JULY + 9),
        Run("B", {A: "one"}, outcomes={"written"}),
    ],
    "size and time kept by an edit, no photo named": [
        Put("A", {A: "one"}),
        Run("A", {A: "one"}),
        Put("A", {A: "two"}),
        Run("A", {A: "one", B: "two"}),
    ],
    "size and time kept by an edit of the same photo": [
        Put("A", {A: "one"}, url="https://photos.google.com/photo/1"),
        Run("A", {A: "one"}),
        Put("A", {A: "two"}, url="https://photos.google.com/photo/1"),
        Run("A", {A: "two"}, outcomes={"written"}),
    ],
    "a file of the user at the output": [
        Put("A", {A: "one"}),
        Own(f"{A}"),
        Run("A", {A: "mine", B: "one"}, outcomes={"written"}),
        Run("A", {A: "mine", B: "one"}, outcomes={"unchanged"}),
        Run("A", {A: "mine", B: "one"}, ("--force",)),
        Drop(f"out/{A}"),
        Run("A", {B: "one"}, outcomes={"unchanged"}),
    ],
    "a file of the user with the very time of the output": [
        Put("A", {A: "one"}),
        Own(f"{A}", mtime=JULY),
        Run("A", {A: "mine", B: "one"}),
    ],
    "an XMP file of the user where a picture is to be put": [
        Put("A", {A: "one"}),
        Own(f"{A}.xmp"),
        Run("A", {B: "one"}),
    ],
    "files of the user under two names": [
        Put("A", {A: "one"}, bare=True),
        Own(A),
        Own(B),
        Run("A", {A: "mine", B: "mine", f"{YEAR}/a (3).jpg": "one"}),
    ],
    "the manifest is lost": [
        Put("A", {A: "one", f"{YEAR}/c.jpg": "three"}),
        Run("A", {A: "one", f"{YEAR}/c.jpg": "three"}),
        Drop("out/.pef-tui"),
        Run("A", {A: "one", f"{YEAR}/c.jpg": "three"}),
        Drop("out/.pef-tui"),
        Put("B", {A: "two"}, taken=JULY + 9),
        Run("B", {A: "one", B: "two", f"{YEAR}/c.jpg": "three"}),
    ],
    "an output that was deleted": [
        Put("A", {A: "one"}),
        Run("A", {A: "one"}),
        Drop(f"out/{A}"),
        Put("B", {A: "two"}),
        Run("B", {B: "two"}),
        Run("A B", {A: "one", B: "two"}),
    ],
}


@pytest.mark.parametrize("name", HISTORIES)
def test_only_the_same_picture_replaces_an_output(name: str, tmp_path: Path) -> None:
    play(tmp_path, HISTORIES[name])


def test_an_output_edited_with_size_and_time_kept_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, Put("A", {A: "one"}))
    dest = tmp_path / "out"
    run_one(tmp_path / "A", dest)
    output = dest / A
    facts = output.stat()
    output.write_bytes(output.read_bytes().replace(b"PIC-one", b"PIC-mine")[: facts.st_size])
    os.utime(output, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    for more in (("-n",), ()):
        (line,) = media(run_one(tmp_path / "A", dest, "--tags=-people", "--force", *more)).values()
        assert (line["outcome"], line["output"]) == ("unchanged", A)
        assert "changed since" in line["warnings"][0]
    assert b"PIC-mine" in output.read_bytes()


def test_a_sidecar_changed_with_size_and_time_kept_is_read_again(tmp_path: Path) -> None:
    put(tmp_path, Put("A", {A: "one"}))
    dest = tmp_path / "out"
    assert main(["--batch", "-q", "--no-config", str(tmp_path / "A"), "-o", str(dest)]) == 0
    put(tmp_path, Put("A", {A: "one"}, taken=JULY + 86_400))
    (line,) = media(run_one(tmp_path / "A", dest)).values()
    assert line["outcome"] == "written" and line["taken"].startswith("2019-07-02")
    assert marks(dest) == {A: "one"}


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Path, str], None]:
    """A run that stops, as if it were killed, once its files have their names and before that is recorded."""

    def run(source: Path, dest: Path, *more: str) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(commit, "remove_former", _die)
            run_one(source, dest, *more, status=1)

    return run


def _die(*_: object) -> None:
    raise RunError("killed")


def test_what_was_edited_after_a_kill_is_left_alone(tmp_path: Path, dying: Callable[..., None]) -> None:
    files = {f"{YEAR}/{name}.jpg": name for name in ("a", "b")}
    put(tmp_path, Put("A", files))
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


def test_a_run_killed_over_finished_outputs_goes_on(tmp_path: Path, dying: Callable[..., None]) -> None:
    put(tmp_path, Put("A", {A: "one"}))
    source, dest = tmp_path / "A", tmp_path / "out"
    run_one(source, dest)
    whole = (dest / A).read_bytes()
    dying(source, dest, "--existing", "never")
    assert (dest / f"{A}.xmp").exists() and (dest / A).read_bytes() != whole
    (line,) = media(run_one(source, dest)).values()
    assert (line["outcome"], line["output"], line["warnings"]) == ("written", A, [])
    assert not (dest / f"{A}.xmp").exists() and (dest / A).read_bytes() == whole
    dying(source, dest, "--force")
    output = dest / A
    output.write_bytes(output.read_bytes() + b"edit")
    (line,) = media(run_one(source, dest, "--force")).values()
    assert line["outcome"] == "unchanged" and "changed since" in line["warnings"][0]
    assert output.read_bytes().endswith(b"edit")


def test_after_a_kill_another_picture_gets_a_number(tmp_path: Path, dying: Callable[..., None]) -> None:
    put(tmp_path, Put("A", {A: "one"}))
    put(tmp_path, Put("B", {A: "two"}, taken=JULY))
    dying(tmp_path / "A", tmp_path / "out")
    lines = run_one(tmp_path / "B", tmp_path / "out")
    assert marks(tmp_path / "out") == {A: "one", B: "two"}
    assert any("stopped run" in note and A in note for note in lines[-1]["notes"])
    run_one(tmp_path / "B", tmp_path / "out", str(tmp_path / "A"))
    assert marks(tmp_path / "out") == {A: "one", B: "two"}


TRIP = "Trip/a.jpg"


def _album(top: Path, mark: str = "one") -> Path:
    put(top, Put("A", {A: mark, TRIP: mark}))
    (top / "A" / "Trip" / "metadata.json").write_bytes(orjson.dumps({"title": "Trip"}))
    return top / "A"


@pytest.mark.parametrize("mode", ["none", "tag"])
@pytest.mark.parametrize("then", ["fails", "deleted", "edited", "source gone", "nothing"])
def test_a_duplicate_counts_only_while_its_original_is_there(tmp_path: Path, mode: str, then: str) -> None:
    source, dest = _album(tmp_path), tmp_path / "out"
    if then == "fails":
        dest.mkdir()
        (dest / YEAR).write_bytes(b"a file where the folder of the original has to be")
    lines = run_one(source, dest, "--albums", mode, status=3 if then == "fails" else 0)
    expected = {A: "one"}
    if then == "fails":
        assert media(lines)[TRIP]["outcome"] == "written"
        assert (dest / TRIP).read_bytes().count(b"PIC-one") == 1
        return
    assert media(lines)[TRIP]["outcome"] == "duplicate" and marks(dest) == expected
    if then == "deleted":
        (dest / A).unlink()
    elif then == "edited":
        (dest / A).write_bytes(b"PIC-mine;")
        expected = {A: "mine", TRIP: "one"}
    elif then == "source gone":
        (source / A).unlink()
        (dest / A).unlink()
        expected = {TRIP: "one"}
    run_one(source, dest, "--albums", mode)
    assert marks(dest) == expected
    again = run_one(source, dest, "--albums", mode)
    assert marks(dest) == expected
    assert outcomes_of(again) <= {"unchanged", "duplicate"}


def test_a_killed_run_with_another_layout_leaves_nothing_behind(
    tmp_path: Path, dying: Callable[..., None]
) -> None:
    put(tmp_path, Put("A", {A: "one", f"{YEAR}/b.jpg": "two"}))
    source, dest = tmp_path / "A", tmp_path / "out"
    dying(source, dest, "--layout", "{year}/{name}")
    assert marks(dest) == {"2019/a.jpg": "one", "2019/b.jpg": "two"}
    (dest / "2019/b.jpg").write_bytes(b"PIC-mine;")
    lines = media(run_one(source, dest))
    assert marks(dest) == {A: "one", f"{YEAR}/b.jpg": "two", "2019/b.jpg": "mine"}
    assert "2019/b.jpg" in lines[f"{YEAR}/b.jpg"]["warnings"][0] and not lines[A]["warnings"]
    dying(source, dest, "--layout", "{name}")
    assert outcomes_of(run_one(source, dest)) == {
        "written"
    }  # what was done before is done again, and followed up
    assert marks(dest) == {A: "one", f"{YEAR}/b.jpg": "two", "2019/b.jpg": "mine"}
    assert outcomes_of(run_one(source, dest)) == {"unchanged"}


def test_an_xmp_file_whose_picture_did_not_get_its_name_is_no_obstacle(tmp_path: Path) -> None:
    put(tmp_path, Put("A", {A: "one"}))
    source, dest = tmp_path / "A", tmp_path / "out"
    run_one(source, dest, "--existing", "never")
    (dest / A).unlink()
    shutil.rmtree(dest / ".pef-tui")
    run_one(source, dest, "--existing", "never")
    assert marks(dest) == {A: "one"} and (dest / f"{A}.xmp").exists()


@pytest.mark.parametrize("more", [(), ("--xmp", "always")])
def test_a_preview_looks_at_xmp_files_too(tmp_path: Path, more: tuple[str, ...]) -> None:
    source, dest = tmp_path / "A", tmp_path / "out"
    takeout(source, {f"{YEAR}/a.avi": sidecar("a.avi", taken=JULY)})
    run_one(source, dest)
    beside = dest / YEAR / "a.avi.xmp"
    beside.write_bytes(beside.read_bytes() + b" ")
    takeout(source, {f"{YEAR}/a.avi": sidecar("a.avi", taken=JULY + 60)})
    previewed = run_one(source, dest, "-n", *more)
    lines = run_one(source, dest, *more)
    assert results(lines) == results(previewed)
    assert outcomes_of(lines) == {"unchanged"}
    assert beside.read_bytes().endswith(b" ")
