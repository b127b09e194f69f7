"""An open file of a directory is read with the same results as Python's own file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.sources.file_stream import FIRST, FURTHER, FileStream

DATA = bytes(range(251)) * 1200  # more than four times FIRST, and every part is different


@pytest.fixture(scope="module")
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder, "file")
        sample.write_bytes(DATA)
        yield sample


def open_stream(path: Path) -> FileStream:
    return FileStream(os.open(path, os.O_RDONLY))


sizes = st.one_of(
    st.integers(-1, 20), st.sampled_from([4096, FURTHER, FURTHER + 1, FIRST, FIRST + 1, len(DATA)])
)
places = st.integers(0, len(DATA) + 100)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("read"), sizes, st.none()),
        st.tuples(st.just("seek"), places, st.just(0)),
        st.tuples(st.just("seek"), st.integers(0, 70_000), st.just(1)),
        st.tuples(st.just("seek"), st.integers(-len(DATA), 10), st.just(2)),
    ),
    max_size=12,
)


@given(steps)
def test_reads_and_seeks_as_pythons_own(path: Path, steps: list[tuple[str, int, int | None]]) -> None:
    with open_stream(path) as produced, path.open("rb") as reference:
        for kind, number, whence in steps:
            if kind == "read":
                assert produced.read(number) == reference.read(number)
            else:
                assert produced.seek(number, whence or 0) == reference.seek(number, whence or 0)
            assert produced.tell() == reference.tell()


def test_what_came_behind_the_file_since_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    with open_stream(path) as file:
        path.write_bytes(b"1234567")
        assert file.read() == b"12345"


def test_a_file_that_became_shorter_ends_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    with open_stream(path) as file:
        os.truncate(path, 100)
        assert file.read(len(DATA)) == DATA[:100]
        assert file.read(1) == b""


def test_is_let_continuece_and_reads_nothing_then(path: Path) -> None:
    file = open_stream(path)
    number = file.fileno()
    file.close()
    second = os.open(os.devnull, os.O_RDONLY)  # gets the lowest free number
    try:
        assert second == number
        file.close()
        os.fstat(second)
        with pytest.raises((OSError, ValueError)):
            file.read(1)
        with pytest.raises(ValueError, match="closed"):
            file.fileno()
    finally:
        os.close(second)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    number = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(OSError, match="no regular file"):
        FileStream(number)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_a_place_before_the_beginning_is_none(path: Path) -> None:
    with open_stream(path) as file, pytest.raises(ValueError, match="negative"):
        file.seek(-1)
