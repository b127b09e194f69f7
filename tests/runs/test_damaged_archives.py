"""Run over damaged, malicious or unusual archives: every member is counted, or its loss is reported."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import stat
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from test_archives import (
    GOOGLE,
    MOMENT,
    File,
    few_pictures,
    line_facts,
    media,
    member_list,
    outputs,
    run,
    tarred,
    zipped,
)

from pef_tui.testing.media import make

CENTRAL = b"PK\x01\x02"


def adds_up(lines: list[dict[str, Any]]) -> bool:
    """Return whether `found` is the sum of the counts, and the number of lines."""
    summary = lines[-1]
    counts = sum(summary["media"].values()) + sum(summary["json"].values()) + summary["other"]
    return bool(
        summary["found"] == counts == sum(line["type"] in ("media", "json", "other") for line in lines)
    )


def content() -> list[File]:
    names = [f"{number}.jpg" for number in range(6)]
    return [*few_pictures(*names), ("Takeout/archive_browser.html", b"<html>", MOMENT)]


def damaged(raw: bytes, kind: str) -> bytes:
    """Return a zip archive with damage in its directory."""
    start = raw.index(CENTRAL)
    entries = [at for at in range(start, len(raw)) if raw[at : at + 4] == CENTRAL]
    changes = {
        "length of a comment": (entries[3] + 33, b"\x10"),
        "length of a name": (entries[5] + 28, b"\xff"),
        "an offset": (entries[4] + 42, b"\xff\xff\xff\x00"),
        "a packed size": (entries[2] + 20, b"\xff\xff\x00\x00"),
        "a signature": (entries[6], b"XX"),
        "the number of members": (len(raw) - 12, b"\x03"),
        "the end record": (len(raw) - 22, b"XX"),
    }
    at, data = changes[kind]
    return raw[:at] + data + raw[at + len(data) :]


@pytest.mark.exiftool
@pytest.mark.parametrize(
    "kind",
    [
        "length of a comment",
        "length of a name",
        "an offset",
        "a packed size",
        "a signature",
        "the number of members",
        "the end record",
    ],
)
def test_a_damaged_directory_costs_nothing(kind: str, tmp_path: Path) -> None:
    complete = zipped(tmp_path / "whole.zip", content())
    (tmp_path / "bad.zip").write_bytes(damaged(complete.read_bytes(), kind))
    sound, _, _ = run([complete], tmp_path / "out")
    lines, words, code = run([tmp_path / "bad.zip"], tmp_path / "other")
    assert code == 3
    assert "get this part again" in words
    assert outputs(tmp_path / "other") == outputs(tmp_path / "out")
    assert line_facts(lines) == line_facts(sound)
    assert adds_up(lines)
    second_run, _, code = run([tmp_path / "bad.zip"], tmp_path / "other")
    assert code == 3
    assert {line["outcome"] for line in second_run if line["type"] == "media"} == {"unchanged"}
    later, _, code = run([complete], tmp_path / "other")
    assert code == 0
    assert outputs(tmp_path / "other") == outputs(tmp_path / "out")
    assert adds_up(later)


def test_a_sidecar_that_cannot_be_read_is_no_success(tmp_path: Path) -> None:
    """The picture of a damaged sidecar is copied without its tags, and the run ends with code 3."""
    path = zipped(tmp_path / "a.zip", few_pictures("a.jpg", "b.jpg"))
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"a.jpg.json", b"q.jpg.json", 1))
    lines, words, code = run([path], tmp_path / "out")
    assert code == 3
    assert adds_up(lines)
    assert media(lines) == {"a.jpg": "unmatched: no sidecar", "b.jpg": "written"}
    (problem,) = lines[-1]["problems"]
    assert "a.jpg.json" in problem
    assert "q.jpg.json" in problem
    assert problem in words
    path.write_bytes(raw)
    lines, _, code = run([path], tmp_path / "out")
    assert code == 0
    assert media(lines) == {"a.jpg": "written", "b.jpg": "unchanged"}


@pytest.mark.long
@pytest.mark.parametrize("ending", ["zip", "tgz"])
def test_a_bomb_in_pieces(ending: str, tmp_path: Path) -> None:
    """Each piece is small enough by itself. The pictures beside them are written."""
    pieces = [(f"{GOOGLE}p{number}.jpg", bytes(16 << 20), MOMENT) for number in range(30)]
    source = (zipped if ending == "zip" else tarred)(
        tmp_path / f"a.{ending}", [*few_pictures("a.jpg"), *pieces, *few_pictures("b.jpg")]
    )
    lines, _, code = run([source], tmp_path / "out")
    assert code == 3
    assert adds_up(lines)
    actual = media(lines)
    assert [actual.pop(name) for name in ("a.jpg", "b.jpg")] == ["written", "written"]
    refused = [reason for reason in actual.values() if "--unpack-ratio" in reason]
    assert len(refused) >= (30 if ending == "zip" else 12)
    assert len(actual) == 30


def test_a_bomb_in_parts(tmp_path: Path) -> None:
    """The limit applies to all parts together. Real exports are below it."""
    parts = [
        zipped(
            tmp_path / f"{part}.zip",
            [(f"{GOOGLE}{part}{number}.jpg", bytes(15 << 20), MOMENT) for number in range(8)],
        )
        for part in range(4)
    ]
    lines, _, code = run(parts, tmp_path / "out", "--dry-run")
    assert code == 3
    refused = {
        line["root"] for line in lines if line["type"] == "media" and "--unpack-ratio" in line["reason"]
    }
    assert refused == {2, 3}
    lines, _, _ = run(parts, tmp_path / "out", "--dry-run", "--unpack-ratio", "2000")
    assert not any("--unpack-ratio" in line.get("reason", "") for line in lines)


@pytest.mark.long
def test_blank_pages_are_no_bombs(tmp_path: Path) -> None:
    """Uncompressed scans of blank pages need a thousandth of their size in an archive."""
    head = make("tiff", 1)
    pages = [(f"{GOOGLE}{number}.tif", head + bytes(25 << 20), MOMENT) for number in range(5)]
    for source in (zipped(tmp_path / "a.zip", pages), tarred(tmp_path / "a.tgz", pages)):
        lines, _, _ = run([source], tmp_path / f"out {source.suffix}")
        assert not [line["reason"] for line in lines if "ratio" in line.get("reason", "")]


def evil(path: Path) -> None:
    """Make an archive with names and file types that lead out of DEST."""
    names = [
        "../up.jpg",
        f"{GOOGLE}../../../../up.jpg",
        "Takeout/Google Photos/Photos from 2019/..",
        "..\\up.jpg",
        ".pef-tui/manifest",
        f"{GOOGLE}.pef-tui/undo/record",
        ".pef-tui/undo/a.jpg",
        f"{GOOGLE}\x00.jpg",
        f"{GOOGLE}nl\n\x1b[2J.jpg",
        f"{GOOGLE}{'n' * 300}.jpg",
        f"{GOOGLE}{'d/' * 600}deep.jpg",
        f"{GOOGLE}inner.zip",
    ]
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("Takeout/Google Photos/Photos from 2019/inside.jpg", make("jpeg", 3))
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                member = zipfile.ZipInfo("x")
                member.filename = name
                archive.writestr(member, inner.getvalue() if name.endswith(".zip") else make("jpeg", 5))
            for kind, name in (
                (stat.S_IFLNK, "link.jpg"),
                (stat.S_IFCHR, "device.jpg"),
                (stat.S_IFIFO, "pipe.jpg"),
            ):
                member = zipfile.ZipInfo(GOOGLE + name)
                member.external_attr, member.create_system = (kind | 0o777) << 16, 3
                archive.writestr(member, "/etc/passwd" if kind == stat.S_IFLNK else b"")
            for name, raw, _ in few_pictures("good.jpg"):
                archive.writestr(name, raw)
        return
    with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as tar:
        for name in names:
            tar_member = tarfile.TarInfo(name.replace("\x00", ""))
            raw = inner.getvalue() if name.endswith(".zip") else make("jpeg", 5)
            tar_member.size = len(raw)
            tar.addfile(tar_member, io.BytesIO(raw))
        for type_flag, name in (
            (b"2", "link.jpg"),
            (b"1", "hard.jpg"),
            (b"3", "device.jpg"),
            (b"6", "pipe.jpg"),
        ):
            tar_member = tarfile.TarInfo(GOOGLE + name)
            tar_member.type, tar_member.linkname = type_flag, "/etc/passwd"
            tar.addfile(tar_member)
        for name, raw, _ in few_pictures("good.jpg"):
            tar_member = tarfile.TarInfo(name)
            tar_member.size = len(raw)
            tar.addfile(tar_member, io.BytesIO(raw))


@pytest.mark.parametrize("ending", ["zip", "tgz", "tar"])
def test_names_and_kinds_that_lead_elsewhere(ending: str, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    source = tmp_path / "in" / "deep" / f"a.{ending}"
    evil(source)
    out = tmp_path / "in" / "deep" / "out"
    lines, words, code = run([source], out)
    assert code == 3
    assert adds_up(lines)
    assert media(lines)["good.jpg"] == "written"
    assert "\x1b" not in words
    below = {path.relative_to(tmp_path).parts[:3] for path in tmp_path.rglob("*") if path.is_file()}
    assert below == {("in", "deep", source.name), ("in", "deep", "out")}
    problems = " ".join(lines[-1]["problems"])
    assert all(item in problems for item in ("path out of the archive", "symbolic link"))
    assert not list(out.rglob("*.jpg/*"))
    assert not any(path.is_symlink() for path in out.rglob("*"))
    assert not any("inside.jpg" in str(line) for line in lines)
    assert any(line["type"] == "other" and line["source"].endswith("inner.zip") for line in lines)
    run([source], out)
    assert len(outputs(out)) == sum(
        1 for path in out.rglob("*") if path.is_file() and ".pef-tui" not in path.parts
    )


needs_tools = pytest.mark.skipif(
    not all(map(shutil.which, ("zip", "unzip", "tar"))), reason="needs zip, unzip and tar"
)


@needs_tools
@pytest.mark.exiftool
@pytest.mark.parametrize("seed", range(3))
def test_archives_of_other_tools_are_as_what_they_extract(seed: int, tmp_path: Path) -> None:
    """Pack with common options of Info-ZIP and GNU tar. Run over the archive, and over the files extracted from it."""
    chance = random.Random(seed)
    top = tmp_path / "in"
    for name, raw, mtime in content():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
        os.utime(path, (mtime, mtime))
    folder = top / GOOGLE
    os.link(folder / "0.jpg", folder / "0 again.jpg")
    with (folder / "film.mp4").open("wb") as file:
        file.write(make("mp4", 4))
        file.truncate(1 << 20)
    os.utime(folder / "film.mp4", (MOMENT, MOMENT))
    options = chance.choice([["-0"], ["-9"], ["-y"], ["-fd"], ["-fz"], ["-Z", "bzip2"]])
    subprocess.run(["zip", "-qr", *options, tmp_path / "a.zip", "Takeout"], cwd=top, check=True)
    forms = chance.choice([["--format=gnu"], ["--format=posix"], ["--format=ustar"], ["--hard-dereference"]])
    sparse = [] if "ustar" in forms[0] else ["--sparse"]
    subprocess.run(["tar", "-czf", tmp_path / "a.tgz", *sparse, *forms, "Takeout"], cwd=top, check=True)
    for command in (["unzip", "-qo", "../a.zip"], ["tar", "-xf", "../a.tgz"]):
        out = tmp_path / command[0]
        out.mkdir()
        subprocess.run(command, cwd=out, check=True, env=os.environ | {"TZ": "UTC"})
        source = tmp_path / command[-1][3:]
        extracted, _, _ = run([out], tmp_path / f"out {command[0]}")
        packed, _, _ = run([source], tmp_path / f"out {source.name}")
        assert outputs(tmp_path / f"out {source.name}") == outputs(tmp_path / f"out {command[0]}"), (
            options + forms
        )
        assert line_facts(packed) == line_facts(extracted)
        assert adds_up(packed)
        assert packed[-1]["found"] == len(member_list(out))


def test_json_of_the_summary(tmp_path: Path) -> None:
    """A run without readable sources reports that, and its counts are zero."""
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04" * 3_000)
    lines, _, code = run([tmp_path / "a.zip"], tmp_path / "out")
    assert code == 3
    assert adds_up(lines)
    assert lines[-1]["found"] == 0
    assert "nothing in it is readable" in json.dumps(lines[-1]["problems"])
