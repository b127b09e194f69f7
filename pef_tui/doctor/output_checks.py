"""Check of DEST for `--doctor`: the space and features of its file system, tested in a temporary directory."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pef_tui.filesystem.copying import clone
from pef_tui.hooks import Finding

LONGEST_NAME = 255
"""Maximum length in bytes of a file name on nearly all file systems."""
LITTLE_SPACE = 1 << 30
"""Free space in bytes below which the check warns."""


def check_output(output: str) -> Iterable[Finding]:
    """Yield findings on DEST, or on its nearest existing parent: permission, space, links, file names."""
    directory = Path(output).absolute()
    if directory.exists() and not directory.is_dir():
        yield Finding("problem", f"{directory} is a file, not a folder", "name another one with -o DEST")
        return
    while not directory.exists():
        directory = directory.parent
    try:
        trial = Path(tempfile.mkdtemp(prefix=".pef-tui-check-", dir=directory))
    except OSError as error:
        yield Finding(
            "problem", f"{directory} cannot be written: {error.strerror}", "name another one with -o DEST"
        )
        return
    try:
        yield Finding("ok", f"{directory} can be written")
        yield from _space(directory)
        yield from _abilities(trial)
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def _space(place: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(place).free
    text = f"{free / 1e9:,.1f} GB free"
    if free < LITTLE_SPACE:
        yield Finding("warning", text, "an export needs about its own size")
    else:
        yield Finding("ok", text)


def _abilities(trial: Path) -> Iterator[Finding]:
    """Yield findings on the features of the file system, tested with files in the empty directory `trial`."""
    first = trial / "first"
    first.write_bytes(b"x" * 4096)
    yield _can("reflinks (copies that take no space)", lambda: _reflink(first, trial / "second"))
    yield _can("hard links", lambda: os.link(first, trial / "third"))
    (trial / "case").touch()
    yield from _rule((trial / "CASE").exists(), "capital and small letters")
    (trial / "\u00e9").touch()
    yield from _rule((trial / "e\u0301").exists(), "composed and decomposed characters")
    try:
        (trial / ("n" * LONGEST_NAME)).touch()
        yield Finding("ok", f"names of {LONGEST_NAME} bytes")
    except OSError as error:
        reason = "longer names are shortened" if error.errno == errno.ENAMETOOLONG else error.strerror
        yield Finding("warning", f"no names of {LONGEST_NAME} bytes: {reason}")


def _can(feature: str, attempt: Callable[[], object]) -> Finding:
    """Return a finding on whether the file system has a feature.

    `attempt`: function that uses the feature, and raises OSError if the file system does not have it.
    """
    with suppress(OSError, ImportError):
        attempt()
        return Finding("ok", feature)
    return Finding("note", f"no {feature}")


def _reflink(source: Path, target: Path) -> None:
    with source.open("rb") as reading, target.open("wb") as writing:
        clone(reading.fileno(), writing.fileno())


def _rule(same: bool, difference: str) -> Iterator[Finding]:
    """Yield a finding on file names that differ only in `difference` (for instance in capital and small letters).

    `same`: whether the file system treats such names as the same name.
    """
    if same:
        yield Finding(
            "note", f"names that differ only in {difference} are the same here", "they get (2), (3)"
        )
    else:
        yield Finding("ok", f"{difference} make different names")
