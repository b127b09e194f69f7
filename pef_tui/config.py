"""Read the settings from flags, environment variables and configuration files, with the origin of each value.

The options are derived from the fields of `settings.Settings`. If a setting has several values, the first of these
is used: flag, environment variable, file of `--config`, the user's `config.toml`, default.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from pef_tui.errors import UsageError
from pef_tui.sanitize import safe
from pef_tui.settings import Settings, duration_seconds, wanted_tags
from pef_tui.suggestions import suggestion

ENVIRONMENT = "PEF_TUI_"
NOT_SETTINGS = {"PEF_TUI_CONFIG", "PEF_TUI_NO_CONFIG", "PEF_TUI_LOAD_PLUGINS"}
"""Environment variables that start with `PEF_TUI_` but set no setting.

They select the configuration files to read and the plugins to load.
"""

_BOOLEANS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LISTS = {
    "sources": "a path",
    "plugin": "a name",
    **dict.fromkeys(("album", "include", "exclude"), "a pattern"),
}
"""The settings that are lists of texts, and what each text is."""
_CHARACTER_CLASS = re.compile(r"\[!?+\]?+[^\]]*\]")
"""Pattern of the characters in brackets in a pattern of file names, such as `[0-9]` or `[!]]`."""


class ConfigError(UsageError):
    """Raised if a setting, flag or configuration file is invalid. The message is one line: where, what, and what is
    allowed.
    """


class Option(Struct, frozen=True):
    """One setting, as used by flags, environment variables and configuration files."""

    name: str
    annotation: Any
    """Type of the field with its limits, for msgspec."""
    default: object
    kind: Literal["switch", "choice", "list", "number", "text", "tables"]
    choices: tuple[str, ...] = ()
    text: str = ""
    """Help text."""
    short: str = ""
    """Short flag; "" if there is none."""
    metavar: str = ""
    """Placeholder for the value in the help: `DEST` in `--output DEST`."""
    shapes: bool = False
    """Whether the value affects the output files. If it does, a later run with another value skips no finished file,
    but plans all files again."""
    low: int | None = None
    """Smallest allowed number; None for no limit."""
    high: int | None = None
    """Largest allowed number; None for no limit."""
    path: bool = False
    """Whether the value is a path or a list of paths. A leading `~` stands for the home directory."""

    @property
    def flag(self) -> str:
        """The long flag: `--max-errors` for `max_errors`."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The name of the environment variable: `PEF_TUI_MAX_ERRORS` for `max_errors`."""
        return ENVIRONMENT + self.name.upper()

    @property
    def allowed(self) -> str:
        """The allowed values in words, for error messages."""
        if self.choices:
            return " or ".join(filter(None, (", ".join(self.choices[:-1]), self.choices[-1])))
        if self.kind == "number":
            limits = f" from {self.low}" * (self.low is not None) + f" to {self.high}" * (
                self.high is not None
            )
            return ("a whole number" if isinstance(self.default, int) else "a number") + limits
        return {"switch": "true or false", "list": "a list of texts", "tables": "tables"}.get(
            self.kind, "a text"
        )


class Loaded(Struct, frozen=True):
    """Settings, the origin of each value (by the name of the setting), and notes for the user."""

    settings: Settings
    origins: dict[str, str]
    notes: tuple[str, ...] = ()


@cache
def options() -> dict[str, Option]:
    """Return the Option of each setting by its name, in the order of the fields of `Settings`."""
    hints = get_type_hints(Settings, include_extras=True)
    fields = msgspec.structs.fields(Settings)
    return {field.name: _option(field.name, hints[field.name], field.default) for field in fields}


def _option(name: str, annotation: Any, default: object) -> Option:
    """Return the Option of the field `name` of `Settings`, from its annotation and default."""
    base, *metas = get_args(annotation) if hasattr(annotation, "__metadata__") else (annotation,)
    if not metas:
        return Option(name, annotation, {}, "tables")
    meta, extra = metas[0], metas[0].extra
    element = get_args(base)[0] if get_origin(base) is tuple else base
    choices = (
        tuple(str(choice) for choice in get_args(element) if choice) if get_origin(element) is Literal else ()
    )
    kinds: dict[Any, Any] = {bool: "switch", int: "number", float: "number", str: "text"}
    return Option(
        name,
        annotation,
        default,
        "list" if element is not base else "choice" if choices else kinds[base],
        choices,
        meta.description,
        extra["short"],
        extra["metavar"] or "|".join(choices),
        extra["shapes"],
        meta.ge,
        meta.le,
        extra["path"],
    )


