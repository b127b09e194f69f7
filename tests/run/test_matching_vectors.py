"""The matching vectors through the command line, as a user would run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "matching.jsonl"

CASES = [json.loads(line) for line in VECTORS.read_text("utf-8").splitlines()] if VECTORS.is_file() else []
# Asserted by another tool's tests, decided otherwise here; the reasons are in docs/matching.md.
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


def build(root: Path, case: dict) -> None:
    kinds = case.get("json_kinds", {})
    for name in case["files"]:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not name.endswith(".json"):
            path.write_bytes(b"")
        elif kinds.get(name) == "album":
            path.write_text(json.dumps({"title": case["titles"].get(name, "Album")}))
        elif kinds.get(name, "asset") == "asset":
            said = {"title": case["titles"].get(name, ""), "photoTakenTime": {"timestamp": "1600000000"}}
            path.write_text(json.dumps(said))
        else:
            path.write_text("{}")


def planned(root: Path) -> dict[str, str | None]:
    command = [sys.executable, "-m", "pef_tui", "--batch", "--dry-run", "--json", "--no-config", str(root)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode in (0, 3), done.stderr.decode()
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["source"]: line["sidecar"] for line in lines if line["type"] == "media"}


@pytest.mark.shared
@pytest.mark.skipif(not CASES, reason="no ../shared here")
def test_every_vector(tmp_path: Path) -> None:
    """One run over all cases: each in a folder of its own is an export of its own folders."""
    for case in CASES:
        build(tmp_path / case["id"], case)
    found = planned(tmp_path)
    wrong = {
        case["id"]: {name: found.get(f"{case['id']}/{name}") for name in case["expect"]}
        for case in CASES
        if case["id"] not in DEPARTED
        and any(
            found.get(f"{case['id']}/{name}") != (f"{case['id']}/{sidecar}" if sidecar else None)
            for name, sidecar in case["expect"].items()
        )
    }
    assert wrong == {}


@pytest.mark.shared
@pytest.mark.skipif(not CASES, reason="no ../shared here")
@pytest.mark.parametrize(
    "case", [case for case in CASES if case["trust"] == "real"][::4], ids=lambda case: case["id"]
)
def test_a_vector_by_itself(tmp_path: Path, case: dict) -> None:
    build(tmp_path, case)
    found = planned(tmp_path)
    assert {name: found.get(name) for name in case["expect"]} == case["expect"]


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case["id"])
def test_small_cases(tmp_path: Path, case: dict) -> None:
    build(tmp_path, case)
    found = planned(tmp_path)
    assert {name: found.get(name) for name in case["expect"]} == case["expect"]
