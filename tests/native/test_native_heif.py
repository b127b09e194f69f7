"""The boxes of HEIF pictures from the writer `native`, compared with ExifTool's, and what it leaves to ExifTool."""

from __future__ import annotations

import io
import random
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from exiftool_cases import EXIF, EXIFTOOL, XMP, needs_exiftool
from native_cases import plan_with, state_of, write_native
from native_made import GAIN, GAIN_PACKET, LITTLE, MADE, MOTION, OWN, PACKET, PICTURE
from native_proving import version_of_exiftool, write_both
from test_native_formats_fuzz import broken

from pef_tui.formats.file_bytes import FileBytes
from pef_tui.formats.heif import Heif as Found
from pef_tui.formats.heif import read_heif
from pef_tui.model import Value
from pef_tui.native import Declined
from pef_tui.native.exif_edits import embedded_edits
from pef_tui.native.heif import edit_heif
from pef_tui.testing.exif import Field, octets, tiff_block
from pef_tui.testing.films import box
from pef_tui.testing.heif import heic
from pef_tui.testing.heif_boxes import PIXELS, XMP_TYPE, Heif, Item, about, exif_item, heif, xmp_item
from pef_tui.testing.jpeg import jpeg

DATE: dict[str, Value | None] = {"EXIF:DateTimeOriginal": "2019:07:01 12:34:56"}
PEOPLE: dict[str, Value | None] = {"XMP-dc:Subject": ("Ann", "Zoë")}
TAGS = DATE | PEOPLE


def edited(data: bytes, tags: dict[str, Value | None]) -> bytes:
    out = write_native(plan_with(data, tags, "heic"), data)
    assert isinstance(out, bytes), out
    return out


def found_in(data: bytes) -> Found:
    return read_heif(FileBytes(io.BytesIO(data)))


def boxes_of(data: bytes, actual: Found) -> dict[bytes, bytes]:
    return {each.kind: actual.meta[each.start : each.end] for each in actual.meta_boxes}


def content_of(data: bytes, actual: Found) -> dict[int, list[bytes]]:
    """Return the data of every item in the file, except tags."""
    tags = {item.number for item in (actual.exif, actual.xmp) if item is not None}
    return {
        item.number: [data[start:end] for start, end in item.spans]
        for item in actual.locations.entries
        if item.method == 0 and item.number not in tags
    }


NUMBERED = (b"iinf", b"iref")
"""Boxes with the numbers of new items."""


def is_numbered_upwards() -> bool:
    """Return whether ExifTool gives a new item the number after the highest (13.10), not the lowest that is free."""
    return version_of_exiftool() >= (13, 10)


@needs_exiftool[0]
@needs_exiftool[1]
def test_the_index_is_the_one_that_exiftool_makes(tmp_path: Path) -> None:
    pictures = MADE["heic"]()
    del pictures["large numbers, no tags"]  # ExifTool writes one of the two references cut
    cases = [(name, plan_with(data, TAGS), data) for name, data in pictures.items()]
    words, native, reference = write_both(tmp_path, cases)
    assert set(words) == {"written"}
    for (name, _, data), first, second in zip(cases, native, reference, strict=True):
        produced, right_side = first.read_bytes(), second.read_bytes()
        own_value, their = found_in(produced), found_in(right_side)
        parts, rest = boxes_of(produced, own_value), boxes_of(right_side, their)
        assert list(parts) == list(rest), name
        different = {kind for kind in parts if parts[kind] != rest[kind]}
        assert different <= {b"iloc", *(NUMBERED if is_numbered_upwards() else ())}, name
        if name != "large numbers":  # upwards they are longer
            assert all(len(parts[kind]) == len(rest[kind]) for kind in NUMBERED), name
        assert None not in (own_value.exif, own_value.xmp, their.exif, their.xmp), name
        assert own_value.locations[:2] == their.locations[:2], name
        assert content_of(produced, own_value) == content_of(right_side, their), name
        state_before = content_of(data, found_in(data))
        assert {number: content_of(produced, own_value)[number] for number in state_before} == state_before, (
            name
        )


