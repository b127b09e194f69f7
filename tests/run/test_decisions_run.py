"""From the conflicts of one run to the decisions of the next."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pef_tui.testing import Exif, Item, jpeg, sidecar, takeout

pytestmark = pytest.mark.exiftool


def run(root: Path, *more: str) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "pef_tui", "--batch", "--json", "--no-config", str(root / "Takeout")]
    done = subprocess.run([*command, "-o", str(root / "out"), *more], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {Path(line["source"]).name: line for line in lines if line["type"] == "media"}


def test_conflicts_come_back_as_decisions(tmp_path: Path) -> None:
    wrong = Exif(date="2019:07:01 11:12:13", description="mine")
    files: dict[str, Any] = {
        f"Photos from 2019/{name}.jpg": Item(
            sidecar(f"{name}.jpg", description="theirs"), jpeg(seed, exif=wrong)
        )
        for seed, name in enumerate("abc")
    }
    takeout(tmp_path, files)
    lines = run(tmp_path)
    assert {each["unit"] for each in lines["a.jpg"]["conflicts"]} == {"date", "description"}
    rules = [
        {"file": line["source"], "unit": each["unit"], "kind": each["kind"], "choice": choice}
        for name, choice in (("a.jpg", "google"), ("b.jpg", "keep"))
        for line in (lines[name],)
        for each in line["conflicts"]
    ]
    (tmp_path / "d.json").write_text(json.dumps({"decisions": rules}))
    decided = ("--decisions", str(tmp_path / "d.json"))
    preview = run(tmp_path, *decided, "-n")
    told = run(tmp_path, *decided)
    assert {name: line["outcome"] for name, line in preview.items()} == {
        name: line["outcome"] for name, line in told.items()
    }
    assert [told[name]["outcome"] for name in ("a.jpg", "b.jpg", "c.jpg")] == [
        "written",
        "unchanged",
        "unchanged",
    ]
    assert told["a.jpg"]["tags"] == preview["a.jpg"]["tags"]
    assert told["a.jpg"]["tags"]["EXIF:ImageDescription"] == "theirs"
    assert "EXIF:DateTimeOriginal" in told["a.jpg"]["tags"]
    assert {line["outcome"] for line in run(tmp_path, *decided).values()} == {"unchanged"}


def test_decisions_for_an_album(tmp_path: Path) -> None:
    """By the folder's name, its path, or the album's title where the folder is called otherwise."""
    picture, files = jpeg(1, exif=Exif(description="mine")), dict[str, Any]()
    for folder, title in (
        ("Rome", "Rome"),
        ("Oslo", "Oslo"),
        ("What a lo(1)", "What a long way"),
        ("Bern", "Bern"),
    ):
        files[f"{folder}/{folder[:4]}.jpg"] = Item(
            sidecar(f"{folder[:4]}.jpg", description="theirs"), picture
        )
        files[f"{folder}/metadata.json"] = {"title": title, "description": ""}
    takeout(tmp_path, files)
    rules = [
        {"folder": folder, "choice": "google"} for folder in ("Rome", "Google Photos/Oslo", "What a long way")
    ]
    rules.append({"file": "Google Photos/Oslo/Oslo.jpg", "unit": "description", "choice": "keep"})
    (tmp_path / "d.json").write_text(json.dumps({"decisions": rules}))
    told = run(tmp_path, "--decisions", str(tmp_path / "d.json"))
    choices = {name: {each["choice"] for each in line["conflicts"]} for name, line in told.items()}
    assert choices == {"Rome.jpg": set(), "Oslo.jpg": {"keep"}, "What.jpg": set(), "Bern.jpg": {""}}
    written = {name for name, line in told.items() if "EXIF:ImageDescription" in line["tags"]}
    assert written == {"Rome.jpg", "What.jpg"}


def test_a_wrong_file_ends_with_2(tmp_path: Path) -> None:
    takeout(tmp_path, {"Photos from 2019/a.jpg": sidecar("a.jpg")})
    (tmp_path / "d.json").write_text("{}")
    command = [sys.executable, "-m", "pef_tui", "--batch", "--no-config", str(tmp_path / "Takeout")]
    done = subprocess.run(
        [*command, "--decisions", str(tmp_path / "d.json")], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"missing required field" in done.stderr and not (tmp_path / "Takeout-fixed").exists()
