"""The writer `exiftool` with the real ExifTool: correct values in every class, and the fallbacks for damaged files."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from exiftool_cases import (
    EXIF,
    EXIFTOOL,
    FILM,
    FORMATS_WRITTEN,
    TEXT,
    WANTED,
    XMP,
    needs_exiftool,
    stage,
    xmp_files_of,
)

from pef_tui.exiftool import ExifToolProcess
from pef_tui.formats import FORMATS, detect
from pef_tui.hooks import Staged, WriterSession, Written
from pef_tui.model import FileMetadata, Value
from pef_tui.output.exiftool_writer import exiftool_writer
from pef_tui.readers.exiftool_reader import read_metadata
from pef_tui.testing.jpeg import iptc_block, jpeg, motion_photo
from pef_tui.testing.media import make


@pytest.fixture(scope="module")
def session() -> Iterator[WriterSession]:
    stream = exiftool_writer(EXIFTOOL).open()
    yield stream
    stream.close()


@pytest.fixture(scope="module")
def process() -> Iterator[ExifToolProcess]:
    with ExifToolProcess(EXIFTOOL) as running:
        yield running


class TestWithExifTool:
    pytestmark = needs_exiftool

    def write(self, session: WriterSession, staged: Staged) -> Written:
        (outputs,) = session.write([staged])
        return outputs

    @pytest.mark.parametrize("format", FORMATS_WRITTEN)
    def test_every_tag_of_each_class_reads_back(
        self, session: WriterSession, process: ExifToolProcess, tmp_path: Path, format: str
    ) -> None:
        expected = WANTED[FORMATS[format].cls]
        path = tmp_path / f"1{(FORMATS[format].extensions or ('.bin',))[0]}"
        assert self.write(session, stage(path, make(format), expected)) == Written("written")
        (state,) = read_metadata(process, [(str(path), 1)])
        actual = {tag: state.tags.get(tag) for tag in expected}
        for tag, value in expected.items():
            if isinstance(value, float):
                assert actual[tag] == pytest.approx(value, abs=1e-6), tag
            else:
                assert actual[tag] == value, tag
        assert xmp_files_of(path) == []

    def test_a_folder_whose_name_is_not_utf8(
        self, session: WriterSession, process: ExifToolProcess, tmp_path: Path
    ) -> None:
        folder = tmp_path / os.fsdecode(b"caf\xe9 - x")
        folder.mkdir()
        path = folder / "1.jpg"
        assert self.write(session, stage(path, jpeg(), XMP)) == Written("written")
        assert xmp_files_of(path) == []
        with path.open("rb") as file:
            (state,) = read_metadata(process, [(f"/proc/{os.getpid()}/fd/{file.fileno()}", 1)])
        assert state.tags == XMP

    def test_a_picture_keeps_its_image_data(self, session: WriterSession, tmp_path: Path) -> None:
        path, content = tmp_path / "1.jpg", jpeg(3)
        assert self.write(session, stage(path, content, EXIF | XMP)).outcome == "written"
        scan = content[content.index(b"\xff\xda") :]
        assert path.read_bytes().endswith(scan)

    def test_the_film_of_a_motion_photo_stays(self, session: WriterSession, tmp_path: Path) -> None:
        path, film = tmp_path / "1.jpg", make("mp4")
        assert self.write(session, stage(path, motion_photo(film), EXIF | XMP)).outcome == "written"
        assert path.read_bytes().endswith(film)

    def test_several_files_each_get_their_own(
        self, session: WriterSession, process: ExifToolProcess, tmp_path: Path
    ) -> None:
        paths = [tmp_path / f"{number}.jpg" for number in range(3)]
        staged = [stage(path, jpeg(), {"XMP-dc:Description": path.name}) for path in paths]
        assert [result.outcome for result in session.write(staged)] == ["written"] * 3
        states = read_metadata(process, [(str(path), 1) for path in paths])
        assert [state.tags["XMP-dc:Description"] for state in states] == [path.name for path in paths]

    def test_lists_are_written_whole_and_none_removes(
        self, session: WriterSession, process: ExifToolProcess, tmp_path: Path
    ) -> None:
        path = tmp_path / "1.jpg"
        self.write(session, stage(path, jpeg(), {"XMP-dc:Subject": ("a", "b"), "XMP-xmp:Rating": 5}))
        edits = {"XMP-dc:Subject": ("b", "c"), "XMP-xmp:Rating": None}
        self.write(session, stage(path, path.read_bytes(), edits))  # type: ignore[arg-type]
        assert read_metadata(process, [(str(path), 1)])[0].tags == {"XMP-dc:Subject": ("b", "c")}

    @pytest.mark.parametrize(
        ("charset", "new"), [("utf-8", "東京 😀"), ("latin-1", "Zoë"), ("ascii", "東京")]
    )
    def test_an_iptc_block_is_completed_in_its_character_set(
        self, session: WriterSession, process: ExifToolProcess, tmp_path: Path, charset: str, new: str
    ) -> None:
        caption = "Zurich" if charset == "ascii" else "Zürich"
        block = iptc_block(caption, ["old" * 30], charset)
        path = tmp_path / "1.jpg"
        state = FileMetadata(format="jpeg", tags={"IPTC:Keywords": ("old" * 30,)})
        edits: dict[str, Value] = {"IPTC:Keywords": ("old" * 30, new), "XMP-dc:Subject": (new,)}
        assert self.write(session, stage(path, jpeg(iptc=block), edits, state)).edits is None
        tags = read_metadata(process, [(str(path), 1)])[0].tags
        assert (tags["IPTC:Keywords"], tags["IPTC:Caption-Abstract"]) == (("old" * 30, new), caption)
        data = path.read_bytes()
        assert (
            b"\x1c\2\x19\0\x5a" + b"old" * 30 in data
            and b"\x1c\2\x78" + block[-len(caption.encode(charset)) - 2 :] in data
        )

    def test_an_iptc_block_that_cannot_hold_a_text_stays_unchanged(
        self, session: WriterSession, process: ExifToolProcess, tmp_path: Path
    ) -> None:
        block = iptc_block("Zürich", ["old"])
        path = tmp_path / "1.jpg"
        state = FileMetadata(format="jpeg", tags={"IPTC:Keywords": ("old",)})
        edits: dict[str, Value] = {"IPTC:Keywords": ("old", "東京"), "XMP-dc:Subject": ("東京",)}
        written_files = self.write(session, stage(path, jpeg(iptc=block), edits, state))
        assert written_files.outcome == "written" and [edit.tag for edit in written_files.edits or ()] == [
            "XMP-dc:Subject"
        ]
        assert block in path.read_bytes()

    def test_no_iptc_block_is_begun(
        self, session: WriterSession, process: ExifToolProcess, tmp_path: Path
    ) -> None:
        path = tmp_path / "1.jpg"
        edits: dict[str, Value] = {"IPTC:Keywords": ("a",), "XMP-dc:Subject": ("a",)}
        self.write(session, stage(path, jpeg(), edits))
        assert read_metadata(process, [(str(path), 1)])[0].tags == {"XMP-dc:Subject": ("a",)}

    def test_what_a_gif_cannot_hold_is_reported(self, session: WriterSession, tmp_path: Path) -> None:
        path = tmp_path / "1.gif"
        written = self.write(session, stage(path, make("gif"), {"EXIF:ImageDescription": "x"} | XMP))
        assert (written.outcome, written.warnings) == (
            "written",
            ("this format cannot hold EXIF:ImageDescription",),
        )
        only = self.write(session, stage(path, make("gif"), {"EXIF:ImageDescription": "x"}))
        assert (only.outcome, path.read_bytes()) == ("unchanged", make("gif"))

    def test_a_value_that_exiftool_does_not_take(self, session: WriterSession, tmp_path: Path) -> None:
        path = tmp_path / "1.jpg"
        written = self.write(session, stage(path, jpeg(), {"XMP-exif:DateTimeOriginal": "garbage"}))
        assert (written.outcome, path.read_bytes(), xmp_files_of(path)) == ("failed", jpeg(), [])
        assert "date" in written.reason

    @pytest.mark.parametrize(
        ("content", "damage"),
        [
            (jpeg()[:20], "Corrupted JPEG"),
            (make("mp4")[: len(make("mp4")) // 2], "Truncated"),
            (make("mp4") + bytes(range(1, 40)), "garbage"),
            (make("png")[:60], ""),
            (make("heic")[:300], "Truncated"),
            (make("webp")[:28], ""),
            (make("tiff")[:40], ""),
        ],
        ids=["jpeg", "mp4", "garbage behind mp4", "png", "heic", "webp", "tiff"],
    )
    def test_a_file_that_cannot_be_written_keeps_its_bytes_and_gets_an_xmp_file(
        self, session: WriterSession, process: ExifToolProcess, tmp_path: Path, content: bytes, damage: str
    ) -> None:
        actual_value = detect(content)
        assert actual_value is not None
        path = tmp_path / f"1{actual_value.extensions[0]}"
        written = self.write(session, stage(path, content, WANTED[actual_value.cls]))
        assert (written.outcome, damage in written.reason, written.temporary) == ("sidecar", True, False), (
            written
        )
        assert path.read_bytes() == content
        assert xmp_files_of(path) == [path.name + ".xmp"]
        (state,) = read_metadata(process, [(f"{path}.xmp", 1)])
        assert state.tags["XMP-dc:Description"] == TEXT
        assert state.tags["XMP-dc:Subject"] == ("Ann", "Bœuf, Bob")
        assert str(state.tags["XMP-exif:DateTimeOriginal"]).startswith("2019:07:01 12:34:56")

    @pytest.mark.parametrize(
        "content", [b"", b"This is no picture.\n", make("mp4")], ids=["empty", "text", "film"]
    )
    def test_what_is_no_picture_fails(self, session: WriterSession, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "1.jpg"
        written = self.write(session, stage(path, content, EXIF | XMP, FileMetadata(format="jpeg")))
        assert (written.outcome, written.temporary) == ("failed", False)
        assert written.reason
        assert (path.read_bytes(), xmp_files_of(path)) == (content, [])

    def test_a_broken_interop_directory_is_left_out(
        self, session: WriterSession, process: ExifToolProcess, tmp_path: Path
    ) -> None:
        path = tmp_path / "1.jpg"
        path.write_bytes(jpeg())
        process.run(["-overwrite_original", "-InteropIndex=R98", "-Make=Canon", os.fsencode(path)])
        broken = with_count(path.read_bytes(), b"\xa0\x05", 0xFFFF)
        written = self.write(session, stage(path, broken, EXIF | XMP))
        assert written.outcome == "written"
        assert [("Interop" in warning) for warning in written.warnings] == [True]
        tags = read_metadata(process, [(str(path), 1)])[0].tags
        assert (tags["EXIF:ImageDescription"], tags["EXIF:Make"]) == (TEXT, "Canon")

    def test_a_broken_exif_directory_gets_xmp_only(
        self, session: WriterSession, process: ExifToolProcess, tmp_path: Path
    ) -> None:
        path = tmp_path / "1.jpg"
        path.write_bytes(jpeg())
        process.run(["-overwrite_original", "-ExposureTime=3", "-Make=Canon", os.fsencode(path)])
        broken = with_count(path.read_bytes(), b"\x87\x69", 0xFFFF)
        written = self.write(session, stage(path, broken, EXIF | XMP))
        assert (written.outcome, len(written.warnings)) == ("written", 1), written
        assert "only XMP" in written.warnings[0]
        exif = broken[broken.index(b"Exif\0\0") : broken.index(b"Exif\0\0") + 60]
        assert exif in path.read_bytes(), "the broken block is unchanged"
        tags = read_metadata(process, [(str(path), 1)])[0].tags
        assert tags["XMP-exif:DateTimeOriginal"] == "2019:07:01 12:34:56+02:00"
        assert tags["XMP-exif:GPSLongitude"] == pytest.approx(-151.25)


def with_count(content: bytes, tag: bytes, count: int) -> bytes:
    """Return a JPEG whose big-endian EXIF has another number of entries in the directory that this tag points to."""
    start = content.index(b"MM\0*")
    entry = content.index(tag + b"\0\4\0\0\0\1", start)
    at = start + struct.unpack_from(">I", content, entry + 8)[0]
    return content[:at] + struct.pack(">H", count) + content[at + 2 :]


@pytest.mark.parametrize(
    ("format", "tags", "accepted"),
    [
        ("jpeg", EXIF, True),
        ("jpeg", {"Keys:Description": "x"}, False),
        ("jpeg", {}, False),
        ("jpeg", {"IPTC:Keywords": ("x",)}, False),
        ("gif", EXIF, False),
        ("gif", XMP, True),
        ("mp4", FILM, True),
        ("cr2", EXIF, False),
        ("avi", XMP, False),
        ("", XMP, False),
    ],
)
def test_which_plans_it_takes(tmp_path: Path, format: str, tags: dict[str, Value], accepted: bool) -> None:
    plan = stage(tmp_path / "x", b"", tags, FileMetadata(format=format)).plan
    assert exiftool_writer("exiftool").accepts(plan) is accepted
    assert exiftool_writer("exiftool", raw=True).accepts(plan) is (accepted or format == "cr2")
