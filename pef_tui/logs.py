"""The log: what a run was asked to do, what went wrong, how it ended.

By default `$XDG_STATE_HOME/pef-tui/log`, begun anew when it is large, four files at most; readable by its owner only.
It names files that failed, and no other of the pictures' data; with `-v` every file.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Any

from pef_tui import __version__
from pef_tui.config import ConfigError
from pef_tui.display import safe
from pef_tui.folders import state_folder
from pef_tui.settings import Settings

BYTES = 1 << 20
"""Of one file of the default log."""
OLD = 3
"""Older files kept beside it, as `log.1` to `log.3`."""


def open_log(settings: Settings, environ: Mapping[str, str]) -> str:
    """Open the log for this run; its path, "" for none. Raises ConfigError where the one asked for cannot be written.

    The default one is done without where it cannot be written, and in a dry run, which writes nothing anywhere.
    """
    logger = logging.getLogger("pef_tui")
    logger.propagate = False
    logging.raiseExceptions = False  # a log on a full disk is no reason to say anything
    for old in logger.handlers[:]:
        logger.removeHandler(old)
        with suppress(OSError):
            old.close()
    handler = _handler(settings, environ)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if settings.verbose else logging.INFO)
    system, _, release, _, machine = os.uname()
    python = sys.version.partition(" ")[0]
    logger.info("pef-tui %s, Python %s on %s-%s-%s", __version__, python, system, release, machine)
    logger.info("settings %s", _told(settings))
    return handler.baseFilename if isinstance(handler, _Private) else ""


def _handler(settings: Settings, environ: Mapping[str, str]) -> logging.Handler:
    if settings.log:
        try:
            handler: logging.Handler = _Private(settings.log)
        except OSError as error:
            shown = safe(settings.log, 200)
            raise ConfigError(f"--log {shown}: cannot be written: {error.strerror}") from None
    else:
        folder = None if settings.dry_run else state_folder(environ)
        if folder is None:
            return logging.NullHandler()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handler = _Private(str(folder / "log"), BYTES, OLD)
        except OSError:
            return logging.NullHandler()
    handler.setFormatter(_Lines("%(asctime)s %(process)d %(levelname)s %(message)s"))
    return handler


class _Private(logging.FileHandler):
    """A file that only its owner reads; begun anew when it is as large as `size`, never where that is 0.

    `logging.handlers` has the like, and loads sockets and queues with it.
    """

    def __init__(self, path: str, size: int = 0, old: int = 0) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self._size, self._old = size, old

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, into a new file where this one is full."""
        try:
            stream = self.stream
            if self._size and stream is not None and stream.tell() + len(self.format(record)) >= self._size:
                stream.close()
                self.stream = None  # opened again by what is written next
                self._put_by()
        except Exception:  # it goes on growing
            self.handleError(record)
        try:
            super().emit(record)
        except OSError:  # a new one that cannot be opened; the next line tries again
            self.handleError(record)

    def _put_by(self) -> None:
        """`log` becomes `log.1`, `log.1` becomes `log.2`; the oldest goes."""
        names = [self.baseFilename, *(f"{self.baseFilename}.{number}" for number in range(1, self._old + 1))]
        for newer, older in reversed(list(pairwise(names))):
            with suppress(FileNotFoundError):
                os.replace(newer, older)

    def _open(self) -> Any:
        def private(name: str, how: int) -> int:
            return os.open(name, how | os.O_CLOEXEC, 0o600)

        return open(self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=private)


class _Lines(logging.Formatter):
    """Every record one line in which nothing acts; of an exception, its own lines follow."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = safe(record.getMessage())
        record.asctime = self.formatTime(record)
        lines = [self.formatMessage(record)]
        if record.exc_info:
            lines += map(safe, self.formatException(record.exc_info).splitlines())
        return "\n".join(lines)


def _told(settings: Settings) -> str:
    """What differs from the defaults; tables of plugins, which may hold keys of services, are only named."""
    default = Settings()
    given = {
        name: getattr(settings, name)
        for name in settings.__struct_fields__
        if name != "plugins" and getattr(settings, name) != getattr(default, name)
    }
    tables = f", tables of {', '.join(sorted(settings.plugins))}" if settings.plugins else ""
    return f"{given}{tables}, {sys.getfilesystemencoding()}"
