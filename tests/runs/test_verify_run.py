"""Read back written files: correct ones pass, wrong ones are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from commands import lines_of, media_by_name, run_batch

from pef_tui.formats import FORMATS
from pef_tui.formats.image_data import DIGEST_FORMATS
from pef_tui.pipeline.verify import NOT_CLEAR
from pef_tui.testing import MAKERS, Item, make, motion_photo, oddities, sidecar, takeout

pytestmark = pytest.mark.exiftool
FOLDER = "Photos from 2019/"
SAID: dict[str, Any] = {
    "place": (-33.85, 151.21),
    "people": ["Zoë 🎉", "a\nb"],
    "description": '<b>&\n"x" $5',
}

SABOTEUR = """
from pathlib import Path
PLACE = -10
from pef_tui import Writer, Written, hookimpl


class Session:
    def write(self, staged):
        for each in staged:
            name = each.plan.match.media.name
            path = Path(each.path)
            data = bytearray(path.read_bytes())
            if name.startswith("picture"):
                data[PLACE] ^= 1
            path.write_bytes(bytes(data))
            yield Written("written")

    def close(self):
        pass


@hookimpl
def pef_writers():
    yield Writer("saboteur", lambda plan: plan.match.media.name[0] in "pt", Session, order=1)
"""


FLIPS = """
import os
from pathlib import Path
from pef_tui.pipeline.verify import Verifier

check = Verifier.check


def flipped(self, outcomes, before=None):
    for outcome in outcomes:
        path = Path(self._output, outcome.output)
        data, stat = bytearray(path.read_bytes()), path.stat()
        data[-10] ^= 1
        path.write_bytes(bytes(data))
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + LATER_NS))
    return check(self, outcomes, before)


Verifier.check = flipped
"""
"""A plugin that changes a byte of each output after it got its name."""


SPOILER = """
from pathlib import Path
from msgspec.structs import replace
from pef_tui import Writer, hookimpl
from pef_tui.output.exiftool_writer import exiftool_writer


class Session:
    def __init__(self, inner):
        self.inner = inner

    def write(self, staged):
        for each, done in zip(staged, self.inner.write(staged)):
            name, path = each.plan.match.media.name, Path(each.path)
            data = bytearray(path.read_bytes())
            at = data.rfind(PICTURES[name.partition(".")[0]])
            assert at > 0, name
            data[at + 6] ^= 1
            path.write_bytes(bytes(data))
            yield done

    def close(self):
        self.inner.close()


@hookimpl
def pef_writers():
    writer = exiftool_writer("exiftool", raw=True)
    yield replace(writer, name="spoiler", order=1, open=lambda: Session(writer.open()))
