import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pef_tui_avi
import pytest
from pef_tui_avi import chunks

from pef_tui.testing import Item, Ran, make, sidecar

FILM = make("avi", 1)
SAID = sidecar("a.avi", place=(48.2, 16.37), people=["Ann"], description="a text")


def with_more(film: bytes, extra_bytes: bytes) -> bytes:
    """Return `film` with `extra_bytes`, further chunks, after its own chunks."""
    return b"RIFF" + (len(film) - 8 + len(extra_bytes)).to_bytes(4, "little") + film[8:] + extra_bytes


def names(film: bytes) -> list[bytes]:
    return [name for _, name, _ in chunks(io.BytesIO(film), len(film))]


def read(path: Path) -> dict[str, object]:
    if shutil.which("exiftool") is None:
        pytest.skip("no ExifTool")
    command = ["exiftool", "-j", "-G1", "-n", "-XMP:all", "-validate", str(path)]
    [tags] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return dict(tags)


def test_tags_are_in_the_film_and_nothing_else_moved(pef_run: Callable[..., Ran]) -> None:
    ran = pef_run(pef_tui_avi, {"Trip/a.avi": Item(SAID, FILM)}, verify=100)
    outcome = ran.media["a.avi"]
    assert (outcome.outcome, outcome.writer, outcome.xmp, outcome.verified) == ("written", "avi", None, True)
    film = (ran.output / "Trip/a.avi").read_bytes()
    assert film[8 : len(FILM)] == FILM[8:] and names(film) == [*names(FILM), b"_PMX"]
    tags = read(ran.output / "Trip/a.avi")
    assert tags["XMP-dc:Description"] == "a text" and tags["XMP-dc:Subject"] == "Ann"
    assert tags["XMP-exif:GPSLatitude"] == 48.2
    assert "XMP-exif:DateTimeOriginal" in tags
    assert pef_run(pef_tui_avi, {}).media["a.avi"].outcome == "unchanged"


def test_a_packet_that_is_there_is_completed(pef_run: Callable[..., Ran]) -> None:
    first = pef_run(pef_tui_avi, {"Trip/a.avi": Item(sidecar("a.avi", description="a text"), FILM)})
    film = (first.output / "Trip/a.avi").read_bytes()
    second_run = pef_run(pef_tui_avi, {"More/b.avi": Item(sidecar("b.avi", people=["Ann"]), film)})
    assert second_run.media["b.avi"].outcome == "written"
    tags = read(second_run.output / "More/b.avi")
    assert tags["XMP-dc:Description"] == "a text" and tags["XMP-dc:Subject"] == "Ann"
    assert names((second_run.output / "More/b.avi").read_bytes()) == [*names(FILM), b"JUNK", b"_PMX"]


@pytest.mark.parametrize(
    "film",
    [FILM + b"more", FILM + FILM, with_more(FILM, b"JUNK\xff\0\0\0"), with_more(FILM, b"_PMX\2\0\0\0<x")],
    ids=["bytes behind it", "a second part", "a chunk too long", "a broken packet"],
)
def test_what_is_odd_gets_an_xmp_file(film: bytes, pef_run: Callable[..., Ran]) -> None:
    ran = pef_run(pef_tui_avi, {"Trip/a.avi": Item(SAID, film)})
    assert (ran.media["a.avi"].outcome, ran.media["a.avi"].writer) == ("sidecar", "xmp")
    assert (ran.output / "Trip/a.avi").read_bytes() == film
    assert (ran.output / "Trip/a.avi.xmp").is_file()


def test_parts_that_cannot_seek_are_written_as_copies(pef_run: Callable[..., Ran], tmp_path: Path) -> None:
    direct = pef_run(pef_tui_avi, {"Trip/a.avi": Item(SAID, FILM)}, output=str(tmp_path / "direct"))
    archive = shutil.make_archive(str(tmp_path / "part"), "zip", tmp_path, "Takeout")
    packed = pef_run(pef_tui_avi, source=archive)
    assert packed.media["a.avi"].writer == "avi"
    assert (packed.output / "Trip/a.avi").read_bytes() == (direct.output / "Trip/a.avi").read_bytes()


@pytest.mark.parametrize("settings", [{"xmp": "always"}, {"existing": "never"}])
def test_xmp_files_for_those_who_want_them(settings: dict[str, Any], pef_run: Callable[..., Ran]) -> None:
    ran = pef_run(pef_tui_avi, {"Trip/a.avi": Item(SAID, FILM)}, **settings)
    assert (ran.output / "Trip/a.avi").read_bytes() == FILM
    assert (ran.output / "Trip/a.avi.xmp").is_file()
