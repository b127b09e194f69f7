"""No file counts as written without its tags: tags that are not in it are in an XMP file, or the outcome is
`failed`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from commands import lines_of, media_by_name, run_apart

from pef_tui.testing import Item, jpeg, make, sidecar, takeout
from pef_tui.xmp import read

FOLDER = "Photos from 2019/"
NAMES = ["Ann Example"]
LinesByName = dict[str, dict[str, Any]]


def run(
    root: Path, files: dict[str, bytes], *options: str, code: int | None = 0, plugin: str = ""
) -> LinesByName:
    """Run over these files. Return the lines of the pictures, by name."""
    items: dict[str, Any] = {
        FOLDER + name: Item(sidecar(name, people=NAMES), data) for name, data in files.items()
    }
    takeout(root, items)
    if plugin:
        (root / "mine.py").write_text(plugin)
        options = ("-p", str(root / "mine.py"), *options)
    return run_again(root, *options, code=code)


def run_again(root: Path, *options: str, code: int | None = 0) -> LinesByName:
    result = run_apart(root / "Takeout", root / "out", *options)
    assert code is None or result.returncode == code, result.stderr.decode() + result.stdout.decode()[-3000:]
    return media_by_name(lines_of(result))


def people_beside(root: Path, line: dict[str, Any]) -> object:
    """Return the people in the XMP file of an output."""
    path = root / "out" / (line["output"] + ".xmp")
    return list(read(path.read_bytes())["XMP-iptcExt:PersonInImage"]) if path.exists() else None  # type: ignore[arg-type]


def segment(content: bytes) -> bytes:
    """Make a JPEG with a block of tags of this content."""
    data = jpeg(1)
    return data[:2] + b"\xff\xe1" + (len(content) + 2).to_bytes(2, "big") + content + data[2:]


XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
RDF = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
BROKEN_BLOCKS = {
    "garbage in place of EXIF": b"Exif\0\0garbage!garbage!",
    "EXIF without content": b"Exif\0\0",
    "EXIF of zeros": b"Exif\0\0" + bytes(60),
    "EXIF that is cut": b"Exif\0\0II*\0\x08\0\0\0",
    "XMP without content": XMP_HEAD,
    "XMP with a bare ampersand": XMP_HEAD
    + b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    + RDF
    + b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>a & b</dc:title>'
    b"</rdf:Description></rdf:RDF></x:xmpmeta>",
    "XMP that is cut": XMP_HEAD + b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + RDF,
    "XMP of zeros": XMP_HEAD + bytes(60),
}


def is_safe(root: Path, line: dict[str, Any]) -> bool:
    """Return whether the people are in the file (by the native reader and any XML parser), or in its XMP file."""
    data = (root / "out" / line["output"]).read_bytes()
    return people_beside(root, line) == NAMES or (
        line["outcome"] == "written" and b"<rdf:li>Ann Example" in data
    )


@pytest.mark.exiftool
@pytest.mark.parametrize("writer", ["auto", "exiftool"])
def test_a_picture_with_a_broken_block_keeps_its_tags(tmp_path: Path, writer: str) -> None:
    files = {name.replace(" ", "_") + ".jpg": segment(content) for name, content in BROKEN_BLOCKS.items()}
    report = run(tmp_path, files, "--writer", writer, "--verify", "100")
    for name, line in report.items():
        assert line["outcome"] in ("written", "sidecar"), line
        assert is_safe(tmp_path, line), line
        if line["outcome"] == "sidecar":
            assert (tmp_path / "out" / line["output"]).read_bytes() == files[name]
            assert line["reason"] and not line["xmp_tags"]
    ampersand = report["XMP_with_a_bare_ampersand.jpg"]
    assert people_beside(tmp_path, ampersand) == NAMES
    unchanged = {name: line["outcome"] for name, line in run_again(tmp_path, "--writer", writer).items()}
    assert set(unchanged.values()) == {"unchanged"}


@pytest.mark.exiftool
@pytest.mark.parametrize("box", ["iinf", "iloc", "meta"])
@pytest.mark.parametrize("form", ["heic", "avif"])
def test_what_exiftool_leaves_unchanged_is_beside(tmp_path: Path, form: str, box: str) -> None:
    data = make(form, 1).replace(box.encode(), b"free", 1)
    [line] = run(tmp_path, {f"a.{form}": data}).values()
    assert line["outcome"] == "sidecar" and people_beside(tmp_path, line) == NAMES
    assert (tmp_path / "out" / line["output"]).read_bytes() == data
    assert "XMP-iptcExt:PersonInImage" in line["tags"] and line["reason"]


@pytest.mark.exiftool
def test_without_xmp_files_it_fails(tmp_path: Path) -> None:
    data = make("heic", 1).replace(b"iinf", b"free", 1)
    [line] = run(tmp_path, {"a.heic": data}, "--xmp", "never", code=3).values()
    assert line["outcome"] == "failed" and "cannot be read back" in line["reason"]
    assert (tmp_path / "out" / FOLDER / "a.heic").read_bytes() == data


def test_a_file_that_the_native_writer_declines_fails_without_xmp_files(tmp_path: Path) -> None:
    data = jpeg(1) + b"AXS!" + bytes(8)
    options = ("--writer", "native", "--xmp", "never")
    [line] = run(tmp_path, {"a.jpg": data}, *options, code=3).values()
    assert line["outcome"] == "failed" and "no writer can put tags into this file" in line["reason"]
    assert (tmp_path / "out" / FOLDER / "a.jpg").read_bytes() == data


PLUGIN = """
from pathlib import Path
from pef_tui import Writer, Written, hookimpl


