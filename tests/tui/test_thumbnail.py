"""Small pictures of the file in focus: drawn where they can be, harmless where not."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from app_cases import made_flow, piloted, shown, until
from PIL import Image

from pef_tui.model import MediaFile
from pef_tui.testing.export import sidecar, takeout
from pef_tui.testing.media import make
from pef_tui.tui import thumbnail
from pef_tui.tui.thumbnail import Opener, Small, Thumbnail, small


def picture(width: int, height: int, exif: bytes = b"") -> io.BytesIO:
    """Red above, blue below."""
    image = Image.new("RGB", (width, height), (255, 0, 0))
    image.paste((0, 0, 255), (0, height // 2, width, height))
    data = io.BytesIO()
    image.save(data, "PNG" if not exif else "JPEG", **({"exif": exif} if exif else {}))
    data.seek(0)
    return data


def test_a_picture_fits_into_its_place_and_keeps_its_form() -> None:
    made = small(picture(400, 200), 20, 20)
    assert (made.width, made.height) == (20, 5)
    assert made.pixels[:3] == b"\xff\0\0" and made.pixels[-3:] == b"\0\0\xff"


def test_it_is_turned_as_its_tag_says() -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    made = small(picture(400, 200, exif.tobytes()), 20, 20)
    assert made.width == 20 and made.height == 20


def test_an_odd_number_of_lines_is_filled_up() -> None:
    assert small(picture(50, 5), 50, 10).height == 3


def test_too_many_pixels_are_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnail, "LARGEST", 100)
    with pytest.raises(OSError, match="too many"):
        small(picture(11, 10), 5, 5)


@pytest.mark.parametrize("name", ["a.jpg", "film.mp4", "broken.jpg", "gone.jpg"])
def test_what_is_no_picture_is_told_never_raised(tmp_path: Path, name: str) -> None:
    files = {"F/a.jpg": None, "F/film.mp4": None, "F/broken.jpg": make("jpeg", 1)[:60]}
    source = takeout(tmp_path, files)
    flow = made_flow(tmp_path, source)
    made = Opener(flow.make_host()).small(MediaFile(0, f"Google Photos/F/{name}", 1, 1), 10, 5)
    assert isinstance(made, Small) == (name == "a.jpg")
    assert isinstance(made, Small) or made.startswith("No picture: ")


def test_the_review_shows_it_when_asked_and_hides_it_again(tmp_path: Path) -> None:
    source = takeout(tmp_path, {"F/a.jpg": sidecar("a.jpg"), "F/b.mp4": sidecar("b.mp4")})
    flow = made_flow(tmp_path, source)

    async def script(pilot: Any) -> None:
        pilot.app.go("review")
        await shown(pilot, "2 files planned")
        view = pilot.app.screen.query_one(Thumbnail)
        assert not view.display
        await pilot.press("i")
        await until(pilot, lambda: view.display and view.size.height > 0)
        await pilot.press("down")
        await until(pilot, lambda: not view.display)
        await pilot.press("up", "i")
        await until(pilot, lambda: not view.display)

    piloted(flow, script, (120, 40))


def test_without_pillow_it_is_said_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnail, "find_spec", lambda _: None)
    flow = made_flow(tmp_path, takeout(tmp_path, {"F/a.jpg": sidecar("a.jpg")}))

    async def script(pilot: Any) -> None:
        pilot.app.go("review")
        await shown(pilot, "1 file planned")
        await pilot.press("i")
        await shown(pilot, "pef-tui[images]")

    piloted(flow, script)
