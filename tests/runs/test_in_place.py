"""Write in place and undo it: the files have their original bytes and times, whatever happened in between."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pef_tui.testing import Exif, Item, jpeg, make, motion_photo, sidecar, takeout

pytestmark = pytest.mark.exiftool
FOLDER = "Photos from 2019/"
EMPTY_XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>'


def command(root: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "pef_tui", "--no-config", "--json", *options, str(root / "Takeout")]


def run(root: Path, *options: str, code: int = 0) -> dict[str, dict[str, Any]]:
    """Run in place. Return the JSON lines of media, by file name."""
    return {
        Path(line["source"]).name: line
        for line in lines_of_run(root, *options, code=code)
        if line["type"] == "media"
    }


def lines_of_run(root: Path, *options: str, code: int = 0) -> list[dict[str, Any]]:
    """Run in place. Return all JSON lines."""
    result = subprocess.run(
        command(root, "--batch", "--in-place", *options), capture_output=True, check=False
    )
    assert result.returncode == code, result.stderr.decode()
    return [json.loads(line) for line in result.stdout.splitlines()]


def undo(root: Path, case: str = "last", code: int = 0) -> list[dict[str, Any]]:
    result = subprocess.run(command(root, "--undo", case), capture_output=True, check=False)
    assert result.returncode == code, result.stderr.decode()
    return [json.loads(line) for line in result.stdout.splitlines()]


def tree(root: Path) -> dict[str, tuple[Any, ...]]:
    """Return bytes, times and permissions of every file, and the time of every folder."""
    entries: dict[str, tuple[Any, ...]] = {}
    for path in sorted((root / "Takeout").rglob("*")):
        if ".pef-tui" in path.parts:
            continue
        facts = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        entries[str(path.relative_to(root))] = (content, facts.st_mtime_ns, facts.st_mode)
    entries[""] = ("", (root / "Takeout").stat().st_mtime_ns, 0)
    return entries


def export(root: Path) -> Path:
    """Make files of every kind: written, only the time set, XMP file made, completed or left unchanged, without a
    sidecar.
    """
    camera = Exif(date="2019:07:01 12:34:56", offset="+02:00", maker_note=b"Note" * 50)
    fields: dict[str, Any] = {"place": (48.85, 2.35), "people": ["Ana"], "description": "a text"}
    film = make("mp4", 1)
    files: dict[str, Any] = {
        FOLDER + "a.jpg": Item(sidecar("a.jpg", **fields), jpeg(1, exif=camera)),
        FOLDER + "bare.jpg": Item(sidecar("bare.jpg", **fields), jpeg(2)),
        FOLDER + "alone.jpg": None,
        FOLDER + "film.mp4": Item(sidecar("film.mp4", **fields), film),
        FOLDER + "scan.tif": Item(sidecar("scan.tif", **fields), make("tiff", 3)),
        FOLDER + "raw.nef": Item(sidecar("raw.nef", **fields), make("nef", 4)),
        FOLDER + "raw2.nef": Item(sidecar("raw2.nef", **fields), make("nef", 5)),
        FOLDER + "right.jpg": Item(sidecar("right.jpg"), jpeg(6, exif=camera)),
        FOLDER + "motion.jpg": Item(sidecar("motion.jpg", **fields), motion_photo(film, 7)),
        FOLDER + "b.heic": Item(sidecar("b.heic", **fields), jpeg(8)),
        FOLDER + "cut.jpg": Item(sidecar("cut.jpg", **fields), jpeg(9)[:120]),
    }
    takeout(root, files)
    folder = root / "Takeout" / "Google Photos" / FOLDER
    (folder / "raw2.xmp").write_text(EMPTY_XMP)
    (folder / "bare.jpg").chmod(0o640)
    for path in (folder, folder.parent, root / "Takeout"):
        os.utime(path, ns=(1_700_000_000_000_000_001, 1_600_000_000_123_456_789))
    return folder


def test_a_run_and_its_undo(tmp_path: Path) -> None:
    folder = export(tmp_path)
    tree_before = tree(tmp_path)
    first = run(tmp_path)
    words = {name: line["outcome"] for name, line in first.items()}
    assert words == {
        "a.jpg": "written", "bare.jpg": "written", "alone.jpg": "unmatched", "film.mp4": "written",
        "scan.tif": "written", "raw.nef": "sidecar", "raw2.nef": "sidecar", "right.jpg": "copied",
        "motion.jpg": "written", "b.heic": "written", "cut.jpg": "sidecar",
    }  # fmt: skip
    assert first["a.jpg"]["output"] == first["a.jpg"]["source"]
    assert (folder / "raw.nef.xmp").exists() and not (folder / "raw2.nef.xmp").exists()
    assert b"Ana" in (folder / "raw2.xmp").read_bytes()
    assert (folder / "bare.jpg").stat().st_mode & 0o777 == 0o640
    assert (folder / "right.jpg").stat().st_mtime == (folder / "a.jpg").stat().st_mtime == 1_561_977_296
    assert not list((tmp_path / "Takeout" / ".pef-tui" / "staging").iterdir())
    between = tree(tmp_path)
    second_run = run(tmp_path)
    assert {name: line["outcome"] for name, line in second_run.items()} == dict.fromkeys(
        words, "unchanged"
    ) | {"alone.jpg": "unmatched"}
    assert tree(tmp_path) == between
    lines = undo(tmp_path)
    assert {line["outcome"] for line in lines[:-1]} == {"restored"}
    assert tree(tmp_path) == tree_before
    assert not list((tmp_path / "Takeout" / ".pef-tui" / "undo").iterdir())
    assert run(tmp_path)["a.jpg"]["outcome"] == "written"  # the manifest has the undo


def test_xmp_files_of_a_run_belong_to_their_pictures(tmp_path: Path) -> None:
    """The second run finds the same files as the first. It finds neither its XMP files nor anything to write."""
    export(tmp_path)
    first, second, third = (lines_of_run(tmp_path) for _ in range(3))
    other_file = [Path(line["source"]).name for line in first if line["type"] == "other"]
    assert other_file == ["raw2.xmp"] and first[-1]["found"] == second[-1]["found"] + 1
    for lines in (second, third):
        assert not [line for line in lines if line["type"] == "other"]
        assert lines[-1]["media"] == {"unchanged": 10, "unmatched": 1}
    undo(tmp_path)
    assert [
        Path(line["source"]).name for line in lines_of_run(tmp_path, "-n") if line["type"] == "other"
    ] == other_file


@pytest.mark.parametrize(
    ("media", "xmp_file"), [("a.jpg", "a.jpg.XMP"), ("r.nef", "r.XMP"), ("r.nef", "r.nef.Xmp")]
)
def test_an_xmp_file_in_capitals_is_completed(tmp_path: Path, media: str, xmp_file: str) -> None:
    data = jpeg(1) if media == "a.jpg" else make("nef", 1)
    takeout(tmp_path, {FOLDER + media: Item(sidecar(media, people=["Ana"]), data)})
    folder = tmp_path / "Takeout" / "Google Photos" / FOLDER
    (folder / xmp_file).write_text(EMPTY_XMP)
    tree_before, names = tree(tmp_path), {path.name for path in folder.iterdir()}
    assert run(tmp_path, "--verify")[media]["outcome"] in ("written", "sidecar")
    assert {path.name for path in folder.iterdir()} == names
    assert b"Ana" in (folder / xmp_file).read_bytes()
    between = tree(tmp_path)
    assert run(tmp_path)[media]["outcome"] == "unchanged" and tree(tmp_path) == between
    undo(tmp_path)
    assert tree(tmp_path) == tree_before


def test_what_was_changed_since_is_left(tmp_path: Path) -> None:
    folder = export(tmp_path)
    tree_before = tree(tmp_path)
    run(tmp_path)
    (folder / "a.jpg").write_bytes(b"mine now")
    lines = undo(tmp_path, code=3)
    remaining = [line for line in lines if line.get("outcome") == "left"]
    assert [Path(line["source"]).name for line in remaining] == ["a.jpg"]
    assert (folder / "a.jpg").read_bytes() == b"mine now"
    tree_after = tree(tmp_path)
    name = "Takeout/Google Photos/" + FOLDER
    assert {path for path in tree_before if tree_after[path] != tree_before[path]} == {
        name + "a.jpg",
        name.rstrip("/"),
    }


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_and_undone(tmp_path: Path, seed: int) -> None:
    export(tmp_path)
    tree_before = tree(tmp_path)
    pause = 0.6 + random.Random(seed).random() * 1.6
    with subprocess.Popen(
        command(tmp_path, "--batch", "--in-place", "--workers", "2"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        time.sleep(pause)
        os.killpg(process.pid, signal.SIGKILL)
    if list((tmp_path / "Takeout" / ".pef-tui").glob("undo/*")):
        undo(tmp_path)
        assert tree(tmp_path) == tree_before
    else:
        assert {path: facts for path, facts in tree(tmp_path).items() if path} == {
            path: facts for path, facts in tree_before.items() if path
        }


def test_hard_links_are_refused_unless_reported(tmp_path: Path) -> None:
    folder = export(tmp_path)
    os.link(folder / "a.jpg", tmp_path / "other name.jpg")
    original = (folder / "a.jpg").read_bytes()
    line = run(tmp_path, code=3)["a.jpg"]
    assert line["outcome"] == "failed" and "hard links" in line["reason"]
    assert (folder / "a.jpg").read_bytes() == original
    assert run(tmp_path, "--hard-links", "replace", "--force")["a.jpg"]["outcome"] == "written"
    assert (tmp_path / "other name.jpg").read_bytes() == original != (folder / "a.jpg").read_bytes()


@pytest.mark.parametrize("options", [(), ("--force",), ("--retry-failed",)])
def test_an_option_that_cures_a_refusal_is_an_attempt(tmp_path: Path, options: tuple[str, ...]) -> None:
    folder = export(tmp_path)
    os.link(folder / "a.jpg", tmp_path / "other name.jpg")
    for _ in range(2):
        assert run(tmp_path, code=3)["a.jpg"]["outcome"] == "failed"
    assert run(tmp_path, "--hard-links", "replace", *options)["a.jpg"]["outcome"] == "written"
    assert run(tmp_path)["a.jpg"]["outcome"] == "unchanged"


def test_a_refusal_ends_with_its_cause(tmp_path: Path) -> None:
    folder = export(tmp_path)
    os.link(folder / "a.jpg", tmp_path / "other name.jpg")
    run(tmp_path, code=3)
    (tmp_path / "other name.jpg").unlink()
    assert run(tmp_path)["a.jpg"]["outcome"] == "written"


def linked_export(root: Path) -> tuple[Path, Path]:
    """Make links out of SOURCE: to a picture that needs tags, to one that needs none, to nothing; and one within
    SOURCE.
    """
    folder, away = export(root), root / "away"
    away.mkdir()
    for name, link in (("a.jpg", "a.jpg"), ("right.jpg", "right.jpg"), ("raw.nef", "raw.nef")):
        (folder / name).rename(away / name)
        (folder / link).symlink_to(os.path.relpath(away / name, folder))
        os.utime(folder / link, ns=(1_600_000_000_000_000_007,) * 2, follow_symlinks=False)
    (folder / "inside.jpg").symlink_to("bare.jpg")
    (folder / "nowhere.jpg").symlink_to("gone.jpg")
    for path in (folder, folder.parent, root / "Takeout"):
        os.utime(path, ns=(1_700_000_000_000_000_001, 1_600_000_000_123_456_789))
    return folder, away


def links(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        path.name: (os.readlink(path), path.lstat().st_mtime_ns)
        for path in folder.iterdir()
        if path.is_symlink()
    }


def test_symbolic_links_are_refused_unless_reported(tmp_path: Path) -> None:
    folder, away = linked_export(tmp_path)
    tree_before, linked = tree(tmp_path), links(folder)
    originals = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in away.iterdir()}
    assert not {"a.jpg", "right.jpg", "raw.nef", "inside.jpg"} & run(tmp_path).keys()
    assert links(folder) == linked
    undo(tmp_path)
    lines = run(tmp_path, "--symlinks", "replace", "--verify")
    words = {name: lines[name]["outcome"] for name in ("a.jpg", "right.jpg", "raw.nef", "bare.jpg")}
    assert words == {"a.jpg": "written", "right.jpg": "copied", "raw.nef": "sidecar", "bare.jpg": "written"}
    assert not {"inside.jpg", "nowhere.jpg"} & lines.keys()
    assert links(folder).keys() == linked.keys() - {"a.jpg", "raw.nef"}
    assert b"Ana" in (folder / "a.jpg").read_bytes() and (folder / "inside.jpg").read_bytes()
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in away.iterdir()} == originals
    between = tree(tmp_path)
    second_run = run(tmp_path, "--symlinks", "replace")
    assert {second_run[name]["outcome"] for name in ("a.jpg", "raw.nef")} == {"unchanged"}
    assert tree(tmp_path) == between
    assert {line["outcome"] for line in undo(tmp_path)[:-1]} == {"restored"}
    assert tree(tmp_path) == tree_before and links(folder) == linked


def test_a_preview_in_place_touches_nothing(tmp_path: Path) -> None:
    export(tmp_path)
    tree_before = tree(tmp_path)
    lines = run(tmp_path, "-n")
    assert lines["a.jpg"]["outcome"] == "written"
    assert tree(tmp_path) == tree_before and not (tmp_path / "Takeout" / ".pef-tui").exists()


def test_forgotten_runs_cannot_be_undone(tmp_path: Path) -> None:
    export(tmp_path)
    run(tmp_path)
    result = subprocess.run(command(tmp_path, "--forget", "last"), capture_output=True, check=False)
    assert result.returncode == 0
    result = subprocess.run(command(tmp_path, "--undo", "last"), capture_output=True, check=False)
    assert result.returncode == 2 and b"there is none" in result.stderr


@pytest.mark.parametrize("options", [("-o", "x"), ("--extensions", "fix"), ("--extensions", "keep")])
def test_names_cannot_change_in_place(tmp_path: Path, options: tuple[str, ...]) -> None:
    export(tmp_path)
    tree_before = tree(tmp_path)
    result = subprocess.run(
        command(tmp_path, "--batch", "--in-place", *options), capture_output=True, check=False
    )
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1, result.stderr
    assert tree(tmp_path) == tree_before


def test_archives_cannot_be_written_in_place(tmp_path: Path) -> None:
    (tmp_path / "Takeout").write_bytes(b"PK\5\6" + bytes(18))
    result = subprocess.run(command(tmp_path, "--batch", "--in-place"), capture_output=True, check=False)
    assert result.returncode == 2 and b"which is a folder" in result.stderr


def test_names_of_the_configuration_do_not_count_in_place(tmp_path: Path) -> None:
    folder = export(tmp_path)
    names = {path.name for path in folder.iterdir()}
    (tmp_path / "config.toml").write_text('albums = "link"\nlayout = "{year}/{name}"\n')
    lines = run(tmp_path, "--config", str(tmp_path / "config.toml"))
    assert lines["b.heic"]["output"] == lines["b.heic"]["source"]
    assert {path.name for path in folder.iterdir()} == {*names, "raw.nef.xmp", "cut.jpg.xmp"}
