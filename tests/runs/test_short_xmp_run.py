"""Each XMP file with a short name (`a.xmp`) belongs to one file: in later runs, in place, and after `--undo`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from commands import media, run_here, run_with

from pef_tui.cli.main import main
from pef_tui.testing import Item, jpeg, sidecar, takeout
from pef_tui.xmp import read

FOLDER = "Photos from 2019"
SHORT = ("--xmp", "always", "--xmp-name", "short")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def people(out: Path) -> dict[str, Any]:
    """Return the people in each XMP file."""
    return {path.name: dict(read(path.read_bytes()))["XMP-dc:Subject"] for path in sorted(out.rglob("*.xmp"))}


def names(out: Path) -> set[str]:
    result = {path.relative_to(out) for path in out.rglob("*") if path.is_file()}
    return {path.name for path in result if ".pef-tui" not in path.parts}


def sidecar_of(name: str, person: str, timestamp: float = 1_561_977_296) -> Any:
    return sidecar(name, people=[person], taken=timestamp)


def test_a_file_of_the_same_stem_in_a_later_part_gets_a_long_name_and_no_number(tmp_path: Path) -> None:
    first = takeout(tmp_path / "1", {f"{FOLDER}/a.jpg": sidecar_of("a.jpg", "Ann")})
    second = takeout(
        tmp_path / "2",
        {
            f"{FOLDER}/a.png": sidecar_of("a.png", "Bob", 1.6e9),
            f"{FOLDER}/a.avi": sidecar_of("a.avi", "Cid", 1.5e9),
        },
    )
    out = tmp_path / "out"
    run_here(first, out, *SHORT)
    foretold = media(run_here(first, out, str(second), *SHORT, "-n"))
    lines = media(run_here(first, out, str(second), *SHORT))
    expected = {"a.xmp": "Ann", "a.png.xmp": "Bob", "a.avi.xmp": "Cid"}
    assert people(out) == {name: (person,) for name, person in expected.items()}
    assert {line["output"] for line in lines.values()} == {f"{FOLDER}/a.{e}" for e in ("jpg", "png", "avi")}
    assert {name: line["output"] for name, line in foretold.items()} == {
        name: line["output"] for name, line in lines.items()
    }
    assert not any(line["warnings"] for line in lines.values())
    assert {line["outcome"] for line in media(run_here(second, out, *SHORT)).values()} == {"unchanged"}
    run_here(first, out, str(second), *SHORT, "--xmp", "auto")  # only the video needs one
    assert people(out) == {"a.avi.xmp": ("Cid",)}


def test_a_live_photo_and_its_film_do_not_share_one_because_it_says_the_same(tmp_path: Path) -> None:
    source = takeout(
        tmp_path, {f"{FOLDER}/a.heic": sidecar_of("a.heic", "Ann"), f"{FOLDER}/a.mov": None}, naming="old"
    )
    out = tmp_path / "out"
    run_here(source, out, *SHORT)
    assert people(out) == {"a.xmp": ("Ann",), "a.mov.xmp": ("Ann",)}
    json_file = next(source.rglob("*.json"))
    json_file.write_text(json.dumps(sidecar_of("a.heic", "Bob")))
    lines = media(run_here(source, out, *SHORT))
    assert {(line["outcome"], *line["warnings"]) for line in lines.values()} == {("written",)}
    assert people(out) == {"a.xmp": ("Bob",), "a.mov.xmp": ("Bob",)}
    state_before = names(out)
    shutil.rmtree(out / ".pef-tui")  # existing outputs are recognized by their bytes
    run_here(source, out, *SHORT)
    assert names(out) == state_before


def test_files_that_a_layout_puts_into_one_folder_do_not_share_one(tmp_path: Path) -> None:
    source = takeout(
        tmp_path,
        {
            f"{FOLDER}/a.png": sidecar_of("a.png", "Ann"),
            "Photos from 2020/a.jpg": sidecar_of("a.jpg", "Bob", 1.6e9),
        },
    )
    out = tmp_path / "out"
    for _ in range(2):
        run_here(source, out, *SHORT, "--layout", "{name}")
        assert people(out) == {"a.xmp": ("Ann",), "a.jpg.xmp": ("Bob",)}


def test_in_place_the_short_name_is_that_of_the_file_which_readers_take_it_for(tmp_path: Path) -> None:
    files = {
        f"{FOLDER}/a.avi": sidecar_of("a.avi", "Cid", 1.5e9),
        f"{FOLDER}/a.jpg": sidecar_of("a.jpg", "Ann"),
        f"{FOLDER}/a.png": sidecar_of("a.png", "Bob", 1.6e9),
    }
    source = takeout(tmp_path, files)
    state_before = names(source)
    argv = ["--batch", "--json", "--no-config", "--in-place", str(source), *SHORT]
    for options in ((), ("--xmp", "auto"), ()):
        run_with([*argv, *options])
        assert people(source) == {"a.avi.xmp": ("Cid",), "a.xmp": ("Ann",), "a.png.xmp": ("Bob",)}
    while run_undo(source):
        pass
    assert names(source) == state_before


def run_undo(source: Path) -> bool:
    """Undo the last run. Return whether there was one."""
    return main(["--no-config", "--undo", "last", str(source)]) == 0


def test_a_folder_at_the_name_of_an_output_is_no_edited_output(tmp_path: Path) -> None:
    source = takeout(tmp_path, {f"{FOLDER}/a.jpg": sidecar_of("a.jpg", "Ann")})
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


def test_a_number_for_a_folder_at_the_name_of_an_output_is_that_of_no_other_file(tmp_path: Path) -> None:
    """A file without a sidecar is planned after its folder. Another file may then have the next number."""
    first = takeout(tmp_path / "1", {f"{FOLDER}/a.jpg": None})
    files = {
        f"{FOLDER}/a.jpg": Item(sidecar_of("a.jpg", "Ann"), jpeg(5)),
        "Trip/z.jpg": sidecar_of("z.jpg", "Bob"),
    }
    second = takeout(tmp_path / "2", files)
    out = tmp_path / "out"
    run_here(first, out)
    (out / FOLDER / "a.jpg").unlink()
    (out / FOLDER / "a.jpg").mkdir()
    (out / FOLDER / "a.jpg" / "mine").write_bytes(b"mine")
    for outcomes in ({"unmatched", "written"}, {"unchanged"}):
        reports = [
            {(line["root"], line["outcome"], line["output"]) for line in lines if line["type"] == "media"}
            for lines in (run_here(first, out, str(second), *options) for options in (("-n",), ()))
        ]
        assert reports[0] == reports[1]
        assert {outcome for _, outcome, _ in reports[1]} == outcomes
        assert names(out) == {"a (2).jpg", "a (3).jpg", "mine", "z.jpg"}


@pytest.mark.parametrize(
    ("options", "lost", "remaining"),
    [
        (("--xmp", "always"), "a.jpg.xmp", {"a (2).jpg", "a (2).jpg.xmp", "mine"}),
        (SHORT, "a.xmp", {"a.jpg", "a.jpg.xmp", "mine"}),
    ],
)
def test_a_folder_at_the_name_of_an_xmp_file_is_no_edited_one(
    tmp_path: Path, options: tuple[str, ...], lost: str, remaining: set[str]
) -> None:
    source = takeout(tmp_path, {f"{FOLDER}/a.jpg": sidecar_of("a.jpg", "Ann")})
    out = tmp_path / "out"
    run_here(source, out, *options)
    (out / FOLDER / lost).unlink()
    (out / FOLDER / lost).mkdir()
    (out / FOLDER / lost / "mine").write_bytes(b"mine")
    for outcome in ("written", "unchanged"):
        (foretold,) = media(run_here(source, out, *options, "-n")).values()
        (line,) = media(run_here(source, out, *options)).values()
        assert line["outcome"] == foretold["outcome"] == outcome
        assert line["output"] == foretold["output"]
        assert names(out) == remaining
