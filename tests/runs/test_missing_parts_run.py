"""Parts of one export that are not given together, or that have different files with one name."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest
from commands import media, tree
from export_layouts import JULY, OCTOBER, SC, G, Y, lay, picture, results_by_name, run

from pef_tui.testing import film, make
from pef_tui.testing.export import sidecar


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.mark.parametrize("options", [(), ("--unmatched", "skip"), ("--force",), ("--albums", "tag")], ids=str)
def test_an_output_stays_if_the_part_with_its_sidecar_is_not_given_again(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    first_part = lay(
        tmp_path / "one.zip",
        {name: data for name, data in picture("i.jpg", 1).items() if name.endswith(".jpg")},
    )
    second_part = lay(
        tmp_path / "two.zip",
        {name: data for name, data in picture("i.jpg", 1).items() if name.endswith(".json")},
    )
    out = tmp_path / "out"
    run([first_part, second_part], out)
    output_tree = tree(out)
    for flags in (("--dry-run", *options), options, options):
        [line] = media(run([first_part], out, *flags)).values()
        assert (line["outcome"], line["output"]) == ("unchanged", "Photos from 2019/i.jpg")
        assert "not in SOURCE" in line["warnings"][0]
        assert tree(out) == output_tree
    [line] = media(run([first_part, second_part], out)).values()
    assert (line["outcome"], line["warnings"]) == ("unchanged", [])


@pytest.mark.parametrize("name", ["PXL_20190701_103456123.MP", "PXL_20190701_103456123.MV"])
@pytest.mark.parametrize(
    ("created", "shared"), [(JULY, True), (None, True), (OCTOBER, False)], ids=["its own", "none", "another"]
)
def test_a_motion_film_in_another_source(
    tmp_path: Path, name: str, created: float | None, shared: bool
) -> None:
    """The video belongs to the still of its name, unless its own time differs."""
    still = lay(tmp_path / "a", picture(f"{name}.jpg", 1, people=["Ann Example"]))
    own_value = None if created is None else datetime.fromtimestamp(created, UTC)
    other_file = lay(tmp_path / "b", {f"{Y}/{name}": film("mp4", 2, created=own_value)})
    for number, sources in enumerate(([still, other_file], [other_file, still])):
        line = media(run(sources, tmp_path / f"out{number}"))[f"{Y}/{name}"]
        assert (line["rule"] == "motion") is shared
        assert line["outcome"] == ("written" if shared else "unmatched")


@pytest.mark.parametrize("name", ["i.jpg", "i.MOV"])
@pytest.mark.parametrize("folder", ["\u00c9t\u00e9", "E\u0301te\u0301"])
def test_parts_of_one_export_with_different_files_of_one_name(tmp_path: Path, name: str, folder: str) -> None:
    """The sidecar belongs to the file in its directory, and to no other file."""
    kind, stamp = ("mp4" if name.endswith("MOV") else "jpeg"), "takeout-20240101T000000Z-00"
    first_part = lay(
        tmp_path / f"{stamp}1",
        {f"{G}/\u00c9t\u00e9/{name}": make(kind, 1), f"{G}/\u00c9t\u00e9/{name}{SC}": sidecar(name)},
    )
    second_part = lay(tmp_path / f"{stamp}2", {f"{G}/{folder}/{name}": make(kind, 2)})
    for number, sources in enumerate(permutations([first_part, second_part])):
        lines = run([*sources], tmp_path / f"out{number}")
        outcomes = [line["outcome"] for line in lines if line["type"] == "media"]
        assert sorted(outcomes) == ["unmatched", "written"]


def test_a_live_video_shares_its_pictures_sidecar_whichever_equal_picture_comes_first(tmp_path: Path) -> None:
    """Another source has the picture with equal bytes and without a sidecar."""
    own_source = lay(
        tmp_path / "own",
        {f"{Y}/i.jpg": 2, f"{Y}/i.MOV": make("mp4", 1), f"{G}/Trip/i.jpg{SC}": sidecar("i.jpg")},
    )
    (own_source / G / "Trip/metadata.json").write_text('{"title": "Trip"}')
    other_source = lay(tmp_path / "other", {f"{Y}/i.jpg": 2})
    for number, sources in enumerate(permutations([own_source, other_source])):
        lines = results_by_name(run([*sources], tmp_path / f"out{number}"))
        assert lines["i.MOV"] == [("written", "2019-07-01")]
