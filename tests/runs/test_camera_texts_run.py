"""A text by a camera in every field for descriptions: run the command, and read the fields back."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import media, run_here

from pef_tui.readers.jpeg import read_jpeg
from pef_tui.testing.exif import Directory, octets, text, tiff_block
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.jpeg import jpeg, segment, xmp_packet

DC = "http://purl.org/dc/elements/1.1/"
FIELDS = ("EXIF:ImageDescription", "EXIF:UserComment", "XMP-dc:Description")


def picture(value: str) -> bytes:
    """Make a JPEG with this text in EXIF and XMP."""
    comment: Directory = {0x9000: octets(b"0232"), 0x9286: octets(b"ASCII\0\0\0" + value.encode())}
    exif = b"Exif\0\0" + tiff_block({0x10E: text(value), 0x8769: comment})
    packet = xmp_packet(
        f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{value}</rdf:li></rdf:Alt></dc:description>',
        dc=DC,
    )
    data = jpeg(1, xmp=packet)
    return data[:2] + segment(0xE1, exif) + data[2:]


@pytest.mark.parametrize("description", ["Ana at the sea", ""])
@pytest.mark.parametrize("value", ["OLYMPUS DIGITAL CAMERA         ", "oznor", "Bob"])
def test_a_text_of_the_camera_gives_way_to_a_description(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, description: str
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    spec = {"Photos from 2019/a.jpg": Item(sidecar("a.jpg", description=description), picture(value))}
    source, out = takeout(tmp_path / "export", spec), tmp_path / "out"
    (line,) = media(run_here(source, out)).values()
    with (out / line["output"]).open("rb") as stream:
        state = read_jpeg(stream)
    assert state is not None
    displayed = {str(state.tags[field]).strip() for field in FIELDS}
    replaced = description and value != "Bob"
    assert displayed == {description if replaced else value.strip()}
    assert [conflict["unit"] for conflict in line["conflicts"]] == (
        ["description"] if value == "Bob" and description else []
    )
    (second_run,) = media(run_here(source, out, "--force")).values()
    assert second_run["outcome"] == line["outcome"]
