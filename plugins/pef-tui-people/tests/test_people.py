import csv
from collections.abc import Callable
from pathlib import Path

import pef_tui_people
import pytest
from pef_tui_people import Options, check, screenshot

from pef_tui.testing import Ran, made_match, sidecar

FILES = {
    "Trip/a.jpg": sidecar("a.jpg", people=["Ann", "Bé, Jr."]),
    "Trip/b.jpg": sidecar("b.jpg"),
    "Trip/metadata.json": {"title": "A trip"},
    "Trip/Screenshot_2020-01-01.png": sidecar("Screenshot_2020-01-01.png", people=["Ann"]),
}

NO_SCREENSHOTS = {"people": {"screenshots": False}}
FIRST = [["Trip/a.jpg", "Ann", "A trip"], ["Trip/a.jpg", "Bé, Jr.", "A trip"]]


def listed(ran: Ran) -> list[list[str]]:
    with (ran.output / "people.csv").open(newline="") as stream:
        return list(csv.reader(stream))


def test_screenshots_are_kept_unless_they_are_to_be_left_out(pef_run: Callable[..., Ran]) -> None:
    ran = pef_run(pef_tui_people, FILES)
    assert ran.media["Screenshot_2020-01-01.png"].outcome == "written"
    assert ["Trip/Screenshot_2020-01-01.png", "Ann", "A trip"] in listed(ran)


def test_people_are_listed_and_screenshots_left_out(pef_run: Callable[..., Ran]) -> None:
    ran = pef_run(pef_tui_people, FILES, tables=NO_SCREENSHOTS)
    assert listed(ran) == [["picture", "person", "album"], *FIRST]
    assert ran.media["Screenshot_2020-01-01.png"].outcome == "excluded"
    assert ran.media["Screenshot_2020-01-01.png"].reason == "a screenshot"
    assert ran.media["a.jpg"].outcome == "written"


def test_a_second_run_keeps_the_lines_and_takes_what_is_new(pef_run: Callable[..., Ran]) -> None:
    first = pef_run(pef_tui_people, FILES, tables=NO_SCREENSHOTS)
    files = {"Other/c.jpg": sidecar("c.jpg", people=["Cy"])}
    second_run = pef_run(pef_tui_people, files, tables=NO_SCREENSHOTS)
    assert second_run.media["a.jpg"].outcome == "unchanged"
    assert listed(second_run) == [listed(first)[0], ["Other/c.jpg", "Cy", ""], *FIRST]


def test_a_preview_writes_nothing_and_the_list_may_be_switched_off(pef_run: Callable[..., Ran]) -> None:
    assert not (pef_run(pef_tui_people, FILES, dry_run=True).output / "people.csv").exists()
    tables = {"people": {"file": ""}}
    ran = pef_run(pef_tui_people, FILES, tables=tables)
    assert not (ran.output / "people.csv").exists()
    assert ran.media["Screenshot_2020-01-01.png"].outcome != "excluded"


def test_a_file_of_somebody_else_is_left_alone(pef_run: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/people.csv").write_text("mine\n")
    ran = pef_run(pef_tui_people, FILES)
    assert (tmp_path / "out/people.csv").read_text() == "mine\n"
    assert any("people.csv exists and is not a list of people" in note for note in ran.notes)
    assert ran.media["a.jpg"].outcome == "written"
    assert [item.level for item in check(ran.output, Options())] == ["warning"]


@pytest.mark.parametrize(
    ("name", "folder", "expected"),
    [
        ("Screenshot 2020-01-01 at 10.00.00.png", None, True),
        ("Bildschirmfoto 2020-01-01 um 10.png", None, True),
        ("IMG_1.PNG", "Screenshots", True),
        ("IMG_1.PNG", "Camera", False),
        ("sunscreen.jpg", None, False),
    ],
)
def test_what_a_screenshot_is(name: str, folder: str | None, expected: bool) -> None:
    extra = (
        {"googlePhotosOrigin": {"mobileUpload": {"deviceFolder": {"localFolderName": folder}}}}
        if folder
        else {}
    )
    assert (screenshot(made_match({"title": name, **extra}, name)) is not None) is expected
