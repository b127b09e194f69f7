"""Compare pef-tui with alternatives on one export:

    python bench/compare.py --count 2000 --kilobytes 2000 [--mix jpeg=70,heic=15,mp4=10,png=5] [--in FOLDER]

`cp -r` of the export, `find` over source and output, ExifTool called once a file (sampled), one and two ExifTools fed
in batches (sampled), each writing the tags of pef-tui's dry run; `google-photos-migrate` if its command
is given with --migrate; pef-tui, and pef-tui again with nothing to do. Prints files a second, processor time a file,
and ratios; `cp` and pef-tui end with a sync.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import orjson
from exports import add_options, build, spec_of

Work = Callable[[], object]
Value = str | float | list[str]
Tags = Mapping[str, Mapping[str, Value]]


class Row:
    """The measurement of one alternative."""

    def __init__(self, name: str, count: int, work: Work) -> None:
        os.sync()
        began, used = time.perf_counter(), _used()
        work()
        self.name, self.count = name, count
        self.seconds, self.used = time.perf_counter() - began, _used() - used

    @property
    def each(self) -> float:
        return self.seconds / self.count

    def words(self, ours: Row) -> str:
        return (
            f"| {self.name} | {self.count:,} | {self.seconds:.1f} | {1 / self.each:,.0f} | "
            f"{self.used / self.count * 1000:.2f} | {self.each / ours.each:.2f} |"
        )


def _used() -> float:
    """Return the processor seconds of all children so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def call(command: Sequence[str | Path]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def pef_tui(export: Path, out: Path, *more: str) -> None:
    call([sys.executable, "-m", "pef_tui", "--batch", "-q", "--no-config", export, "-o", out, *more])


def copy(export: Path, out: Path) -> None:
    call(["cp", "-r", export, out])
    call(["sync", "-f", out])


def planned(export: Path) -> dict[str, dict[str, Value]]:
    """Return the tags that pef-tui will write into each file, by its name."""
    command = [sys.executable, "-m", "pef_tui", "--batch", "-q", "--no-config", "--dry-run", "--json"]
    with tempfile.TemporaryDirectory() as out:
        told = subprocess.run([*command, export, "-o", out], check=True, capture_output=True).stdout
    lines = [orjson.loads(line) for line in told.splitlines()]
    return {line["source"].rpartition("/")[2]: line["tags"] for line in lines if line.get("tags")}


def arguments(tags: Mapping[str, Value]) -> list[str]:
    """Return the same tags as arguments of ExifTool."""
    wanted = []
    for tag, value in tags.items():
        wanted += [f"-{tag}={one}" for one in (value if isinstance(value, list) else [value])]
        if tag in ("EXIF:GPSLatitude", "EXIF:GPSLongitude"):
            wanted.append(f"-{tag}Ref={value}")
    return wanted


def one_by_one(media: Sequence[Path], tags: Tags, out: Path) -> None:
    for path in media:
        call(["exiftool", "-q", "-m", *arguments(tags[path.name]), "-o", out / path.name, path])


def batched(media: Sequence[Path], tags: Tags, out: Path, processes: int) -> None:
    """Run this number of ExifTools, each with all of its files in one batch."""
    running = []
    for part in range(processes):
        lines: list[str] = []
        for path in media[part::processes]:
            lines += ["-q", "-m", *arguments(tags[path.name]), "-o", str(out / path.name), str(path)]
            lines.append("-execute")
        file = out / f"arguments{part}"
        file.write_text("\n".join(lines))
        running.append(subprocess.Popen(["exiftool", "-@", file], stdout=subprocess.DEVNULL))
    for each in running:
        each.wait()
    call(["sync", "-f", out])


def sample(media: Sequence[Path], count: int) -> list[Path]:
    """Return this number of files, evenly distributed over all."""
    step = max(1, len(media) // max(1, count))
    return list(media[::step][:count])


def measure(root: Path, media: list[Path], given: argparse.Namespace) -> list[Row]:
    """Measure every alternative, pef-tui first."""
    export, count, out = root / "export", len(media), root / "pef-tui"
    rows = [Row("pef-tui --batch", count, lambda: pef_tui(export, out, *given.more))]
    rows.append(Row("pef-tui --batch, nothing to do", count, lambda: pef_tui(export, out, *given.more)))
    both = [export, out]
    rows.append(
        Row("find -printf over both", count, lambda: call(["find", *both, "-printf", "%p %s %T@\\n"]))
    )
    rows.append(Row("cp -r, sync", count, lambda: copy(export, root / "copy")))
    if shutil.which("exiftool") and given.exiftool:
        tags = planned(export)
        media = [path for path in media if path.name in tags]
        for processes in (1, 2):
            part = sample(media, given.exiftool)
            where = root / f"exiftool{processes}"
            where.mkdir()
            name = f"{processes} ExifTool{'s' * (processes > 1)} in batches, sampled"
            rows.append(Row(name, len(part), partial(batched, part, tags, where, processes)))
        few = sample(media, max(1, given.exiftool // 10))
        (root / "single").mkdir()
        name = "ExifTool once a file, sampled"
        rows.append(Row(name, len(few), lambda: one_by_one(few, tags, root / "single")))
    if given.migrate:
        rows.append(Row("google-photos-migrate", count, lambda: migrate(given.migrate, root)))
    return rows


def migrate(command: str, root: Path) -> None:
    """Measure google-photos-migrate. It moves the files that it fixes, so it gets a copy (not measured)."""
    for name in ("migrated", "errors"):
        (root / name).mkdir()
    call([*command.split(), "full", root / "for-migrate" / "Takeout", root / "migrated", root / "errors"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser, 2000, 40)
    parser.add_argument("--in", dest="folder", help="where to work (default: a temporary folder)")
    parser.add_argument("--exiftool", type=int, default=400, metavar="N", help="files ExifTool gets; 0: none")
    parser.add_argument(
        "--migrate", default="", metavar="COMMAND", help="how google-photos-migrate is called"
    )
    parser.add_argument("more", nargs="*", help="behind --: flags for pef-tui")
    given = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="pef-compare-", dir=given.folder))
    try:
        spec = spec_of(given)
        media = build(root / "export", spec)
        if given.migrate:
            shutil.copytree(root / "export", root / "for-migrate")
        size = sum(path.stat().st_size for path in media)
        formats = ", ".join(f"{name} {weight}" for name, weight in spec.mix.items())
        print(f"{spec.count:,} files ({formats}), {size / 1e6:,.0f} MB, {spec.folders} folders")
        print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}\n")
        print("| | files | s | files/s | processor ms a file | times pef-tui's time |")
        print("| --- | --- | --- | --- | --- | --- |")
        rows = measure(root, media, given)
        for row in rows:
            print(row.words(rows[0]))
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
