"""Make exports of a few files as folders or zip parts, and return what runs report of them."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

from commands import Line, run_here

from pef_tui.testing import make
from pef_tui.testing.export import sidecar

Files = dict[str, Any]
G = "Takeout/Google Photos"
Y = f"{G}/Photos from 2019"
SC = ".supplemental-metadata.json"
JULY, OCTOBER = 1_561_977_296, 1_571_977_296
KINDS = {"jpg": "jpeg", "heic": "heic", "mp4": "mp4", "png": "png"}


def data(name: str, content: Any) -> bytes:
    if isinstance(content, int):
        return make(KINDS[name.rpartition(".")[2].lower()], content)
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def lay(root: Path, files: Files) -> Path:
    """Write the files into a folder; into a zip file if the name ends with `.zip`."""
    if root.suffix == ".zip":
        with zipfile.ZipFile(root, "w") as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name, (2024, 11, 5, 9, 30, 0)), data(name, content))
        return root
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data(name, content))
        os.utime(path, (1_730_799_000,) * 2)
    return root


def run(sources: list[Path], out: Path, *options: str) -> list[Line]:
    return run_here(sources[0], out, *map(str, sources[1:]), *options)


def results_by_name(lines: list[Line]) -> dict[str, list[tuple[str, str | None]]]:
    """Return outcome and date of each media file by name, for every source that has it."""
    results: dict[str, list[tuple[str, str | None]]] = {}
    for line in lines:
        if line["type"] == "media":
            name = line["source"].rpartition("/")[2]
            results.setdefault(name, []).append((line["outcome"], (line["taken"] or "")[:10] or None))
    return {name: sorted(item, key=str) for name, item in results.items()}


def picture(name: str, seed: int, taken: int = JULY, suffix: str = SC, **fields: Any) -> Files:
    return {f"{Y}/{name}": seed, f"{Y}/{name}{suffix}": sidecar(name, taken=taken, **fields)}
