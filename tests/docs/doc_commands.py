"""The blocks of commands in the pages, and a folder in which they can be run as a reader pastes them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from msgspec import Struct

from pef_tui.testing import sidecar, takeout

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "plugins").rglob("README.md")),
]  # fmt: skip
SHELLS = {"sh": "bash", "bash": "bash", "zsh": "zsh", "fish": "fish", "cron": "sh"}
"""The shell that runs a block, by the language of the block. A block of `cron` is a line of a crontab."""
STAND_INS = (
    "brew", "dask", "docker", "immich", "immich-go", "journalctl", "kubectl", "make", "npm", "osxphotos", "php", "pipx",
    "podman", "py-spy", "rsync", "sbatch", "systemctl", "tmux", "uv",
)  # fmt: skip
"""Programs that would change the machine, need a network, or are not installed. They only record their calls."""
MAPPED = ("/data/", "/volume1", "/var/log/", "/var/lib/", "/mnt/c/")
"""Paths outside the folder of the test. Each is replaced by a path in it."""
EXECUTOR = """
from concurrent.futures import ThreadPoolExecutor
from pef_tui import Executor, hookimpl

@hookimpl
def pef_executors():
    yield Executor("dask", lambda: ThreadPoolExecutor(2))
"""
LISTING = """\
{"v":1,"type":"listing","version":"0.1.0","sources":["Takeout"]}
{"type":"file","root":0,"path":"Google Photos/Trip/a.jpg","size":250}
"""
"""What `pef-tui --anonymise` writes."""
_BLOCK = re.compile(r"^( *)```([\w-]*)(?: title=\"([^\"]+)\")?\n(.*?)^ *```$", re.S | re.M)


class Block(Struct, frozen=True):
    """One fenced block of a page."""

    language: str
    title: str
    text: str


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page, without indentation."""
    return [
        Block(language, title, re.sub(rf"(?m)^{indent}", "", text))
        for indent, language, title, text in _BLOCK.findall(page.read_text())
    ]


class Reader:
    """A reader with a home folder that has an export, a checkout, and the programs of the pages on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._make_export()
        self._make_checkout()
        self._make_programs()

    def run(self, block: Block) -> subprocess.CompletedProcess[str]:
        """Run a block of commands in the folder. It ends at the first command that fails."""
        text = block.text
        if block.language == "cron":
            text = re.sub(r"^\S+ \S+ \S+ \S+ \S+ +", "", text)
        for path in MAPPED:
            text = text.replace(path, f"{self.folder}/outside{path}")
        shell = SHELLS[block.language]
        options = ["-c", text] if shell == "fish" else ["-e", "-c", text]
        environ = {
            "PATH": f"{self.folder}/programs:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / ".config"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "PEF_TUI_LOAD_PLUGINS": "",
            "fpath": str(self.folder),
            "LANG": "C.UTF-8",
        }
        if "--executor dask" in text:
            environ["PEF_TUI_PLUGIN"] = str(self.folder / "executor.py")
        return subprocess.run(
            [shell, *options],
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )

    def calls(self) -> list[list[str]]:
        """Return the calls of the stand-ins, each with the name of the program first."""
        record = self.folder / "calls"
        return (
            [line.split("\x1f")[:-1] for line in record.read_text().splitlines()] if record.exists() else []
        )

    def _make_export(self) -> None:
        facts: dict[str, Any] = {"place": (48.2, 16.37), "people": ["Ann"], "description": "The sea"}
        files: dict[str, Any] = {
            "Photos from 2019/a.jpg": sidecar("a.jpg", **facts),
            "Photos from 2019/IMG_1.jpg": sidecar("IMG_1.jpg", **facts),
            "Trip/IMG_1.jpg": sidecar("IMG_1.jpg", **facts),
            "Trip/b.gif": sidecar("b.gif"),
            "Trip/metadata.json": {"title": "Trip"},
        }
        takeout(self.folder, files)
        shutil.make_archive(str(self.folder / "takeout-20240101T000000Z-001"), "zip", self.folder, "Takeout")
        more = takeout(self.folder / "more", {"Photos from 2020/c.jpg": sidecar("c.jpg")})
        more.rename(self.folder / "Takeout-2")
        for place in ("outside/data/Takeout", "outside/data/exports/ann/Takeout", "outside/volume1/Takeout"):
            shutil.copytree(self.folder / "Takeout", self.folder / place)
        for place in ("var/log", "var/lib/node_exporter/textfile_collector", "mnt/c/Users/Public/Pictures"):
            (self.folder / "outside" / place).mkdir(parents=True)
        (self.folder / "accounts.txt").write_text("ann\n")
        (self.folder / "case.jsonl").write_text(LISTING)
        (self.folder / "executor.py").write_text(EXECUTOR)

    def _make_checkout(self) -> None:
        """Copy or link what commands of the pages use of a checkout."""
        shutil.copytree(
            ROOT / "contrib", self.folder / "contrib", ignore=shutil.ignore_patterns("__pycache__")
        )
        (self.folder / "bench").symlink_to(ROOT / "bench")
        (self.folder / "docs").symlink_to(ROOT / "docs")
        (self.folder / ".config/systemd/user").mkdir(parents=True)
        for block in blocks(ROOT / "docs/plugins.md"):
            if block.title.endswith(".py"):
                (self.folder / block.title).write_text(block.text)

    def _make_programs(self) -> None:
        programs = self.folder / "programs"
        programs.mkdir()
        for name in STAND_INS:
            self._make_stand_in(programs / name)
        own = f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m pef_tui "$@"\n'
        venv = (
            f'#!/bin/sh\n[ "$1 $2" = "-m venv" ] || exec "{sys.executable}" "$@"\n'
            f'mkdir -p "$3/bin"; cp "{programs}/pef-tui" "{programs}/pip" "$3/bin"\n'
        )
        self._make_stand_in(programs / "pip")
        (self.folder / ".venv/bin").mkdir(parents=True)
        (self.folder / ".venv/bin/python").write_text(
            f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" "$@"\n'
        )
        (self.folder / ".venv/bin/python").chmod(0o755)
        for name, text in {"pef-tui": own, "python3": venv}.items():
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)

    def _make_stand_in(self, path: Path) -> None:
        record = self.folder / "calls"
        path.write_text(
            '#!/bin/sh\nline="$(basename "$0")\x1f"; for word; do line="$line$word\x1f"; done\n'
            f'printf "%s\\n" "$line" >> "{record}"\n'
        )
        path.chmod(0o755)
