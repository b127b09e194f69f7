"""The writer `exiftool`: the right values in every class, the ladder for damaged files, nothing lost by faults."""

from __future__ import annotations

import errno
import json
import os
import shutil
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pef_tui.exiftool import Process
from pef_tui.formats import FORMATS, detect
from pef_tui.hooks import Staged, WriterSession, Written
from pef_tui.model import Match, MediaFile, Plan, State, TagEdit, Value
from pef_tui.state.by_exiftool import read_states
from pef_tui.testing.jpeg import iptc_block, jpeg, motion_photo
from pef_tui.testing.media import make
from pef_tui.write.exiftool_writer import exiftool_writer

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


def stage(path: Path, content: bytes, tags: dict[str, Value], state: State | None = None) -> Staged:
    path.write_bytes(content)
    found = detect(content)
    state = state or State(format=found.name if found else "jpeg")
    match = Match(MediaFile(0, "hostile\n-name.jpg", len(content), 0), "", state=state)
    return Staged(
        Plan(match, "written", tuple(TagEdit(tag, value) for tag, value in tags.items())), str(path)
    )


def beside(path: Path) -> list[str]:
    """Names of everything in the staging folder but the copy and what a test's stand-in keeps there."""
    return sorted(file.name for file in path.parent.iterdir() if file != path)


@pytest.fixture(scope="module")
def session() -> Iterator[WriterSession]:
    opened = exiftool_writer(EXIFTOOL).open()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    with Process(EXIFTOOL) as running:
        yield running


