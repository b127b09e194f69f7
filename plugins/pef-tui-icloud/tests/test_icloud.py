import zipfile
from collections.abc import Callable
from pathlib import Path

import pef_tui_icloud
import pytest
from pef_tui_icloud import details, is_archive, is_export, taken

from pef_tui.testing import Ran, make

HEAD = "imgName,fileChecksum,favorite,hidden,deleted,originalCreationDate,viewCount,importDate\n"
LINE = '{name},Ab==,{favorite},no,no,"{date}",3,"Thursday July 2,2020 3:53 AM GMT"\n'
NOON = "Monday July 1,2019 12:34 PM GMT"


def line(name: str, date: str = NOON, favorite: str = "no") -> str:
    return LINE.format(name=name, date=date, favorite=favorite)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Create an export of two parts, because the CSV file of a picture can be in the other part."""
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


def test_an_export_of_icloud_is_dated(pef_run: Callable[..., Ran], export: Path) -> None:
    ran = pef_run(pef_tui_icloud, source=export, timezone="UTC")
    words = {name: (outcome.outcome, outcome.output) for name, outcome in ran.media.items()}
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


def test_a_second_run_does_nothing_and_a_changed_date_is_seen(
    pef_run: Callable[..., Ran], export: Path
) -> None:
    pef_run(pef_tui_icloud, source=export, timezone="UTC")
    assert {
        media_file.outcome
        for media_file in pef_run(pef_tui_icloud, source=export, timezone="UTC").media.values()
    } == {"unchanged"}
    (export / "iCloud Photos Part 2 of 2/Photos/Photo Details.csv").write_text(
        HEAD + line("IMG_1.JPG", "Monday July 1,2019 1:34 PM GMT") + line("IMG_3.MOV")
    )
    ran = pef_run(pef_tui_icloud, source=export, timezone="UTC")
    assert ran.media["IMG_1.JPG"].outcome == "written" and ran.media["IMG_2.PNG"].outcome == "unchanged"


def zipped(export: Path) -> list[Path]:
    """Return an archive of each part, as iCloud offers them."""
    archives = []
    for part in sorted(export.iterdir()):
        archives.append(export.parent / f"{part.name}.zip")
        with zipfile.ZipFile(archives[-1], "w") as archive:
            for path in sorted(part.rglob("*")):
                archive.write(path, path.relative_to(export))
    return archives


def results(ran: Ran) -> dict[str, tuple[str, str | None, object]]:
    return {name: (item.outcome, item.output, ran.tags(name)) for name, item in ran.media.items()}


@pytest.mark.parametrize("albums", ["folder", "tag"])
def test_zip_parts_give_the_same_as_unpacked_ones(
    pef_run: Callable[..., Ran], export: Path, tmp_path: Path, albums: str
) -> None:
    add_albums(export)
    unpacked = pef_run(pef_tui_icloud, source=export, timezone="UTC", albums=albums)
    archives = tuple(map(str, zipped(export)))
    settings = {"sources": archives, "output": str(tmp_path / "other"), "timezone": "UTC", "albums": albums}
    packed = pef_run(pef_tui_icloud, source=export, **settings)
    assert results(packed) == results(unpacked) and len(packed.media) == 4
    assert len(packed.records) == len(unpacked.records)
    again = pef_run(pef_tui_icloud, source=export, **settings)
    assert {item.outcome for item in again.media.values()} == {"unchanged"}


def add_albums(export: Path) -> None:
    folder = export / "iCloud Photos Part 2 of 2" / "Albums"
    folder.mkdir()
    (folder / "Trip.csv").write_text("Images\nIMG_1.JPG\nIMG_3.MOV\n")
    (folder / "Best.csv").write_text("Images\nIMG_1.JPG\nnot here.JPG\n")


def test_albums_become_keywords_and_folders_of_a_layout(pef_run: Callable[..., Ran], export: Path) -> None:
    add_albums(export)
    ran = pef_run(pef_tui_icloud, source=export, timezone="UTC", albums="tag", layout="{album}/{name}")
    assert ran.tags("IMG_1.JPG")["XMP-dc:Subject"] == ("Best", "Trip")
    assert ran.tags("IMG_3.MOV")["XMP-dc:Subject"] == ("Trip",)
    assert "XMP-dc:Subject" not in ran.tags("IMG_2.PNG")
    assert [ran.media[name].output for name in ("IMG_1.JPG", "IMG_2.PNG", "IMG_3.MOV")] == [
        *("Best/IMG_1.JPG", "IMG_2.PNG", "Trip/IMG_3.MOV")
    ]
    (export / "iCloud Photos Part 2 of 2/Albums/Trip.csv").write_text("Images\nIMG_1.JPG\nIMG_2.PNG\n")
    ran = pef_run(pef_tui_icloud, source=export, timezone="UTC", albums="tag", layout="{album}/{name}")
    assert ran.media["IMG_2.PNG"].output == "Trip/IMG_2.PNG"
    assert ran.tags("IMG_2.PNG")["XMP-dc:Subject"] == ("Trip",)


def test_albums_are_no_keywords_unless_asked(pef_run: Callable[..., Ran], export: Path) -> None:
    add_albums(export)
    ran = pef_run(pef_tui_icloud, source=export, timezone="UTC")
    assert "XMP-dc:Subject" not in ran.tags("IMG_1.JPG")


def test_what_an_archive_of_an_export_is(export: Path, tmp_path: Path) -> None:
    first, second = zipped(export)
    assert is_archive(str(first))
    assert is_archive(str(second.rename(tmp_path / "renamed.zip")))
    (tmp_path / "broken.zip").write_bytes(b"PK")
    assert not is_archive(str(tmp_path / "broken.zip")) and not is_archive(str(export))


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
def test_dates(text: str, expected: float | None) -> None:
    assert taken(text) == expected


def test_a_file_that_is_something_else_tells_nothing() -> None:
    assert list(details(b"\xff\x00a;b\n1;2\n")) == []


def test_what_an_export_is(export: Path, tmp_path: Path) -> None:
    assert is_export(str(export)) and is_export(str(export / "iCloud Photos Part 1 of 2"))
    assert not is_export(str(tmp_path)) and not is_export(str(export / "nothing"))
