"""Files beside pictures, JSON of other products, and texts in the form of exports, with the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import media, run_here, tree

from pef_tui.testing import make, sidecar

GOOGLE = "Takeout/Google Photos/"
YEAR = GOOGLE + "Photos from 2019/"
SC = ".supplemental-metadata.json"


def laid(top: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(data)
    return top


def sidecar_bytes(title: str, **fields: object) -> bytes:
    return json.dumps(sidecar(title, taken=1561977296) | fields, ensure_ascii=False).encode()


A = {YEAR + "a.jpg": make("jpeg", 1), YEAR + f"a.jpg{SC}": sidecar_bytes("a.jpg")}


def test_a_later_run_writes_no_unmatched_picture_of_an_album_again(tmp_path: Path) -> None:
    files = {
        "Takeout/archive_browser.html": b"<html>",
        **A,
        GOOGLE + "Trip/metadata.json": b'{"title": "Trip"}',
        GOOGLE + "Trip/b.jpg": make("jpeg", 2),
    }
    source = laid(tmp_path / "src", files) / "Takeout"
    run_here(source, tmp_path / "out", "--albums", "tag")
    numbers = {path: (tmp_path / "out" / path).stat().st_ino for path in tree(tmp_path / "out")}
    for _ in range(2):
        second_run = run_here(source, tmp_path / "out", "--albums", "tag")
        assert second_run[-1]["media"] == {"unchanged": 2}
        assert numbers == {path: (tmp_path / "out" / path).stat().st_ino for path in tree(tmp_path / "out")}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("scan.pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"),
        ("scan.PDF", b"\x01\x02\x03"),
        ("letter.docx", b"PK\x03\x04" + bytes(40)),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40)),
        ("note", b"some text"),
        ("empty.pdf", b""),
    ],
)
def test_a_document_with_a_sidecar_is_a_document_beside(tmp_path: Path, name: str, data: bytes) -> None:
    source = laid(tmp_path / "src", {**A, YEAR + name: data, YEAR + name + SC: sidecar_bytes(name)})
    for word in ("written", "unchanged"):
        lines = run_here(source, tmp_path / "out")
        assert [line["source"] for line in lines if line["type"] == "other"] == [YEAR + name]
        (report,) = [
            line for line in lines if line["source" if line["type"] == "json" else "v"] == YEAR + name + SC
        ]
        assert (report["outcome"], report["reason"]) == ("other", f"belongs to a document: {name}")
        assert lines[-1]["media"] == {word: 1} and lines[-1]["found"] == 4
    assert list(tree(tmp_path / "out")) == ["Photos from 2019/a.jpg"]


def test_a_picture_called_a_document_is_a_picture(tmp_path: Path) -> None:
    source = laid(
        tmp_path / "src",
        {YEAR + "scan.pdf": make("jpeg", 3), YEAR + f"scan.pdf{SC}": sidecar_bytes("scan.pdf")},
    )
    (line,) = media(run_here(source, tmp_path / "out")).values()
    assert (line["outcome"], line["output"]) == ("written", "Photos from 2019/scan.pdf.jpg")


def test_a_picture_of_an_unknown_format_is_no_document(tmp_path: Path) -> None:
    source = laid(
        tmp_path / "src", {YEAR + "x.raw9": b"\x89\x01" * 400, YEAR + f"x.raw9{SC}": sidecar_bytes("x.raw9")}
    )
    (line,) = media(run_here(source, tmp_path / "out")).values()
    assert line["outcome"] == "sidecar"


def test_notes_of_keep_name_no_album(tmp_path: Path) -> None:
    note = {"color": "DEFAULT", "isTrashed": False, "textContent": "milk", "title": "Shopping"}
    files = {
        **A,
        "Takeout/Keep/Shopping.json": json.dumps(note).encode(),
        "Takeout/Keep/pic.jpg": make("jpeg", 2),
    }
    lines = run_here(laid(tmp_path / "src", files), tmp_path / "out", "--layout", "{album}/{name}")
    assert lines[-1]["json"] == {"used": 1, "other": 1}
    assert list(tree(tmp_path / "out")) == ["a.jpg", "pic.jpg"]


def test_escaped_texts_arrive_unchanged_meant(tmp_path: Path) -> None:
    files = {
        GOOGLE + "Trip/metadata.json": b'{"title": "Tom &amp; Jerry&#39;s"}',
        GOOGLE + "Trip/Q _ A.jpg": make("jpeg", 1),
        GOOGLE + f"Trip/Q _ A.jpg{SC}": sidecar_bytes(
            "Q &amp; A.jpg", description="Salt &amp; pepper &lt;3, AT&T"
        ),
    }
    source = laid(tmp_path / "src", files)
    lines = run_here(source, tmp_path / "out", "--albums", "tag", "--layout", "{album}/{title}")
    (line,) = media(lines).values()
    assert line["output"] == "Tom & Jerry's/Q & A.jpg"
    assert line["tags"]["XMP-dc:Description"] == "Salt & pepper <3, AT&T"
    assert line["tags"]["XMP-dc:Subject"] == ["Tom & Jerry's"]


def test_skip_locked_goes_by_the_sidecar(tmp_path: Path) -> None:
    files = {
        **A,
        YEAR + "b.jpg": make("jpeg", 2),
        YEAR + f"b.jpg{SC}": sidecar_bytes("b.jpg", inLockedFolder=True),
        YEAR + "c.jpg": make("jpeg", 3),
        YEAR + f"c.jpg{SC}": sidecar_bytes("c.jpg", inLockedFolder=False),
    }
    source = laid(tmp_path / "src", files)
    lines = media(run_here(source, tmp_path / "out", "--skip", "locked"))
    assert [line["outcome"] for _, line in sorted(lines.items())] == ["written", "excluded", "written"]
    assert lines[YEAR + "b.jpg"]["reason"] == "in the locked folder"
    assert run_here(source, tmp_path / "all")[-1]["media"] == {"written": 3}