@pytest.mark.parametrize("name", MADE["heic"]())
def test_boxes_keep_their_order_and_new_items_come_first(name: str) -> None:
    data = MADE["heic"]()[name]
    out = edited(data, TAGS)
    old, new = found_in(data), found_in(out)
    assert new.exif is not None and new.xmp is not None
    kinds = [[first[at + 4 : at + 8] for at in starts(first)] for first in (data, out)]
    assert kinds[0] == kinds[1]
    place = new.media[0].content
    if old.exif is None:
        assert new.exif.start == place
        place = new.exif.end
    if old.xmp is None:
        assert new.xmp.start == place
    if (tail := len(data) - old.media[-1].end) and old.meta_box.start < place:
        assert len(out) - new.media[-1].end == tail and out[len(out) - tail :] == data[len(data) - tail :]


def starts(data: bytes) -> list[int]:
    results = [0]
    while results[-1] < len(data):
        length = int.from_bytes(data[results[-1] : results[-1] + 4], "big")
        if length == 1:
            length = int.from_bytes(data[results[-1] + 8 : results[-1] + 16], "big")
        results.append(results[-1] + length if length else len(data))
    return results[:-1]


def test_the_film_of_a_motion_photo_lies_where_its_packet_says() -> None:
    """Return the position that `Container:Directory` states, in bytes before the end of the file."""
    film = MOTION["film"]
    out = edited(MADE["heic"]()["motion photo"], TAGS)
    assert out.endswith(film)


@pytest.mark.parametrize("name", MADE["heic"]())
def test_what_says_it_already_stays_unchanged(name: str) -> None:
    out = edited(MADE["heic"]()[name], TAGS)
    assert write_native(plan_with(out, PEOPLE), out) == "unchanged"


def _pointing(place: int) -> bytes:
    """Make EXIF with a maker note of one entry that points to `place`."""
    note = b"\1\0" + b"\1\0\4\0\1\0\0\0" + place.to_bytes(4, "little") + bytes(4)
    return tiff_block({0x10F: Field(2, 5, b"M\0\0\0\0"), 0x8769: {0x927C: octets(note)}})


EXIF_ITEM, XMP_ITEM = exif_item(3, LITTLE), xmp_item(4, PACKET)
BOTH = Heif([PICTURE, EXIF_ITEM, XMP_ITEM], OWN)
SECOND = Item(2, b"hvc1", PIXELS[:90])


def _with(name: str, content: bytes, *order: str) -> Heif:
    """Make a picture with a box of this kind at the top level, and boxes in this order."""
    return replace(
        BOTH, order=order or ("ftyp", "meta", name, "mdat"), others={name: box(name.encode(), content)}
    )


def _inside(kind: bytes, content: bytes) -> Heif:
    return replace(BOTH, inside=(*BOTH.inside, "more"), others={"more": box(kind, content)})


def _changed_bytes(old: bytes, new: bytes, picture: Heif = BOTH) -> bytes:
    data = heif(picture)
    assert data.count(old) == 1 and len(old) == len(new)
    return data.replace(old, new)


def _items(*items: Item, references: tuple[tuple[bytes, int, tuple[int, ...]], ...] = OWN) -> Heif:
    return Heif(items, references)


