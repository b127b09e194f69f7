"""The writer sessions of the workers of one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from pef_tui.hooks import Writer, WriterSession


class Bench:
    """One session of each writer for each thread, opened when first needed."""

    def __init__(self, writers: Sequence[Writer]) -> None:
        self._writers = {writer.name: writer for writer in writers}
        self._mine = threading.local()
        self._all: list[WriterSession] = []

    def sessions(self) -> Sessions:
        """The sessions of the calling thread."""
        mine: Sessions | None = self._mine.__dict__.get("sessions")
        if mine is None:
            mine = self._mine.sessions = Sessions(self._open)
        return mine

    def _open(self, name: str) -> WriterSession:
        session = self._writers[name].open()
        self._all.append(session)
        return session

    def close(self) -> None:
        """Close every session; the workers must have nothing in hand."""
        for session in self._all:
            session.close()
        self._all.clear()


class Sessions(dict[str, WriterSession]):
    """Sessions by the name of their writer; one that is not there yet is opened when it is asked for."""

    def __init__(self, open: Callable[[str], WriterSession]) -> None:
        super().__init__()
        self._open = open

    def __missing__(self, name: str) -> WriterSession:
        session = self[name] = self._open(name)
        return session
