"""Parse the command line. The flags are built from the table of settings (`config.options`)."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NoReturn

from msgspec import Struct

from pef_tui.config import ConfigError, Option, options
from pef_tui.sanitize import safe
from pef_tui.suggestions import suggestion

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
    "the screens": ("plain", "on_hangup", "theme", "no_title", "no_bell"),
    "output and execution": (
        *(
            "batch",
            "json",
            "quiet",
            "verbose",
            "progress",
            "log",
            "report",
            "metrics",
            "max_errors",
            "lock_wait",
            "unpack_ratio",
            "workers",
            "executor",
            "exiftool",
            "no_exiftool_advice",
            "plugin",
            "profile",
            "trace_plugins",
        ),
    ),
}
"""Names of the settings under each heading of `--help`."""

ACTIONS = {
    "demo": "make a small export in folder SOURCE (default pef-tui-demo); open the app on it, or run it (--batch)",
    "plugins": "list the plugins (with --json too)",
    "doctor": "check the installation, ExifTool and DEST (with --json too)",
    "status": "what the manifest of DEST records; reads no source (with --json too)",
    "anonymise": "list SOURCE in the file of -o, with all words replaced, for a bug report",
    "show_config": "every setting, its value and its origin (with --json too)",
}
"""Flags that carry out an action instead of a run, and their help texts."""

SHELLS = ("bash", "zsh", "fish")
"""The shells that `--completion` supports."""

RUN_ACTIONS = {
    "undo": "restore what an in-place run of SOURCE changed (RUN, or last)",
    "forget": "delete the data for undoing an in-place run (RUN, or last)",
}
"""Flags that carry out an action on one in-place run, and their help texts."""

EPILOG = (
    "Every setting has an environment variable (PEF_TUI_ and its name in capitals) and a key in "
    "$XDG_CONFIG_HOME/pef-tui/config.toml; --no-NAME turns a switch off. "
    "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 some files failed or something is missing, "
    "4 ExifTool required and missing, 75 another run uses DEST, 129/130/143 stopped."
)

EXAMPLES = {
    "open the app on a small export, to try it": "pef-tui --demo",
    "preview the outcome of each picture; write nothing": "pef-tui --batch --dry-run -v Takeout",
    "write the result of all downloaded parts": "pef-tui --batch takeout-*.zip -o Photos",
    "links in the folders of albums, instead of copies": "pef-tui --batch Takeout -o Photos --albums link",
    "retry the failed files": "pef-tui --batch Takeout -o Photos --retry-failed",
}
"""The most common commands, by their purpose."""


class Arguments(Struct, frozen=True):
    """A parsed command line."""

    flags: dict[str, object]
    """Values of the given flags, by name of the setting."""
    action: str = ""
    """Name of the action in `ACTIONS` or `RUN_ACTIONS`; "" for a run."""
    run: str = ""
    """Name of the run for an action in `RUN_ACTIONS`, or `last`."""
    config: str = ""
    """Path of the configuration file (`--config`); "" for none."""
    user_file: bool = True
    """Whether the user's `config.toml` is read."""
    completion: str = ""
    """Shell of `--completion`; "" without this flag."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        similar = suggestion(_unknown_flag(message), self._option_string_actions)
        raise ConfigError(f"{safe(message, 300)}{similar} (see pef-tui --help)")


class _HelpFormatter(argparse.HelpFormatter):
    """Fills each line of the last text of the help by itself, and keeps indented lines: the examples."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = text.splitlines()
        return "\n".join(
            line if line.startswith(" ") else super(_HelpFormatter, self)._fill_text(line, width, indent)
            for line in lines
        )


def _examples() -> Iterator[str]:
    for purpose, command in EXAMPLES.items():
        yield f"  {purpose}:"
        yield f"    {command}"


def _unknown_flag(message: str) -> str:
    """Return the first flag that an error message of argparse names as unknown, without its value; "" for no flag."""
    _, _, words = message.partition("unrecognized arguments: ")
    return next((word.partition("=")[0] for word in words.split() if word.startswith("-")), "")


