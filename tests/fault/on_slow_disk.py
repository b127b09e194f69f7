"""Run the fault tests on a disk that answers every call after a while, as a server on a network does:

    python tests/fault/on_slow_disk.py [--delay-ms 1] [--workers 6] [-- PYTEST-ARGUMENTS ...]

Exports and output folders of the tests are on the slow disk (FUSE, `slow_disk`). Tests that mount disks of their own,
and those with very large files or folders, are left out. The tests mostly wait, so more of them run at once than there
are processors.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from slow_mount import mounted  # noqa: E402

OWN_DISKS = ("test_failing_server.py", "test_unmounted.py", "test_beyond_4_gib.py", "test_odd_places.py")
"""Files of tests that mount disks of their own, or need gigabytes or 200,000 files."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--delay-ms", type=float, default=1.0, help="milliseconds that every call takes")
    parser.add_argument("--workers", type=int, default=6, help="number of tests at once")
    parser.add_argument("pytest", nargs="*", help="after --: arguments for pytest")
    options = parser.parse_args()
    ignored = [f"--ignore=tests/fault/{name}" for name in OWN_DISKS]
    with (
        tempfile.TemporaryDirectory(prefix="pef-tui-slow-") as place,
        mounted(Path(place), delay_ms=options.delay_ms, threads=64) as disk,
    ):
        command = [sys.executable, "-m", "pytest", "-m", "fault", "-n", str(options.workers), *ignored]
        paths = options.pytest or ["tests/fault"]
        status = subprocess.run(
            [*command, f"--basetemp={disk.path}/tests", *paths],
            cwd=ROOT,
            env=os.environ | {"PEF_TUI_TEST_PLACE": str(disk.path)},
        ).returncode
        print(f"{disk.calls().total():,} calls reached the slow disk")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
