"""Inputs for the tests of the writer `exiftool`: edits, and files to write them into."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pef_tui.formats import detect
from pef_tui.hooks import Staged
from pef_tui.model import FileMetadata, Match, MediaFile, Plan, TagEdit, Value

EXIFTOOL = shutil.which("exiftool") or "exiftool"
needs_exiftool = [
    pytest.mark.exiftool,
    pytest.mark.skipif(
        shutil.which("exiftool") is None and not os.environ.get("CI"), reason="ExifTool is not installed"
    ),
]

TEXT = "Ümlaut 😀 東京 \"q\" $5 @x &amp; 'y'\nsecond line\n-if\nsystem('touch PWNED')"
EXIF: dict[str, Value] = {
    "EXIF:DateTimeOriginal": "2019:07:01 12:34:56",
    "EXIF:CreateDate": "2019:07:01 12:34:56",
    "EXIF:OffsetTimeOriginal": "+02:00",
    "EXIF:OffsetTimeDigitized": "+02:00",
    "EXIF:GPSLatitude": -33.8612,
    "EXIF:GPSLongitude": -151.25,
    "EXIF:GPSAltitude": -3.5,
    "EXIF:ImageDescription": TEXT,
}
XMP: dict[str, Value] = {
    "XMP-photoshop:DateCreated": "2019:07:01 12:34:56+02:00",
    "XMP-dc:Description": TEXT,
    "XMP-dc:Subject": ("Ann", "Bœuf, Bob"),
    "XMP-iptcExt:PersonInImage": ("Ann", "Bœuf, Bob"),
    "XMP-lr:HierarchicalSubject": ("People|Ann", "People|Bœuf, Bob"),
    "XMP-digiKam:TagsList": ("People/Ann", "People/Bœuf, Bob"),
    "XMP-xmp:Rating": 5,
}
FILM: dict[str, Value] = {
    "QuickTime:CreateDate": "2019:07:01 10:34:56",
    "QuickTime:ModifyDate": "2019:07:01 10:34:56",
    "QuickTime:TrackCreateDate": "2019:07:01 10:34:56",
    "QuickTime:MediaCreateDate": "2019:07:01 10:34:56",
    "Keys:CreationDate": "2019:07:01 12:34:56+02:00",
    "Keys:GPSCoordinates": "-33.8612, -151.25, -3.5",
    "UserData:GPSCoordinates": "-33.8612, -151.25, -3.5",
    "ItemList:GPSCoordinates": "-33.8612, -151.25, -3.5",
    "Keys:Description": TEXT,
    "ItemList:Description": TEXT,
}
XMP_ONLY: dict[str, Value] = XMP | {
    "XMP-exif:DateTimeOriginal": "2019:07:01 12:34:56+02:00",
    "XMP-xmp:CreateDate": "2019:07:01 12:34:56+02:00",
    "XMP-exif:GPSLatitude": -33.5,
    "XMP-exif:GPSLongitude": -151.25,
    "XMP-tiff:ImageDescription": TEXT,
}
FORMATS_WRITTEN = [
    *("jpeg", "tiff", "dng", "psd", "jp2", "heic", "heif", "avif", "webp", "png", "jxl"),
    *("mp4", "mov", "m4v", "3gp", "3g2", "gif", "cr2", "nef", "arw"),
]
WANTED = {"exif": EXIF | XMP, "raw": EXIF | XMP, "quicktime": FILM | XMP, "xmp": XMP_ONLY}


def stage(path: Path, content: bytes, tags: dict[str, Value], state: FileMetadata | None = None) -> Staged:
    path.write_bytes(content)
    actual = detect(content)
    state = state or FileMetadata(format=actual.name if actual else "jpeg")
    match = Match(MediaFile(0, "hostile\n-name.jpg", len(content), 0), "", metadata=state)
    return Staged(
        Plan(match, "written", tuple(TagEdit(tag, value) for tag, value in tags.items())), str(path)
    )


def xmp_files_of(path: Path) -> list[str]:
    """Return the names of all files in the staging folder, except the copy and the files of a test's stand-in."""
    return sorted(file.name for file in path.parent.iterdir() if file != path)
