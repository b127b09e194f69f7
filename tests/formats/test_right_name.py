from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.formats import FORMATS, MEDIA_EXTENSIONS, by_extension, right_name


@pytest.mark.parametrize(
    ("name", "format", "right"),
    [
        ("a.jpg", "jpeg", "a.jpg"),
        ("a.JPG", "jpeg", "a.JPG"),
        ("a.jpeg", "jpeg", "a.jpeg"),
        ("a.heic", "jpeg", "a.jpg"),
        ("IMG_2367.HEIC.jpg", "jpeg", "IMG_2367.HEIC.jpg"),
        ("a.png", "webp", "a.webp"),
        ("a.heif", "heic", "a.heif"),
        ("a.jpg", "heic", "a.heic"),
        ("a.mp4", "mov", "a.mov"),
        ("a.mov", "mp4", "a.mp4"),
        ("a.mp4", "m4v", "a.mp4"),
        ("a.mp4", "3gp", "a.mp4"),
        ("PXL_1.MP", "mp4", "PXL_1.MP.mp4"),
        ("PXL_1.MP~2", "mp4", "PXL_1.MP~2.mp4"),
        ("PXL_1.MP.jpg", "jpeg", "PXL_1.MP.jpg"),
        ("MVIMG_20190215_193501", "mp4", "MVIMG_20190215_193501.mp4"),
        ("no extension", "jpeg", "no extension.jpg"),
        ("Mr. Smith", "jpeg", "Mr. Smith.jpg"),
        ("party 31.12.2019", "jpeg", "party 31.12.2019.jpg"),
        (".heic", "jpeg", ".heic.jpg"),
        ("a.", "jpeg", "a..jpg"),
        ("a.nrw", "nef", "a.nrw"),
        ("a.tif", "raw", "a.tif"),
        ("a.tif", "nef", "a.nef"),
        ("a.dng", "tiff", "a.dng"),
        ("a.iiq", "tiff", "a.iiq"),
        ("a.cr3", "tiff", "a.tif"),
        ("a.iiq", "jpeg", "a.jpg"),
    ],
)
def test_right_name(name: str, format: str, right: str) -> None:
    assert right_name(name, FORMATS[format]) == right


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.JPG", "jpeg"),
        ("a.heif", "heif"),
        ("a.mp4", "mp4"),
        ("a.3gp", "3gp"),
        ("a.jxl", "jxl"),
        ("a.mkv", "mkv"),
        ("a.IIQ", "raw"),
        ("PXL_1.MP", "mp4"),
        ("PXL_1.MP~2", "mp4"),
        ("a.jpg.json", None),
        ("a", None),
        ("", None),
        ("jpg", None),
    ],
)
def test_by_extension(name: str, format: str | None) -> None:
    actual = by_extension(name)
    assert (actual.name if actual else None) == format


@given(st.text(max_size=20), st.sampled_from(sorted(MEDIA_EXTENSIONS)), st.sampled_from(sorted(FORMATS)))
def test_a_right_name_fits_and_stays(stem: str, extension: str, format: str) -> None:
    expected = FORMATS[format]
    right = right_name(stem + extension, expected)
    assert right.startswith(stem)
    assert right_name(right, expected) == right
    retained = not expected.extensions or (format == "tiff" and right == stem + extension)
    assert retained or any(right.lower().endswith(each) for each in expected.extensions)


def test_the_table_is_sound() -> None:
    for name, format in FORMATS.items():
        assert format.name == name and format.words
        assert all(each.startswith(".") and each == each.lower() for each in format.extensions)
        assert set(format.extensions) <= MEDIA_EXTENSIONS
