"""Runs of the command with plugins that are files."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pef_tui.cli import main
from pef_tui.testing import sidecar, takeout

Line = dict[str, Any]
IMPORTS = "from pef_tui import *\nimport os, sys, time\n\n"


def export(path: Path, count: int = 3) -> Path:
    """Some pictures with their sidecars, in one folder."""
    place = (48.2, 16.37)
    files = {f"Photos from 2019/{number:02}.jpg": f"{number:02}.jpg" for number in range(count)}
    return takeout(path, {name: sidecar(title, place=place) for name, title in files.items()})


class Ended:
    """What a run said, and how it ended."""

    def __init__(self, status: int, out: bytes, err: bytes) -> None:
        self.status = status
        self.words = err.decode()
        self.lines: list[Line] = [json.loads(line) for line in out.splitlines()]
        self.media = [line for line in self.lines if line["type"] == "media"]
        self.summary = self.lines[-1] if self.lines else {}


def run(source: Path, plugin: str, *more: str, apart: bool = False) -> Ended:
    """A run with this plugin, given by its text; every line of standard output is JSON, or this raises."""
    path = source.parent / "mine.py"
    path.write_text(IMPORTS + plugin)
    return command(source, "-p", str(path), *more, apart=apart)


def command(source: Path, *more: str, apart: bool = False) -> Ended:
    """The command, in this process (fast), or in one of its own from the folder that holds the source."""
    given = ["--batch", "--json", "--no-config", str(source), "-o", str(source.parent / "out"), *more]
    return _apart(given, source.parent) if apart else _here(given)


def _apart(given: list[str], folder: Path) -> Ended:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PEF_TUI_")}
    done = subprocess.run(
        [sys.executable, "-m", "pef_tui", *given],
        capture_output=True,
        env={**kept, "PEF_TUI_LOAD_PLUGINS": ""},
        cwd=folder,
        timeout=100,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def _here(given: list[str]) -> Ended:
    """The command writes to descriptors 1 and 2: they are files meanwhile."""
    kept = [os.dup(number) for number in (1, 2)]
    files = [os.memfd_create("said") for _ in kept]
    for number, file in enumerate(files, 1):
        os.dup2(file, number)
    try:
        status = main(given)
    finally:
        for number, descriptor in enumerate(kept, 1):
            os.dup2(descriptor, number)
            os.close(descriptor)
    said = []
    for file in files:
        with os.fdopen(file, "rb") as stream:
            stream.seek(0)
            said.append(stream.read())
    return Ended(status, *said)
