"""Padding before the data that moves: exactly as much as is needed to share blocks with the source.

ExifTool reads the same tags from files with padding: the proofs write every other case with it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pytest
from mp4_cases import made as videos
from native_cases import plan_with
from test_native_commit import Shop

from pef_tui.filesystem.copying import MIN_SHARED, alignment_gap
from pef_tui.hooks import Piece, Span, Staged, Writer, Written
from pef_tui.model import MediaFile, Plan, Value
from pef_tui.native.writer import compose, compose_aligned, native_writer
from pef_tui.output import plugin
from pef_tui.settings import Settings
from pef_tui.testing.heif import heic
from pef_tui.testing.jpeg import jpeg
from pef_tui.testing.pictures import gif, png

Tags = dict[str, Value | None]
BLOCK = 4096
PEOPLE: Tags = {"XMP-dc:Subject": ("Ann", "Bob")}
DATE: Tags = {"EXIF:DateTimeOriginal": "2019:07:01 12:34:56"}
PLACE: Tags = {"Keys:GPSCoordinates": "1.5, 2.25, 0"}
JPEG = jpeg(1) + bytes(MIN_SHARED)


def shift(pieces: Sequence[Piece] | Written) -> int:
    """Return by how many bytes the longest span moves."""
    assert not isinstance(pieces, Written), pieces
    at, result = 0, (0, 0)
    for piece in pieces:
        if isinstance(piece, Span):
            result = max(result, (piece.stop - piece.start, at - piece.start))
            at += piece.stop - piece.start
        else:
            at += len(piece)
    return result[1]


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
        (videos()["WhatsApp"], PEOPLE),
        (videos()["iPhone, index first"], PEOPLE),
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
    plain, roomy = compose(plan, io.BytesIO(data)), compose_aligned(plan, io.BytesIO(data), room)
    assert shift(roomy) == shift(plain) + room


def test_the_built_in_plugin_offers_both_ways_to_compose() -> None:
    [writer] = plugin.pef_writers(Settings(xmp="never", writer="native"))
    data = JPEG
    plan = plan_with(data, PEOPLE)
    assert writer.compose is not None and writer._compose_aligned is not None
    assert writer.compose(plan, io.BytesIO(data)) == compose(plan, io.BytesIO(data))
    assert writer._compose_aligned(plan, io.BytesIO(data), 8) == compose_aligned(plan, io.BytesIO(data), 8)


@pytest.mark.parametrize(("room", "extra"), [(8, 8), (4000, 4000), (7, 0)])
def test_a_film_without_xmp_gets_an_empty_box(room: int, extra: int) -> None:
    data = videos()["iPhone, index first"]
    plan = plan_with(data, PLACE)
    roomy = compose_aligned(plan, io.BytesIO(data), room)
    assert shift(roomy) == shift(compose(plan, io.BytesIO(data))) + extra
    assert not isinstance(roomy, Written)
    assert any(isinstance(piece, bytes) and piece[4:8] == b"free" for piece in roomy) == bool(extra)


def todo(shop: Shop, data: bytes, tags: Tags) -> Plan:
    expected = plan_with(data, tags)
    media = MediaFile(0, "a.jpg", len(data), (shop.source / "a.jpg").stat().st_mtime_ns)
    match = type(expected.match)(media, "", metadata=expected.match.metadata)
    return Plan(match, "written", expected.edits, "a.jpg", 10**18, "native")


def shares(shop: Shop, block: int) -> None:
    """Simulate a disk of DEST that can share blocks of this size."""
    shop.place.copy_methods.blocks[(shop.source / "a.jpg").stat().st_dev] = block


@pytest.mark.parametrize("tags", [PEOPLE, DATE, PEOPLE | DATE])
def test_image_data_is_placed_at_a_block_where_blocks_are_shared(tmp_path: Path, tags: Tags) -> None:
    shop = Shop(tmp_path, JPEG)
    shares(shop, BLOCK)
    assert shop.run(native_writer(), todo=todo(shop, JPEG, tags)).outcome == "written"
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
    "answer", [Written("declined", "no room"), (b"-" * 100, Span(0, MIN_SHARED * 2))], ids=["no", "misses"]
)
def test_what_cannot_be_fitted_is_written_unchanged(
    tmp_path: Path, answer: Written | Sequence[Piece]
) -> None:
    data = bytes(MIN_SHARED * 2)
    shop = Shop(tmp_path, data)
    shares(shop, BLOCK)
    requests = []

    def fitting(plan: Plan, source: BinaryIO, room: int) -> Written | Sequence[Piece]:
        requests.append((source.tell(), room))
        return answer

    pieces = (b"head", Span(0, len(data)))
    writer = Writer(
        "fake",
        lambda plan: True,
        lambda: _Never(),
        compose=lambda *about: pieces,
        _compose_aligned=fitting,
    )
    assert shop.run(writer).outcome == "written" and shop.output == b"head" + data
    assert requests == [(0, BLOCK - 4)] and alignment_gap(pieces, BLOCK) == BLOCK - 4


class _Never:
    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        raise AssertionError("the session is not to be used")

    def close(self) -> None:
        pass
