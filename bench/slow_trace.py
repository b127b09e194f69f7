"""List the calls of one run that reach a slow line, each with the line of code that makes it:

    python bench/slow_trace.py [--files 40] [--match IMG_0000011] [--local] [-- FLAG ...]

Makes an export behind a slow line and fixes it. The output is on the mount too (`--local`: on a local disk). FLAG:
flags for pef-tui, such as `--dry-run`. A line has the call on the mount, the call by Python that has the same path and
came last, and the innermost functions of pef-tui that made it. Calls by C code have those of an earlier call.

`--match` selects the paths that contain a text, such as the name of a picture. At the end: the number of calls on the
line by the code that makes them, the most frequent first.
"""

from __future__ import annotations

import argparse
import builtins
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from slow_commands import Conditions, MountFailed, SlowExport, mounted

TRACED = (
    "chmod", "chown", "close", "copy_file_range", "fchmod", "fdatasync", "fstat", "fsync", "ftruncate", "link",
    "listdir", "lstat", "mkdir", "open", "pread", "pwrite", "read", "readlink", "remove", "rename", "replace", "rmdir",
    "scandir", "sendfile", "stat", "statvfs", "symlink", "truncate", "unlink", "utime", "write",
)  # fmt: skip
TWO_FILES = ("copy_file_range", "link", "rename", "replace", "sendfile")
FRAMES = 3
"""Functions of pef-tui that are named with a call."""


class Tracer:
    """Writes a JSON line for each call of `os` with a path or descriptor below the mount: time, name, paths, code."""

    def __init__(self, mount: str, lines: TextIO) -> None:
        self._mount, self._lines, self._lock = mount, lines, threading.Lock()
        self._readlink = os.readlink

    def trace(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function `real`, which writes its calls before they are carried out."""

        def call(*args: Any, **options: Any) -> Any:
            folder = options.get("dir_fd")
            folders = (options.get("src_dir_fd", folder), options.get("dst_dir_fd", folder))
            values = args[:2] if name in TWO_FILES else args[:1]
            paths = [self._path(value, at) for value, at in zip(values, folders, strict=False)]
            below = [path.removeprefix(self._mount) for path in paths if path.startswith(f"{self._mount}/")]
            if below:
                line = json.dumps([time.time(), name, below, _callers()])
                with self._lock:
                    self._lines.write(line + "\n")
            return real(*args, **options)

        return call

    def _path(self, value: object, folder: int | None) -> str:
        """Return the absolute path of a path or descriptor; `folder` is the descriptor from which a path begins."""
        try:
            if isinstance(value, int):
                return self._readlink(f"/proc/self/fd/{value}")
            path = os.fsdecode(value)  # type: ignore[arg-type]
            return path if folder is None else os.path.join(self._readlink(f"/proc/self/fd/{folder}"), path)
        except (OSError, TypeError):
            return ""


def _callers() -> str:
    """Return the innermost functions of pef-tui that are active: `output/staging.py:93 stage < ...`."""
    frame: FrameType | None = sys._getframe(1)
    callers: list[str] = []
    while frame and len(callers) < FRAMES:
        _, package, file = frame.f_code.co_filename.rpartition("/pef_tui/")
        if package:
            callers.append(f"{file}:{frame.f_lineno} {frame.f_code.co_name}")
        frame = frame.f_back
    return " < ".join(callers)


def traced_run(mount: str, lines: str, arguments: list[str]) -> None:
    """Run pef-tui in this process, and write its calls to the file `lines`."""
    with Path(lines).open("w", buffering=1) as stream:
        tracer = Tracer(mount, stream)
        for name in TRACED:
            setattr(os, name, tracer.trace(name, getattr(os, name)))
        builtins.open = tracer.trace("open", builtins.open)
        sys.argv = ["pef-tui", *arguments]
        runpy.run_module("pef_tui", run_name="__main__")


def merged(calls: Iterable[str], traced: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return (kind, path, code) for each call that reached the mount, in the order of time.

    `calls`: lines of `slow_line.CallLog`. `traced`: lines of a Tracer. The code of a call is that of the last call by
    Python with this path; if there is none, of the last call.
    """
    lines: list[tuple[float, str, list[str], str]] = []
    for line in calls:
        at, kind, rest = line.split(" ", 2)
        lines.append((float(at), kind, [json.loads(rest.rpartition(" ")[0])], ""))
    for line in traced:
        when, name, paths, code = json.loads(line)
        lines.append((when, name, paths, code or "?"))
    by_path: dict[str, str] = {}
    last = "?"
    result: list[tuple[str, str, str]] = []
    for _, name, paths, code in sorted(lines, key=lambda line: line[0]):
        if code:
            last = f"{name}: {code}"
            by_path |= dict.fromkeys(paths, last)
        else:
            result.append((name, paths[0], by_path.get(paths[0], last)))
    return result


def shown(lines: list[tuple[str, str, str]], match: str = "") -> list[str]:
    """Return the text of the calls whose path contains `match`, then their number by the code that makes them."""
    selected = [line for line in lines if match in line[1]]
    texts = [f"{kind:9} {path!r}    {code}" for kind, path, code in selected]
    counts = Counter(code.partition(" < ")[0] for _, _, code in selected)
    by_code = [f"{count:6}  {code}" for code, count in counts.most_common()]
    return [*texts, "", f"{len(selected):6}  calls on the line, by:", *by_code]


def trace(place: Path, files: int, local: bool, flags: list[str]) -> list[tuple[str, str, str]]:
    """Run pef-tui over an export of this number of pictures; return its calls (`merged`). Raises MountFailed."""
    calls, traced = place / "calls", place / "traced"
    SlowExport(place, Conditions(files=files, folders=1))
    with mounted(place, log=calls) as mount:
        out = place / "out" if local else mount.path / "out"
        options = ["--batch", "-q", "--no-config", "--workers", "1", "--executor", "threads", *flags]
        arguments = [*options, str(mount.path / "export"), "-o", str(out)]
        command = [sys.executable, __file__, "traced", str(mount.path), str(traced), *arguments]
        environment = {**os.environ, "XDG_STATE_HOME": str(place / "state")}
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        if result.returncode:
            raise SystemExit(f"pef-tui ended with {result.returncode}: {result.stderr[-500:]}")
    return merged(calls.read_text().splitlines(), traced.read_text().splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--match", default="", help="list only lines with this text")
    parser.add_argument("--local", action="store_true", help="the output is on a local disk")
    parser.add_argument("flags", nargs="*", help="behind --: flags for pef-tui")
    given = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="pef-slow-"))
    try:
        lines = trace(place, given.files, given.local, given.flags)
    except MountFailed as error:
        raise SystemExit(str(error)) from None
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print(*shown(lines, given.match), sep="\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["traced"]:
        traced_run(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        main()
