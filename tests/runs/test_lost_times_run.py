"""Output folders that were copied without times (`cp -r`): small outputs count as unchanged."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import orjson
import pytest
from commands import Line, media, outcomes, run_with, tree
from commands import run_here as run_one
from replacement_cases import JULY, YEAR, PutExport, marks, outcomes_of, results, write_export

from pef_tui.filesystem.fingerprint import WHOLE
from pef_tui.output import replacement as replacing

A, B, TRIP = f"{YEAR}/a.jpg", f"{YEAR}/b.jpg", "Trip/a.jpg"
XMP = ("--xmp", "always")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_export(tmp_path, PutExport("A", {A: "one", B: "two", TRIP: "one"}))
    (tmp_path / "A" / "Trip" / "metadata.json").write_bytes(orjson.dumps({"title": "Trip"}))
    return tmp_path / "A"


def without_times(folder: Path) -> Path:
    """Copy a folder as `cp -r` does. Return the copy."""
    copied = folder.with_name("copied")
    shutil.copytree(folder, copied, symlinks=True, copy_function=shutil.copyfile)
    return copied


@pytest.mark.parametrize(
    "options", [(), XMP, ("--albums", "none"), ("--albums", "tag"), ("--layout", "{name}")]
)
def test_a_copy_without_times_is_unchanged_left(
    source: Path, tmp_path: Path, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_one(source, tmp_path / "out", *options)
    as_before = outcomes_of(run_one(source, tmp_path / "out", *options))
    dest = without_times(tmp_path / "out")
    tree_before = tree(dest)
    previewed = run_one(source, dest, *options, "-n")
    lines = run_one(source, dest, *options)
    assert results(lines) == results(previewed)
    assert outcomes_of(lines) == as_before <= {"unchanged", "duplicate"}
    assert not any(line["warnings"] for line in media(lines).values())

    def fail(*_: object) -> bool:
        raise AssertionError("a fingerprint is read though the times are known")

    monkeypatch.setattr(replacing, "_has_digest", fail)
    lines = run_one(source, dest, *options)
    assert outcomes_of(lines) == as_before
    assert not any(line["warnings"] for line in media(lines).values())
    assert tree(dest) == tree_before


@pytest.mark.parametrize(
    "options", [("--force",), ("--tags=-people",), ("--layout", "{name}"), ("--xmp", "auto")]
)
def test_outputs_of_a_copy_without_times_are_replaced(
    source: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    run_one(source, tmp_path / "out", *XMP)
    dest = without_times(tmp_path / "out")
    expected = {line["output"] for line in media(run_one(source, tmp_path / "fresh", *options)).values()}
    previewed = run_one(source, dest, *options, "-n")
    lines = run_one(source, dest, *options)
    assert results(lines) == results(previewed)
    assert not any(line["warnings"] for line in media(lines).values())
    assert set(marks(dest)) == expected
    assert {path: facts[0] for path, facts in tree(dest).items()} == {
        path: facts[0] for path, facts in tree(tmp_path / "fresh").items()
    }


@pytest.mark.parametrize("edited", [A, f"{A}.xmp"])
def test_an_edited_file_of_a_copy_without_times_is_left_alone(
    source: Path, tmp_path: Path, edited: str
) -> None:
    run_one(source, tmp_path / "out", *XMP)
    dest = without_times(tmp_path / "out")
    data = (dest / edited).read_bytes()[:-6] + b"edited"
    (dest / edited).write_bytes(data)
    for options in ((), (), ("--force",)):
        lines = media(run_one(source, dest, *XMP, *options))
        assert lines[A]["outcome"] == "unchanged" and "changed since" in lines[A]["warnings"][0]
        assert not lines[B]["warnings"]
        assert (dest / edited).read_bytes() == data


def test_in_place_our_xmp_files_are_ours_without_their_times(source: Path) -> None:
    def run(folder: Path) -> list[Line]:
        return run_with(["--batch", "--json", "--no-config", "--in-place", *XMP, str(folder)])

    run(source)
    decision = outcomes(run(source))
    copied = without_times(source)
    lines = run(copied)
    assert outcomes(lines).keys() == decision.keys()
    assert not [line for line in lines if line["type"] == "other" and line["source"].endswith(".xmp")]
    assert (copied / f"{A}.xmp").exists()
    assert outcomes(run(copied)) == decision


# -- files that a fingerprint does not cover completely

LARGE = 4
"""Padding of a `picture` of 240 KB."""
URL = "https://photos.google.com/photo/1"
OTHER_TIME = 1_700_000_000


@pytest.fixture
def large(tmp_path: Path) -> Path:
    write_export(tmp_path, PutExport("A", {A: "one", B: "two", TRIP: "one"}, padding=LARGE))
    (tmp_path / "A" / "Trip" / "metadata.json").write_bytes(orjson.dumps({"title": "Trip"}))
    return tmp_path / "A"


def edit_middle(path: Path) -> bytes:
    """Change bytes in the middle of a file as an editor does, with another time. Return its bytes."""
    data = path.read_bytes()
    middle = len(data) // 2
    edited = data[:middle] + b"edited" + data[middle + 6 :]
    path.write_bytes(edited)
    os.utime(path, (OTHER_TIME, OTHER_TIME))
    return edited


@pytest.mark.parametrize(
    "options", [(), XMP, ("--albums", "none"), ("--albums", "tag"), ("--layout", "{name}")]
)
def test_large_files_of_a_copy_without_times_are_reported_as_unchanged(
    large: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    run_one(large, tmp_path / "out", *options)
    as_before = outcomes_of(run_one(large, tmp_path / "out", *options))
    dest = without_times(tmp_path / "out")
    tree_before = tree(dest)
    for _ in range(3):
        previewed = run_one(large, dest, *options, "-n")
        lines = run_one(large, dest, *options)
        assert results(lines) == results(previewed)
        assert outcomes_of(lines) == as_before
        assert not any(line["warnings"] for line in media(lines).values())
    assert tree(dest) == tree_before


@pytest.mark.parametrize("options", [("--force",), ("--tags=-people",), ("--layout", "{name}")])
def test_large_files_of_a_copy_without_times_are_not_replaced(
    large: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    run_one(large, tmp_path / "out")
    dest = without_times(tmp_path / "out")
    tree_before = tree(dest)
    run_one(large, dest)  # this run must not record the new times
    previewed = run_one(large, dest, *options, "-n")
    lines = run_one(large, dest, *options)
    assert results(lines) == results(previewed)
    assert tree(dest).items() >= tree_before.items()


@pytest.mark.parametrize("runs_between", [0, 2])
def test_an_edit_in_the_middle_of_a_large_output_stays_when_its_sidecar_changes(
    tmp_path: Path, runs_between: int
) -> None:
    dest = tmp_path / "out"
    write_export(tmp_path, PutExport("A", {A: "one", B: "two"}, padding=LARGE))
    run_one(tmp_path / "A", dest)
    edited = edit_middle(dest / A)
    for _ in range(runs_between):
        run_one(tmp_path / "A", dest)
    write_export(tmp_path, PutExport("A", {A: "one", B: "two"}, padding=LARGE, taken=JULY + 60))
    previewed = run_one(tmp_path / "A", dest, "-n")
    lines = run_one(tmp_path / "A", dest)
    assert results(lines) == results(previewed)
    assert media(lines)[A]["outcome"] == "unchanged" and "changed since" in media(lines)[A]["warnings"][0]
    assert media(lines)[B]["outcome"] == "written"
    run_one(tmp_path / "A", dest, "--force")
    assert (dest / A).read_bytes() == edited


@pytest.mark.parametrize("runs_between", [0, 2])
def test_new_bytes_of_a_large_output_that_was_edited_in_the_middle_get_a_number(
    tmp_path: Path, runs_between: int
) -> None:
    dest, second = tmp_path / "out", f"{YEAR}/a (2).jpg"
    write_export(tmp_path, PutExport("A", {A: "one"}, padding=LARGE, url=URL))
    run_one(tmp_path / "A", dest)
    edited = edit_middle(dest / A)
    for _ in range(runs_between):
        run_one(tmp_path / "A", dest)
    write_export(tmp_path, PutExport("A", {A: "new"}, padding=LARGE, url=URL))
    previewed = run_one(tmp_path / "A", dest, "-n")
    assert results(run_one(tmp_path / "A", dest)) == results(previewed)
    assert marks(dest) == {A: "one", second: "new"}
    assert (dest / A).read_bytes() == edited


@pytest.mark.parametrize("options", [("--layout", "{name}"), ("--albums", "none", "--layout", "{name}")])
def test_a_large_output_that_was_edited_in_the_middle_is_not_removed_from_its_old_path(
    large: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    dest = tmp_path / "out"
    run_one(large, dest)
    edited = {path: edit_middle(dest / path) for path in (A, TRIP)}
    run_one(large, dest)
    previewed = run_one(large, dest, *options, "-n")
    assert results(run_one(large, dest, *options)) == results(previewed)
    assert {path: (dest / path).read_bytes() for path in edited} == edited


def test_a_copy_in_an_album_stays_if_its_large_original_was_edited_in_the_middle(
    large: Path, tmp_path: Path
) -> None:
    dest = tmp_path / "out"
    run_one(large, dest)
    original_bytes = (dest / TRIP).read_bytes()
    edit_middle(dest / A)
    previewed = run_one(large, dest, "--albums", "none", "-n")
    assert results(run_one(large, dest, "--albums", "none")) == results(previewed)
    assert [path.read_bytes() for path in dest.glob("Trip/*.jpg")] == [original_bytes]


def test_in_place_a_large_xmp_file_with_another_time_is_not_ours(source: Path) -> None:
    def run(folder: Path) -> list[Line]:
        return run_with(["--batch", "--json", "--no-config", "--in-place", *XMP, str(folder)])

    json = source / f"{A}.json"
    fields = orjson.loads(json.read_bytes())
    json.write_bytes(orjson.dumps(fields | {"description": "x" * 200_000}))
    run(source)
    edited = edit_middle(source / f"{A}.xmp")
    assert len(edited) > WHOLE
    run(source)
    assert b"edited" in (source / f"{A}.xmp").read_bytes()
