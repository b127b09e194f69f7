from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.model import FileMetadata, Match, MediaFile
from pef_tui.planning.layout import Layout
from pef_tui.planning.output_names import (
    NAME_BYTES,
    fold_name,
    numbered_name,
    safe_component,
    strict_component,
)
from pef_tui.settings import Settings


def match(path: str, format: str = "jpeg", root: int = 0, main: str = "") -> Match:
    folder = path.rpartition("/")[0]
    return Match(MediaFile(root, path, 1, 0), folder, metadata=FileMetadata(format), main=main)


def claims(folder: str, *matches: Match, settings: Settings | None = None) -> list[str]:
    layout = Layout(settings or Settings())
    layout.begin_folder(folder)
    return [layout.claim(file_match) for file_match in matches]


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [("a.jpg", 1, "a.jpg"), ("a.jpg", 2, "a (2).jpg"), ("a", 3, "a (3)"), (".hidden", 2, ".hidden (2)")],
)
def test_numbers_go_before_the_extension(name: str, number: int, expected: str) -> None:
    assert numbered_name(name, number) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("../../etc/x", ".._.._etc_x"),
        ("CON", "_CON"),
        ("com1.jpg", "_com1.jpg"),
        ("a. ", "a"),
        ("", "_"),
        ("..", "_"),
        ('a:b*c?"d', "a_b_c__d"),
        ("a\nb", "a_b"),
        ("a\ud800b", "a_b"),
    ],
)
def test_a_title_never_leads_elsewhere(title: str, expected: str) -> None:
    assert strict_component(title) == expected


@given(st.text(max_size=400))
def test_components_fit_any_file_system(text: str) -> None:
    for component in (safe_component(text), strict_component(text)):
        assert "/" not in component and "\0" not in component and component not in ("", ".", "..")
        assert len(component.encode("utf-8", "surrogatepass")) <= NAME_BYTES


def test_two_files_that_meet_get_numbers_in_order_of_the_sources() -> None:
    assert claims("F", match("F/a.jpg"), match("F/a.jpg", root=1), match("F/A.JPG", root=2)) == [
        "F/a.jpg",
        "F/a (2).jpg",
        "F/A (3).JPG",
    ]


def test_composed_and_decomposed_names_are_one_name() -> None:
    assert claims("", match("caf\u00e9.jpg"), match("cafe\u0301.jpg")) == [
        "caf\u00e9.jpg",
        "cafe\u0301 (2).jpg",
    ]


def test_a_film_follows_the_number_of_its_picture() -> None:
    pictures = [match("F/a.HEIC", "heic"), match("F/a.HEIC", "heic", root=1)]
    films = [match("F/a.MP4", "mp4", main="a.HEIC"), match("F/a.MP4", "mp4", root=1, main="a.HEIC")]
    assert claims("F", *pictures, *films) == ["F/a.HEIC", "F/a (2).HEIC", "F/a.MP4", "F/a (2).MP4"]


def test_folders_that_differ_in_case_only_stay_apart() -> None:
    layout = Layout(Settings())
    layout.begin_folder("Trip")
    first = layout.claim(match("Trip/a.jpg"))
    layout.begin_folder("trip")
    assert [first, layout.claim(match("trip/a.jpg"))] == ["Trip/a.jpg", "trip (2)/a.jpg"]


def test_names_of_earlier_runs_are_kept_free() -> None:
    layout = Layout(Settings())
    layout.begin_folder("F", {(0, "F/a.jpg"): "F/a.jpg"})
    assert layout.claim(match("F/a.jpg", root=1)) == "F/a (2).jpg"


def test_the_extension_follows_the_content_unless_kept() -> None:
    wrong = match("F/a.heic", "jpeg")
    assert claims("F", wrong) == ["F/a.jpg"]
    assert claims("F", wrong, settings=Settings(extensions="keep")) == ["F/a.heic"]


def test_the_programs_own_folder_is_never_an_output() -> None:
    assert claims(".pef-tui", match(".pef-tui/manifest")) == ["_.pef-tui/manifest.jpg"]


def test_folding() -> None:
    assert fold_name("STRASSE") == fold_name("straße")


def test_a_file_keeps_the_name_an_earlier_run_gave_it() -> None:
    layout = Layout(Settings())
    layout.begin_folder("F", {(0, "F/a.jpg"): "F/a (2).jpg"})
    assert layout.claim(match("F/a.jpg")) == "F/a (2).jpg"
    assert layout.claim(match("F/a.jpg", root=1)) == "F/a.jpg"


LONG = "x" * 247 + ".mkv"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
"""An emoji of a person: one visible character, five code points, 18 bytes."""


@pytest.mark.parametrize("number", [2, 10, 1000])
@pytest.mark.parametrize("filler", ["x", "é", "e\u0301", "\u6f22", FAMILY, "\U0001f1e9\U0001f1ea", "\udcff"])
def test_a_long_name_is_cut_before_its_number_by_whole_characters(filler: str, number: int) -> None:
    name = safe_component(filler * 260 + ".mkv")
    sample = numbered_name(name, number)
    assert len(os.fsencode(sample)) <= NAME_BYTES < len(os.fsencode(sample)) + len(os.fsencode(filler))
    stem = sample.removesuffix(f" ({number}).mkv")
    assert stem == filler * (len(stem) // len(filler))


def test_long_names_that_meet_stay_apart_and_keep_their_numbers() -> None:
    matches = [match(f"F/{LONG}", "mkv", root) for root in range(3)]
    first = claims("F", *matches)
    assert len(set(first)) == 3 and first[1].endswith("x (2).mkv")
    layout = Layout(Settings())
    layout.begin_folder(
        "F", {(item.media.root, item.media.path): path for item, path in zip(matches, first, strict=True)}
    )
    assert [layout.claim(item) for item in reversed(matches)] == first[::-1]


def test_long_folders_that_meet_stay_apart() -> None:
    layout = Layout(Settings())
    outputs = []
    for folder in ("y" * 255, "Y" * 255):
        layout.begin_folder(folder)
        outputs.append(layout.claim(match(f"{folder}/a.jpg")))
    assert outputs[1] == "Y" * 247 + " (2)/a.jpg"


class History:
    """Outputs of earlier runs. All other methods answer as for an empty DEST."""

    def __init__(self, *recorded_paths: str) -> None:
        self._recorded_paths = recorded_paths

    def recorded(self, path: str) -> bool:
        return path in self._recorded_paths

    def is_new(self, folder: str) -> bool:
        return False

    def is_there(self, path: str) -> bool:
        return False

    def folder_given(self, folder: str, is_wanted: Callable[[str], bool]) -> str | None:
        return None

    def folder_taken(self, path: str, accepts: Callable[[str], bool]) -> bool:
        return False


@pytest.mark.parametrize(
    ("recorded_paths", "expected"),
    [((), ["a.jpg", "a (2).jpg"]), (("a.jpg",), ["a (2).jpg", "a.jpg"])],
    ids=["intended by a stopped run", "recorded"],
)
def test_a_template_gives_an_earlier_path_only_once(
    recorded_paths: tuple[str, ...], expected: list[str]
) -> None:
    layout = Layout(Settings(layout="{name}"), History(*recorded_paths))
    layout.begin_folder("A")
    first = layout.claim(match("A/a.jpg"))
    layout.begin_folder("B", {(0, "B/a.jpg"): "a.jpg"})
    assert [first, layout.claim(match("B/a.jpg"))] == expected
