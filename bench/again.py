"""Measure a run over a finished export, compared with `find` over the same files:

    python bench/again.py [PICTURES] [FOLDERS] [--rounds N] [--in FOLDER]

Makes PICTURES small pictures with their sidecars, fixes them with pef-tui, and runs it again directly. Then it
alternates between `find -printf` over source and output, pef-tui again, pef-tui again with a JSON line for every file,
and again after a change of one sidecar. Prints elapsed seconds and processor seconds, the minimum of the rounds, and
the ratio to `find`.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from compare import Row, call
from exports import Spec, build

FIND = "find -printf over source and output"


def pef_tui(export: Path, out: Path, *more: str) -> None:
    call([sys.executable, "-m", "pef_tui", "--batch", "-q", "--no-config", export, "-o", out, *more])


def changed(export: Path, turn: int) -> None:
    """Change the description in a different sidecar each time."""
    sidecar = sorted((export / "Takeout" / "Google Photos").glob("*/*.json"))[turn]
    sidecar.write_bytes(sidecar.read_bytes().replace(b"At sea", b"At Sea"))


def measure(export: Path, out: Path, rounds: int) -> dict[str, Row]:
    """Return the round with the least processor time for each command."""
    least: dict[str, Row] = {}

    def note(row: Row) -> None:
        if row.name not in least or row.used < least[row.name].used:
            least[row.name] = row

    for turn in range(rounds):
        note(Row(FIND, 1, lambda: call(["find", export, out, "-printf", "%p %s %T@\\n"])))
        note(Row("pef-tui again", 1, lambda: pef_tui(export, out)))
        note(Row("pef-tui again, --json", 1, lambda: pef_tui(export, out, "--json")))
        changed(export, turn)
        note(Row("pef-tui again, one sidecar changed", 1, lambda: pef_tui(export, out)))
    return least


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", type=int, nargs="?", default=50_000)
    parser.add_argument("folders", type=int, nargs="?", default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--in", dest="folder", help="where to work (default: a temporary folder)")
    given = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="pef-again-", dir=given.folder))
    try:
        export, out = root / "export", root / "out"
        build(export, Spec(given.pictures, 2, folders=given.folders))
        first = Row("pef-tui, the first time", 1, lambda: pef_tui(export, out))
        at_once = Row("pef-tui again, at once", 1, lambda: pef_tui(export, out))
        least = measure(export, out, given.rounds)
        files = sum(len(files) for _, _, files in os.walk(root))
        print(
            f"{files:,} files: {given.pictures:,} pictures, their sidecars and outputs, {given.folders} folders"
        )
        print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}\n")
        print("| | s | times find's | processor s | times find's |")
        print("| --- | --- | --- | --- | --- |")
        find = least.pop(FIND)
        for row in (find, first, at_once, *least.values()):
            clock, used = row.seconds / find.seconds, row.used / find.used
            print(f"| {row.name} | {row.seconds:.2f} | {clock:.2f} | {row.used:.2f} | {used:.2f} |")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
