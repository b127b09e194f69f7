"""The same file in two sources is a `duplicate` only if its bytes are in the output folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from commands import Line, run_here

from pef_tui.testing import Item, jpeg, sidecar, takeout

NAME = "Photos from 2019/a.jpg"
NAME_IN = f"Google Photos/{NAME}"


def twice(tmp_path: Path, content: Any) -> tuple[Path, Path]:
    first, second = (takeout(tmp_path / part, {NAME: content}) for part in ("one", "two"))
    return first, second


def run_both(tmp_path: Path, content: object, *flags: str, status: int = 0) -> list[Line]:
    """Return the lines of the file in both sources. Check that a preview reports the same."""
    first, second = twice(tmp_path, content)
    reports = []
    for extra in (("--dry-run",), ()) if status == 0 else ((),):
        lines = run_here(first, tmp_path / "out", str(second), *flags, *extra, status=status)
        reports.append(
            sorted((line for line in lines if line["type"] == "media"), key=lambda line: line["root"])
        )
    words = [[line["outcome"] for line in lines] for lines in reports]
    assert words[0] == words[-1]
    return reports[-1]


@pytest.mark.parametrize(
    ("content", "flags", "word"),
    [
        (None, ("--unmatched", "skip"), "unmatched"),
        (sidecar("a.jpg"), ("--retry-failed",), "excluded"),
    ],
)
def test_left_out_together(tmp_path: Path, content: object, flags: tuple[str, ...], word: str) -> None:
    first, second = run_both(tmp_path, content, *flags)
    assert (first["outcome"], second["outcome"]) == (word, word)
    assert "same bytes" in second["reason"] and first["reason"] in second["reason"]
    assert not (tmp_path / "out" / NAME).exists()


def test_failed_together_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "Photos from 2019").write_bytes(b"a file where a folder is needed")
    first, second = run_both(tmp_path, sidecar("a.jpg"), status=3)
    assert (first["outcome"], second["outcome"]) == ("failed", "failed")
    (tmp_path / "out" / "Photos from 2019").unlink()
    first, second = run_both(tmp_path, sidecar("a.jpg"))
    assert (first["outcome"], second["outcome"]) == ("written", "duplicate")


@pytest.mark.parametrize("content", [None, sidecar("a.jpg")])
def test_a_duplicate_of_what_is_there(tmp_path: Path, content: Any) -> None:
    run_both(tmp_path, content)
    first, second = run_both(tmp_path, content)
    assert (first["outcome"], second["outcome"]) == ("unchanged", "duplicate")
    (tmp_path / "out" / NAME).unlink()
    run_both(tmp_path, content)
    assert (tmp_path / "out" / NAME).exists()


@pytest.mark.parametrize("turned", [False, True])
def test_a_sidecar_elsewhere_in_any_export_that_has_the_file(tmp_path: Path, turned: bool) -> None:
    """The result depends neither on which export has the sidecar, nor on the order of the sources."""
    data = jpeg(3)
    first = takeout(tmp_path / "takeout-20241101T093000Z-001", {NAME: Item(None, data)})
    second = takeout(tmp_path / "takeout-20241102T093000Z-001", {NAME: Item(None, data)})
    takeout(second.parent, {"Trip/b.jpg": sidecar("b.jpg"), "Trip/a.jpg.json": sidecar("a.jpg")})
    sources = (second, first) if turned else (first, second)
    lines = run_here(sources[0], tmp_path / "out", str(sources[1]))
    report = {
        line["outcome"]: line for line in lines if line["type"] == "media" and line["source"] == NAME_IN
    }
    assert report.keys() == {"written", "duplicate"}
    assert report["written"]["rule"] == "elsewhere"


def test_a_film_shares_the_sidecar_that_its_still_has_from_another_export(tmp_path: Path) -> None:
    still, film = Item(None, jpeg(3)), "Photos from 2019/a.MP4"
    first = takeout(tmp_path / "takeout-20241101T093000Z-001", {NAME: still, film: None})
    second = takeout(tmp_path / "takeout-20241102T093000Z-001", {NAME: Item(sidecar("a.jpg"), jpeg(3))})
    for sources in ((first, second), (second, first)):
        out = tmp_path / f"out-{sources[0].parent.name}"
        lines = run_here(sources[0], out, str(sources[1]))
        words = {line["source"]: line["outcome"] for line in lines if line["type"] == "media"}
        assert words[f"Google Photos/{film}"] == "written"


def test_the_order_of_sources_does_not_decide_on_the_time_of_an_undated_file(tmp_path: Path) -> None:
    first, second = twice(tmp_path, None)
    for seconds, source in ((1_500_000_000, first), (1_400_000_000, second)):
        os.utime(source / NAME_IN, (seconds, seconds))
    for number, sources in enumerate(((first, second), (second, first))):
        out = tmp_path / f"out{number}"
        run_here(sources[0], out, str(sources[1]))
        assert (out / NAME).stat().st_mtime == 1_400_000_000
