"""Compare pef-tui with copying on a line whose every call takes time, as that to a NAS:

    python bench/slow_lines.py [--files 600] [--folders 10] [--delay-ms 2] [--times 3] [--zip] [--json FILE]
    python bench/slow_lines.py --large      pictures of 2 MB: the share of the line's rate
    python bench/slow_lines.py --short      few pictures; fails if a run makes more calls than MOST_CALLS

Makes pictures with sidecars and mounts them by a FUSE file system whose every call takes --delay-ms
(`tests/support/slow_disk.py`). By turns, on a new mount each: `cp -r`; a copier with 32 threads; pef-tui with source
and output on the mount; `find` over both; pef-tui again; a preview; pef-tui to a local disk. Prints the median of the
elapsed seconds, the ratios beside their goals, and the calls that reached the mount, by kind and for each picture.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from slow_commands import (
    AGAIN,
    COPIER,
    CP,
    FIND,
    LOCAL,
    PREVIEW,
    RUN,
    Conditions,
    MountFailed,
    Row,
    SlowExport,
    joined,
    kinds,
)

GOALS = [
    (RUN, CP, 0.35),
    (RUN, COPIER, 2.0),
    (LOCAL, CP, 0.25),
    (AGAIN, FIND, 0.6),
    (PREVIEW, CP, 0.2),
]
"""A command, the command with which it is compared, and the ratio that it should not exceed."""
SHARE = 0.9
"""Share of the line's rate that runs over large pictures should reach."""
LARGE = (RUN, LOCAL)
SHORT = Conditions(files=60, folders=3, delay_ms=0.2, cache_seconds=60)
MOST_CALLS = {RUN: 28.5, AGAIN: 4.2, PREVIEW: 7.6, LOCAL: 11.5}
"""Calls for each picture of `SHORT` that a command may make at most, including those that a run makes once."""
MOST_CALLS_ZIPPED = {RUN: 36.5, AGAIN: 1.8, PREVIEW: 0.9, LOCAL: 0.4}
"""The same if the pictures are in zip parts."""


class Report(Struct, frozen=True):
    """What was measured under the same conditions. The file that `--json` names has a list of these."""

    conditions: Conditions
    machine: str
    rows: list[Row]


def measure(place: Path, conditions: Conditions, names: list[str], times: int, log: Path | None) -> list[Row]:
    """Measure the commands by turns, this number of times."""
    export = SlowExport(place, conditions, log)
    rows: dict[str, list[Row]] = {name: [] for name in names}
    for _ in range(times):
        export.clear()
        for name in names:
            rows[name].append(export.measure(name))
            if sys.stderr.isatty():
                print(f"{name}: {rows[name][-1].seconds[0]:.1f} s", file=sys.stderr, flush=True)
    return [joined(each) for each in rows.values()]


