"""Settings from flags, environment and files, and where each value came from.

Everything is derived from the fields of `settings.Settings`. Order: flag, environment, `--config`, user file,
default.
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

from pef_tui.display import safe
from pef_tui.errors import UsageError
from pef_tui.settings import Settings, wanted_tags

ENVIRONMENT = "PEF_TUI_"
ELSEWHERE = {"PEF_TUI_CONFIG", "PEF_TUI_NO_CONFIG", "PEF_TUI_LOAD_PLUGINS"}
"""Variables that are no settings: which files are read, which plugins are loaded at all."""

_TRUTH = {
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


class ConfigError(UsageError):
    """A setting, a flag or a file that cannot be meant; one line saying where, what, and what is allowed."""


class Option(Struct, frozen=True):
    """One setting as every front needs it."""

    name: str
    annotation: Any
    """The field's type with its limits, as msgspec checks it."""
    default: object
    kind: Literal["switch", "choice", "list", "number", "text", "tables"]
    choices: tuple[str, ...] = ()
    text: str = ""
    short: str = ""
    metavar: str = ""
    shapes: bool = False
    low: int | None = None
    high: int | None = None

    @property
    def flag(self) -> str:
        """The long flag."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return ENVIRONMENT + self.name.upper()

    @property
    def allowed(self) -> str:
        """What a value may be, in words."""
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
    """Settings, the origin of each value by name, and what is to be told about them."""

    settings: Settings
    origins: dict[str, str]
    notes: tuple[str, ...] = ()


@cache
def options() -> dict[str, Option]:
    """Every setting by name, in the order of the fields."""
    hints = get_type_hints(Settings, include_extras=True)
    fields = msgspec.structs.fields(Settings)
    return {field.name: _option(field.name, hints[field.name], field.default) for field in fields}


def _option(name: str, annotation: Any, default: object) -> Option:
    base, *metas = get_args(annotation) if hasattr(annotation, "__metadata__") else (annotation,)
    if not metas:
        return Option(name, annotation, {}, "tables")
    meta, extra = metas[0], metas[0].extra
    choices = tuple(str(choice) for choice in get_args(base) if choice) if get_origin(base) is Literal else ()
    kinds: dict[Any, Any] = {bool: "switch", int: "number", float: "number", str: "text"}
    return Option(
        name,
        annotation,
        default,
        "choice" if choices else kinds.get(base, "list"),
        choices,
        meta.description,
        extra["short"],
        extra["metavar"] or "|".join(choices),
        extra["shapes"],
        meta.ge,
        meta.le,
    )


def load(
    flags: Mapping[str, object], environ: Mapping[str, str], config: str = "", user_file: bool = True
) -> Loaded:
    """Settings out of every layer; `flags` by setting name, as text or already of the right type.

    Raises ConfigError.
    """
    config = config or environ.get("PEF_TUI_CONFIG", "")
    if user_file and environ.get("PEF_TUI_NO_CONFIG"):
        user_file = not _truth("PEF_TUI_NO_CONFIG", environ["PEF_TUI_NO_CONFIG"])
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
        _check(name, value, origins[name])
    return Loaded(msgspec.structs.replace(Settings(), **values), origins, tuple(_strangers(environ)))


Layer = Iterator[tuple[str, object, str]]
"""Name of the setting, its checked value, its origin."""


def user_path(environ: Mapping[str, str]) -> Path | None:
    """Where the user's own file is looked for; None where there is neither XDG_CONFIG_HOME nor a home."""
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
    import tomllib

    shown = safe(str(path))
    try:
        document = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ConfigError(f"{shown}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{shown}: is not TOML: {safe(str(error), 200)}") from None
    for name, raw in document.items():
        option = options().get(name)
        if option is None:
            raise ConfigError(f"{shown}: {safe(name, 60)}: no such setting{_meant(name, options())}")
        yield name, _value(option, raw, f"{shown}: {name}", strict=True), str(path)


def _environment(environ: Mapping[str, str]) -> Layer:
    """An empty variable counts as not set. Several values are separated by `:`, or by line breaks."""
    for option in options().values():
        raw: object = environ.get(option.variable, "")
        if raw == "" or option.kind == "tables" or not isinstance(raw, str):
            continue
        if option.kind == "list":
            raw = [part for part in raw.split("\n" if "\n" in raw else os.pathsep) if part]
        yield option.name, _value(option, raw, option.variable), f"environment {option.variable}"


def _flags(flags: Mapping[str, object]) -> Layer:
    for name, raw in flags.items():
        option = options()[name]
        shown = "SOURCE" if name == "sources" else option.flag
        yield name, _value(option, raw, shown), f"flag {shown}" if shown != "SOURCE" else "arguments"


def _value(option: Option, raw: object, where: str, strict: bool = False) -> object:
    if option.kind == "switch" and isinstance(raw, str) and not strict:
        return _truth(where, raw)
    try:
        value: object = msgspec.convert(raw, option.annotation, strict=strict)
    except msgspec.ValidationError:
        value = None
    if value is None or value != value or value == float("inf"):
        raise ConfigError(f"{where}: {option.allowed}, not {safe(repr(raw), 60)}")
    return value


def typed(name: str, text: str) -> object:
    """What a person typed for a setting, checked; a list is separated by commas. Raises ConfigError."""
    option = options()[name]
    raw: object = text.strip()
    if option.kind == "list":
        raw = [part.strip() for part in text.split(",") if part.strip()]
    value = option.default if raw == "" and option.kind == "number" else _value(option, raw, name)
    _check(name, value, name)
    return value


def _truth(where: str, raw: str) -> bool:
    try:
        return _TRUTH[raw.lower()]
    except KeyError:
        raise ConfigError(f"{where}: true or false, not {safe(repr(raw), 60)}") from None


def _check(name: str, value: object, origin: str) -> None:
    """What a type cannot say."""
    if name == "timezone" and value:
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(str(value))
        except (OSError, ValueError, LookupError):
            raise ConfigError(
                f"{origin}: an IANA zone such as Europe/Berlin, not {safe(repr(value), 60)}"
            ) from None
    if name == "tags":
        try:
            wanted_tags(str(value))
        except ValueError as error:
            raise ConfigError(f"{origin}: {safe(str(error), 200)}") from None
    if name in ("since", "until") and value:
        from datetime import date

        try:
            date.fromisoformat(str(value) if _DATE.fullmatch(str(value)) else "")
        except ValueError:
            raise ConfigError(f"{origin}: a date YYYY-MM-DD, not {safe(repr(value), 60)}") from None


def _strangers(environ: Mapping[str, str]) -> Iterator[str]:
    known = {option.variable for option in options().values() if option.kind != "tables"} | ELSEWHERE
    for name in sorted(environ):
        if name.startswith(ENVIRONMENT) and name not in known:
            yield f"{safe(name, 60)}: no such setting{_meant(name, known)}; ignored"


def _meant(name: str, known: Mapping[str, object] | set[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name.replace("-", "_"), known, 1)
    return f", did you mean {near[0]}?" if near else ""
