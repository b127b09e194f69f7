"""Settings written into the user's config.toml: the lines of other keys, and comments, stay as they are."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pef_tui.config import ConfigError, options
from pef_tui.display import safe
from pef_tui.tui.places import write_private

NEVER = frozenset(
    ("sources", "output", "batch", "dry_run", "json", "force", "retry_failed", "plain", "keys", "plugins")
)
"""Those of one run, or with a table of their own: not saved from the screen."""

_KEY = re.compile(r"""\s*(["']?)([A-Za-z0-9_-]+)\1\s*=""")


def save(path: Path, values: Mapping[str, object]) -> None:
    """Set these keys; one at its default is taken out. Raises ConfigError, with nothing changed."""
    shown = safe(str(path))
    try:
        before = path.read_bytes().decode() if path.exists() else ""
        document = tomllib.loads(before)
        after = edited(before, {name: _wanted(name, value) for name, value in values.items()})
        _check(document, values, after)
        write_private(path, after.encode())
    except OSError as error:
        raise ConfigError(f"{shown}: cannot be written: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{shown}: is not changed: {safe(str(error), 200)}") from None


def _wanted(name: str, value: object) -> object:
    return None if value == options()[name].default else value


def edited(text: str, values: Mapping[str, object]) -> str:
    """The text with these keys of the top set, or taken out (None)."""
    kept: list[str] = []
    left = dict(values)
    lines = text.splitlines(keepends=True)
    number = 0
    while number < len(lines) and not lines[number].lstrip().startswith("["):
        found = _KEY.match(lines[number])
        length = _length(lines[number:]) if found else 1
        if found is not None and found[2] in values:
            if (value := left.pop(found[2], None)) is not None:
                kept.append(f"{found[2]} = {toml(value)}\n")
        else:
            kept += lines[number : number + length]
        number += length
    added = [f"{name} = {toml(value)}\n" for name, value in left.items() if value is not None]
    if added and kept and not kept[-1].endswith("\n"):
        kept[-1] += "\n"
    at = len(kept)
    while at and not kept[at - 1].strip() and number < len(lines):
        at -= 1
    return "".join([*kept[:at], *added, *kept[at:], *lines[number:]])


def _length(lines: list[str]) -> int:
    """How many lines a value has that begins in the first."""
    for length in range(1, len(lines) + 1):
        try:
            tomllib.loads("".join(lines[:length]))
        except tomllib.TOMLDecodeError:
            continue
        return length
    return 1


def toml(value: object) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(toml, value)) + "]"
    text = str(value)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("a name that is not UTF-8 cannot be kept in a TOML file")
    return '"' + re.sub(r'[\x00-\x1f\x7f"\\]', lambda found: f"\\u{ord(found[0]):04x}", text) + '"'


def _check(document: Mapping[str, object], values: Mapping[str, object], after: str) -> None:
    """See that the new text says what it should, whatever was in the old one. Raises ValueError."""
    wanted = {**document}
    for name, value in values.items():
        if _wanted(name, value) is None:
            wanted.pop(name, None)
        else:
            wanted[name] = list(value) if isinstance(value, tuple) else value
    if tomllib.loads(after) != wanted:
        raise ValueError("its form is not understood; edit it by hand")


def save_disabled(path: Path, names: list[str]) -> None:
    """Set `[plugins] disable`. Raises ConfigError, with nothing changed."""
    shown = safe(str(path))
    try:
        before = path.read_bytes().decode() if path.exists() else ""
        document = tomllib.loads(before)
        after = _with_disabled(before, names)
        tables = document.get("plugins", {})
        wanted = {**document, "plugins": {**(tables if isinstance(tables, dict) else {}), "disable": names}}
        if tomllib.loads(after) != wanted:
            raise ValueError("its form is not understood; edit [plugins] by hand")
        write_private(path, after.encode())
    except OSError as error:
        raise ConfigError(f"{shown}: cannot be written: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{shown}: is not changed: {safe(str(error), 200)}") from None


def _with_disabled(text: str, names: list[str]) -> str:
    lines = text.splitlines(keepends=True)
    at = next((number for number, line in enumerate(lines) if line.strip() == "[plugins]"), None)
    if at is None:
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}[plugins]\ndisable = {toml(names)}\n"
    end = next((n for n in range(at + 1, len(lines)) if lines[n].lstrip().startswith("[")), len(lines))
    body = edited("".join(lines[at + 1 : end]), {"disable": names})
    return "".join(lines[: at + 1]) + body + "".join(lines[end:])


def config_path(given: str, environ: Mapping[str, str]) -> Path | None:
    """The file that settings are saved to: `--config`, else the user's own."""
    from pef_tui.config import user_path

    given = given or environ.get("PEF_TUI_CONFIG", "")
    return Path(os.path.abspath(given)) if given else user_path(environ)
