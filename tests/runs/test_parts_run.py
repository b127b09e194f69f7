"""SOURCE is a folder with the downloaded parts of an export."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from commands import media, run_here, tree

from pef_tui.cli.main import main
from pef_tui.pipeline.source_args import output_path, source_list
from pef_tui.plugins.host import PluginHost
from pef_tui.settings import Settings
from pef_tui.testing import make, sidecar
from pef_tui.tui.session.survey import Survey

STAMP = "takeout-20260101T000000Z"
YEAR = "Takeout/Google Photos/Photos from 2019"
SC = ".supplemental-metadata.json"


def content(number: int) -> dict[str, bytes]:
    name = f"a{number}.jpg"
    return {
        f"{YEAR}/{name}": make("jpeg", number),
        f"{YEAR}/{name}{SC}": json.dumps(sidecar(name, taken=1561977296)).encode(),
    }


def zipped(path: Path, number: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content(number).items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 11, 5, 9, 30, 0)), data)
    return path


def tarred(path: Path, number: int) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in content(number).items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def unpacked(folder: Path, number: int) -> None:
    for name, data in content(number).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def notes(lines: list[dict[str, Any]]) -> str:
    return "\n".join(lines[-1]["notes"])


def test_the_parts_in_a_folder_are_read_as_if_named(tmp_path: Path) -> None:
    folder = tmp_path / "dl"
    names = [zipped(folder / f"{STAMP}-00{number}.zip", number) for number in (1, 2)]
    names.append(tarred(folder / f"{STAMP}-003.tgz", 3))
    lines = run_here(folder, tmp_path / "out")
    assert {line["outcome"] for line in media(lines).values()} == {"written"}
    assert "reading the 3 parts" in notes(lines)
    assert (lines[-1]["found"], lines[-1]["other"]) == (6, 0)
    run_here(names[0], tmp_path / "named", *map(str, names[1:]))
    assert tree(tmp_path / "out") == tree(tmp_path / "named")
    second_run = run_here(folder, tmp_path / "out")
    assert second_run[-1]["media"] == {"unchanged": 3} and "reading the 3 parts" in notes(second_run)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_parts_beside_unpacked_ones_and_named_twice(tmp_path: Path, order: tuple[int, int]) -> None:
    folder = tmp_path / "dl"
    part = zipped(folder / f"{STAMP}-001.zip", 1)
    unpacked(folder, 1)
    unpacked(folder, 2)
    sources = [folder, part]
    lines = run_here(sources[order[0]], tmp_path / "out", str(sources[order[1]]))
    report = sorted(line["outcome"] for line in lines if line["type"] == "media")
    assert report == ["duplicate", "written", "written"]
    assert lines[-1]["found"] == 6
    assert len(tree(tmp_path / "out")) == 2


def test_the_only_folder_names_the_output(tmp_path: Path) -> None:
    zipped(tmp_path / "dl" / f"{STAMP}-001.zip", 1)
    zipped(tmp_path / "dl" / f"{STAMP}-002.zip", 2)
    actual = source_list(Settings(sources=(str(tmp_path / "dl"),)))
    assert len(actual.paths) == 3 and output_path("", actual.named) == f"{tmp_path}/dl-fixed"


def test_gaps_doubles_and_unfinished_downloads_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "dl"
    for name in (f"{STAMP}-001.zip", f"{STAMP}-001 (1).zip", f"{STAMP}-004.zip"):
        zipped(folder / name, 1)
    for name in (f"{STAMP}-002.zip.crdownload", "x1Yz.zip.part", f"{STAMP}-003.zip.opdownload", "notes.tmp"):
        (folder / name).touch()
    (folder / "takeout-9.zip.download").mkdir()
    (folder / "other.zip").touch()
    lines = run_here(folder, tmp_path / "out", status=3)
    answer = notes(lines)
    assert "part 002, 003 is not among the sources" in answer
    assert "part 001 is there 2 times" in answer
    for name in ("002.zip.crdownload", "x1Yz.zip.part", "003.zip.opdownload", "takeout-9.zip.download"):
        assert f"{name}: an unfinished download" in answer
    assert "notes.tmp" not in answer and "not opened (other.zip)" in answer


def test_unfinished_downloads_beside_or_among_named_parts(tmp_path: Path) -> None:
    part = zipped(tmp_path / f"{STAMP}-001.zip", 1)
    unfinished = tmp_path / f"{STAMP}-002.zip.crdownload"
    unfinished.touch()
    (tmp_path / "holiday.zip.part").touch()
    for number, extra in enumerate([(), (str(unfinished),)]):
        lines = run_here(part, tmp_path / f"out{number}", *extra, status=3)
        assert notes(lines).count("002.zip.crdownload: an unfinished download") == 1
        assert "holiday" not in notes(lines)
        assert lines[-1]["media"] == {"written": 1}
    lines = run_here(unfinished, tmp_path / "nothing", status=2)
    assert "unfinished download" in lines[-1]["error"]


def test_a_part_below_the_folder_and_one_behind_a_link_are_named_not_opened(tmp_path: Path) -> None:
    unpacked(tmp_path / "dl", 1)
    zipped(tmp_path / "dl" / "parts" / f"{STAMP}-002.zip", 2)
    os.symlink(zipped(tmp_path / f"{STAMP}-003.zip", 3), tmp_path / "dl" / f"{STAMP}-003.zip")
    lines = run_here(tmp_path / "dl", tmp_path / "out")
    assert lines[-1]["media"] == {"written": 1}
    assert f"'parts': 1 part of an export is in this folder and not read ({STAMP}-002.zip)" in notes(lines)
    assert "symbolic link, not followed" in notes(lines)


@pytest.mark.parametrize("below", ["parts", "2024/parts", f"{STAMP}-1"])
def test_parts_that_are_only_in_folders_below_are_a_loss_until_their_folder_is_named(
    tmp_path: Path, below: str
) -> None:
    source, out = tmp_path / "dl", tmp_path / "out"
    for number in (1, 2):
        zipped(source / below / f"{STAMP}-{number:03}.zip", number)
    (source / "list.txt").write_text("two parts")
    for options in (("-n",), (), (), ("-q",)):
        lines = run_here(source, out, *options, status=3)
        assert (lines[-1]["exit"], lines[-1]["media"]) == (3, {})
        assert f"'{below}': 2 parts of an export are in this folder and not read" in notes(lines)
        assert "name the folder as a SOURCE too" in " ".join(lines[-1]["problems"])
    lines = run_here(source / below, out)
    assert lines[-1]["media"] == {"written": 2}


def test_in_place_parts_stay_closed(tmp_path: Path) -> None:
    unpacked(tmp_path / "dl", 1)
    zipped(tmp_path / "dl" / f"{STAMP}-002.zip", 2)
    assert main(["--batch", "-q", "--no-config", "--in-place", str(tmp_path / "dl")]) == 0
    settings = Settings(sources=(str(tmp_path / "dl"),), in_place=True)
    assert source_list(settings).paths == [str(tmp_path / "dl")]


def test_the_survey_counts_what_the_run_uses(tmp_path: Path) -> None:
    zipped(tmp_path / "dl" / f"{STAMP}-001.zip", 1)
    zipped(tmp_path / "dl" / f"{STAMP}-003.zip", 2)
    settings = Settings(sources=(str(tmp_path / "dl"),))
    survey = Survey(settings, lambda: PluginHost(settings))
    survey.start()
    survey._thread.join()
    assert (survey.parts, survey.photos, survey.sidecars, survey.other_files) == (3, 2, 2, 0)
    assert any("part 002" in warning for warning in survey.warnings)
    assert any("reading the 2 parts" in remark for remark in survey.remarks)


def test_gaps_among_unpacked_parts_in_a_folder_are_named(tmp_path: Path) -> None:
    for number in (1, 3):
        unpacked(tmp_path / "dl" / f"{STAMP}-00{number}", number)
    lines = run_here(tmp_path / "dl", tmp_path / "out", status=3)
    assert lines[-1]["media"] == {"written": 2}
    assert "part 002 is not among the sources" in notes(lines)
