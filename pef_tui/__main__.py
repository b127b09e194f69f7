"""Entry point of `python -m pef_tui` and of the command `pef-tui`."""

from __future__ import annotations

import gc
import os
import sys
from importlib.util import find_spec

GC_THRESHOLD = 50_000
"""Number of new objects after which the garbage collector runs. It is high, because the collector would find nothing:
a run creates hundreds of objects for each file, but no reference cycles.
"""
UNSUPPORTED_SYSTEM = (
    "pef-tui: does not run on Windows itself. Use WSL: run `wsl --install`, then install it in its Linux\n"
)


def main() -> None:
    """Run the command and exit with its exit code."""
    if sys.platform == "win32" or find_spec("fcntl") is None:
        sys.stderr.write(UNSUPPORTED_SYSTEM)
        raise SystemExit(1)
    _open_closed_streams()
    try:
        status: object = _command()
    except SystemExit as exit_request:  # --help
        status = exit_request.code
    try:
        sys.stdout.flush()
    except (OSError, ValueError):  # the reader of the pipe, or a plugin, has closed standard output
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    raise SystemExit(status)


def _command() -> int:
    """Run the command and return its exit code. If `--version` is the only argument, import no further modules."""
    if sys.argv[1:] == ["--version"]:  # without further imports
        from pef_tui import __version__

        print(f"pef-tui {__version__}")
        return 0
    if sys.getfilesystemencoding().lower() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        _restart_in_utf8()
    _remove_working_directory()
    gc.set_threshold(GC_THRESHOLD, 20, 20)
    from pef_tui.cli.main import main as command

    return command(sys.argv[1:])


def _restart_in_utf8() -> None:
    """Restart Python in UTF-8 mode, because only this mode preserves all file names (which are bytes) exactly."""
    os.environ["PYTHONUTF8"] = "1"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _open_closed_streams() -> None:
    """Open closed standard streams (`>&-`) on the null device, because otherwise the next opened file would get the
    descriptor of a standard stream.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(0)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w")  # noqa: SIM115


def _remove_working_directory() -> None:
    """Remove the working directory, which `python -m` adds, from `sys.path`, so that no module is loaded from it."""
    try:
        directory = os.getcwd()
    except OSError:  # it was removed
        directory = ""
    if not sys.flags.safe_path and sys.path and sys.path[0] in ("", directory):
        del sys.path[0]


if __name__ == "__main__":
    main()
