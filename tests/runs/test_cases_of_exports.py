"""The larger cases of names, tags and lost files, if they are present: run each script, write each picture."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import Line, media, outcomes, run_here

from pef_tui.xmp import read

CASES = Path(__file__).parents[2].parent / "shared" / "cases"
YEAR = "Google Photos/Photos from 2019"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.exiftool,
    pytest.mark.skipif(not CASES.is_dir(), reason="no ../shared here"),
]


# -- pictures


def written_lines(tmp_path: Path, folder: str, *options: str) -> dict[str, Line]:
    """Return the media lines of one run by name. Check that its preview is equal, and that a second run writes
    nothing.
    """
    source, out = tmp_path / "Takeout", tmp_path / "out"
    shutil.copytree(CASES / "tags" / folder, source / YEAR)
    foreseen = outcomes(run_here(source, out, "-n", *options))
    lines = run_here(source, out, "--verify", "100", *options)
    assert outcomes(lines) == foreseen
    second_run = media(run_here(source, out, *options)).values()
    assert {line["outcome"] for line in second_run} == {"unchanged"}
    return {Path(name).name: line for name, line in media(lines).items()}


def pair(tmp_path: Path, line: Line) -> tuple[bytes, bytes]:
    """Return the bytes of a picture and of its output."""
    return (tmp_path / "Takeout" / line["source"]).read_bytes(), (
        tmp_path / "out" / line["output"]
    ).read_bytes()


def tags(path: Path, *options: str) -> dict[str, object]:
    result = subprocess.run(
        ["exiftool", "-j", "-G1", "-n", *options, str(path)], capture_output=True, check=False
    )
    [process] = json.loads(result.stdout)
    return dict(process)


def test_a_motion_photo_keeps_its_film(tmp_path: Path) -> None:
    state_before, state_after = pair(tmp_path, written_lines(tmp_path, "samsung")["a.heic"])
    film = state_before.index(b"mpvd") - 4
    assert state_after != state_before and state_after.endswith(state_before[film:])


def test_a_packet_keeps_its_prefixes(tmp_path: Path) -> None:
    _, state_after = pair(tmp_path, written_lines(tmp_path, "xmp_prefix")["xap.jpg"])
    assert (
        b"xap:Rating" in state_after and b"xmp:Rating" not in state_after and b"xmlns:xmp=" not in state_after
    )


@pytest.mark.parametrize("existing", ["fill", "overwrite"])
def test_a_clock_that_is_right_stays_right(tmp_path: Path, existing: str) -> None:
    options = ("--timezone", "Asia/Shanghai", "--existing", existing, "--layout", "{date}/{name}")
    line = written_lines(tmp_path, "z1_layout", *options)["IMG_0001.JPG"]
    assert (line["output"], line["conflicts"]) == ("2025-12-27/IMG_0001.JPG", [])
    output = tmp_path / "out" / line["output"]
    actual = tags(output, "-time:all")
    assert actual["ExifIFD:DateTimeOriginal"] == "2025:12:27 22:00:00"
    assert actual["ExifIFD:OffsetTimeOriginal"] == "+08:00"
    assert output.stat().st_mtime == 1766844000  # 2025-12-27 22:00:00 in Shanghai


def test_an_offset_against_the_place_is_a_conflict(tmp_path: Path) -> None:
    line = written_lines(tmp_path, "z3_shift", "--existing", "overwrite")["japan_shift7.jpg"]
    assert line["tags"]["EXIF:DateTimeOriginal"] == "2019:07:02 02:00:00"
    assert line["tags"]["EXIF:OffsetTimeOriginal"] == "+09:00"


@pytest.mark.parametrize("existing", ["fill", "overwrite"])
def test_fields_of_iptc_stay(tmp_path: Path, existing: str) -> None:
    lines = written_lines(tmp_path, "iptc", "--existing", existing)
    for name, extra in {"ascii.jpg": [b"Ann"], "nothing_to_add.jpg": []}.items():
        state_before, state_after = (_datasets(data) for data in pair(tmp_path, lines[name]))
        assert state_after == state_before + [(b"\x02\x19", value) for value in extra], name


def _datasets(jpeg: bytes) -> list[tuple[bytes, bytes]]:
    block = jpeg[jpeg.index(b"8BIM\x04\x04") + 12 :]
    results, at = [], 0
    while block[at] == 0x1C:
        end = at + 5 + int.from_bytes(block[at + 3 : at + 5], "big")
        results.append((block[at + 1 : at + 3], block[at + 5 : end]))
        at = end
    return results


def test_a_signed_png_keeps_its_date(tmp_path: Path) -> None:
    lines = written_lines(tmp_path, "c2pa_png")
    for name, line in lines.items():
        state_before, state_after = pair(tmp_path, line)
        signed = state_before[state_before.index(b"caBX") - 4 :][: 12 + 101]
        assert line["writer"] == "native" and signed in state_after, name
    _, dated = pair(tmp_path, lines["dated.png"])
    assert b"2015:05:05 10:00:00" in dated and lines["dated.png"]["conflicts"][0]["unit"] == "date"


@pytest.mark.parametrize("options", [(), ("--xmp", "never")])
def test_damaged_blocks_lose_no_tags(tmp_path: Path, options: tuple[str, ...]) -> None:
    source, out = tmp_path / "Takeout", tmp_path / "out"
    shutil.copytree(CASES / "tags" / "damaged", source / YEAR)
    lines = media(run_here(source, out, *options, status=3 if options else 0))
    assert len(lines) == 6
    for name, line in lines.items():
        output = out / line["output"]
        xmp_file = output.with_name(output.name + ".xmp")
        inside = tags(output, "-XMP-iptcExt:PersonInImage").get("XMP-iptcExt:PersonInImage")
        existing = xmp_file.exists() and "Ann" in str(
            read(xmp_file.read_bytes())["XMP-iptcExt:PersonInImage"]
        )
        assert (line["outcome"] == "failed" and line["reason"] and options) or inside == "Ann" or existing, (
            name
        )
        assert line["outcome"] in ("written", "sidecar", "failed")


# -- scripts


def printed_by(script: str) -> str:
    """Return the output of a script."""
    path, environment = CASES / script, os.environ | {"PY": sys.executable}
    environment["PEF"] = str(Path(sys.executable).with_name("pef-tui"))
    command = ["bash", str(path)] if path.suffix == ".sh" else [sys.executable, str(path)]
    result = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode().replace("Takeout/Google Photos/", "").replace("Photos from 2019/", "")


NEW = ".supplemental-metadata.json"
SCRIPTS: dict[str, tuple[list[str], list[str]]] = {
    # text that is printed, and text that is not
    "names/case-1.sh": (
        [
            "None None | unmatched",
            f"IMG_0001.MP4 | live IMG_0001.HEIC{NEW}",
            f"IMG_0001.MP4 | exact IMG_0001.MP4{NEW}",
        ],
        ["elsewhere", "failed"],
    ),
    "names/case-2.sh": (
        ["IMG_0001(1).jpg | None None | unmatched", f"json Trip/IMG_0001.jpg{NEW} used"],
        ["orphan"],
    ),
    "names/case-3.sh": (
        ["IMG_0001.jpg | None None | unmatched", "what an earlier run put there is removed"],
        [],
    ),
    "names/case-4.sh": (
        ["out Trip/a.jpg", "out Trip/b.jpg", "Subject                         : Trip to the lake"],
        ["orphan"],
    ),
    "names/case-5.sh": (["'media': {'written': 1}"], ["out ._a", "invalid", "'media': {'written': 2}"]),
    "names/case-6.sh": (["'media': {'unchanged': 2}"], []),
    "names/case-7.sh": (
        ["written 2019-10-25T04:21:36+00:00", "written 2019-07-01T10:34:56+00:00"],
        ["unmatched"],
    ),
    "names/case-8.sh": (["'media': {'written': 2}, 'json': {'used': 2, 'album': 1}"], ["orphan", " (2)"]),
    "names/case-9.sh": (["reading the 3 parts of an export", "'media': {'written': 4}"], []),
    "names/case-10.sh": (["1 trip/a.jpg | exact 1 trip/a.jpg"], ["-> 1 trip/a.jpg"]),
    "names/case-11.sh": (["| written"], ["failed", "back\\", "'written': 2"]),
    "names/case-12.sh": (
        ["'media': {'written': 3}, 'json': {'used': 3}", "'media': {'copied': 3}"],
        ["unmatched"],
    ),
    "names/case-13.sh": (["120000123.MV | motion PXL_20200801_120000123.MV.jpg"], ["unmatched"]),
    "names/case-14.sh": (["'media': {'written': 4}"], ["unmatched"]),
    "names/case-15.sh": (["json Takeout/Keep/Shopping.json other"], ["Shopping.json album"]),
    "names/case-16.sh": (["-> Q & A.jpg", ": Tom & Jerry's", ": Salt & pepper <3"], ["invalid", "failed"]),
    "names/case-17.sh": (["{'unmatched': 1000}"], []),
    "names/case-18.sh": (
        [
            "IMG_1234(1).MP4 | live IMG_1234.HEIC.supplemental-metadata.json",
            "IMG_1234.MP4 | live IMG_1234.HEIC.supplemental-metadata(1).json",
        ],
        ["IMG_1234.MP4 | live IMG_1234.HEIC.supplemental-metadata.json"],
    ),
    "names/case-19.sh": (["excluded  in the locked folder"], ["written"]),
    "lost/f1_two_exports_one_dest.py": (["A still in DEST: [b'IMG_0001.jpg']"], []),
    "lost/f1_variants.py": (
        ["b'2019/a.jpg': [b'PIC-A']", "b'a (2).jpg': [b'PIC-B'], b'a.jpg': [b'PIC-A']"],
        [],
    ),
    "lost/f3_duplicate_of_failed.py": (["b'a (2).jpg'"], ["in DEST at []"]),
    "lost/f4_undo_damaged_record.py": (
        ["undo rc 1", "still not as they were: 1 of 40", "second undo: 1"],
        [],
    ),
    "lost/f6_retry_failed_hides.py": (["files in DEST 6 of 6", "a plain run 0 {'written': 6}"], []),
    "lost/f7_hard_links_replace.py": (["--hard-links replace: 0 {'written': 3}"], []),
    # lost/f10_inplace_symlinked_own.py imports private names; test_own_state.py has its cases
    "lost/f11_forget_killed.py": (["--undo last: 0 3 files restored"], []),
    "lost/f14_long_numbered.py": (["0 {'unchanged': 3}"], ["failed"]),
    "lost/f16_unchanged_first_rung.py": (
        ["{'sidecar': 4, 'written': 1}"],
        ["'copied'", "people there: False"],
    ),
    "lost/f18_zip_directory_damaged.py": (["exit 3 found 40 {'written': 20}"], ["exit 0"]),
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_prints_what_is_right(script: str) -> None:
    printed = printed_by(script)
    expected, wrong = SCRIPTS[script]
    assert [text for text in expected if text not in printed] == [], printed
    assert [text for text in wrong if text in printed] == [], printed
