"""Real pictures of many makers as an export, fixed by the command, read back with ExifTool."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pef_tui.formats import FORMATS, HEAD, detect
from pef_tui.testing.export import sidecar
from pef_tui.testing.media import MAKERS, make
from pef_tui.testing.naming import sidecar_name

SHARED = Path(__file__).parents[2].parent / "shared" / "samples"
TAKEN = 1_561_977_296  # 2019-07-01 10:34:56 UTC, in Sydney 20:34:56
SYDNEY = (-33.8567844, 151.213108)
PEOPLE = ["Zoë 🎉", "王芳", "O\"Brien $5 @home &amp; 'co'", "a\n-if\nsystem('touch PWNED')"]
PLAIN_PEOPLE = [name.replace("&amp;", "&") for name in PEOPLE]
"""As they are written: Google's escapes count once."""
TEXT = "x\n-if\nsystem('touch PWNED')\n \"q\" $5 @here &amp; <b> 🎉 中文 é"
PLAIN_TEXT = TEXT.replace("&amp;", "&")
HOUSEKEEPING = {"System", "File", "ExifTool", "Composite"}

pytestmark = pytest.mark.exiftool


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[dict[str, Any]]]:
    """Export, output, and the JSON lines of the run."""
    root = tmp_path_factory.mktemp("samples")
    folder = root / "Takeout" / "Google Photos" / "Photos from 2019"
    folder.mkdir(parents=True)
    for name in MAKERS:
        (folder / f"made-{name}{FORMATS[name].extensions[0]}").write_bytes(make(name))
    for path in sorted(SHARED.rglob("*")) if SHARED.is_dir() else []:
        if path.is_file() and path.suffix != ".md":
            shutil.copyfile(path, folder / path.name)
    for path in sorted(folder.iterdir()):
        said = sidecar(path.name, taken=TAKEN, place=SYDNEY, people=PEOPLE, description=TEXT, favorited=True)
        (folder / sidecar_name(path.name)).write_text(json.dumps(said))
    return root, root / "out", run(root, root / "out")


def run(root: Path, out: Path, *more: str) -> list[dict[str, Any]]:
    command = [
        sys.executable,
        "-m",
        "pef_tui",
        "--batch",
        "--json",
        "--no-config",
        str(root / "Takeout"),
        "-o",
        str(out),
    ]
    done = subprocess.run([*command, *more], capture_output=True, check=False, cwd=root)
    assert done.returncode in (0, 3), done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


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
    return root / "Takeout" / line["source"]


