from __future__ import annotations

from pathlib import Path

from pef_tui.tui.widgets.path_input import complete


def test_paths_are_completed_to_folders_and_archives(tmp_path: Path) -> None:
    for name in ("Takeout", "Takeover", "\x1bTak"):
        (tmp_path / name).mkdir()
    (tmp_path / "Takeaway.zip").touch()
    (tmp_path / "Take.txt").touch()
    assert complete(f"{tmp_path}/Take", archives=True) == f"{tmp_path}/Takeaway.zip"
    assert complete(f"{tmp_path}/Take", archives=False) == f"{tmp_path}/Takeout/"
    assert complete("~/Takeo", archives=False) == "~/Takeout/"
    assert complete(f"{tmp_path}/nothing", archives=True) is None
    assert complete("/nowhere/at/all", archives=True) is None
    assert complete("bare", archives=True) is None
