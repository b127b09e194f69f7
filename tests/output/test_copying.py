"""Copies that share blocks with their source: alignment of spans, and equal bytes without sharing."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.filesystem import copying
from pef_tui.filesystem.copying import MIN_SHARED, CopyMethods, SourceChanged, alignment_gap, assemble
from pef_tui.hooks import Piece, Span
from pef_tui.output.output_dir import OutputDir

BLOCK = 4096
LONG = MIN_SHARED + 1


@pytest.mark.parametrize(
    ("pieces", "missing"),
    [
        ((Span(0, LONG),), 0),
        ((b"x" * 100, Span(0, LONG)), BLOCK - 100),
        ((b"x" * 100, Span(100, 100 + LONG)), 0),
        ((b"x" * 5000, Span(900, 900 + LONG)), (900 - 5000) % BLOCK),
        ((b"x", Span(2, LONG + 2), b"y", Span(0, LONG + 100)), (0 - LONG - 2) % BLOCK),
        ((b"x", Span(0, MIN_SHARED)), 0),
        ((b"x" * 1_000_000,), 0),
        ((), 0),
    ],
    ids=[
        "from the beginning",
        "behind something new",
        "where it was",
        "before where it was",
        "the longest counts",
        "too short",
        "nothing moved",
        "nothing",
    ],
)
def test_how_far_the_longest_span_is_from_where_its_blocks_can_be_shared(
    pieces: Sequence[Piece], missing: int
) -> None:
    assert alignment_gap(pieces, BLOCK) == missing
    assert alignment_gap(pieces, 1) == 0


@given(
    st.lists(
        st.binary(max_size=50)
        | st.builds(lambda a, n: Span(a, a + n), st.integers(0, 9000), st.integers(0, 9000)),
        max_size=5,
    ),
    st.sampled_from([1, 512, BLOCK]),
    st.booleans(),
    st.sampled_from([16, 5000, copying.SMALL_FILE]),
)
def test_what_is_assembled_is_the_same_whatever_can_be_shared(
    pieces: list[Piece], block: int, only_reads: bool, small_file: int
) -> None:
    data = bytes(range(251)) * 72
    source, target = os.memfd_create("source"), os.memfd_create("target")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(copying, "SMALL_FILE", small_file)
        patched.setattr(copying, "CHUNK", small_file)
        os.write(source, data)
        ways = CopyMethods()
        if only_reads:
            ways.first_method[os.fstat(source).st_dev] = len(copying.METHODS) - 1
        ways.blocks[os.fstat(source).st_dev] = block
        assemble(pieces, source, target, ways)
        expected = b"".join(
            data[piece.start : piece.stop] if isinstance(piece, Span) else piece for piece in pieces
        )
        assert os.pread(target, len(data) * 10, 0) == expected
    os.close(source)
    os.close(target)


@pytest.mark.parametrize(
    ("pieces", "calls"),
    [
        ((b"a" * 9, Span(0, 5000), b"b", Span(9000, 60_000)), 1),
        ((b"a" * 9, Span(0, copying.CHUNK - 9), b"b" * 100, Span(0, 900)), 2),
        ((Span(0, copying.CHUNK * 3), b"b", Span(0, 7)), 4),
    ],
)
def test_pieces_are_written_by_few_calls_to_a_server(
    pieces: Sequence[Piece], calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = os.memfd_create("source"), os.memfd_create("target")
    os.write(source, bytes(copying.CHUNK * 3))
    ways, writes = CopyMethods(), []
    ways.first_method[os.fstat(source).st_dev] = len(copying.METHODS) - 1
    real = os.pwrite

    def pwrite(fd: int, data: bytes, offset: int) -> int:
        writes.append(len(data))
        return real(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    assemble(pieces, source, target, ways)
    assert len(writes) == calls
    os.close(source)
    os.close(target)


def test_all_but_the_beginning_of_a_span_is_moved_from_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = []

    def note(source: int, target: int, size: int, start: int, at: int) -> int:
        moved.append((size, start, at))
        return size

    monkeypatch.setattr(copying, "METHODS", (note, note))
    monkeypatch.setattr(copying, "SMALL_FILE", 0)
    ways = CopyMethods()
    with Path(os.devnull).open("rb") as nothing:
        ways.blocks[os.fstat(nothing.fileno()).st_dev] = BLOCK
        fitted = (Span(100, 20_000),)
        for pieces in ((b"", *fitted), (b"x" * (BLOCK + 100), *fitted), (b"x" * 7, *fitted)):
            with Path(os.devnull).open("wb") as target:
                assemble(pieces, nothing.fileno(), target.fileno(), ways)
    edge = BLOCK - 100
    assert moved == [
        (19_900, 100, 0),
        (edge, 100, BLOCK + 100),
        (20_000 - BLOCK, BLOCK, 2 * BLOCK),
        (19_900, 100, 7),
    ]


def test_a_source_that_is_too_short_is_one_that_changed() -> None:
    source, target = os.memfd_create("source"), os.memfd_create("target")
    try:
        os.write(source, bytes(9000))
        ways = CopyMethods()
        ways.blocks[os.fstat(source).st_dev] = BLOCK
        with pytest.raises(SourceChanged):
            assemble((b"x" * BLOCK, Span(0, 20_000)), source, target, ways)
    finally:
        os.close(source)
        os.close(target)


@pytest.mark.parametrize(
    ("can", "report", "block"),
    [(True, BLOCK, BLOCK), (True, 1 << 16, 1 << 16), (True, 1 << 20, 1), (False, BLOCK, 1)],
)
def test_whether_blocks_can_be_shared_is_tried_once_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can: bool, report: int, block: int
) -> None:
    tried = []

    def ioctl(target: int, request: int, source: int) -> int:
        tried.append(source)
        if not can:
            raise OSError(errno.EOPNOTSUPP, "no")
        return 0

    real = os.fstatvfs
    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    monkeypatch.setattr(os, "fstatvfs", lambda fd: os.statvfs_result((report, *real(fd)[1:])))
    dest = OutputDir(str(tmp_path / "out"))
    try:
        with (tmp_path / "a.jpg").open("wb+") as source:
            actual = {dest.shared_block_size(source.fileno()) for _ in range(3)}
        assert actual == {block} and len(tried) == 1
        assert not os.listdir(dest.staging)
    finally:
        dest.close()
