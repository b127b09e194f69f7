"""Joins by equal bytes in place, where the program itself replaces the files that are compared."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from commands import Line, media, run_with

from pef_tui.chain import Planning
from pef_tui.testing import make, sidecar, takeout
from pef_tui.write.former_files import FormerFiles
from pef_tui.write.undo_book import content_of

ALONE, ALBUM = "Photos from 2019/photo(1).jpg", "Trip/photo(1).jpg"
PICTURE = make("jpeg", 1)
TRIP = {
    ALBUM: PICTURE,
    "Trip/photo.jpg.supplemental-metadata(1).json": sidecar("photo.jpg", people=["Ann Example"]),
    "Trip/metadata.json": {"title": "Trip"},
}


def run(source: Path, *more: str) -> dict[str, Line]:
    return media(run_with(["--batch", "--json", "--no-config", "--in-place", str(source), *more]))


def told(lines: dict[str, Line]) -> dict[str, tuple[str, str]]:
    return {
        name.partition("Google Photos/")[2]: (line["rule"], line["outcome"]) for name, line in lines.items()
    }


def test_a_copy_that_comes_after_its_twin_was_written(tmp_path: Path) -> None:
    source = takeout(tmp_path, TRIP)
    assert run(source)
    assert takeout(tmp_path, {ALONE: PICTURE}) == source
    wanted = {ALONE: ("elsewhere", "written"), ALBUM: ("exact", "unchanged")}
    assert told(run(source, "-n")) == wanted
    assert told(run(source)) == wanted
    assert (tmp_path / "Takeout/Google Photos" / ALONE).read_bytes() == (
        tmp_path / "Takeout/Google Photos" / ALBUM
    ).read_bytes()
    assert {outcome for _, outcome in told(run(source)).values()} == {"unchanged"}


def test_bytes_that_somebody_else_changed_prove_nothing(tmp_path: Path) -> None:
    source = takeout(tmp_path, TRIP)
    assert run(source)
    edited = tmp_path / "Takeout/Google Photos" / ALBUM
    edited.write_bytes(make("jpeg", 2))
    takeout(tmp_path, {ALONE: PICTURE})
    assert told(run(source))[ALONE][1] == "unmatched"


def test_a_twin_is_written_while_the_copy_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look begins when everything that one folder decides is written."""
    source = takeout(tmp_path, TRIP | {ALONE: PICTURE})
    twin = tmp_path / "Takeout/Google Photos" / ALBUM
    second_look = Planning._second_look

    def late(self: Planning, put):  # type: ignore[no-untyped-def]
        for _ in range(6000):
            if twin.read_bytes() != PICTURE:
                break
            time.sleep(0.01)
        assert twin.read_bytes() != PICTURE
        return second_look(self, put)

    foreseen = told(run(source, "-n"))
    monkeypatch.setattr(Planning, "_second_look", late)
    assert told(run(source)) == foreseen == {ALONE: ("elsewhere", "written"), ALBUM: ("exact", "written")}


def test_what_a_file_was_is_followed_back_over_runs(tmp_path: Path) -> None:
    source = takeout(tmp_path, TRIP)
    assert run(source)
    assert run(source, "--tags=-people", "--existing", "overwrite", "--force")
    path = tmp_path / "Takeout/Google Photos" / ALBUM
    with path.open("rb") as stream:
        now = content_of(stream)
    before = FormerFiles(str(source), lambda name: name == "photo(1).jpg")
    assert before.sizes(str(path.relative_to(source))) == set()
    before.refresh()
    before.refresh()
    assert len(PICTURE) in before.sizes(str(path.relative_to(source)))
    found = before.contents(str(path.relative_to(source)), now)
    with (tmp_path / "first").open("w+b") as stream:
        stream.write(PICTURE)
        assert content_of(stream) in found
    assert before.contents(str(path.relative_to(source)), b"other") == {b"other"}
