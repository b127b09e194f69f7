"""Outputs that a person edited and whose source changes later: neither the edit nor the new bytes are lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from commands import media
from commands import run_here as run_one
from replacement_cases import JULY, YEAR, PutExport, marks, outcomes_of, results, write_export

A, B, SECOND = f"{YEAR}/a.jpg", f"{YEAR}/b.jpg", f"{YEAR}/a (2).jpg"
URL = "https://photos.google.com/photo/1"
SHORT = ("--xmp", "always", "--xmp-name", "short")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TZ", "UTC")


def edit(path: Path, mode: str) -> bytes:
    """Change a file as a person does. Return its new bytes."""
    facts, data = path.stat(), path.read_bytes()
    edited = data + b"edited" if mode == "longer" else data[:-6] + b"edited"
    path.write_bytes(edited)
    if mode == "size and time kept":
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    return edited


@pytest.mark.parametrize("mode", ["longer", "size kept", "size and time kept"])
@pytest.mark.parametrize(
    ("edited", "options"),
    [
        (A, ()),
        (A, ("--xmp", "always")),
        (f"{A}.xmp", ("--xmp", "always")),
        (f"{YEAR}/a.xmp", SHORT),
        (A, ("--executor", "processes")),
    ],
)
@pytest.mark.parametrize("source", ["A", "A.zip"])
def test_new_bytes_of_an_edited_output_get_a_number(
    tmp_path: Path, mode: str, edited: str, options: tuple[str, ...], source: str
) -> None:
    dest = tmp_path / "out"
    write_export(tmp_path, PutExport(source, {A: "one", B: "b"}, url=URL))
    run_one(tmp_path / source, dest, *options)
    bytes_of_person = edit(dest / edited, mode)
    write_export(tmp_path, PutExport(source, {A: "new", B: "b"}, url=URL))
    previewed = run_one(tmp_path / source, dest, *options, "-n")
    lines = run_one(tmp_path / source, dest, *options)
    assert results(lines) == results(previewed)
    assert marks(dest) == {A: "one", SECOND: "new", B: "b"}
    assert any("other bytes now" in warning for warning in media(lines)[A]["warnings"])
    for second_run in ((), ("--force",), ("--retry-failed",)):
        run_one(tmp_path / source, dest, *options, *second_run)
        assert marks(dest) == {A: "one", SECOND: "new", B: "b"}
        assert (dest / edited).read_bytes() == bytes_of_person
    assert outcomes_of(run_one(tmp_path / source, dest, *options)) == {"unchanged"}


def test_new_bytes_of_an_output_that_no_one_edited_replace_it(tmp_path: Path) -> None:
    write_export(tmp_path, PutExport("A", {A: "one"}, url=URL))
    run_one(tmp_path / "A", tmp_path / "out")
    write_export(tmp_path, PutExport("A", {A: "new"}, url=URL))
    assert outcomes_of(run_one(tmp_path / "A", tmp_path / "out")) == {"written"}
    assert marks(tmp_path / "out") == {A: "new"}


@pytest.mark.parametrize("mode", ["longer", "size kept", "size and time kept"])
def test_an_edited_output_whose_sidecar_changed_is_reported_by_each_run(tmp_path: Path, mode: str) -> None:
    dest = tmp_path / "out"
    write_export(tmp_path, PutExport("A", {A: "one", B: "b"}, url=URL))
    run_one(tmp_path / "A", dest)
    edited = edit(dest / A, mode)
    write_export(tmp_path, PutExport("A", {A: "one", B: "b"}, url=URL, taken=JULY + 60))
    for _ in range(3):
        line = media(run_one(tmp_path / "A", dest))[A]
        assert (line["outcome"], line["output"]) == ("unchanged", A)
        assert any("changed since" in warning for warning in line["warnings"])
        assert (dest / A).read_bytes() == edited
