"""Compare two versions of pef-tui: run both over the same exports in every mode and compare all results.

    python bench/equivalence.py REFERENCE [--candidate FOLDER] [--count 10000] [--only MODE] [--work FOLDER]

REFERENCE and FOLDER (default: this checkout) are checkouts in which `make venv` was run. For each export and mode these
are compared: exit code, JSON lines, every output (name, size, bytes, time, mode), the records of the manifest,
`--status`, and the same after a second run; with `--texts` the words on standard error too. Exits with 1, and prints
the differences, if there are any.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import msgspec
import orjson
from msgspec import Struct

Values = dict[str, object]

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
EXPORTED = 1_730_799_000
"""Modification time of every file of an export, in seconds: 2024-11-05 09:30 UTC."""

MODES: Mapping[str, tuple[str, ...]] = {
    "folder": (),
    "preview": ("--dry-run",),
    "zip": (),
    "tgz": (),
    "in-place": ("--in-place",),
    "albums-link": ("--albums", "link"),
    "albums-tag": ("--albums", "tag"),
    "albums-none": ("--albums", "none"),
    "layout": ("--layout", "{year}/{month}/{name}"),
    "processes": ("--executor", "processes"),
    "exiftool": ("--writer", "exiftool"),
    "native": ("--writer", "native"),
    "xmp": ("--xmp", "always"),
    "overwrite": ("--existing", "overwrite"),
    "sidecars-only": ("--existing", "never"),
    "filtered": ("--only", "photo", "--since", "2019-03-01"),
    "decisions": (),
    "verify": ("--verify",),
}
"""Flags of each mode; some have steps of their own (`steps`)."""
SMALL_ONLY = ("exiftool", "verify")
"""Modes that take minutes where there are thousands of files."""
DECISIONS = (
    b'{"decisions": [{"unit": "date", "choice": "google"}, {"kind": "description", "choice": "keep"}]}'
)


class Program(Struct, frozen=True):
    """One of the two versions."""

    name: str
    root: Path

    def run(self, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run its command with a minimal environment."""
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "HOME": str(cwd / "home"),
            "NO_COLOR": "1",
            "PYTHONHASHSEED": "0",
        }
        command: list[str | Path] = [self.root / ".venv" / "bin" / "python", "-m", "pef_tui", *arguments]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False)


# -- exports


def exports(work: Path, count: int) -> Iterator[tuple[str, Path, bool]]:
    """Yield name, SOURCE folder and whether it is large, for each export; made below `work`."""
    sys.path.insert(0, str(ROOT / "bench"))
    import exports as made

    from pef_tui.testing.demo_export import demo_files
    from pef_tui.testing.export import takeout

    yield "demo", takeout(work / "demo", demo_files()), False
    if SHARED.is_dir():
        yield "samples", _samples(work / "samples"), False
        yield "names", _vectors(work / "names"), False
    spec = made.Spec(
        count, 4, {"jpeg": 70, "heic": 10, "png": 10, "mp4": 5, "webp": 5}, folders=20, tagged=80
    )
    made.build(work / "large", spec)
    _album(work / "large" / "Takeout" / "Google Photos")
    yield "large", work / "large" / "Takeout", True


def _samples(work: Path) -> Path:
    """Make an export of every sample picture with a sidecar, and of the pictures of the cases."""
    from pef_tui.testing.export import sidecar
    from pef_tui.testing.naming import sidecar_name

    folder = work / "Takeout" / "Google Photos" / "Photos from 2019"
    folder.mkdir(parents=True)
    for path in sorted((SHARED / "samples").rglob("*")):
        if path.is_file() and path.suffix != ".md":
            shutil.copyfile(path, folder / path.name)
            fields = sidecar(
                path.name,
                taken=1_561_977_296,
                place=(-33.85, 151.21),
                people=["Zoë 🎉"],
                description="At sea",
            )
            (folder / sidecar_name(path.name)).write_bytes(orjson.dumps(fields))
    for path in sorted((SHARED / "cases" / "tags").rglob("*")):
        if path.is_file():
            below = folder.parent / path.parent.name
            below.mkdir(exist_ok=True)
            shutil.copyfile(path, below / path.name)
    return work / "Takeout"


def _vectors(work: Path) -> Path:
    """Make a folder of pictures without image data and their sidecars for every matching vector."""
    from pef_tui.testing.export import sidecar
    from pef_tui.testing.media import make

    files = (SHARED / "vectors" / "matching.jsonl", SHARED / "cases" / "names" / "vectors.jsonl")
    lines = [line for file in files for line in file.read_bytes().splitlines() if line.strip()]
    for number, line in enumerate(lines):
        vector = orjson.loads(line)
        folder = work / "Takeout" / "Google Photos" / f"Vector {number:03}"
        titles = vector.get("titles", {})
        for at, name in enumerate(vector["files"]):
            path = folder / name
            if "\0" in name or any(len(os.fsencode(part)) > 255 for part in path.parts):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if name in titles:
                title = str(titles[name])
                path.write_bytes(orjson.dumps(sidecar(title, taken=1_561_977_296 + at, description=name)))
            else:
                path.write_bytes(make("jpeg", number * 100 + at))
    return work / "Takeout"


