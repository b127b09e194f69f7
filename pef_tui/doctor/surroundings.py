"""What a run finds around it: Perl, the terminal, tmux, SSH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping

from pef_tui.hooks import Finding

OLDEST_PERL = (5, 10)
"""ExifTool runs with older ones, but writes no compressed tags there."""
SMALLEST = (80, 24)
"""Columns and lines that screens are made for."""
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?")


def examine_perl() -> Finding:
    """The Perl that ExifTool runs on; a packed ExifTool brings its own."""
    path = shutil.which("perl")
    version = _said(path, "-e", "printf '%vd', $^V") if path else ""
    found = _VERSION.fullmatch(version)
    if path is None or found is None:
        return Finding("note", "no Perl on PATH; ExifTool brings its own where it answers")
    if (int(found[1]), int(found[2])) < OLDEST_PERL:
        return Finding("warning", f"Perl {version} at {path} is old", "install Perl 5.10 or newer")
    return Finding("ok", f"Perl {version} at {path}")


def examine_terminal(
    environ: Mapping[str, str] = os.environ, size: tuple[int, int] | None = None
) -> Iterator[Finding]:
    """TERM, colours, size, tmux or screen, SSH. `size`: columns and lines; None: those of the terminal, if any."""
    term = environ.get("TERM", "")
    inside = "tmux" if "TMUX" in environ else "screen" if "STY" in environ else ""
    size = _size() if size is None else size
    parts = [f"TERM {term or 'not set'}", f"{size[0]} x {size[1]}" if size else "no terminal"]
    parts += [f"inside {inside}"] * bool(inside) + ["over SSH"] * ("SSH_CONNECTION" in environ)
    parts += [_colours(environ)]
    yield Finding("ok", ", ".join(parts))
    if size and term in ("", "dumb"):
        advice = "set TERM to what it is, for instance xterm-256color, or use --batch"
        yield Finding("warning", "screens cannot be drawn on this terminal", advice)
    if size and (size[0] < SMALLEST[0] or size[1] < SMALLEST[1]):
        yield Finding(
            "note", f"screens are made for {SMALLEST[0]} x {SMALLEST[1]} and more", "make the window larger"
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
        yield Finding("note", "without tmux a lost connection may end a run; the next one goes on", advice)


def _colours(environ: Mapping[str, str]) -> str:
    if environ.get("NO_COLOR"):
        return "colour off (NO_COLOR)"
    if environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256" in environ.get("TERM", "") else "few colours"


def _size() -> tuple[int, int] | None:
    for stream in (sys.__stdout__, sys.__stderr__, sys.__stdin__):
        try:
            if stream is not None and stream.isatty():
                found = os.get_terminal_size(stream.fileno())
                return (found.columns, found.lines) if found.columns else None
        except (OSError, ValueError):
            continue
    return None


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("ascii", "replace").strip()
