"""Keep the writers of worker threads open from one batch to the next. A session is an open writer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from pef_tui.hooks import Writer, WriterSession


class SessionPool:
    """The writer sessions of all threads. Each thread has one session of each writer, opened at its first use."""

    def __init__(self, writers: Sequence[Writer]) -> None:
        self._writers = {writer.name: writer for writer in writers}
        self._local = threading.local()
        self._open_sessions: list[WriterSession] = []

    def sessions(self) -> Sessions:
        """Return the sessions of the calling thread."""
        sessions: Sessions | None = self._local.__dict__.get("sessions")
        if sessions is None:
            sessions = self._local.sessions = Sessions(self._open)
        return sessions

    def _open(self, name: str) -> WriterSession:
        session = self._writers[name].open()
        self._open_sessions.append(session)
        return session

    def close(self) -> None:
        """Close all sessions. No thread may be using a session."""
        for session in self._open_sessions:
            session.close()
        self._open_sessions.clear()


class Sessions(dict[str, WriterSession]):
    """The sessions of one thread, by the name of their writer. A session is opened when it is first accessed."""

    def __init__(self, open: Callable[[str], WriterSession]) -> None:
        super().__init__()
        self._open = open

    def __missing__(self, name: str) -> WriterSession:
        session = self[name] = self._open(name)
        return session