def _album(photos: Path) -> None:
    """Make an album of every fiftieth picture, with its JSON."""
    album = photos / "Summer at sea"
    album.mkdir()
    (album / "metadata.json").write_bytes(orjson.dumps({"title": "Summer at sea"}))
    for path in sorted(photos.glob("Photos from */IMG_*[05]0.*")):
        shutil.copyfile(path, album / path.name)
        if (beside := Path(f"{path}.supplemental-metadata.json")).exists():
            shutil.copyfile(beside, album / beside.name)


def settle_times(folder: Path) -> None:
    """Set the time of every file to that of an old export."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (EXPORTED, EXPORTED))


def sources(mode: str, source: Path, work: Path) -> list[Path]:
    """Return the SOURCE arguments of a mode: the folder, archives of it, or a copy for in-place runs."""
    if mode == "zip":
        files = [path for path in sorted(source.rglob("*")) if path.is_file()]
        parts = [work / f"takeout-20240101T000000Z-00{number}.zip" for number in (1, 2)]
        for number, part in enumerate(parts):
            with zipfile.ZipFile(part, "w") as archive:
                for path in files[number::2]:
                    archive.write(path, path.relative_to(source.parent))
        return parts
    if mode == "tgz":
        part = work / "takeout-20240101T000000Z-001.tgz"
        with tarfile.open(part, "w:gz", compresslevel=1) as archive:
            archive.add(source, source.name)
        return [part]
    if mode == "in-place":
        shutil.copytree(source, work / "copy" / source.name, dirs_exist_ok=True)
        return [work / "copy" / source.name]
    return [source]


# -- runs


def steps(program: Program, mode: str, given: list[Path], work: Path) -> Iterator[tuple[str, Values]]:
    """Run a mode and yield the results of each step."""
    flags = list(MODES[mode])
    out = given[0] if mode == "in-place" else work / "out"
    if mode == "decisions":
        (work / "decisions.json").write_bytes(DECISIONS)
        flags += ["--decisions", str(work / "decisions.json")]
    target = [] if mode in ("in-place", "preview") else ["-o", str(out)]
    command = ["--batch", "--json", "--no-config", "-v", *flags, *map(str, given), *target]
    for step in ("run", "again"):
        yield step, produced(program.run(work, *command), out)
    if mode != "preview":
        yield "status", produced(program.run(work, "--status", "--json", str(out), "-o", str(out)), out)
    if mode == "in-place":
        yield "undo", produced(program.run(work, "--undo", "last", str(out)), out)


def produced(done: subprocess.CompletedProcess[bytes], out: Path) -> Values:
    """Return all results of a command, in a form that is equal for two equal runs."""
    return {
        "exit": done.returncode,
        "stderr": sorted(_plain(line) for line in done.stderr.decode(errors="replace").splitlines()),
        "lines": sorted(_plain(line) for line in done.stdout.decode(errors="replace").splitlines()),
        "files": tree(out),
        "manifest": manifest(out / ".pef-tui" / "manifest"),
    }


_CHANGING = (
    (re.compile(r'"(seconds|version|started|ended|when|run|processor)":("[^"]*"|[0-9.eE+-]+)'), r'"\1":…'),
    (re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}[T ][0-9:.-]{6,}[0-9a-zA-Z:+-]*"), "TIME"),
    (re.compile(r"\b[0-9]+(\.[0-9]+)? ?(s|ms|min|files/s|kB|MB)\b"), "AMOUNT"),
    (re.compile(r"\b[0-9]{8}-[0-9]{6}-[0-9a-f]{4}\b"), "RUN"),
    (re.compile(r"\b[0-9a-f]{8,}\b"), "ID"),
)
"""What differs between two runs of one version."""


def _plain(line: str) -> str:
    if '"type":"media"' in line or '"type":"json"' in line or '"type":"other"' in line:
        return line
    if line.startswith("{"):
        line = orjson.dumps(orjson.loads(line), option=orjson.OPT_SORT_KEYS).decode()
    for pattern, text in _CHANGING:
        line = pattern.sub(text, line)
    return line


def tree(folder: Path) -> list[str]:
    """Return every file below a folder except `.pef-tui`: name, link target, size, time, mode and hash."""
    lines = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        name = os.fsencode(path.relative_to(folder))
        if name.split(b"/")[0] == b".pef-tui" or (path.is_dir() and not path.is_symlink()):
            continue
        status = path.lstat()
        what = os.readlink(path) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"{name!r} {status.st_size} {status.st_mtime_ns} {status.st_mode:o} {what}")
    return lines


_HEAD = struct.Struct("<4sIIQ")
_ROW = struct.Struct("<QqQqH8s8s8sBB")


def manifest(path: Path) -> list[str]:
    """Return the journal's records, decoded by the format alone, without fields that differ in each run."""
    data = path.read_bytes() if path.is_file() else b""
    at = data.find(b"\n") + 1
    records: list[str] = []
    while at and at < len(data):
        _, length, _, _ = _HEAD.unpack_from(data, at)
        record = msgspec.msgpack.decode(data[at + _HEAD.size : at + _HEAD.size + length])
        records += _record(record)
        at += _HEAD.size + length
    return sorted(records)


