"""Mount the FUSE file systems of the tests and of `bench/`, and always unmount them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from fuse_operations import FUSE

STARTS = 20.0
"""Seconds within which a server must have mounted its file system."""


class MountFailed(RuntimeError):
    """Raised if a file system cannot be mounted on this machine. The message is one sentence with the reason."""


def _fusermount() -> str | None:
    return shutil.which("fusermount3", path=os.defpath + ":/usr/local/bin:/sbin:/usr/sbin")


def missing_parts() -> str:
    """Return which parts of FUSE this machine lacks, separated by commas; "" if it has all."""
    device = os.access("/dev/fuse", os.R_OK | os.W_OK)
    parts = {
        "fusermount3 (Debian: fuse3)": _fusermount() is not None,
        "mfusepy or libfuse (make venv; Debian: fuse3)": FUSE is not None,
        "access to /dev/fuse": device,
    }
    return ", ".join(part for part, present in parts.items() if not present)


@contextmanager
def serving(program: Path, mount: Path, arguments: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Mount the file system that `program` serves, for the `with` block. `mount`: an existing folder.

    `arguments`: the arguments of `program`. Its standard input and output are pipes. Its standard error is in a file
    beside `mount` with the suffix `.log`. After the block, its standard input is closed, which ends it. Raises
    MountFailed.
    """
    fusermount = _fusermount()
    if parts := missing_parts():
        raise MountFailed(f"FUSE is needed, but this machine lacks {parts}.")
    assert fusermount is not None
    environment = {
        **os.environ,
        "PATH": f"{Path(fusermount).parent}:{os.defpath}",
        "PYTHONPATH": str(Path(__file__).parent),
    }
    log = mount.with_name(f"{mount.name}.log")
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, str(program), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        ) as server,
    ):
        try:
            _await_mount(server, mount, log)
            yield server
        finally:
            unmount(mount)
            _end(server)


def _await_mount(server: subprocess.Popen[str], mount: Path, log: Path) -> None:
    end = time.monotonic() + STARTS
    while not os.path.ismount(mount):
        if server.poll() is not None or time.monotonic() > end:
            last = log.read_text().strip().rpartition("\n")[2]
            raise MountFailed(f"No FUSE file system can be mounted on this machine: {last or 'no answer'}.")
        time.sleep(0.02)


def unmount(mount: Path) -> None:
    """Detach the mount immediately, even if it is in use or does not answer. Do nothing if it is not mounted."""
    if fusermount := _fusermount():
        subprocess.run([fusermount, "-u", "-z", str(mount)], check=False, capture_output=True)


def _end(server: subprocess.Popen[str]) -> None:
    """End a server whose mount is detached: request it; after STARTS seconds, kill it."""
    try:
        if server.stdin:
            server.stdin.close()
    except BrokenPipeError:
        pass  # it has ended
    try:
        server.wait(STARTS)
    except subprocess.TimeoutExpired:
        server.kill()


def require_fuse() -> None:
    """Skip the test if this machine has no FUSE; fail it if `CI` is set."""
    if parts := missing_parts():
        message = f"FUSE is needed, but this machine lacks {parts}."
        if "CI" in os.environ:
            pytest.fail(message)
        pytest.skip(message)
