"""Thumbnails of the file in focus: drawn if possible; otherwise the app works without them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from app_pilot import make_session, run_app, wait_for_text, wait_until
from PIL import Image

from pef_tui.model import MediaFile
from pef_tui.testing.export import sidecar, takeout
from pef_tui.testing.media import make
from pef_tui.tui.widgets import thumbnail
from pef_tui.tui.widgets.thumbnail import SmallImage, Thumbnail, ThumbnailReader, make_thumbnail


def picture(width: int, height: int, exif: bytes = b"") -> io.BytesIO:
    """Return a picture: red above, blue below."""
    image = Image.new("RGB", (width, height), (255, 0, 0))
    image.paste((0, 0, 255), (0, height // 2, width, height))
    data = io.BytesIO()
    image.save(data, "PNG" if not exif else "JPEG", **({"exif": exif} if exif else {}))
    data.seek(0)
    return data


def test_a_thumbnail_fits_and_keeps_its_proportions() -> None:
    image = make_thumbnail(picture(400, 200), 20, 20)
    assert (image.width, image.height) == (20, 5)
    assert image.pixels[:3] == b"\xff\0\0" and image.pixels[-3:] == b"\0\0\xff"


def test_a_thumbnail_follows_the_orientation_tag() -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    image = make_thumbnail(picture(400, 200, exif.tobytes()), 20, 20)
    assert image.width == 20 and image.height == 20


def test_an_odd_number_of_lines_is_padded() -> None:
    assert make_thumbnail(picture(50, 5), 50, 10).height == 3


def test_a_picture_with_too_many_pixels_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnail, "MAX_PIXELS", 100)
    with pytest.raises(OSError, match="too many"):
        make_thumbnail(picture(11, 10), 5, 5)


@pytest.mark.parametrize("name", ["a.jpg", "film.mp4", "broken.jpg", "gone.jpg"])
def test_a_file_without_a_thumbnail_gives_a_reason(tmp_path: Path, name: str) -> None:
    files = {"F/a.jpg": None, "F/film.mp4": None, "F/broken.jpg": make("jpeg", 1)[:60]}
    source = takeout(tmp_path, files)
    session = make_session(tmp_path, source)
    result = ThumbnailReader(session.make_host()).thumbnail(
        MediaFile(0, f"Google Photos/F/{name}", 1, 1), 10, 5
    )
    assert isinstance(result, SmallImage) == (name == "a.jpg")
    assert isinstance(result, SmallImage) or result.startswith("No thumbnail: ")


def test_the_review_shows_and_hides_thumbnails(tmp_path: Path) -> None:
    source = takeout(tmp_path, {"F/a.jpg": sidecar("a.jpg"), "F/b.mp4": sidecar("b.mp4")})
    session = make_session(tmp_path, source)

    async def script(pilot: Any) -> None:
        pilot.app.go("review")
        await wait_for_text(pilot, "2 files planned")
        view = pilot.app.screen.query_one(Thumbnail)
        assert not view.display
        await pilot.press("i")
        await wait_until(pilot, lambda: view.display and view.size.height > 0)
        await pilot.press("down")
        await wait_until(pilot, lambda: not view.display)
        await pilot.press("up", "i")
        await wait_until(pilot, lambda: not view.display)

    run_app(session, script, (120, 40))


def test_without_pillow_the_requirement_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnail, "find_spec", lambda _: None)
    session = make_session(tmp_path, takeout(tmp_path, {"F/a.jpg": sidecar("a.jpg")}))

    async def script(pilot: Any) -> None:
        pilot.app.go("review")
        await wait_for_text(pilot, "1 file planned")
        await pilot.press("i")
        await wait_for_text(pilot, "Thumbnails require Pillow", "pillow>=11")

    run_app(session, script)
