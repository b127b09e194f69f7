"""Find the folders of an export, in any language, and however it was extracted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pef_tui.takeout.containers import FolderProbe, Shape, find_containers, year_of, years_in

LOCALIZED = Path(__file__).parents[2].parent / "shared" / "vectors" / "localized_names.json"


def shape(*files: str, source: str = "/data/export") -> Shape:
    """Return the Shape of a source that has these files."""

    def folders(path: str) -> list[str]:
        below = f"{path}/" if path else ""
        remainder = (file[len(below) :] for file in files if file.startswith(below))
        return sorted({name.partition("/")[0] for name in remainder if "/" in name})

    def has_json(path: str) -> bool:
        return any(file.rpartition("/")[0] == path and file.endswith(".json") for file in files)

    return find_containers(FolderProbe(folders, has_json), source)


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("Photos from 2019", 2019),
        ("Photos de 2020", 2020),
        ("Fotos del 1899", 1899),
        ("Foto_s van 2018", 2018),
        ("Photos_from_2019", None),
        ("Фото за 2020", 2020),
        ("Photos\u00a0from\u00a02099", 2099),
        ("2020年的照片", 2020),
        ("2020年の写真", 2020),
        ("2020년 사진", 2020),
        ("2019 年照片", 2019),
        ("2019-es fotók", 2019),
        ("2019", None),
        ("12 2019", None),
        ("Photos from 1799", None),
        ("Photos from 2100", None),
        ("Photos from 12019", None),
        ("Photos from 2019 ", None),
        ("2016-01-05 - Castello", None),
        ("2022 - Germany", None),
        ("20190705_summer", None),
        ("Trip", None),
        ("", None),
    ],
)
def test_year_folders_have_a_shape(name: str, year: int | None) -> None:
    assert year_of(name) == year


@pytest.mark.parametrize(
    ("files", "containers"),
    [
        pytest.param(["Takeout/Google Photos/Photos from 2019/a.jpg"], ["Takeout/Google Photos"], id="usual"),
        pytest.param(["Takeout/Google Foto/Trip/a.jpg"], ["Takeout/Google Foto"], id="albums only"),
        pytest.param(
            [
                "Takeout/Снимки/Снимки от 2019/a.jpg",
                "Takeout/Drive/Taxes/b.pdf",
                "Takeout/archive_browser.html",
            ],
            ["Takeout/Снимки"],
            id="beside other products",
        ),
        pytest.param(
            ["Takeout/Fotos/Ausflug/a.jpg.json", "Takeout/Drive/b/c.pdf"],
            ["Takeout/Fotos"],
            id="albums only, beside other products",
        ),
        pytest.param(
            [
                "part1/Takeout/Google Fotos/Fotos von 2019/a.jpg",
                "part2/Takeout/Google Fotos/Fotos von 2019/a.jpg.json",
            ],
            ["part1/Takeout/Google Fotos", "part2/Takeout/Google Fotos"],
            id="each part in a folder",
        ),
        pytest.param(
            ["takeout-1-001/Takeout/G/Trip/a.jpg", "takeout-1-002/Takeout/G/Trip/a.jpg.json"],
            ["takeout-1-001/Takeout/G", "takeout-1-002/Takeout/G"],
            id="folders called like their archives",
        ),
        pytest.param(
            ["Takeout/G/Photos from 2019/a.jpg", "Takeout 2/G/Photos from 2019/a.jpg.json"],
            ["Takeout 2/G", "Takeout/G"],
            id="numbered by a file manager",
        ),
        pytest.param(["a/b/c/d/Photos from 2019/a.jpg.json"], ["a/b/c/d"], id="four folders down"),
        pytest.param(["a/b/c/d/e/Photos from 2019/a.jpg.json"], [], id="deeper is not sought"),
        pytest.param(["Google Photos/Photos from 2019/a.jpg"], ["Google Photos"], id="source is Takeout"),
        pytest.param(
            ["Fotky/Fotky z 2019/a", "Fotky/Fotky z 2020/a"], ["Fotky"], id="two years of one naming"
        ),
        pytest.param(["写真/2020年の写真/a.jpg.json"], ["写真"], id="JSON in a year folder"),
        pytest.param(["Photos from 2019/a.jpg", "Trip/a.jpg"], [], id="source is the container"),
        pytest.param(
            ["Photos from 2019/a.json", "Takeout/Google Photos/Photos from 2019/b.jpg"],
            ["Takeout/Google Photos"],
            id="a container with a whole export in it",
        ),
        pytest.param(
            ["Google Foto_s/Reis/a.jpg.json", "b/c.jpg"], ["Google Foto_s"], id="albums only, no Takeout"
        ),
        pytest.param(
            ["Google Drive/Reis/a.jpg", "Google/x/Italy 2019/b.jpg"], [], id="other things of Google"
        ),
        pytest.param(["Trips/Italy 2019/a.jpg", "Trips/Spain 2020/a.jpg"], [], id="trips are no years"),
        pytest.param(["2019/a.jpg", "Family/2020/a.jpg"], [], id="plain years"),
        pytest.param(["a.jpg", "b/a.jpg"], [], id="no export"),
        pytest.param([], [], id="empty"),
    ],
)
def test_containers_are_found_by_shape(files: list[str], containers: list[str]) -> None:
    assert shape(*files) == Shape(tuple(containers))


@pytest.mark.parametrize(
    ("source", "files", "prefix"),
    [
        ("/x/Takeout/Google Photos/Photos from 2019", ["a.jpg"], "Photos from 2019"),
        ("/x/Takeout/Google Photos/Trip/", ["a.jpg"], "Trip"),
        ("/x/Fotos von 2019", ["a.jpg"], "Fotos von 2019"),
        ("/x/Takeout/Google Photos", ["a.jpg"], ""),
        ("/x/Trip", ["a.jpg"], ""),
        ("/x/takeout/mine/photos", ["a.jpg"], ""),
        ("/x/Backup 2019", ["Trip/a.jpg"], ""),
        ("/Takeout", ["a.jpg"], ""),
        ("/", ["a.jpg"], ""),
    ],
)
def test_a_single_folder_of_an_export_keeps_its_name(source: str, files: list[str], prefix: str) -> None:
    assert shape(*files, source=source) == Shape(prefix=prefix)


def test_albums_of_a_container_given_as_source_are_not_searched() -> None:
    looked: list[str] = []

    def folders(path: str) -> list[str]:
        looked.append(path)
        return ["Trip", "Trip 2"]

    assert find_containers(FolderProbe(folders, lambda path: False), "/x/Takeout/Google Photos") == Shape()
    assert looked == [""]


def test_a_wide_tree_is_searched_only_in_part() -> None:
    looked: list[str] = []

    def folders(path: str) -> list[str]:
        looked.append(path)
        return [f"folder{number}" for number in range(100)]

    assert find_containers(FolderProbe(folders, lambda path: False), "/x/tree") == Shape()
    assert len(looked) < 6_000


@pytest.mark.shared
@pytest.mark.skipif(not LOCALIZED.exists(), reason="no shared corpora here")
def test_every_language_known() -> None:
    names = json.loads(LOCALIZED.read_text())
    years: list[str] = []
    for value in (
        *names["year_folder_examples"].values(),
        *names["year_folder_seen_by_patterns_only"].values(),
    ):
        years += [value] if isinstance(value, str) else value
    years = [year for year in years if "2020" in year and "/" not in year]
    assert len(years) > 12
    assert {year_of(year) for year in years} == {2020}
    for container in names["container_folder"]:
        for year in years:
            assert shape(f"Takeout/{container}/{year}/a.jpg").containers == (f"Takeout/{container}",)
            assert shape(f"{container}/{year}/a.jpg.json").containers == (container,)


def test_a_part_unpacked_into_a_folder_called_takeout_is_a_whole_export() -> None:
    files = ("Google Photos/Photos from 2019/a.jpg", "archive_browser.html")
    assert shape(*files, source="/home/ana/Takeout/Takeout") == Shape(("Google Photos",))


@pytest.mark.parametrize(
    ("name", "years"),
    [
        ("Фото за 2019 год", {2019}),
        ("来自2019年的照片", {2019}),
        ("תמונות מ-2019", {2019}),
        ("صور من ٢٠١٩", {2019}),
        ("फ़ोटो २०१९ से", {2019}),
        ("2019 yılındaki fotoğraflar", {2019}),
        ("Photos from 2019(1)", {2019}),
        ("2018-2019", {2018, 2019}),
        ("12019", set()),
        ("20190701", set()),
        ("Trip", set()),
    ],
)
def test_years_in_names(name: str, years: set[int]) -> None:
    assert years_in(name) == years
