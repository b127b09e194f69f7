"""Generate the manual page `docs/pef-tui.1` from the flags: `python -m tools.manual FILE`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pef_tui import __version__
from pef_tui.cli.args import EXAMPLES, Flag, all_flags

EXITS = {
    "0": "done",
    "1": "failed as a whole, or stopped early",
    "2": "usage or configuration",
    "3": "finished, some files failed",
    "4": "ExifTool is required and missing or too old",
    "75": "another run uses DEST",
    "129, 130, 143": "stopped by hang-up, Ctrl-C, TERM; a later run continues",
}
"""Exit codes, as in docs/usage.md."""


def manual() -> str:
    """Return the page in the macros of man(7)."""
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
        "The first form opens the terminal app. The second has no screen and no prompt. "
        "SOURCE is the folder of an export, or its archive parts; several are one export. DEST is a new or existing "
        "folder; with one SOURCE its default is the path of SOURCE plus \\-fixed. Sources are not changed, unless "
        "\\-\\-in\\-place is used."
    )
    heading = ""
    for flag in all_flags():
        if flag.heading != heading:
            heading = flag.heading
            yield f".SH {_roff(heading.upper())}"
        yield ".TP"
        yield _flag_names(flag)
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
    yield "The manifest of the runs, from which a later run continues; the report of the last run."
    yield ".TP"
    yield ".I $XDG_STATE_HOME/pef-tui"
    yield "The log, and the state of the screens."
    yield ".SH ENVIRONMENT"
    yield "PEF_TUI_ and the name of a flag in capitals; NO_COLOR; PEF_TUI_LOAD_PLUGINS (names, or empty for none)."
    yield ".SH EXAMPLES"
    for purpose, line in EXAMPLES.items():
        yield ".TP"
        yield f".B {_roff(line)}"
        yield purpose
    yield ".SH SEE ALSO"
    yield ".BR exiftool (1)"


def _flag_names(flag: Flag) -> str:
    names = ", ".join(f"\\fB{_roff(name)}\\fR" for name in flag.names)
    return f"{names} \\fI{_roff(flag.metavar)}\\fR" if flag.metavar else names


def _roff(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(manual(), encoding="utf-8")
