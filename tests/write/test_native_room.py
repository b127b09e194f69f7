"""Room before what is moved, so that it can share the blocks of its source: exactly as much as is missing.

That ExifTool reads the same of files with room is shown by the proofs, which write every other case with it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import pytest
from film_cases import made as films
from native_cases import plan_with
from test_native_commit import Shop

from pef_tui.hooks import Piece, Span, Writer, Written
from pef_tui.model import MediaFile, Plan, Value
from pef_tui.testing.heif import heic
from pef_tui.testing.jpeg import jpeg
from pef_tui.testing.pictures import gif, png
from pef_tui.write.copying import LEAST_SHARED, misfit
from pef_tui.write.native.writer import compose, fit, native_writer

Tags = dict[str, Value | None]
BLOCK = 4096
PEOPLE: Tags = {"XMP-dc:Subject": ("Ann", "Bob")}
DATE: Tags = {"EXIF:DateTimeOriginal": "2019:07:01 12:34:56"}
PLACE: Tags = {"Keys:GPSCoordinates": "1.5, 2.25, 0"}
JPEG = jpeg(1) + bytes(LEAST_SHARED)


def shift(pieces: Sequence[Piece] | Written) -> int:
    """How far the longest span moves."""
    assert not isinstance(pieces, Written), pieces
    at, found = 0, (0, 0)
    for piece in pieces:
        if isinstance(piece, Span):
            found = max(found, (piece.stop - piece.start, at - piece.start))
            at += piece.stop - piece.start
        else:
            at += len(piece)
    return found[1]


@pytest.mark.parametrize("room", [1, 8, 100, 101, 4095])
@pytest.mark.parametrize(
    ("data", "tags"),
    [
        (JPEG, PEOPLE | DATE),
        (JPEG, PEOPLE),
        (JPEG, DATE),
        (png(1), PEOPLE | DATE),
        (png(1), DATE),
        (gif(1), PEOPLE),
        (heic(1), PEOPLE | DATE),
        (heic(1), DATE),
        (films()["WhatsApp"], PEOPLE),
        (films()["iPhone, index first"], PEOPLE),
    ],
    ids=[
        "jpeg",
        "jpeg, XMP",
        "jpeg, EXIF",
        "png",
        "png, EXIF",
        "gif",
        "heic",
        "heic, EXIF",
        "mp4",
        "mov",
    ],
)
def test_what_is_moved_lies_as_much_further_as_was_asked(data: bytes, tags: Tags, room: int) -> None:
    plan = plan_with(data, tags)
    plain, roomy = compose(plan, io.BytesIO(data)), fit(plan, io.BytesIO(data), room)
    assert shift(roomy) == shift(plain) + room


@pytest.mark.parametrize(("room", "more"), [(8, 8), (4000, 4000), (7, 0)])
def test_a_film_without_xmp_gets_an_empty_box(room: int, more: int) -> None:
    data = films()["iPhone, index first"]
    plan = plan_with(data, PLACE)
    roomy = fit(plan, io.BytesIO(data), room)
    assert shift(roomy) == shift(compose(plan, io.BytesIO(data))) + more
    assert any(isinstance(piece, bytes) and piece[4:8] == b"free" for piece in roomy) == bool(more)


def todo(shop: Shop, data: bytes, tags: Tags) -> Plan:
    wanted = plan_with(data, tags)
    media = MediaFile(0, "a.jpg", len(data), (shop.source / "a.jpg").stat().st_mtime_ns)
    match = type(wanted.match)(media, "", state=wanted.match.state)
    return Plan(match, "written", wanted.edits, "a.jpg", 10**18, "native")


def shares(shop: Shop, block: int) -> None:
    """As if DEST's disk had blocks to share."""
    shop.place.ways.blocks[(shop.source / "a.jpg").stat().st_dev] = block


@pytest.mark.parametrize("tags", [PEOPLE, DATE, PEOPLE | DATE])
def test_image_data_comes_to_lie_at_a_block_where_blocks_are_shared(tmp_path: Path, tags: Tags) -> None:
    shop = Shop(tmp_path, JPEG)
    shares(shop, BLOCK)
    assert shop.run(native_writer(), todo=todo(shop, JPEG, tags)).word == "written"
    scan = JPEG[JPEG.index(b"\xff\xda") :]
    assert shop.output.endswith(scan) and (len(shop.output) - len(JPEG)) % BLOCK == 0


def test_where_none_are_shared_nothing_is_put_in(tmp_path: Path) -> None:
    shop = Shop(tmp_path, JPEG)
    shares(shop, 1)
    shop.run(native_writer(), todo=todo(shop, JPEG, DATE))
    pieces = compose(todo(shop, JPEG, DATE), io.BytesIO(JPEG))
    assert not isinstance(pieces, Written)
    assert shop.output == b"".join(JPEG[p.start : p.stop] if isinstance(p, Span) else p for p in pieces)


@pytest.mark.parametrize(
    "answer", [Written("declined", "no room"), (b"-" * 100, Span(0, LEAST_SHARED * 2))], ids=["no", "misses"]
)
def test_what_cannot_be_fitted_is_written_as_it_is(tmp_path: Path, answer: Written | Sequence[Piece]) -> None:
    data = bytes(LEAST_SHARED * 2)
    shop = Shop(tmp_path, data)
    shares(shop, BLOCK)
    asked = []

    def fitting(plan: Plan, source: BinaryIO, room: int) -> Written | Sequence[Piece]:
        asked.append((source.tell(), room))
        return answer

    pieces = (b"head", Span(0, len(data)))
    writer = Writer("fake", lambda plan: True, lambda: _Never(), compose=lambda *about: pieces, fit=fitting)
    assert shop.run(writer).word == "written" and shop.output == b"head" + data
    assert asked == [(0, BLOCK - 4)] and misfit(pieces, BLOCK) == BLOCK - 4


class _Never:
    def write(self, staged: object) -> object:
        raise AssertionError("the session is not to be used")

    def close(self) -> None:
        pass
