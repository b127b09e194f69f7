"""Parts that spell a folder name differently form one Folder, in every run and in any order."""

from __future__ import annotations

import json
import unicodedata
import zipfile
from pathlib import Path

import pytest
from commands import media, run_here, tree

from pef_tui.testing import make, sidecar

GOOGLE = "Takeout/Google Photos/"
SC = ".supplemental-metadata.json"
NAMES = [
    ("Été à Nice", unicodedata.normalize("NFD", "Été à Nice")),
    ("Oslo etc.", "Oslo etc"),
    ("Why?", "Why_"),
]


def sidecar_bytes(name: str) -> bytes:
    return json.dumps(sidecar(name, taken=1561977296)).encode()


def parts(tmp_path: Path, first: str, second: str) -> tuple[Path, Path]:
    part = tmp_path / "takeout-20260101T000000Z-001.zip"
    with zipfile.ZipFile(part, "w") as archive:
        for name, data in {
            "metadata.json": json.dumps({"title": "One album"}).encode(),
            "a.jpg": make("jpeg", 1),
            f"b.jpg{SC}": sidecar_bytes("b.jpg"),
            "é.jpg": make("jpeg", 3),
        }.items():
            archive.writestr(zipfile.ZipInfo(f"{GOOGLE}{first}/{name}", (2024, 11, 5, 9, 30, 0)), data)
    folder = tmp_path / "part2" / GOOGLE / second
    folder.mkdir(parents=True)
    (folder / f"a.jpg{SC}").write_bytes(sidecar_bytes("a.jpg"))
    (folder / "b.jpg").write_bytes(make("jpeg", 2))
    (folder / unicodedata.normalize("NFD", f"é.jpg{SC}")).write_bytes(sidecar_bytes("é.jpg"))
    return part, tmp_path / "part2"


@pytest.mark.parametrize(("first", "second"), NAMES)
@pytest.mark.parametrize("albums", ["folder", "tag"])
def test_two_spellings_are_one_folder(tmp_path: Path, first: str, second: str, albums: str) -> None:
    left_side, right_side = parts(tmp_path, first, second)
    mode = ("--albums", albums)
    lines = run_here(left_side, tmp_path / "out", str(right_side), *mode)
    assert {line["outcome"] for line in media(lines).values()} == {"written"}
    assert lines[-1]["json"] == {"used": 3, "album": 1}
    assert {path.rpartition("/")[0] for path in tree(tmp_path / "out")} == {first}
    assert run_here(right_side, tmp_path / "out", str(left_side), *mode)[-1]["media"] == {"unchanged": 3}
    run_here(right_side, tmp_path / "other", str(left_side), *mode)
    assert tree(tmp_path / "other") == tree(tmp_path / "out")


@pytest.mark.parametrize(("first", "second"), NAMES)
def test_a_part_that_comes_later_changes_no_path(tmp_path: Path, first: str, second: str) -> None:
    left_side, right_side = parts(tmp_path, first, second)
    run_here(right_side, tmp_path / "out")
    assert list(tree(tmp_path / "out")) == [f"{second}/b.jpg"]
    lines = run_here(right_side, tmp_path / "out", str(left_side))
    assert {line["outcome"] for line in media(lines).values()} == {"written"}
    assert {path.rpartition("/")[0] for path in tree(tmp_path / "out")} == {second}
    assert run_here(right_side, tmp_path / "out", str(left_side))[-1]["media"] == {"unchanged": 3}


def test_two_names_of_one_part_stay_two_folders(tmp_path: Path) -> None:
    for number, name in enumerate(("Why?", "Why_")):
        folder = tmp_path / "src" / GOOGLE / name
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_bytes(make("jpeg", number))
        (folder / f"a.jpg{SC}").write_bytes(sidecar_bytes("a.jpg"))
    other_file = tmp_path / "src2" / GOOGLE / "Why_"
    other_file.mkdir(parents=True)
    (other_file / "b.jpg").write_bytes(make("jpeg", 5))
    run_here(tmp_path / "src", tmp_path / "out", str(tmp_path / "src2"))
    assert list(tree(tmp_path / "out")) == ["Why?/a.jpg", "Why_/a.jpg", "Why_/b.jpg"]
