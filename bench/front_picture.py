"""Make the picture of README.md and of the home page: one file before and after a run, and the report of a run.

    python bench/front_picture.py [FILE.png]     default: docs/screens/before-after.png; `make screens` runs it too

Needs Chromium, and Pillow. The files and the reports are those of real runs over generated exports.
"""

from __future__ import annotations

import html
import io
import os
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from pef_tui.testing import sidecar, takeout
from pef_tui.testing.demo import facts
from pef_tui.testing.demo_export import demo_files

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))
from tools.pages import CHROMIUM_FLAGS, find_chromium  # noqa: E402

TARGET = ROOT / "docs/screens/before-after.png"
SIZE = (1200, 1182)
SHOWN = "Photos from 2019/IMG_20190701_123456.jpg"
LABELS = {
    "file time": "file time", "taken": "date taken", "place": "place", "people": "people", "text": "description",
    "stars": "rating",
}  # fmt: skip
CITIES = (
    (48.86, 2.34), (52.52, 13.40), (41.90, 12.49), (59.33, 18.07), (38.72, -9.14), (40.71, -74.01), (37.77, -122.42),
    (-22.95, -43.21), (-33.86, 151.22), (35.68, 139.69), (13.75, 100.50), (30.04, 31.24), (-33.92, 18.42),
    (64.15, -21.94),
)  # fmt: skip
STYLE = """
* { box-sizing: border-box }
body { margin: 0; padding: 28px 44px 0; background: #fff; color: #1f2328; font: 19px/1.5 "DejaVu Sans", sans-serif }
.pair { display: flex; align-items: center; gap: 22px }
.card { flex: 1; border: 1px solid #d0d7de; border-radius: 10px; padding: 16px 22px; background: #f6f8fa }
.after { border: 2px solid #1a7f37 }
h2 { margin: 0 0 8px; font-size: 21px } .arrow { font-size: 40px; color: #1a7f37 }
td { padding: 1px 18px 1px 0; white-space: nowrap } td:first-child { color: #57606a }
iframe { border: 0; width: 1200px; height: 850px; margin: 20px 0 0 -44px }
"""


def main() -> None:
    """Make the picture and save it."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    chromium = find_chromium()
    if chromium is None:
        sys.exit("front_picture: Chromium is missing (Debian: apt install chromium)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(takeout(folder / "small", demo_files()), folder / "fixed")
        run(takeout(folder / "large", many_files()), folder / "many")
        before = facts(folder / "small/Takeout/Google Photos")[SHOWN]
        page = folder / "page.html"
        page.write_text(text_of(before, facts(folder / "fixed")[SHOWN], folder / "many/.pef-tui/report.html"))
        picture = folder / "picture.png"
        size = f"--window-size={SIZE[0]},{SIZE[1]}"
        flags = [*CHROMIUM_FLAGS, f"--user-data-dir={folder / 'profile'}", size, f"--screenshot={picture}"]
        subprocess.run([chromium, *flags, page.as_uri()], capture_output=True, check=True)
        target.write_bytes(reduced(picture.read_bytes()))
    print(f"{target}: {target.stat().st_size / 1000:.0f} kB")


def run(source: Path, output: Path) -> None:
    """Run pef-tui with its default settings."""
    environ = {**os.environ, "PEF_TUI_LOAD_PLUGINS": "", "XDG_STATE_HOME": str(output.parent / "state")}
    command = [
        sys.executable,
        "-m",
        "pef_tui",
        "--batch",
        "-q",
        "--no-config",
        str(source),
        "-o",
        str(output),
    ]
    code = subprocess.run(command, env=environ, check=False).returncode
    if code not in (0, 3):
        sys.exit(f"front_picture: pef-tui ended with code {code}")


def many_files() -> dict[str, Any]:
    """Return the files of an export of 700 small pictures from nine years and many places, always the same."""
    chance = random.Random(1)
    files: dict[str, Any] = {}
    for number in range(700):
        year = chance.choices(range(2016, 2025), range(6, 15))[0]
        taken = datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=365 * chance.betavariate(3, 2.5))
        latitude, longitude = chance.choices(CITIES, range(len(CITIES), 0, -1))[0]
        place = (latitude + chance.gauss(0, 2), longitude + chance.gauss(0, 2))
        people = [each for each in ("Ann", "Bob", "Zoë", "Mia", "Tom", "Eva") if chance.random() < 0.18]
        title = f"IMG_{number:04}.jpg"
        files[f"Photos from {year}/{title}"] = sidecar(
            title, taken=taken.timestamp(), place=place, people=people
        )
    return files


def text_of(before: dict[str, str], after: dict[str, str], report: Path) -> str:
    """Return the page: a card with the facts before, one with those after, and the part of the report with charts."""
    name = html.escape(SHOWN.rpartition("/")[2])
    cards = [
        f'<div class="card {kind}"><h2>{title}</h2><table>'
        f"<tr><td>file</td><td>{name}</td></tr>{rows(values)}</table></div>"
        for kind, title, values in (("", "In the export", before), ("after", "After pef-tui", after))
    ]
    return (
        f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style>'
        f'<div class="pair">{cards[0]}<div class="arrow">➜</div>{cards[1]}</div>'
        f'<iframe src="{report.as_uri()}#pictures" scrolling="no"></iframe>'
    )


def rows(values: dict[str, str]) -> str:
    """Return the rows of a card."""
    texts = {label: words(values.get(key, "")) or "–" for key, label in LABELS.items()}
    if texts["rating"].isdigit():
        texts["rating"] = "★" * int(texts["rating"])
    return "".join(f"<tr><td>{label}</td><td>{html.escape(text)}</td></tr>" for label, text in texts.items())


def words(text: str) -> str:
    """Return the text without emoji, for which a font may be missing."""
    return "".join(character for character in text if character <= "\uffff").strip()


def reduced(png: bytes) -> bytes:
    """Return a PNG with 32 colours, which is a quarter of the size."""
    stream = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(32, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return stream.getvalue()


if __name__ == "__main__":
    main()