LEFT: dict[str, tuple[str, Heif | bytes]] = {
    "a sequence": ("not known", _with("moov", bytes(100))),
    "somebody's box": ("not known", _with("uuid", bytes(100))),
    "of the top unknown": ("not known", _with("jumb", bytes(100))),
    "inside unknown": ("not known", _inside(b"uuid", bytes(20))),
    "a note in free space": ("free", _with("free", b"Seri" + bytes(40))),
    "bytes behind": ("bytes behind", heif(BOTH) + b"behind"),
    "a cut box behind": ("no true size", heif(BOTH) + b"\0\0\1\0free" + bytes(10)),
    "cut": ("no true size", heif(BOTH)[:-1]),
    "no image data": ("without index or image data", heif(replace(BOTH, order=("ftyp", "meta")))),
    "two indices": ("two of them", replace(BOTH, order=("ftyp", "meta", "mdat", "meta"))),
    "of no kind": ("without index", replace(BOTH, order=("meta", "ftyp", "mdat"))),
    "no picture": ("pitm", replace(BOTH, inside=BOTH.inside[:1] + BOTH.inside[2:])),
    "the picture is no item": ("no item", replace(BOTH, primary=9)),
    "no places": ("iloc", replace(BOTH, inside=BOTH.inside[:-1])),
    "two tables of places": ("iloc", replace(BOTH, inside=(*BOTH.inside, "iloc"))),
    "not of a picture": ("something else", _changed_bytes(b"pict", b"vide")),
    "not led by its handler": ("something else", replace(BOTH, inside=BOTH.inside[1:] + BOTH.inside[:1])),
    "says when": ("what tags say", _changed_bytes(b"pixi", b"crtt")),
    "EXIF of nothing": ("something else", _items(PICTURE, EXIF_ITEM, references=())),
    "EXIF of another": ("something else", _items(PICTURE, SECOND, EXIF_ITEM, references=(about(3, 2),))),
    "EXIF twice": ("EXIF", _items(PICTURE, EXIF_ITEM, exif_item(5, LITTLE), references=(*OWN, about(5, 1)))),
    "EXIF in pieces": ("pieces", _items(PICTURE, exif_item(3, LITTLE, cuts=(9,)))),
    "EXIF inside": ("pieces", replace(_items(PICTURE, exif_item(3, LITTLE, method=1)), iloc=1)),
    "EXIF cut": ("EXIF that is cut", _items(PICTURE, exif_item(3, b"II*\0"))),
    "EXIF elsewhere": ("EXIF that is cut", _items(PICTURE, exif_item(3, LITTLE, b"\0\1\0\0"))),
    "EXIF of nobody's form": ("begin as TIFF", _items(PICTURE, exif_item(3, b"x" + LITTLE))),
    "XMP twice": (
        "XMP twice",
        _items(PICTURE, XMP_ITEM, xmp_item(5, PACKET), references=(*OWN, about(5, 1))),
    ),
    "XMP packed": ("packed", _items(PICTURE, xmp_item(4, PACKET, b"\0" + XMP_TYPE + b"deflate\0"))),
    "XMP called otherwise": ("otherwise", _items(PICTURE, xmp_item(4, PACKET, b"\0Application/RDF+XML\0"))),
    "protected": ("protected", _items(PICTURE, exif_item(3, LITTLE, protected=1))),
    "in another file": ("in another file", _items(replace(PICTURE, source=1), EXIF_ITEM)),
    "made of items": ("made of other", replace(_items(replace(PICTURE, method=2), EXIF_ITEM), iloc=1)),
    "of an old version": ("unknown form", _items(replace(PICTURE, version=1), EXIF_ITEM)),
    "two of a number": ("of one number", _items(PICTURE, replace(PICTURE, data=b"other"), EXIF_ITEM)),
    "no length": ("no told length", _items(replace(PICTURE, data=b""), EXIF_ITEM)),
    "odd sizes": ("odd size", replace(BOTH, sizes=(4, 2, 0, 0))),
    "part numbers where none can be": ("odd size", _changed_bytes(b"\x44\0\0\3", b"\x44\4\0\3")),
    "a table too short": ("cut", _changed_bytes(b"\x44\0\0\3", b"\x44\0\0\4")),
    "a table too long": ("longer", _changed_bytes(b"\x44\0\0\3", b"\x44\0\0\2")),
    "a version to come": ("unknown version", _changed_bytes(b"iloc\0", b"iloc\3")),
    "maker notes that point behind": ("point behind", _items(exif_item(3, _pointing(300)), PICTURE)),
    "XMP in parts": (
        "other segments",
        _items(PICTURE, xmp_item(4, PACKET.replace(b"xmp:Rating", b"HasExtendedXMP"))),
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_odd_pictures_are_left_to_exiftool(name: str) -> None:
    reason, picture = LEFT[name]
    if name == "maker notes that point behind":
        assert isinstance(picture, Heif)
        block = picture.items[0].data[10:]
        picture = replace(
            picture, items=(picture.items[0], replace(PICTURE, data=bytes(300 - len(block)) + jpeg()))
        )
        edited(heif(replace(picture, items=(picture.items[0], PICTURE))), DATE)
    data = picture if isinstance(picture, bytes) else heif(picture)
    answer = write_native(plan_with(data, TAGS, "heic"), data)
    assert isinstance(answer, str) and answer.startswith("declined: ") and reason in answer, answer
    if reason not in ("point behind", "other segments"):  # these reasons are clear by themselves
        assert state_of(data) is None


def test_data_of_two_items_in_one_place_is_left() -> None:
    """The data of the picture's item overlaps that of the EXIF item."""
    data = heif(BOTH)
    length = len(PIXELS).to_bytes(4, "big")
    assert data.count(length) == 1
    answer = write_native(
        plan_with(data, DATE, "heic"), data.replace(length, (len(PIXELS) + 1).to_bytes(4, "big"))
    )
    assert answer == "declined: tags that lie in something else"


def test_tags_of_a_map_beside_the_picture_are_not_the_picture_s() -> None:
    for packet, known_values in ((GAIN_PACKET, True), (PACKET, False), (b"no packet", False)):
        data = heif(Heif([PICTURE, GAIN[0], xmp_item(4, packet)], [about(4, 2), GAIN[1]]))
        state = state_of(data)
        assert (state is not None) is known_values and (state is None or not state.tags)


def test_groups_keep_their_numbers() -> None:
    group = box(b"grpl", bytes(4), box(b"altr", bytes(4), b"\0\0\0\2", b"\0\0\0\1\0\0\0\1"))
    data = heif(replace(Heif([PICTURE]), inside=(*BOTH.inside, "grpl"), others={"grpl": group}))
    actual = found_in(edited(data, TAGS))
    assert {entry.number for entry in actual.locations.entries} == {1, 3, 4}


def sparse(path: Path, size: int, change: Callable[[bytearray], None]) -> Path:
    """Make a picture file of this size, most of it a hole."""
    head = bytearray(heif(Heif([PICTURE], long_media=size > 1 << 32)))
    change(head)
    with path.open("wb") as stream:
        stream.write(head)
        stream.truncate(size)
    return path


def test_numbers_that_would_not_fit_are_left(tmp_path: Path) -> None:
    def far(head: bytearray) -> None:
        at = head.index(b"mdat")
        head[at + 4 : at + 12] = ((1 << 32) + 5000 - at + 4).to_bytes(8, "big")
        at = head.index(b"iloc") + 18
        head[at : at + 4] = b"\xff\xff\xff\0"

    def long_box(head: bytearray) -> None:
        at = head.index(b"mdat") - 4
        head[at : at + 4] = (0xFFFF_FFF0 - at).to_bytes(4, "big")

    files = {
        "a place or length that would not fit": sparse(tmp_path / "far", (1 << 32) + 5000, far),
        "image data would pass 4 GiB": sparse(tmp_path / "long", 0xFFFF_FFF0, long_box),
    }
    edits = plan_with(heif(Heif([PICTURE])), TAGS).edits
    for reason, path in files.items():
        with path.open("rb") as stream, pytest.raises(Declined, match=reason):
            edit_heif(embedded_edits(edits), stream, path.stat().st_size)


@needs_exiftool[0]
@needs_exiftool[1]
def test_what_was_written_into_broken_pictures_is_read_by_exiftool(tmp_path: Path) -> None:
    rolls = random.Random(7)
    sources = [*MADE["heic"]().values(), heic(3)]
    count = 0
    while count < 60:
        data = broken(rolls, rolls.choice(sources))
        new = write_native(plan_with(data, {**EXIF, **XMP}, "heic"), data)
        if isinstance(new, bytes):
            (tmp_path / f"{count}.heic").write_bytes(new)
            count += 1
    options = ["-Error", "-EXIF:DateTimeOriginal", "-EXIF:GPSLatitude#", "-XMP-dc:Subject"]
    result = subprocess.run([EXIFTOOL, "-q", "-j", *options, str(tmp_path)], capture_output=True, check=False)
    content = orjson.loads(result.stdout)
    assert len(content) == 60
    for item in content:
        assert item.pop("SourceFile") and item == {
            "DateTimeOriginal": EXIF["EXIF:DateTimeOriginal"],
            "GPSLatitude": 33.8612,
            "Subject": list(XMP["XMP-dc:Subject"]),  # type: ignore[arg-type]
        }
