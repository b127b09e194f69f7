"""Matches by equal bytes in a run in place. The program itself replaces the files that are compared."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from commands import Line, media, run_with

from pef_tui.output.replaced_files import PreviousVersions
from pef_tui.output.undo_record import content_of
from pef_tui.pipeline.stages import Planning
from pef_tui.testing import make, sidecar, takeout

ALONE, ALBUM = "Photos from 2019/photo(1).jpg", "Trip/photo(1).jpg"
PICTURE = make("jpeg", 1)
TRIP: dict[str, Any] = {
    ALBUM: PICTURE,
    "Trip/photo.jpg.supplemental-metadata(1).json": sidecar("photo.jpg", people=["Ann Example"]),
    "Trip/metadata.json": {"title": "Trip"},
}


def run(source: Path, *options: str) -> dict[str, Line]:
    return media(run_with(["--batch", "--json", "--no-config", "--in-place", str(source), *options]))


def rules_and_outcomes(lines: dict[str, Line]) -> dict[str, tuple[str, str]]:
    return {
        name.partition("Google Photos/")[2]: (line["rule"], line["outcome"]) for name, line in lines.items()
    }


def test_a_copy_that_comes_after_its_twin_was_written(tmp_path: Path) -> None:
    source = takeout(tmp_path, TRIP)
    assert run(source)
    assert takeout(tmp_path, {ALONE: PICTURE}) == source
    expected = {ALONE: ("elsewhere", "written"), ALBUM: ("exact", "unchanged")}
    assert rules_and_outcomes(run(source, "-n")) == expected
    assert rules_and_outcomes(run(source)) == expected
    assert (tmp_path / "Takeout/Google Photos" / ALONE).read_bytes() == (
        tmp_path / "Takeout/Google Photos" / ALBUM
    ).read_bytes()
    assert {outcome for _, outcome in rules_and_outcomes(run(source)).values()} == {"unchanged"}


def test_bytes_that_somebody_else_changed_prove_nothing(tmp_path: Path) -> None:
    source = takeout(tmp_path, TRIP)
    assert run(source)
    edited = tmp_path / "Takeout/Google Photos" / ALBUM
    edited.write_bytes(make("jpeg", 2))
    takeout(tmp_path, {ALONE: PICTURE})
    assert rules_and_outcomes(run(source))[ALONE][1] == "unmatched"


def test_a_twin_is_written_while_the_copy_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second search begins when all files that depend on one folder alone are written."""
    source = takeout(tmp_path, TRIP | {ALONE: PICTURE})
    twin = tmp_path / "Takeout/Google Photos" / ALBUM
    plan_orphans = Planning._plan_orphans

    def late(self: Planning, queue):  # type: ignore[no-untyped-def]
        for _ in range(6000):
            if twin.read_bytes() != PICTURE:
                break
            time.sleep(0.01)
        assert twin.read_bytes() != PICTURE
        return plan_orphans(self, queue)

    foreseen = rules_and_outcomes(run(source, "-n"))
    monkeypatch.setattr(Planning, "_plan_orphans", late)
    assert (
        rules_and_outcomes(run(source))
        == foreseen
        == {ALONE: ("elsewhere", "written"), ALBUM: ("exact", "written")}
    )


def test_what_a_file_was_is_followed_back_over_runs(tmp_path: Path) -> None:
    source = takeout(tmp_path, TRIP)
    assert run(source)
    assert run(source, "--tags=-people", "--existing", "overwrite", "--force")
    path = tmp_path / "Takeout/Google Photos" / ALBUM
    with path.open("rb") as stream:
        current = content_of(stream)
    state_before = PreviousVersions(str(source), lambda name: name == "photo(1).jpg")
    assert state_before.sizes(str(path.relative_to(source))) == set()
    state_before.refresh()
    state_before.refresh()
    assert len(PICTURE) in state_before.sizes(str(path.relative_to(source)))
    actual = state_before.contents(str(path.relative_to(source)), current)
    with (tmp_path / "first").open("w+b") as stream:
        stream.write(PICTURE)
        assert content_of(stream) in actual
    assert state_before.contents(str(path.relative_to(source)), b"other") == {b"other"}
