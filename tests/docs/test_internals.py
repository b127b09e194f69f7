"""`docs/internals.md` names only existing files, classes, layers and records. Few files lead from JSON to JPEG."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import get_args

from pef_tui.manifest.records import Payload

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/internals.md").read_text()
MOST_FILES = 15
"""Files that a reader opens to follow the names of people from a sidecar to the bytes of a JPEG."""


def test_every_path_exists() -> None:
    paths = re.findall(r"`((?:[a-z_]+/)*[a-z_]+(?:\.py|/))`", PAGE)
    assert len(paths) > 40
    assert [
        path for path in paths if not any((base / path).exists() for base in (ROOT / "pef_tui", ROOT))
    ] == []


def test_every_class_exists() -> None:
    classes = {
        node.name
        for path in (ROOT / "pef_tui").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    names = set(re.findall(r"`([A-Z][a-z]+[A-Za-z]*)(?:\.[a-z_]+)?`", PAGE)) - {"Ann", "Trip"}
    assert len(names) > 15
    assert names - classes == set()


def test_people_are_followed_in_few_files() -> None:
    section = PAGE.partition("## One picture")[2].partition("\n## ")[0]
    files = re.findall(r"^\| \d+ \| `([a-z_/]+\.py)`", section, re.MULTILINE)
    assert 10 <= len(set(files)) <= MOST_FILES


def test_the_packages_are_in_the_order_of_the_layers() -> None:
    table = PAGE.partition("## Packages")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert [set(re.findall(r"`([a-z_]+)(?:/|\.py)`", row)) for row in rows] == [
        set(layer.split(" | ")) for layer in layers
    ]


def test_every_record_of_the_manifest_is_described() -> None:
    section = PAGE.partition("## The manifest")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == {
        record.__name__ for record in get_args(Payload)
    }
