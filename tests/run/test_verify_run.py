"""Reading back what was written: what is right passes, what is wrong is named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pef_tui.formats import FORMATS
from pef_tui.testing import MAKERS, Item, make, motion_photo, oddities, sidecar, takeout

pytestmark = pytest.mark.exiftool
FOLDER = "Photos from 2019/"
SAID: dict[str, Any] = {
    "place": (-33.85, 151.21),
    "people": ["Zoë 🎉", "a\nb"],
    "description": '<b>&\n"x" $5',
}

SABOTEUR = """
from pathlib import Path
from pef_tui import Writer, Written, hookimpl


class Session:
    def write(self, staged):
        for each in staged:
            name = each.plan.match.media.name
            path = Path(each.path)
            data = bytearray(path.read_bytes())
            if name.startswith("picture"):
                data[-10] ^= 1
            path.write_bytes(bytes(data) + b"")
            yield Written("written")

    def close(self):
        pass


@hookimpl
def pef_writers():
    yield Writer("saboteur", lambda plan: plan.match.media.name[0] in "pt", Session, order=1)
"""


def run(root: Path, *more: str, code: int = 0) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    command = [sys.executable, "-m", "pef_tui", "--batch", "--json", "--no-config", *more]
    command += [str(root / "Takeout"), "-o", str(root / "out")]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == code, done.stderr.decode() + done.stdout.decode()[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {Path(line["source"]).name: line for line in lines if line["type"] == "media"}, lines[-1]


def test_every_format_passes(tmp_path: Path) -> None:
    files: dict[str, Any] = {}
    for name in MAKERS:
        file = f"made-{name}{FORMATS[name].extensions[0]}"
        files[FOLDER + file] = Item(sidecar(file, **SAID), make(name, 1))
    files[FOLDER + "motion.jpg"] = Item(sidecar("motion.jpg", **SAID), motion_photo(make("mp4"), 1))
    for name, data in oddities().items():
        if len(data) > 40 and not data.startswith(b"This"):
            files[FOLDER + name] = Item(sidecar(name, **SAID), data)
    takeout(tmp_path, files)
    told, summary = run(tmp_path, "--verify", "--xmp", "always")
    assert {name: line["reason"] for name, line in told.items() if line["outcome"] == "failed"} == {}
    assert summary["verify"] == {"checked": len(told), "failed": 0}


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    names = ("picture.jpg", "tags.jpg", "good.jpg")
    takeout(tmp_path, {FOLDER + name: Item(sidecar(name), make("jpeg", 1)) for name in names})
    (tmp_path / "saboteur.py").write_text(SABOTEUR)
    told, summary = run(tmp_path, "--verify", "-p", str(tmp_path / "saboteur.py"), code=3)
    assert told["good.jpg"]["outcome"] == "written"
    assert told["picture.jpg"]["reason"] == "verify: the picture itself differs from the source's"
    assert told["tags.jpg"]["reason"].startswith("verify: not as written: EXIF:DateTimeOriginal")
    assert {told[name]["outcome"] for name in names[:2]} == {"failed"}
    assert summary["verify"] == {"checked": 3, "failed": 2} and summary["media"]["failed"] == 2
    again, _ = run(tmp_path, "--retry-failed")
    assert {again[name]["outcome"] for name in names[:2]} == {"written"}


def test_a_part_is_always_the_same(tmp_path: Path) -> None:
    takeout(tmp_path, {f"{FOLDER}{n}.jpg": Item(sidecar(f"{n}.jpg"), make("jpeg", n)) for n in range(40)})
    _, first = run(tmp_path, "--verify", "30")
    assert 3 <= first["verify"]["checked"] <= 25
    _, second = run(tmp_path, "--verify", "30", "--force")
    assert second["verify"] == first["verify"]