"""
"""A writer that writes as ExifTool does, and then changes one byte of each picture."""


def picture_bytes(form: str) -> bytes:
    """Return eight bytes of a made picture. The seventh of them is significant."""
    data, second = make(form, 1), make(form, 2)
    if form in ("heic", "heif", "avif"):
        start = data.index(b"mdat") + 50
    elif len(data) != len(second):
        start = data.index(b"\xff\xda")
    else:
        start = max(place for place, byte in enumerate(data) if byte != second[place]) - 6
    return data[start : start + 8]


def run(
    root: Path, *options: str, code: int = 0, in_place: bool = False
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    target = ["--in-place"] if in_place else ["-o", str(root / "out")]
    result = run_batch(str(root / "Takeout"), *target, *options)
    assert result.returncode == code, result.stderr.decode() + result.stdout.decode()[-3000:]
    lines = lines_of(result)
    return media_by_name(lines), lines[-1]


def test_every_format_passes(tmp_path: Path) -> None:
    files: dict[str, Any] = {}
    for name in MAKERS:
        file = f"made-{name}{FORMATS[name].extensions[0]}"
        files[FOLDER + file] = Item(sidecar(file, **SAID), make(name, 1))
    files[FOLDER + "motion.jpg"] = Item(sidecar("motion.jpg", **SAID), motion_photo(make("mp4"), 1))
    for name, data in oddities().items():
        if len(data) > 40 and not data.startswith(b"This"):
            files[FOLDER + name] = Item(sidecar(name, **SAID), data)
    takeout(tmp_path, files)
    report, summary = run(tmp_path, "--verify", "--xmp", "always")
    assert {name: line["reason"] for name, line in report.items() if line["outcome"] == "failed"} == {}
    assert summary["verify"] == {"checked": len(report), "failed": 0}


def test_what_is_wrong_is_named(tmp_path: Path, device: str) -> None:
    names = ("picture.jpg", "tags.jpg", "good.jpg")
    takeout(tmp_path, {FOLDER + name: Item(sidecar(name), make("jpeg", 1)) for name in names})
    (tmp_path / "saboteur.py").write_text(SABOTEUR)
    report, summary = run(tmp_path, "--verify", "-p", str(tmp_path / "saboteur.py"), code=3)
    assert report["good.jpg"]["outcome"] == "written"
    assert report["picture.jpg"]["reason"] == "verify: the picture itself differs from the source's"
    assert report["picture.jpg"]["outcome"] == "failed"
    assert report["tags.jpg"]["reason"].startswith("its tags cannot be read back from the file: EXIF:Date")
    assert (report["tags.jpg"]["outcome"], report["tags.jpg"]["tags"]) == ("written", {})
    assert "XMP-exif:DateTimeOriginal" in report["tags.jpg"]["xmp_tags"]
    assert (tmp_path / "out" / FOLDER / "tags.jpg.xmp").exists()
    assert summary["verify"] == {"checked": 3, "failed": 1} and summary["media"]["failed"] == 1
    second_run, _ = run(tmp_path, "--retry-failed")
    assert second_run["picture.jpg"]["outcome"] == "written"


@pytest.mark.parametrize("later_ns", [0, 10_000_000_000])
def test_a_retry_replaces_only_the_bytes_that_verify_reported(tmp_path: Path, later_ns: int) -> None:
    """With the same size and time, the disk changed the bytes. With another time, a person may have changed them."""
    takeout(tmp_path, {FOLDER + "a.jpg": Item(sidecar("a.jpg", description="first"), make("jpeg", 1))})
    (tmp_path / "flips.py").write_text(FLIPS.replace("LATER_NS", str(later_ns)))
    report, _ = run(tmp_path, "--verify", "-p", str(tmp_path / "flips.py"), code=3)
    assert report["a.jpg"]["reason"].startswith("verify: ")
    output = tmp_path / "out" / FOLDER / "a.jpg"
    wrong = output.read_bytes()
    second_run, _ = run(tmp_path, "--retry-failed")
    assert second_run["a.jpg"]["outcome"] == ("unchanged" if later_ns else "written")
    assert (output.read_bytes() == wrong) == bool(later_ns)
    assert [path.name for path in output.parent.iterdir()] == ["a.jpg"]


@pytest.mark.parametrize("in_place", [False, True])
def test_a_changed_byte_is_found_in_every_format(tmp_path: Path, in_place: bool) -> None:
    forms = [form for form in MAKERS if FORMATS[form].cls != "none" and form in DIGEST_FORMATS]
    names = {form: form + FORMATS[form].extensions[0] for form in forms}
    takeout(tmp_path, {FOLDER + names[form]: Item(sidecar(names[form]), make(form, 1)) for form in forms})
    pictures = {form: picture_bytes(form) for form in forms}
    (tmp_path / "spoiler.py").write_text(f"PICTURES = {pictures!r}\n{SPOILER}")
    plugin = ("-p", str(tmp_path / "spoiler.py"))
    report, summary = run(tmp_path, "--verify", "--raw", "embed", *plugin, code=3, in_place=in_place)
    behind = "; --undo brings back what was there" if in_place else ""
    wrong = "verify: the picture itself differs from the source's" + behind
    assert {name: line["reason"] for name, line in report.items()} == dict.fromkeys(names.values(), wrong)
    assert summary["verify"] == {"checked": len(forms), "failed": len(forms)}


def test_in_place_what_is_right_passes(tmp_path: Path, device: str) -> None:
    files: dict[str, Any] = {}
    for name in MAKERS:
        file = f"made-{name}{FORMATS[name].extensions[0]}"
        files[FOLDER + file] = Item(sidecar(file, **SAID), make(name, 1))
    files |= {
        FOLDER + "alone.jpg": make("jpeg", 5),
        FOLDER + "cut.jpg": Item(sidecar("cut.jpg"), make("jpeg")[:120]),
    }
    takeout(tmp_path, files)
    report, summary = run(tmp_path, "--verify", in_place=True)
    assert not [line["reason"] for line in report.values() if line["outcome"] == "failed"]
    assert not [warning for line in report.values() for warning in line["warnings"] if "verify" in warning]
    assert summary["verify"] == {"checked": len(report) - 1, "failed": 0}  # alone.jpg is left unchanged


APPENDS = """
from pathlib import Path
from msgspec.structs import replace
from pef_tui import Writer, Written, hookimpl


class Session:
    def write(self, staged):
        for each in staged:
            with Path(each.path).open("ab") as file:
                file.write(b"more")
            yield Written("written", edits=())

    def close(self):
        pass


@hookimpl
def pef_writers():
    yield Writer("appends", lambda plan: True, Session, order=1)
"""


def test_what_cannot_be_compared_is_reported(tmp_path: Path) -> None:
    unclear = b"II+\0\x08\0\0\0" + bytes(60)  # a TIFF of 64 bits
    takeout(tmp_path, {FOLDER + "big.tif": Item(sidecar("big.tif"), unclear)})
    (tmp_path / "appends.py").write_text(APPENDS)
    report, _ = run(tmp_path, "--verify", "-p", str(tmp_path / "appends.py"))
    assert report["big.tif"]["warnings"] == [NOT_CLEAR] and report["big.tif"]["tags"] == {}


def test_a_part_is_always_the_same(tmp_path: Path) -> None:
    takeout(tmp_path, {f"{FOLDER}{n}.jpg": Item(sidecar(f"{n}.jpg"), make("jpeg", n)) for n in range(40)})
    _, first = run(tmp_path, "--verify", "30")
    assert 3 <= first["verify"]["checked"] <= 25
    _, second = run(tmp_path, "--verify", "30", "--force")
    assert second["verify"] == first["verify"]