def test_every_file_is_accounted_for(fixed: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    root, _, lines = fixed
    found = {
        str(path.relative_to(root / "Takeout")) for path in (root / "Takeout").rglob("*") if path.is_file()
    }
    told = [line["source"] for line in lines if line["type"] in ("media", "json", "other")]
    assert sorted(told) == sorted(found)
    summary = lines[-1]
    assert summary["found"] == len(found)
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


def test_tags_read_back(fixed: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    _root, out, lines = fixed
    for line in media(lines, "written"):
        (after,) = tags(out / line["output"])
        name = Path(line["source"]).name
        conflicts = {each["unit"] for each in line["conflicts"]}
        assert PEOPLE[0] in after["XMP-iptcExt:PersonInImage"], name
        names = {name for name in PLAIN_PEOPLE if "\n" not in name}
        assert names <= set(after["XMP-dc:Subject"]), name
        if "description" not in conflicts:
            assert after["XMP-dc:Description"] in (PLAIN_TEXT, {"x-default": PLAIN_TEXT}), name
        if "place" not in conflicts and "GPS" in str(line["tags"]):
            group = "XMP-exif" if _xmp_only(line) else "Composite"
            assert after[f"{group}:GPSLatitude"] == pytest.approx(SYDNEY[0], abs=2e-5), name
            assert after[f"{group}:GPSLongitude"] == pytest.approx(SYDNEY[1], abs=2e-5), name
        if "EXIF:DateTimeOriginal" in line["tags"] and not _xmp_only(line):
            assert after["ExifIFD:DateTimeOriginal"] == "2019:07:01 20:34:56", name
            assert after["ExifIFD:OffsetTimeOriginal"] == "+10:00", name
        if "QuickTime:CreateDate" in line["tags"]:
            assert after["QuickTime:CreateDate"] == "2019:07:01 10:34:56", name
            assert after["Keys:CreationDate"] == "2019:07:01 20:34:56+10:00", name


def _xmp_only(line: dict[str, Any]) -> bool:
    """A format that holds XMP only, or a file too damaged for more, which a warning says."""
    return line["source"].endswith(".gif") or any("only XMP" in warning for warning in line["warnings"])


def test_xmp_files_say_it_all(fixed: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    root, out, lines = fixed
    beside = media(lines, "sidecar")
    assert beside
    for line in beside:
        output = out / line["output"]
        assert output.read_bytes() == source(root, line).read_bytes()
        (said,) = tags(output.with_name(output.name + ".xmp"))
        if "description" not in {each["unit"] for each in line["conflicts"]}:
            assert said["XMP-dc:Description"] in (PLAIN_TEXT, {"x-default": PLAIN_TEXT})
        assert PEOPLE[1] in said["XMP-iptcExt:PersonInImage"]


def test_nothing_else_changed(fixed: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    """Maker notes and every other tag read the same before and after."""
    root, out, lines = fixed
    changed = {}
    for line in media(lines, "written"):
        before, after = tags(source(root, line))[0], tags(out / line["output"])[0]
        gone = {
            tag: (value, after.get(tag))
            for tag, value in before.items()
            if ":" in tag
            and tag.partition(":")[0] not in HOUSEKEEPING
            and after.get(tag) != value
            and not _ours(tag, line)
        }
        if gone:
            changed[line["source"]] = gone
    assert changed == {}


def _ours(tag: str, line: dict[str, Any]) -> bool:
    """Tags meant to change, and the bookkeeping ExifTool does with them (offsets, lengths, toolkit names)."""
    name = tag.partition(":")[2]
    edited = {each.partition(":")[2] for each in line["tags"]}
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
        before, after = source(root, line).read_bytes(), (out / line["output"]).read_bytes()
        form = detect(before[:HEAD])
        assert form is not None
        if form.name == "jpeg":
            assert scan(before) == scan(after), line["source"]
            compared += 1
    assert compared


def scan(jpeg: bytes) -> bytes:
    """Hash of a JPEG from its first scan to the end of the image."""
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
    before = inodes(out)
    again = run(root, out)
    assert {line["outcome"] for line in media(again)} == {"unchanged"}
    assert inodes(out) == before


def test_the_outputs_as_sources_need_nothing(fixed: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    """What was written is recognised as right: the same sidecars over the fixed files change nothing."""
    root, out, lines = fixed
    again = root / "again" / "Takeout" / "Google Photos" / "Photos from 2019"
    again.mkdir(parents=True)
    for line in media(lines, "written"):
        if line["output"].endswith(".jpg") and _xmp_only(line):
            continue  # what it could not hold is wanted again
        shutil.copyfile(out / line["output"], again / Path(line["output"]).name)
    for path in sorted(again.iterdir()):
        said = sidecar(path.name, taken=TAKEN, place=SYDNEY, people=PEOPLE, description=TEXT, favorited=True)
        (again / sidecar_name(path.name)).write_text(json.dumps(said))
    told = run(root / "again", root / "again-out")
    wrong = {Path(line["source"]).name: line["tags"] for line in media(told) if line["outcome"] != "copied"}
    assert wrong == {}


def inodes(out: Path) -> dict[str, tuple[int, int, int]]:
    return {
        str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_size)
        for path in out.rglob("*")
        if path.is_file() and ".pef-tui" not in path.parts
    }
