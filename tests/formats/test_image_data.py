"""The image data of a file: the same whatever its tags say, another for another picture."""

from __future__ import annotations

import io

import pytest

from pef_tui.formats.image_data import COMPARED, image_digest
from pef_tui.testing import MAKERS, Exif, jpeg, make, motion_photo


def digest(data: bytes, form: str) -> bytes | None:
    return image_digest(io.BytesIO(data), form)


@pytest.mark.parametrize("form", sorted(COMPARED & MAKERS.keys()))
def test_every_picture_has_its_own(form: str) -> None:
    one, other = digest(make(form, 1), form), digest(make(form, 2), form)
    assert one is not None and other is not None
    assert one == digest(make(form, 1), form)
    if form != "jxl":
        assert one != other


def test_tags_make_no_difference() -> None:
    tagged = jpeg(3, exif=Exif(date="2019:07:01 12:00:00", description="a" * 500), comment="c")
    assert digest(tagged, "jpeg") == digest(jpeg(3), "jpeg")


def test_the_film_of_a_motion_photo_counts() -> None:
    one, other = (digest(motion_photo(make("mp4", seed), 1), "jpeg") for seed in (1, 2))
    assert one != other


@pytest.mark.parametrize("form", sorted(COMPARED & MAKERS.keys()))
def test_cut_files_are_no_error(form: str) -> None:
    whole = make(form, 1)
    for end in range(0, len(whole), max(1, len(whole) // 40)):
        digest(whole[:end], form)


@pytest.mark.parametrize("form", ["heic", "bmp", "avi", ""])
def test_what_is_not_known_is_not_compared(form: str) -> None:
    assert digest(b"anything", form) is None
