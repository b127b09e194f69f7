"""Real pictures of many makers as an export: fixed by the command, read back with ExifTool."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commands import lines_of, run_apart

from pef_tui.formats import FORMATS, HEAD, detect
from pef_tui.testing.export import sidecar
from pef_tui.testing.media import MAKERS, make
from pef_tui.testing.naming import sidecar_name

SHARED = Path(__file__).parents[2].parent / "shared" / "samples"
TAKEN = 1_561_977_296  # 2019-07-01 10:34:56 UTC, in Sydney 20:34:56
SYDNEY = (-33.8567844, 151.213108)
PEOPLE = ["Zoë 🎉", "王芳", "O\"Brien $5 @home &amp; 'co'", "a\n-if\nsystem('touch PWNED')"]
PLAIN_PEOPLE = [name.replace("&amp;", "&") for name in PEOPLE]
"""Texts as written: Google's escapes are decoded once."""
TEXT = "x\n-if\nsystem('touch PWNED')\n \"q\" $5 @here &amp; <b> 🎉 中文 é"
PLAIN_TEXT = TEXT.replace("&amp;", "&")
HOUSEKEEPING = {"System", "File", "ExifTool", "Composite"}

pytestmark = pytest.mark.exiftool


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[dict[str, Any]]]:
    """Return export, output, and the JSON lines of the run."""
    root = tmp_path_factory.mktemp("samples")
    folder = root / "Takeout" / "Google Photos" / "Photos from 2019"
    folder.mkdir(parents=True)
    for name in MAKERS:
        (folder / f"made-{name}{FORMATS[name].extensions[0]}").write_bytes(make(name))
    for path in sorted(SHARED.rglob("*")) if SHARED.is_dir() else []:
        if path.is_file() and path.suffix != ".md":
            shutil.copyfile(path, folder / path.name)
    for path in sorted(folder.iterdir()):
        sidecar_json = sidecar(
            path.name, taken=TAKEN, place=SYDNEY, people=PEOPLE, description=TEXT, favorited=True
        )
        (folder / sidecar_name(path.name)).write_text(json.dumps(sidecar_json))
    return root, root / "out", run(root, root / "out")


def run(root: Path, out: Path, *options: str) -> list[dict[str, Any]]:
    result = run_apart(root / "Takeout", out, *options, cwd=root)
    assert result.returncode in (0, 3), result.stderr.decode()
    assert b"Traceback" not in result.stderr
    return lines_of(result)


def tags(*paths: Path) -> list[dict[str, Any]]:
    command = [
        "exiftool",
        "-j",
        "-n",
        "-a",
        "-u",
        "-G1",
        "-struct",
        "-api",
        "LargeFileSupport=1",
        *map(str, paths),
    ]
    return list(json.loads(subprocess.run(command, capture_output=True, check=False).stdout))


def media(lines: list[dict[str, Any]], *words: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["type"] == "media" and (not words or line["outcome"] in words)]


def source(root: Path, line: dict[str, Any]) -> Path:
    return root / "Takeout" / str(line["source"])


