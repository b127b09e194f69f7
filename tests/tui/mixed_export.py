"""An export of which some parts are archives as they were downloaded, and some are extracted."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Container
from pathlib import Path

from pef_tui.testing.export import sidecar, takeout

STAMP = "takeout-20260115T102030Z"
PICTURES = 3
"""Number of pictures in each part."""


def mixed_export(directory: Path, zips: int, folders: int = 0, missing: Container[int] = ()) -> Path:
    """Make an export in `directory`: zip archives with the numbers from 1, then folders `Takeout`, `Takeout 2`."""
    for part in range(1, zips + folders + 1):
        if part in missing:
            continue
        files = {
            f"Photos from {2000 + part}/IMG_{part:02}{number:02}.jpg": sidecar(
                f"IMG_{part:02}{number:02}.jpg", taken=1.3e9 + 86_400.0 * (10 * part + number)
            )
            for number in range(PICTURES)
        }
        folder = takeout(directory / f"part {part}", files)
        if part <= zips:
            with zipfile.ZipFile(directory / f"{STAMP}-{part:03}.zip", "w") as archive:
                for path in sorted(folder.rglob("*.*")):
                    archive.write(path, path.relative_to(folder.parent))
            shutil.rmtree(folder.parent)
        else:
            number = part - zips
            folder.rename(directory / ("Takeout" if number == 1 else f"Takeout {number}"))
            folder.parent.rmdir()
    return directory
