"""Takes one safeguard away at a time, in a copy of the package, and sees whether a test misses it.

    python tests/fault/mutations.py [WORD]

Every `fsync`, `fdatasync`, `syncfs`, rename, lock and `O_EXCL` of the code that writes is one mutation. The tests that
watch over it are run on the mutated copy; if they all pass, nobody would miss the safeguard. WORD restricts the
mutations to those whose name or place has it in it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
TESTS = {
    "manifest/journal.py": ("tests/manifest/test_journal.py", "tests/manifest/test_ledger.py"),
    "manifest/lock.py": ("tests/manifest/test_lock.py",),
    "manifest/": ("tests/manifest",),
    "write/undo": ("tests/run/test_in_place.py",),
    "write/native/": ("tests/write/test_native_commit.py",),
    "write/exiftool_writer.py": ("tests/write/test_exiftool_writer.py",),
    "write/iptc_beside.py": ("tests/write/test_exiftool_writer.py",),
    "write/xmp_writer.py": ("tests/write/test_xmp_writer.py",),
    "write/staging.py": ("tests/write/test_staging.py",),
    "write/copying.py": ("tests/write/test_copying.py", "tests/write/test_staging.py"),
    "write/": ("tests/write/test_commit.py",),
    "report_page/place.py": ("tests/report_page/test_report_page.py",),
    "scratch.py": ("tests/state/test_spill.py", "tests/takeout/test_tars.py"),
    "tui/places.py": ("tests/tui/test_private_files.py",),
}
"""Tests that watch over a file or a folder of the package: the first that fits. Before them, `WATCHING`."""
WATCHING = "tests/run/test_safeguards.py"

RULES = (
    ("fsync", re.compile(r"os\.fsync\("), "(lambda fd: None)("),
    ("fdatasync", re.compile(r"os\.fdatasync\("), "(lambda fd: None)("),
    ("syncfs", re.compile(r"_SYNCFS\(self\.fd\)"), "0"),
    (
        "sync of a folder",
        re.compile(r"(?<![\w.])(?<!def )_?sync(?:_folder|_path)?\((?=[\w.]+(?:\(\))?\)$)", re.M),
        "(lambda fd: None)(",
    ),
    ("sync", re.compile(r"sync=True"), "sync=False"),
    ("sync of a record", re.compile(r"self\.sync\(\)"), "pass"),
    ("sync of the journal", re.compile(r"(?<=journal)\.sync\(\)"), ".seen"),
    ("sync of the disk", re.compile(r"place\.sync\(\)"), "True"),
    ("rename", re.compile(r"os\.(?:rename|replace)\((?=[^)]*dst_dir_fd)"), "_copied("),
    (
        "rename of a path",
        re.compile(r"os\.(?:rename|replace)\((?=[\w., ]*\)$)", re.M),
        "(lambda old, new: None)(",
    ),
    ("lock", re.compile(r"fcntl\.flock\(fd, [^)]*\)"), "None"),
    ("O_EXCL", re.compile(r"os\.O_EXCL \| "), ""),
)
COPIED = '''

def _copied(old, new, *, src_dir_fd, dst_dir_fd):
    """What stands for a rename when there is none: the name is there before its bytes are."""
    import os

    source = os.open(old, os.O_RDONLY, dir_fd=src_dir_fd)
    target = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644, dir_fd=dst_dir_fd)
    while block := os.read(source, 65536):
        os.write(target, block)
    found = os.fstat(source)
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))
    os.close(source)
    os.close(target)
    os.unlink(old, dir_fd=src_dir_fd)
'''


class Mutation(NamedTuple):
    """One safeguard that is taken away."""

    name: str
    file: str
    line: int
    text: str
    """The file without it."""
    tests: tuple[str, ...]

    @property
    def place(self) -> str:
        return f"{self.name} at {self.file}:{self.line}"


def mutations() -> Iterator[Mutation]:
    """Every one, in the order of the files."""
    package = ROOT / "pef_tui"
    for part, tests in TESTS.items():
        for path in sorted(package.rglob("*.py")):
            file = str(path.relative_to(package))
            if next((first for first in TESTS if file.startswith(first)), "") == part:
                yield from _of(file, path.read_text(), tests)


def _of(file: str, text: str, tests: tuple[str, ...]) -> Iterator[Mutation]:
    for name, pattern, instead in RULES:
        for found in pattern.finditer(text):
            changed = text[: found.start()] + instead + text[found.end() :]
            if instead == "_copied(":
                changed += COPIED
            yield Mutation(name, file, text.count("\n", 0, found.start()) + 1, changed, tests)


def missed(mutation: Mutation, copy: Path) -> bool:
    """Does a test fail without it?"""
    path = copy / "pef_tui" / mutation.file
    before = path.read_text()
    path.write_text(mutation.text)
    try:
        return not (passes((WATCHING,), copy) and passes(mutation.tests, copy))
    finally:
        path.write_text(before)


def passes(tests: tuple[str, ...], copy: Path) -> bool:
    """Do these tests pass on this copy?"""
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "", "-p", "no:cacheprovider", *tests]
    return not subprocess.run(command, cwd=copy, env=env, capture_output=True, check=False).returncode


def unmissed(word: str = "") -> tuple[int, list[str]]:
    """How many were tried, and those that no test misses."""
    with tempfile.TemporaryDirectory(prefix="pef-tui-mutations-") as folder:
        copy = Path(folder)
        for name in ("pef_tui", "tests"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        chosen = [each for each in mutations() if word in each.place]
        for tests in ((WATCHING,), *dict.fromkeys(each.tests for each in chosen)):
            if not passes(tests, copy):
                raise SystemExit(f"{', '.join(tests)} must pass before anything is taken away")
        return len(chosen), [each.place for each in chosen if not missed(each, copy)]


if __name__ == "__main__":
    tried, alive = unmissed(*sys.argv[1:2])
    print(f"{tried} safeguards taken away, one at a time; missed by no test: {alive or 'none'}")
    sys.exit(bool(alive))
