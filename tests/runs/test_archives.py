"""An export as a folder, as zip parts and as tar archives: the same outputs, byte for byte; and faults of archives."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from commands import lines_of, run_batch, run_here

from pef_tui.output import source_copy, staging
from pef_tui.output.output_dir import OutputDir
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.media import MAKERS, make

PLACES = [(48.86, 2.33), (-22.95, -43.21), (-33.86, 151.21), None]
FOLDERS = ["Photos from 2018", "Photos from 2019", "Rio \U0001f3d6", "Ausflug & mehr"]
Tree = dict[str, tuple[str, int]]
File = tuple[str, bytes, int]


def files() -> dict[str, Any]:
    """Return some hundred files in several folders: every format, pairs, cut names, pictures without a sidecar."""
    entries: dict[str, Any] = {"print-subscriptions.json": {"subscriptions": []}}
    for number in range(120):
        folder, name = FOLDERS[number % 4], f"IMG_{number:04}.jpg"
        sidecar_json = sidecar(
            name,
            taken=1_500_000_000 + 86_400 * number,
            place=PLACES[number % 4],
            people=["Ann", "Zoë"][: number % 3],
        )
        entries[f"{folder}/{name}"] = sidecar_json if number % 10 else None
    for number, format in enumerate(MAKERS):
        sidecar_json = sidecar(
            f"{format}", taken=1_400_000_000 + number, place=PLACES[number % 3], description="von Zoë"
        )
        entries[f"{FOLDERS[number % 4]}/a {format} of many.{format}"] = Item(
            sidecar_json | {"title": f"a {format} of many.{format}"}
        )
    long = "The whole family on the beach at Copacabana, last summer.jpg"
    entries[f"{FOLDERS[2]}/{long}"] = sidecar(long, place=PLACES[1])
    entries[f"{FOLDERS[2]}/metadata.json"] = {
        "title": "Rio",
        "description": "Two weeks",
        "access": "protected",
    }
    entries[f"{FOLDERS[0]}/no extension"] = make("mp4", 5)
    entries[f"{FOLDERS[0]}/broken.jpg"] = Item(sidecar("broken.jpg"), b"This is no picture.\n")
    return entries


def member_list(top: Path) -> list[File]:
    """Return every file below `top`: path, bytes, modification time in seconds."""
    return [
        (path.relative_to(top).as_posix(), path.read_bytes(), int(path.stat().st_mtime))
        for path in sorted(top.rglob("*"))
        if path.is_file()
    ]


def zipped(path: Path, content: Iterable[File], *, utc: bool = True) -> Path:
    """Write a zip archive. `utc`: with the extra field for exact modification times."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, raw, mtime) in enumerate(content):
            member = zipfile.ZipInfo(name, datetime.fromtimestamp(mtime, UTC).timetuple()[:6])
            member.compress_type = (
                zipfile.ZIP_DEFLATED if number % 2 or len(raw) > 1 << 20 else zipfile.ZIP_STORED
            )
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            member.extra = struct.pack("<HHBl", 0x5455, 5, 1, mtime) if utc else b""
            archive.writestr(member, raw)
    return path


def tarred(path: Path, content: Iterable[File]) -> Path:
    with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as archive:
        for name, raw, mtime in content:
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(raw), mtime
            archive.addfile(member, io.BytesIO(raw))
    return path


def run(
    sources: Sequence[Path], out: Path, *options: str, env: dict[str, str] | None = None
) -> tuple[list[dict[str, Any]], str, int]:
    """Run once. Return JSON lines, standard error and exit code."""
    result = run_batch(*map(str, sources), "-o", str(out), *options, env=os.environ | (env or {}))
    assert b"Traceback" not in result.stderr
    return lines_of(result), result.stderr.decode(), result.returncode


def outputs(out: Path) -> Tree:
    return {
        path.relative_to(out).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".pef-tui" not in path.parts
    }


