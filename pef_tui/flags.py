"""The command line: every flag built from the table of settings."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import NoReturn

from msgspec import Struct

from pef_tui.config import ConfigError, Option, options
from pef_tui.display import safe

GROUPS = {
    "what happens": (
        "output",
        "dry_run",
        "in_place",
        "hard_links",
        "symlinks",
        "verify",
        "existing",
        "decisions",
        "tags",
        "raw",
        "timezone",
        "dates_from_names",
        "unmatched",
        "extensions",
        "albums",
        "layout",
        "xmp",
        "xmp_name",
        "writer",
    ),
    "which files": ("only", "album", "skip", "include", "exclude", "since", "until", "force", "retry_failed"),
    "the screens": ("plain", "on_hangup", "theme"),
    "how it runs and what it tells": (
        *(
            "batch",
            "json",
            "quiet",
            "verbose",
            "progress",
            "log",
            "report",
            "max_errors",
            "unpack_ratio",
            "workers",
            "executor",
            "exiftool",
            "plugin",
            "profile",
            "trace_plugins",
        ),
    ),
}
"""Headings of `--help`."""

ACTIONS = {
    "plugins": "list the plugins (with --json too)",
    "doctor": "check the installation, ExifTool and DEST (with --json too)",
    "status": "what the manifest knows of DEST, without a look at any source (with --json too)",
    "show_config": "every setting, its value and where it comes from (with --json too)",
}
"""Flags that do one thing instead of a run."""

SHELLS = ("bash", "zsh", "fish")
"""Those that `--completion` knows."""

ON_RUNS = {
    "undo": "put back what an in-place run of SOURCE changed (RUN, or last)",
    "forget": "remove what an in-place run could be undone with (RUN, or last)",
}
"""The same, for one in-place run."""

EPILOG = (
    "Every setting has an environment variable (PEF_TUI_ and its name in capitals) and a key in "
    "$XDG_CONFIG_HOME/pef-tui/config.toml; a switch is taken back with --no-NAME. "
    "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 some files failed, 4 ExifTool missing though "
    "asked for, 75 another run holds DEST, 129/130/143 stopped."
)


class Arguments(Struct, frozen=True):
    """A command line taken apart."""

    flags: dict[str, object]
    """What was given, by name of the setting."""
    action: str = ""
    run: str = ""
    """Which run the action is about."""
    config: str = ""
    user_file: bool = True
    completion: str = ""
    """Which shell's completion is wanted."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{safe(message, 300)} (pef-tui --help tells what there is)")


def parse(argv: Sequence[str]) -> Arguments:
    """Take the arguments apart. Raises ConfigError; exits for --help and --version."""
    end = argv.index("--") if "--" in argv else len(argv)
    given = vars(_parser().parse_intermixed_args(list(_with_percent(argv[:end]))))
    given["sources"] = [*given.get("sources", ()), *argv[end + 1 :]]
    action = next((name for name in ACTIONS if given.pop("do_" + name, False)), "")
    run = ""
    for name in ON_RUNS:
        if (named := given.pop("do_" + name, None)) is not None:
            action, run = name, named
    config = given.pop("config", "")
    user_file = not given.pop("no_config", False)
    if not given["sources"]:
        del given["sources"]
    return Arguments(given, action, run, config, user_file, given.pop("completion", ""))


class Flag(Struct, frozen=True):
    """One flag as `--help` has it, for completions and the manual page."""

    names: tuple[str, ...]
    text: str
    heading: str
    metavar: str = ""
    """What its value is called; "" for a switch."""
    choices: tuple[str, ...] = ()
    many: bool = False
    """It may be given several times."""


def every_flag() -> list[Flag]:
    """All flags, in the order of `--help`."""
    found = []
    for group in _parser()._action_groups:
        for action in group._group_actions:
            if not action.option_strings or action.help == argparse.SUPPRESS:
                continue
            names, table = tuple(action.option_strings), options()
            option = table.get(action.dest)
            choices = option.choices if option is not None else SHELLS if action.dest == "completion" else ()
            metavar = "" if action.nargs == 0 else str(action.metavar or "")
            text = (action.help or "").replace("%%", "%")
            many = isinstance(action, argparse._AppendAction)
            found.append(Flag(names, text, str(group.title), metavar, choices, many))
    return found


def _with_percent(argv: Sequence[str]) -> Iterator[str]:
    """`--verify` alone means all; what follows it may be a SOURCE."""
    for place, argument in enumerate(argv):
        following = argv[place + 1] if place + 1 < len(argv) else ""
        yield "--verify=100" if argument == "--verify" and not following.isdigit() else argument


def _parser() -> _Parser:
    from pef_tui import __version__

    parser = _Parser(
        "pef-tui",
        usage="pef-tui [SOURCE ...] [-o DEST] [flags]\n       pef-tui --batch SOURCE ... [-o DEST] [flags]",
        description="Puts back into photos and videos what a Google Photos export leaves in JSON files beside them.",
        epilog=EPILOG,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    table = options()
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help=table["sources"].text)
    for heading, names in GROUPS.items():
        group = parser.add_argument_group(heading)
        for name in names:
            _add(group, table[name])
    group = parser.add_argument_group("settings and installation")
    group.add_argument("--config", metavar="FILE", help="settings from FILE")
    group.add_argument("--no-config", action="store_true", help="leave the user's config.toml aside")
    for name, text in ACTIONS.items():
        group.add_argument("--" + name.replace("_", "-"), action="store_true", dest="do_" + name, help=text)
    for name, text in ON_RUNS.items():
        group.add_argument("--" + name, metavar="RUN", dest="do_" + name, help=text)
    shells = f"print what {', '.join(SHELLS)} need to complete flags"
    group.add_argument("--completion", choices=SHELLS, metavar="|".join(SHELLS), help=shells)
    group.add_argument("--version", action="version", version=f"pef-tui {__version__}")
    return parser


def _add(group: argparse._ArgumentGroup, option: Option) -> None:
    names = [option.short, option.flag] if option.short else [option.flag]
    if option.kind == "switch":
        group.add_argument(*names, action="store_true", dest=option.name, help=option.text)
        negation = "--no-" + option.flag.removeprefix("--")
        group.add_argument(negation, action="store_false", dest=option.name, help=argparse.SUPPRESS)
    else:
        action = "append" if option.kind == "list" else "store"
        group.add_argument(
            *names,
            action=action,
            dest=option.name,
            metavar=option.metavar,
            help=option.text.replace("%", "%%"),
        )
