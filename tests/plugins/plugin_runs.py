"""Run the command with plugins that are files."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pef_tui.cli.main import main
from pef_tui.testing import sidecar, takeout

Line = dict[str, Any]
IMPORTS = "from pef_tui import *\nimport os, sys, time\n\n"


def export(path: Path, count: int = 3) -> Path:
    """Make some pictures with their sidecars, in one folder."""
    place = (48.2, 16.37)
    files = {f"Photos from 2019/{number:02}.jpg": f"{number:02}.jpg" for number in range(count)}
    return takeout(path, {name: sidecar(title, place=place) for name, title in files.items()})


class Ended:
    """The output of a run, and its exit status."""

    def __init__(self, status: int, out: bytes, err: bytes) -> None:
        self.status = status
        self.words = err.decode()
        self.lines: list[Line] = [json.loads(line) for line in out.splitlines()]
        self.media = [line for line in self.lines if line["type"] == "media"]
        self.summary = self.lines[-1] if self.lines else {}


def run(source: Path, plugin: str, *options: str, apart: bool = False) -> Ended:
    """Run with this plugin, given as text. Every line of standard output must be JSON."""
    path = source.parent / "mine.py"
    path.write_text(IMPORTS + plugin)
    return command(source, "-p", str(path), *options, apart=apart)


def command(source: Path, *options: str, apart: bool = False) -> Ended:
    """Run the command: in this process (fast), or in its own process, in the folder of the source."""
    inputs = ["--batch", "--json", "--no-config", str(source), "-o", str(source.parent / "out"), *options]
    return _apart(inputs, source.parent) if apart else _here(inputs)


def _apart(arguments: list[str], folder: Path) -> Ended:
    retained = {key: value for key, value in os.environ.items() if not key.startswith("PEF_TUI_")}
    result = subprocess.run(
        [sys.executable, "-m", "pef_tui", *arguments],
        capture_output=True,
        env={**retained, "PEF_TUI_LOAD_PLUGINS": ""},
        cwd=folder,
        timeout=100,
        check=False,
    )
    return Ended(result.returncode, result.stdout, result.stderr)


def _here(arguments: list[str]) -> Ended:
    """Run the command in this process. Descriptors 1 and 2, to which it writes, are files meanwhile."""
    retained = [os.dup(number) for number in (1, 2)]
    files = [os.memfd_create("said") for _ in retained]
    for number, file in enumerate(files, 1):
        os.dup2(file, number)
    try:
        status = main(arguments)
    finally:
        for number, descriptor in enumerate(retained, 1):
            os.dup2(descriptor, number)
            os.close(descriptor)
    answer = []
    for file in files:
        with os.fdopen(file, "rb") as stream:
            stream.seek(0)
            answer.append(stream.read())
    return Ended(status, *answer)