def line_facts(lines: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """Return the lines of each file, without its source."""
    retained = (
        "type",
        "source",
        "sidecar",
        "rule",
        "outcome",
        "output",
        "writer",
        "taken",
        "zone",
        "warnings",
        "reason",
    )
    result = [
        tuple(str(line.get(key)) for key in retained)
        for line in lines
        if line["type"] in ("media", "json", "other")
    ]
    return sorted(result)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("export")
    takeout(top, files())
    return top


@pytest.fixture(scope="module")
def plain(export: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tree, list[tuple[object, ...]]]:
    """Return outputs and lines of a run over the folder."""
    out = tmp_path_factory.mktemp("plain") / "out"
    lines, _, _ = run([export], out)
    return outputs(out), line_facts(lines)


def parts_of(form: str, export: Path, top: Path) -> list[Path]:
    """Return the export in another form. Members have a random order; sidecars come after pictures, also in other
    parts.
    """
    content = member_list(export)
    content = content[::2] + content[1::2][::-1]
    if form == "three zips":
        return [zipped(top / f"takeout-20240102T030405Z-00{n + 1}.zip", content[n::3]) for n in range(3)]
    if form == "tgz and folder":
        tarred(top / "a.tgz", content[::2])
        for name, raw, mtime in content[1::2]:
            path = top / "extracted" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
            os.utime(path, (mtime, mtime))
        return [top / "a.tgz", top / "extracted"]
    if form == "zip":
        return [zipped(top / "a.zip", content)]
    return [tarred(top / f"a.{form}", content)]


@pytest.mark.exiftool
@pytest.mark.parametrize("form", ["three zips", "tgz", "tar", "tgz and folder"])
def test_every_form_gives_the_same_outputs(
    form: str, export: Path, plain: tuple[Tree, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    sources = parts_of(form, export, tmp_path)
    lines, _, _ = run(sources, tmp_path / "out")
    assert outputs(tmp_path / "out") == plain[0]
    assert line_facts(lines) == plain[1]
    assert "problems" not in lines[-1]
    assert not list((tmp_path / "out" / ".pef-tui" / "staging").iterdir())
    second_run, _, _ = run(sources, tmp_path / "out")
    assert {line["outcome"] for line in second_run if line["type"] == "media"} == {"unchanged"}


@pytest.mark.parametrize("max_in_memory", [0, source_copy.MAX_IN_MEMORY])
def test_outputs_of_members_are_composed_from_memory(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, max_in_memory: int
) -> None:
    """Small members are read into memory and written once. Others are staged, and changed afterwards."""
    composed: list[str] = []
    real = staging.stage

    def stage(
        output_dir: OutputDir, name: str, source: Any, size: int, mtime: int, pieces: Any, *rest: Any
    ) -> bytes:
        composed.extend([name] if pieces is not None else [])
        return real(output_dir, name, source, size, mtime, pieces, *rest)

    monkeypatch.setattr(source_copy, "MAX_IN_MEMORY", max_in_memory)
    monkeypatch.setattr(source_copy, "stage", stage)
    (source,) = parts_of("zip", export, tmp_path)
    run_here(source, tmp_path / "out", "--writer", "native", "--workers", "1", status=3)
    assert (len(composed) > 100) == (max_in_memory > 0)
    run_here(export, tmp_path / "plain", "--writer", "native", "--workers", "1", status=3)
    assert outputs(tmp_path / "out") == outputs(tmp_path / "plain")


GOOGLE = "Takeout/Google Photos/Photos from 2019/"
MOMENT = 1_600_000_000


def few_pictures(*names: str) -> list[File]:
    """Return pictures with their sidecars, as the files of an archive."""
    results = []
    for number, name in enumerate(names):
        answer = json.dumps(sidecar(name, taken=MOMENT - 86_400)).encode()
        results += [(GOOGLE + name, make("jpeg", number), MOMENT), (f"{GOOGLE}{name}.json", answer, MOMENT)]
    return results


def media(lines: list[dict[str, Any]]) -> dict[str, str]:
    return {
        line["source"].rpartition("/")[2]: f"{line['outcome']}: {line['reason']}".removesuffix(": ")
        for line in lines
        if line["type"] == "media"
    }


def test_a_damaged_part_is_named_and_the_others_are_done(tmp_path: Path) -> None:
    raws = [os.urandom(40_000) for _ in range(4)]
    complete = [(f"{GOOGLE}{number}.jpg", make("jpeg", number) + raws[number], MOMENT) for number in range(4)]
    cut = tarred(tmp_path / "takeout-20240102T030405Z-001.tgz", complete)
    cut.write_bytes(cut.read_bytes()[:100_000])
    gone = zipped(tmp_path / "takeout-20240102T030405Z-002.zip", few_pictures("b.jpg"))
    gone.write_bytes(gone.read_bytes()[:-40])
    good = zipped(tmp_path / "takeout-20240102T030405Z-004.zip", few_pictures("c.jpg"))
    lines, words, code = run([cut, gone, good], tmp_path / "out")
    assert code == 3
    assert run([gone, good], tmp_path / "other")[2] == 3
    actual = media(lines)
    assert actual.pop("2.jpg").startswith("failed: ")
    words_of = {"0.jpg": "unmatched: no sidecar", "1.jpg": "unmatched: no sidecar"}
    assert actual == {**words_of, "b.jpg": "written", "c.jpg": "written"}
    problems = lines[-1]["problems"]
    assert [line.partition("': ")[0].rpartition("/")[2] for line in problems] == [cut.name, gone.name]
    assert all(line in words for line in problems)
    assert "2 parts of the sources left out or not readable" in words
    assert any("part 003 is not among the sources" in note for note in lines[-1]["notes"])
    assert sorted(outputs(tmp_path / "out")) == [f"Photos from 2019/{name}.jpg" for name in "01bc"]


@pytest.mark.parametrize("repeat", ["zip", "tgz", "folder"])
def test_the_same_files_in_two_parts_are_put_there_once(tmp_path: Path, repeat: str) -> None:
    first = zipped(tmp_path / "1.zip", few_pictures("a.jpg", "b.jpg"))
    content = few_pictures("a.jpg", "b.jpg", "c.jpg")
    other_file = tmp_path / f"2.{repeat}"
    if repeat == "folder":
        for name, raw, mtime in content:
            path = other_file / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
            os.utime(path, (mtime, mtime))
    else:
        (zipped if repeat == "zip" else tarred)(other_file, content)
    lines, _, code = run([first, other_file], tmp_path / "out")
    assert code == 0
    words = [(line["root"], line["outcome"]) for line in lines if line["type"] == "media"]
    assert sorted(words) == [
        (0, "written"),
        (0, "written"),
        (1, "duplicate"),
        (1, "duplicate"),
        (1, "written"),
    ]
    assert {line["outcome"] for line in lines if line["type"] == "json"} == {"used"}
    assert len(outputs(tmp_path / "out")) == 3


def test_sources_in_sources_are_read_once(tmp_path: Path) -> None:
    takeout(tmp_path / "a", {"Photos from 2019/a.jpg": sidecar("a.jpg")})
    (tmp_path / "link").symlink_to(tmp_path / "a")
    inner = tmp_path / "a" / "Takeout" / "Google Photos"
    part = zipped(tmp_path / "a" / "b.zip", few_pictures("b.jpg"))
    lines, _, code = run([inner, tmp_path / "a", tmp_path / "link", part, part], tmp_path / "out")
    assert code == 0
    assert media(lines) == {"a.jpg": "written", "b.jpg": "written"}
    assert lines[0]["sources"] == [str(tmp_path / "a"), str(part)]
    notes = [note for note in lines[-1]["notes"] if note.startswith("SOURCE")]
    assert [note.rpartition(": ")[2].split()[0] for note in notes] == ["lies", "is", "is"]


def test_a_dry_run_leaves_nothing_and_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    source = tarred(
        tmp_path / "a.tgz", [*few_pictures("a.jpg", "b.jpg"), (f"{GOOGLE}c.heic", make("heic", 1), MOMENT)]
    )
    dry, _, _ = run([source], tmp_path / "out", "--dry-run", env={"TMPDIR": str(tmp_path / "tmp")})
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.tgz", "tmp"]
    wet, _, _ = run([source], tmp_path / "out")
    assert line_facts(dry) == line_facts(wet)


def test_harmful_archives_do_no_harm(tmp_path: Path) -> None:
    """Nothing is written outside of DEST or without limit. Every member is counted or reported."""
    bomb = bytes(60 << 20)
    bad = [
        (GOOGLE + "zeros.jpg", bomb, MOMENT),
        ("../evil.jpg", b"x", MOMENT),
        (f"{tmp_path}/evil.jpg", b"x", MOMENT),
    ]
    clash = [(f"{GOOGLE}c.jpg", make("jpeg", 7), MOMENT), (f"{GOOGLE}c.jpg/d.jpg", make("jpeg", 8), MOMENT)]
    (tmp_path / "in").mkdir()
    packed = [("zeros.jpg", bomb, MOMENT), *few_pictures("a.jpg"), *bad, *clash]
    sources = [
        zipped(tmp_path / "in" / "a.zip", [("0", b"", MOMENT), *packed]),
        tarred(tmp_path / "in" / "b.tgz", [*packed, (f"{GOOGLE}last.jpg", make("jpeg", 9), MOMENT)]),
    ]
    lines, _, code = run(sources, tmp_path / "out")
    assert code == 3
    refused = [
        line for line in lines if line["type"] == "media" and "as only harmful archives do" in line["reason"]
    ]
    assert [line["outcome"] for line in refused] == ["failed"] * 4
    assert len(lines[-1]["problems"]) == 2
    below = tmp_path / "out" / str(tmp_path)[1:] / "evil.jpg"  # an absolute path becomes relative
    assert [*tmp_path.rglob("evil*")] == [below]
    assert sorted(outputs(tmp_path / "out")) == [
        *(f"Photos from 2019/{name}.jpg" for name in ("a", "c", "last")),
        str(below.relative_to(tmp_path / "out")),
    ]
    assert sum(path.stat().st_blocks for path in tmp_path.rglob("*") if path.is_file()) * 512 < len(bomb)


def test_times_without_a_zone_are_read_as_utc(tmp_path: Path) -> None:
    """The time of a zip archive without that field: local time of an unknown zone, in steps of 2 s."""
    source = zipped(tmp_path / "a.zip", [(f"{GOOGLE}a.jpg", make("jpeg", 1), MOMENT + 1)], utc=False)
    run([source], tmp_path / "out")
    ((_, mtime_ns),) = outputs(tmp_path / "out").values()
    assert mtime_ns == MOMENT * 1_000_000_000
