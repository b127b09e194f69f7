"""The log of runs: settings, errors and results.

By default it is `$XDG_STATE_HOME/pef-tui/log`, which is rotated at `MAX_BYTES`, with at most four files. Only its owner
can read it. It contains the names of failed files (with `-v` of all files), and no other data of pictures.
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
from pef_tui.filesystem.directories import user_state_dir
from pef_tui.sanitize import safe
from pef_tui.settings import Settings

MAX_BYTES = 1 << 20
"""Maximum size of a file of the default log, in bytes."""
OLD_FILES = 3
"""Maximum number of older files of the default log: `log.1` to `log.3`."""


def open_log(settings: Settings, environ: Mapping[str, str]) -> str:
    """Open the log for this run, and return its path; return "" if there is no log.

    Without `--log`, there is no log in two cases: in a dry run, which writes nothing, and if the default log cannot be
    written.
    Raises ConfigError if the file of `--log` cannot be written.
    """
    logger = logging.getLogger("pef_tui")
    logger.propagate = False
    logging.raiseExceptions = False  # do not report errors of the log, such as a full disk
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
    logger.info("settings %s", _settings_text(settings))
    return handler.baseFilename if isinstance(handler, _PrivateFileHandler) else ""


def _handler(settings: Settings, environ: Mapping[str, str]) -> logging.Handler:
    """Return the handler that writes the log; a NullHandler if there is no log. Raises ConfigError (see `open_log`)."""
    if settings.log:
        try:
            handler: logging.Handler = _PrivateFileHandler(settings.log)
        except OSError as error:
            log_path = safe(settings.log, 200)
            raise ConfigError(f"--log {log_path}: cannot be written: {error.strerror}") from None
    else:
        folder = None if settings.dry_run else user_state_dir(environ)
        if folder is None:
            return logging.NullHandler()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handler = _PrivateFileHandler(str(folder / "log"), MAX_BYTES, OLD_FILES)
        except OSError:
            return logging.NullHandler()
    handler.setFormatter(_LineFormatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    return handler


class _PrivateFileHandler(logging.FileHandler):
    """Writes a log file that only its owner can read.

    The file is rotated at `size` bytes, with `old` older files; it is never rotated if `size` is 0. The similar class
    of `logging.handlers` is not used, because that module imports modules for sockets and queues.
    """

    def __init__(self, path: str, size: int = 0, old: int = 0) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self._size, self._old_files = size, old

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record. If the file is full, rotate it first and begin a new file."""
        try:
            stream = self.stream
            if self._size and stream is not None and stream.tell() + len(self.format(record)) >= self._size:
                stream.close()
                self.stream = None  # opened again by the next write
                self._rotate()
        except Exception:  # rotation failed: the file grows
            self.handleError(record)
        try:
            super().emit(record)
        except OSError:  # the new file cannot be opened; the next record tries again
            self.handleError(record)

    def _rotate(self) -> None:
        """Rename `log` to `log.1`, `log.1` to `log.2` and so on. The oldest file is overwritten."""
        names = [
            self.baseFilename,
            *(f"{self.baseFilename}.{number}" for number in range(1, self._old_files + 1)),
        ]
        for newer, older in reversed(list(pairwise(names))):
            with suppress(FileNotFoundError):
                os.replace(newer, older)

    def _open(self) -> Any:
        def private(name: str, flags: int) -> int:
            return os.open(name, flags | os.O_CLOEXEC, 0o600)

        return open(self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=private)


class _LineFormatter(logging.Formatter):
    """Formats a record as one line without control characters, followed by the lines of its exception."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = safe(record.getMessage())
        record.asctime = self.formatTime(record)
        lines = [self.formatMessage(record)]
        if record.exc_info:
            lines += map(safe, self.formatException(record.exc_info).splitlines())
        return "\n".join(lines)


def _settings_text(settings: Settings) -> str:
    """Return the settings that differ from their defaults, as text.

    Of the plugin tables only the names are included, because the tables may contain API keys.
    """
    default = Settings()
    changed = {
        name: getattr(settings, name)
        for name in settings.__struct_fields__
        if name != "plugins" and getattr(settings, name) != getattr(default, name)
    }
    tables = f", tables of {', '.join(sorted(settings.plugins))}" if settings.plugins else ""
    return f"{changed}{tables}, {sys.getfilesystemencoding()}"