def parse(argv: Sequence[str]) -> Arguments:
    """Return the parsed arguments. Raises ConfigError if they are not valid. `--help` and `--version` exit."""
    end = argv.index("--") if "--" in argv else len(argv)
    values = vars(_parser().parse_intermixed_args(list(_with_values(argv[:end]))))
    values["sources"] = [*values.get("sources", ()), *argv[end + 1 :]]
    action = next((name for name in ACTIONS if values.pop("do_" + name, False)), "")
    run = ""
    for name in RUN_ACTIONS:
        if (run_name := values.pop("do_" + name, None)) is not None:
            action, run = name, run_name
    config = values.pop("config", "")
    user_file = not values.pop("no_config", False)
    if not values["sources"]:
        del values["sources"]
    return Arguments(values, action, run, config, user_file, values.pop("completion", ""))


class Flag(Struct, frozen=True):
    """The description of one flag, for completion scripts and the manual page."""

    names: tuple[str, ...]
    text: str
    heading: str
    metavar: str = ""
    """Name of the value in the help; "" for a switch, which has no value."""
    choices: tuple[str, ...] = ()
    repeatable: bool = False
    """Whether the flag can be given several times."""


def all_flags() -> list[Flag]:
    """Return the description of each flag that `--help` shows, in the order of `--help`."""
    flags = []
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
            flags.append(Flag(names, text, str(group.title), metavar, choices, many))
    return flags


def _with_values(argv: Sequence[str]) -> Iterator[str]:
    """Yield the arguments, with values that argparse would not find joined to their flags.

    These are `--verify=100` for a `--verify` without a number, because the next argument may be a SOURCE, and
    `--tags=-people` for `--tags -people`, because a value of `--tags` looks like a flag.
    """
    arguments = deque(argv)
    while arguments:
        argument = arguments.popleft()
        following = arguments[0] if arguments else ""
        if argument == "--verify" and not following.isdigit():
            yield "--verify=100"
        elif argument == "--tags" and following.startswith("-") and not following.startswith("--"):
            yield f"--tags={arguments.popleft()}"
        else:
            yield argument


def _parser() -> _Parser:
    from pef_tui import __version__

    parser = _Parser(
        "pef-tui",
        usage="pef-tui [SOURCE ...] [-o DEST] [flags]\n       pef-tui --batch SOURCE ... [-o DEST] [flags]",
        description="Puts back into photos and videos what a Google Photos export leaves in JSON files beside them.",
        epilog="\n".join((EPILOG, "", "examples:", *_examples())),
        formatter_class=_HelpFormatter,
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
    group.add_argument("--config", metavar="FILE", help="read settings from FILE")
    group.add_argument("--no-config", action="store_true", help="do not read the user's config.toml")
    for name, text in ACTIONS.items():
        group.add_argument("--" + name.replace("_", "-"), action="store_true", dest="do_" + name, help=text)
    for name, text in RUN_ACTIONS.items():
        group.add_argument("--" + name, metavar="RUN", dest="do_" + name, help=text)
    shells = f"print the script with which {', '.join(SHELLS)} complete flags"
    group.add_argument("--completion", choices=SHELLS, metavar="|".join(SHELLS), help=shells)
    group.add_argument("--version", action="version", version=f"pef-tui {__version__}")
    return parser


def _add(group: argparse._ArgumentGroup, option: Option) -> None:
    """Add the flag of a setting to a group of `--help`. For a switch, add the hidden flag `--no-NAME` too."""
    names = [option.short, option.flag] if option.short else [option.flag]
    if option.kind == "switch":
        group.add_argument(*names, action="store_true", dest=option.name, help=option.text)
        name = option.flag.removeprefix("--")
        negation = "--" + name.removeprefix("no-") if name.startswith("no-") else "--no-" + name
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
