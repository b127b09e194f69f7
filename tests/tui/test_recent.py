from __future__ import annotations

import os
from pathlib import Path

import pytest

from pef_tui.tui.session import recent
from pef_tui.tui.session.app_files import user_state_dir


def test_recent_sources_keep_their_bytes_and_their_order(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    odd = os.fsdecode(b"/caf\xe9\n")
    recent.remember(environ, recent.Recent((odd,), "/out"))
    for number in range(20):
        recent.remember(environ, recent.Recent((f"/{number}", "/é")))
    recent.remember(environ, recent.Recent(("/15", "/é"), "/other"))
    entries = recent.load(environ)
    assert [entry.sources[0] for entry in entries] == [
        "/15",
        *(f"/{n}" for n in (19, 18, 17, 16, 14, 13, 12)),
    ]
    recent.remember(environ, recent.Recent((odd,), "/out"))
    assert recent.load(environ)[0] == recent.Recent((odd,), "/out")
    assert (tmp_path / "pef-tui" / "recent.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[[[", b'[{"sources":3}]', b"\xff", b'[{"sources":["\xe2\x82\xac"]}]']
)
def test_a_damaged_list_of_recent_sources_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pef-tui").mkdir()
    (tmp_path / "pef-tui" / "recent.json").write_bytes(content)
    assert len(recent.load({"XDG_STATE_HOME": str(tmp_path)})) <= 1


def test_without_a_home_directory_nothing_is_saved_and_nothing_fails() -> None:
    environ = {"HOME": "relative"}
    assert user_state_dir(environ) is None
    recent.remember(environ, recent.Recent(("/a",)))
    assert recent.load(environ) == []
