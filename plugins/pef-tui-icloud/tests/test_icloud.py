import pef_tui_icloud
import pytest
from pef_tui_icloud import details, is_export, taken

from pef_tui.testing import make

HEAD = "imgName,fileChecksum,favorite,hidden,deleted,originalCreationDate,viewCount,importDate\n"
LINE = '{name},Ab==,{favorite},no,no,"{date}",3,"Thursday July 2,2020 3:53 AM GMT"\n'
NOON = "Monday July 1,2019 12:34 PM GMT"


def line(name, date=NOON, favorite="no"):
    return LINE.format(name=name, date=date, favorite=favorite)


@pytest.fixture
def export(tmp_path):
    """Two parts: the details of a picture may lie in the other one."""
    files = {
        "iCloud Photos Part 1 of 2/Photos/IMG_1.JPG": make("jpeg", 1),
        "iCloud Photos Part 1 of 2/Photos/IMG_2.PNG": make("png", 2),
        "iCloud Photos Part 2 of 2/Photos/IMG_3.MOV": make("mov", 3),
        "iCloud Photos Part 2 of 2/Photos/IMG_4.JPG": make("jpeg", 4),
        "iCloud Photos Part 2 of 2/Photos/Photo Details.csv": (
            HEAD + line("IMG_1.JPG", favorite="yes") + line("IMG_3.MOV")
        ).encode(),
        "iCloud Photos Part 1 of 2/Photos/Photo Details-1.csv": (
            HEAD
            + line("IMG_2.PNG")
            + line("IMG_4.JPG")
            + line("IMG_4.JPG", "Tuesday July 2,2019 1:00 AM GMT")
        ).encode(),
    }
    for path, content in files.items():
        target = tmp_path / "icloud" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return tmp_path / "icloud"


def test_an_export_of_icloud_is_dated(pef_run, export):
    ran = pef_run(pef_tui_icloud, source=export, timezone="UTC")
    words = {name: (outcome.word, outcome.output) for name, outcome in ran.media.items()}
    assert words["IMG_4.JPG"] == ("unmatched", "Photos/IMG_4.JPG")
    assert words["IMG_1.JPG"] == ("written", "Photos/IMG_1.JPG")
    assert {name for name, (word, _) in words.items() if word in ("written", "sidecar")} == {
        "IMG_1.JPG",
        "IMG_2.PNG",
        "IMG_3.MOV",
    }
    assert ran.tags("IMG_1.JPG")["EXIF:DateTimeOriginal"] == "2019:07:01 12:34:00"
    assert ran.tags("IMG_1.JPG")["XMP-xmp:Rating"] == 5
    assert ran.media["IMG_1.JPG"].plan.match.rule == "icloud"
    assert ran.notes == tuple(note for note in ran.notes if "ExifTool" in note)


def test_a_second_run_does_nothing_and_a_changed_date_is_seen(pef_run, export):
    pef_run(pef_tui_icloud, source=export, timezone="UTC")
    assert {each.word for each in pef_run(pef_tui_icloud, source=export, timezone="UTC").media.values()} == {
        "unchanged"
    }
    (export / "iCloud Photos Part 2 of 2/Photos/Photo Details.csv").write_text(
        HEAD + line("IMG_1.JPG", "Monday July 1,2019 1:34 PM GMT") + line("IMG_3.MOV")
    )
    ran = pef_run(pef_tui_icloud, source=export, timezone="UTC")
    assert ran.media["IMG_1.JPG"].word == "written" and ran.media["IMG_2.PNG"].word == "unchanged"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NOON, 1561984440.0),
        ("Saturday January 1,2000 12:00 AM GMT", 946684800.0),
        ("Sunday December 31, 1950 11:59 PM GMT", -599616060.0),
        ("Monday July 41,2019 12:34 PM GMT", None),
        ("1. Juli 2019", None),
        ("", None),
    ],
)
def test_dates(text, expected):
    assert taken(text) == expected


def test_a_file_that_is_something_else_tells_nothing():
    assert list(details(b"\xff\x00a;b\n1;2\n")) == []


def test_what_an_export_is(export, tmp_path):
    assert is_export(str(export)) and is_export(str(export / "iCloud Photos Part 1 of 2"))
    assert not is_export(str(tmp_path)) and not is_export(str(export / "nothing"))
