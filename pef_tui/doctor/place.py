"""What the disk under DEST can do: tried out in a folder that is removed again."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pef_tui.hooks import Finding
from pef_tui.write.copying import clone

LONGEST_NAME = 255
"""Bytes of a name on nearly every file system."""
LITTLE_SPACE = 1 << 30


def examine_place(output: str) -> Iterable[Finding]:
    """DEST, or the folder it would be made in: writable, space, links, rules for names."""
    place = Path(output).absolute()
    if place.exists() and not place.is_dir():
        yield Finding("problem", f"{place} is a file, not a folder", "name another one with -o DEST")
        return
    while not place.exists():
        place = place.parent
    try:
        trial = Path(tempfile.mkdtemp(prefix=".pef-tui-check-", dir=place))
    except OSError as error:
        yield Finding(
            "problem", f"{place} cannot be written: {error.strerror}", "name another one with -o DEST"
        )
        return
    try:
        yield Finding("ok", f"{place} can be written")
        yield from _space(place)
        yield from _abilities(trial)
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def _space(place: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(place).free
    what = f"{free / 1e9:,.1f} GB free"
    if free < LITTLE_SPACE:
        yield Finding("warning", what, "an export needs about its own size")
    else:
        yield Finding("ok", what)


def _abilities(trial: Path) -> Iterator[Finding]:
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
        why = "longer names are cut there" if error.errno == errno.ENAMETOOLONG else error.strerror
        yield Finding("warning", f"no names of {LONGEST_NAME} bytes: {why}")


def _can(what: str, attempt: Callable[[], object]) -> Finding:
    with suppress(OSError, ImportError):
        attempt()
        return Finding("ok", what)
    return Finding("note", f"no {what}")


def _reflink(source: Path, target: Path) -> None:
    with source.open("rb") as reading, target.open("wb") as writing:
        clone(reading.fileno(), writing.fileno())


def _rule(same: bool, what: str) -> Iterator[Finding]:
    if same:
        yield Finding("note", f"names that differ only in {what} are the same here", "they get (2), (3)")
    else:
        yield Finding("ok", f"{what} make different names")
