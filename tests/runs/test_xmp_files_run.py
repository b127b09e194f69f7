"""XMP files beside the media, in the sources and in the output, with the whole command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from commands import lines_of, media_by_name, run_apart

from pef_tui.testing import Exif, Item, jpeg, make, sidecar, takeout, xmp_packet
from pef_tui.xmp import read

pytestmark = pytest.mark.exiftool

FOLDER = "Photos from 2019/"
DC = {"dc": "http://purl.org/dc/elements/1.1/", "digiKam": "http://www.digikam.org/ns/1.0/"}
MINE = xmp_packet(
    "<dc:description><rdf:Alt><rdf:li xml:lang='x-default'>mine</rdf:li></rdf:Alt></dc:description>"
    "<dc:subject><rdf:Bag><rdf:li>Berlin</rdf:li></rdf:Bag></dc:subject><digiKam:PickLabel>2</digiKam:PickLabel>",
    **DC,
)
SAID = sidecar("a.jpg", people=["Ana"], description="theirs", place=(48.85, 2.35))


def run(root: Path, *options: str, code: int = 0) -> dict[str, Any]:
    """Run over an export in `root`. Return the JSON lines of media, by name."""
    result = run_apart(root / "Takeout", root / "out", *options)
    assert result.returncode == code, result.stderr.decode()
    lines = lines_of(result)
    return media_by_name(lines) | {"summary": lines[-1]}


def said(root: Path, name: str) -> dict[str, Any]:
    return dict(read((root / "out" / FOLDER / name).read_bytes()))


def files(root: Path) -> dict[str, bytes]:
    out = root / "out"
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and ".pef-tui" not in path.parts
    }


def test_a_file_beside_is_completed_and_the_picture_does_not_contradict_it(tmp_path: Path) -> None:
    takeout(tmp_path, {FOLDER + "a.jpg": SAID, FOLDER + "a.jpg.xmp": MINE})
    lines = run(tmp_path)
    assert lines["a.jpg"]["outcome"] == "written"
    assert [conflict["unit"] for conflict in lines["a.jpg"]["conflicts"]] == ["description"]
    xmp_file = said(tmp_path, "a.jpg.xmp")
    assert xmp_file["XMP-dc:Description"] == "mine"
    assert xmp_file["XMP-dc:Subject"] == ("Berlin", "Ana")
    assert xmp_file["XMP-digiKam:PickLabel"] in (2, "2")
    assert xmp_file["XMP-exif:GPSLatitude"] == pytest.approx(48.85, abs=1e-6)
    assert b"theirs" not in b"".join(files(tmp_path).values())
    assert b"Berlin" in files(tmp_path)[FOLDER + "a.jpg"]
    assert lines["summary"]["other"] == 1  # counted, and unchanged
    state_before = files(tmp_path)
    assert run(tmp_path)["a.jpg"]["outcome"] == "unchanged"
    assert files(tmp_path) == state_before


def test_a_changed_file_beside_is_taken_again(tmp_path: Path) -> None:
    takeout(tmp_path, {FOLDER + "a.jpg": SAID, FOLDER + "a.jpg.xmp": MINE})
    run(tmp_path)
    path = tmp_path / "Takeout" / "Google Photos" / FOLDER / "a.jpg.xmp"
    path.write_bytes(MINE.replace(b"mine", b"ours"))
    assert run(tmp_path)["a.jpg"]["outcome"] == "written"
    assert said(tmp_path, "a.jpg.xmp")["XMP-dc:Description"] == "ours"


def test_overwriting_reaches_both(tmp_path: Path) -> None:
    takeout(
        tmp_path,
        {FOLDER + "a.jpg": SAID, FOLDER + "a.xmp": MINE, FOLDER + "a.cr2": SAID | {"title": "a.cr2"}},
    )
    lines = run(tmp_path, "--existing", "overwrite")
    assert lines["a.cr2"]["outcome"] == "sidecar"  # the short name belongs to the raw picture
    assert said(tmp_path, "a.cr2.xmp")["XMP-dc:Description"] == "theirs"
    assert said(tmp_path, "a.cr2.xmp")["XMP-dc:Subject"] == ("Berlin", "Ana")
    assert FOLDER + "a.jpg.xmp" not in files(tmp_path)


def test_a_broken_one_is_left_and_reported(tmp_path: Path) -> None:
    takeout(tmp_path, {FOLDER + "a.jpg": SAID, FOLDER + "a.jpg.xmp": b"<x:xmpmeta"})
    line = run(tmp_path)["a.jpg"]
    assert line["outcome"] == "written"
    assert any("XMP file beside it is left as it is" in warning for warning in line["warnings"])
    assert files(tmp_path)[f"{FOLDER}a.jpg.xmp"] == b"<x:xmpmeta"


def test_a_picture_whose_tags_only_a_broken_one_could_hold_fails(tmp_path: Path) -> None:
    takeout(tmp_path, {FOLDER + "a.cr2": SAID | {"title": "a.cr2"}, FOLDER + "a.cr2.xmp": b"<x:xmpmeta"})
    line = run(tmp_path, code=3)["a.cr2"]
    assert line["outcome"] == "failed"
    assert line["reason"].startswith(
        "its tags have no place: the XMP file beside it is left as it is: XMP is not"
    )


def test_media_without_a_sidecar_take_theirs_along(tmp_path: Path) -> None:
    takeout(tmp_path, {FOLDER + "a.jpg": None, FOLDER + "a.jpg.xmp": MINE})
    assert run(tmp_path)["a.jpg"]["outcome"] == "unmatched"
    assert files(tmp_path)[FOLDER + "a.jpg.xmp"] == MINE


def test_always_writes_one_that_agrees_with_the_picture(tmp_path: Path) -> None:
    camera = Exif(date="2018:01:01 09:30:00", description="")
    takeout(
        tmp_path,
        {
            FOLDER + "a.jpg": SAID,
            FOLDER + "camera.jpg": Item(SAID | {"title": "camera.jpg"}, jpeg(1, exif=camera)),
            FOLDER + "film.mp4": Item(SAID | {"title": "film.mp4"}, make("mp4")),
            FOLDER + "bare.jpg": None,
        },
    )
    lines = run(tmp_path, "--xmp", "always")
    assert {name: lines[name]["outcome"] for name in ("a.jpg", "camera.jpg", "film.mp4", "bare.jpg")} == {
        "a.jpg": "written",
        "camera.jpg": "written",
        "film.mp4": "written",
        "bare.jpg": "unmatched",
    }
    for name in ("a.jpg", "film.mp4"):
        xmp_file = said(tmp_path, name + ".xmp")
        assert xmp_file["XMP-exif:DateTimeOriginal"].startswith("2019:07:01 12:34:56"), name
        assert xmp_file["XMP-iptcExt:PersonInImage"] == ("Ana",)
    retained = said(
        tmp_path, "camera.jpg.xmp"
    )  # the camera's date is kept: its XMP file must not have another
    assert not any("Date" in tag for tag in retained), retained
    assert FOLDER + "bare.jpg.xmp" not in files(tmp_path)
    state_before = files(tmp_path)
    assert {run(tmp_path, "--xmp", "always")[name]["outcome"] for name in ("a.jpg", "film.mp4")} == {
        "unchanged"
    }
    assert files(tmp_path) == state_before


def test_never_writes_none(tmp_path: Path) -> None:
    takeout(tmp_path, {FOLDER + "a.cr2": SAID | {"title": "a.cr2"}, FOLDER + "a.jpg": SAID})
    lines = run(tmp_path, "--xmp", "never")
    assert lines["a.cr2"]["outcome"] == "copied"
    assert lines["a.jpg"]["outcome"] == "written"
    assert not [name for name in files(tmp_path) if name.endswith(".xmp")]


def test_short_names_where_no_one_else_has_them(tmp_path: Path) -> None:
    takeout(
        tmp_path, {FOLDER + "a.jpg": SAID, FOLDER + "a.png": SAID | {"title": "a.png", "description": "x"}}
    )
    short = ("--xmp", "always", "--xmp-name", "short")
    run(tmp_path, *short)
    names = sorted(name for name in files(tmp_path) if name.endswith(".xmp"))
    assert names == [FOLDER + "a.png.xmp", FOLDER + "a.xmp"]
    assert said(tmp_path, "a.xmp")["XMP-dc:Description"] == "theirs"
    state_before = files(tmp_path)
    assert run(tmp_path, *short)["a.png"]["outcome"] == "unchanged"
    run(tmp_path, *short, "--force")
    assert files(tmp_path) == state_before


def test_another_naming_moves_them(tmp_path: Path) -> None:
    takeout(tmp_path, {FOLDER + "a.cr2": SAID | {"title": "a.cr2"}})
    run(tmp_path)
    assert FOLDER + "a.cr2.xmp" in files(tmp_path)
    run(tmp_path, "--xmp-name", "short")
    assert sorted(files(tmp_path)) == [FOLDER + "a.cr2", FOLDER + "a.xmp"]
