"""Members of tar archives that are not plain files, in every dialect: the result is that of GNU tar."""

from __future__ import annotations

import gzip
import io
import os
import random
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from source_contents import content

from pef_tui.model import Source
from pef_tui.sources.tar_source import TarReader

needs_tar = pytest.mark.skipif(
    "GNU tar" not in subprocess.run(["tar", "--version"], capture_output=True, text=True, check=False).stdout
    if shutil.which("tar")
    else True,
    reason="needs GNU tar",
)
FORMS = {
    "gnu": ["--format=gnu"],
    "oldgnu": ["--format=oldgnu"],
    "pax 0.0": ["--format=posix", "--sparse-version=0.0"],
    "pax 0.1": ["--format=posix", "--sparse-version=0.1"],
    "pax 1.0": ["--format=posix", "--sparse-version=1.0"],
}


def reader(path: Path) -> TarReader:
    return TarReader(Source(0, str(path), "tar"), str(path.parent))


def tar(*words: str | Path) -> None:
    subprocess.run(["tar", *map(str, words)], check=True, capture_output=True)


def extracted(path: Path) -> dict[str, bytes]:
    """Return the files that `tar -x` extracts."""
    out = path.parent / "extracted"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    subprocess.run(["tar", "-xf", str(path), "-C", str(out)], check=False, capture_output=True)
    return {
        file.relative_to(out).as_posix(): file.read_bytes()
        for file in out.rglob("*")
        if file.is_file() and not file.is_symlink()
    }


def with_holes(path: Path, parts: list[tuple[int, bytes]], size: int) -> None:
    with path.open("wb") as file:
        for at, data in parts:
            file.seek(at)
            file.write(data)
        file.truncate(size)


@needs_tar
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ending", ["tar", "tgz"])
def test_files_with_holes(tmp_path: Path, form: str, ending: str) -> None:
    folder = tmp_path / "in" / "Trip"
    folder.mkdir(parents=True)
    data = random.Random(1).randbytes(5_000)
    with_holes(folder / "begins with a hole.mp4", [(1 << 20, data)], (1 << 20) + 5_000)
    with_holes(folder / "ends with a hole.mp4", [(0, data)], 1 << 20)
    with_holes(folder / "many.mp4", [(number * 40_960, data) for number in range(30)], 1 << 21)
    with_holes(folder / "nothing else.mp4", [], 1 << 20)
    (folder / ("long " * 30 + ".jpg")).write_bytes(data)
    (folder / "plain.jpg").write_bytes(data)
    path = tmp_path / f"a.{ending}"
    tar("--sparse", *FORMS[form], "-C", tmp_path / "in", "-czf" if ending == "tgz" else "-cf", path, "Trip")
    source = reader(path)
    actual = content(source)
    assert actual == extracted(path)
    assert len(actual) == 6
    assert source.problems() == ()
    with source.open("Trip/many.mp4") as stream:
        assert stream.seek(40_960 * 7 + 100) and stream.read(10) == data[100:110]
        assert stream.seek(-5, io.SEEK_END) and stream.read() == bytes(5)


@needs_tar
@pytest.mark.parametrize("form", ["gnu", "pax 1.0"])
@pytest.mark.parametrize("ending", ["tar", "tgz"])
def test_hard_links(tmp_path: Path, form: str, ending: str) -> None:
    folder = tmp_path / "in" / "Trip"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"picture a")
    (folder / "a.jpg.json").write_bytes(b"{}")
    os.link(folder / "a.jpg", folder / "b.jpg")
    os.link(folder / "a.jpg", folder / ("long " * 30 + ".jpg"))
    os.link(folder / "a.jpg.json", folder / "b.jpg.json")
    path = tmp_path / f"a.{ending}"
    tar(*FORMS[form], "-C", tmp_path / "in", "-czf" if ending == "tgz" else "-cf", path, "Trip")
    source = reader(path)
    assert content(source) == extracted(path)
    assert source.whole()
    (first,) = (listing.files for listing in source.listings())
    assert len({file.mtime_ns for file in first if file.name.endswith(".jpg")}) == 1


Member = tuple[str, bytes, bytes | str]


def packed(path: Path, *arguments: Member) -> Path:
    """Make a tar archive. A member: name, type, and its bytes or the target of the link."""
    with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as archive:
        for name, kind, label in arguments:
            member = tarfile.TarInfo(name)
            member.type, member.mtime = kind, 1_580_702_706
            if isinstance(label, str):
                member.linkname = label
            else:
                member.size = len(label)
            archive.addfile(member, io.BytesIO(label if isinstance(label, bytes) else b""))
    return path


