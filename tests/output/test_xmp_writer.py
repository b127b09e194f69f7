from __future__ import annotations

import os
from pathlib import Path

import pytest

from pef_tui.hooks import Staged, Written
from pef_tui.model import FileMetadata, Match, MediaFile, Plan, TagEdit
from pef_tui.output.xmp_writer import LARGEST, write_xmp_file, xmp_writer
from pef_tui.testing.jpeg import xmp_packet
from pef_tui.xmp import merge, read

EDITS = (
    TagEdit("EXIF:DateTimeOriginal", "2019:07:01 12:34:56", unit="date"),
    TagEdit("EXIF:OffsetTimeOriginal", "+02:00", unit="date"),
    TagEdit("XMP-dc:Subject", ("Anna",), "merge"),
    TagEdit("XMP-dc:Description", "mine"),
)


def plan(format: str, edits: tuple[TagEdit, ...] = EDITS) -> Plan:
    media = MediaFile(0, "a/film.avi", 4, 0)
    return Plan(Match(media, "a", metadata=FileMetadata(format)), "sidecar", edits, writer="xmp")


def write(path: Path, edits: tuple[TagEdit, ...] = EDITS) -> Written:
    session = xmp_writer().open()
    (answer,) = session.write([Staged(plan("avi", edits), str(path))])
    session.close()
    return answer


@pytest.fixture
def media(tmp_path: Path) -> Path:
    path = tmp_path / "7.avi"
    path.write_bytes(b"RIFF")
    return path


def xmp_file_of(media: Path) -> Path:
    return media.with_name(media.name + ".xmp")


@pytest.mark.parametrize(
    ("format", "every", "accepted"),
    [
        ("avi", False, True),
        ("nef", False, True),
        ("", False, True),
        ("jpeg", False, False),
        ("gif", False, False),
        ("jpeg", True, True),
    ],
)
def test_which_formats_it_takes(format: str, every: bool, accepted: bool) -> None:
    assert xmp_writer(every=every).accepts(plan(format)) is accepted


def test_nothing_that_xmp_can_hold() -> None:
    assert not xmp_writer(every=True).accepts(plan("avi", ()))
    assert not xmp_writer(every=True).accepts(plan("avi", (TagEdit("IPTC:Keywords", ("a",)),)))


def test_tags_go_beside_and_the_media_stays(media: Path) -> None:
    assert write(media) == Written("sidecar")
    assert media.read_bytes() == b"RIFF"
    assert read(xmp_file_of(media).read_bytes()) == {
        "XMP-exif:DateTimeOriginal": "2019:07:01 12:34:56+02:00",
        "XMP-dc:Subject": ("Anna",),
        "XMP-dc:Description": "mine",
    }
    assert sorted(path.name for path in media.parent.iterdir()) == ["7.avi", "7.avi.xmp"]


def test_an_xmp_file_that_is_there_is_completed(media: Path) -> None:
    existing = merge(None, [TagEdit("XMP-dc:Subject", ("Bo",)), TagEdit("XMP-dc:Description", "theirs")])
    xmp_file_of(media).write_bytes(existing)
    assert write(media) == Written("sidecar")
    actual = read(xmp_file_of(media).read_bytes())
    assert actual["XMP-dc:Subject"] == ("Bo", "Anna")
    assert actual["XMP-dc:Description"] == "theirs"
    assert actual["XMP-exif:DateTimeOriginal"] == "2019:07:01 12:34:56+02:00"
    stat_before = xmp_file_of(media).stat()
    assert write(media) == Written("sidecar")
    assert os.path.samestat(stat_before, xmp_file_of(media).stat())


@pytest.mark.parametrize("content", [b"", b"not XMP", xmp_packet()[:-40], bytes(LARGEST + 1)], ids=len)
def test_a_broken_xmp_file_is_left_unchanged(media: Path, content: bytes) -> None:
    xmp_file_of(media).write_bytes(content)
    answer = write(media)
    assert answer.outcome == "unchanged"
    assert "left as it is" in answer.warnings[0]
    assert xmp_file_of(media).read_bytes() == content


def test_links_and_pipes_are_not_followed(media: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    xmp_file_of(media).symlink_to(outside)
    assert write(media).outcome == "failed"
    assert not outside.exists()
    xmp_file_of(media).unlink()
    os.mkfifo(xmp_file_of(media))
    assert write(media).outcome == "unchanged"


def test_tags_without_a_place_in_xmp_are_named(media: Path) -> None:
    answer = write(media, (*EDITS, TagEdit("EXIF:Foo", "x"), TagEdit("XMP-foo:Bar", "x")))
    assert answer == Written("sidecar", "", ("XMP cannot hold EXIF:Foo, XMP-foo:Bar",))


def test_the_reason_of_a_caller_is_passed_on(media: Path) -> None:
    assert write_xmp_file(str(media), EDITS, "damaged: x", ["a"]) == Written("sidecar", "damaged: x", ("a",))


def test_a_full_disk_is_not_the_files_fault(media: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    missing = media.parent / "gone" / "7.avi"
    answer = write_xmp_file(str(missing), EDITS)
    assert (answer.outcome, answer.temporary) == ("failed", True)
