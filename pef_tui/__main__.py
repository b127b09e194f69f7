"""`python -m pef_tui` and the command `pef-tui`."""

from __future__ import annotations

import gc
import os
import sys

UNSEEN = 50_000
"""Objects more before the collector of cycles looks for some: a file makes hundreds, of which none is in a cycle."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    _have_streams()
    try:
        status: object = _command()
    except SystemExit as left:  # --help
        status = left.code
    try:
        sys.stdout.flush()
    except (OSError, ValueError):  # nobody reads any more, or a plugin closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    raise SystemExit(status)


def _command() -> int:
    if sys.argv[1:] == ["--version"]:  # answered without loading anything
        from pef_tui import __version__

        print(f"pef-tui {__version__}")
        return 0
    if sys.getfilesystemencoding().lower() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        _again_in_utf8()
    _leave_working_directory()
    gc.set_threshold(UNSEEN, 20, 20)
    from pef_tui.cli import main as command

    return command(sys.argv[1:])


def _again_in_utf8() -> None:
    """File names are bytes; only in UTF-8 mode does Python hand every one of them through unchanged."""
    os.environ["PYTHONUTF8"] = "1"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _have_streams() -> None:
    """A closed standard stream (`>&-`) is opened on the null device, or the next file opened would be it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(0)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w")  # noqa: SIM115


def _leave_working_directory() -> None:
    """`python -m` puts the working directory on the path of modules; nothing is ever loaded from there."""
    try:
        here = os.getcwd()
    except OSError:  # it was removed
        here = ""
    if not sys.flags.safe_path and sys.path and sys.path[0] in ("", here):
        del sys.path[0]


if __name__ == "__main__":
    main()