FILE, HARD, SYM = tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE


@needs_tar
@pytest.mark.parametrize("ending", ["tar", "tgz"])
@pytest.mark.parametrize(
    ("value", "report"),
    [
        ([("a.jpg", FILE, b"one"), ("a.jpg", FILE, b"two")], "twice"),
        ([("a.jpg", FILE, b"one"), ("./a.jpg", FILE, b"three")], "twice"),
        ([("a.jpg", FILE, b"one"), ("a.jpg", FILE, b"one")], ""),
        ([("a.json", FILE, b"one"), ("a.json", FILE, b"two")], "twice"),
        ([("a.jpg", FILE, b"one"), ("b.jpg", HARD, "a.jpg"), ("a.jpg", FILE, b"two")], "twice"),
        ([("a.jpg", FILE, b"one"), ("b.jpg", FILE, b"two"), ("b.jpg", HARD, "a.jpg")], "twice"),
        ([("a.jpg", FILE, b"one"), ("b.jpg", HARD, "./a.jpg"), ("c.jpg", HARD, "b.jpg")], ""),
        ([("a.jpg", FILE, b"one"), ("a.jpg", HARD, "a.jpg")], ""),
        ([("a.jpg", FILE, b""), ("b.jpg", HARD, "a.jpg")], ""),
        ([("a.jpg", FILE, b"one"), ("b.jpg", b"Z", b"two")], ""),
    ],
)
def test_as_tar_extracts_it(tmp_path: Path, ending: str, value: list[Member], report: str) -> None:
    path = packed(tmp_path / f"a.{ending}", *value)
    source = reader(path)
    assert content(source) == extracted(path)
    assert [report in line for line in source.problems()] == [True] * bool(report)
    assert source.whole() is not bool(report)


@pytest.mark.parametrize("ending", ["tar", "tgz"])
def test_links_that_come_first_or_lead_nowhere(tmp_path: Path, ending: str) -> None:
    """Tar cannot create a link before its target exists. Here the link can be read."""
    inputs: list[tuple[str, bytes, Any]] = [
        ("b.jpg", HARD, "a.jpg"),
        ("c.jpg", HARD, "gone.jpg"),
        ("d.jpg", HARD, "../a.jpg"),
        ("a.jpg", FILE, b"one"),
    ]
    source = reader(packed(tmp_path / f"a.{ending}", *inputs))
    names = [file.path for listing in source.listings() for file in listing.files]
    assert names == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    with source.open("b.jpg") as stream:
        assert stream.read() == b"one"
    for name in ("c.jpg", "d.jpg"):
        with pytest.raises(OSError, match="not in the archive"):
            source.open(name)


def test_a_link_replaces_no_file(tmp_path: Path) -> None:
    source = reader(packed(tmp_path / "a.tar", ("a.jpg", FILE, b"one"), ("a.jpg", SYM, "/etc/passwd")))
    assert content(source) == {"a.jpg": b"one"}
    assert "symbolic link" in source.problems()[0]


@pytest.mark.parametrize("ending", ["tar", "tgz"])
def test_archives_joined_to_one(tmp_path: Path, ending: str) -> None:
    """Members after the first end mark, which `tar -x` leaves out, are read. They replace no other member."""
    first = packed(tmp_path / f"1.{ending}", ("a.jpg", FILE, b"one"), ("b.jpg", FILE, b"two"))
    second = packed(tmp_path / f"2.{ending}", ("a.jpg", FILE, b"other"), ("c.jpg", FILE, b"three"))
    path = tmp_path / f"a.{ending}"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    source = reader(path)
    assert content(source) == {"a.jpg": b"one", "b.jpg": b"two", "c.jpg": b"three"}
    assert "twice" in source.problems()[0]


@pytest.mark.parametrize("behind", [b"", bytes(3 << 20), b"\xff" * 700, bytes(100) + b"x" * 5000])
def test_what_lies_behind_the_end(tmp_path: Path, behind: bytes) -> None:
    path = packed(tmp_path / "a.tar", ("a.jpg", FILE, b"one"))
    path.write_bytes(path.read_bytes() + behind)
    source = reader(path)
    assert content(source) == {"a.jpg": b"one"}
    assert source.whole()


def sound(ending: str, tmp_path: Path) -> tuple[bytes, dict[str, bytes]]:
    chance = random.Random(3)
    files = {f"Trip/{number}.jpg": chance.randbytes(1_000 + 500 * number) for number in range(4)}
    files["Trip/0.jpg.json"] = b"{}"
    files["Trip/" + "long " * 30 + ".jpg"] = chance.randbytes(700)
    path = packed(tmp_path / "sound.tar", *((name, FILE, raw) for name, raw in files.items()))
    return path.read_bytes(), files


