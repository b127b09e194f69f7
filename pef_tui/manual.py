"""The manual page `docs/pef-tui.1`, made from the flags that there are: `python -m pef_tui.manual FILE`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pef_tui import __version__
from pef_tui.flags import Flag, every_flag

EXITS = {
    "0": "done",
    "1": "failed as a whole, or stopped early",
    "2": "usage or configuration",
    "3": "finished, some files failed",
    "4": "ExifTool is missing or too old though asked for",
    "75": "another run holds DEST",
    "129, 130, 143": "stopped by hang-up, Ctrl-C, TERM; a later run goes on",
}
"""Exit codes (docs/usage.md has them too)."""

EXAMPLES = {
    "what would happen, picture by picture; nothing is written": "pef-tui --batch --dry-run -v Takeout",
    "do it, with all parts as they were downloaded": "pef-tui --batch takeout-*.zip -o Photos",
    "what went wrong before, once more": "pef-tui --batch Takeout -o Photos --retry-failed",
}
"""What is done most."""


def manual() -> str:
    """The page in the macros of man(7)."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield f'.TH PEF-TUI 1 "" "pef-tui {__version__}" "User Commands"'
    yield ".SH NAME"
    yield "pef-tui \\- put back into photos what a Google Photos export leaves in JSON files beside them"
    yield ".SH SYNOPSIS"
    yield ".B pef-tui"
    yield "[SOURCE ...] [\\-o DEST] [flags]"
    yield ".br"
    yield ".B pef-tui \\-\\-batch"
    yield "SOURCE ... [\\-o DEST] [flags]"
    yield ".SH DESCRIPTION"
    yield (
        "The first form opens the terminal app, the second never draws and never asks. "
        "SOURCE is the folder of an export, or its archive parts; several are one export. DEST is a new or existing "
        "folder; with one SOURCE it may be left out and is then its path with \\-fixed behind it. Sources are not "
        "changed unless \\-\\-in\\-place asks for it."
    )
    heading = ""
    for flag in every_flag():
        if flag.heading != heading:
            heading = flag.heading
            yield f".SH {_roff(heading.upper())}"
        yield ".TP"
        yield _named(flag)
        yield _roff(flag.text)
    yield ".SH EXIT STATUS"
    for code, text in EXITS.items():
        yield ".TP"
        yield f".B {code}"
        yield _roff(text)
    yield ".SH FILES"
    yield ".TP"
    yield ".I $XDG_CONFIG_HOME/pef-tui/config.toml"
    yield "Settings; a key for each flag, and the table [plugins.NAME] of each plugin."
    yield ".TP"
    yield ".I DEST/.pef-tui"
    yield "What runs have done, so that a later one goes on; the report of the last run."
    yield ".TP"
    yield ".I $XDG_STATE_HOME/pef-tui"
    yield "The log, and what the screens remember."
    yield ".SH ENVIRONMENT"
    yield "PEF_TUI_ and the name of a flag in capitals; NO_COLOR; PEF_TUI_LOAD_PLUGINS (names, or empty for none)."
    yield ".SH EXAMPLES"
    for what, line in EXAMPLES.items():
        yield ".TP"
        yield f".B {_roff(line)}"
        yield what
    yield ".SH SEE ALSO"
    yield ".BR exiftool (1)"


def _named(flag: Flag) -> str:
    shown = ", ".join(f"\\fB{_roff(name)}\\fR" for name in flag.names)
    return f"{shown} \\fI{_roff(flag.metavar)}\\fR" if flag.metavar else shown


def _roff(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(manual(), encoding="utf-8")
