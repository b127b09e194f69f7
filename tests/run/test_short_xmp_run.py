"""XMP files of the short name (`a.xmp`): one file's each, in every later run, in place and when that is undone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from commands import media, run_here, run_with

from pef_tui.cli import main
from pef_tui.testing import sidecar, takeout
from pef_tui.xmp import read

FOLDER = "Photos from 2019"
SHORT = ("--xmp", "always", "--xmp-name", "short")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def people(out: Path) -> dict[str, Any]:
    """Who is named in each XMP file."""
    return {path.name: dict(read(path.read_bytes()))["XMP-dc:Subject"] for path in sorted(out.rglob("*.xmp"))}


def names(out: Path) -> set[str]:
    found = {path.relative_to(out) for path in out.rglob("*") if path.is_file()}
    return {path.name for path in found if ".pef-tui" not in path.parts}


def said(name: str, who: str, taken: float = 1_561_977_296) -> Any:
    return sidecar(name, people=[who], taken=taken)


def test_a_file_of_the_same_stem_in_a_later_part_gets_a_long_name_and_no_number(tmp_path: Path) -> None:
    first = takeout(tmp_path / "1", {f"{FOLDER}/a.jpg": said("a.jpg", "Ann")})
    second = takeout(
        tmp_path / "2",
        {f"{FOLDER}/a.png": said("a.png", "Bob", 1.6e9), f"{FOLDER}/a.avi": said("a.avi", "Cid", 1.5e9)},
    )
    out = tmp_path / "out"
    run_here(first, out, *SHORT)
    foretold = media(run_here(first, out, str(second), *SHORT, "-n"))
    lines = media(run_here(first, out, str(second), *SHORT))
    expected = {"a.xmp": "Ann", "a.png.xmp": "Bob", "a.avi.xmp": "Cid"}
    assert people(out) == {name: (who,) for name, who in expected.items()}
    assert {line["output"] for line in lines.values()} == {f"{FOLDER}/a.{e}" for e in ("jpg", "png", "avi")}
    assert {name: line["output"] for name, line in foretold.items()} == {
        name: line["output"] for name, line in lines.items()
    }
    assert not any(line["warnings"] for line in lines.values())
    assert {line["outcome"] for line in media(run_here(second, out, *SHORT)).values()} == {"unchanged"}
    run_here(first, out, str(second), *SHORT, "--xmp", "auto")  # the film alone needs one
    assert people(out) == {"a.avi.xmp": ("Cid",)}


def test_a_live_photo_and_its_film_do_not_share_one_because_it_says_the_same(tmp_path: Path) -> None:
    source = takeout(
        tmp_path, {f"{FOLDER}/a.heic": said("a.heic", "Ann"), f"{FOLDER}/a.mov": None}, naming="old"
    )
    out = tmp_path / "out"
    run_here(source, out, *SHORT)
    assert people(out) == {"a.xmp": ("Ann",), "a.mov.xmp": ("Ann",)}
    json_file = next(source.rglob("*.json"))
    json_file.write_text(json.dumps(said("a.heic", "Bob")))
    lines = media(run_here(source, out, *SHORT))
    assert {(line["outcome"], *line["warnings"]) for line in lines.values()} == {("written",)}
    assert people(out) == {"a.xmp": ("Bob",), "a.mov.xmp": ("Bob",)}
    before = names(out)
    shutil.rmtree(out / ".pef-tui")  # what is there is known again by its bytes
    run_here(source, out, *SHORT)
    assert names(out) == before


def test_files_that_a_layout_puts_into_one_folder_do_not_share_one(tmp_path: Path) -> None:
    source = takeout(
        tmp_path,
        {f"{FOLDER}/a.png": said("a.png", "Ann"), "Photos from 2020/a.jpg": said("a.jpg", "Bob", 1.6e9)},
    )
    out = tmp_path / "out"
    for _ in range(2):
        run_here(source, out, *SHORT, "--layout", "{name}")
        assert people(out) == {"a.xmp": ("Ann",), "a.jpg.xmp": ("Bob",)}


def test_in_place_the_short_name_is_that_of_the_file_which_readers_take_it_for(tmp_path: Path) -> None:
    files = {
        f"{FOLDER}/a.avi": said("a.avi", "Cid", 1.5e9),
        f"{FOLDER}/a.jpg": said("a.jpg", "Ann"),
        f"{FOLDER}/a.png": said("a.png", "Bob", 1.6e9),
    }
    source = takeout(tmp_path, files)
    before = names(source)
    argv = ["--batch", "--json", "--no-config", "--in-place", str(source), *SHORT]
    for more in ((), ("--xmp", "auto"), ()):
        run_with([*argv, *more])
        assert people(source) == {"a.avi.xmp": ("Cid",), "a.xmp": ("Ann",), "a.png.xmp": ("Bob",)}
    while run_undo(source):
        pass
    assert names(source) == before


def run_undo(source: Path) -> bool:
    """Undo the last run; was there one?"""
    return main(["--no-config", "--undo", "last", str(source)]) == 0


def test_a_folder_at_the_name_of_an_output_is_no_edited_output(tmp_path: Path) -> None:
    source = takeout(tmp_path, {f"{FOLDER}/a.jpg": said("a.jpg", "Ann")})
    out = tmp_path / "out"
    run_here(source, out)
    (out / FOLDER / "a.jpg").unlink()
    (out / FOLDER / "a.jpg").mkdir()
    (out / FOLDER / "a.jpg" / "mine").write_bytes(b"mine")
    for outcome in ("written", "unchanged"):
        (foretold,) = media(run_here(source, out, "-n")).values()
        (line,) = media(run_here(source, out)).values()
        assert (line["outcome"], line["output"]) == (outcome, f"{FOLDER}/a (2).jpg")
        assert (foretold["outcome"], foretold["output"]) == (outcome, f"{FOLDER}/a (2).jpg")
    assert names(out) == {"a (2).jpg", "mine"}


@pytest.mark.parametrize(
    ("more", "lost", "left"),
    [
        (("--xmp", "always"), "a.jpg.xmp", {"a (2).jpg", "a (2).jpg.xmp", "mine"}),
        (SHORT, "a.xmp", {"a.jpg", "a.jpg.xmp", "mine"}),
    ],
)
def test_a_folder_at_the_name_of_an_xmp_file_is_no_edited_one(
    tmp_path: Path, more: tuple[str, ...], lost: str, left: set[str]
) -> None:
    source = takeout(tmp_path, {f"{FOLDER}/a.jpg": said("a.jpg", "Ann")})
    out = tmp_path / "out"
    run_here(source, out, *more)
    (out / FOLDER / lost).unlink()
    (out / FOLDER / lost).mkdir()
    (out / FOLDER / lost / "mine").write_bytes(b"mine")
    for outcome in ("written", "unchanged"):
        (foretold,) = media(run_here(source, out, *more, "-n")).values()
        (line,) = media(run_here(source, out, *more)).values()
        assert line["outcome"] == foretold["outcome"] == outcome
        assert line["output"] == foretold["output"]
        assert names(out) == left
