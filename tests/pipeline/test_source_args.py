from __future__ import annotations

import os
from pathlib import Path

import pytest

from pef_tui.errors import UsageError
from pef_tui.hooks import Scanner
from pef_tui.model import Source
from pef_tui.pipeline.source_args import as_sources, output_path, source_paths
from pef_tui.settings import Settings
from pef_tui.sources.export_parts import missing_parts


def test_a_glob_stands_for_its_parts_in_order(tmp_path: Path) -> None:
    for name in ("part-2", "part-1", "other"):
        (tmp_path / name).mkdir()
    assert source_paths(Settings(sources=(f"{tmp_path}/part-*",))) == [
        f"{tmp_path}/part-1",
        f"{tmp_path}/part-2",
    ]


def test_a_path_that_looks_like_a_glob_and_exists_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "a[1]").mkdir()
    assert source_paths(Settings(sources=(f"{tmp_path}/a[1]",))) == [f"{tmp_path}/a[1]"]


@pytest.mark.parametrize("value", ["missing", "no*", "a\0b"])
def test_a_source_that_is_not_there_is_named(tmp_path: Path, value: str) -> None:
    with pytest.raises(UsageError, match="SOURCE"):
        source_paths(Settings(sources=(f"{tmp_path}/{value}",)))


@pytest.mark.parametrize(
    ("source", "output"),
    [("/x/Takeout", "/x/Takeout-fixed"), ("/x/part.ZIP", "/x/part-fixed"), ("/x/a.tar.gz", "/x/a-fixed")],
)
def test_the_output_lies_beside_the_only_source(source: str, output: str) -> None:
    assert output_path("", [source]) == output


def test_several_sources_need_an_output() -> None:
    with pytest.raises(UsageError, match="-o DEST"):
        output_path("", ["/x/a", "/x/b"])


def test_an_output_that_is_the_source_or_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    os.symlink(tmp_path, tmp_path / "link")
    for output in (file, tmp_path / "link", file / "below"):
        with pytest.raises(UsageError, match="DEST"):
            output_path(str(output), [str(tmp_path)])


def test_each_source_goes_to_the_first_scanner_that_takes_it() -> None:
    capture_time = Scanner("one", lambda path: path.endswith("1"), lambda source: None)  # type: ignore[arg-type,return-value]
    assert as_sources(["/a1"], [capture_time]) == (Source(0, "/a1", "one"),)
    with pytest.raises(UsageError, match="/b"):
        as_sources(["/b"], [capture_time])


def test_a_gap_in_the_numbers_of_parts_is_reported() -> None:
    def told(*names: str) -> list[str]:
        return list(missing_parts([f"/x/{name}" for name in names]))

    (line,) = told("takeout-20240102T030405Z-001.zip", "takeout-20240102T030405Z-003 (1).zip")
    assert line.startswith("takeout-20240102T030405Z-…: part 002 is not among the sources")
    (line,) = told("takeout-20240102T030405Z-3-012.tgz")
    assert "part 001, 002, 003, 004, 005, 006, 007, 008, 009, 010 and 1 more" in line
    assert told("takeout-1-001.zip", "takeout-1-002", "takeout-1-003.tar.gz", "takeout-2-001.zip") == []
    assert told("Takeout", "Photos from 2019", "IMG-003", "a.zip") == []
