"""What may be replaced: histories of whole runs into one output folder, and which picture has which name after each."""

from __future__ import annotations

import os
import shutil
import struct
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from commands import Line, media
from commands import run_here as run_one

from pef_tui.cli import main
from pef_tui.testing.export import sidecar
from pef_tui.testing.jpeg import jpeg

JULY = 1_561_977_296
OLD = 1_500_000_000
YEAR = "Photos from 2019"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TZ", "UTC")


def picture(mark: str) -> bytes:
    """A JPEG with a comment that tells it from others, of the same size for marks of the same length."""
    plain, comment = jpeg(3), f"PIC-{mark};".encode()
    return plain[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + plain[2:]


@dataclass
class Put:
    """Pictures of one export, written anew: path to mark."""

    root: str
    files: dict[str, str]
    url: str = ""
    taken: float = JULY
    bare: bool = False
    """Without sidecars."""


@dataclass
class Drop:
    """An export, or a file of DEST, that goes."""

    path: str


@dataclass
class Run:
    """A run over some exports, and what is in DEST then: path to mark."""

    roots: str
    after: dict[str, str]
    more: tuple[str, ...] = ()
    outcomes: set[str] = field(default_factory=set)


def put(top: Path, step: Put) -> None:
    files: dict[str, bytes] = {}
    for path, mark in step.files.items():
        files[path] = picture(mark)
        if not step.bare:
            fields: dict[str, Any] = sidecar(path.rpartition("/")[2], taken=step.taken, url=step.url or None)
            files[path + ".json"] = orjson.dumps(fields)
    place = top / step.root
    if place.suffix == ".zip":
        with zipfile.ZipFile(place, "w") as archive:
            for path, data in files.items():
                archive.writestr(zipfile.ZipInfo(path, (2020, 1, 2, 3, 4, 6)), data)
        return
    for path, data in files.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        os.utime(target, (OLD, OLD))


def marks(dest: Path) -> dict[str, str]:
    found = {}
    for path in sorted(dest.rglob("*")):
        if path.is_file() and ".pef-tui" not in path.parts and path.suffix != ".xmp":
            data = path.read_bytes()
            at = data.find(b"PIC-")
            found[str(path.relative_to(dest))] = (
                data[at + 4 : data.index(b";", at)].decode() if at >= 0 else "?"
            )
    return found


def results(lines: list[Line]) -> list[tuple[Any, ...]]:
    told = [line for line in lines if line["type"] == "media"]
    return sorted((line["source"], line["root"], line["outcome"], line["output"]) for line in told)


def outcomes_of(lines: list[Line]) -> set[str]:
    return {line["outcome"] for line in lines if line["type"] == "media"}


def play(top: Path, steps: list[Put | Drop | Run]) -> None:
    dest = top / "out"
    for number, step in enumerate(steps):
        if isinstance(step, Put):
            put(top, step)
        elif isinstance(step, Drop):
            path = top / step.path
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        else:
            first, *others = [top / root for root in step.roots.split()]
            more = (*map(str, others), *step.more)
            previewed = run_one(first, dest, *more, "-n")
            lines = run_one(first, dest, *more)
            assert marks(dest) == step.after, f"step {number}"
            assert results(lines) == results(previewed), f"step {number}: preview"
            if step.outcomes:
                assert outcomes_of(lines) == step.outcomes, f"step {number}"


A, B = f"{YEAR}/a.jpg", f"{YEAR}/a (2).jpg"

HISTORIES: dict[str, list[Put | Drop | Run]] = {
    "a second export with another picture of the path": [
        Put("A", {A: "one"}),
        Run("A", {A: "one"}),
        Drop("A"),
        Put("B", {A: "two"}, taken=JULY + 9),
        Run("B", {A: "one", B: "two"}),
        Run("B", {A: "one", B: "two"}, outcomes={"unchanged"}),
        Run("B", {A: "one", B: "two"}, ("--force",)),
    ],
    "the second export at the place of the first": [
        Put("A", {A: "one"}),
        Run("A", {A: "one"}),
        Drop("A"),
        Put("A", {A: "two"}, taken=JULY + 9),
        Run("A", {A: "one", B: "two"}),
        Run("A", {A: "one", B: "two"}, outcomes={"unchanged"}),
    ],
    "pictures of equal size, time and sidecar": [
        Put("A", {A: "one"}),
        Run("A", {A: "one"}),
        Put("B", {A: "two"}),
        Run("B", {A: "one", B: "two"}),
        Run("A", {A: "one", B: "two"}, outcomes={"unchanged"}),
    ],
    "the first of two exports goes": [
        Put("A", {A: "one"}),
        Put("B", {A: "longer"}),
        Run("A B", {A: "one", B: "longer"}),
        Drop("A"),
        Run("B", {A: "one", B: "longer"}, outcomes={"unchanged"}),
    ],
    "sources in another order": [
        Put("A", {A: "one"}),
        Put("B", {A: "two"}),
        Run("A B", {A: "one", B: "two"}),
        Run("B A", {A: "one", B: "two"}, outcomes={"unchanged"}),
        Run("B A", {A: "one", B: "two"}, ("--force",)),
        Run("B A", {"a.jpg": "two", "a (2).jpg": "one"}, ("--layout", "{name}")),
        Run("A B", {"a.jpg": "two", "a (2).jpg": "one"}, ("--layout", "{name}"), outcomes={"unchanged"}),
    ],
    "folders without sidecars": [
        Put("card1", {"a.jpg": "one"}, bare=True),
        Put("card2", {"a.jpg": "two"}, bare=True),
        Run("card1", {"a.jpg": "one"}),
        Run("card2", {"a.jpg": "one", "a (2).jpg": "two"}),
        Run("card1 card2", {"a.jpg": "one", "a (2).jpg": "two"}),
    ],
    "archives and a layout": [
        Put("one.zip", {A: "one"}),
        Put("two.zip", {A: "two"}),
        Run("one.zip", {"2019/a.jpg": "one"}, ("--layout", "{year}/{name}")),
        Run("two.zip", {"2019/a.jpg": "one", "2019/a (2).jpg": "two"}, ("--layout", "{year}/{name}")),
    ],
    "the same photo, edited": [
        Put("A", {A: "one"}, url="https://photos.google.com/photo/1"),
        Run("A", {A: "one"}),
        Drop("A"),
        Put("B", {A: "edited"}, url="https://photos.google.com/photo/1"),
        Run("B", {A: "edited"}),
    ],
    "the same bytes with another sidecar": [
        Put("A", {A: "one"}),
        Run("A", {A: "one"}),
        Put("B", {A: "one"}, taken=JULY + 9),
        Run("B", {A: "one"}, outcomes={"written"}),
    ],
    "size and time kept by an edit, no photo named": [
        Put("A", {A: "one"}),
        Run("A", {A: "one"}),
        Put("A", {A: "two"}),
        Run("A", {A: "one", B: "two"}),
    ],
    "size and time kept by an edit of the same photo": [
        Put("A", {A: "one"}, url="https://photos.google.com/photo/1"),
        Run("A", {A: "one"}),
        Put("A", {A: "two"}, url="https://photos.google.com/photo/1"),
        Run("A", {A: "two"}, outcomes={"written"}),
    ],
    "an output that was deleted": [
        Put("A", {A: "one"}),
        Run("A", {A: "one"}),
        Drop(f"out/{A}"),
        Put("B", {A: "two"}),
        Run("B", {B: "two"}),
        Run("A B", {A: "one", B: "two"}),
    ],
}


@pytest.mark.parametrize("name", HISTORIES)
def test_only_the_same_picture_replaces_an_output(name: str, tmp_path: Path) -> None:
    play(tmp_path, HISTORIES[name])


def test_an_output_edited_with_size_and_time_kept_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, Put("A", {A: "one"}))
    dest = tmp_path / "out"
    run_one(tmp_path / "A", dest)
    output = dest / A
    facts = output.stat()
    output.write_bytes(output.read_bytes().replace(b"PIC-one", b"PIC-mine")[: facts.st_size])
    os.utime(output, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    for more in (("-n",), ()):
        (line,) = media(run_one(tmp_path / "A", dest, "--tags=-people", "--force", *more)).values()
        assert (line["outcome"], line["output"]) == ("unchanged", A)
        assert "changed since" in line["warnings"][0]
    assert b"PIC-mine" in output.read_bytes()


def test_a_sidecar_changed_with_size_and_time_kept_is_read_again(tmp_path: Path) -> None:
    put(tmp_path, Put("A", {A: "one"}))
    dest = tmp_path / "out"
    assert main(["--batch", "-q", "--no-config", str(tmp_path / "A"), "-o", str(dest)]) == 0
    put(tmp_path, Put("A", {A: "one"}, taken=JULY + 86_400))
    (line,) = media(run_one(tmp_path / "A", dest)).values()
    assert line["outcome"] == "written" and line["taken"].startswith("2019-07-02")
    assert marks(dest) == {A: "one"}
