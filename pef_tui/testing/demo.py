"""Make a small export, write its metadata back and show the result: `python -m pef_tui.testing.demo [FOLDER]`."""

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

from pef_tui.formats import HEAD, detect, right_name
from pef_tui.readers.native_readers import READERS
from pef_tui.sanitize import safe
from pef_tui.testing.demo_export import LONG, MARK, make_demo
from pef_tui.testing.export import CONTAINER
from pef_tui.testing.naming import media_name
from pef_tui.xmp import read

SHOWN_FILES = {
    "Photos from 2019/IMG_20190701_123456.jpg": "place in Paris, people, a favourite",
    "Photos from 2019/camera.jpg": "the time of the camera is correct: kept",
    "Photos from 2019/opera.mp4": "a video from the southern hemisphere",
    "Photos from 2019/clip.avi": "a format without tags",
    "Photos from 2020/scan.tif": "taken long before 1970",
    f"Photos from 2020/{media_name(LONG)}": "a name that Google shortened",
}
"""The files that are shown before and after the run, by path, and what is special about each file."""

_TAGS: dict[str, tuple[str, ...]] = {
    "taken": ("SubSecDateTimeOriginal", "DateTimeOriginal", "CreationDate", "DateCreated"),
    "place": ("GPSPosition",),
    "people": ("PersonInImage",),
    "text": ("Description", "ImageDescription"),
    "stars": ("Rating",),
}
_OK = frozenset((0, 3))  # 3: a file failed, as the damaged file of the demo does


def main(arguments: Sequence[str]) -> int:
    """Make the export, run the program on it and show the result.

    Return the exit code: 0 if everything worked, 1 if there are problems, 2 if the arguments are not valid.
    """
    if len(arguments) > 1 or any(word.startswith("-") for word in arguments):
        print("demo: the only argument is the folder for the demo", file=sys.stderr)
        return 2
    folder = Path(arguments[0] if arguments else "demo")
    if (folder / MARK).exists():
        for name in ("Takeout", "fixed"):
            shutil.rmtree(folder / name, ignore_errors=True)
    try:
        source, fixed = make_demo(folder), folder / "fixed"
    except FileExistsError:
        print(f"demo: {safe(str(folder))} contains other files; choose another folder", file=sys.stderr)
        return 2
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
    """Return a line for each problem with a file of `SHOWN_FILES` in the output folder `fixed`.

    There is a problem if the file is missing, or if its modification time is still the time of the export.
    """
    problems = []
    for name in SHOWN_FILES:
        path = fixed / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif _day(path) >= "2024":
            problems.append(f"{name} still has the time of the export")
    return problems


def show(original: Path, fixed: Path) -> None:
    """Print the tags of the shown files, before (`original`) and after the run (`fixed`)."""
    old, new = facts(original), facts(fixed)
    for name, words in SHOWN_FILES.items():
        print(f"\n{safe(name.rpartition('/')[2], 40)}: {words}")
        for label in ("file time", *_TAGS):
            old_value, new_value = old[name].get(label, ""), new[name].get(label, "")
            if old_value or new_value:
                print(f"  {label:<10} {safe(old_value or '-', 26):<26} {safe(new_value or '-', 40)}")
    for path, right in renamed(original, fixed):
        print(f"\n{safe(path.name, 40)} -> {safe(right, 40)}", end="")
    print()
    if not shutil.which("exiftool"):
        print(
            "\nWithout ExifTool tags went into JPEG, HEIC, AVIF, PNG, WebP, GIF, TIFF, MP4"
            "\nand MOV files, and for others into XMP files beside them. With it (on Debian:"
            "\napt install libimage-exiftool-perl) they go into those files too."
        )


def renamed(original: Path, fixed: Path) -> list[tuple[Path, str]]:
    """Return each file of the export `original` that got another extension, because its extension did not match its
    content, with its name in the output folder `fixed`.
    """
    renames = []
    for path in sorted(original.rglob("*")):
        format = detect(path.read_bytes()[:HEAD]) if path.is_file() else None
        right = right_name(path.name, format) if format else path.name
        if right != path.name and (fixed / path.relative_to(original).with_name(right)).exists():
            renames.append((path, right))
    return renames


def facts(folder: Path) -> dict[str, dict[str, str]]:
    """Return the facts (text by label) on each file of `SHOWN_FILES` in `folder`, by its path.

    The facts come from the modification time, the tags of the file, and the tags of the XMP file beside it.
    """
    facts_by_name: dict[str, dict[str, str]] = {}
    for name in SHOWN_FILES:
        path = folder / name
        tags = {**_xmp_file(path), **_embedded(path)}
        words = {"file time": _day(path)} if path.exists() else {}
        for label, names in _TAGS.items():
            value = next((tags[tag] for tag in names if tags.get(tag) not in (None, "", [])), None)
            if value is not None:
                words[label] = _words(value)
        facts_by_name[name] = words
    return facts_by_name


def _embedded(path: Path) -> Mapping[str, object]:
    """Return the tags in the file by name without group, read by ExifTool; without ExifTool, by the program itself."""
    exiftool = shutil.which("exiftool")
    if not path.exists():
        return {}
    if exiftool is None:
        return _read_natively(path)
    names = [f"-{name}" for names in _TAGS.values() for name in names]
    command = [exiftool, "-j", "-c", "%+.4f", "-api", "QuickTimeUTC", *names, str(path)]
    answer = subprocess.run(command, capture_output=True, check=False).stdout
    return dict(json.loads(answer)[0]) if answer.strip() else {}


def _read_natively(path: Path) -> Mapping[str, object]:
    """Return the tags that the program reads without ExifTool; {} if it cannot read the format."""
    with path.open("rb") as stream:
        format = detect(stream.read(HEAD))
        stream.seek(0)
        reader = READERS.get(format.name) if format is not None else None
        state = reader(stream) if reader is not None else None
    return _by_name(state.tags) if state is not None else {}


def _xmp_file(path: Path) -> Mapping[str, object]:
    """Return the tags in the XMP file beside the file `path`, by name without group; {} if there is no XMP file."""
    file = path.with_name(path.name + ".xmp")
    return _by_name(read(file.read_bytes())) if file.is_file() else {}


def _by_name(tags_with_groups: Mapping[str, object]) -> dict[str, object]:
    """Return the tags by name without group. Add two tags that ExifTool would compose of other tags.

    They are `GPSPosition` and `SubSecDateTimeOriginal`.
    """
    tags = {tag.partition(":")[2]: value for tag, value in tags_with_groups.items()}
    point = (tags.get("GPSLatitude"), tags.get("GPSLongitude"))
    if isinstance(point[0], float) and isinstance(point[1], float):
        tags["GPSPosition"] = f"{point[0]:+.4f}, {point[1]:+.4f}"
    if {"DateTimeOriginal", "OffsetTimeOriginal"} <= tags.keys():
        tags["SubSecDateTimeOriginal"] = f"{tags['DateTimeOriginal']}{tags['OffsetTimeOriginal']}"
    return tags


def _words(value: object) -> str:
    """Return the value of a tag as text."""
    if isinstance(value, str):
        return value
    return ", ".join(map(str, value)) if isinstance(value, Iterable) else str(value)


def _day(path: Path) -> str:
    """Return the modification time of a file as text."""
    return f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment variables for the run, without the settings of the user.

    The directories for configuration and state are in `folder`.
    """
    home = str(folder.absolute() / MARK) + "-home"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PEF_TUI_")}
    return inherited | {"XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