@pytest.mark.parametrize("ending", ["tar", "tgz"])
def test_a_damaged_header_costs_its_member_only(tmp_path: Path, ending: str) -> None:
    raw, files = sound(ending, tmp_path)
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        offsets = {member.name: member.offset_data - 512 for member in archive}
    for name, offset in offsets.items():
        for place in (0, 124, 148, 156, 257):
            damaged = bytearray(raw)
            damaged[offset + place] ^= 0x15
            path = tmp_path / f"a.{ending}"
            path.write_bytes(gzip.compress(damaged, 1) if ending == "tgz" else damaged)
            source = reader(path)
            assert content(source) == {key: value for key, value in files.items() if key != name}
            assert any("damaged" in line for line in source.problems())
            assert not source.whole()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(data=st.data())
def test_any_damage_is_reported(tmp_path: Path, data: st.DataObject) -> None:
    """In a plain tar, content has no checksum. A header has a sum, which two damaged bytes may leave unchanged."""
    raw, files = sound("tar", tmp_path)
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        headers = [member.offset_data - 512 for member in archive]
    damaged = bytearray(raw)
    for header in data.draw(st.lists(st.sampled_from(headers), min_size=1, max_size=3, unique=True)):
        at = header + data.draw(st.integers(0, 511))
        damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    (tmp_path / "a.tar").write_bytes(damaged)
    source = reader(tmp_path / "a.tar")
    actual = content(source)
    assert all(files[name] == actual[name] for name in actual)
    assert actual == files or not source.whole()


def test_attributes_are_taken_away_by_empty_values(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", pax_headers={"mtime": "77.5"}) as archive:
        for name, attributes in (
            ("a.jpg", {}),
            ("b.jpg", {"mtime": ""}),
            ("c.jpg", {"SCHILY.xattr.user.x": "a=b\n1 x=y"}),
        ):
            member = tarfile.TarInfo(name)
            member.mtime, member.pax_headers = 5, attributes
            archive.addfile(member, io.BytesIO())
    times = {
        file.name: file.mtime_ns
        for listing in reader(tmp_path / "a.tar").listings()
        for file in listing.files
    }
    assert times == {"a.jpg": 77_500_000_000, "b.jpg": 5_000_000_000, "c.jpg": 77_500_000_000}


BAD_MAPS = {
    "overlapping": {"GNU.sparse.map": "0,3,1,2", "GNU.sparse.size": "9"},
    "longer than the file": {"GNU.sparse.map": "7,5", "GNU.sparse.size": "9"},
    "less than the data": {"GNU.sparse.map": "0,3", "GNU.sparse.size": "9"},
    "no numbers": {"GNU.sparse.map": "0,x", "GNU.sparse.size": "9"},
    "odd": {"GNU.sparse.map": "0,5,7", "GNU.sparse.size": "9"},
    "no size": {"GNU.sparse.map": "0,5"},
    "endless": {"GNU.sparse.map": "0,5", "GNU.sparse.size": "9" * 30},
    "in data, none there": {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"},
}


@pytest.mark.parametrize("bad", BAD_MAPS)
@pytest.mark.parametrize("ending", ["tar", "tgz"])
def test_maps_that_contradict_themselves(tmp_path: Path, bad: str, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    with tarfile.open(path, "w:gz" if ending == "tgz" else "w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a.jpg")
        member.size, member.pax_headers = 5, BAD_MAPS[bad]
        archive.addfile(member, io.BytesIO(b"12345"))
        member = tarfile.TarInfo("b.jpg")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"good"))
    source = reader(path)
    assert [file.path for listing in source.listings() for file in listing.files] == ["a.jpg", "b.jpg"]
    with pytest.raises(OSError, match="file with holes"):
        source.open("a.jpg")
    with source.open("b.jpg") as stream:
        assert stream.read() == b"good"


def test_an_archive_that_changes_is_not_read_on(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tar", ("a.jpg", FILE, b"one" * 50_000), ("b.jpg", FILE, b"two"))
    source = reader(path)
    list(source.listings())
    with source.open("a.jpg") as stream:
        stream.read(10)
        packed(path, ("a.jpg", FILE, b"TWO" * 50_000), ("b.jpg", FILE, b"two"))
        os.utime(path, (1, 1))
        with pytest.raises(OSError, match="changed"):
            stream.read()
    with pytest.raises(OSError, match="changed"):
        source.open("b.jpg")
