"""Exports for the fault tests: small ones for tests that try every call, and one of 300 pictures."""

from __future__ import annotations

import os
import random
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Literal

from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.media import make


def small(root: Path) -> Path:
    """Make a small export: copied files, an XMP file, a picture in two folders. Nothing in it needs ExifTool."""
    return takeout(
        root,
        {
            "Photos from 2019/a.avi": sidecar("a.avi", taken=1.5e9, people=["Ana"]),
            "Photos from 2019/b.jpg": None,
            "Trip/c.avi": sidecar("c.avi", taken=1.4e9),
            "Trip/d.gif": None,
        },
    )


ArchiveKind = Literal["zip", "tgz"]


def archived(folder: Path, kind: ArchiveKind) -> Path:
    """Make the same export as one archive. A picture is read in several steps; JSON files come after their pictures."""
    export = small(folder / "unpacked")
    takeout(
        folder / "unpacked",
        {"Trip/e.avi": Item(sidecar("e.avi"), make("avi", 9) + random.Random(9).randbytes(400_000))},
    )
    archive = folder / f"takeout-001.{kind}"
    files = sorted(path for path in export.rglob("*") if path.is_file())
    files.sort(key=lambda path: path.suffix == ".json")
    names = [(path, str(Path("Takeout", path.relative_to(export)))) for path in files]
    if kind == "zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as sample:
            for path, name in names:
                sample.write(path, name)
    else:
        with tarfile.open(archive, "w:gz") as tape:
            for path, name in names:
                tape.add(path, name)
    return archive


def mixed(root: Path, pictures: int = 300) -> Path:
    """Make pictures of several formats. A tenth of them is so large that they are copied in several steps."""
    chance = random.Random(5)
    spec: dict[str, Any] = {}
    for number in range(pictures):
        extension = (".jpg", ".jpg", ".jpg", ".png", ".jpg", ".jpg", ".avi", ".jpg", ".jpg", ".jpg")[
            number % 10
        ]
        if number % 40 == 7:
            extension = (".jp2", ".mp4", ".jp2", ".heic")[number // 40 % 4]
        name = f"Photos from 20{10 + number % 6}/P{number:04}{extension}"
        title = name.rpartition("/")[2]
        sidecar_json = sidecar(title, taken=1.5e9 + number, place=(48.85, 2.35), people=["Ana"])
        with_tags = extension in (".avi", ".heic", ".jp2", ".mp4") or number % 30 == 0
        large = make("jpeg", number) + chance.randbytes(3 << 20) if number % 30 == 1 else None
        spec[name] = Item(sidecar_json if with_tags else None, large)
    source = takeout(root, spec)
    for folder, _, names in os.walk(source):
        for name in names:
            os.utime(os.path.join(folder, name), (1.6e9, 1.6e9))
    return source