def table(rows: list[Row], files: int) -> list[str]:
    """Return the lines of the table of all commands."""
    seconds = {row.name: row.median for row in rows}
    lines = [
        f"| | s | times {CP} | times {COPIER} | calls | for a picture | by kind |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        ratios = [f"{row.median / seconds[base]:.2f}" if base in seconds else "" for base in (CP, COPIER)]
        calls = f"{sum(row.calls.values()):,} | {row.per_picture(files):.1f} | {kinds(row.calls)}"
        lines.append(f"| {row.name} | {row.median:.1f} | {' | '.join(ratios)} | {calls} |")
    return lines


def goals(rows: list[Row]) -> list[str]:
    """Return the lines of the table of ratios and their goals, for the commands that were measured; [] if none."""
    seconds = {row.name: row.median for row in rows}
    lines = [
        f"| {name} / {base} | {goal} | {seconds[name] / seconds[base]:.2f} |"
        for name, base, goal in GOALS
        if name in seconds and base in seconds
    ]
    return ["| ratio | goal | measured |", "| --- | --- | --- |", *lines] if lines else []


def shares(rows: list[Row], mb_s: float) -> list[str]:
    """Return the lines of the table with the share of the line's rate that each command reached.

    Both directions have this rate, so a command is measured by the one in which more bytes passed.
    """
    lines = [
        "| | MB read | MB written | MB/s | share of the line's rate |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        read, written = (row.bytes.get(kind, 0) / 1e6 for kind in ("read", "write"))
        rate = max(read, written) / row.median
        goal = f" (goal {SHARE})" if row.name in LARGE else ""
        lines.append(f"| {row.name} | {read:,.0f} | {written:,.0f} | {rate:.1f} | {rate / mb_s:.2f}{goal} |")
    return lines


def excess(rows: list[Row], files: int, most: Mapping[str, float]) -> list[str]:
    """Return a sentence for each command that made more calls for a picture than `most` allows."""
    return [
        f"{row.name} made {row.per_picture(files):.1f} calls for a picture; at most {most[row.name]:g} are allowed."
        for row in rows
        if row.per_picture(files) > most.get(row.name, float("inf"))
    ]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, help="pictures (600; with --large 300)")
    parser.add_argument("--folders", type=int, default=10, help="folders of the export (10)")
    parser.add_argument("--delay-ms", type=float, default=2.0, help="milliseconds that every call takes (2)")
    parser.add_argument("--mb-s", type=float, default=100.0, help="MB/s of the line in each direction (100)")
    parser.add_argument("--times", type=int, default=1, help="how often all commands are measured (1)")
    parser.add_argument("--only", action="append", metavar="NAME", help="measure this command; repeatable")
    parser.add_argument("--in", dest="folder", help="where to work (a temporary folder)")
    parser.add_argument("--log", type=Path, help="file for a line for each call of the last command")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--zip", action="store_true", help="pef-tui reads the export from zip parts")
    kind.add_argument("--large", action="store_true", help="pictures of 2 MB")
    kind.add_argument("--short", action="store_true", help="check the number of calls")
    return parser.parse_args()


def conditions_of(given: argparse.Namespace) -> list[Conditions]:
    """Return the conditions that the options select, to be measured one after the other."""
    if given.short:
        short = replace(SHORT, files=given.files or SHORT.files)
        return [short, replace(short, zipped=True)]
    large = Conditions(given.files or 300, given.folders, 2000, False, given.delay_ms, given.mb_s)
    return [large if given.large else replace(large, files=given.files or 600, kilobytes=4, zipped=given.zip)]


def commands_of(given: argparse.Namespace) -> list[str]:
    """Return the names of the commands that the options select. Raises SystemExit if one is unknown."""
    every = [CP, COPIER, RUN, FIND, AGAIN, PREVIEW, LOCAL]
    if unknown := set(given.only or ()) - set(every):
        raise SystemExit(f"--only: no command {', '.join(unknown)}. The commands are {', '.join(every)}.")
    selected = given.only or (MOST_CALLS if given.short else [CP, COPIER, *LARGE] if given.large else every)
    return [name for name in every if name in selected]


def report(given: argparse.Namespace, conditions: Conditions) -> Report:
    """Measure in a temporary folder and print the tables. Raises MountFailed."""
    place = Path(tempfile.mkdtemp(prefix="pef-slow-", dir=given.folder))
    try:
        rows = measure(place, conditions, commands_of(given), given.times, given.log)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    size, folders = conditions.kilobytes, conditions.folders
    zipped = ", for pef-tui in zip parts" if conditions.zipped else ""
    print(f"{conditions.files:,} pictures of {size} kB with sidecars, {folders} folders{zipped}")
    line = f"{conditions.delay_ms:g} ms for each call, {conditions.mb_s:g} MB/s in each direction"
    print(line, f"; {machine}\n", sep="")
    for text in table(rows, conditions.files):
        print(text)
    for text in ("", *(shares(rows, conditions.mb_s) if given.large else goals(rows))):
        print(text)
    return Report(conditions, machine, rows)


def main() -> None:
    given = parse()
    limits: dict[bool, Mapping[str, float]] = {False: MOST_CALLS, True: MOST_CALLS_ZIPPED}
    every = conditions_of(given)
    try:
        reports = [report(given, conditions) for conditions in every]
    except MountFailed as error:
        raise SystemExit(str(error)) from None
    if given.json:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(reports)))
    if given.short:
        sentences = [
            sentence
            for each in reports
            for sentence in excess(each.rows, each.conditions.files, limits[each.conditions.zipped])
        ]
        if sentences:
            raise SystemExit("\n".join(sentences))


if __name__ == "__main__":
    main()
