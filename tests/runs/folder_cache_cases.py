"""Helpers of the tests of later runs: an export, and the results of a run over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from commands import media

from pef_tui.testing.export import sidecar, takeout

YEAR = "Photos from 2019"


def export_in(place: Path) -> Path:
    """Make seven pictures in two folders, one without a sidecar; an orphan, a print order, an album, a broken JSON
    file.
    """
    spec: dict[str, Any] = {
        f"{YEAR}/a{number}.jpg": sidecar(f"a{number}.jpg", taken=1.5e9 + number) for number in range(4)
    }
    spec[f"{YEAR}/alone.jpg"] = None
    spec[f"{YEAR}/notes.txt"] = b"not a picture"
    spec[f"{YEAR}/gone.jpg.json"] = sidecar("gone.jpg")
    spec["Trip/b.jpg"] = sidecar("b.jpg", people=["Ana"])
    spec["Trip/c.jpg"] = sidecar("c.jpg")
    spec["Trip/metadata.json"] = {"title": "Trip", "description": "by train"}
    spec["print-orders.json"] = {"orders": []}
    spec["broken.json"] = b"{"
    return takeout(place, spec)


def folder(export: Path, name: str = YEAR) -> Path:
    return export / "Google Photos" / name


def changed(lines: list[dict[str, Any]]) -> set[str]:
    return {name.rpartition("/")[2] for name, line in media(lines).items() if line["outcome"] != "unchanged"}
