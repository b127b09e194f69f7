"""Write settings into the user's `config.toml`. Lines of other keys, and comments, are preserved."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pef_tui.config import ConfigError, options
from pef_tui.sanitize import safe
from pef_tui.tui.session.app_files import write_private

NEVER = frozenset(
    ("sources", "output", "batch", "dry_run", "json", "force", "retry_failed", "plain", "keys", "plugins")
)
"""Settings that the Settings screen does not save: they apply to a single run, or are tables."""

_KEY = re.compile(r"""\s*(["']?)([A-Za-z0-9_-]+)\1\s*=""")


def save(path: Path, values: Mapping[str, object]) -> None:
    """Set the keys `values` in the file; remove a key whose value is the default.

    Raises ConfigError if the file cannot be changed. The file has its old content in this case.
    """
    safe_path = safe(str(path))
    try:
        old_text = path.read_bytes().decode() if path.exists() else ""
        document = tomllib.loads(old_text)
        new_text = edited(old_text, {name: _saved_value(name, value) for name, value in values.items()})
        _check(document, values, new_text)
        write_private(path, new_text.encode())
    except OSError as error:
        raise ConfigError(f"{safe_path}: cannot be written: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{safe_path}: was not changed: {safe(str(error), 200)}") from None


def _saved_value(name: str, value: object) -> object:
    """Return `value`, or None if it is the default of the setting `name`, which is not written."""
    return None if value == options()[name].default else value


def edited(text: str, values: Mapping[str, object]) -> str:
    """Return the TOML `text` with the top-level keys `values` set; a key with the value None is removed."""
    output: list[str] = []
    pending = dict(values)
    lines = text.splitlines(keepends=True)
    number = 0
    while number < len(lines) and not lines[number].lstrip().startswith("["):
        match = _KEY.match(lines[number])
        length = _length(lines[number:]) if match else 1
        if match is not None and match[2] in values:
            if (value := pending.pop(match[2], None)) is not None:
                output.append(f"{match[2]} = {toml(value)}\n")
        else:
            output += lines[number : number + length]
        number += length
    added = [f"{name} = {toml(value)}\n" for name, value in pending.items() if value is not None]
    if added and output and not output[-1].endswith("\n"):
        output[-1] += "\n"
    at = len(output)
    while (
        at and not output[at - 1].strip() and number < len(lines)
    ):  # before the blank lines above the first table
        at -= 1
    return "".join([*output[:at], *added, *output[at:], *lines[number:]])


def _length(lines: list[str]) -> int:
    """Return how many of `lines` belong to the value that begins in the first line."""
    for length in range(1, len(lines) + 1):
        try:
            tomllib.loads("".join(lines[:length]))
        except tomllib.TOMLDecodeError:
            continue
        return length
    return 1


def toml(value: object) -> str:
    """Return a value in TOML. Raises ValueError if a string has lone surrogates."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(toml, value)) + "]"
    text = str(value)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("a name that is not UTF-8 cannot be kept in a TOML file")
    return '"' + re.sub(r'[\x00-\x1f\x7f"\\]', lambda match: f"\\u{ord(match[0]):04x}", text) + '"'


def _check(document: Mapping[str, object], values: Mapping[str, object], new_text: str) -> None:
    """Check the edited text of a configuration file before it is written.

    `document`: the parsed old file. `values`: the new values. `new_text`: the edited text. Raises ValueError if
    `new_text`, parsed as TOML, differs from `document` with the new values.
    """
    expected = {**document}
    for name, value in values.items():
        if _saved_value(name, value) is None:
            expected.pop(name, None)
        else:
            expected[name] = list(value) if isinstance(value, tuple) else value
    if tomllib.loads(new_text) != expected:
        raise ValueError("its form is not understood; edit it by hand")


def save_disabled(path: Path, names: list[str]) -> None:
    """Set `[plugins] disable` to `names` in the file. Raises ConfigError if the file cannot be changed."""
    safe_path = safe(str(path))
    try:
        old_text = path.read_bytes().decode() if path.exists() else ""
        document = tomllib.loads(old_text)
        new_text = _with_disabled(old_text, names)
        tables = document.get("plugins", {})
        expected = {**document, "plugins": {**(tables if isinstance(tables, dict) else {}), "disable": names}}
        if tomllib.loads(new_text) != expected:
            raise ValueError("its form is not understood; edit [plugins] by hand")
        write_private(path, new_text.encode())
    except OSError as error:
        raise ConfigError(f"{safe_path}: cannot be written: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{safe_path}: was not changed: {safe(str(error), 200)}") from None


def _with_disabled(text: str, names: list[str]) -> str:
    lines = text.splitlines(keepends=True)
    at = next((number for number, line in enumerate(lines) if line.strip() == "[plugins]"), None)
    if at is None:
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}[plugins]\ndisable = {toml(names)}\n"
    end = next((n for n in range(at + 1, len(lines)) if lines[n].lstrip().startswith("[")), len(lines))
    body = edited("".join(lines[at + 1 : end]), {"disable": names})
    return "".join(lines[: at + 1]) + body + "".join(lines[end:])


def config_path(option: str, environ: Mapping[str, str]) -> Path | None:
    """Return the file in which settings are saved: `option`, the variable PEF_TUI_CONFIG, or the user's `config.toml`.

    `option`: value of `--config`; "" if it is not set. Return None if there is no home directory.
    """
    from pef_tui.config import user_path

    path = option or environ.get("PEF_TUI_CONFIG", "")
    return Path(os.path.abspath(path)) if path else user_path(environ)
