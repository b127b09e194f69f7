"""Run the command: in this process (fast), or in a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pef_tui.cli.main import main

Line = dict[str, Any]


def arguments(source: Path, out: Path, *options: str) -> list[str]:
    return ["--batch", "--json", "--no-config", str(source), "-o", str(out), *options]


def run_here(source: Path, out: Path, *options: str, status: int = 0) -> list[Line]:
    """Run once in this process. Return the JSON lines."""
    return run_with(arguments(source, out, *options), status)


def run_with(argv: list[str], status: int = 0) -> list[Line]:
    """Run the command in this process. Return the JSON lines. Descriptor 1, to which it writes, is a file meanwhile."""
    retained, text = os.dup(1), os.memfd_create("stdout")
    sys.stdout.flush()
    os.dup2(text, 1)
    try:
        assert main(argv) == status
    finally:
        os.dup2(retained, 1)
        os.close(retained)
    with os.fdopen(text, "rb") as answer:
        answer.seek(0)
        return [json.loads(line) for line in answer]


PEF_TUI = (sys.executable, "-m", "pef_tui")
"""Start of a command line that runs the program in a process of its own."""


def run_apart(
    source: Path, out: Path, *options: str, **process_options: Any
) -> subprocess.CompletedProcess[bytes]:
    return run_batch(str(source), "-o", str(out), *options, **process_options)


def run_batch(*arguments: str, **process_options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run with JSON lines in a process of its own. `process_options`: those of `subprocess.run`."""
    command = [*PEF_TUI, "--batch", "--json", "--no-config", *arguments]
    return subprocess.run(command, **{"capture_output": True, "check": False, **process_options})


def lines_of(result: subprocess.CompletedProcess[bytes]) -> list[Line]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def media_by_name(lines: list[Line]) -> dict[str, Line]:
    """Return the JSON line of each media file, by its file name without folders."""
    return {Path(line["source"]).name: line for line in lines if line["type"] == "media"}


def media(lines: list[Line]) -> dict[str, Line]:
    return {line["source"]: line for line in lines if line["type"] == "media"}


def outcomes(lines: list[Line]) -> dict[str, str]:
    return {line["source"]: line["outcome"] for line in lines if line["type"] in ("media", "json")}


def tree(root: Path) -> dict[str, tuple[str, int]]:
    """Return hash of the bytes, and time, of every output below a folder."""
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".pef-tui" not in path.parts
    }