def load(
    flags: Mapping[str, object], environ: Mapping[str, str], config: str = "", user_file: bool = True
) -> Loaded:
    """Return the settings from files, environment variables and flags. Flags override variables, which override files.

    `flags`: values by the name of the setting, as text or of the correct type. `config`: path of the file of
    `--config`. `user_file`: whether the user's `config.toml` is read. Raises ConfigError if a value or a file is
    invalid.
    """
    config = os.path.expanduser(config or environ.get("PEF_TUI_CONFIG", ""))
    if user_file and environ.get("PEF_TUI_NO_CONFIG"):
        user_file = not _parse_boolean("PEF_TUI_NO_CONFIG", environ["PEF_TUI_NO_CONFIG"])
    values: dict[str, object] = {}
    origins = dict.fromkeys(options(), "default")
    tables: dict[str, object] = {}
    for layer in (_files(config, user_file, environ), _environment(environ), _flags(flags)):
        for name, value, origin in layer:
            if name == "plugins" and isinstance(value, dict):
                value = tables = {**tables, **value}
            values[name] = value
            origins[name] = origin
    for name, value in values.items():
        _check_value(name, value, origins[name])
    return Loaded(msgspec.structs.replace(Settings(), **values), origins, tuple(_unknown_variables(environ)))


Layer = Iterator[tuple[str, object, str]]
"""The settings from one origin (flags, environment or a file): name, checked value, and origin in words."""


def user_path(environ: Mapping[str, str]) -> Path | None:
    """Return the path of the user's `config.toml`.

    It is in `XDG_CONFIG_HOME`, or else in `~/.config`. Return None if both are no absolute paths.
    """
    base = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):  # the XDG specification: a relative path is ignored
        home = environ.get("HOME") or os.path.expanduser("~")
        if not os.path.isabs(home):
            return None
        base = f"{home}/.config"
    return Path(base) / "pef-tui" / "config.toml"


def _files(config: str, user_file: bool, environ: Mapping[str, str]) -> Layer:
    path = user_path(environ) if user_file else None
    if path is not None and path.is_file():
        yield from _file(path)
    if config:
        yield from _file(Path(config))


def _file(path: Path) -> Layer:
    """Yield the settings of a configuration file. Raises ConfigError if it is not readable or not valid."""
    import tomllib

    path_text = safe(str(path))
    try:
        document = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ConfigError(f"{path_text}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path_text}: is not TOML: {safe(str(error), 200)}") from None
    for name, raw in document.items():
        option = options().get(name)
        if option is None:
            raise ConfigError(f"{path_text}: {safe(name, 60)}: no such setting{suggestion(name, options())}")
        yield name, _convert_value(option, raw, f"{path_text}: {name}", strict=True), str(path)


def _environment(environ: Mapping[str, str]) -> Layer:
    """Yield the settings of environment variables; empty variables are ignored.

    The elements of a list are separated by line breaks, or by `:` if there is no line break.
    """
    for option in options().values():
        raw: object = environ.get(option.variable, "")
        if raw == "" or option.kind == "tables" or not isinstance(raw, str):
            continue
        if option.kind == "list":
            raw = [part for part in raw.split("\n" if "\n" in raw else os.pathsep) if part]
        yield option.name, _convert_value(option, raw, option.variable), f"environment {option.variable}"


def _flags(flags: Mapping[str, object]) -> Layer:
    for name, raw in flags.items():
        option = options()[name]
        flag = "SOURCE" if name == "sources" else option.flag
        if raw == "" and option.path:
            raise ConfigError(f"{flag}: the path is empty; without {flag} the default is used")
        yield name, _convert_value(option, raw, flag), f"flag {flag}" if flag != "SOURCE" else "arguments"