class TestWithExifTool:
    pytestmark = needs_exiftool

    def write(self, session: WriterSession, staged: Staged) -> Written:
        (written,) = session.write([staged])
        return written

    @pytest.mark.parametrize("format", FORMATS_WRITTEN)
    def test_every_tag_of_each_class_reads_back(
        self, session: WriterSession, process: Process, tmp_path: Path, format: str
    ) -> None:
        wanted = WANTED[FORMATS[format].cls]
        path = tmp_path / f"1{(FORMATS[format].extensions or ('.bin',))[0]}"
        assert self.write(session, stage(path, make(format), wanted)) == Written("written")
        (state,) = read_states(process, [(str(path), 1)])
        found = {tag: state.tags.get(tag) for tag in wanted}
        for tag, value in wanted.items():
            if isinstance(value, float):
                assert found[tag] == pytest.approx(value, abs=1e-6), tag
            else:
                assert found[tag] == value, tag
        assert beside(path) == []

    def test_a_picture_keeps_its_image_data(self, session: WriterSession, tmp_path: Path) -> None:
        path, content = tmp_path / "1.jpg", jpeg(3)
        assert self.write(session, stage(path, content, EXIF | XMP)).word == "written"
        scan = content[content.index(b"\xff\xda") :]
        assert path.read_bytes().endswith(scan)

    def test_the_film_of_a_motion_photo_stays(self, session: WriterSession, tmp_path: Path) -> None:
        path, film = tmp_path / "1.jpg", make("mp4")
        assert self.write(session, stage(path, motion_photo(film), EXIF | XMP)).word == "written"
        assert path.read_bytes().endswith(film)

    def test_several_files_each_get_their_own(
        self, session: WriterSession, process: Process, tmp_path: Path
    ) -> None:
        paths = [tmp_path / f"{number}.jpg" for number in range(3)]
        staged = [stage(path, jpeg(), {"XMP-dc:Description": path.name}) for path in paths]
        assert [written.word for written in session.write(staged)] == ["written"] * 3
        states = read_states(process, [(str(path), 1) for path in paths])
        assert [state.tags["XMP-dc:Description"] for state in states] == [path.name for path in paths]

    def test_lists_are_written_whole_and_none_removes(
        self, session: WriterSession, process: Process, tmp_path: Path
    ) -> None:
        path = tmp_path / "1.jpg"
        self.write(session, stage(path, jpeg(), {"XMP-dc:Subject": ("a", "b"), "XMP-xmp:Rating": 5}))
        edits = {"XMP-dc:Subject": ("b", "c"), "XMP-xmp:Rating": None}
        self.write(session, stage(path, path.read_bytes(), edits))  # type: ignore[arg-type]
        assert read_states(process, [(str(path), 1)])[0].tags == {"XMP-dc:Subject": ("b", "c")}

    @pytest.mark.parametrize("charset", ["latin-1", "utf-8"])
    def test_an_iptc_block_is_rewritten_in_utf8(
        self, session: WriterSession, process: Process, tmp_path: Path, charset: str
    ) -> None:
        path, content = tmp_path / "1.jpg", jpeg(iptc=iptc_block("Zürich", ["old"], charset))
        state = State(format="jpeg", tags={"IPTC:Keywords": ("old",)})
        staged = stage(path, content, {"IPTC:Keywords": ("old", "東京 😀")}, state)
        assert self.write(session, staged).word == "written"
        tags = read_states(process, [(str(path), 1)])[0].tags
        assert (tags["IPTC:Keywords"], tags["IPTC:Caption-Abstract"]) == (("old", "東京 😀"), "Zürich")

    def test_no_iptc_block_is_begun(self, session: WriterSession, process: Process, tmp_path: Path) -> None:
        path = tmp_path / "1.jpg"
        edits: dict[str, Value] = {"IPTC:Keywords": ("a",), "XMP-dc:Subject": ("a",)}
        self.write(session, stage(path, jpeg(), edits))
        assert read_states(process, [(str(path), 1)])[0].tags == {"XMP-dc:Subject": ("a",)}

    def test_what_a_gif_cannot_hold_is_told(self, session: WriterSession, tmp_path: Path) -> None:
        path = tmp_path / "1.gif"
        written = self.write(session, stage(path, make("gif"), {"EXIF:ImageDescription": "x"} | XMP))
        assert (written.word, written.warnings) == (
            "written",
            ("this format cannot hold EXIF:ImageDescription",),
        )
        only = self.write(session, stage(path, make("gif"), {"EXIF:ImageDescription": "x"}))
        assert (only.word, path.read_bytes()) == ("unchanged", make("gif"))

    def test_a_value_that_exiftool_does_not_take(self, session: WriterSession, tmp_path: Path) -> None:
        path = tmp_path / "1.jpg"
        written = self.write(session, stage(path, jpeg(), {"XMP-exif:DateTimeOriginal": "garbage"}))
        assert (written.word, path.read_bytes(), beside(path)) == ("failed", jpeg(), [])
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
        self, session: WriterSession, process: Process, tmp_path: Path, content: bytes, damage: str
    ) -> None:
        found = detect(content)
        assert found is not None
        path = tmp_path / f"1{found.extensions[0]}"
        written = self.write(session, stage(path, content, WANTED[found.cls]))
        assert (written.word, damage in written.reason, written.temporary) == ("sidecar", True, False), (
            written
        )
        assert path.read_bytes() == content
        assert beside(path) == [path.name + ".xmp"]
        (state,) = read_states(process, [(f"{path}.xmp", 1)])
        assert state.tags["XMP-dc:Description"] == TEXT
        assert state.tags["XMP-dc:Subject"] == ("Ann", "Bœuf, Bob")
        assert str(state.tags["XMP-exif:DateTimeOriginal"]).startswith("2019:07:01 12:34:56")

    @pytest.mark.parametrize(
        "content", [b"", b"This is no picture.\n", make("mp4")], ids=["empty", "text", "film"]
    )
    def test_what_is_no_picture_fails(self, session: WriterSession, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "1.jpg"
        written = self.write(session, stage(path, content, EXIF | XMP, State(format="jpeg")))
        assert (written.word, written.temporary) == ("failed", False)
        assert written.reason
        assert (path.read_bytes(), beside(path)) == (content, [])

    def test_a_broken_interop_directory_is_left_out(
        self, session: WriterSession, process: Process, tmp_path: Path
    ) -> None:
        path = tmp_path / "1.jpg"
        path.write_bytes(jpeg())
        process.run(["-overwrite_original", "-InteropIndex=R98", "-Make=Canon", os.fsencode(path)])
        broken = with_count(path.read_bytes(), b"\xa0\x05", 0xFFFF)
        written = self.write(session, stage(path, broken, EXIF | XMP))
        assert written.word == "written"
        assert [("Interop" in warning) for warning in written.warnings] == [True]
        tags = read_states(process, [(str(path), 1)])[0].tags
        assert (tags["EXIF:ImageDescription"], tags["EXIF:Make"]) == (TEXT, "Canon")

    def test_a_broken_exif_directory_gets_xmp_only(
        self, session: WriterSession, process: Process, tmp_path: Path
    ) -> None:
        path = tmp_path / "1.jpg"
        path.write_bytes(jpeg())
        process.run(["-overwrite_original", "-ExposureTime=3", "-Make=Canon", os.fsencode(path)])
        broken = with_count(path.read_bytes(), b"\x87\x69", 0xFFFF)
        written = self.write(session, stage(path, broken, EXIF | XMP))
        assert (written.word, len(written.warnings)) == ("written", 1), written
        assert "only XMP" in written.warnings[0]
        exif = broken[broken.index(b"Exif\0\0") : broken.index(b"Exif\0\0") + 60]
        assert exif in path.read_bytes(), "the broken block is as it was"
        tags = read_states(process, [(str(path), 1)])[0].tags
        assert tags["XMP-exif:DateTimeOriginal"] == "2019:07:01 12:34:56+02:00"
        assert tags["XMP-exif:GPSLongitude"] == pytest.approx(-151.25)


def with_count(content: bytes, tag: bytes, count: int) -> bytes:
    """A JPEG whose big-endian EXIF has another number of entries in the directory that this tag points to."""
    start = content.index(b"MM\0*")
    entry = content.index(tag + b"\0\4\0\0\0\1", start)
    at = start + struct.unpack_from(">I", content, entry + 8)[0]
    return content[:at] + struct.pack(">H", count) + content[at + 2 :]


Play = Callable[..., WriterSession]


class TestWithAStandIn:
    @pytest.fixture
    def play(self, tmp_path: Path) -> Iterator[Play]:
        opened: list[WriterSession] = []
        folder = tmp_path / "program"
        folder.mkdir()
        program = folder / "exiftool"
        text = (Path(__file__).parents[1] / "exiftool" / "stand_in.py").read_text()
        program.write_text(f"#!{sys.executable} -IS\n{text}")
        program.chmod(0o755)

        def play(*script: str) -> WriterSession:
            (folder / "script.json").write_text(json.dumps(script))
            writer = exiftool_writer(str(program), process=lambda path: Process(path, seconds=1.5))
            opened.append(writer.open())
            return opened[-1]

        yield play
        for session in opened:
            session.close()

    def run(self, session: WriterSession, path: Path) -> Written:
        (written,) = session.write([stage(path, jpeg(), EXIF | XMP)])
        return written

    @pytest.mark.parametrize(
        "fault",
        ["die before", "die inside", "die after", "other number", "garbage", "replace and die", "hang"],
    )
    def test_one_fault_is_survived(self, play: Play, tmp_path: Path, fault: str) -> None:
        path = tmp_path / "1.jpg"
        assert self.run(play(fault), path).word == "written"
        assert path.read_bytes() == jpeg() + b"+", "written once, on the copy as it was"
        assert beside(path) == ["program"]

    @pytest.mark.parametrize("fault", ["die before", "die inside", "garbage", "replace and die"])
    def test_two_faults_leave_the_copy_and_may_pass(self, play: Play, tmp_path: Path, fault: str) -> None:
        path = tmp_path / "1.jpg"
        session = play(fault, fault)
        written = self.run(session, path)
        assert (written.word, written.temporary) == ("failed", True)
        assert written.reason.startswith("ExifTool")
        assert (path.read_bytes(), beside(path)) == (jpeg(), ["program"])
        assert self.run(session, path).word == "written", "the next file is not concerned"

    @pytest.mark.parametrize(
        ("script", "word", "warning"),
        [
            (["nothing"], "unchanged", ""),
            (["interop"], "written", "Interop"),
            (["interop", "interop"], "written", "only XMP"),
            (["damaged"], "written", "only XMP"),
            (["damaged", "damaged"], "sidecar", ""),
            (["no picture"], "failed", ""),
            (["lie"], "failed", ""),
        ],
    )
    def test_the_ladder(self, play: Play, tmp_path: Path, script: list[str], word: str, warning: str) -> None:
        path = tmp_path / "1.jpg"
        written = self.run(play(*script), path)
        assert (written.word, any(warning in each for each in written.warnings)) == (word, bool(warning)), (
            written
        )
        assert path.read_bytes() == jpeg() + b"+" * (word == "written")
        assert beside(path) == ["1.jpg.xmp"] * (word == "sidecar") + ["program"]

    def test_a_full_disk_is_raised(self, play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "1.jpg"

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "posix_fallocate", full)
        with pytest.raises(OSError, match="No space") as raised:
            self.run(play("no space"), path)
        assert (raised.value.errno, path.read_bytes(), beside(path)) == (errno.ENOSPC, jpeg(), ["program"])

    def test_a_write_error_with_room_on_the_disk_is_tried_again(self, play: Play, tmp_path: Path) -> None:
        path = tmp_path / "1.jpg"
        assert self.run(play("no space"), path) == Written("written")
        assert (path.read_bytes(), beside(path)) == (jpeg() + b"+", ["program"])

    def test_without_hard_links_a_changed_copy_is_not_written_again(
        self, play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_links(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, "no hard links here")

        monkeypatch.setattr(os, "link", no_links)
        path = tmp_path / "1.jpg"
        written = self.run(play("replace and die"), path)
        assert (written.word, written.temporary) == ("failed", True)
        assert self.run(play("die before"), path).word == "written", "an unchanged one is"

    def test_no_exiftool(self, tmp_path: Path) -> None:
        session = exiftool_writer(str(tmp_path / "missing")).open()
        written = self.run(session, tmp_path / "1.jpg")
        assert (written.word, written.temporary) == ("failed", True)

    def test_a_link_is_not_followed(self, play: Play, tmp_path: Path) -> None:
        target, path = tmp_path / "target.jpg", tmp_path / "1.jpg"
        staged = stage(target, jpeg(), EXIF)
        path.symlink_to(target)
        (written,) = play().write([Staged(staged.plan, str(path))])
        assert (written.word, target.read_bytes()) == ("failed", jpeg())


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
    plan = stage(tmp_path / "x", b"", tags, State(format=format)).plan
    assert exiftool_writer("exiftool").accepts(plan) is accepted
    assert exiftool_writer("exiftool", raw=True).accepts(plan) is (accepted or format == "cr2")
