"""The keys from the start to a complete output, counted in a real terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mixed_export import PICTURES, STAMP, mixed_export
from terminal import F5, Terminal

ENTER, TAB, DOWN = b"\r", b"\t", b"\x1b[B"


class _Counted:
    """A terminal that counts the keys pressed in it; the Enter that starts the program is the first."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal, self.count = terminal, 1

    def press(self, *keys: bytes) -> None:
        for key in keys:
            self.terminal.send(key)
            self.count += 1


@pytest.fixture(params=[(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Return a size of the terminal."""
    columns_and_rows: tuple[int, int] = request.param
    return columns_and_rows


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """Close the terminals that a test adds to this list."""
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def _open(terminals: list[Terminal], directory: Path, size: tuple[int, int]) -> Terminal:
    terminals.append(Terminal(directory, size=size))
    return terminals[-1]


def _pictures(output: Path) -> set[str]:
    return {path.name for path in output.rglob("IMG_*.jpg")}


def test_an_export_of_parts_and_folders_takes_at_most_eight_keys(
    tmp_path: Path, terminals: list[Terminal], size: tuple[int, int]
) -> None:
    mixed_export(tmp_path / "Downloads", 12, 3)
    terminal = _open(terminals, tmp_path, size)
    counted = _Counted(terminal)
    terminal.until("12 parts and 3 folders", 60)
    terminal.pause()
    counted.press(ENTER)
    terminal.until(f"{15 * PICTURES} pictures", 60)
    terminal.pause()
    counted.press(F5)
    terminal.until("planned in", 120)
    terminal.pause()
    counted.press(F5)
    terminal.until("[Done]", 240)
    assert counted.count <= 8
    assert len(_pictures(tmp_path / "Downloads" / "Photos-fixed")) == 15 * PICTURES
    terminal.pause()
    terminal.send(b"q")
    assert terminal.ended() == 0


def test_a_folder_of_archives_is_taken_whole(tmp_path: Path, terminals: list[Terminal]) -> None:
    """The tree chooses the folder. The missing part is in sight, and asked about before the run.

    No screen is drawn again while nothing changes: over SSH, that would be traffic for nothing.
    """
    exports = mixed_export(tmp_path, 12, missing=(5,))
    terminal = _open(terminals, exports, (80, 24))
    terminal.until("part 5 is", 60)
    terminal.pause()
    for key in (TAB, TAB, ENTER):  # over the list of exports to the tree
        terminal.send(key)
        terminal.pause(0.3)
    terminal.until_all(("11 parts of one export, number 5 is missing", f"{11 * PICTURES} pictures"), 60)
    terminal.pause()
    assert terminal.comes_to_rest()
    terminal.send(F5)
    terminal.until("planned in", 120)
    terminal.pause()
    assert terminal.comes_to_rest()
    terminal.send(F5)
    terminal.until("part 005 is not", 60)
    terminal.pause()
    terminal.send(DOWN)
    terminal.send(ENTER)
    terminal.until("[Done]", 240)
    output = next(exports.parent.glob(f"{exports.name}-fixed"))
    assert len(_pictures(output)) == 11 * PICTURES
    assert not list(output.rglob(f"{STAMP}*"))
    terminal.pause()
    assert terminal.comes_to_rest()
