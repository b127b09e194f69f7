"""The writer `native` on videos: what it changes, what stays, what it leaves to ExifTool."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from struct import pack

import pytest
from mp4_cases import CASES, LAYOUTS, chunks_of, made, media_of, videos
from msgspec.structs import replace
from native_cases import format_of, plan_with, state_of, write_native

from pef_tui.formats.image_data import image_digest
from pef_tui.hooks import Span
from pef_tui.model import MediaFile, Value
from pef_tui.native.writer import accepts, compose
from pef_tui.testing.films import box, film
from pef_tui.testing.phone_films import PhoneFilm, item_list, phone_film, text_item, user_text

DATES: dict[str, Value | None] = {
    f"QuickTime:{name}": "2019:07:01 12:34:56"
    for name in ("CreateDate", "ModifyDate", "TrackCreateDate", "MediaCreateDate")
}
DESCRIBED: dict[str, Value | None] = {"Keys:Description": "said", "ItemList:Description": "said"}
RATED: dict[str, Value | None] = {"XMP-xmp:Rating": 5}
FIRST = ("ftyp", "moov", "mdat")


def test_media_data_stays_and_every_offset_leads_to_it() -> None:
    count = 0
    for name, data in videos():
        for words, make in CASES.items():
            plan = make(data)
            if plan is None or not plan.edits or not accepts(plan):
                continue
            new = write_native(plan, data)
            if isinstance(new, str):
                assert new.startswith("declined: "), (name, words)
                continue
            assert media_of(new) == media_of(data), (name, words)
            assert chunks_of(new) == chunks_of(data), (name, words)
            digests = [image_digest(io.BytesIO(item), format_of(data) or "mov") for item in (data, new)]
            assert digests[0] == digests[1] is not None, (name, words)
            count += 1
    assert count > 250


def test_nothing_is_left_to_do_for_a_second_run() -> None:
    """Also for conflicts that are overwritten."""
    count = 0
    for name, data in videos():
        for words, make in CASES.items():
            plan = make(data)
            if plan is None or "never" in words or "first track" in words or not plan.edits:
                continue
            new = write_native(plan, data)
            if isinstance(new, bytes):
                second_run = make(new)
                assert second_run is not None and second_run.edits == (), (name, words)
                count += 1
    assert count > 200


def test_only_what_is_new_is_bytes() -> None:
    """Media data is a span of the source, even if the index before it grows."""
    for order in (FIRST, ("ftyp", "mdat", "moov")):
        data = phone_film(PhoneFilm(order=order, chunks=200))
        pieces = compose(plan_with(data, DATES | DESCRIBED | RATED), io.BytesIO(data))
        assert isinstance(pieces, tuple)
        spans = [piece for piece in pieces if isinstance(piece, Span)]
        start = data.index(b"mdat") - 4
        assert any(span.start <= start and span.stop >= start + len(media_of(data)) for span in spans)


def test_an_index_that_is_last_moves_nothing() -> None:
    data = phone_film(PhoneFilm())
    new = write_native(plan_with(data, DATES | DESCRIBED | RATED), data)
    assert isinstance(new, bytes)
    start = data.index(b"moov") - 4
    assert new[:start] == data[:start]


def test_dates_alone_change_no_size() -> None:
    for name, data in made().items():
        new = write_native(plan_with(data, DATES), data)
        assert isinstance(new, bytes) and len(new) == len(data), name
        assert sum(first != second for first, second in zip(new, data, strict=True)) <= 40


def test_all_tracks_are_dated() -> None:
    data = phone_film(PhoneFilm(tracks=("vide", "soun", "meta")))
    new = write_native(plan_with(data, DATES), data)
    assert isinstance(new, bytes)
    assert new.count(pack(">I", 1_561_984_496 + 2_082_844_800)) == 2 + 3 + 3


def test_the_pair_of_a_live_photo_stays_one() -> None:
    data = phone_film(LAYOUTS["iPhone, of a country"])
    all_items = CASES["everything, overwritten"](data)
    assert all_items is not None
    new = write_native(all_items, data)
    assert isinstance(new, bytes)
    assert b"5A2F3A3C-6A3D-4D52-9C1E-2A0D3C1B7F10" in new and b"still-image-time" in new


def test_a_film_that_says_it_all_is_unchanged() -> None:
    data = phone_film(PhoneFilm())
    edits = DATES | DESCRIBED
    new = write_native(plan_with(data, edits), data)
    assert isinstance(new, bytes)
    assert write_native(plan_with(new, edits), new) == "unchanged"


TAGS: dict[str, Value | None] = {
    "QuickTime:CreateDate": "2040:02:07 00:00:00",
    "QuickTime:ModifyDate": "1969:12:31 23:59:59",
    "QuickTime:TrackCreateDate": "2019:02:30 00:00:00",
    "QuickTime:MediaCreateDate": None,
    "QuickTime:Rotation": 90,
    "Keys:CreationDate": "2019:07:01 12:34:56",
    "Keys:Description": " blanks ",
    "Keys:Comment": "not known here",
    "ItemList:Description": "",
    "ItemList:GPSCoordinates": "48.858",
    "UserData:GPSCoordinates": "0.00001, 0.00001",
    "Keys:GPSCoordinates": "-0.00000, 12.5",
    "XMP-aux:LensID": "8",
    "EXIF:DateTimeOriginal": "2019:07:01 12:34:56",
}


@pytest.mark.parametrize("tag", TAGS)
def test_edits_that_are_not_sure_are_not_accepted(tag: str) -> None:
    assert not accepts(plan_with(film("mp4"), {tag: TAGS[tag]}))
    assert accepts(plan_with(film("mp4"), DATES | DESCRIBED | RATED))


_HIGH = phone_film(PhoneFilm(order=FIRST, tracks=("vide",), chunks=1))
_AT = _HIGH.index(b"stco") + 12
XMP = box(
    b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
)
LEFT: dict[str, tuple[bytes, dict[str, Value | None]]] = {
    "an offset outside": (_HIGH[:_AT] + b"\0\0\0\x09" + _HIGH[_AT + 4 :], DATES),
    "fragments": (_HIGH + box(b"moof", bytes(8)), DATES),
    "garbage": (_HIGH + b"\0\0", DATES),
    "a description under another name": (
        phone_film(PhoneFilm(user_data=(item_list({b"desc": text_item("a")}),))),
        DESCRIBED,
    ),
    "a place under another name": (
        phone_film(PhoneFilm(user_data=(box(b"@xyz", b"\0\x11\x15\xc7+01.5-002.25/"),))),
        {"UserData:GPSCoordinates": "1, 2"},
    ),
    "XMP where QuickTime has none": (phone_film(PhoneFilm("mov")) + XMP, RATED),
    "XMP where MP4 has none": (phone_film(PhoneFilm(user_data=(box(b"XMP_", b"<x/>"),))), RATED),
    "broken XMP": (phone_film(PhoneFilm()) + XMP, RATED),
    "an unknown box in a track": (_HIGH.replace(b"vmhd", b"vmhx"), DATES),
    "two places": (
        phone_film(PhoneFilm(user_data=(user_text(b"\xa9xyz", "+1+2/"), user_text(b"\xa9xyz", "+1+2/")))),
        DESCRIBED,
    ),
}


@pytest.mark.parametrize("kind", LEFT)
def test_films_that_are_not_sure_are_left_to_exiftool(kind: str) -> None:
    data, edits = LEFT[kind]
    answer = write_native(plan_with(data, edits, "mp4"), data)
    assert isinstance(answer, str) and answer.startswith("declined: ") and "Error" not in answer


class Large(io.BytesIO):
    """A video whose media data is a hole of more than 4 GB, with data before and after it."""

    def __init__(self, head: bytes, hole: int, tail: bytes) -> None:
        self.head, self.hole, self.tail = head, hole, tail
        self.size = len(head) + hole + len(tail)
        self.place = 0

    def seek(self, place: int, whence: int = 0) -> int:
        self.place = place + (self.size if whence == 2 else 0)
        return self.place

    def read(self, size: int | None = -1) -> bytes:
        at, self.place = self.place, self.place + (size or 0)
        start = len(self.head) + self.hole
        if at >= start:
            return self.tail[at - start :][:size]
        assert size is not None and 0 <= size < 1 << 20
        return self.head[at : at + size].ljust(min(size, self.size - at), b"\0")


@pytest.mark.parametrize("wide", [True, False])
def test_offsets_beyond_32_bits(wide: bool) -> None:
    """The first chunk is just below 4 GB and would move above. `stco` cannot store that offset."""
    data = phone_film(PhoneFilm(order=FIRST, tracks=("vide",), chunks=1, long_media=True, long_offsets=wide))
    at = data.index(b"co64" if wide else b"stco") + 12
    place = (1 << 32) - 5
    data = data[:at] + place.to_bytes(8 if wide else 4, "big") + data[at + (8 if wide else 4) :]
    start = data.index(b"mdat") - 4
    hole = (1 << 32) + 1000
    stream = Large(data[:start] + pack(">I4sQ", 1, b"mdat", 16 + hole), hole, b"")
    plan = plan_with(data, DESCRIBED)
    plan = replace(plan, match=replace(plan.match, media=MediaFile(0, "a.mp4", stream.size, 0)))
    pieces = compose(plan, stream)
    if not wide:
        assert not isinstance(pieces, tuple) and "32 bits" in pieces.reason
        return
    assert isinstance(pieces, tuple)
    new = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    sizes = (len(piece) if isinstance(piece, bytes) else piece.stop - piece.start for piece in pieces)
    larger = sum(sizes) - stream.size
    actual = new.index(b"co64") + 12
    assert int.from_bytes(new[actual : actual + 8], "big") == place + larger > 1 << 32


FFPROBE = shutil.which("ffprobe")


@pytest.mark.skipif(FFPROBE is None, reason="ffprobe is not installed")
def test_a_player_finds_the_same_samples(tmp_path: Path) -> None:
    count = 0
    for number, (name, data) in enumerate(videos()):
        plan = CASES["everything, overwritten"](data)
        if plan is None or number % 3 or not chunks_of(data):
            continue
        new = write_native(plan, data)
        assert isinstance(new, bytes), name
        for path, item in ((tmp_path / "old", data), (tmp_path / "new", new)):
            path.write_bytes(item)
        assert _packets(tmp_path / "old") == _packets(tmp_path / "new") != [], name
        count += 1
    assert count >= 6


def _packets(path: Path) -> list[object]:
    """Return time, size and hash of every sample of every track."""
    options = ["-show_packets", "-show_data_hash", "md5", "-of", "json"]
    command = [str(FFPROBE), "-v", "quiet", *options, os.fspath(path)]
    answer = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
    return [
        [packet.get(key) for key in ("stream_index", "pts", "size", "data_hash")]
        for packet in answer.get("packets", ())
    ]


def test_what_was_written_is_read_natively() -> None:
    data = phone_film(PhoneFilm())
    edits: dict[str, Value | None] = {
        "Keys:CreationDate": "2019:07:01 12:34:56-03:30",
        "UserData:GPSCoordinates": "-33.85678, -151.21311, -3.25",
        "ItemList:GPSCoordinates": "48, 2.5",
        "ItemList:Description": "two\nlines",
    }
    new = write_native(plan_with(data, edits), data)
    assert isinstance(new, bytes)
    state = state_of(new)
    assert state is not None
    assert {tag: state.tags.get(tag) for tag in edits} == edits
    assert b"-33.85678-151.21311-3.250/" in new and b"+48.000+002.500/" in new
