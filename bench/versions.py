"""Compare the speed of two versions of pef-tui:

    python bench/versions.py REFERENCE [--candidate FOLDER] [--pictures 20000] [--rounds 8] [--in FOLDER]

REFERENCE and FOLDER (default: this checkout) are checkouts in which `make venv` was run. Makes an export of PICTURES
small pictures with their sidecars. Both versions by turns, in each round in the other order, run over it into a new
folder, then again, again with a JSON line for every file, again after one sidecar was changed, and preview it.
Prints for each command the minimum of elapsed and of processor seconds of each version, and the ratio of the two.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

from again import changed
from compare import Row, call
from exports import Spec, build

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ("run", "again", "again --json", "one sidecar changed", "preview")

Least = dict[tuple[str, int], tuple[float, float]]
"""Minimum of elapsed and of processor seconds, by command and index of the version."""


def pef_tui(version: Path, export: Path, out: Path, *more: str) -> None:
    call([version / ".venv/bin/pef-tui", "--batch", "-q", "--no-config", export, "-o", out, *more])


def commands(version: Path, export: Path, out: Path, turn: int) -> list[Row]:
    """Run every command once and return the measurements in the order of COMMANDS."""
    shutil.rmtree(out, ignore_errors=True)
    rows = [Row("run", 1, lambda: pef_tui(version, export, out))]
    rows.append(Row("again", 1, lambda: pef_tui(version, export, out)))
    rows.append(Row("again --json", 1, lambda: pef_tui(version, export, out, "--json")))
    changed(export, turn)
    rows.append(Row("one sidecar changed", 1, lambda: pef_tui(version, export, out)))
    nowhere = out.with_name("nowhere")
    rows.append(Row("preview", 1, lambda: pef_tui(version, export, nowhere, "--dry-run", "--json")))
    return rows


def measure(versions: tuple[Path, Path], root: Path, rounds: int) -> Least:
    least: Least = defaultdict(lambda: (float("inf"), float("inf")))
    for turn in range(rounds):
        for index in (0, 1) if turn % 2 == 0 else (1, 0):
            out = root / f"out{index}"
            for row in commands(versions[index], root / "export", out, 2 * turn + index):
                clock, used = least[row.name, index]
                least[row.name, index] = min(clock, row.seconds), min(used, row.used)
    return least


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reference", type=Path)
    parser.add_argument("--candidate", type=Path, default=ROOT)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--in", dest="folder", help="where to work (default: a temporary folder)")
    given = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="pef-versions-", dir=given.folder))
    try:
        build(root / "export", Spec(given.pictures, 2, folders=max(1, given.pictures // 1000)))
        versions = given.reference.resolve(), given.candidate.resolve()
        least = measure(versions, root, given.rounds)
    finally:
        shutil.rmtree(root)
    print(f"{given.pictures:,} pictures with their sidecars; minimum of {given.rounds} rounds by turns")
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}\n")
    print("| | reference s | candidate s | ratio | reference processor s | candidate | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in COMMANDS:
        (clock, used), (clock2, used2) = least[name, 0], least[name, 1]
        print(
            f"| {name} | {clock:.2f} | {clock2:.2f} | {clock2 / clock:.3f} | {used:.2f} | {used2:.2f} "
            f"| {used2 / used:.3f} |"
        )


if __name__ == "__main__":
    main()
