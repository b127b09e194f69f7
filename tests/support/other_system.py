"""Run the command as on a system without the calls that only Linux has: `python other_system.py SYSTEM ARGUMENTS`.

SYSTEM is `darwin`, or `win32` (which has no `fcntl`, `resource` and others either).
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
import tempfile
from typing import Any

LINUX_ONLY = {
    os: (
        *(
            "fdatasync",
            "sched_getaffinity",
            "sched_setaffinity",
            "sendfile",
            "posix_fadvise",
            "posix_fallocate",
        ),
        *("copy_file_range", "memfd_create", "MFD_CLOEXEC", "POSIX_FADV_DONTNEED", "O_TMPFILE", "O_DIRECT"),
        *("O_NOATIME", "O_PATH", "listxattr", "getxattr", "setxattr", "removexattr", "eventfd", "splice"),
        *("pidfd_open", "preadv", "pwritev", "setns", "unshare", "getresuid", "setresuid", "posix_openpt"),
    ),
    signal: ("sigtimedwait", "sigwaitinfo"),
}
LINUX_FUNCTIONS = ("renameat2", "syncfs", "statx", "prctl", "fallocate", "copy_file_range")
NOT_ON_WINDOWS = ("fcntl", "resource", "termios", "pwd", "grp", "pty", "tty")
LOADED_BEFORE = (
    *("subprocess", "shutil", "tempfile", "zoneinfo", "platform", "sqlite3", "multiprocessing", "webbrowser"),
    *("uuid", "logging", "locale", "selectors", "socket", "asyncio", "sysconfig"),
)
"""Modules of Python that would look for modules of the other system."""


class OtherLibrary:
    """The C library without the functions that only Linux has."""

    def __init__(self, library: Any) -> None:
        self._library = library

    def __getattr__(self, name: str) -> Any:
        if name in LINUX_FUNCTIONS:
            raise AttributeError(name)
        return getattr(self._library, name)


def change_system(system: str) -> None:
    """Take away what `system` does not have. Call it before the program is imported."""
    for name in LOADED_BEFORE:
        importlib.import_module(name)
    for module, names in LINUX_ONLY.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    tempfile._O_TMPFILE_WORKS = False  # type: ignore[attr-defined]
    real = ctypes.CDLL
    ctypes.CDLL = lambda *arguments, **fields: OtherLibrary(real(*arguments, **fields))  # type: ignore[misc, assignment]
    if system == "win32":
        for name in NOT_ON_WINDOWS:
            sys.modules[name] = None  # type: ignore[assignment]
    sys.platform = system


if __name__ == "__main__":
    change_system(sys.argv[1])
    del sys.argv[1]
    from pef_tui.__main__ import main

    main()
