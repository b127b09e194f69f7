"""Whole runs of the command, in this process (fast) or in one of its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pef_tui.cli import main

Line = dict[str, Any]


def arguments(source: Path, out: Path, *more: str) -> list[str]:
    return ["--batch", "--json", "--no-config", str(source), "-o", str(out), *more]


def run_here(source: Path, out: Path, *more: str, status: int = 0) -> list[Line]:
    """One run in this process; its lines."""
    return run_with(arguments(source, out, *more), status)


def run_with(argv: list[str], status: int = 0) -> list[Line]:
    """The command in this process; its lines. It writes to descriptor 1: that is a file meanwhile."""
    kept, shown = os.dup(1), os.memfd_create("stdout")
    sys.stdout.flush()
    os.dup2(shown, 1)
    try:
        assert main(argv) == status
    finally:
        os.dup2(kept, 1)
        os.close(kept)
    with os.fdopen(shown, "rb") as said:
        said.seek(0)
        return [json.loads(line) for line in said]


def run_apart(source: Path, out: Path, *more: str, **how: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "pef_tui", *arguments(source, out, *more)]
    return subprocess.run(command, capture_output=True, check=False, **how)


def media(lines: list[Line]) -> dict[str, Line]:
    return {line["source"]: line for line in lines if line["type"] == "media"}


def outcomes(lines: list[Line]) -> dict[str, str]:
    return {line["source"]: line["outcome"] for line in lines if line["type"] in ("media", "json")}


def tree(root: Path) -> dict[str, tuple[str, int]]:
    """Every output below a folder: hash of its bytes, and its time."""
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".pef-tui" not in path.parts
    }