class Session:
    def write(self, staged):
        for each in staged:
            {does}

    def close(self):
        pass


@hookimpl
def pef_writers():
    yield Writer("mine", lambda plan: True, Session, order=1)
"""
APPEND = "Path(each.path).write_bytes(Path(each.path).read_bytes() + b'more'); "
LIES = {
    "says written": (APPEND + "yield Written('written')", "written"),
    "says it wrote nothing of it": (APPEND + "yield Written('written', edits=())", "written"),
    "says unchanged": ("yield Written('unchanged', warnings=('odd',))", "sidecar"),
    "puts another text beside": (
        "Path(each.path + '.xmp').write_bytes(b'<x/>'); yield Written('sidecar')",
        "failed",
    ),
}


@pytest.mark.parametrize("case", LIES)
def test_a_plugin_that_does_not_write_the_tags(tmp_path: Path, case: str) -> None:
    does, word = LIES[case]
    report = run(
        tmp_path, {"a.jpg": jpeg(1), "b.png": make("png", 1)}, code=None, plugin=PLUGIN.format(does=does)
    )
    for name, line in report.items():
        assert line["outcome"] == word, line
        assert "cannot be read back" in line["reason"]
        if word != "failed":
            assert people_beside(tmp_path, line) == NAMES, name
        if word == "written":
            assert line["tags"] == {} and line["xmp_tags"]["XMP-iptcExt:PersonInImage"] == NAMES


def test_a_plugin_that_writes_part_of_the_tags(tmp_path: Path) -> None:
    does = """
            from pef_tui.native.writer import native_writer
            from msgspec.structs import replace
            from pef_tui.hooks import Staged
            kept = tuple(edit for edit in each.plan.edits if edit.tag.startswith("EXIF:"))
            yield from native_writer().open().write([Staged(replace(each.plan, edits=kept), each.path)])
    """.strip()
    [line] = run(tmp_path, {"a.jpg": jpeg(1)}, plugin=PLUGIN.format(does=does)).values()
    assert line["outcome"] == "written" and people_beside(tmp_path, line) == NAMES
    assert line["tags"]["EXIF:DateTimeOriginal"] == "2019:07:01 10:34:56"
    assert not any(tag.startswith("XMP") for tag in line["tags"])
    assert line["xmp_tags"]["XMP-iptcExt:PersonInImage"] == NAMES


def test_a_format_without_tags_beside_a_broken_xmp_file_fails(tmp_path: Path) -> None:
    takeout(tmp_path, {FOLDER + "a.bmp": Item(sidecar("a.bmp", people=NAMES), make("bmp", 1))})
    (xmp_file,) = tmp_path.glob("Takeout/*/Photos from 2019/a.bmp")
    Path(f"{xmp_file}.xmp").write_bytes(b"<no xmp")
    [line] = run_again(tmp_path, code=3).values()
    assert line["outcome"] == "failed" and "XMP file beside it" in line["reason"]
    assert (tmp_path / "out" / FOLDER / "a.bmp").read_bytes() == make("bmp", 1)
    assert (tmp_path / "out" / FOLDER / "a.bmp.xmp").read_bytes() == b"<no xmp"
