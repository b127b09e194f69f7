"""A small export made, fixed and shown: `python -m pef_tui.testing.demo [FOLDER]`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pef_tui.display import safe
from pef_tui.formats import HEAD, detect, right_name
from pef_tui.state.natively import READERS
from pef_tui.testing.demo_export import LONG, demo_files
from pef_tui.testing.export import CONTAINER, takeout
from pef_tui.testing.naming import media_name
from pef_tui.xmp import read

MARK = ".made-by-the-pef-tui-demo"
SHOWN = {
    "Photos from 2019/IMG_20190701_123456.jpg": "place in Paris, people, a favourite",
    "Photos from 2019/camera.jpg": "the camera's own time is right: kept",
    "Photos from 2019/opera.mp4": "a film from the south",
    "Photos from 2019/clip.avi": "a format that holds no tags",
    "Photos from 2020/scan.tif": "taken long before 1970",
    f"Photos from 2020/{media_name(LONG)}": "a name that Google cut",
}
"""Files shown before and after, and what is special about them."""

_TAGS: dict[str, tuple[str, ...]] = {
    "taken": ("SubSecDateTimeOriginal", "DateTimeOriginal", "CreationDate", "DateCreated"),
    "place": ("GPSPosition",),
    "people": ("PersonInImage",),
    "text": ("Description", "ImageDescription"),
    "stars": ("Rating",),
}
_OK = frozenset((0, 3))  # 3: a file failed; the damaged one may


def main(arguments: Sequence[str]) -> int:
    """Make the export, fix it, show it. The exit code: 0 when all went as it should."""
    if len(arguments) > 1 or any(word.startswith("-") for word in arguments):
        print("demo: give nothing, or the folder to make it in", file=sys.stderr)
        return 2
    folder = Path(arguments[0] if arguments else "demo")
    if not _ours(folder):
        print(f"demo: {safe(str(folder))} has files of yours; name another folder", file=sys.stderr)
        return 2
    source, fixed = takeout(folder, demo_files()), folder / "fixed"
    command = ["pef-tui", "--batch", str(source), "-o", str(fixed)]
    print(f"A small export, as Google writes it: {safe(str(source))}\n")
    print(f"$ {' '.join(safe(word) for word in command)}", flush=True)
    run = subprocess.run(
        [sys.executable, "-m", "pef_tui", *command[1:]],
        env=_environment(folder),
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    for line in run.stdout.strip().splitlines():
        print(textwrap.fill(safe(line), 80, subsequent_indent="  "))
    show(source / Path(CONTAINER).name, fixed)
    problems = [
        *([f"pef-tui ended with code {run.returncode}"] if run.returncode not in _OK else ()),
        *missing(fixed),
    ]
    for problem in problems:
        print(f"demo: {problem}", file=sys.stderr)
    return 1 if problems else 0


def missing(fixed: Path) -> list[str]:
    """What the fixed export lacks: files that are not there, or still have the time of the export."""
    problems = []
    for name in SHOWN:
        path = fixed / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif _day(path) >= "2024":
            problems.append(f"{name} still has the time of the export")
    return problems


def show(before: Path, after: Path) -> None:
    """Print what a few files say of themselves before and after."""
    old, new = facts(before), facts(after)
    for name, words in SHOWN.items():
        print(f"\n{safe(name.rpartition('/')[2], 40)}: {words}")
        for label in ("file time", *_TAGS):
            was, now = old[name].get(label, ""), new[name].get(label, "")
            if was or now:
                print(f"  {label:<10} {safe(was or '-', 26):<26} {safe(now or '-', 40)}")
    for path, right in renamed(before, after):
        print(f"\n{safe(path.name, 40)} -> {safe(right, 40)}", end="")
    print()
    if not shutil.which("exiftool"):
        print(
            "\nWithout ExifTool tags went into JPEG, HEIC, AVIF, PNG, WebP, GIF, TIFF, MP4"
            "\nand MOV files, and for others into XMP files beside them. With it (on Debian:"
            "\napt install libimage-exiftool-perl) they go into those files too."
        )


def renamed(before: Path, after: Path) -> list[tuple[Path, str]]:
    """Files of the export whose extension does not fit what they hold, and the name they have got."""
    found = []
    for path in sorted(before.rglob("*")):
        format = detect(path.read_bytes()[:HEAD]) if path.is_file() else None
        right = right_name(path.name, format) if format else path.name
        if right != path.name and (after / path.relative_to(before).with_name(right)).exists():
            found.append((path, right))
    return found


def facts(folder: Path) -> dict[str, dict[str, str]]:
    """What each shown file below the folder says: label and words. An XMP file beside it counts as part of it."""
    found: dict[str, dict[str, str]] = {}
    for name in SHOWN:
        path = folder / name
        tags = {**_xmp_file(path), **_embedded(path)}
        words = {"file time": _day(path)} if path.exists() else {}
        for label, names in _TAGS.items():
            value = next((tags[tag] for tag in names if tags.get(tag) not in (None, "", [])), None)
            if value is not None:
                words[label] = _words(value)
        found[name] = words
    return found


def _embedded(path: Path) -> Mapping[str, object]:
    """The tags in the file itself, as ExifTool reads them, or our own readers where there is no ExifTool."""
    exiftool = shutil.which("exiftool")
    if not path.exists():
        return {}
    if exiftool is None:
        return _natively(path)
    names = [f"-{name}" for names in _TAGS.values() for name in names]
    command = [exiftool, "-j", "-c", "%+.4f", "-api", "QuickTimeUTC", *names, str(path)]
    answer = subprocess.run(command, capture_output=True, check=False).stdout
    return dict(json.loads(answer)[0]) if answer.strip() else {}


def _natively(path: Path) -> Mapping[str, object]:
    with path.open("rb") as stream:
        format = detect(stream.read(HEAD))
        stream.seek(0)
        reader = READERS.get(format.name) if format is not None else None
        state = reader(stream) if reader is not None else None
    return _by_name(state.tags) if state is not None else {}


def _xmp_file(path: Path) -> Mapping[str, object]:
    """The tags in the XMP file beside it, by name without group."""
    file = path.with_name(path.name + ".xmp")
    return _by_name(read(file.read_bytes())) if file.is_file() else {}


def _by_name(held: Mapping[str, object]) -> dict[str, object]:
    """Tags without their groups, with those that ExifTool puts together of several."""
    tags = {tag.partition(":")[2]: value for tag, value in held.items()}
    point = (tags.get("GPSLatitude"), tags.get("GPSLongitude"))
    if isinstance(point[0], float) and isinstance(point[1], float):
        tags["GPSPosition"] = f"{point[0]:+.4f}, {point[1]:+.4f}"
    if {"DateTimeOriginal", "OffsetTimeOriginal"} <= tags.keys():
        tags["SubSecDateTimeOriginal"] = f"{tags['DateTimeOriginal']}{tags['OffsetTimeOriginal']}"
    return tags


def _words(value: object) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(map(str, value)) if isinstance(value, Iterable) else str(value)


def _day(path: Path) -> str:
    return f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _ours(folder: Path) -> bool:
    """Make the folder ready: new, or emptied of what an earlier demo left there."""
    mark = folder / MARK
    if folder.exists() and not mark.exists() and (not folder.is_dir() or any(folder.iterdir())):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()
    for name in ("Takeout", "fixed"):
        shutil.rmtree(folder / name, ignore_errors=True)
    return True


def _environment(folder: Path) -> dict[str, str]:
    """Ours, but with no settings of the user's."""
    home = str(folder.absolute() / MARK) + "-home"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PEF_TUI_")}
    return kept | {"XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
