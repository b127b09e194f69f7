"""Run the matching cases with the command, as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pef_tui.testing import Exif, film, jpeg, make
from pef_tui.testing.export import EXPORTED

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "matching.jsonl"

MIXED = Path(__file__).parents[2].parent / "shared" / "cases" / "names" / "vectors.jsonl"
"""Cases in which bytes and times matter."""

CASES = [json.loads(line) for line in VECTORS.read_text("utf-8").splitlines()] if VECTORS.is_file() else []
MIXED_CASES = [json.loads(line) for line in MIXED.read_text("utf-8").splitlines()] if MIXED.is_file() else []
# Asserted by tests of another tool, and decided differently here. docs/matching.md has the reasons.
DEPARTED: set[str] = set()

SMALL = [
    {
        "id": "cut-at-46",
        "files": [
            "a234567890b234567890c234567890d234567890e234567.png",
            "a234567890b234567890c234567890d234567890e23456.json",
        ],
        "titles": {
            "a234567890b234567890c234567890d234567890e23456.json": "a234567890b234567890c234567890d234567890e234567.png"
        },
        "expect": {
            "a234567890b234567890c234567890d234567890e234567.png": "a234567890b234567890c234567890d234567890e23456.json"
        },
    },
    {
        "id": "counter-and-live",
        "files": [
            "F/I.HEIC",
            "F/I.mp4",
            "F/I.HEIC.json",
            "F/I(1).HEIC",
            "F/I(1).mp4",
            "F/I.HEIC.supplemental-metadata(1).json",
        ],
        "titles": {"F/I.HEIC.json": "I.HEIC", "F/I.HEIC.supplemental-metadata(1).json": "I.HEIC"},
        "expect": {
            "F/I.HEIC": "F/I.HEIC.json",
            "F/I.mp4": "F/I.HEIC.json",
            "F/I(1).HEIC": "F/I.HEIC.supplemental-metadata(1).json",
            "F/I(1).mp4": "F/I.HEIC.supplemental-metadata(1).json",
        },
    },
]


def media_bytes(name: str, case: dict[str, Any]) -> bytes:
    """Return the bytes of a media file; empty if the case does not specify bytes and times."""
    if "bytes" not in case and "own" not in case:
        return b""
    seed = case.get("bytes", {}).get(name, 1 + case["files"].index(name))
    own_value = case.get("own", {}).get(name)
    moment = None if own_value is None else datetime.fromtimestamp(own_value, UTC)
    if name.lower().endswith((".mp4", ".mov")):
        return film("mp4", seed, created=moment)
    if moment is not None:
        return jpeg(seed, exif=Exif(date=f"{moment:%Y:%m:%d %H:%M:%S}"))
    return make("heic" if name.lower().endswith(".heic") else "jpeg", seed)


def build(root: Path, case: dict[str, Any]) -> None:
    kinds = case.get("json_kinds", {})
    for name in case["files"]:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name in case.get("raw", ()):
            path.write_bytes(b"\0\5\x16\7" + bytes(60))
        elif not name.endswith(".json"):
            path.write_bytes(media_bytes(name, case))
            os.utime(path, (EXPORTED, EXPORTED))
        elif kinds.get(name) == "album":
            path.write_text(json.dumps({"title": case["titles"].get(name, "Album")}))
        elif kinds.get(name, "asset") == "asset":
            capture_time = case.get("taken", {}).get(name, 1_600_000_000)
            fields = {
                "title": case["titles"].get(name, ""),
                "photoTakenTime": {"timestamp": str(capture_time)},
            }
            path.write_text(json.dumps(fields))
        else:
            path.write_text("{}")


def planned_sidecars(*roots: Path) -> dict[str, str | None]:
    out = str(roots[0].parent / "out")
    command = [sys.executable, "-m", "pef_tui", "--batch", "--dry-run", "--json", "--no-config", "-o", out]
    command += map(str, roots)
    result = subprocess.run(command, capture_output=True, check=False)
    assert result.returncode in (0, 3), result.stderr.decode()
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return {line["source"]: line["sidecar"] for line in lines if line["type"] == "media"}


@pytest.mark.shared
@pytest.mark.skipif(not CASES, reason="no ../shared here")
def test_every_vector(tmp_path: Path) -> None:
    """Run once over all cases. Each case is in a folder of its own, which is an export of its own."""
    for case in CASES:
        build(tmp_path / case["id"], case)
    actual = planned_sidecars(tmp_path)
    wrong = {
        case["id"]: {name: actual.get(f"{case['id']}/{name}") for name in case["expect"]}
        for case in CASES
        if case["id"] not in DEPARTED
        and any(
            actual.get(f"{case['id']}/{name}") != (f"{case['id']}/{sidecar}" if sidecar else None)
            for name, sidecar in case["expect"].items()
        )
    }
    assert wrong == {}


@pytest.mark.shared
@pytest.mark.skipif(not CASES, reason="no ../shared here")
@pytest.mark.parametrize(
    "case", [case for case in CASES if case["trust"] == "real"][::4], ids=lambda case: case["id"]
)
def test_a_vector_by_itself(tmp_path: Path, case: dict[str, Any]) -> None:
    build(tmp_path, case)
    actual = planned_sidecars(tmp_path)
    assert {name: actual.get(name) for name in case["expect"]} == case["expect"]


@pytest.mark.shared
@pytest.mark.skipif(not MIXED_CASES, reason="no ../shared here")
@pytest.mark.parametrize("case", MIXED_CASES, ids=lambda case: case["id"])
def test_a_vector_with_bytes_and_moments(tmp_path: Path, case: dict[str, Any]) -> None:
    parts = []
    for number, names in enumerate(by_spelling(case["files"])):
        parts.append(tmp_path / f"part{number}")
        build(parts[-1], case | {"files": names})
    actual = planned_sidecars(*parts)
    assert {name: actual.get(name) for name in case["expect"]} == case["expect"]


def by_spelling(files: list[str]) -> list[list[str]]:
    """Return the files of each part. A part spells each folder name in one way."""
    spellings: dict[str, list[str]] = {}
    parts: list[list[str]] = []
    for name in files:
        folder = name.rpartition("/")[0]
        known_values = spellings.setdefault(unicodedata.normalize("NFC", folder), [])
        if folder not in known_values:
            known_values.append(folder)
        while len(parts) <= known_values.index(folder):
            parts.append([])
        parts[known_values.index(folder)].append(name)
    return parts


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case["id"])
def test_small_cases(tmp_path: Path, case: dict[str, Any]) -> None:
    build(tmp_path, case)
    actual = planned_sidecars(tmp_path)
    assert {name: actual.get(name) for name in case["expect"]} == case["expect"]
