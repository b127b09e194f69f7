"""The shell command that does in a batch what is set up in the app."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping

from pef_tui.config import Option, options
from pef_tui.settings import Settings
from pef_tui.tui.session.session import EDITED, Session

_WITHOUT_FLAG = frozenset(
    ("sources", "output", "batch", "json", "plain", "on_hangup", "theme", "no_title", "no_bell")
)
"""Settings that the command has in another form, or that only change the app."""
_PLAIN = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*")


def batch_command(session: Session, settings: Settings | None = None) -> str:
    """Return `pef-tui --batch ...` for the settings of the app, or for those of a run, quoted for a shell.

    Each setting without its default value is a flag, as is each setting that was changed in the app.
    """
    used = settings or session.run_settings(dry_run=session.settings.dry_run)
    words = ["pef-tui", "--batch", *map(os.path.abspath, used.sources)]
    if used.output and not used.in_place:
        words += ["-o", os.path.abspath(used.output)]
    if session.config:
        words += ["--config", os.path.abspath(session.config)]
    words += _flags(used, session.origins)
    disabled = used.plugins.get("disable")
    for name in disabled if isinstance(disabled, list | tuple) else ():
        words += ["-p", f"no:{name}"]
    return " ".join(map(shell_word, words))


def _flags(settings: Settings, origins: Mapping[str, str]) -> Iterator[str]:
    for name, option in options().items():
        value = getattr(settings, name)
        if name in _WITHOUT_FLAG or option.kind == "tables":
            continue
        if value == option.default and (origins.get(name) != EDITED or value in ("", ())):
            continue
        yield from _flag(option, value)


def _flag(option: Option, value: object) -> Iterator[str]:
    """Yield the words that set `option` to `value`."""
    if option.kind == "switch":
        yield option.flag if value else "--no-" + option.flag.removeprefix("--")
        return
    for item in value if isinstance(value, tuple) else (value,):
        text = f"{item:g}" if isinstance(item, float) else str(item)
        if text.startswith("-"):
            yield f"{option.flag}={text}"
        else:
            yield option.flag
            yield text


def shell_word(text: str) -> str:
    """Return `text` quoted as one word for a shell.

    A text with control characters, or with bytes that are not UTF-8, is quoted as `$'...'`, which bash, zsh and ksh
    understand, so that it can be shown in one line and pasted.
    """
    if _PLAIN.fullmatch(text):
        return shlex.quote(text)
    return "$'" + "".join(_escaped(byte) for byte in os.fsencode(text)) + "'"


def _escaped(byte: int) -> str:
    if byte in b"'\\":
        return "\\" + chr(byte)
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"
