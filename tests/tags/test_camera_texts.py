"""Texts by cameras are no captions: Google's description replaces them without a conflict."""

from typing import Any

import pytest
from tag_cases import match

from pef_tui.model import Value
from pef_tui.tags.camera_texts import is_camera_text
from pef_tui.tags.policy import decide
from pef_tui.tags.text import text

EXIF, DC, IPTC = "EXIF:ImageDescription", "XMP-dc:Description", "IPTC:Caption-Abstract"
TIFF, COMMENT = "XMP-tiff:ImageDescription", "EXIF:UserComment"

BY_CAMERAS = [
    "OLYMPUS DIGITAL CAMERA", "OLYMPUS DIGITAL CAMERA         ", "KONICA MINOLTA DIGITAL CAMERA",
    "MINOLTA DIGITAL CAMERA", "GE DIGITAL CAMERA", "SANYO DIGITAL CAMERA", "MEDION DIGITAL CAMERA",
    "KODAK Digital Still Camera", "MOULTRIE DIGITAL GAME CAMERA", "Casio digital camera", "Digital Camera", "DCF 1.0",
    "GC-X1E Image", "SONY DSC", "SAMSUNG", "SAMSUNG CAMERA PICTURES", "<KENOX S760  / Samsung S760>",
    "<Digimax i5, Samsung #1>", "DCIM\\100GOPRO\\G0010001.JPG", "DCIM/100MEDIA/DJI_0001.JPG", "default", "cof", "edf",
    "dav", "_cuva", "HDR", "hdr", "hdrpl", "oznor", "sdr", "mde", "Processed with VSCO with a6 preset",
    "Processed with VSCOcam with f2 preset", "jpeg image", "Exif_JPEG_PICTURE", "EXIF_JPEG_PICTURE", "MITAC",
    "x-default", 'charset="Ascii"', "charset=Ascii", 'charset="Ascii" binary comment', 'lang="x-default"',
    'lang="x-default" OLYMPUS DIGITAL CAMERA', "HELLOMOTO", "My beautiful picture", "CASIO COMPUTER CO.,LTD",
    "Processed with VSCO", "Edited with Snapseed", "Oplus_131072", "oplus_32",
    "filter: 0; fileterIntensity: 0.0; filterMask: 0; captureOrientation: 90;\nalgolist: 0;",
    "0; fileterIntensity: 0.0; filterMask: 0", "filter: 0; jpegRotation: 270; fileterIntensity: 0.000000; module:31",
    "", "   ", " \0", "\0\0",
]  # fmt: skip
BY_PEOPLE = [
    "Samsung TV in our living room", "default settings explained", "dcim/ is where I found this picture of mom",
    "Edited with Snapseed by my sister, Rome", "Processed with VSCO with love, Rome", "oplus_ is odd",
    "filter: 1; coffee",
    "my OLYMPUS DIGITAL CAMERA", "Ana with her digital camera", "Samsung store in Seoul", "Default gateway", "COF",
    "Dav", "Smart", "mon chat", "Nor", "HDR of the bridge", "DCIM", "Processed with care",
    'charset="Ascii" Ana at the sea',
    'lang="x-default" Rome', "<Ana & Bob>", "screenshots of 2019", "language", "charset", "Scanner in the office", "0",
]  # fmt: skip


@pytest.mark.parametrize("value", BY_CAMERAS)
def test_texts_of_cameras(value: str) -> None:
    assert is_camera_text(value)


@pytest.mark.parametrize("value", BY_PEOPLE)
def test_texts_of_people(value: str) -> None:
    assert not is_camera_text(value, "SONY", "DSC-W1")


@pytest.mark.parametrize("value", ["NOVEL CAM", "S4000", "novel cam  S4000"])
def test_a_text_that_repeats_the_camera_is_its_own(value: str) -> None:
    assert is_camera_text(value, "NOVEL CAM", "S4000")
    assert not is_camera_text(value)


FIELDS: list[tuple[str, tuple[str, ...]]] = [
    ("jpeg", (EXIF,)), ("jpeg", (DC,)), ("jpeg", (EXIF, DC, TIFF, IPTC, COMMENT)), ("jpeg", (COMMENT,)),
    ("heic", (EXIF,)), ("gif", (DC, TIFF)), ("nef", (EXIF,)), ("mp4", ("Keys:Description", "ItemList:Description")),
]  # fmt: skip


@pytest.mark.parametrize(("format", "fields"), FIELDS)
@pytest.mark.parametrize("value", ["OLYMPUS DIGITAL CAMERA", "edf", "DCIM\\100GOPRO\\G0010001.JPG"])
@pytest.mark.parametrize("existing", ["fill", "overwrite"])
def test_a_description_takes_their_place_without_a_conflict(
    format: str, fields: tuple[str, ...], value: str, existing: Any
) -> None:
    tags: dict[str, Value] = dict.fromkeys(fields, value)
    file_match = match(tags, format=format, description="Ana")
    decision = decide(file_match, text(file_match), existing)
    assert decision.conflicts == ()
    outputs = {edit.tag: edit.value for edit in decision.edits}
    assert set(outputs.values()) == {"Ana"}
    if format != "nef":  # a raw picture is not changed
        assert set(fields) <= outputs.keys()
    state_after = match({**tags, **dict.fromkeys(outputs, "Ana")}, format=format, description="Ana")
    assert decide(state_after, text(state_after), existing).edits == ()


def test_without_a_description_of_google_they_stay() -> None:
    file_match = match(dict.fromkeys((EXIF, DC, IPTC, COMMENT), "edf"))
    assert decide(file_match, text(file_match)).edits == ()


def test_a_caption_beside_a_text_of_the_camera_is_kept() -> None:
    file_match = match({EXIF: "OLYMPUS DIGITAL CAMERA", DC: "Bob"}, description="Ana")
    decision = decide(file_match, text(file_match))
    assert (decision.edits, [conflict.tag for conflict in decision.conflicts]) == ((), [DC])


@pytest.mark.parametrize("value", ["   ", "Bob", ""])
def test_a_comment_is_no_description(value: str) -> None:
    file_match = match({COMMENT: value}, description="Ana")
    decision = decide(file_match, text(file_match))
    assert decision.conflicts == ()
    assert COMMENT not in {edit.tag for edit in decision.edits}


@pytest.mark.parametrize("value", ["oplus_32", "filter: 0; fileterIntensity: 0.0; filterMask: 0"])
def test_what_apps_note_for_themselves_stays_in_comments(value: str) -> None:
    file_match = match({EXIF: value, COMMENT: value}, description="Ana at the sea")
    decision = decide(file_match, text(file_match))
    assert {edit.tag: edit.value for edit in decision.edits} == {EXIF: "Ana at the sea", DC: "Ana at the sea"}
    assert not decision.conflicts
