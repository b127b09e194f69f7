"""XMP files that a person edited or made: no run replaces them, and every picture is in DEST."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from commands import Line, run_here

from pef_tui.errors import RunError
from pef_tui.output import commit
from pef_tui.output.produce import produce
from pef_tui.testing import Item, make, sidecar, takeout, xmp_packet

YEAR, ALBUM = "Photos from 2019", "Trip"
A, SECOND = f"{YEAR}/a.bmp", f"{YEAR}/a (2).bmp"
PICTURE = make("bmp", 1)
"""A picture of a format that holds no tags. It is copied unchanged, and its tags are in an XMP file."""
SOURCE_XMP = xmp_packet("<dc:format>image/bmp</dc:format>", "", dc="http://purl.org/dc/elements/1.1/")
SHORT = ("--xmp-name", "short")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TZ", "UTC")


def write_exports(top: Path, count: int = 1, *, album: bool = False, xmp: bool = False) -> list[Path]:
    """Write the picture into exports that describe it differently. Return the SOURCEs."""
    roots = []
    for number in range(count):
        fields = sidecar("a.bmp", description=f"text {number}", url="https://photos.google.com/photo/a")
        files: dict[str, Any] = {A: Item(fields, PICTURE)}
        if album:
            files |= {f"{ALBUM}/metadata.json": {"title": ALBUM}, f"{ALBUM}/a.bmp": Item(fields, PICTURE)}
        if xmp:
            files[f"{A}.xmp"] = SOURCE_XMP
        roots.append(takeout(top / f"export {number}", files))
    return roots


def edit(path: Path, mode: str) -> None:
    """Change a file as a person does, by a new file: links to the old one stay."""
    times, data = path.lstat(), path.read_bytes()
    path.unlink()
    path.write_bytes(data + b"edited" if mode == "longer" else data[:-6] + b"edited")
    if mode == "size and time kept":
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def pictures(dest: Path) -> set[str]:
    """Return the outputs with the bytes of the picture."""
    paths = [path for path in dest.rglob("*") if path.is_file() and ".pef-tui" not in path.parts]
    return {str(path.relative_to(dest)) for path in paths if path.read_bytes() == PICTURE}


def xmp_files(dest: Path) -> dict[str, bytes]:
    return {str(path.relative_to(dest)): path.read_bytes() for path in dest.rglob("*.xmp")}


def run_as_previewed(roots: list[Path], dest: Path, *options: str) -> set[tuple[str, str | None]]:
    """Return outcomes and outputs of a run, after checking that its preview reports the same."""
    argv = (*map(str, roots[1:]), *options)
    foretold, done = (run_here(roots[0], dest, *argv, *preview) for preview in (("--dry-run",), ()))
    assert _results(done) == _results(foretold)
    return {(line["outcome"], line["output"]) for line in done if line["type"] == "media"}


def _results(lines: list[Line]) -> list[tuple[Any, ...]]:
    return sorted(
        (line["root"], line["source"], line["outcome"], line["output"])
        for line in lines
        if line["type"] == "media"
    )


class Deletion(NamedTuple):
    """The picture is deleted and its XMP file edited. The next run writes the picture under `SECOND`."""

    exports: int = 1
    """Number of exports with the picture."""
    options: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    """Additional options, from the next run on."""
    mode: str = "longer"
    archive: bool = False
    xmp: bool = False
    """Whether the export has an XMP file beside the picture."""


DELETIONS = {
    "one export": Deletion(),
    "two exports": Deletion(2),
    "two archives": Deletion(2, archive=True),
    "size kept": Deletion(2, mode="size kept"),
    "size and time kept": Deletion(2, mode="size and time kept"),
    "short names": Deletion(2, SHORT),
    "forced": Deletion(later=("--force",)),
    "other tags": Deletion(2, later=("--tags=-text",)),
    "short names from then on": Deletion(later=SHORT),
    "albums without outputs": Deletion(2, later=("--albums", "none")),
    "an XMP file of the export": Deletion(xmp=True),
    "an XMP file of the export, forced": Deletion(xmp=True, later=("--force",)),
    "in processes": Deletion(options=("--executor", "processes")),
}


@pytest.mark.parametrize("name", DELETIONS)
def test_a_deleted_picture_whose_xmp_file_was_edited_gets_a_number(tmp_path: Path, name: str) -> None:
    case, dest = DELETIONS[name], tmp_path / "out"
    roots = write_exports(tmp_path, case.exports, xmp=case.xmp)
    if case.archive:
        roots = [Path(shutil.make_archive(str(root.parent), "zip", root.parent)) for root in roots]
    run_as_previewed(roots, dest, *case.options)
    (dest / A).unlink()
    (own_xmp,) = dest.rglob("*.xmp")
    edit(own_xmp, case.mode)
    edited = own_xmp.read_bytes()
    for outcome in ("sidecar", "unchanged"):
        results = run_as_previewed(roots, dest, *case.options, *case.later)
        assert (outcome, SECOND) in results or case.later == ("--force",)
        assert pictures(dest) == {SECOND} and own_xmp.read_bytes() == edited
        assert len(xmp_files(dest)) == 2


@pytest.mark.parametrize(
    ("mode", "folder"),
    [("folder", YEAR), ("link", YEAR), ("tag", YEAR), ("none", YEAR), ("folder", ALBUM), ("link", ALBUM)],
)
@pytest.mark.parametrize("deleted", [True, False])
@pytest.mark.parametrize("later", [(), ("--force",)])
@pytest.mark.parametrize("way", ["longer", "size and time kept"])
def test_with_albums_every_picture_stays_or_returns(
    tmp_path: Path, mode: str, folder: str, deleted: bool, later: tuple[str, ...], way: str
) -> None:
    roots, dest = write_exports(tmp_path, album=True), tmp_path / "out"
    run_as_previewed(roots, dest, "--albums", mode)
    own_xmp = dest / folder / "a.bmp.xmp"
    edit(own_xmp, way)
    edited, expected = own_xmp.read_bytes(), pictures(dest)
    if deleted:
        (dest / folder / "a.bmp").unlink()
        expected = expected - {f"{folder}/a.bmp"} | {f"{folder}/a (2).bmp"}
    for _ in range(2):
        run_as_previewed(roots, dest, "--albums", mode, *later)
        assert own_xmp.read_bytes() == edited
        assert pictures(dest) >= expected and (dest / folder / "a.bmp").exists() != deleted


def run_killed(monkeypatch: pytest.MonkeyPatch, source: Path, dest: Path, *options: str) -> None:
    """Start a run that is killed when the files have their final names, but no record."""

    def killed(*_: object) -> None:
        raise RunError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(commit, "remove_stale_outputs", killed)
        run_here(source, dest, *options, status=1)


@pytest.mark.parametrize("options", [(), SHORT])
@pytest.mark.parametrize("xmp", [False, True])
def test_an_xmp_file_edited_after_a_kill_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], xmp: bool
) -> None:
    roots, dest = write_exports(tmp_path, xmp=xmp), tmp_path / "out"
    run_killed(monkeypatch, roots[0], dest, *options)
    (own_xmp,) = dest.rglob("*.xmp")
    edit(own_xmp, "longer")
    edited = own_xmp.read_bytes()
    for outcome in ("sidecar", "unchanged"):
        assert run_as_previewed(roots, dest, *options) == {(outcome, A if options else SECOND)}
        assert own_xmp.read_bytes() == edited and pictures(dest) >= {A if options else SECOND}


@pytest.mark.parametrize("options", [(), SHORT])
def test_a_killed_run_that_made_links_with_xmp_files_is_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    roots, dest, links = write_exports(tmp_path, album=True), tmp_path / "out", ("--albums", "link", *options)
    run_here(roots[0], dest, *links)
    expected = pictures(dest), xmp_files(dest).keys()
    shutil.rmtree(dest / ALBUM)
    run_killed(monkeypatch, roots[0], dest, *links)
    assert (dest / ALBUM).exists()
    run_as_previewed(roots, dest, *links)
    assert (pictures(dest), xmp_files(dest).keys()) == expected


@pytest.mark.parametrize("deleted", [True, False])
@pytest.mark.parametrize("own_name", ["a.bmp.xmp", "a.xmp"])
@pytest.mark.parametrize("later", [(), SHORT])
def test_an_xmp_file_that_a_person_made_is_not_replaced(
    tmp_path: Path, later: tuple[str, ...], own_name: str, deleted: bool
) -> None:
    roots, dest = write_exports(tmp_path), tmp_path / "out"
    run_as_previewed(roots, dest, "--xmp", "never")
    (dest / YEAR / own_name).write_bytes(b"mine")
    if deleted:
        (dest / A).unlink()
    for outcome in ("sidecar", "unchanged"):
        ((actual, output),) = run_as_previewed(roots, dest, *later)
        assert (actual, pictures(dest)) == (outcome, {output})
        assert (dest / YEAR / own_name).read_bytes() == b"mine" and len(xmp_files(dest)) == 2


def test_an_edit_during_the_run_is_reported_and_the_next_run_puts_the_picture_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots, dest = write_exports(tmp_path), tmp_path / "out"
    run_here(roots[0], dest)
    own_xmp = dest / YEAR / "a.bmp.xmp"
    with monkeypatch.context() as patched:
        patched.setattr(commit, "produce", _after(produce, lambda: _delete_and_edit(dest / A, own_xmp)))
        (line,) = [each for each in run_here(roots[0], dest, "--force", status=3) if each["type"] == "media"]
    assert line["outcome"] == "failed" and "the next run" in line["reason"]
    edited = own_xmp.read_bytes()
    assert run_as_previewed(roots, dest) == {("sidecar", SECOND)}
    assert pictures(dest) == {SECOND} and own_xmp.read_bytes() == edited


def _delete_and_edit(output: Path, xmp_file: Path) -> None:
    output.unlink()
    edit(xmp_file, "longer")


def _after(call: Callable[..., None], then: Callable[[], None]) -> Callable[..., None]:
    def called(*arguments: Any) -> None:
        call(*arguments)
        then()

    return called