def _record(record: list[object]) -> Iterator[str]:
    kind = record[0]
    if kind == "run":
        yield f"run {record[4:]}"
    elif kind == "intent":
        items = record[2]
        assert isinstance(items, list)
        yield from (f"intent {item}" for item in items)
    elif kind == "done":
        yield from _entries(record)
    elif kind == "closed":
        assert isinstance(record[2], dict)
        yield f"closed {sorted(record[2].items())}"
    elif kind == "forgotten":
        assert isinstance(record[1], list)
        yield from (f"forgotten {key!r}" for key in record[1])
    elif kind == "listed":
        # The digest of a listing depends on times that runs in place change, and on the file of an archive. The texts
        # on files are numbered by the order of a set.
        told = record[4] if len(record) > 4 else b""
        assert isinstance(told, bytes)
        yield f"listed {record[1]!r} {record[3]!r} {len(told)}"
    else:
        yield f"{record}"


def _entries(record: list[object]) -> Iterator[str]:
    """Return the entries of one batch, independent of order and number."""
    _, _, folders, _, rows, texts, ends = record[:7]
    assert isinstance(folders, list) and isinstance(rows, bytes)
    assert isinstance(texts, bytes) and isinstance(ends, bytes)
    count = len(rows) // _ROW.size
    marks = struct.unpack(f"<{len(ends) // 4}I", ends)
    each = (len(marks) - 1) // max(1, count)
    for number in range(count):
        row = list(_ROW.unpack_from(rows, number * _ROW.size))
        row[4] = folders[row[4]]
        own = marks[number * each : (number + 1) * each + 1]
        yield f"entry {row} {[texts[start:end] for start, end in pairwise(own)]}"


# -- comparing


def compare(name: str, first: Values, second: Values, *, with_texts: bool) -> int:
    """Print the differences; return their number."""
    differences = 0
    for key in first:
        one, other = first[key], second[key]
        if one == other or (key == "stderr" and not with_texts):
            continue
        differences += 1
        print(f"DIFFERENT {name}: {key}")
        if isinstance(one, list) and isinstance(other, list):
            for sign, left, right in (("-", one, set(other)), ("+", other, set(one))):
                for line in [line for line in left if line not in right][:5]:
                    print(f"  {sign} {line[:600]}")
        else:
            print(f"  - {one}\n  + {other}")
    return differences


def compare_mode(
    programs: tuple[Program, Program], name: str, mode: str, source: Path, work: Path, *, with_texts: bool
) -> int:
    """Run one mode with both versions, under the same path; return the number of differences."""
    results: list[dict[str, Values]] = []
    for program in programs:
        place = work / "place"
        shutil.rmtree(place, ignore_errors=True)
        (place / "home").mkdir(parents=True)
        given = sources(mode, source, place)
        settle_times(place)
        results.append(dict(steps(program, mode, given, place)))
    first, second = results
    return sum(
        compare(f"{name}, {mode}, {step}", first[step], second[step], with_texts=with_texts) for step in first
    )


def main() -> int:
    """Compare every export in every mode."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reference", type=Path)
    parser.add_argument("--candidate", type=Path, default=ROOT)
    parser.add_argument("--count", type=int, default=10_000, help="pictures of the made export")
    parser.add_argument("--texts", action="store_true", help="compare the words on standard error too")
    parser.add_argument("--only", action="append", choices=list(MODES), help="this mode alone")
    parser.add_argument("--work", type=Path, help="folder for what is made (default: a temporary one)")
    options = parser.parse_args()
    programs = (
        Program("reference", options.reference.resolve()),
        Program("candidate", options.candidate.resolve()),
    )
    differences = compared = 0
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        work = Path(folder)
        for name, source, large in exports(work / "exports", options.count):
            settle_times(source)
            for mode in options.only or MODES:
                if large and mode in SMALL_ONLY:
                    continue
                found = compare_mode(programs, name, mode, source, work, with_texts=options.texts)
                compared += 1
                differences += found
                print(f"{name}, {mode}: {found or 'no'} differences", flush=True)
    print(f"{compared} combinations of export and mode, {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
