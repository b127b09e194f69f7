"""Runs into an output folder on an odd disk, each with its preview and a further run, and what must hold after them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from commands import Line, run_here

DONE = {"written", "sidecar", "copied", "unchanged"}
QUIET = {"unchanged", "duplicate", "skipped"}
_SOS = b"\xff\xda"


def image_data(data: bytes) -> bytes:
    """Of a JPEG, everything from its scan on."""
    return data[data.index(_SOS) :]


def named(shown: str) -> str:
    """A path as the file system has it: bytes that are no UTF-8 are shown as `\\xff`."""
    return re.sub(r"\\x([89a-f][0-9a-f])", lambda byte: os.fsdecode(bytes.fromhex(byte[1])), shown)


def media_lines(lines: list[Line]) -> dict[str, Line]:
    return {line["source"]: line for line in lines if line["type"] == "media"}


def listed(dest: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file below DEST as the disk spells it: inode, time, bytes."""
    return {
        os.path.relpath(path, dest): (
            os.stat(path).st_ino,
            os.stat(path).st_mtime_ns,
            Path(path).read_bytes(),
        )
        for folder, _, names in os.walk(dest)
        if ".pef-tui" not in Path(folder).parts
        for path in (os.path.join(folder, name) for name in sorted(names))
    }


def settle(
    source: Path, dest: Path, *more: str, preview: bool = True, failed: set[str] | None = None
) -> dict[str, Line]:
    """A preview, a run and a run that has nothing to do; the lines of the run's media files.

    `preview`: must it have said what the run did? `failed`: names of files that may fail.
    """
    status = 3 if failed else 0
    foreseen = media_lines(run_here(source, dest, "-n", *more, status=status))
    made = media_lines(run_here(source, dest, *more, status=status))
    check(made, source, dest, failed or set())
    if preview:
        assert {key: line["output"] for key, line in foreseen.items()} == {
            key: line["output"] for key, line in made.items()
        }
        assert {key: line["outcome"] for key, line in foreseen.items()} == {
            key: line["outcome"] for key, line in made.items()
        }, [
            (line["source"], line["outcome"], line["reason"]) for line in (*foreseen.values(), *made.values())
        ]
    before = listed(dest)
    again = media_lines(run_here(source, dest, *more, status=status))
    assert {line["outcome"] for line in again.values()} <= QUIET | ({"failed"} if failed else set())
    assert {key: line["output"] for key, line in again.items()} == {
        key: line["output"] for key, line in made.items()
    }
    assert listed(dest) == before
    return made


def check(lines: dict[str, Line], source: Path, dest: Path, failed: set[str]) -> None:
    """Every picture is in DEST, and none in the file of another."""
    owners: dict[int, str] = {}
    for key, line in lines.items():
        if line["outcome"] == "failed":
            assert os.path.basename(line["source"]) in failed, (key, line["reason"])
            assert line["reason"]
            continue
        original = source / named(line["source"])
        if line["output"] is None:
            assert line["outcome"] in ("duplicate", "skipped"), line
            continue
        output = dest / named(line["output"])
        assert image_data(output.read_bytes()) == image_data(original.read_bytes()), (key, line)
        other = owners.setdefault(output.stat().st_ino, key)
        assert other == key or output.stat().st_nlink > 1, (
            f"{key} and {other} have one output, {line['output']}"
        )
    assert not list((dest / ".pef-tui" / "staging").iterdir())
