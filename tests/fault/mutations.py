"""Remove one safeguard at a time, in a copy of the package, and check that a test fails.

    python tests/fault/mutations.py [--list] [WORD]

Every `fsync`, `fdatasync`, `syncfs`, rename, lock and `O_EXCL` of the code that writes is one mutation, and so is the
check that a worker reads the archive that the run listed. The tests that cover a mutation run on the mutated copy. If
all of them pass, no test covers the safeguard. WORD selects the mutations whose name or file contains it.
--list prints the mutations and runs nothing.
"""

from __future__ import annotations

import argparse
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
    "manifest/journal.py": ("tests/manifest/test_journal.py", "tests/manifest/test_manifest.py"),
    "manifest/lock.py": ("tests/manifest/test_lock.py",),
    "manifest/": ("tests/manifest",),
    "output/undo": ("tests/runs/test_in_place.py",),
    "native/": ("tests/native/test_native_commit.py",),
    "output/exiftool_writer.py": ("tests/output/test_exiftool_writer.py",),
    "output/iptc.py": ("tests/output/test_exiftool_writer.py",),
    "output/xmp_writer.py": ("tests/output/test_xmp_writer.py",),
    "output/staging.py": ("tests/output/test_staging.py",),
    "filesystem/renaming.py": ("tests/output/test_commit.py",),
    "filesystem/copying.py": ("tests/output/test_copying.py", "tests/output/test_staging.py"),
    "output/": ("tests/output/test_commit.py",),
    "reporting/html/report_file.py": ("tests/reporting/test_report_page.py",),
    "filesystem/temp_files.py": ("tests/readers/test_loaned_files.py", "tests/sources/test_tar_source.py"),
    "sources/tar_source.py": ("tests/execution/test_batch_archives.py",),
    "execution/batch_archives.py": ("tests/execution/test_batch_archives.py",),
    "tui/session/app_files.py": ("tests/tui/test_app_files.py",),
}
"""The tests that cover a file or folder of the package. Of several prefixes that match, the first one counts."""
COVERS_ALL = "tests/runs/test_safeguards.py"

RULES = (
    ("identity of an archive", re.compile(r"archive\.difference\([^()]*\([^()]*\)\)"), '""'),
    ("fsync", re.compile(r"(?<!\w)sync_file\("), "(lambda fd: None)("),
    ("fdatasync", re.compile(r"(?<!\w)sync_data\("), "(lambda fd: None)("),
    ("syncfs", re.compile(r"_SYNCFS\(self\.fd\)"), "0"),
    (
        "sync of a folder",
        re.compile(r"(?<![\w.])(?<!def )_?sync(?:_folder|_path)?\((?=[\w.]+(?:\(\))?\)$)", re.M),
        "(lambda fd: None)(",
    ),
    ("sync", re.compile(r"sync=True"), "sync=False"),
    ("sync of a record", re.compile(r"self\.sync\(\)"), "pass"),
    ("sync of the journal", re.compile(r"(?<=journal)\.sync\(\)"), ".last_scan"),
    ("sync of the disk", re.compile(r"output_dir\.sync\(\)"), "True"),
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
    """Replace a rename by a copy: the name exists before its bytes are complete."""
    import os

    source = os.open(old, os.O_RDONLY, dir_fd=src_dir_fd)
    target = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644, dir_fd=dst_dir_fd)
    while block := os.read(source, 65536):
        os.write(target, block)
    status = os.fstat(source)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.close(source)
    os.close(target)
    os.unlink(old, dir_fd=src_dir_fd)
'''


class Mutation(NamedTuple):
    """One safeguard, and the code without it."""

    name: str
    file: str
    line: int
    text: str
    """The content of the file without the safeguard."""
    tests: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"{self.name} at {self.file}:{self.line}"


def mutations() -> Iterator[Mutation]:
    """Yield all mutations, in the order of `TESTS`, then of the files."""
    package = ROOT / "pef_tui"
    for part, tests in TESTS.items():
        for path in sorted(package.rglob("*.py")):
            file = str(path.relative_to(package))
            if next((first for first in TESTS if file.startswith(first)), "") == part:
                yield from _of(file, path.read_text(), tests)


def _of(file: str, text: str, tests: tuple[str, ...]) -> Iterator[Mutation]:
    for name, pattern, replacement in RULES:
        for match in pattern.finditer(text):
            modified = text[: match.start()] + replacement + text[match.end() :]
            if replacement == "_copied(":
                modified += COPIED
            yield Mutation(name, file, text.count("\n", 0, match.start()) + 1, modified, tests)


def is_detected(mutation: Mutation, copy: Path) -> bool:
    """Return whether a test fails when the safeguard is missing."""
    path = copy / "pef_tui" / mutation.file
    original = path.read_text()
    path.write_text(mutation.text)
    try:
        return not (passes((COVERS_ALL,), copy) and passes(mutation.tests, copy))
    finally:
        path.write_text(original)


def passes(tests: tuple[str, ...], copy: Path) -> bool:
    """Return whether these tests pass on this copy of the package."""
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "", "-p", "no:cacheprovider", *tests]
    return not subprocess.run(command, cwd=copy, env=env, capture_output=True, check=False).returncode


def undetected(chosen: list[Mutation]) -> list[str]:
    """Return the mutations that no test detects. Raises SystemExit if tests fail without a mutation."""
    with tempfile.TemporaryDirectory(prefix="pef-tui-mutations-") as folder:
        copy = Path(folder)
        for name in ("pef_tui", "tests"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        for tests in ((COVERS_ALL,), *dict.fromkeys(mutation.tests for mutation in chosen)):
            if not passes(tests, copy):
                raise SystemExit(f"{', '.join(tests)} must pass before anything is removed")
        return [mutation.label for mutation in chosen if not is_detected(mutation, copy)]


def main() -> int:
    """Print the result; return 1 if a mutation is not detected, else 0."""
    parser = argparse.ArgumentParser(description="Remove one safeguard at a time and run the tests.")
    parser.add_argument(
        "word", nargs="?", default="", help="part of the name or file of the mutations to try"
    )
    parser.add_argument("--list", action="store_true", help="print the mutations and run nothing")
    options = parser.parse_args()
    chosen = [mutation for mutation in mutations() if options.word in mutation.label]
    if options.list:
        print(*(mutation.label for mutation in chosen), sep="\n")
        return 0
    alive = undetected(chosen)
    print(f"{len(chosen)} safeguards removed, one at a time; detected by no test: {alive or 'none'}")
    return int(bool(alive))


if __name__ == "__main__":
    sys.exit(main())
