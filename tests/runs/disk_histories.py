"""Run into an output folder on an unusual disk, each time with a preview and a further run, and check the result."""

from __future__ import annotations

import os
import re
from pathlib import Path

from commands import Line, run_here

DONE = {"written", "sidecar", "copied", "unchanged"}
QUIET = {"unchanged", "duplicate", "skipped"}
_SOS = b"\xff\xda"


def image_data(data: bytes) -> bytes:
    """Return all bytes of a JPEG from its first scan on."""
    return data[data.index(_SOS) :]


def named(text: str) -> str:
    """Return a path as the file system has it. Bytes that are not UTF-8 are shown as `\\xff`."""
    return re.sub(r"\\x([89a-f][0-9a-f])", lambda byte: os.fsdecode(bytes.fromhex(byte[1])), text)


def media_lines(lines: list[Line]) -> dict[str, Line]:
    return {line["source"]: line for line in lines if line["type"] == "media"}


def file_stats(dest: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return inode, time and bytes of every file below DEST, by its spelling on the disk."""
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
    source: Path, dest: Path, *options: str, preview: bool = True, failed: set[str] | None = None
) -> dict[str, Line]:
    """Preview, run, and run again without work. Return the run's lines of media files.

    `preview`: whether the preview must report the same as the run. `failed`: names of files that may fail.
    """
    status = 3 if failed else 0
    foreseen = media_lines(run_here(source, dest, "-n", *options, status=status))
    sample = media_lines(run_here(source, dest, *options, status=status))
    check(sample, source, dest, failed or set())
    if preview:
        assert {key: line["output"] for key, line in foreseen.items()} == {
            key: line["output"] for key, line in sample.items()
        }
        assert {key: line["outcome"] for key, line in foreseen.items()} == {
            key: line["outcome"] for key, line in sample.items()
        }, [
            (line["source"], line["outcome"], line["reason"])
            for line in (*foreseen.values(), *sample.values())
        ]
    state_before = file_stats(dest)
    second_run = media_lines(run_here(source, dest, *options, status=status))
    assert {line["outcome"] for line in second_run.values()} <= QUIET | ({"failed"} if failed else set())
    assert {key: line["output"] for key, line in second_run.items()} == {
        key: line["output"] for key, line in sample.items()
    }
    assert file_stats(dest) == state_before
    return sample


def check(lines: dict[str, Line], source: Path, dest: Path, failed: set[str]) -> None:
    """Check that every picture is in DEST, and that none is in the file of another."""
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
        second = owners.setdefault(output.stat().st_ino, key)
        assert second == key or output.stat().st_nlink > 1, (
            f"{key} and {second} have one output, {line['output']}"
        )
    assert not list((dest / ".pef-tui" / "staging").iterdir())
