"""Decide on the conflicts of one run, and check the next run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import lines_of, media_by_name, run_apart

from pef_tui.testing import Exif, Item, jpeg, sidecar, takeout

pytestmark = pytest.mark.exiftool


def run(root: Path, *options: str) -> dict[str, dict[str, Any]]:
    result = run_apart(root / "Takeout", root / "out", *options)
    assert result.returncode == 0, result.stderr.decode()
    return media_by_name(lines_of(result))


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
    assert {conflict["unit"] for conflict in lines["a.jpg"]["conflicts"]} == {"date", "description"}
    rules = [
        {"file": line["source"], "unit": conflict["unit"], "kind": conflict["kind"], "choice": choice}
        for name, choice in (("a.jpg", "google"), ("b.jpg", "keep"))
        for line in (lines[name],)
        for conflict in line["conflicts"]
    ]
    (tmp_path / "d.json").write_text(json.dumps({"decisions": rules}))
    decided = ("--decisions", str(tmp_path / "d.json"))
    preview = run(tmp_path, *decided, "-n")
    report = run(tmp_path, *decided)
    assert {name: line["outcome"] for name, line in preview.items()} == {
        name: line["outcome"] for name, line in report.items()
    }
    assert [report[name]["outcome"] for name in ("a.jpg", "b.jpg", "c.jpg")] == [
        "written",
        "unchanged",
        "unchanged",
    ]
    assert report["a.jpg"]["tags"] == preview["a.jpg"]["tags"]
    assert report["a.jpg"]["tags"]["EXIF:ImageDescription"] == "theirs"
    assert "EXIF:DateTimeOriginal" in report["a.jpg"]["tags"]
    assert {line["outcome"] for line in run(tmp_path, *decided).values()} == {"unchanged"}


def test_decisions_for_an_album(tmp_path: Path) -> None:
    """Name a folder by its name, its path, or the title of its album if that differs."""
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
    report = run(tmp_path, "--decisions", str(tmp_path / "d.json"))
    choices = {name: {conflict["choice"] for conflict in line["conflicts"]} for name, line in report.items()}
    assert choices == {"Rome.jpg": set(), "Oslo.jpg": {"keep"}, "What.jpg": set(), "Bern.jpg": {""}}
    outputs = {name for name, line in report.items() if "EXIF:ImageDescription" in line["tags"]}
    assert outputs == {"Rome.jpg", "What.jpg"}


def test_a_wrong_file_ends_with_2(tmp_path: Path) -> None:
    takeout(tmp_path, {"Photos from 2019/a.jpg": sidecar("a.jpg")})
    (tmp_path / "d.json").write_text("{}")
    command = [sys.executable, "-m", "pef_tui", "--batch", "--no-config", str(tmp_path / "Takeout")]
    result = subprocess.run(
        [*command, "--decisions", str(tmp_path / "d.json")], capture_output=True, check=False
    )
    assert result.returncode == 2
    assert b"missing required field" in result.stderr and not (tmp_path / "Takeout-fixed").exists()