def test_every_file_is_accounted_for(fixed: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    root, _, lines = fixed
    actual = {
        str(path.relative_to(root / "Takeout")) for path in (root / "Takeout").rglob("*") if path.is_file()
    }
    report = [line["source"] for line in lines if line["type"] in ("media", "json", "other")]
    assert sorted(report) == sorted(actual)
    summary = lines[-1]
    assert summary["found"] == len(actual)
    assert (
        summary["found"] == sum(summary["media"].values()) + sum(summary["json"].values()) + summary["other"]
    )


def test_every_matched_file_that_is_media_got_its_tags(
    fixed: tuple[Path, Path, list[dict[str, Any]]],
) -> None:
    _, _, lines = fixed
    failed = {
        Path(line["source"]).name: line["reason"] for line in media(lines, "failed", "copied", "unmatched")
    }
    assert failed == {}, failed


@pytest.mark.long
def test_tags_read_back(fixed: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    _root, out, lines = fixed
    for line in media(lines, "written"):
        (state_after,) = tags(out / line["output"])
        name = Path(line["source"]).name
        conflicts = {conflict["unit"] for conflict in line["conflicts"]}
        assert PEOPLE[0] in state_after["XMP-iptcExt:PersonInImage"], name
        names = {name for name in PLAIN_PEOPLE if "\n" not in name}
        assert names <= set(state_after["XMP-dc:Subject"]), name
        if "description" not in conflicts:
            assert state_after["XMP-dc:Description"] in (PLAIN_TEXT, {"x-default": PLAIN_TEXT}), name
        if "place" not in conflicts and "GPS" in str(line["tags"]):
            group = "XMP-exif" if _xmp_only(line) else "Composite"
            assert state_after[f"{group}:GPSLatitude"] == pytest.approx(SYDNEY[0], abs=2e-5), name
            assert state_after[f"{group}:GPSLongitude"] == pytest.approx(SYDNEY[1], abs=2e-5), name
        if "EXIF:DateTimeOriginal" in line["tags"] and not _xmp_only(line):
            assert state_after["ExifIFD:DateTimeOriginal"] == "2019:07:01 20:34:56", name
            assert state_after["ExifIFD:OffsetTimeOriginal"] == "+10:00", name
        if "QuickTime:CreateDate" in line["tags"]:
            assert state_after["QuickTime:CreateDate"] == "2019:07:01 10:34:56", name
            assert state_after["Keys:CreationDate"] == "2019:07:01 20:34:56+10:00", name


def _xmp_only(line: dict[str, Any]) -> bool:
    """Return whether the file can hold only XMP, by its format or because of damage, which a warning states."""
    return line["source"].endswith(".gif") or any("only XMP" in warning for warning in line["warnings"])


@pytest.mark.long
def test_xmp_files_say_it_all(fixed: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    root, out, lines = fixed
    xmp_file = media(lines, "sidecar")
    assert xmp_file
    for line in xmp_file:
        output = out / line["output"]
        assert output.read_bytes() == source(root, line).read_bytes()
        (answer,) = tags(output.with_name(output.name + ".xmp"))
        if "description" not in {conflict["unit"] for conflict in line["conflicts"]}:
            assert answer["XMP-dc:Description"] in (PLAIN_TEXT, {"x-default": PLAIN_TEXT})
        assert PEOPLE[1] in answer["XMP-iptcExt:PersonInImage"]


@pytest.mark.long
def test_nothing_else_changed(fixed: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    """Maker notes and all other tags read the same before and after."""
    root, out, lines = fixed
    modified = {}
    for line in media(lines, "written"):
        state_before, state_after = tags(source(root, line))[0], tags(out / line["output"])[0]
        gone = {
            tag: (value, state_after.get(tag))
            for tag, value in state_before.items()
            if ":" in tag
            and tag.partition(":")[0] not in HOUSEKEEPING
            and state_after.get(tag) != value
            and not _ours(tag, line)
        }
        if gone:
            modified[line["source"]] = gone
    assert modified == {}


def _ours(tag: str, line: dict[str, Any]) -> bool:
    """Return whether a tag is meant to change, or is changed by ExifTool itself (offsets, lengths, toolkit names)."""
    name = tag.partition(":")[2]
    edited = {tag_name.partition(":")[2] for tag_name in line["tags"]}
    if name in edited or name.removesuffix("Ref") in edited or tag.startswith("Track"):
        return True
    return name in {
        "XMPToolkit", "ThumbnailOffset", "OtherImageStart", "PreviewImageStart", "JpgFromRawStart", "StripOffsets",
        "TileOffsets", "ExifByteOrder", "MediaDataOffset", "MPImageStart", "MakerNoteOffset", "CurrentIPTCDigest",
        "IPTCDigest", "CodedCharacterSet", "MDItemUserTags", "Warning", "ExifVersion", "ThumbnailImage", "Padding",
        "GPSVersionID", "Directory", "SubSecTimeOriginal", "SubSecTimeDigitized", "CreateDate", "ModifyDate",
        "HandlerType", "Wide", "MediaDataSize", "MediaData", "HasExtendedXMP", "GIFVersion",
    }  # fmt: skip


def test_the_picture_itself_is_untouched(fixed: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    root, out, lines = fixed
    compared = 0
    for line in media(lines, "written"):
        bytes_before, bytes_after = source(root, line).read_bytes(), (out / line["output"]).read_bytes()
        form = detect(bytes_before[:HEAD])
        assert form is not None
        if form.name == "jpeg":
            assert scan(bytes_before) == scan(bytes_after), line["source"]
            compared += 1
    assert compared


def scan(jpeg: bytes) -> bytes:
    """Return the hash of a JPEG from its first scan to the end of the image."""
    at = 2
    while jpeg[at : at + 2] != b"\xff\xda":
        at += (
            2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
            if jpeg[at] == 0xFF and jpeg[at + 1] != 0xFF
            else 1
        )
    return hashlib.sha256(jpeg[at : jpeg.find(b"\xff\xd9", at)]).digest()


def test_hostile_texts_ran_nothing(fixed: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    root, out, _ = fixed
    assert not [*root.rglob("PWNED"), *Path("/").glob("PWNED")]
    assert not list(out.rglob("*exiftool_tmp*")) and not list((out / ".pef-tui" / "staging").iterdir())


def test_a_second_run_writes_nothing(fixed: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    root, out, _ = fixed
    state_before = inodes(out)
    second_run = run(root, out)
    assert {line["outcome"] for line in media(second_run)} == {"unchanged"}
    assert inodes(out) == state_before


def test_the_outputs_as_sources_need_nothing(fixed: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    """Written tags are recognised as correct: the same sidecars over the fixed files change nothing."""
    root, out, lines = fixed
    second_run = root / "again" / "Takeout" / "Google Photos" / "Photos from 2019"
    second_run.mkdir(parents=True)
    for line in media(lines, "written"):
        if line["output"].endswith(".jpg") and _xmp_only(line):
            continue  # values that it could not hold are requested again
        shutil.copyfile(out / line["output"], second_run / Path(line["output"]).name)
    for path in sorted(second_run.iterdir()):
        sidecar_json = sidecar(
            path.name, taken=TAKEN, place=SYDNEY, people=PEOPLE, description=TEXT, favorited=True
        )
        (second_run / sidecar_name(path.name)).write_text(json.dumps(sidecar_json))
    report = run(root / "again", root / "again-out")
    wrong = {Path(line["source"]).name: line["tags"] for line in media(report) if line["outcome"] != "copied"}
    assert wrong == {}


def inodes(out: Path) -> dict[str, tuple[int, int, int]]:
    return {
        str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_size)
        for path in out.rglob("*")
        if path.is_file() and ".pef-tui" not in path.parts
    }