def _convert_value(option: Option, raw: object, origin: str, strict: bool = False) -> object:
    """Return the value `raw` in the type of the setting `option`. Raises ConfigError if the value is not allowed.

    `origin`: where the value comes from, for the error message. `strict`: do not convert texts to numbers or booleans.
    """
    if option.kind == "switch" and isinstance(raw, str) and not strict:
        return _parse_boolean(origin, raw)
    try:
        value: object = msgspec.convert(raw, option.annotation, strict=strict)
    except msgspec.ValidationError:
        value = None
    if value is None or value != value or value == float("inf"):
        raise ConfigError(f"{origin}: {option.allowed}, not {_refused(option, raw)}")
    if option.path:
        # A shell expands only words that begin with `~`, not `--output=~/x`, and it reads no files and variables.
        expanded = os.path.expanduser
        return tuple(map(expanded, value)) if isinstance(value, tuple) else expanded(str(value))
    return value


def _refused(option: Option, raw: object) -> str:
    """Return the refused value as text. If the setting has choices, add the choice that is most similar.

    Of a list with choices, return only the first wrong element.
    """
    if not option.choices:
        return safe(repr(raw), 60)
    elements = raw if isinstance(raw, (list, tuple)) else [raw]
    wrong = next((element for element in elements if element not in option.choices), raw)
    return safe(repr(wrong), 60) + suggestion(str(wrong), option.choices)


def parse_text(name: str, text: str) -> object:
    """Return the value of a text that the user entered for the setting `name`. Raises ConfigError if it is not allowed.

    The elements of a list are separated by commas. For a number, an empty text means the default value.
    """
    option = options()[name]
    raw: object = text.strip()
    if option.kind == "list":
        raw = [part.strip() for part in text.split(",") if part.strip()]
    value = option.default if raw == "" and option.kind == "number" else _convert_value(option, raw, name)
    _check_value(name, value, name)
    return value


def _parse_boolean(origin: str, raw: str) -> bool:
    try:
        return _BOOLEANS[raw.lower()]
    except KeyError:
        raise ConfigError(f"{origin}: true or false, not {safe(repr(raw), 60)}") from None


def _check_value(name: str, value: object, origin: str) -> None:
    """Check a value of a setting whose type does not express which texts are allowed.

    Raises ConfigError if the value is not allowed. `origin`: where the value comes from, for the error message.
    """
    if name == "timezone" and value:
        from zoneinfo import ZoneInfo, available_timezones

        try:
            ZoneInfo(str(value))
        except (OSError, ValueError, LookupError):
            similar = suggestion(str(value), available_timezones())
            text = f"an IANA zone such as Europe/Berlin, not {safe(repr(value), 60)}{similar}"
            raise ConfigError(f"{origin}: {text}") from None
    parse = {"tags": wanted_tags, "lock_wait": duration_seconds}.get(name)
    if parse is not None:
        try:
            parse(str(value))
        except ValueError as error:
            raise ConfigError(f"{origin}: {safe(str(error), 200)}") from None
    if name in ("since", "until") and value:
        from datetime import date

        try:
            date.fromisoformat(str(value) if _DATE.fullmatch(str(value)) else "")
        except ValueError:
            raise ConfigError(f"{origin}: a date YYYY-MM-DD, not {safe(repr(value), 60)}") from None
    if name in _LISTS and isinstance(value, tuple):
        for element in value:
            _check_element(name, element, origin)


def _check_element(name: str, element: str, origin: str) -> None:
    """Raise ConfigError if an element of the list `name` matches or names nothing: "", or `[` without its `]`."""
    if not element.strip():
        raise ConfigError(f"{'SOURCE' if name == 'sources' else origin}: {_LISTS[name]} is empty")
    if _LISTS[name] == "a pattern" and "[" in _CHARACTER_CLASS.sub("", element):
        text = f"{safe(repr(element), 60)} has a [ without its ]; [[] matches the character ["
        raise ConfigError(f"{origin}: {text}")


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a note on each environment variable that starts with `PEF_TUI_` and is unknown."""
    names = {option.variable for option in options().values() if option.kind != "tables"} | NOT_SETTINGS
    for name in sorted(environ):
        if name.startswith(ENVIRONMENT) and name not in names:
            yield f"{safe(name, 60)}: no such setting{suggestion(name, names)}; ignored"
