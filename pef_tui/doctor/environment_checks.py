"""Checks of the environment for `--doctor`: Perl, terminal, tmux, SSH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping

from pef_tui.hooks import Finding

OLDEST_PERL = (5, 10)
"""Oldest version of Perl without a warning. With older versions, ExifTool runs but writes no compressed tags."""
MIN_SIZE = (80, 24)
"""Columns and lines of the smallest terminal for which the screens are made."""
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?")


def check_perl() -> Finding:
    """Return a finding on the Perl on PATH. If there is none, the finding is only a note, because ExifTool may come
    with its own Perl.
    """
    path = shutil.which("perl")
    version = _command_output(path, "-e", "printf '%vd', $^V") if path else ""
    version_match = _VERSION.fullmatch(version)
    if path is None or version_match is None:
        return Finding("note", "no Perl on PATH; a packaged ExifTool includes its own")
    if (int(version_match[1]), int(version_match[2])) < OLDEST_PERL:
        return Finding("warning", f"Perl {version} at {path} is old", "install Perl 5.10 or newer")
    return Finding("ok", f"Perl {version} at {path}")


def check_terminal(
    environ: Mapping[str, str] = os.environ, size: tuple[int, int] | None = None
) -> Iterator[Finding]:
    """Yield findings on TERM, colours, size, tmux or screen, and SSH.

    `size`: columns and lines of the terminal; None to ask the terminal.
    """
    term = environ.get("TERM", "")
    inside = "tmux" if "TMUX" in environ else "screen" if "STY" in environ else ""
    size = _size() if size is None else size
    parts = [f"TERM {term or 'not set'}", f"{size[0]} x {size[1]}" if size else "no terminal"]
    parts += [f"inside {inside}"] * bool(inside) + ["over SSH"] * ("SSH_CONNECTION" in environ)
    parts += [_colours(environ)]
    yield Finding("ok", ", ".join(parts))
    if size and term in ("", "dumb"):
        advice = "set TERM to the type of the terminal, for instance xterm-256color, or use --batch"
        yield Finding("warning", "screens cannot be drawn on this terminal", advice)
    if size and (size[0] < MIN_SIZE[0] or size[1] < MIN_SIZE[1]):
        yield Finding(
            "note", f"screens are made for {MIN_SIZE[0]} x {MIN_SIZE[1]} and more", "make the window larger"
        )
    if inside == "tmux" and size and not term.startswith(("tmux", "screen")):
        advice = 'set -g default-terminal "tmux-256color" in ~/.tmux.conf'
        yield Finding(
            "note", f"TERM inside tmux is {term or 'not set'}: colours and keys may be wrong", advice
        )
    if "SSH_CONNECTION" in environ and not inside:
        advice = (
            "run it inside tmux" if shutil.which("tmux") else "install tmux and run it inside, or use nohup"
        )
        yield Finding("note", "without tmux a lost connection may end a run; the next one continues", advice)


def _colours(environ: Mapping[str, str]) -> str:
    if environ.get("NO_COLOR"):
        return "colour off (NO_COLOR)"
    if environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256" in environ.get("TERM", "") else "few colours"


def _size() -> tuple[int, int] | None:
    """Return columns and lines of the terminal; None if no standard stream is a terminal."""
    for stream in (sys.__stdout__, sys.__stderr__, sys.__stdin__):
        try:
            if stream is not None and stream.isatty():
                size = os.get_terminal_size(stream.fileno())
                return (size.columns, size.lines) if size.columns else None
        except (OSError, ValueError):
            continue
    return None


def _command_output(*command: str) -> str:
    """Return the standard output of a command; "" if the command cannot be run or needs more than 10 seconds."""
    try:
        result = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return result.stdout.decode("ascii", "replace").strip()
