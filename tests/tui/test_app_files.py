"""Files of the app are replaced atomically, and only their owner may read them; paths as people type them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pef_tui.tui.session.app_files import shown_path, typed_path, write_private


def test_paths_are_shortened_and_expanded(tmp_path: Path) -> None:
    assert shown_path(f"{tmp_path}/a") == "~/a" and typed_path(" ~/a ") == f"{tmp_path}/a"
    assert shown_path("/etc") == "/etc"


def test_a_file_is_replaced_atomically(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "own" / "recent.json"
    for content in (b"first", b"second"):
        write_private(path, content)
        assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700

    def full(*args: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="no room"):
        write_private(path, b"third")
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]
