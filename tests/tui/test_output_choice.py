from __future__ import annotations

import os
from pathlib import Path

from pef_tui.tui.session.output_choice import roomy_output


def test_the_first_folder_with_room_is_proposed(tmp_path: Path) -> None:
    """`at_home` of the tests makes `tmp_path` the home folder."""
    small, large, larger = (tmp_path / name for name in ("small", "large", "larger"))
    for folder in (small, large, larger):
        folder.mkdir()
    default = str(small / "Photos-fixed")
    home = str(tmp_path / "Photos-fixed")
    free = {default: 100, home: 50, str(large / "Photos-fixed"): 1_000, str(larger / "Photos-fixed"): 2_000}

    def proposed(needed: int) -> str:
        return roomy_output(default, needed, [str(large), str(larger)], free.get)

    assert proposed(90) == default
    assert proposed(99) == str(larger / "Photos-fixed"), "the output is a little larger than the media"
    assert proposed(5_000) == default, "nothing has room"
    free[home] = 300
    assert proposed(200) == home
    os.makedirs(f"{default}/.pef-tui")
    assert proposed(5_000) == default, "an earlier run wrote there"


def test_a_folder_that_cannot_be_made_is_not_proposed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert roomy_output(str(tmp_path / "file" / "Photos-fixed"), 1, []) == str(tmp_path / "Photos-fixed")
